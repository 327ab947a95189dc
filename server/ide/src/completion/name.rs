//! Names that can stand where an expression is wanted: parameters, variables, symbols, functions.

use syntax::TextSize;
use template::model::{ParameterType, TypeKind};

use super::context::{ExpressionAt, Owner, ValueAt};
use super::{Item, Kind, Request, argument, is_path, item};
use crate::functions::functions;

/// As values: in JSON as whole strings `"[parameters('x')]"`.
pub(super) fn offer_values(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    if !request.is_json() {
        // Only resources and modules are depended on, and only they have children.
        let path = request.context.value_path(at);
        let is_elsewhere = is_path(&path, &["dependsOn", "[]"]) || is_path(&path, &["parent"]);
        let in_declared = !matches!(request.context.owner, Owner::Declaration);
        if !(at.quoted || is_scope(request, at) || is_elsewhere && in_declared) {
            let first = items.len();
            let lead = if at.needs_colon {
                ": "
            } else if at.needs_blank {
                " "
            } else {
                ""
            };
            offer(request, &ExpressionAt { replace: at.replace, is_default: false }, items);
            same_name_first(at.key, &mut items[first..]);
            for item in &mut items[first..] {
                item.edit.new_text.insert_str(0, lead);
            }
        }
        return;
    }
    if is_word(at.key) || request.context.resource().is_none() {
        return;
    }
    let Some(template) = request.template else { return };
    let first = items.len();
    let declared = template
        .parameters
        .iter()
        .map(|parameter| (format!("parameters('{}')", parameter.name), Kind::Parameter, type_word(&parameter.ty)));
    let variables =
        template.variables.iter().map(|variable| (format!("variables('{}')", variable.name), Kind::Variable, ""));
    for (text, kind, detail) in declared.chain(variables) {
        let written = request.expression(&text);
        let item = at.item(&format!("[{text}]"), kind, &written);
        items.push(item.detail(detail).sort(format!("4{text}")));
    }
    same_name_first(at.key, &mut items[first..]);
}

/// A parameter or variable that is called like the property is most likely meant for it.
fn same_name_first(key: Option<&str>, items: &mut [Item]) {
    let Some(key) = key else { return };
    for item in items.iter_mut().filter(|item| matches!(item.kind, Kind::Parameter | Kind::Variable)) {
        let name = item.label.split('\'').nth(1).unwrap_or(&item.label);
        if name.eq_ignore_ascii_case(key) {
            item.sort = format!("00{name}");
        }
    }
}

/// The one place at the top of a Bicep file whose value is a fixed word.
fn is_scope(request: &Request<'_>, at: &ValueAt<'_>) -> bool {
    matches!(request.context.owner, Owner::Declaration)
        && request.context.path.is_empty()
        && at.key == Some("targetScope")
}

/// Keys whose values are never expressions.
fn is_word(key: Option<&str>) -> bool {
    matches!(key, Some("type" | "apiVersion"))
}

/// In a Bicep expression.
pub(super) fn offer(request: &Request<'_>, at: &ExpressionAt, items: &mut Vec<Item>) {
    let (scan, range) = (&request.context.scan, at.replace);
    // Nothing can be made of itself.
    let declares = |word: &&str| matches!(*word, "param" | "var" | "module");
    let first = scan.statement.first().map(|token| scan.slice(token.range)).filter(declares);
    let own = first.and(scan.statement.get(1)).map(|token| scan.slice(token.range));
    let is_own = |name: &str| own == Some(name);
    let is_called = scan.source[usize::from(range.end())..].starts_with('(');
    if is_called {
        for function in request.template.iter().flat_map(|template| &template.functions) {
            let name = function.name.as_str();
            items.push(item(name, Kind::Function, range, name).sort(format!("4{name}")));
        }
        items.extend(functions(false).map(|function| argument::function_item(function, range, true)));
        return;
    }
    for name in loop_variables(request) {
        items.push(item(name, Kind::Variable, range, name).detail("of the loop").sort(format!("3{name}")));
    }
    if let Some(template) = request.template {
        for parameter in template.parameters.iter().filter(|parameter| !is_own(parameter.name.as_str())) {
            let name = parameter.name.as_str();
            let item = item(name, Kind::Parameter, range, name).detail(type_word(&parameter.ty));
            items.push(item.sort(format!("4{name}")));
        }
        for variable in template.variables.iter().filter(|variable| !at.is_default && !is_own(variable.name.as_str())) {
            let name = variable.name.as_str();
            items.push(item(name, Kind::Variable, range, name).sort(format!("4{name}")));
        }
        for resource in template.resources.iter().filter(|_| !at.is_default) {
            if let Some(symbol) = &resource.symbol
                && !resource.range.contains(scan.offset)
            {
                let name = symbol.name.as_str();
                let ty = resource.resource_type.as_deref().unwrap_or_default();
                items.push(item(name, Kind::Resource, range, name).detail(ty).sort(format!("4{name}")));
            }
        }
        for module in template.modules.iter().filter(|_| !at.is_default) {
            if let Some(symbol) = &module.symbol
                && !is_own(symbol.name.as_str())
            {
                let name = symbol.name.as_str();
                items.push(item(name, Kind::Module, range, name).detail("module").sort(format!("4{name}")));
            }
        }
        for function in &template.functions {
            let name = function.name.as_str();
            items.push(item(name, Kind::Function, range, name).sort(format!("4{name}")));
        }
    }
    for function in functions(false) {
        items.push(argument::function_item(function, range, false));
    }
    for word in ["true", "false", "null"] {
        items.push(item(word, Kind::Keyword, range, word).sort(format!("7{word}")));
    }
}

/// The variables of the loops around the cursor.
fn loop_variables<'a>(request: &Request<'a>) -> Vec<&'a str> {
    let scan = &request.context.scan;
    let mut names = Vec::new();
    for frame in scan.open.iter().map(|&index| &scan.frames[index]).filter(|frame| frame.is_for) {
        let rest = &scan.source[usize::from(frame.start + TextSize::from(1))..];
        let Some((head, _)) = rest.split_once(" in ") else { continue };
        let head = head.trim().strip_prefix("for").unwrap_or_default();
        names.extend(
            head.split([',', '(', ')', ' ']).filter(|name| !name.is_empty() && name.bytes().all(crate::scan::is_word)),
        );
    }
    names
}

/// The type of a parameter in one word.
pub(crate) fn type_word(ty: &ParameterType) -> &'static str {
    match (ty.kind, ty.secure) {
        (TypeKind::String, false) => "string",
        (TypeKind::String, true) => "secure string",
        (TypeKind::Int, _) => "int",
        (TypeKind::Bool, _) => "bool",
        (TypeKind::Object, false) => "object",
        (TypeKind::Object, true) => "secure object",
        (TypeKind::Array, _) => "array",
        (TypeKind::Other, _) => "",
    }
}
