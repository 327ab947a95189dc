use std::rc::Rc;

use template::aks::{Case, Cluster, ROLE_ASSIGNMENT};
use template::condition::Conditions;
use template::eval::Place;
use template::expr::Item;
use template::grants::{Bearer, Grant, GrantScope, Truth, Wanted, rights};
use template::value::{ResourceId, Value};
use template::{Expr, ExprId};

use crate::offers::label_of_id;
use crate::write::{ResourceHead, Target};
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the role Managed Identity Operator between the two identities of a cluster, but the wrong way round: on the identity of the
    /// control plane, or for that of the kubelet.
    ///
    /// ## Why is this a problem
    /// It is the control plane that assigns the kubelet's identity to the nodes. So the control plane gets the role, and the kubelet's
    /// identity is its scope. Any other way the cluster is refused with `CustomKubeletIdentityMissingPermissionError`, and the role
    /// assignment looks as if all were well.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "kmi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///       "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]", "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///         "[extensionResourceId(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830'))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'mi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'kmi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource operator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: mi
    ///   name: guid(kmi.id, mi.id, 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///     principalId: kmi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   dependsOn: [operator]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "kmi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///       "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]", "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///         "[extensionResourceId(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830'))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'mi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'kmi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource operator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: kmi
    ///   name: guid(kmi.id, mi.id, 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   dependsOn: [operator]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Puts the kubelet's identity into `scope` and the principal of the control plane into `principalId`.
    ///
    /// ## When not to use it
    /// Always use it. It is silent when the control plane has the role on the kubelet's identity as well, when the two are one
    /// identity, and for every other identity: the role is also right for the kubelet on the identities of pods, and for the ingress
    /// add-on on that of its gateway.
    ///
    /// ## References
    /// pulumi/pulumi-azure-native#2020; articles/aks/pre-created-kubelet-managed-identity.md of the AKS documentation.
    pub(crate) struct KubeletRoleWrongTarget {
        code: "kubelet-role-wrong-target",
        family: Kubelet,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletRoleWrongTarget {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let cases = ctx.eval.join(cluster.control_plane_ids(), cluster.kubelet_ids());
        // Looking for them takes a look at every grant.
        let found = cases.into_iter().map(|Case { when, value: ids }| {
            let ways = misdirected(ctx, ids.0, ids.1, &when);
            Case { when, value: (ids, ways) }
        });
        let found: Vec<_> = found.collect();
        let mut numbers: Vec<usize> = found.iter().flat_map(|case| &case.value.1).map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let grants = ctx.eval.grants();
        for number in numbers {
            ctx.judge(&found, |case| {
                let ((control_plane, kubelet), ways) = &case.value;
                let (_, way) = ways.iter().find(|(index, _)| *index == number)?;
                finding(ctx, cluster, grants.all.get(number)?, *way, [control_plane, kubelet])
            });
        }
    }
}

/// How a role assignment has the wrong target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// For the kubelet, on the control plane.
    Reversed,
    /// For the control plane, on itself.
    ControlPlaneOnItself,
    /// For the kubelet, on itself.
    KubeletOnItself,
}

/// The grants of Managed Identity Operator between two identities that go the wrong way, by their index, when none goes the
/// right way.
pub(crate) fn misdirected(
    ctx: &Ctx<'_>,
    control_plane: &Rc<ResourceId>,
    kubelet: &Rc<ResourceId>,
    when: &Conditions,
) -> Vec<(usize, Way)> {
    let eval = ctx.eval;
    let (mi, kmi) = (Bearer::Identity(control_plane.clone()), Bearer::Identity(kubelet.clone()));
    if eval.same_resource(control_plane, kubelet) != Truth::No {
        return Vec::new();
    }
    let wanted = Wanted { right: &rights::ASSIGN_IDENTITY, bearer: &mi, on: Some(kubelet) };
    if eval.granted(&wanted, when).iter().any(|answer| answer.value != Truth::No) {
        return Vec::new();
    }
    let way = |grant: &Grant| {
        let GrantScope::Resource(on) = &grant.scope else { return None };
        let bearer = grant.bearer.as_ref()?;
        let is_operator = grant.role.as_deref() == Some(rights::ASSIGN_IDENTITY.role);
        if !is_operator || eval.and(when, &grant.when).is_none() {
            return None;
        }
        let is = |truth: Truth| truth == Truth::Yes;
        let on_control_plane = is(eval.same_resource(on, control_plane));
        let on_kubelet = is(eval.same_resource(on, kubelet));
        let by_control_plane = is(eval.same_bearer(bearer, &mi));
        let by_kubelet = is(eval.same_bearer(bearer, &kmi));
        match () {
            () if on_control_plane && by_kubelet => Some(Way::Reversed),
            () if on_control_plane && by_control_plane => Some(Way::ControlPlaneOnItself),
            () if on_kubelet && by_kubelet => Some(Way::KubeletOnItself),
            () => None,
        }
    };
    let grants = eval.grants();
    let own = grants.certainly_of(&mi).chain(grants.certainly_of(&kmi));
    let mut found: Vec<(usize, Way)> = own.filter_map(|(index, grant)| Some((index, way(grant)?))).collect();
    found.sort_unstable_by_key(|(index, _)| *index);
    found
}

fn finding(
    ctx: &Ctx<'_>,
    cluster: &Cluster<'_, '_>,
    grant: &Grant,
    way: Way,
    ids: [&Rc<ResourceId>; 2],
) -> Option<Finding> {
    let [mi, kmi] = ids.map(|id| label_of_id(ctx, id));
    let assignment = ctx.eval.resource(grant.assignment);
    let at_scope =
        assignment.scope.map(|scope| ctx.eval.location(Place { scope: grant.assignment.scope, expr: scope }));
    let at_principal = ctx.eval.written_at(&grant.principal);
    let (at, message) = match way {
        Way::Reversed => (
            at_scope.or(at_principal)?,
            format!(
                "the kubelet's identity `{kmi}` is given Managed Identity Operator on the control plane's `{mi}`; it must be the other way round"
            ),
        ),
        Way::ControlPlaneOnItself => (
            at_scope.or(at_principal)?,
            format!(
                "the control plane's identity `{mi}` is given Managed Identity Operator on itself, not on the kubelet's `{kmi}`"
            ),
        ),
        Way::KubeletOnItself => (
            at_principal?,
            format!(
                "the kubelet's identity `{kmi}` is given Managed Identity Operator on itself; the control plane's `{mi}` needs it"
            ),
        ),
    };
    Some(
        Finding::at(at, message)
            .help("The control plane assigns the kubelet's identity: scope is the kubelet's, principal the control plane's")
            .related(cluster.header(), "the cluster of both identities")
            .fix(turned(ctx, cluster, grant, ids)),
    )
}

fn turned(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, grant: &Grant, ids: [&Rc<ResourceId>; 2]) -> Option<Fix> {
    let own = grant.assignment.scope;
    let [mi, kmi] = ids.map(|id| id.declared.filter(|declared| declared.scope == own));
    let (mi, kmi) = (mi?, kmi?);
    let assignment = ctx.eval.resource(grant.assignment);
    let scope = Place { scope: own, expr: assignment.scope? };
    let principal = grant.principal.place.filter(|place| place.scope == own)?;
    let mut rewrite = ctx
        .rewrite()
        .replace(scope, New::Scope(Target::Declared(kmi)))
        .replace(principal, New::read(mi, "properties.principalId"));
    // In ARM JSON its ID begins with its scope, so what waits for it names it anew.
    let head = ResourceHead {
        symbol: assignment.symbol.as_ref().map_or_else(String::new, |symbol| symbol.name.as_str().to_owned()),
        resource_type: ROLE_ASSIGNMENT.to_owned(),
        api_version: String::new(),
        name: vec![New::Copy(Place { scope: own, expr: assignment.name? })],
        scope: Some(Target::Declared(kmi)),
    };
    if cluster.resource.scope == own {
        let target = Target::Added(Box::new(head));
        if ctx.eval.depends_on(cluster.resource, grant.assignment)? {
            if let Some(item) = named_by_id(ctx, cluster, grant) {
                rewrite = rewrite.replace(Place { scope: own, expr: item }, New::Dependency(target));
            }
        } else {
            rewrite = rewrite.depend(cluster.resource, target);
        }
    }
    rewrite.fix("Give the control plane the role on the kubelet's identity", Applicability::Unsafe)
}

/// The item of the cluster's `dependsOn` that names the assignment by its ID.
fn named_by_id(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, grant: &Grant) -> Option<ExprId> {
    let scope = cluster.resource.scope;
    let Expr::Array(items) = ctx.eval.template(scope).expr(cluster.declaration().depends_on?) else { return None };
    items.iter().find_map(|item| {
        let Item::Value(expr) = item else { return None };
        let place = Place { scope, expr: *expr };
        let values = ctx.eval.value(place);
        let Value::Str(text) = values.single()? else { return None };
        let id = ctx.eval.parse_id(text, scope, place)?;
        (id.declared == Some(grant.assignment)).then_some(*expr)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn template(profile: &str, grants: &str) -> String {
        format!(
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'kmi', location: 'x' }}
resource pod 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'pod', location: 'x' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi.id}}': {{}} }} }}
  properties: {{ identityProfile: {{ kubeletidentity: {{ resourceId: {profile} }} }} }}
  dependsOn: [grant]
}}
{grants}"
        )
    }

    fn grant(symbol: &str, scope: &str, principal: &str) -> String {
        format!(
            "resource {symbol} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  scope: {scope}
  name: guid('{symbol}')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    principalId: {principal}.properties.principalId
  }}
}}
"
        )
    }

    #[test]
    fn other_identities_and_the_right_way_are_right() {
        check(RULE, &template("kmi.id", &grant("grant", "kmi", "mi")));
        check(RULE, &template("kmi.id", &grant("grant", "pod", "kmi")));
        check(RULE, &template("kmi.id", &grant("grant", "mi", "pod")));
        check(RULE, &template("mi.id", &grant("grant", "mi", "mi")));
        let both = format!("{}{}", grant("grant", "kmi", "mi"), grant("other", "mi", "mi"));
        check(RULE, &template("kmi.id", &both));
    }

    #[test]
    fn every_wrong_way_is_turned() {
        for (scope, principal) in [("mi", "kmi"), ("mi", "mi"), ("kmi", "kmi")] {
            check_fix(
                RULE,
                &template("kmi.id", &grant("grant", scope, principal)),
                &template("kmi.id", &grant("grant", "kmi", "mi")),
            );
        }
    }
}
