//! Words of Bicep: keywords, types, decorators, module paths; rule codes in comments that silence them.

use syntax::{Language, TextRange};
use template::workspace::language_of;

use super::context::StringAt;
use super::{Item, Kind, Request, escape, item};

const STATEMENTS: [(&str, &str, &str); 12] = [
    ("param", "param ${1:name} ${2:string}", "A value that whoever deploys may say."),
    ("var", "var ${1:name} = $2", "A value with a name."),
    ("resource", "resource ${1:name} '$2' = {\n\tname: $3\n\t$0\n}", "A resource."),
    ("module", "module ${1:name} '$2' = {\n\tparams: {\n\t\t$0\n\t}\n}", "Another file."),
    ("output", "output ${1:name} ${2:string} = $3", "A value that is given out."),
    ("targetScope", "targetScope = '${1:resourceGroup}'", "What the file is deployed to."),
    ("type", "type ${1:name} = $2", "A type of your own."),
    ("func", "func ${1:name}(${2:argument} ${3:string}) ${4:string} => $0", "A function of your own."),
    ("import", "import { $2 } from '$1'", "Declarations of another file."),
    ("metadata", "metadata ${1:name} = '$2'", "A note."),
    ("extension", "extension ${1:name}", "Resources that are not of Azure."),
    ("assert", "assert ${1:name} = $2", "Something that has to hold."),
];
const PARAMETER_STATEMENTS: [(&str, &str, &str); 4] = [
    ("using", "using '$1'", "The template that the parameters are for."),
    ("param", "param ${1:name} = $2", "The value of a parameter."),
    ("var", "var ${1:name} = $2", "A value with a name."),
    ("extends", "extends '$1'", "The parameter file that this one builds on."),
];
const TYPES: [(&str, &str); 6] = [
    ("string", "A text."),
    ("int", "A whole number."),
    ("bool", "`true` or `false`."),
    ("object", "An object."),
    ("array", "An array."),
    ("string?", "A text, or null."),
];
const DECORATORS: [(&str, &str, &str); 10] = [
    ("description", "description('$1')", "What it is for."),
    ("secure", "secure()", "The value is a secret: it is not written to the deployment's history."),
    ("allowed", "allowed([\n\t$1\n])", "All values there can be."),
    ("minLength", "minLength($1)", "The least length."),
    ("maxLength", "maxLength($1)", "The greatest length."),
    ("minValue", "minValue($1)", "The least value."),
    ("maxValue", "maxValue($1)", "The greatest value."),
    ("metadata", "metadata({\n\t$1\n})", "Notes."),
    ("export", "export()", "Other files may import it."),
    ("batchSize", "batchSize(${1:1})", "How many resources of a loop are deployed at a time."),
];

pub(super) fn offer(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let all: &[_] = if request.language() == Language::BicepParam { &PARAMETER_STATEMENTS } else { &STATEMENTS };
    for (index, (name, text, what)) in all.iter().enumerate() {
        let item = item(*name, Kind::Keyword, range, *text).snippet();
        items.push(item.documentation(*what).sort(format!("1{index:02}")));
    }
    if request.language() == Language::BicepParam {
        offer_assignments(request, range, items);
    }
}

/// The parameters of the template that a `.bicepparam` file is for.
fn offer_assignments(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let view = request.view;
    let Some(own) = view.template() else { return };
    let Some((path, _)) = &own.using else { return };
    let file = view.file_of(view.file, path);
    let Some(target) = file.and_then(|file| view.workspace.file(file).template.as_ref()) else { return };
    for parameter in &target.parameters {
        if own.assignments.iter().any(|assignment| assignment.name.name == parameter.name) {
            continue;
        }
        let name = parameter.name.as_str();
        let required = parameter.default.is_none() && !parameter.ty.nullable;
        let text = format!("param {} = $1", escape(name));
        let item = item(format!("param {name}"), Kind::Parameter, range, text).snippet();
        items.push(item.detail(if required { "required" } else { "optional" }).sort(if required {
            "00"
        } else {
            "01"
        }));
    }
}

pub(super) fn offer_types(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    if request.language() == Language::BicepParam {
        return;
    }
    for (index, (name, what)) in TYPES.iter().enumerate() {
        items.push(item(*name, Kind::Keyword, range, *name).documentation(*what).sort(format!("0{index}")));
    }
}

pub(super) fn offer_decorators(range: TextRange, items: &mut Vec<Item>) {
    for (name, text, what) in DECORATORS {
        items.push(item(name, Kind::Function, range, text).snippet().documentation(what));
    }
}

/// Files of the workspace that a module or `using` can name.
pub(super) fn offer_paths(request: &Request<'_>, at: &StringAt<'_>, items: &mut Vec<Item>) {
    let view = request.view;
    let own = &view.source().path;
    let Some(folder) = own.parent() else { return };
    for (_, file) in view.workspace.files() {
        let is_template = file.template.as_ref().is_some_and(|template| template.using.is_none());
        if file.path == *own || !is_template || language_of(&file.path) == Language::BicepParam {
            continue;
        }
        if let Ok(relative) = file.path.strip_prefix(folder) {
            let path = relative.to_string_lossy().replace('\\', "/");
            let text = if at.closed { path.clone() } else { format!("{path}'") };
            items.push(item(path, Kind::File, at.inner, text).detail(at.keyword));
        }
    }
}

/// Codes behind `akslint: ignore[`, and behind `#disable-next-line`.
pub(super) fn offer_codes(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let scan = &request.context.scan;
    let before = &scan.source[usize::from(range.start())..usize::from(scan.offset)];
    let in_list = before.contains("akslint: ignore[") && !before.ends_with(']');
    let in_directive = before.starts_with("#disable-") && before.contains(' ');
    if !in_list && !in_directive {
        return;
    }
    let start = before.rfind(['[', ',', ' ']).map_or(0, |found| found + 1);
    let tail = &scan.source[usize::from(scan.offset)..];
    let more = tail.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'-').count();
    let word = TextRange::new(range.start() + crate::scan::size(start), scan.offset + crate::scan::size(more));
    for rule in rules::all() {
        let metadata = rule.metadata();
        let docs = rules::docs::Docs::of(rule);
        items.push(item(metadata.code, Kind::Value, word, metadata.code).documentation(docs.summary()));
    }
}
