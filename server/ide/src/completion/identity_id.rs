//! Identities in scope: as keys of `userAssignedIdentities`, as resource IDs, as principals, as dependencies; and the keys
//! of the maps around them.

use syntax::Carrier;
use template::model::{Resource, Template};

use super::context::{KeyAt, ValueAt};
use super::{Item, Kind, Request, escape, is_path};
use crate::expressions::{CLUSTER, IDENTITY};
use crate::facts::key;

/// Add-ons that a cluster can have in 2026; what they do.
const ADDONS: [(&str, &str); 6] = [
    ("azureKeyvaultSecretsProvider", "Mounts secrets of a vault; has an identity of its own."),
    ("azurepolicy", "Enforces Azure Policy in the cluster."),
    ("omsagent", "Sends logs and metrics to a Log Analytics workspace."),
    ("ingressApplicationGateway", "Application Gateway as ingress; has an identity of its own."),
    ("aciConnectorLinux", "Virtual nodes; has an identity of its own."),
    ("ACCSGXDevicePlugin", "Confidential computing on SGX nodes."),
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
            item.filter = Some(if at.quoted { key.clone() } else { identity.label.clone() });
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
    }
}

/// Values that are IDs, principals or dependencies.
pub(super) fn offer_values(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let path = request.context.value_path(at);
    let in_cluster = request.is_in(CLUSTER);
    let wants_id = in_cluster
        && (is_path(&path, &["properties", "identityProfile", "*", "resourceId"])
            || is_path(
                &path,
                &["properties", "podIdentityProfile", "userAssignedIdentities", "[]", "identity", "resourceId"],
            ));
    if wants_id {
        for identity in identities(request) {
            let text = request.expression(&identity.id);
            let item = at.item(&identity.label, Kind::Resource, &text);
            let item = if at.quoted { item.filter(text.clone()) } else { item };
            items.push(item.detail(identity.what).sort(format!("0{}", identity.rank)));
        }
    }
    if request.is_in("Microsoft.Authorization/roleAssignments") && is_path(&path, &["properties", "principalId"]) {
        principals(request, at, items);
    }
    if is_path(&path, &["dependsOn", "[]"]) && request.context.resource().is_some() {
        dependencies(request, at, items);
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

fn principals(request: &Request<'_>, at: &ValueAt<'_>, items: &mut Vec<Item>) {
    let Some(template) = request.template else { return };
    let mut push = |label: String, text: String, detail: &str, rank: u8| {
        let text = request.expression(&text);
        let item = at.item(&label, Kind::Resource, &text);
        let item = if at.quoted { item.filter(text.clone()) } else { item };
        items.push(item.detail(detail).sort(format!("0{rank}")));
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
        let item = if at.quoted { item.filter(text.clone()) } else { item };
        items.push(item.detail(resource.resource_type.as_deref().unwrap_or_default()).sort("0"));
    }
}
