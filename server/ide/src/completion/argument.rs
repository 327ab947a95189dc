//! Inside ARM expressions, and inside the strings that functions of both languages take.

use schema::ApiVersion;
use syntax::TextRange;
use syntax::arm_expr::{self, Expr};

use super::context::{ArgumentAt, ArmAt};
use super::{Item, Kind, Request, escape, item, member, role};
use crate::expressions::{chain_of, split_arguments};
use crate::functions::functions;

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
            offer_names(request, to_source(call.name.range), true, items);
        }
        Some(Expr::Name(name)) => offer_names(request, to_source(name.range), false, items),
        // Between brackets, behind a comma or a parenthesis.
        Some(Expr::Missing(_) | Expr::Call(_) | Expr::Index(_)) => {
            let before = text[..usize::from(offset)].trim_end();
            if before.ends_with(['[', '(', ',']) {
                offer_names(request, TextRange::empty(scan.offset), false, items);
            }
        }
        None if text[..usize::from(offset)].trim() == "[" => {
            offer_names(request, TextRange::empty(scan.offset), false, items);
        }
        _ => {}
    }
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
        None if at.name.to_ascii_lowercase().contains("role") => role::offer_guids(at.inner, items),
        None => {}
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
                Some(_) => {}
                None => {
                    for ty in schema::resource_types().filter(|ty| !ty.writable().is_empty()) {
                        items.push(item(ty.name(), Kind::ResourceType, range, ty.name()));
                    }
                    items.push(item(ROLE_DEFINITIONS, Kind::ResourceType, range, ROLE_DEFINITIONS));
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
                for resource in template.resources.iter().filter_map(|resource| resource.symbol.as_ref()) {
                    items.push(item(resource.name.as_str(), Kind::Resource, range, resource.name.as_str()));
                }
            }
        },
        _ => {}
    }
}

/// Functions, and references to what is declared.
fn offer_names(request: &Request<'_>, range: TextRange, is_called: bool, items: &mut Vec<Item>) {
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
    for resource in &template.resources {
        if let Some(id) = request.view.id_expression(resource, template) {
            let name = request.view.short_name(resource, template);
            let item = item(format!("resourceId of {name}"), Kind::Resource, range, &id);
            items.push(item.detail(resource.resource_type.as_deref().unwrap_or_default()).sort("2"));
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
