//! Values that properties list: enumerations, truth values, and the few fixed words of templates.

use schema::Type;

use super::context::{Owner, ValueAt};
use super::{Item, Kind, Request, is_path};
use crate::facts::{Node, at_path, path_text, skeleton};

const PARAMETER_TYPES: [&str; 7] = ["string", "securestring", "int", "bool", "object", "secureObject", "array"];
const SCHEMAS: [(&str, &str); 5] = [
    ("https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "a resource group"),
    ("https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#", "a subscription"),
    (
        "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#",
        "a management group",
    ),
    ("https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#", "a tenant"),
    ("https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "a parameter file"),
];

pub(super) fn offer(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let context = &request.context;
    let path = context.value_path(at);
    match &context.owner {
        Owner::Resource(resource) => {
            if let Some(ty) = resource.ty()
                && let Some(version) = resource.api_version(ty)
                && let Some(node @ Node::Property(property)) = at_path(ty, version, &path)
            {
                let text = path_text(&path);
                match node.ty() {
                    Type::Enum(values) => {
                        for (index, value) in ordered(values.values().collect()).into_iter().enumerate() {
                            let item = at.item(value, Kind::Value, &request.quoted(value));
                            let since = ty.versions_with_value(&text, value).first_stable();
                            let mut item = item.sort(format!("0{index:02}"));
                            item.detail = since.map(|since| format!("since {since}"));
                            items.push(item);
                        }
                    }
                    Type::Bool if !at.quoted => booleans(at, items),
                    Type::Object(_) | Type::Map(_) | Type::Array(_) if !at.quoted => {
                        let (snippet, again) = skeleton(property, request.language());
                        let label = if matches!(node.ty(), Type::Array(_)) { "[ ]" } else { "{ }" };
                        let item = at.item(label, Kind::Value, &snippet);
                        items.push(item.snippet().sort("0").again(again));
                    }
                    _ => {}
                }
            }
            if request.is_json() && is_path(&path, &["location"]) {
                let text = request.expression("resourceGroup().location");
                items.push(at.item("resourceGroup().location", Kind::Value, &text).sort("0"));
            }
        }
        Owner::Template => {
            let words = |all: &[&str], items: &mut Vec<Item>| {
                for (index, word) in all.iter().enumerate() {
                    let item = at.item(word, Kind::Value, &request.quoted(word));
                    items.push(item.sort(format!("0{index:02}")));
                }
            };
            if is_path(&path, &["parameters", "*", "type"]) || is_path(&path, &["outputs", "*", "type"]) {
                words(&PARAMETER_TYPES, items);
            } else if is_path(&path, &["languageVersion"]) {
                words(&["2.0"], items);
            } else if is_path(&path, &["$schema"]) {
                for (index, (schema, scope)) in SCHEMAS.iter().enumerate() {
                    let item = at.item(schema, Kind::Value, &request.quoted(schema));
                    items.push(item.detail(*scope).sort(format!("0{index:02}")));
                }
            } else if is_path(&path, &["parameters", "*", "nullable"]) && !at.quoted {
                booleans(at, items);
            }
        }
        Owner::Module { .. } | Owner::Declaration => {}
    }
}

/// What should be chosen first comes first.
fn ordered(mut values: Vec<&'static str>) -> Vec<&'static str> {
    values.sort_by_key(|value| match *value {
        "UserAssigned" | "ServicePrincipal" => 0,
        "SystemAssigned" => 1,
        _ => 2,
    });
    values
}

fn booleans(at: &ValueAt<'_>, items: &mut Vec<Item>) {
    for value in ["true", "false"] {
        items.push(at.item(value, Kind::Value, value).sort(format!("0{}", value == "false")));
    }
}
