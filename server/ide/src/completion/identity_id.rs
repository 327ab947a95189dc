//! Identities in scope: as keys of `userAssignedIdentities`, as resource IDs, as principals, as dependencies; and the keys
//! of the maps around them.

use syntax::{Carrier, TextRange};
use template::model::{Resource, Template};

use super::context::{KeyAt, Owner, ValueAt};
use super::{Item, Kind, Request, escape, is_path, item};
use crate::expressions::{CLUSTER, IDENTITY};
use crate::facts::key;

/// The type of federated credentials.
const CREDENTIAL: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";

/// Add-ons that a cluster can have in 2026; what they do.
pub(crate) const ADDONS: [(&str, &str); 6] = [
    ("azureKeyvaultSecretsProvider", "Mounts secrets of a vault; has an identity of its own."),
    ("azurepolicy", "Enforces Azure Policy in the cluster."),
    ("omsagent", "Sends logs and metrics to a Log Analytics workspace."),
    ("ingressApplicationGateway", "Application Gateway as ingress; has an identity of its own."),
    ("aciConnectorLinux", "Virtual nodes; has an identity of its own."),
    ("ACCSGXDevicePlugin", "Confidential computing on SGX nodes."),
];

/// What add-ons are told in `config`: add-on, key, value, what it is.
const CONFIG: [(&str, &str, &str, &str); 11] = [
    ("azureKeyvaultSecretsProvider", "enableSecretRotation", "true", "Whether mounted secrets follow the vault."),
    ("azureKeyvaultSecretsProvider", "rotationPollInterval", "2m", "How often the vault is looked at."),
    ("azurepolicy", "version", "v2", "The version of the add-on."),
    ("omsagent", "logAnalyticsWorkspaceResourceID", "", "The workspace that logs go to."),
    ("omsagent", "useAADAuth", "true", "Signs in with a managed identity in place of the key of the workspace."),
    ("ingressApplicationGateway", "applicationGatewayId", "", "The gateway to use."),
    ("ingressApplicationGateway", "applicationGatewayName", "", "The name of a gateway to be made."),
    ("ingressApplicationGateway", "subnetId", "", "The subnet for a gateway to be made."),
    ("ingressApplicationGateway", "subnetCIDR", "", "The addresses of a subnet to be made for the gateway."),
    ("ingressApplicationGateway", "watchNamespace", "", "The namespaces whose ingresses count."),
    ("aciConnectorLinux", "SubnetName", "", "The subnet for virtual nodes."),
];

/// Keys of the maps that hold identities.
pub(super) fn offer_keys(request: &Request<'_>, at: &KeyAt, items: &mut Vec<Item>) {
    let path = request.context.path.as_slice();
    let present = request.context.siblings(at);
    let is_new = |name: &str| !present.iter().any(|own| own.eq_ignore_ascii_case(name));
    if is_path(path, &["identity", "userAssignedIdentities"]) {
        for identity in identities(request) {
            let key = if request.is_json() {
                format!("\"[{}]\"", Carrier::Json.encode(&identity.id))
            } else {
                format!("'${{{}}}'", identity.id)
            };
            if !is_new(key.trim_matches(['"', '\''])) {
                continue;
            }
            let mut item = at.item(&identity.label, &key, "{}");
            if !at.quoted {
                item.filter = Some(identity.label.clone());
            }
            item.kind = Kind::Resource;
            items.push(item.detail(identity.what).sort(format!("0{}", identity.rank)));
        }
    } else if request.is_in(CLUSTER) && is_path(path, &["properties", "identityProfile"]) && is_new("kubeletidentity") {
        let key = key("kubeletidentity", request.language());
        let first = identities(request).into_iter().find(|identity| identity.label.to_lowercase().contains("kubelet"));
        let value = first.map_or_else(
            || if request.is_json() { "\"[$1]\"".to_owned() } else { "$1".to_owned() },
            |identity| escape(&request.expression(&identity.id)),
        );
        let resource_id = crate::facts::key("resourceId", request.language());
        let item = at.item("kubeletidentity", &key, &format!("{{\n\t{resource_id}: {value}\n}}"));
        items.push(
            item.documentation("The identity that the kubelets act with: it pulls images. The only key there is.")
                .sort("0"),
        );
    } else if request.is_in(CLUSTER) && is_path(path, &["properties", "addonProfiles"]) {
        for (name, what) in ADDONS.into_iter().filter(|(name, _)| is_new(name)) {
            let enabled = crate::facts::key("enabled", request.language());
            let item = at.item(name, &key(name, request.language()), &format!("{{\n\t{enabled}: true\n}}"));
            items.push(item.documentation(what).sort("0"));
        }
    } else if request.is_in(CLUSTER) && is_path(path, &["properties", "addonProfiles", "*", "config"]) {
        let of_addon = CONFIG.iter().filter(|(addon, ..)| addon.eq_ignore_ascii_case(path[2]));
        for (_, name, value, what) in of_addon.filter(|(_, name, ..)| is_new(name)) {
            let quote = request.context.scan.quote();
            let value = if value.is_empty() { "$1".to_owned() } else { format!("${{1:{value}}}") };
            let item = at.item(name, &key(name, request.language()), &format!("{quote}{value}{quote}"));
            items.push(item.documentation(*what).sort("0"));
        }
    }
}

/// Values that are IDs, principals or dependencies.
pub(super) fn offer_values(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let path = request.context.value_path(at);
    let in_cluster = request.is_in(CLUSTER);
    if in_cluster && wants_id(&path) {
        for identity in identities(request) {
            let text = request.expression(&identity.id);
            // In Bicep the symbol alone is offered as well, and means something else.
            let label = if request.is_json() { &identity.label } else { &identity.id };
            let item = at.item(label, Kind::Resource, &text);
            items.push(item.detail(identity.what).sort(format!("0{}", identity.rank)));
        }
    }
    if request.is_in(CREDENTIAL) {
        credential(request, at, &path, items);
    }
    if request.is_in("Microsoft.Authorization/roleAssignments") && is_path(&path, &["properties", "principalId"]) {
        let make = |label: &str, text: &str| at.item(label, Kind::Resource, &request.expression(text));
        principals(request, &make, items);
    }
    if is_path(&path, &["dependsOn", "[]"]) && !matches!(request.context.owner, Owner::Template) {
        dependencies(request, at, items);
    }
    if is_path(&path, &["scope"]) || (!request.is_json() && is_path(&path, &["parent"])) {
        holders(request, at, &path, items);
    }
}

/// Whether the ID of an identity belongs at a path of a cluster.
fn wants_id(path: &[&str]) -> bool {
    is_path(path, &["properties", "identityProfile", "*", "resourceId"])
        || is_path(
            path,
            &["properties", "podIdentityProfile", "userAssignedIdentities", "[]", "identity", "resourceId"],
        )
}

/// IDs of identities as expressions: in `'${…}'` and behind operators.
pub(super) fn offer_expressions(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let path = request.context.path.as_slice();
    let with_key = request.context.path_of_string();
    let is_key = is_path(path, &["identity", "userAssignedIdentities"]);
    if !is_key && !(request.is_in(CLUSTER) && (wants_id(path) || wants_id(&with_key))) {
        return;
    }
    for identity in identities(request) {
        let item = item(&identity.id, Kind::Resource, range, &identity.id);
        items.push(item.detail(identity.what).sort(format!("0{}", identity.rank)));
    }
}

/// Whether the ID of an identity is wanted where an ARM expression stands.
pub(super) fn wants_identity(request: &Request<'_>) -> bool {
    is_path(&request.context.path, &["identity", "userAssignedIdentities"])
        || (request.is_in(CLUSTER) && wants_id(&request.context.path_of_string()))
}

/// What a federated credential says: whose tokens are trusted, and for whom.
fn credential(request: &Request<'_>, at: &ValueAt<'_>, path: &[&str], items: &mut Vec<Item>) {
    if is_path(path, &["properties", "issuer"]) {
        let Some(template) = request.template else { return };
        for cluster in template.resources.iter().filter(|resource| resource.is_type(CLUSTER)) {
            let Some(id) = request.view.id_expression(cluster, template) else { continue };
            let text = if request.is_json() {
                let version = version_of(cluster, template).unwrap_or_default();
                format!("reference({id}, '{version}').oidcIssuerProfile.issuerURL")
            } else {
                format!("{}.properties.oidcIssuerProfile.issuerURL", id.strip_suffix(".id").unwrap_or_default())
            };
            let label = format!("{}: issuer", request.view.short_name(cluster, template));
            let item = at.item(&label, Kind::Resource, &request.expression(&text));
            items.push(item.detail("the cluster's issuer").sort("0"));
        }
    } else if is_path(path, &["properties", "audiences", "[]"]) {
        let audience = "api://AzureADTokenExchange";
        items.push(at.item(audience, Kind::Value, &request.quoted(audience)).sort("0"));
    } else if is_path(path, &["properties", "subject"]) {
        let quote = request.context.scan.quote();
        let text = format!("{quote}system:serviceaccount:${{1:namespace}}:${{2:name}}{quote}");
        let item = at.item("system:serviceaccount", Kind::Value, &text).snippet();
        items.push(item.documentation("The service account, with its namespace.").sort("0"));
    }
}

/// What a resource can be a child of or extend.
fn holders(request: &Request<'_>, at: &ValueAt<'_>, path: &[&str], items: &mut Vec<Item>) {
    let Some(template) = request.template else { return };
    let own = request.context.resource().map(|resource| resource.type_name.as_str()).unwrap_or_default();
    let parent = own.rsplit_once('/').map_or("", |(parent, _)| parent);
    let is_parent = path == ["parent"];
    for resource in template.resources.iter().filter(|it| !it.range.contains(request.context.scan.offset)) {
        if is_parent && !resource.is_type(parent) {
            continue;
        }
        let written = if request.is_json() {
            request.view.id_expression(resource, template).map(|id| request.expression(&id))
        } else {
            resource.symbol.as_ref().map(|symbol| symbol.name.to_string())
        };
        let Some(text) = written else { continue };
        let item = at.item(&request.view.short_name(resource, template), Kind::Resource, &text);
        items.push(item.detail(resource.resource_type.as_deref().unwrap_or_default()).sort("0"));
    }
    if !is_parent && !request.is_json() {
        for function in ["resourceGroup", "subscription", "managementGroup", "tenant"] {
            let item = at.item(function, Kind::Function, &format!("{function}()"));
            items.push(item.sort(format!("1{function}")));
        }
    }
}

/// An identity that can be referred to.
struct Choice {
    label: String,
    /// Its ID, as an expression.
    id: String,
    what: &'static str,
    rank: u8,
}

fn identities(request: &Request<'_>) -> Vec<Choice> {
    let Some(template) = request.template else { return Vec::new() };
    let mut all = Vec::new();
    for resource in template.resources.iter().filter(|resource| resource.is_type(IDENTITY)) {
        if let Some(id) = request.view.id_expression(resource, template) {
            let what = if resource.existing { "existing identity" } else { "identity of this template" };
            all.push(Choice { label: request.view.short_name(resource, template), id, what, rank: 0 });
        }
    }
    for parameter in &template.parameters {
        let name = parameter.name.as_str();
        let lower = name.to_ascii_lowercase();
        if lower.contains("identity") && (lower.ends_with("id") || lower.ends_with("resourceid")) {
            let id = if request.is_json() { format!("parameters('{name}')") } else { name.to_owned() };
            all.push(Choice { label: name.to_owned(), id, what: "parameter", rank: 1 });
        }
    }
    all
}

/// Principals in an ARM expression that has nothing else in it yet.
pub(super) fn offer_principals(request: &Request<'_>, range: TextRange, items: &mut Vec<Item>) {
    let is_principal = request.is_in("Microsoft.Authorization/roleAssignments")
        && is_path(&request.context.path_of_string(), &["properties", "principalId"]);
    if is_principal {
        principals(request, &|label, text| item(label, Kind::Resource, range, text), items);
    }
}

fn principals(request: &Request<'_>, make: &dyn Fn(&str, &str) -> Item, items: &mut Vec<Item>) {
    let Some(template) = request.template else { return };
    let mut push = |label: String, text: String, detail: &str, rank: u8| {
        items.push(make(&label, &text).detail(detail).sort(format!("0{rank}")));
    };
    for resource in &template.resources {
        let Some(id) = request.view.id_expression(resource, template) else { continue };
        let name = request.view.short_name(resource, template);
        let version = version_of(resource, template).unwrap_or_default();
        let symbol = id.strip_suffix(".id").unwrap_or_default();
        if resource.is_type(IDENTITY) {
            let text = if request.is_json() {
                format!("reference({id}, '{version}').principalId")
            } else {
                format!("{symbol}.properties.principalId")
            };
            push(format!("{name}: principalId"), text, "the identity's principal", 0);
        } else if resource.is_type(CLUSTER) {
            let (kubelet, control) = if request.is_json() {
                (
                    format!("reference({id}, '{version}').identityProfile.kubeletidentity.objectId"),
                    format!("reference({id}, '{version}', 'Full').identity.principalId"),
                )
            } else {
                (
                    format!("{symbol}.properties.identityProfile.kubeletidentity.objectId"),
                    format!("{symbol}.identity.principalId"),
                )
            };
            push(format!("{name}: kubelet"), kubelet, "pulls images", 1);
            push(format!("{name}: control plane"), control, "only of a system-assigned identity", 2);
        }
    }
}

fn version_of<'t>(resource: &Resource, template: &'t Template) -> Option<&'t str> {
    match template.expr(resource.api_version?) {
        template::Expr::Str(version) => Some(version),
        _ => None,
    }
}

fn dependencies(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let Some(template) = request.template else { return };
    let own = request.context.scan.offset;
    for resource in template.resources.iter().filter(|resource| !resource.range.contains(own) && !resource.existing) {
        let text = match &resource.symbol {
            Some(symbol) if request.is_json() => request.quoted(symbol.name.as_str()),
            Some(symbol) => symbol.name.to_string(),
            None => match request.view.id_expression(resource, template) {
                Some(id) => request.expression(&id),
                None => continue,
            },
        };
        let name = request.view.short_name(resource, template);
        let item = at.item(&name, Kind::Resource, &text);
        items.push(item.detail(resource.resource_type.as_deref().unwrap_or_default()).sort("0"));
    }
    for module in template.modules.iter().filter(|module| !module.range.contains(own)) {
        if let Some(symbol) = &module.symbol {
            let text = if request.is_json() { request.quoted(symbol.name.as_str()) } else { symbol.name.to_string() };
            items.push(at.item(symbol.name.as_str(), Kind::Module, &text).detail("module").sort("0"));
        }
    }
}
