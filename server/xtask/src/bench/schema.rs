//! A JSON schema of ARM templates with clusters, made from our facts about the newest API version: what a general JSON language
//! server needs to say something about the same template.

use anyhow::Context as _;
use schema::{ApiVersion, Object, Property, Type, resource_type};
use serde_json::{Map, Value, json};

/// The schema, and the API version it is of.
pub(super) fn of_clusters() -> anyhow::Result<(Value, ApiVersion)> {
    let ty = resource_type(template::aks::CLUSTER).context("clusters are known")?;
    let version = ty.newest_stable().context("they have versions")?;
    let body = object(ty.root(version).context("the version is known")?);
    let mut cluster = body;
    cluster["properties"]["type"] = json!({ "const": template::aks::CLUSTER });
    cluster["properties"]["apiVersion"] = json!({ "type": "string" });
    let is_cluster = json!({ "properties": { "type": { "const": template::aks::CLUSTER } } });
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "required": ["$schema", "contentVersion", "resources"],
        "properties": {
            "resources": { "type": "array", "items": { "if": is_cluster, "then": cluster } },
            "parameters": { "type": "object", "additionalProperties": {
                "type": "object", "required": ["type"],
                "properties": { "type": { "enum": ["string", "secureString", "int", "bool", "object", "secureObject", "array"] } },
            } },
        },
    });
    Ok((schema, version))
}

/// In the place of anything an expression may stand.
fn or_expression(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": "^\\[.*\\]$" }] })
}

fn object(object: Object) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let variants: Vec<Object> = object.variants().map(|(_, variant)| variant).collect();
    for property in object.properties().chain(variants.iter().flat_map(|variant| variant.properties())) {
        properties.insert(property.name().to_owned(), value(property));
        if property.required() {
            required.push(property.name().to_owned());
        }
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

fn value(property: Property) -> Value {
    or_expression(&match property.ty() {
        Type::Object(inner) => object(inner),
        Type::Map(inner) => json!({ "type": "object", "additionalProperties": value(inner) }),
        Type::Array(inner) => json!({ "type": "array", "items": value(inner) }),
        Type::Enum(values) => json!({ "enum": values.values().collect::<Vec<_>>() }),
        Type::String(string) => match string.pattern() {
            Some(pattern) => json!({ "type": "string", "pattern": pattern }),
            None => json!({ "type": "string" }),
        },
        Type::Int(_) => json!({ "type": "integer" }),
        Type::Bool => json!({ "type": "boolean" }),
        Type::Any => json!({}),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_the_identity() {
        let (schema, _) = of_clusters().unwrap();
        let cluster = &schema["properties"]["resources"]["items"]["then"];
        let kinds = &cluster["properties"]["identity"]["anyOf"][0]["properties"]["type"]["anyOf"][0];
        assert!(kinds["enum"].as_array().unwrap().contains(&json!("UserAssigned")), "{kinds}");
        assert!(cluster["properties"]["properties"]["anyOf"][0]["properties"]["identityProfile"].is_object());
    }
}
