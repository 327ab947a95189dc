//! Parameters of other files: their names and values in parameter files of both languages, and the values that a
//! parameter lists itself.

use syntax::{Language, TextRange};
use template::expr::Expr;
use template::model::{Parameter, TypeKind};
use template::workspace::FileId;

use super::context::{KeyAt, Owner, ValueAt};
use super::{Item, Kind, Request, escape, is_path, item, type_word};
use crate::View;
use crate::facts::key;

/// Whether somebody has to say something.
pub(super) fn is_required(parameter: &Parameter) -> bool {
    parameter.default.is_none() && !parameter.ty.nullable
}

/// What is said of a parameter, and the page about it.
pub(super) fn described(item: Item, view: &View<'_>, file: FileId, parameter: &Parameter) -> Item {
    let need = if is_required(parameter) { "required" } else { "optional" };
    let detail = match type_word(&parameter.ty) {
        "" => need.to_owned(),
        ty => format!("{ty} ({need})"),
    };
    let other = View::new(view.workspace, file);
    let page =
        other.template().and_then(|template| crate::symbols::describe(&other, template, parameter.name.as_str()));
    Item { documentation: page, ..item.detail(detail) }
}

/// A value to start from, as a snippet.
pub(super) fn value_of(parameter: &Parameter, request: &Request<'_>) -> String {
    let quote = request.context.scan.quote();
    match parameter.ty.kind {
        TypeKind::String => format!("{quote}$1{quote}"),
        TypeKind::Bool => "${1:true}".to_owned(),
        TypeKind::Object => "{\n\t$1\n}".to_owned(),
        TypeKind::Array => "[\n\t$1\n]".to_owned(),
        TypeKind::Int | TypeKind::Other => "$1".to_owned(),
    }
}

/// The parameters of the template that the file gives values to.
fn all<'a>(request: &Request<'a>) -> Vec<(FileId, &'a Parameter)> {
    let view = request.view;
    let Some(own) = view.template() else { return Vec::new() };
    // What is being written may be no parameter yet: then the template is still the one of that name.
    let target = match &own.using {
        Some((path, _)) => view.file_of(view.file, path),
        None => {
            template::parameters::candidates(view.source()).into_iter().find_map(|path| view.workspace.file_at(&path))
        }
    };
    let Some(target) = target else { return Vec::new() };
    let template = view.workspace.file(target).template.as_ref();
    template.into_iter().flat_map(|template| &template.parameters).map(|parameter| (target, parameter)).collect()
}

/// Those of them that have no value yet.
pub(super) fn unset<'a>(request: &Request<'a>) -> Vec<(FileId, &'a Parameter)> {
    let mut all = all(request);
    if let Some(own) = request.view.template() {
        all.retain(|(_, parameter)| own.assignments.iter().all(|assignment| assignment.name.name != parameter.name));
    }
    all
}

/// Keys of `parameters` in a JSON parameter file.
pub(super) fn offer_keys(request: &Request<'_>, at: &KeyAt, items: &mut Vec<Item>) {
    let in_file = matches!(request.context.owner, Owner::Template) && request.is_parameter_file();
    if !in_file || !is_path(&request.context.path, &["parameters"]) {
        return;
    }
    let present = request.context.siblings(at);
    for (file, parameter) in all(request) {
        let name = parameter.name.as_str();
        if present.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            continue;
        }
        let value = value_of(parameter, request).replace('\n', "\n\t");
        let item = at.item(name, &key(name, Language::Json), &format!("{{\n\t\"value\": {value}\n}}"));
        let rank = if is_required(parameter) { "0" } else { "1" };
        items.push(Item {
            kind: Kind::Parameter,
            ..described(item, request.view, file, parameter).sort(format!("{rank}{name}"))
        });
    }
}

/// Names behind `param` in a `.bicepparam` file.
pub(super) fn offer_names(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    for (file, parameter) in unset(request) {
        let name = parameter.name.as_str();
        let text = format!("{} = {}", escape(name), value_of(parameter, request));
        let item = item(name, Kind::Parameter, range, text).snippet();
        let rank = if is_required(parameter) { "0" } else { "1" };
        items.push(described(item, request.view, file, parameter).sort(format!("{rank}{name}")));
    }
}

/// The values of a parameter in a JSON parameter file.
pub(super) fn offer_values(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let path = request.context.value_path(at);
    if request.is_json() && request.is_parameter_file() && is_path(&path, &["parameters", "*", "value"]) {
        offer_listed(request, path[1], at, items);
    }
    if request.is_json() && is_path(&path, &["parameters", "*", "defaultValue"]) && !request.is_parameter_file() {
        let own = request.template.and_then(|template| template.parameter(&template::Name::from(path[1])));
        listed(request, request.view, own, at, items);
    }
}

/// The value that a `.bicepparam` file gives to a parameter.
pub(super) fn offer_assigned(request: &Request<'_>, name: &str, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    offer_listed(request, name, at, items);
    super::name::offer_values(request, at, items);
}

fn offer_listed(request: &Request<'_>, name: &str, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let found = all(request).into_iter().find(|(_, parameter)| parameter.name == *name);
    if let Some((file, parameter)) = found {
        listed(request, &View::new(request.view.workspace, file), Some(parameter), at, items);
    }
}

/// The default of a Bicep parameter: one of the values that it allows.
pub(super) fn offer_defaults(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let scan = &request.context.scan;
    let name = scan.statement.get(1).map(|token| scan.slice(token.range)).unwrap_or_default();
    let own = request.template.and_then(|template| template.parameter(&template::Name::from(name)));
    for (index, text) in own.into_iter().flat_map(|own| texts(request.view, own)).enumerate() {
        let item = item(&text, Kind::Value, range, request.quoted(&text));
        items.push(item.sort(format!("0{index:02}")));
    }
}

/// The texts that a parameter allows.
pub(super) fn texts(view: &View<'_>, parameter: &Parameter) -> Vec<String> {
    let Some(template) = view.template() else { return Vec::new() };
    let text = |value: &template::ExprId| match template.expr(*value) {
        Expr::Str(text) => Some(text.to_string()),
        _ => None,
    };
    parameter.allowed.iter().flatten().filter_map(text).collect()
}

fn listed(
    request: &Request<'_>,
    view: &View<'_>,
    parameter: Option<&Parameter>,
    at: &ValueAt<'_>,
    items: &mut Vec<Item>,
) {
    let Some(parameter) = parameter else { return };
    for (index, text) in texts(view, parameter).into_iter().enumerate() {
        items.push(at.item(&text, Kind::Value, &request.quoted(&text)).sort(format!("0{index:02}")));
    }
    if parameter.ty.kind == TypeKind::Bool {
        for value in ["true", "false"] {
            items.push(at.item(value, Kind::Value, value).sort(format!("0{}", value == "false")));
        }
    }
}
