//! Words of Bicep: keywords, types, decorators, module paths; rule codes in comments that silence them.

use std::path::Path;

use syntax::{Language, TextRange};
use template::workspace::language_of;

use super::context::StringAt;
use super::{Item, Kind, Request, escape, item, parameter};

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
    // Before the rest of a statement only its keyword is to be written.
    let rest = &request.context.scan.source[usize::from(range.end())..];
    let is_alone = rest.trim_start_matches([' ', '\t']).starts_with(['\n', '\r']) || rest.trim().is_empty();
    for (index, (name, text, what)) in all.iter().enumerate() {
        let item = if is_alone {
            item(*name, Kind::Keyword, range, *text).snippet()
        } else {
            item(*name, Kind::Keyword, range, *name)
        };
        items.push(item.documentation(*what).sort(format!("1{index:02}")));
    }
    if request.language() == Language::BicepParam {
        offer_assignments(request, range, items);
    }
}

/// The parameters of the template that a `.bicepparam` file is for.
fn offer_assignments(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    for (file, parameter) in parameter::unset(request) {
        let name = parameter.name.as_str();
        let text = format!("param {} = {}", escape(name), parameter::value_of(parameter, request));
        let item = item(format!("param {name}"), Kind::Parameter, range, text).snippet();
        let rank = if parameter::is_required(parameter) { "00" } else { "01" };
        items.push(parameter::described(item, request.view, file, parameter).sort(rank));
    }
}

/// What a keyword of Bicep begins.
pub(crate) fn keyword_doc(word: &str) -> Option<&'static str> {
    let mut all = STATEMENTS.iter().chain(&PARAMETER_STATEMENTS);
    all.find(|(name, ..)| *name == word).map(|(.., what)| *what)
}

/// What a decorator says.
pub(crate) fn decorator_doc(word: &str) -> Option<&'static str> {
    DECORATORS.iter().find(|(name, ..)| *name == word).map(|(.., what)| *what)
}

pub(super) fn offer_types(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    if request.language() == Language::BicepParam {
        return;
    }
    for declared in request.template.iter().flat_map(|template| &template.types) {
        let name = declared.name.as_str();
        items.push(item(name, Kind::Keyword, range, name).detail("type of this file").sort(format!("1{name}")));
    }
    for (index, (name, what)) in TYPES.iter().enumerate() {
        items.push(item(*name, Kind::Keyword, range, *name).documentation(*what).sort(format!("0{index}")));
    }
}

/// Behind `@`, or behind `@sys.`.
pub(super) fn offer_decorators(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let is_called = request.context.scan.source[usize::from(range.end())..].starts_with('(');
    for (name, text, what) in DECORATORS {
        let item = if is_called {
            item(name, Kind::Function, range, name)
        } else {
            item(name, Kind::Function, range, text).snippet()
        };
        items.push(item.documentation(what));
    }
}

/// Files and folders that a module, `using` or `import` can name, as far as they are written.
pub(super) fn offer_paths(request: &Request<'_>, at: &StringAt<'_>, items: &mut Vec<Item>) {
    let own = &request.view.source().path;
    let typed = &request.context.scan.source[usize::from(at.inner.start())..usize::from(request.context.scan.offset)];
    let folder = &typed[..typed.rfind('/').map_or(0, |slash| slash + 1)];
    // A registry or a template spec, of which nothing is known here.
    if folder.contains(':') {
        return;
    }
    let Some(inside) = template::paths::relative_to(own, &format!("{folder}x")) else { return };
    let Some(path) = inside.parent() else { return };
    let quote = if at.closed { "" } else { "'" };
    for entry in (request.folder)(path) {
        let (name, is_folder) = (entry.name, entry.is_folder);
        let kind = if is_folder { None } else { Some(language_of(Path::new(&name))) };
        let rank = match kind {
            None => "1",
            Some(Language::Bicep) => "0",
            // Of a JSON file nobody knows what it is.
            Some(Language::Json) if at.keyword != "import" => "2",
            Some(_) => continue,
        };
        if path.join(&name) == *own || name.starts_with('.') {
            continue;
        }
        let text = if is_folder { format!("{folder}{name}/") } else { format!("{folder}{name}{quote}") };
        let label = if is_folder { format!("{folder}{name}/") } else { format!("{folder}{name}") };
        let item = item(label, Kind::File, at.inner, text).detail(if is_folder { "folder" } else { at.keyword });
        items.push(item.sort(format!("{rank}{name}")).again(is_folder));
    }
    if folder.trim_end_matches("../").is_empty() {
        let up = format!("{folder}../");
        items.push(item(&up, Kind::File, at.inner, &up).detail("folder").sort("3").again(true));
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
