//! Inside ARM expressions, and inside the strings that functions of both languages take.

use schema::ApiVersion;
use syntax::TextRange;
use syntax::arm_expr::{self, Argument, Expr};

use super::context::{ArgumentAt, ArmAt};
use super::{Item, Kind, Request, escape, identity_id, item, member, parameter, role};
use crate::expressions::{IDENTITY, chain_of, split_arguments};
use crate::functions::functions;
use crate::scan::{FrameKind, is_word};

const ROLE_DEFINITIONS: &str = "Microsoft.Authorization/roleDefinitions";

pub(super) fn offer_arm(request: &Request<'_>, at: &ArmAt, items: &mut Vec<Item>) {
    let scan = &request.context.scan;
    let (text, map) = scan.decode(at.token);
    let offset = map.to_decoded(scan.offset);
    let parsed = arm_expr::parse(&text);
    let place = parsed.at_offset(offset);
    let to_source = |range: TextRange| map.to_source(range).unwrap_or(TextRange::empty(scan.offset));
    match place.nodes.last() {
        Some(Expr::Str(string)) if string.range.start() < offset && (offset < string.range.end() || !string.closed) => {
            let Some(argument) = place.argument else { return };
            let before: Vec<String> = argument.call.args.iter().take(argument.index).map(ToString::to_string).collect();
            let content = string.content_range();
            let content =
                if string.closed { content } else { TextRange::new(content.start(), offset.max(content.start())) };
            offer_text(request, argument.call.name.text, &before, to_source(content), items);
        }
        Some(Expr::Member(access)) if access.dot < offset => {
            if let Some(chain) = chain_of(&access.base) {
                member::offer_chain(request, &chain, to_source(access.name.range), items);
            }
        }
        Some(Expr::Call(call)) if call.name_range().contains_inclusive(offset) => {
            offer_names(request, to_source(call.name.range), true, false, items);
        }
        Some(Expr::Name(name)) => {
            let range = to_source(name.range);
            let argument = place.argument.filter(|argument| argument.call.range.contains_range(name.range));
            offer_quoted(request, argument, range, items);
            offer_names(request, range, false, argument.is_none(), items);
        }
        // Between brackets, behind a comma or a parenthesis.
        Some(Expr::Missing(_) | Expr::Call(_) | Expr::Index(_)) => {
            let before = text[..usize::from(offset)].trim_end();
            let after = text[usize::from(offset)..].trim_start();
            // Not before an argument that stands there.
            let is_free = after.is_empty() || after.starts_with([')', ']', ',']);
            if is_free && before.ends_with(['[', '(', ',']) {
                let range = TextRange::empty(scan.offset);
                offer_quoted(request, place.argument, range, items);
                offer_names(request, range, false, place.argument.is_none(), items);
            }
        }
        None if text[..usize::from(offset)].trim() == "[" => {
            offer_names(request, TextRange::empty(scan.offset), false, true, items);
        }
        _ => {}
    }
}

/// What an argument is as a rule, with its quotes: the name of a parameter, of a resource of that type.
fn offer_quoted(request: &Request<'_>, argument: Option<Argument<'_, '_>>, range: TextRange, items: &mut Vec<Item>) {
    let Some(argument) = argument else { return };
    let before: Vec<String> = argument.call.args.iter().take(argument.index).map(ToString::to_string).collect();
    offer_argument(request, argument.call.name.text, &before, range, items);
}

/// The same in a Bicep call.
pub(super) fn offer_bicep(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let scan = &request.context.scan;
    let frame = scan.frame();
    if frame.kind != FrameKind::Parentheses {
        return;
    }
    let open = usize::from(frame.start);
    let word = scan.source[..open].bytes().rev().take_while(|&byte| is_word(byte)).count();
    let mut before = split_arguments(&scan.source[open + 1..usize::from(range.start())]);
    // What stands right before the cursor is no argument of its own, and nothing may stand there.
    if before.pop().is_none_or(|last| last.trim().is_empty()) {
        offer_argument(request, &scan.source[open - word..open], &before, range, items);
    }
}

fn offer_argument(request: &Request<'_>, function: &str, before: &[String], range: TextRange, items: &mut Vec<Item>) {
    let first = items.len();
    offer_text(request, function, before, range, items);
    for item in &mut items[first..] {
        let text = std::mem::take(&mut item.edit.new_text);
        item.edit.new_text = format!("'{text}'");
        item.label = format!("'{}'", item.label);
        item.sort = format!("0{}", item.sort);
    }
    for (label, name) in names_of(request, function, before) {
        if let Err(expression) = name {
            items.push(item(&label, Kind::Resource, range, expression).sort("00"));
        }
    }
}

/// The names that declared resources have at a place in `resourceId(…)`: a label, and the name itself or the expression
/// that it is.
fn names_of(request: &Request<'_>, function: &str, before: &[String]) -> Vec<(String, Result<String, String>)> {
    let Some(template) = request.template else { return Vec::new() };
    if !template::expr::makes_id(function) {
        return Vec::new();
    }
    let literal = |text: &String| text.trim().trim_matches('\'').to_owned();
    let Some(at) = before.iter().position(|text| literal(text).contains('/')) else { return Vec::new() };
    let ty = literal(&before[at]);
    // `Microsoft.X/a/b` with one name written is about the `b` of that `a`.
    let depth = before.len() - at;
    let segments: Vec<&str> = ty.split('/').collect();
    let Some(ty) = segments.get(..=depth).map(|segments| segments.join("/")) else { return Vec::new() };
    let mut names: Vec<(String, Result<String, String>)> = Vec::new();
    for resource in template.resources.iter().filter(|resource| resource.is_type(&ty)) {
        let Some(name) = request.view.name_expression(resource, template) else { continue };
        let is_literal = name.starts_with('\'') && name.ends_with('\'') && !name.contains("${") && !name.contains(',');
        let label = request.view.short_name(resource, template);
        let entry = if is_literal {
            let name = name.trim_matches('\'').rsplit('/').next().unwrap_or_default().to_owned();
            (name.clone(), Ok(name))
        } else {
            (label, Err(name))
        };
        if !names.contains(&entry) {
            names.push(entry);
        }
    }
    names
}

/// What can stand in a string that is an argument in Bicep, or the value of a variable.
pub(super) fn offer_string(request: &Request<'_>, at: &ArgumentAt<'_>, items: &mut Vec<Item>) {
    match at.before {
        Some(before) => {
            let mut arguments = split_arguments(before);
            // The last one is the string itself.
            if before.trim_end().ends_with(',') {
                arguments.pop();
            }
            offer_text(request, at.name, &arguments, at.inner, items);
        }
        None => {
            let own = request.template.and_then(|template| template.parameter(&template::Name::from(at.name)));
            for (index, text) in own.into_iter().flat_map(|own| parameter::texts(request.view, own)).enumerate() {
                items.push(item(&text, Kind::Value, at.inner, &text).sort(format!("0{index:02}")));
            }
            if items.is_empty() && at.name.to_ascii_lowercase().contains("role") {
                role::offer_guids(at.inner, items);
            }
        }
    }
}

/// What can stand in a string argument, by what is called and the arguments before it.
fn offer_text(request: &Request<'_>, function: &str, before: &[String], range: TextRange, items: &mut Vec<Item>) {
    let Some(template) = request.template else { return };
    let function = function.to_ascii_lowercase();
    let literal = |text: &String| text.trim().trim_matches('\'').to_owned();
    match function.as_str() {
        "parameters" if before.is_empty() => {
            for parameter in &template.parameters {
                items.push(item(parameter.name.as_str(), Kind::Parameter, range, parameter.name.as_str()));
            }
        }
        "variables" if before.is_empty() => {
            for variable in &template.variables {
                items.push(item(variable.name.as_str(), Kind::Variable, range, variable.name.as_str()));
            }
        }
        "resourceid" | "subscriptionresourceid" | "extensionresourceid" | "tenantresourceid" => {
            let ty = before.iter().map(literal).find(|text| text.contains('/'));
            match ty {
                Some(ty) if ty.eq_ignore_ascii_case(ROLE_DEFINITIONS) => role::offer_guids(range, items),
                Some(_) => {
                    for (label, name) in names_of(request, &function, before) {
                        if let Ok(name) = name {
                            items.push(item(label, Kind::Resource, range, name).sort("0"));
                        }
                    }
                }
                None => {
                    for ty in schema::resource_types().filter(|ty| !ty.writable().is_empty()) {
                        items.push(item(ty.name(), Kind::ResourceType, range, ty.name()));
                    }
                    let roles = item(ROLE_DEFINITIONS, Kind::ResourceType, range, ROLE_DEFINITIONS);
                    // What this function is for, as a rule.
                    items.push(if function.starts_with("subscription") { roles.sort("0") } else { roles });
                }
            }
        }
        "reference" => match before {
            [target] => {
                let ty = target.split('\'').skip(1).step_by(2).find_map(schema::resource_type);
                let versions =
                    ty.into_iter().flat_map(|ty| ty.api_versions().iter().rev().collect::<Vec<ApiVersion>>());
                for (index, version) in versions.enumerate() {
                    let text = version.to_string();
                    let preview = text.ends_with("-preview");
                    let item = item(&text, Kind::ApiVersion, range, text.clone());
                    items.push(item.sort(format!("{}{index:03}", u8::from(preview))));
                }
            }
            [_, _] => items.push(item("Full", Kind::Value, range, "Full")),
            _ => {
                for resource in &template.resources {
                    let literal = || {
                        let name = request.view.name_expression(resource, template)?;
                        Some(name.strip_prefix('\'')?.strip_suffix('\'')?.to_owned())
                            .filter(|name| !name.contains('\''))
                    };
                    let symbol = resource.symbol.as_ref().map(|symbol| symbol.name.to_string());
                    if let Some(name) = symbol.or_else(literal) {
                        items.push(item(&name, Kind::Resource, range, &name));
                    }
                }
            }
        },
        _ => {}
    }
}

/// Functions, and references to what is declared. `is_whole`: the value is nothing else.
fn offer_names(request: &Request<'_>, range: TextRange, is_called: bool, is_whole: bool, items: &mut Vec<Item>) {
    for function in functions(true) {
        items.push(function_item(function, range, is_called));
    }
    let Some(template) = request.template else { return };
    if is_called {
        return;
    }
    for parameter in &template.parameters {
        let text = format!("parameters('{}')", parameter.name);
        items.push(item(&text, Kind::Parameter, range, &text).sort(format!("1{text}")));
    }
    for variable in &template.variables {
        let text = format!("variables('{}')", variable.name);
        items.push(item(&text, Kind::Variable, range, &text).sort(format!("1{text}")));
    }
    if is_whole {
        role::offer_expressions(request, range, items);
        identity_id::offer_principals(request, range, items);
    }
    let wants_identity = is_whole && identity_id::wants_identity(request);
    let wants_any = is_whole && request.context.path.last() == Some(&"dependsOn");
    for resource in &template.resources {
        if let Some(id) = request.view.id_expression(resource, template) {
            let name = request.view.short_name(resource, template);
            let item = item(format!("resourceId of {name}"), Kind::Resource, range, &id);
            let is_wanted = wants_any || (wants_identity && resource.is_type(IDENTITY));
            let rank = if is_wanted { "0" } else { "2" };
            items.push(item.detail(resource.resource_type.as_deref().unwrap_or_default()).sort(rank));
        }
    }
}

/// A function, written with its parentheses unless they are there.
pub(super) fn function_item(function: &crate::functions::Function, range: TextRange, is_called: bool) -> Item {
    let text = match (is_called, function.parameters) {
        (true, _) => function.name.to_owned(),
        (false, []) => format!("{}()", function.name),
        (false, _) => {
            let quoted = matches!(function.name, "parameters" | "variables" | "resourceId" | "subscriptionResourceId");
            format!("{}({})", escape(function.name), if quoted { "'$1'" } else { "$1" })
        }
    };
    let again = text.contains("'$1'");
    item(function.name, Kind::Function, range, text)
        .snippet()
        .detail(function.call())
        .documentation(function.doc)
        .sort(format!("6{}", function.name))
        .again(again)
}
