//! Keys of objects: properties of resources by API version, and the fixed ones of templates and declarations.

use schema::{Object, Property, ResourceType, Type};

use super::context::{KeyAt, Owner};
use super::{Item, Request, is_path};
use crate::expressions::CLUSTER;
use crate::facts::{at_path, detail, is_deprecated, key, page, skeleton};

/// What most clusters, identities and role assignments say, and so comes before all that can be said.
const USUAL: [&str; 34] = [
    "aadProfile",
    "addonProfiles",
    "agentPoolProfiles",
    "clientId",
    "count",
    "disableLocalAccounts",
    "dnsPrefix",
    "identity",
    "identityProfile",
    "issuer",
    "kubeletidentity",
    "kubernetesVersion",
    "location",
    "mode",
    "name",
    "networkPlugin",
    "networkProfile",
    "objectId",
    "oidcIssuerProfile",
    "osType",
    "principalId",
    "principalType",
    "properties",
    "resourceId",
    "roleDefinitionId",
    "securityProfile",
    "sku",
    "subject",
    "tags",
    "tenantId",
    "userAssignedIdentities",
    "vmSize",
    "vnetSubnetID",
    "workloadIdentity",
];

/// A key that is the same in every API version: name, what is written behind the colon, what it is for.
type Fixed = (&'static str, &'static str, &'static str);

const JSON_RESOURCE: [Fixed; 12] = [
    ("type", "\"$1\"", "The resource type."),
    ("apiVersion", "\"$1\"", "The API version, which decides what properties there are."),
    ("name", "\"$1\"", "The name."),
    ("location", "\"[resourceGroup().location]\"", "The region."),
    (
        "dependsOn",
        "[\n\t$1\n]",
        "What has to be deployed first. `reference()` in a property does it by itself; `resourceId()` does not.",
    ),
    ("condition", "\"[$1]\"", "Deployed only when this is true."),
    ("scope", "\"$1\"", "The resource that it extends."),
    ("copy", "{\n\t\"name\": \"$1\",\n\t\"count\": $2\n}", "Deployed several times."),
    ("comments", "\"$1\"", "For people."),
    ("tags", "{\n\t$1\n}", "Names and values to find it by."),
    ("resources", "[\n\t$1\n]", "Child resources."),
    ("properties", "{\n\t$1\n}", "All else."),
];
const BICEP_RESOURCE: [Fixed; 7] = [
    ("name", "'$1'", "The name."),
    ("location", "${1:location}", "The region."),
    ("parent", "$1", "The resource that contains it."),
    ("scope", "$1", "The resource or group that it extends or belongs to."),
    ("dependsOn", "[\n\t$1\n]", "What has to be deployed first, besides what is referred to anyway."),
    ("tags", "{\n\t$1\n}", "Names and values to find it by."),
    ("properties", "{\n\t$1\n}", "All else."),
];
const SECTIONS: [Fixed; 10] = [
    (
        "$schema",
        "\"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\"",
        "Says that it is a template.",
    ),
    ("contentVersion", "\"1.0.0.0\"", "A version of your own."),
    ("parameters", "{\n\t$1\n}", "What whoever deploys may say."),
    ("variables", "{\n\t$1\n}", "Values with names."),
    ("functions", "[\n\t$1\n]", "Functions of your own."),
    ("resources", "[\n\t$1\n]", "What is deployed."),
    ("outputs", "{\n\t$1\n}", "What is given out."),
    ("languageVersion", "\"2.0\"", "`2.0` for symbolic names."),
    ("definitions", "{\n\t$1\n}", "Types of your own."),
    ("metadata", "{\n\t$1\n}", "Notes; also where rules are silenced."),
];
const PARAMETER: [Fixed; 9] = [
    ("type", "\"$1\"", "The type: `string`, `securestring`, `int`, `bool`, `object`, `secureObject`, `array`."),
    ("defaultValue", "$1", "What holds when nobody says anything else."),
    ("allowedValues", "[\n\t$1\n]", "All values there can be."),
    ("metadata", "{\n\t\"description\": \"$1\"\n}", "Notes."),
    ("minLength", "$1", "The least length."),
    ("maxLength", "$1", "The greatest length."),
    ("minValue", "$1", "The least value."),
    ("maxValue", "$1", "The greatest value."),
    ("nullable", "true", "May be left out."),
];
const PARAMETER_FILE: [Fixed; 4] = [
    (
        "$schema",
        "\"https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#\"",
        "Says that it is a parameter file.",
    ),
    ("contentVersion", "\"1.0.0.0\"", "A version of your own."),
    ("parameters", "{\n\t$1\n}", "The values, by parameter."),
    ("metadata", "{\n\t$1\n}", "Notes."),
];
const VALUE: [Fixed; 3] = [
    ("value", "$1", "The value of the parameter."),
    (
        "reference",
        "{\n\t\"keyVault\": {\n\t\t\"id\": \"$1\"\n\t},\n\t\"secretName\": \"$2\"\n}",
        "A secret of a key vault, read when it is deployed.",
    ),
    ("metadata", "{\n\t$1\n}", "Notes."),
];
const REFERENCE: [Fixed; 3] = [
    ("keyVault", "{\n\t\"id\": \"$1\"\n}", "The vault."),
    ("secretName", "\"$1\"", "The name of the secret."),
    ("secretVersion", "\"$1\"", "The version of the secret; without it, the newest."),
];
const OUTPUT: [Fixed; 4] = [
    ("type", "\"$1\"", "The type."),
    ("value", "\"[$1]\"", "The value."),
    ("condition", "\"[$1]\"", "Given out only when this is true."),
    ("metadata", "{\n\t\"description\": \"$1\"\n}", "Notes."),
];
const MODULE: [Fixed; 4] = [
    ("name", "'$1'", "The name of the deployment."),
    ("params", "{\n\t$1\n}", "What the module is told."),
    ("scope", "$1", "Where it is deployed."),
    ("dependsOn", "[\n\t$1\n]", "What has to be deployed first."),
];

pub(super) fn offer(request: &Request<'_>, at: &KeyAt, items: &mut Vec<Item>) {
    let context = &request.context;
    let present = context.siblings(at);
    let is_present = |name: &str| present.iter().any(|own| own.eq_ignore_ascii_case(name));
    let fixed = |all: &[Fixed], items: &mut Vec<Item>| {
        for (index, &(name, rest, doc)) in all.iter().enumerate() {
            if !is_present(name) && !items.iter().any(|item: &Item| item.label == name) {
                let item = at.item(name, &key(name, request.language()), rest);
                items.push(item.documentation(doc).sort(format!("2{index:02}")).again(rest == "\"$1\""));
            }
        }
    };
    match &context.owner {
        Owner::Resource(resource) => {
            if let Some(ty) = resource.ty()
                && let Some(version) = resource.api_version(ty)
                && let Some(node) = at_path(ty, version, &context.path)
                && let Type::Object(object) = node.ty()
            {
                for property in properties(request, object, at) {
                    if !property.read_only() && !is_present(property.name()) {
                        items.push(property_item(request, at, ty, property));
                    }
                }
            }
            if context.path.is_empty() {
                if request.is_json() { fixed(&JSON_RESOURCE, items) } else { fixed(&BICEP_RESOURCE, items) }
            }
        }
        Owner::Template if request.is_parameter_file() => match context.path.as_slice() {
            [] => fixed(&PARAMETER_FILE, items),
            path if is_path(path, &["parameters", "*"]) => fixed(&VALUE, items),
            path if is_path(path, &["parameters", "*", "reference"]) => fixed(&REFERENCE, items),
            path if is_path(path, &["parameters", "*", "reference", "keyVault"]) => {
                fixed(&[("id", "\"$1\"", "The resource ID of the vault.")], items);
            }
            _ => {}
        },
        Owner::Template => match context.path.as_slice() {
            [] => fixed(&SECTIONS, items),
            path if is_path(path, &["parameters", "*"]) => fixed(&PARAMETER, items),
            path if is_path(path, &["outputs", "*"]) => fixed(&OUTPUT, items),
            _ => {}
        },
        Owner::Module { path } => match context.path.as_slice() {
            [] => fixed(&MODULE, items),
            ["params"] => module_parameters(request, at, path, items),
            _ => {}
        },
        Owner::Declaration => {}
    }
}

/// The properties of an object, those of the variant that was chosen included.
fn properties(request: &Request<'_>, object: Object, at: &KeyAt) -> Vec<Property> {
    let mut all: Vec<Property> = object.properties().collect();
    if let Some(name) = object.discriminator() {
        let chosen = request.context.scan.scalar(at.frame, name);
        for (value, variant) in object.variants() {
            if chosen.is_none_or(|chosen| chosen.eq_ignore_ascii_case(value)) {
                for property in variant.properties() {
                    if !all.iter().any(|own| own.name() == property.name()) {
                        all.push(property);
                    }
                }
            }
        }
    }
    all
}

fn property_item(request: &Request<'_>, at: &KeyAt, ty: ResourceType, property: Property) -> Item {
    let name = property.name();
    let (rest, again) = skeleton(property, request.language());
    let mut path = request.context.path.clone();
    path.push(name);
    let mut item = at.item(name, &key(name, request.language()), &rest);
    item.deprecated = is_deprecated(property);
    let rank = if property.required() {
        '0'
    } else if item.deprecated {
        '4'
    } else if USUAL.contains(&name) {
        '1'
    } else {
        '3'
    };
    // What decides about all else, although nothing says so.
    let in_kubelet = context_is_kubelet(request);
    let first = if matches!(name, "type" | "enabled") || (in_kubelet && name == "resourceId") { "0" } else { "" };
    let version = request.context.resource().and_then(|resource| resource.api_version(ty));
    if let Some(version) = version {
        item.documentation = Some(page(ty, version, &path, property));
    }
    item.detail(detail(property)).sort(format!("{first}{rank}{name}")).again(again && !at.has_colon)
}

/// Of the three things that are known of the kubelets' identity only one has to be written.
fn context_is_kubelet(request: &Request<'_>) -> bool {
    request.is_in(CLUSTER) && is_path(&request.context.path, &["properties", "identityProfile", "*"])
}

/// What a key is for that is the same in every API version.
pub(crate) fn fixed_doc(owner: &Owner<'_>, path: &[&str], name: &str, is_json: bool) -> Option<&'static str> {
    let all: &[Fixed] = match (owner, path) {
        (Owner::Resource(_), []) if is_json => &JSON_RESOURCE,
        (Owner::Resource(_), []) => &BICEP_RESOURCE,
        (Owner::Template, []) => &SECTIONS,
        (Owner::Template, path) if is_path(path, &["parameters", "*"]) => {
            let value = VALUE.iter().find(|(own, ..)| own.eq_ignore_ascii_case(name));
            return value.or(PARAMETER.iter().find(|(own, ..)| own.eq_ignore_ascii_case(name))).map(|fixed| fixed.2);
        }
        (Owner::Template, path) if is_path(path, &["parameters", "*", "reference"]) => &REFERENCE,
        (Owner::Template, path) if is_path(path, &["outputs", "*"]) => &OUTPUT,
        (Owner::Module { .. }, []) => &MODULE,
        _ => return None,
    };
    all.iter().find(|(own, ..)| own.eq_ignore_ascii_case(name)).map(|fixed| fixed.2)
}

/// The parameters of the module in another file.
fn module_parameters(request: &Request<'_>, at: &KeyAt, path: &str, items: &mut Vec<Item>) {
    let view = request.view;
    let Some(file) = view.file_of(view.file, path) else { return };
    let present = request.context.siblings(at);
    for parameter in view.workspace.file(file).template.iter().flat_map(|template| &template.parameters) {
        let name = parameter.name.as_str();
        if present.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            continue;
        }
        let required = parameter.default.is_none() && !parameter.ty.nullable;
        let rank = if required { "0" } else { "1" };
        let item = at.item(name, &key(name, request.language()), &super::parameter::value_of(parameter, request));
        items.push(super::parameter::described(item, view, file, parameter).sort(format!("{rank}{name}")));
    }
}
