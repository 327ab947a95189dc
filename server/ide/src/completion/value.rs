//! Values that properties list: enumerations, truth values, and the few fixed words of templates.

use schema::Type;

use super::context::{Owner, ValueAt};
use super::{Item, Kind, Request, is_path};
use crate::expressions::CLUSTER;
use crate::facts::{Node, at_path, path_text, skeleton};

const PARAMETER_TYPES: [&str; 7] = ["string", "securestring", "int", "bool", "object", "secureObject", "array"];
pub(super) const SCHEMAS: [(&str, &str); 5] = [
    ("https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "a resource group"),
    ("https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#", "a subscription"),
    (
        "https://schema.management.azure.com/schemas/2019-08-01/managementGroupDeploymentTemplate.json#",
        "a management group",
    ),
    ("https://schema.management.azure.com/schemas/2019-08-01/tenantDeploymentTemplate.json#", "a tenant"),
    ("https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "a parameter file"),
];

const SCOPES: [(&str, &str); 4] = [
    ("resourceGroup", "A resource group."),
    ("subscription", "A subscription."),
    ("managementGroup", "A management group."),
    ("tenant", "The tenant."),
];
const PRIVATE_ZONES: [(&str, &str); 2] = [
    ("system", "A zone is made for the cluster, in the resource group of its nodes."),
    ("none", "No zone: the name of the API server is public, its address private."),
];
/// The type of role assignments.
const ASSIGNMENT: &str = "Microsoft.Authorization/roleAssignments";

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
                    Type::Bool => booleans(at, items),
                    Type::Object(_) | Type::Map(_) | Type::Array(_) if !at.quoted => {
                        let (snippet, again) = skeleton(property, request.language());
                        let label = if matches!(node.ty(), Type::Array(_)) { "[ ]" } else { "{ }" };
                        let item = at.item(label, Kind::Value, &snippet);
                        items.push(item.snippet().sort("0").again(again));
                    }
                    _ => {}
                }
            }
            if request.is_in(CLUSTER) {
                special(request, at, &path, items);
            }
            if request.is_in(ASSIGNMENT) && is_path(&path, &["name"]) {
                let (text, label) = if request.is_json() {
                    ("\"[guid(resourceGroup().id, $1)]\"", "guid(scope, principal, role)")
                } else {
                    ("guid(${1:scope}.id, ${2:principal}, ${3:role})", "guid(scope, principal, role)")
                };
                let item = at.item(label, Kind::Value, text).snippet();
                items.push(item.documentation("A name that stays the same as long as the grant does.").sort("0"));
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
            } else if is_path(&path, &["parameters", "*", "nullable"]) {
                booleans(at, items);
            }
        }
        Owner::Declaration if path == ["targetScope"] && !request.is_json() => {
            for (index, (scope, what)) in SCOPES.into_iter().enumerate() {
                let item = at.item(scope, Kind::Value, &request.quoted(scope));
                items.push(item.documentation(what).sort(format!("0{index}")));
            }
        }
        Owner::Module { .. } | Owner::Declaration => {}
    }
}

/// Texts with a meaning of their own, where the facts know of any text.
fn special(request: &Request<'_>, at: &ValueAt<'_>, path: &[&str], items: &mut Vec<Item>) {
    let all: &[(&str, &str)] = if is_path(path, &["properties", "apiServerAccessProfile", "privateDNSZone"]) {
        &PRIVATE_ZONES
    } else if is_path(path, &["properties", "servicePrincipalProfile", "clientId"]) {
        &[("msi", "No application: the cluster has a managed identity.")]
    } else {
        return;
    };
    for (index, (value, what)) in all.iter().enumerate() {
        let item = at.item(value, Kind::Value, &request.quoted(value));
        items.push(item.documentation(*what).sort(format!("0{index}")));
    }
}

/// What should be chosen first comes first.
fn ordered(mut values: Vec<&'static str>) -> Vec<&'static str> {
    values.sort_by_key(|value| match *value {
        "UserAssigned" | "ServicePrincipal" | "System" => 0,
        "SystemAssigned" | "User" => 1,
        _ => 2,
    });
    values
}

fn booleans(at: &ValueAt<'_>, items: &mut Vec<Item>) {
    for value in ["true", "false"] {
        items.push(at.item(value, Kind::Value, value).sort(format!("0{}", value == "false")));
    }
}
