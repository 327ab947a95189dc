//! Changes of a template that are worth making without there being a mistake: fixes of rules, and refactorings in editors.
//!
//! Each gives `None`, or nothing, when there is nothing to change or when it cannot be done as a whole.

use rustc_hash::FxHashSet;
use syntax::TextRange;
use template::Expr;
use template::aks::{CLUSTER, Case, Cluster, IdEntry, Identity, IdentityBlock, Ids, Kind, Principal, PropertyAt, Slot};
use template::eval::{Evaluator, Place};
use template::value::{ResourceRef, Value};
use template::workspace::{FileId, Workspace};

use crate::kubelet_grant::own_kubelet_identity;
use crate::offers::{Offer, View, control_planes, is_kubelet_like, label_of_id, new_identity};
use crate::write::Target;
use crate::{Applicability, At, Fix, New, Rewrite};

/// The refactorings of the cluster that a place of a file is in, the one that changes least first; none outside of clusters.
/// The same for the same text: the number of one in this list is a name for it.
pub fn at(workspace: &Workspace, file: FileId, range: TextRange) -> Vec<Fix> {
    let Some(eval) = Evaluator::new(workspace, file) else { return Vec::new() };
    let around = eval.clusters().into_iter().filter(|cluster| {
        let location = eval.in_file(cluster.scope, eval.resource(*cluster).range);
        location.file == file && location.range.contains_range(range)
    });
    let Some(cluster) = around.min_by_key(|cluster| eval.resource(*cluster).range.len()) else { return Vec::new() };
    let cluster = Cluster::new(&eval, cluster);
    let mut fixes: Vec<Fix> = principal_to_system_assigned(&eval, &cluster).into_iter().collect();
    fixes.extend(principal_to_user_assigned(&eval, &cluster));
    fixes.extend(system_to_user_assigned(&eval, &cluster));
    fixes.extend(second_identity_to_kubelet(&eval, &cluster));
    fixes.extend(own_kubelet_identity(&eval, &cluster));
    fixes.extend(pod_identity_to_workload_identity(&eval, &cluster));
    fixes
}

/// Gives a cluster with a service principal a system-assigned identity: adds the `identity`, drops the
/// `servicePrincipalProfile`, and with it the parameters and variables that only it uses, and their values in parameter files.
pub fn principal_to_system_assigned<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>) -> Option<Fix> {
    if !takes(cluster, "SystemAssigned") {
        return None;
    }
    let rewrite = with_identity(eval, cluster, "SystemAssigned", None)?;
    let title = "Replace the service principal with a system-assigned identity";
    without_principal(rewrite, cluster)?.fix(title, Applicability::Unsafe)
}

/// The same with a user-assigned identity: each one that is declared beside the cluster and not meant for its nodes, else a
/// new one.
pub fn principal_to_user_assigned<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>) -> Vec<Fix> {
    if !takes(cluster, "UserAssigned") {
        return Vec::new();
    }
    let fix = |offer: Offer| {
        let rewrite = with_identity(eval, cluster, "UserAssigned", Some(&offer))?;
        let rewrite = without_principal(offer.declare(rewrite, cluster.resource), cluster)?;
        let title = match &offer {
            Offer::Declared(_) => format!("Replace the service principal with the identity {}", offer.label(eval)),
            Offer::New(_) => "Replace the service principal with a new user-assigned identity".to_owned(),
        };
        rewrite.fix(title, Applicability::Unsafe)
    };
    control_planes(eval, cluster).into_iter().filter_map(fix).collect()
}

/// Gives a cluster with a system-assigned identity a new user-assigned one, and makes what reads its `identity.principalId`
/// or `identity.tenantId` read those of the new identity.
pub fn system_to_user_assigned<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>) -> Option<Fix> {
    let block = only_block(cluster)?;
    let IdentityBlock::Object { kind: Kind::SystemAssigned, .. } = &block.block else { return None };
    if !eval.is_braces(block.slot.place?) {
        return None;
    }
    let offer = Offer::New(Box::new(new_identity(eval, cluster, "identity")));
    with_user_assigned(eval, cluster, block, &offer)?
        .fix("Change to a new user-assigned identity", Applicability::Unsafe)
}

/// Gives the control plane a user-assigned identity in the place of what it has in one case: each identity that is declared
/// beside the cluster and not meant for its nodes, else a new one.
pub(crate) fn to_user_assigned<'a>(
    eval: &'a Evaluator<'a>,
    cluster: &Cluster<'_, '_>,
    identity: &Identity,
) -> Vec<Fix> {
    let fix = |offer: Offer| {
        let title = format!("Give the control plane {}", offer.label(eval));
        with_user_assigned(eval, cluster, identity, &offer)?.fix(title, Applicability::Unsafe)
    };
    control_planes(eval, cluster).into_iter().filter_map(fix).collect()
}

/// The identity block of one case with a user-assigned identity, and what read the principal of the block reads that of the
/// identity.
fn with_user_assigned<'a>(
    eval: &'a Evaluator<'a>,
    cluster: &Cluster<'_, '_>,
    identity: &Identity,
    offer: &Offer,
) -> Option<Rewrite<'a>> {
    if !takes(cluster, "UserAssigned") {
        return None;
    }
    let map = New::Object(vec![(offer.id(), New::empty_object())]);
    let mut rewrite = match &identity.block {
        IdentityBlock::Object { kind_slot, .. } => Rewrite::new(eval)
            .replace(kind_slot.place?, New::str("UserAssigned"))
            .set(identity.slot.place?, At::After("type"), "userAssignedIdentities", map),
        _ => {
            let block = New::object([("type", New::str("UserAssigned")), ("userAssignedIdentities", map)]);
            Rewrite::new(eval).set(identity.slot.holder?, At::Before("properties"), "identity", block)
        }
    };
    rewrite = offer.declare(rewrite, cluster.resource);
    let mut readers: Vec<ResourceRef> = Vec::new();
    for (place, property) in reads_of_identity(eval, cluster.resource) {
        if place.scope != cluster.resource.scope {
            return None; // the identity has no name there
        }
        let path = vec!["properties".to_owned(), property];
        rewrite = rewrite.replace(place, New::Read(offer.target(), path));
        let reader = resource_around(eval, place).filter(|reader| *reader != cluster.resource);
        if let Some(reader) = reader.filter(|reader| !readers.contains(reader)) {
            readers.push(reader);
        }
    }
    for reader in readers {
        rewrite = rewrite.depend_unless_implied(reader, offer.target());
    }
    Some(rewrite)
}

/// Makes the second of two user-assigned identities that of the kubelet.
pub fn second_identity_to_kubelet<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>) -> Option<Fix> {
    let block = only_block(cluster)?;
    let IdentityBlock::Object { ids: Ids::Map { entries, .. }, ids_slot, .. } = &block.block else { return None };
    let entries = distinct(eval, entries, ids_slot);
    if entries.len() < 2 {
        return None;
    }
    let entry = entries[extra(eval, cluster, &entries)];
    if !is_alone(&entries, entry) {
        return None;
    }
    let fix = entry_to_kubelet(eval, cluster, entry)?;
    let id = entry.property.and_then(|property| eval.parse_id(&entry.key, property.object.scope, property.object));
    let name = id.map_or_else(|| "the second identity".to_owned(), |id| format!("`{}`", label_of_id(eval, &id)));
    let title = if cluster.kubelet_ids().is_empty() {
        format!("Make {name} the identity of the kubelet")
    } else {
        format!("Remove {name} from the control plane: it is the identity of the kubelet already")
    };
    Some(Fix { title, ..fix })
}

/// Replaces the pod identity add-on with workload identity: switches on `oidcIssuerProfile` and
/// `securityProfile.workloadIdentity`, and drops the `podIdentityProfile`. The federated credentials of the applications are
/// left to be written.
pub fn pod_identity_to_workload_identity<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>) -> Option<Fix> {
    let pod = written(cluster, &["properties", "podIdentityProfile"])?;
    let (_, pod_property) = eval.property(pod)?;
    let pod_value = Place { expr: pod_property.value, ..pod.object };
    let (mut rewrite, missing) = with_workload_identity(eval, cluster)?;
    // What has to be new goes into the place of the old profile, so that no two insertions meet at the end of `properties`.
    let mut is_free = true;
    for (name, value) in missing {
        rewrite = if std::mem::take(&mut is_free) {
            rewrite.rename_key(pod, name).replace(pod_value, value)
        } else {
            rewrite.insert(pod.object, At::First, name, value)
        };
    }
    if is_free {
        rewrite = rewrite.remove(pod.object, &[pod.number as usize]);
    }
    let names = vec![pod_property.value];
    let title = "Replace pod identity with workload identity";
    rewrite.drop_unused(pod.object.scope, &names).fix(title, Applicability::Unsafe)
}

/// Switches on workload identity and the OIDC issuer that it needs.
pub(crate) fn enable_workload_identity<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>) -> Option<Fix> {
    let (mut rewrite, missing) = with_workload_identity(eval, cluster)?;
    let properties = cluster.slots(&["properties"]);
    let [Case { value: properties, .. }] = &properties[..] else { return None };
    for ((name, value), at) in missing.into_iter().zip([At::Last, At::First]) {
        rewrite = rewrite.insert(properties.place?, at, name, value);
    }
    rewrite.fix("Enable the OIDC issuer and workload identity", Applicability::Unsafe)
}

/// Switches on what of workload identity is written already; what is not has still to be put into `properties`.
fn with_workload_identity<'a>(
    eval: &'a Evaluator<'a>,
    cluster: &Cluster<'_, '_>,
) -> Option<(Rewrite<'a>, Vec<(&'static str, New)>)> {
    if !has(cluster, "properties.oidcIssuerProfile") || !has(cluster, "properties.securityProfile.workloadIdentity") {
        return None;
    }
    let enabled = || New::object([("enabled", New::Bool(true))]);
    let only = |path: &[&str]| match cluster.slots(path).as_slice() {
        [only] => Some(only.value.clone()),
        _ => None,
    };
    let issuer = only(&["properties", "oidcIssuerProfile"])?;
    let security = only(&["properties", "securityProfile"])?;
    let workload = only(&["properties", "securityProfile", "workloadIdentity"])?;
    let mut rewrite = Rewrite::new(eval);
    let mut missing: Vec<(&str, New)> = Vec::new();
    match (&issuer.value, issuer.place) {
        (Value::Null, None) => missing.push(("oidcIssuerProfile", enabled())),
        (Value::Null, Some(place)) => rewrite = rewrite.replace(place, enabled()),
        (Value::Object(_), Some(place)) => rewrite = rewrite.set(place, At::Last, "enabled", New::Bool(true)),
        _ => return None,
    }
    match (&security.value, security.place, &workload.value, workload.place) {
        (Value::Null, None, ..) => missing.push(("securityProfile", New::object([("workloadIdentity", enabled())]))),
        (Value::Null, Some(place), ..) => {
            rewrite = rewrite.replace(place, New::object([("workloadIdentity", enabled())]));
        }
        (Value::Object(_), Some(_), Value::Object(_), Some(place)) => {
            rewrite = rewrite.set(place, At::Last, "enabled", New::Bool(true));
        }
        (Value::Object(_), Some(place), Value::Null, _) => {
            rewrite = rewrite.set(place, At::Last, "workloadIdentity", enabled());
        }
        _ => return None,
    }
    Some((rewrite, missing))
}

// --------------------------------------------------------------------------------------------------- shared with rules

/// Drops the `servicePrincipalProfile`, with the parameters and variables that only it uses.
pub(crate) fn drop_principal<'a>(
    rewrite: Rewrite<'a>,
    eval: &Evaluator<'_>,
    profile: PropertyAt,
) -> Option<Rewrite<'a>> {
    let (_, property) = eval.property(profile)?;
    let rewrite = rewrite.remove(profile.object, &[profile.number as usize]);
    Some(rewrite.drop_unused(profile.object.scope, &[property.value]))
}

/// The entries that name different identities, as far as can be told: the first of each.
pub(crate) fn distinct<'e>(eval: &Evaluator<'_>, entries: &'e [IdEntry], map: &Slot) -> Vec<&'e IdEntry> {
    let mut seen = FxHashSet::default();
    let mut distinct = Vec::new();
    for entry in entries {
        let canon = eval.canon_of_key(&entry.key, entry.property.map(|property| property.object).or(map.place));
        if seen.insert(canon) {
            distinct.push(entry);
        }
    }
    distinct
}

/// Whether an entry is written for itself; a lambda writes one for all elements of a list.
pub(crate) fn is_alone(entries: &[&IdEntry], entry: &IdEntry) -> bool {
    entries.iter().filter(|other| other.property == entry.property).count() == 1
}

/// Which of the entries is one too many: the one meant for the nodes, else the last.
pub(crate) fn extra<'w>(view: &impl View<'w>, cluster: &Cluster<'_, '_>, entries: &[&IdEntry]) -> usize {
    entries.iter().rposition(|entry| is_kubelet(view, cluster, entry)).unwrap_or(entries.len().saturating_sub(1))
}

/// Whether the entry is the one that is meant for the nodes.
fn is_kubelet<'w>(view: &impl View<'w>, cluster: &Cluster<'_, '_>, entry: &IdEntry) -> bool {
    let Some(place) = entry.property.map(|property| property.object) else { return false };
    let Some(id) = view.view().parse_id(&entry.key, place.scope, place) else {
        return is_kubelet_like(&entry.key.sketch());
    };
    cluster.kubelet_ids().iter().any(|case| case.value.canon == id.canon) || is_kubelet_like(&label_of_id(view, &id))
}

/// Moves an entry of `userAssignedIdentities` to where the kubelet's identity belongs, or drops it when it is there already.
pub(crate) fn entry_to_kubelet<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>, entry: &IdEntry) -> Option<Fix> {
    let property = entry.property?;
    let rewrite = Rewrite::new(eval).remove(property.object, &[property.number as usize]);
    if !cluster.kubelet_ids().is_empty() {
        let title = "Remove it here: it is the identity of the kubelet already";
        return is_kubelet(eval, cluster, entry).then(|| rewrite.fix(title, Applicability::Safe))?;
    }
    let profile = cluster.slots(&["properties", "identityProfile"]);
    let [profile] = profile.as_slice() else { return None };
    if !profile.value.is_absent() || profile.value.depth == 0 {
        return None;
    }
    // The profile would be there in all cases, also where the control plane can have none.
    let refuses = |block: &IdentityBlock| match block {
        IdentityBlock::Absent => true,
        IdentityBlock::Object { kind, .. } => matches!(kind, Kind::SystemAssigned | Kind::None),
        _ => false,
    };
    if cluster.identities().iter().any(|case| refuses(&case.value.block)) {
        return None;
    }
    let scope = property.object.scope;
    let (_, written) = eval.property(property)?;
    let id = eval.parse_id(&entry.key, scope, property.object);
    let value = match id.and_then(|id| id.declared).filter(|declared| declared.scope == scope) {
        Some(declared) => New::Id(Target::Declared(declared)),
        None => New::Copy(Place { scope, expr: written.key }),
    };
    let kubelet = New::object([("kubeletidentity", New::object([("resourceId", value)]))]);
    rewrite
        .insert(profile.value.holder?, At::Last, "identityProfile", kubelet)
        .fix("Make it the identity of the kubelet", Applicability::Unsafe)
}

// --------------------------------------------------------------------------------------------------------------- parts

/// Adds an identity to a cluster that has none, or that has one of type `None`.
fn with_identity<'a>(
    eval: &'a Evaluator<'a>,
    cluster: &Cluster<'_, '_>,
    kind: &str,
    offer: Option<&Offer>,
) -> Option<Rewrite<'a>> {
    let block = only_block(cluster)?;
    let map = offer.map(|offer| New::Object(vec![(offer.id(), New::empty_object())]));
    match &block.block {
        IdentityBlock::Absent => {
            let mut members = vec![("type", New::str(kind))];
            members.extend(map.map(|map| ("userAssignedIdentities", map)));
            Some(Rewrite::new(eval).set(block.slot.holder?, At::Before("properties"), "identity", New::object(members)))
        }
        IdentityBlock::Object { kind: Kind::None, kind_slot, ids: Ids::Absent, .. } => {
            let rewrite = Rewrite::new(eval).replace(kind_slot.place?, New::str(kind));
            Some(match map {
                Some(map) => rewrite.insert(block.slot.place?, At::After("type"), "userAssignedIdentities", map),
                None => rewrite,
            })
        }
        _ => None,
    }
}

fn without_principal<'a>(rewrite: Rewrite<'a>, cluster: &Cluster<'_, '_>) -> Option<Rewrite<'a>> {
    drop_principal(rewrite, cluster.eval, written(cluster, &["properties", "servicePrincipalProfile"])?)
}

/// The identity block, when it does not depend on anything.
fn only_block<'c>(cluster: &'c Cluster<'_, '_>) -> Option<&'c Identity> {
    match cluster.identities() {
        [only] => Some(&only.value),
        _ => None,
    }
}

/// Where a property is written, when that is one place whatever its value is.
pub(crate) fn written(cluster: &Cluster<'_, '_>, path: &[&str]) -> Option<PropertyAt> {
    let slots = cluster.slots(path);
    let first = slots.first()?.value.property?;
    let is_whole = |slot: &Slot| slot.property == Some(first) && slot.depth == path.len();
    slots.iter().all(|case| is_whole(&case.value)).then_some(first)
}

/// The reads of `identity.principalId` and `identity.tenantId` of a cluster, wherever they are written, and what they read.
fn reads_of_identity(eval: &Evaluator<'_>, cluster: ResourceRef) -> Vec<(Place, String)> {
    let mut found = Vec::new();
    for scope in eval.all_scopes() {
        for (expr, written) in eval.template(scope).exprs.iter() {
            let Expr::Member { base, name, .. } = written else { continue };
            let Some(property) = ["principalId", "tenantId"].into_iter().find(|property| *name == **property) else {
                continue;
            };
            let base = eval.value(Place { scope, expr: *base });
            let Some(Value::Read(read)) = base.single() else { continue };
            if !read.is_path(&["identity"]) {
                continue;
            }
            let place = Place { scope, expr };
            let owner = eval.value(place).single().and_then(|value| eval.principal(value));
            if matches!(owner, Some(Principal::ControlPlane { cluster: owner, .. }) if owner == cluster) {
                found.push((place, property.to_owned()));
            }
        }
    }
    found
}

/// The innermost resource that an expression is written in.
fn resource_around(eval: &Evaluator<'_>, place: Place) -> Option<ResourceRef> {
    let template = eval.template(place.scope);
    let range = template.exprs.range(place.expr);
    let around = (0..).zip(&template.resources).filter(|(_, resource)| resource.range.contains_range(range));
    let innermost = around.min_by_key(|(_, resource)| resource.range.len());
    innermost.map(|(index, _)| ResourceRef { scope: place.scope, index, element: None })
}

/// Whether the API version of the cluster knows that kind of identity. One that is not known is taken to.
fn takes(cluster: &Cluster<'_, '_>, kind: &str) -> bool {
    at_version(cluster, |facts, version| {
        facts.versions_with_value("identity.type", kind).contains(version)
            || facts.versions_open("identity.type").contains(version)
    })
}

fn has(cluster: &Cluster<'_, '_>, path: &str) -> bool {
    at_version(cluster, |facts, version| facts.versions_with(path).contains(version))
}

fn at_version(cluster: &Cluster<'_, '_>, holds: impl Fn(schema::ResourceType, schema::ApiVersion) -> bool) -> bool {
    let version = cluster.api_version().and_then(|version| schema::ApiVersion::parse(&version));
    let facts = schema::resource_type(CLUSTER);
    match (facts, version) {
        (Some(facts), Some(version)) if facts.api_versions().contains(version) => holds(facts, version),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::apply_one;
    use crate::testing::workspace;

    /// The file after a refactoring of its only cluster; `None` when none is offered.
    fn after(
        path: &str,
        text: &str,
        refactor: impl for<'a> Fn(&'a Evaluator<'a>, &Cluster<'_, '_>) -> Option<Fix>,
    ) -> Option<String> {
        let files = workspace(&[(path, text)]);
        let eval = Evaluator::new(&files, FileId(0)).unwrap();
        let cluster = Cluster::new(&eval, eval.clusters()[0]);
        let fix = refactor(&eval, &cluster)?;
        let changed = apply_one(&fix, |_| text.to_owned()).unwrap().remove(&FileId(0)).unwrap();
        let parsed = workspace(&[(path, &changed)]);
        assert_eq!(parsed.file(FileId(0)).syntax_errors, [], "{changed}");
        Some(changed)
    }

    fn bicep(identity: &str, properties: &str, more: &str) -> String {
        format!(
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  location: 'westeurope'
{identity}  properties: {{
    dnsPrefix: 'aks'
{properties}  }}
}}
{more}"
        )
    }

    #[test]
    fn reads_follow_the_identity() {
        let before = bicep(
            "  identity: {\n    type: 'SystemAssigned'\n  }\n",
            "",
            "
var principal = aks.identity.principalId

output principal string = aks.identity.principalId
output tenant string = aks.identity.tenantId
output kubelet string = aks.properties.identityProfile.kubeletidentity.objectId
",
        );
        let expected = bicep(
            "  identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: {\n      '${aksIdentity.id}': {}\n    }\n  }\n",
            "",
            "
var principal = aksIdentity.properties.principalId

output principal string = aksIdentity.properties.principalId
output tenant string = aksIdentity.properties.tenantId
output kubelet string = aks.properties.identityProfile.kubeletidentity.objectId

resource aksIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'aks-identity'
  location: 'westeurope'
}
",
        );
        assert_eq!(after("main.bicep", &before, system_to_user_assigned), Some(expected));
    }

    #[test]
    fn a_new_identity_is_named_in_one_text() {
        let name_of = |path: &str, text: &str| {
            let after = after(path, text, system_to_user_assigned).unwrap();
            let name = |line: &str| {
                line.trim().trim_start_matches(['n', 'a', 'm', 'e', '"']).trim_start_matches(": ").to_owned()
            };
            after
                .lines()
                .filter(|line| line.contains("-identity") && line.contains("name"))
                .map(name)
                .next_back()
                .unwrap()
        };
        for (own, expected) in [
            ("'shop-${env}'", "'shop-${env}-identity'"),
            ("'it\\'s-${env}'", "'it\\'s-${env}-identity'"),
            ("env", "'${env}-identity'"),
            ("'''shop'''", "'shop-identity'"),
            ("'${env}$'", "'${'${env}$'}-identity'"),
        ] {
            let before = bicep("  identity: {\n    type: 'SystemAssigned'\n  }\n", "", "param env string\n");
            assert_eq!(name_of("main.bicep", &before.replacen("'aks'", own, 1)), expected);
        }
        let before = json("\"type\": \"SystemAssigned\"", "x", "", "").replacen(
            "\"aks\"",
            "\"[format('shop-{0}', resourceGroup().name)]\"",
            1,
        );
        assert_eq!(
            name_of("main.json", &before),
            "\"[format('{0}-identity', format('shop-{0}', resourceGroup().name))]\","
        );
    }

    fn json(identity: &str, principal: &str, depends_on: &str, more: &str) -> String {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "location": "westeurope",
      "identity": {{
        {identity}
      }}{depends_on},
      "properties": {{}}
    }},
    {{
      "type": "Microsoft.Authorization/roleAssignments",
      "apiVersion": "2022-04-01",
      "name": "grant",
      "dependsOn": [
        "aks"{more_on}
      ],
      "properties": {{
        "principalId": "{principal}"
      }}
    }}{more}
  ]
}}
"#,
            more_on = if more.is_empty() {
                ""
            } else {
                ",\n        \"[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-identity')]\""
            }
        )
    }

    #[test]
    fn reads_in_json_follow_and_wait() {
        let read = "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01', 'Full').identity.principalId]";
        let before = json("\"type\": \"SystemAssigned\"", read, "", "");
        let id = "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-identity')]";
        let expected = json(
            &format!(
                "\"type\": \"UserAssigned\",\n        \"userAssignedIdentities\": {{\n          \"{id}\": {{}}\n        }}"
            ),
            "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-identity'), '2023-01-31').principalId]",
            &format!(",\n      \"dependsOn\": [\n        \"{id}\"\n      ]"),
            r#",
    {
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "aks-identity",
      "location": "westeurope"
    }"#,
        );
        assert_eq!(after("main.json", &before, system_to_user_assigned), Some(expected));
    }

    #[test]
    fn an_old_api_version_has_no_user_assigned_identity_to_change_to() {
        let text = bicep("  identity: { type: 'SystemAssigned' }\n", "", "").replace("2025-05-01", "2019-10-01");
        assert_eq!(after("main.bicep", &text, system_to_user_assigned), None);
    }

    #[test]
    fn only_what_is_certain_is_changed() {
        let text = bicep("  identity: flag ? { type: 'SystemAssigned' } : null\n", "", "param flag bool\n");
        assert_eq!(after("main.bicep", &text, system_to_user_assigned), None);
        assert_eq!(after("main.bicep", &text, principal_to_system_assigned), None);
    }

    #[test]
    fn the_second_identity_goes_to_the_kubelet() {
        let head = "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }\nresource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'kmi' }\n";
        let identity = |ids: &str| {
            format!(
                "  identity: {{\n    type: 'UserAssigned'\n    userAssignedIdentities: {{\n      '${{mi.id}}': {{}}\n{ids}    }}\n  }}\n"
            )
        };
        let before = head.to_owned() + &bicep(&identity("      '${kmi.id}': {}\n"), "", "");
        let kubelet = "    identityProfile: {\n      kubeletidentity: {\n        resourceId: kmi.id\n      }\n    }\n";
        let expected = head.to_owned() + &bicep(&identity(""), kubelet, "");
        assert_eq!(after("main.bicep", &before, second_identity_to_kubelet), Some(expected));
        assert_eq!(
            after("main.bicep", &(head.to_owned() + &bicep(&identity(""), "", "")), second_identity_to_kubelet),
            None
        );
    }

    #[test]
    fn workload_identity_takes_the_place_of_pod_identity() {
        let identity = "  identity: { type: 'SystemAssigned' }\n";
        let pod = "    podIdentityProfile: {\n      enabled: true\n    }\n";
        let issuer = "    oidcIssuerProfile: {\n      enabled: true\n    }\n";
        let security = "    securityProfile: {\n      workloadIdentity: {\n        enabled: true\n      }\n    }\n";
        let text = |properties: &str| bicep(identity, properties, "");
        let change = |properties: &str| after("main.bicep", &text(properties), pod_identity_to_workload_identity);
        // One is written where the old profile was, the other one first.
        let both = change(pod).unwrap();
        assert_eq!(both, text(issuer).replace("    dnsPrefix", &format!("{security}    dnsPrefix")));
        assert_eq!(change(&format!("{issuer}{pod}")), Some(text(&format!("{issuer}{security}"))));
        let off = issuer.replace("true", "false");
        assert_eq!(change(&format!("{off}{security}{pod}")), Some(text(&format!("{issuer}{security}"))));
        assert_eq!(change(issuer), None);
    }

    #[test]
    fn each_cluster_has_its_own() {
        let text = format!(
            "{}{}",
            bicep("  identity: {\n    type: 'SystemAssigned'\n  }\n", "", ""),
            bicep("", "    servicePrincipalProfile: {\n      clientId: 'x'\n    }\n", "").replace("aks 'M", "other 'M")
        );
        let files = workspace(&[("main.bicep", &text)]);
        let titles = |before: &str| -> Vec<String> {
            let offset = syntax::TextSize::try_from(text.find(before).unwrap()).unwrap();
            at(&files, FileId(0), TextRange::empty(offset)).into_iter().map(|fix| fix.title).collect()
        };
        assert_eq!(titles("'SystemAssigned'"), ["Change to a new user-assigned identity"]);
        assert_eq!(
            titles("servicePrincipalProfile"),
            [
                "Replace the service principal with a system-assigned identity",
                "Replace the service principal with a new user-assigned identity"
            ]
        );
        assert_eq!(at(&files, FileId(0), TextRange::up_to(files.file(FileId(0)).text.len())).len(), 0);
    }
}
