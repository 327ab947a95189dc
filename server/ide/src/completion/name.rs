//! Names that can stand where an expression is wanted: parameters, variables, symbols, functions.

use syntax::{TextRange, TextSize};
use template::model::{ParameterType, TypeKind};

use super::context::ValueAt;
use super::{Item, Kind, Request, argument, item};
use crate::functions::functions;

/// As values: in JSON as whole strings `"[parameters('x')]"`.
pub(super) fn offer_values(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    if !request.is_json() {
        if !at.quoted {
            let first = items.len();
            let lead = if at.needs_colon {
                ": "
            } else if at.needs_blank {
                " "
            } else {
                ""
            };
            offer(request, at.replace, items);
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
}

/// Keys whose values are never expressions.
fn is_word(key: Option<&str>) -> bool {
    matches!(key, Some("type" | "apiVersion"))
}

/// In a Bicep expression.
pub(super) fn offer(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let scan = &request.context.scan;
    let is_called = scan.source[usize::from(range.end())..].starts_with('(');
    for name in loop_variables(request) {
        items.push(item(name, Kind::Variable, range, name).detail("of the loop").sort(format!("3{name}")));
    }
    if let Some(template) = request.template {
        for parameter in &template.parameters {
            let name = parameter.name.as_str();
            let item = item(name, Kind::Parameter, range, name).detail(type_word(&parameter.ty));
            items.push(item.sort(format!("4{name}")));
        }
        for variable in &template.variables {
            let name = variable.name.as_str();
            items.push(item(name, Kind::Variable, range, name).sort(format!("4{name}")));
        }
        for resource in &template.resources {
            if let Some(symbol) = &resource.symbol
                && !resource.range.contains(scan.offset)
            {
                let name = symbol.name.as_str();
                let ty = resource.resource_type.as_deref().unwrap_or_default();
                items.push(item(name, Kind::Resource, range, name).detail(ty).sort(format!("4{name}")));
            }
        }
        for module in &template.modules {
            if let Some(symbol) = &module.symbol {
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
        items.push(argument::function_item(function, range, is_called));
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
