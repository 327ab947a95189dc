//! Plausible values of every writable property, for tests and for completion.

use serde_json::{Map, Value, json};

use crate::{ApiVersion, Object, Property, ResourceType, StringType, Type};

/// A value for one property.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its path, with `[]` for elements and `*` for entries of maps.
    pub path: String,
    /// The property.
    pub property: Property,
    /// A value of its type; for objects and arrays with all that is writable within.
    pub value: Value,
}

/// Every property of a resource body that can be written at `version`, depth first, each with a plausible value; empty for an
/// unknown version. A property within one that is read-only does not count.
pub fn writable_properties(ty: ResourceType, version: ApiVersion) -> Vec<Sample> {
    let mut samples = Vec::new();
    if let Some(root) = ty.root(version) {
        collect(root, "", &mut samples);
    }
    samples
}

/// A resource body with every writable property of `version`, of which the first variant is taken where there are variants;
/// without `type` and `apiVersion`. `None` for an unknown version.
pub fn sample_body(ty: ResourceType, version: ApiVersion) -> Option<Value> {
    Some(object_value(ty.root(version)?))
}

fn collect(object: Object, prefix: &str, samples: &mut Vec<Sample>) {
    let variants: Vec<Object> = object.variants().map(|(_, variant)| variant).collect();
    let own = object.properties();
    for property in
        own.chain(variants.iter().flat_map(|variant| variant.properties())).filter(|property| !property.read_only())
    {
        let dot = if prefix.is_empty() { "" } else { "." };
        let mut path = format!("{prefix}{dot}{}", property.name());
        samples.push(Sample { path: path.clone(), property, value: value_of(property) });
        let mut ty = property.ty();
        loop {
            match ty {
                Type::Object(inner) => collect(inner, &path, samples),
                Type::Array(inner) => {
                    path.push_str("[]");
                    ty = inner.ty();
                    continue;
                }
                Type::Map(inner) => {
                    path.push_str(".*");
                    ty = inner.ty();
                    continue;
                }
                _ => {}
            }
            break;
        }
    }
}

fn object_value(object: Object) -> Value {
    let variant = object.variants().next();
    let of_variant = variant.iter().flat_map(|(_, variant)| variant.properties());
    let mut map: Map<String, Value> = object
        .properties()
        .chain(of_variant)
        .filter(|property| !property.read_only())
        .map(|property| (property.name().to_owned(), value_of(property)))
        .collect();
    if let (Some(name), Some((value, _))) = (object.discriminator(), variant) {
        map.insert(name.to_owned(), Value::from(value));
    }
    Value::Object(map)
}

fn value_of(property: Property) -> Value {
    named_value(property, property.name())
}

/// `name` is the nearest one above, for elements and entries that have none of their own.
fn named_value(property: Property, name: &str) -> Value {
    match property.ty() {
        Type::Object(object) => object_value(object),
        Type::Map(inner) => json!({ key_for(name): named_value(inner, name) }),
        Type::Array(inner) => {
            let least = property.items().0.unwrap_or(0).max(1);
            (0..least).map(|_| named_value(inner, name)).collect()
        }
        Type::Enum(values) => {
            // The value that leaves the most room for other properties.
            let preferred = ["UserAssigned", "SystemAssigned"];
            let value = preferred.into_iter().find(|value| values.values().any(|known| known == *value));
            Value::from(value.or_else(|| values.values().next()).unwrap_or("value"))
        }
        Type::String(string) => Value::from(string_value(string, name)),
        Type::Int(int) => {
            let (least, most) = int.range();
            Value::from(1.max(least.unwrap_or(1)).min(most.unwrap_or(i64::MAX)))
        }
        Type::Bool => Value::from(true),
        Type::Any => json!({}),
    }
}

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/example/providers/";

/// Texts for the patterns that `example` does not match; `samples_match_their_patterns` checks that none is missing.
const PATTERN_SAMPLES: &[(&str, &str)] = &[
    (r"^(-|\+)[0-9]{2}:[0-9]{2}$", "+01:00"),
    (r"^(?:(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)\.){3}(?:25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?)$", "10.0.0.10"),
    (r"^([0-9]{1,3}\.){3}[0-9]{1,3}(\/([0-9]|[1-2][0-9]|3[0-2]))?$", "10.0.0.0/16"),
    (r"^([01]\d|2[0-3]):[0-5]\d$", "02:00"),
    (r"^[+-](0\d|1[0-4]):(00|15|30|45)$", "+01:00"),
    (r"^\d{2}:\d{2}$", "02:00"),
    (r"^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$", GUID),
    (r"^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$", GUID),
];

const GUID: &str = "00000000-0000-0000-0000-000000000002";

fn key_for(map: &str) -> String {
    match map.to_ascii_lowercase().as_str() {
        "identityprofile" => "kubeletidentity".to_owned(),
        "userassignedidentities" => identity_id(),
        "addonprofiles" => "omsagent".to_owned(),
        _ => "key".to_owned(),
    }
}

fn identity_id() -> String {
    format!("{SUBSCRIPTION}Microsoft.ManagedIdentity/userAssignedIdentities/example")
}

fn string_value(string: StringType, name: &str) -> String {
    if let Some(pattern) = string.pattern() {
        let known = PATTERN_SAMPLES.iter().find(|(known, _)| *known == pattern);
        return known.map_or("example", |(_, sample)| sample).to_owned();
    }
    let name = name.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let text = if ends(&["subnetid", "subnetids"]) {
        format!("{SUBSCRIPTION}Microsoft.Network/virtualNetworks/example/subnets/example")
    } else if ends(&["identityid", "identityresourceid"]) {
        identity_id()
    } else if ends(&["clientid", "objectid", "principalid", "tenantid", "appid", "groupobjectids"]) {
        GUID.to_owned()
    } else if ends(&["zoneresourceids", "zoneresourceid"]) {
        format!("{SUBSCRIPTION}Microsoft.Network/privateDnsZones/example.com")
    } else if ends(&["keyid"]) {
        "https://example.vault.azure.net/keys/example/00000000000000000000000000000003".to_owned()
    } else if ends(&["vaultresourceid", "vaultid"]) {
        format!("{SUBSCRIPTION}Microsoft.KeyVault/vaults/example")
    } else if ends(&["resourceid", "resourceids", "groupid", "setid", "registryid", "prefixid"]) || name == "id" {
        format!("{SUBSCRIPTION}Example.Provider/things/example")
    } else if ends(&["cidr", "cidrs"]) {
        "10.0.0.0/16".to_owned()
    } else if ends(&["url", "uri"]) {
        "https://example.com".to_owned()
    } else if ends(&["version"]) {
        "1.33.0".to_owned()
    } else if ends(&["location"]) {
        "westeurope".to_owned()
    } else {
        "example".to_owned()
    };
    let (least, most) = string.length();
    let bound = |bound: i64| usize::try_from(bound).unwrap_or(0);
    let padded = format!("{text:x<width$}", width = least.map_or(0, bound));
    padded.chars().take(most.map_or(usize::MAX, bound)).collect()
}
