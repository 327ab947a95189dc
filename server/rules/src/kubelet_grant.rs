//! Giving roles in a template, and bringing one's own kubelet identity: the identity, the role that lets the control plane
//! assign it, and the cluster that waits for both.

use template::aks::{Case, Cluster, IDENTITY, IdentityBlock, Kind, ROLE_ASSIGNMENT, ROLE_DEFINITION};
use template::eval::{Evaluator, Place, ScopeId};
use template::grants::{Right, rights};
use template::value::{ResourceId, ResourceRef, Value};

use crate::offers::{IDENTITY_API, label, new_identity};
use crate::write::{New, NewResource, ResourceHead, Target, unused_name};
use crate::{Applicability, At, Fix, Rewrite};

/// The API version of role assignments that fixes declare.
pub(crate) const ASSIGNMENT_API: &str = "2022-04-01";

/// Who is to be given a role.
#[derive(Clone)]
pub(crate) enum Recipient {
    /// A user-assigned identity that the template declares, or that the fix adds.
    Identity(Target),
    /// A user-assigned identity of which only an expression for its ID is at hand.
    ById(Place),
    /// The kubelet of a declared cluster, whatever its identity is.
    Kubelet(ResourceRef),
}

impl Recipient {
    /// An identity, by its declaration where `scope` has it, else by the expression that names it.
    pub(crate) fn identity(
        eval: &Evaluator<'_>,
        id: &ResourceId,
        scope: ScopeId,
        named: Option<Place>,
    ) -> Option<Self> {
        match id.declared.filter(|declared| declared.scope == scope && eval.resource(*declared).repeat.is_none()) {
            Some(declared) => Some(Self::Identity(Target::Declared(declared))),
            None => named.filter(|place| place.scope == scope).map(Self::ById),
        }
    }

    /// The principal, as it is read when it is deployed.
    pub(crate) fn principal(&self) -> New {
        match self {
            Self::Identity(target) => {
                New::Read(target.clone(), vec!["properties".to_owned(), "principalId".to_owned()])
            }
            Self::ById(id) => {
                let read = New::Call("reference", vec![New::Copy(*id), New::str(IDENTITY_API)]);
                New::Member(Box::new(read), vec!["principalId".to_owned()])
            }
            Self::Kubelet(cluster) => New::read(*cluster, "properties.identityProfile.kubeletidentity.objectId"),
        }
    }

    /// What stands for it in the name of a role assignment: known before anything is deployed.
    pub(crate) fn id(&self) -> New {
        match self {
            Self::Identity(target) => New::Id(target.clone()),
            Self::ById(id) => New::Copy(*id),
            Self::Kubelet(cluster) => New::id(*cluster),
        }
    }

    fn target(&self) -> Option<Target> {
        match self {
            Self::Identity(target) => Some(target.clone()),
            Self::ById(_) => None,
            Self::Kubelet(cluster) => Some(Target::Declared(*cluster)),
        }
    }
}

/// A role assignment that gives a right: the narrowest role, for a principal that may be too fresh to be found, under a name
/// made of scope, principal and role. `symbol` is what it is called where it has a symbolic name, if that is free.
pub(crate) fn assignment(
    eval: &Evaluator<'_>,
    scope: ScopeId,
    symbol: &str,
    right: &Right,
    to: &Recipient,
    on: &Target,
) -> NewResource {
    let (definition, word) = role_definition(eval, scope, right.role);
    let is_deployed = |target: &Target| match target {
        Target::Declared(declared) => !eval.resource(*declared).existing,
        Target::Added(_) | Target::Module(_) => true,
    };
    let mut depends_on: Vec<Target> = Vec::new();
    for target in to.target().into_iter().chain([on.clone()]).filter(is_deployed) {
        if !depends_on.iter().any(|other| is_same(other, &target)) {
            depends_on.push(target);
        }
    }
    NewResource {
        head: ResourceHead {
            symbol: unused_name(eval, scope, symbol),
            resource_type: ROLE_ASSIGNMENT.to_owned(),
            api_version: ASSIGNMENT_API.to_owned(),
            name: vec![New::Call("guid", vec![New::Id(on.clone()), to.id(), word])],
            scope: Some(on.clone()),
        },
        members: vec![(
            New::str("properties"),
            New::object([
                ("roleDefinitionId", definition),
                ("principalId", to.principal()),
                ("principalType", New::str("ServicePrincipal")),
            ]),
        )],
        depends_on,
    }
}

fn is_same(left: &Target, right: &Target) -> bool {
    match (left, right) {
        (Target::Declared(left), Target::Declared(right)) => left == right,
        (Target::Added(left), Target::Added(right)) => left.symbol == right.symbol,
        _ => false,
    }
}

/// The ID of a role definition and what stands for the role in a name: by a variable or an existing resource of the template
/// that has it already, else by its GUID.
pub(crate) fn role_definition(eval: &Evaluator<'_>, scope: ScopeId, guid: &str) -> (New, New) {
    let full = |guid: New| New::Call("subscriptionResourceId", vec![New::str(ROLE_DEFINITION), guid]);
    let template = eval.template(scope);
    let definition_of = |value: &Value, place: Place, new: New| match value {
        Value::Str(text) if text.literal().is_some_and(|text| text.eq_ignore_ascii_case(guid)) => {
            Some((full(new.clone()), new))
        }
        Value::Str(text) => eval.role_guid(text, place).filter(|own| **own == *guid).map(|_| (new.clone(), new)),
        _ => None,
    };
    for variable in &template.variables {
        let place = Place { scope, expr: variable.value };
        let own = || New::Variable(variable.name.as_str().to_owned());
        let values = eval.value(place);
        let Some(value) = values.single() else { continue };
        if let Some(found) = definition_of(value, place, own()) {
            return found;
        }
        let Value::Object(object) = value else { continue };
        for entry in object.entries.iter().filter(|entry| entry.when.is_true()) {
            let Some(key) = entry.key.as_ref().and_then(|key| key.literal()) else { continue };
            let member = New::Member(Box::new(own()), vec![key.to_owned()]);
            let found = eval.force(&entry.value).single().and_then(|value| definition_of(value, place, member));
            if let Some(found) = found {
                return found;
            }
        }
    }
    for (index, resource) in (0..).zip(&template.resources) {
        let reference = ResourceRef { scope, index, element: None };
        let is_it = || eval.id_of(reference).names.last().and_then(|name| name.literal()) == Some(guid);
        if resource.is_type(ROLE_DEFINITION) && resource.symbol.is_some() && resource.repeat.is_none() && is_it() {
            return (New::id(reference), New::id(reference));
        }
    }
    (full(New::str(guid)), New::str(guid))
}

/// Lets the control plane assign the kubelet's identity: declares the role assignment, and makes the cluster wait for it.
/// `waits` are further resources that the fix adds and that the cluster has to wait for.
pub(crate) fn let_assign<'a>(
    eval: &'a Evaluator<'a>,
    cluster: ResourceRef,
    rewrite: Rewrite<'a>,
    control_plane: &Recipient,
    kubelet: &Target,
    added: Vec<&NewResource>,
) -> Rewrite<'a> {
    let symbol = match &eval.resource(cluster).symbol {
        Some(symbol) => format!("{}KubeletOperator", symbol.name),
        None => "kubeletOperator".to_owned(),
    };
    let operator = assignment(eval, cluster.scope, &symbol, &rights::ASSIGN_IDENTITY, control_plane, kubelet);
    let is_json = eval.template(cluster.scope).language == syntax::Language::Json;
    // By what the cluster says of the identity Bicep knows that it waits for it; not so the role.
    let mut waits: Vec<Target> = Vec::new();
    if is_json {
        waits.extend(added.iter().map(|one| Target::Added(Box::new(one.head.clone()))));
    }
    waits.push(Target::Added(Box::new(operator.head.clone())));
    let mut resources = added;
    resources.push(&operator);
    rewrite.add_resources(cluster.scope, &resources).depend_all(cluster, waits)
}

/// Gives the control plane of a cluster a right on what the cluster uses, and makes the cluster wait for it.
///
/// `None` when the resource is not declared beside the cluster.
pub(crate) fn let_use<'a>(
    eval: &'a Evaluator<'a>,
    cluster: &Cluster<'_, '_>,
    right: &Right,
    control_plane: &ResourceId,
    on: &ResourceId,
) -> Option<Fix> {
    let scope = cluster.resource.scope;
    let on = on.declared.filter(|on| on.scope == scope && eval.resource(*on).repeat.is_none())?;
    let to = Recipient::identity(eval, control_plane, scope, key_of(cluster))?;
    let base = cluster.declaration().symbol.as_ref().map_or("aks", |symbol| symbol.name.as_str());
    let role = assignment(eval, scope, &format!("{base}Role"), right, &to, &Target::Declared(on));
    let title = format!("Give the control plane {} on {}", right.role_name(), label(eval, on));
    Rewrite::new(eval)
        .add_resource(scope, &role)
        .depend(cluster.resource, Target::Added(Box::new(role.head.clone())))
        .fix(title, Applicability::Unsafe)
}

/// Gives the kubelet of a cluster an identity of its own: declares it, names it in `identityProfile`, lets the control plane
/// assign it, and makes the cluster wait for that.
///
/// `None` when the cluster has one already or may have one, or when its control plane is not certainly one user-assigned
/// identity, which a kubelet of its own needs.
pub fn own_kubelet_identity<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>) -> Option<Fix> {
    let identity = new_identity(eval, cluster, "kubelet");
    let target = Target::Added(Box::new(identity.head.clone()));
    attach(eval, cluster, &target, vec![&identity])?.fix("Bring your own kubelet identity", Applicability::Unsafe)
}

/// Gives the kubelet of a cluster an identity that is declared beside it, like [`own_kubelet_identity`].
pub(crate) fn attach_kubelet_identity<'a>(
    eval: &'a Evaluator<'a>,
    cluster: &Cluster<'_, '_>,
    identity: ResourceRef,
) -> Option<Fix> {
    if cluster.resource.scope != identity.scope {
        return None;
    }
    let title = format!("Make {} the identity of the kubelet", label(eval, identity));
    attach(eval, cluster, &Target::Declared(identity), Vec::new())?.fix(title, Applicability::Unsafe)
}

fn attach<'a>(
    eval: &'a Evaluator<'a>,
    cluster: &Cluster<'_, '_>,
    target: &Target,
    added: Vec<&NewResource>,
) -> Option<Rewrite<'a>> {
    let [Case { value: kubelet, .. }] = cluster.kubelets() else { return None };
    if !kubelet.is_absent() {
        return None;
    }
    let control_plane = only_control_plane(eval, cluster)?;
    let profile = New::object([("resourceId", New::Id(target.clone()))]);
    let profiles = cluster.slots(&["properties", "identityProfile"]);
    let [Case { value: slot, .. }] = &profiles[..] else { return None };
    let rewrite = Rewrite::new(eval);
    let rewrite = match slot.value {
        Value::Null => {
            let map = New::object([("kubeletidentity", profile)]);
            let properties = cluster.slots(&["properties"]);
            let [Case { value: properties, .. }] = &properties[..] else { return None };
            if properties.is_absent() {
                let body = Place { scope: cluster.resource.scope, expr: cluster.declaration().body };
                rewrite.set(body, At::Last, "properties", New::object([("identityProfile", map)]))
            } else {
                rewrite.set(properties.place?, At::Last, "identityProfile", map)
            }
        }
        _ => rewrite.insert(slot.place?, At::Last, "kubeletidentity", profile),
    };
    Some(let_assign(eval, cluster.resource, rewrite, &control_plane, target, added))
}

/// Lets the kubelet of a cluster pull images from a registry: AcrPull for whatever identity the kubelet has, or Container
/// Registry Repository Reader where the registry is in ABAC mode.
///
/// `None` when cluster and registry are not declared in one template.
pub fn let_pull<'a>(eval: &'a Evaluator<'a>, cluster: &Cluster<'_, '_>, registry: ResourceRef) -> Option<Fix> {
    let scope = registry.scope;
    if cluster.resource.scope != scope || eval.resource(registry).repeat.is_some() {
        return None;
    }
    let to = match cluster.kubelet_ids() {
        [Case { value: id, .. }] => Recipient::identity(eval, id, scope, None),
        _ => None,
    };
    let mode = eval.slots(registry, &["properties", "roleAssignmentMode"]);
    let is_abac = mode.iter().any(|case| case.value.value.literal() == Some("AbacRepositoryPermissions"));
    let right = if is_abac { &rights::READ_REPOSITORIES } else { &rights::PULL_IMAGES };
    let to = to.unwrap_or(Recipient::Kubelet(cluster.resource));
    let pull = assignment(eval, scope, "kubeletPull", right, &to, &Target::Declared(registry));
    let name = match &eval.resource(registry).symbol {
        Some(symbol) => format!("`{}`", symbol.name),
        None => "the registry".to_owned(),
    };
    let title = format!("Give the kubelet {} on {name}", right.role_name());
    Rewrite::new(eval).add_resource(scope, &pull).fix(title, Applicability::Unsafe)
}

/// The user-assigned identity of the control plane, when it is certainly one and the same.
fn only_control_plane(eval: &Evaluator<'_>, cluster: &Cluster<'_, '_>) -> Option<Recipient> {
    let [Case { value: identity, .. }] = cluster.identities() else { return None };
    if !matches!(identity.block, IdentityBlock::Object { kind: Kind::UserAssigned, .. }) {
        return None;
    }
    let key = key_of(cluster).filter(|key| key.scope == cluster.resource.scope);
    match cluster.control_plane_ids() {
        [Case { value: id, .. }] if id.is_type(IDENTITY) == Some(true) => {
            Recipient::identity(eval, id, cluster.resource.scope, key)
        }
        // A parameter, an output of a module: the ID of something.
        [] => key.filter(|key| eval.value(*key).iter().all(|one| one.value.is_unknown())).map(Recipient::ById),
        _ => None,
    }
}

/// The expression that is the key of the map of identities, or the ID inside of `'${…}'`.
pub(crate) fn key_of(cluster: &Cluster<'_, '_>) -> Option<Place> {
    let [Case { value: identity, .. }] = cluster.identities() else { return None };
    let IdentityBlock::Object { ids: template::aks::Ids::Map { entries, .. }, .. } = &identity.block else {
        return None;
    };
    let [entry] = &entries[..] else { return None };
    let (scope, property) = cluster.eval.property(entry.property?)?;
    let expr = match scope.template.expr(property.key) {
        template::Expr::Interpolation(segments) => match segments.as_ref() {
            [template::expr::Segment::Hole(hole)] => *hole,
            _ => property.key,
        },
        _ => property.key,
    };
    Some(Place { scope: entry.property?.object.scope, expr })
}

#[cfg(test)]
mod tests {
    use template::workspace::FileId;

    use super::*;
    use crate::apply::apply_one;
    use crate::testing::workspace;

    /// What the refactoring makes of a template; nothing when it is not offered.
    fn refactored(
        path: &str,
        text: &str,
        refactoring: impl for<'a> Fn(&'a Evaluator<'a>, &Cluster<'_, '_>) -> Option<Fix>,
    ) -> String {
        let workspace = workspace(&[(path, text)]);
        let eval = Evaluator::new(&workspace, FileId(0)).unwrap();
        let cluster = Cluster::new(&eval, eval.clusters()[0]);
        let Some(fix) = refactoring(&eval, &cluster) else { return String::new() };
        apply_one(&fix, |_| text.to_owned()).unwrap().remove(&FileId(0)).unwrap()
    }

    const BICEP: &str = "param controlPlane string

resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'x'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${controlPlane}': {} }
  }
  properties: {
    dnsPrefix: 'aks'
  }
}
";

    #[test]
    fn brings_an_identity_with_role_and_dependency() {
        assert_eq!(
            refactored("main.bicep", BICEP, own_kubelet_identity),
            "param controlPlane string

resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'x'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${controlPlane}': {} }
  }
  properties: {
    dnsPrefix: 'aks'
    identityProfile: {
      kubeletidentity: {
        resourceId: aksKubelet.id
      }
    }
  }
  dependsOn: [
    aksKubeletOperator
  ]
}

resource aksKubelet 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'aks-kubelet'
  location: 'x'
}

resource aksKubeletOperator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: aksKubelet
  name: guid(aksKubelet.id, controlPlane, 'f1a07417-d97a-45cb-824c-7a7467783830')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    principalId: reference(controlPlane, '2023-01-31').principalId
    principalType: 'ServicePrincipal'
  }
}
"
        );
    }

    #[test]
    fn brings_it_in_json_as_well() {
        let text = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
      "apiVersion": "2023-01-31",
      "name": "mi"
    },
    {
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2025-05-01",
      "name": "aks",
      "dependsOn": [
        "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"
      ],
      "identity": {
        "type": "UserAssigned",
        "userAssignedIdentities": {
          "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {}
        }
      },
      "properties": {}
    }
  ]
}
"#;
        let after = refactored("main.json", text, own_kubelet_identity);
        let kubelet = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-kubelet')";
        let mi = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')";
        let name = format!("guid({kubelet}, {mi}, 'f1a07417-d97a-45cb-824c-7a7467783830')");
        for line in [
            format!("        \"[{mi}]\",\n        \"[{kubelet}]\",\n"),
            format!(
                "        \"[extensionResourceId({kubelet}, 'Microsoft.Authorization/roleAssignments', {name})]\"\n"
            ),
            format!("            \"resourceId\": \"[{kubelet}]\"\n"),
            format!("      \"scope\": \"[{kubelet}]\",\n      \"name\": \"[{name}]\",\n"),
            format!("        \"principalId\": \"[reference({mi}, '2023-01-31').principalId]\",\n"),
            "      \"name\": \"aks-kubelet\",\n".to_owned(),
        ] {
            assert!(after.contains(&line), "{line} is not in\n{after}");
        }
        let again = workspace(&[("main.json", &after)]);
        assert!(again.file(FileId(0)).syntax_errors.is_empty(), "{after}");
    }

    #[test]
    fn is_not_offered_where_it_would_not_work() {
        let offered = |text: &str| !refactored("main.bicep", text, own_kubelet_identity).is_empty();
        assert!(offered(BICEP));
        assert!(
            !offered(&BICEP.replace("'UserAssigned'", "'SystemAssigned'")),
            "the kubelet needs a user-assigned control plane"
        );
        assert!(!offered(&BICEP.replace("dnsPrefix: 'aks'", "identityProfile: profile")), "it may have one");
        assert!(!offered(
            &BICEP.replace("dnsPrefix: 'aks'", "identityProfile: { kubeletidentity: { resourceId: controlPlane } }")
        ));
    }

    #[test]
    fn whatever_identity_the_kubelet_has_may_pull() {
        let registry = "resource acr 'Microsoft.ContainerRegistry/registries@2025-06-01-preview' = { name: 'acr', properties: { roleAssignmentMode: 'LegacyRegistryPermissions' } }\n";
        let pull = |text: &str| {
            refactored("main.bicep", text, |eval, cluster| {
                let_pull(eval, cluster, eval.resources_of(template::aks::REGISTRY)[0])
            })
        };
        let text = format!("{BICEP}{registry}");
        let generated = pull(&text);
        assert!(
            generated.contains("principalId: aks.properties.identityProfile.kubeletidentity.objectId"),
            "{generated}"
        );
        assert!(generated.contains("'7f951dda-4ed3-4680-a7ca-43fe172d538d')"), "{generated}");
        let abac = pull(&text.replace("LegacyRegistry", "AbacRepository"));
        assert!(abac.contains("'b93aa761-3e63-49ed-ac28-beffa264f7ac')"), "{abac}");
    }
}
