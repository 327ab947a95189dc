use rustc_hash::{FxHashMap, FxHashSet};
use template::aks::{Case, Cluster, Principal, RoleAssignment, Slot};
use template::canon::CanonId;
use template::grants::rights;
use template::value::{ResourceRef, Value};

use crate::roles::{from_output, is_by_caller, judged_at, kubelet_may_pull, own_place};
use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the role AcrPull given to the identity of a cluster's control plane instead of that of its kubelet.
    ///
    /// ## Why is this a problem
    /// Images are pulled by the nodes, with the identity of the kubelet. The control plane never pulls anything. The deployment
    /// succeeds; the pods then wait in `ImagePullBackOff` with `401 Unauthorized`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceGroup().id, 'aks', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(resourceGroup().id, mi.id, '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceGroup().id, 'aks', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(resourceGroup().id, aks.id, '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the role to the identity of the kubelet.
    ///
    /// ## When not to use it
    /// When the control plane's identity is used by something else as well that pulls images. A second assignment for the
    /// kubelet silences the rule.
    ///
    /// ## References
    /// articles/aks/cluster-container-registry-integration.md of the AKS documentation.
    pub(crate) struct AcrPullWrongPrincipal {
        code: "acr-pull-wrong-principal",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for AcrPullWrongPrincipal {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        let assignments: Vec<RoleAssignment> = ctx.eval.each_role_assignment().iter().filter(|one| gives_pull(one)).cloned().collect();
        if assignments.is_empty() {
            return;
        }
        let clusters: Vec<Cluster<'_, '_>> =
            ctx.eval.clusters().into_iter().map(|one| Cluster::new(ctx.eval, one)).collect();
        let mut owners = Owners::default();
        for (number, cluster) in clusters.iter().enumerate() {
            for case in cluster.control_plane_ids() {
                owners.control_planes.entry(case.value.canon).or_insert(number);
            }
            owners.kubelets.extend(cluster.kubelet_ids().iter().map(|case| case.value.canon));
        }
        for assignment in &assignments {
            let cases = ctx.eval.join(&assignment.roles, &assignment.principal);
            ctx.judge(&cases, |case| {
                let (role, principal) = case.value;
                if **role != *rights::PULL_IMAGES.role {
                    return None;
                }
                let (cluster, applicability) = wrong_cluster(ctx, &clusters, &owners, principal)?;
                if kubelet_may_pull(ctx, cluster) {
                    return None;
                }
                finding(ctx, assignment, principal, cluster, applicability)
            });
        }
    }
}

fn gives_pull(assignment: &RoleAssignment) -> bool {
    assignment.roles.iter().any(|Case { value, .. }| **value == *rights::PULL_IMAGES.role)
}

/// Who has which identity.
#[derive(Default)]
struct Owners {
    /// The first cluster whose control plane has it.
    control_planes: FxHashMap<CanonId, usize>,
    kubelets: FxHashSet<CanonId>,
}

/// The cluster whose control plane the principal is, and is nothing else that might pull images.
fn wrong_cluster(
    ctx: &Ctx<'_>,
    clusters: &[Cluster<'_, '_>],
    owners: &Owners,
    principal: &Slot,
) -> Option<(ResourceRef, Applicability)> {
    match ctx.eval.principal(&principal.value)? {
        Principal::ControlPlane { cluster, .. } => Some((cluster, Applicability::Safe)),
        Principal::Identity { id, .. } => {
            let cluster = clusters.get(*owners.control_planes.get(&id.canon)?)?;
            // As long as it is not certain what the kubelet has, it may be this very identity.
            let kubelet_is_known = cluster.kubelets().iter().all(|case| match &case.value.value {
                Value::Null => true,
                Value::Object(_) => !cluster.kubelet_ids().is_empty(),
                _ => false,
            });
            (kubelet_is_known && !owners.kubelets.contains(&id.canon)).then_some((cluster.resource, Applicability::Unsafe))
        }
        _ => None,
    }
}

fn finding(
    ctx: &Ctx<'_>,
    assignment: &RoleAssignment,
    principal: &Slot,
    cluster: ResourceRef,
    applicability: Applicability,
) -> Option<Finding> {
    // Where a module is told whom to give the role to, the mistake is with its caller.
    let at = judged_at(ctx, assignment.resource, principal)?;
    let mut finding =
        Finding::at(at, "AcrPull is given to the identity of the control plane; images are pulled by the kubelet")
            .help("Give it to `properties.identityProfile.kubeletidentity.objectId` of the cluster");
    finding = if is_by_caller(ctx, assignment.resource, principal) {
        finding.related(ctx.eval.header(assignment.resource), "the role is assigned here")
    } else {
        finding.related(ctx.eval.header(cluster), "the cluster")
    };
    finding = from_output(ctx, assignment.resource, principal, finding);
    let place = own_place(ctx, assignment.resource, principal).filter(|place| place.scope == cluster.scope);
    let fix = place.map(|place| {
        let read = New::read(cluster, "properties.identityProfile.kubeletidentity.objectId");
        ctx.rewrite().replace(place, read).fix("Give it to the identity of the kubelet", applicability)
    });
    Some(finding.fix(fix.flatten()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    const CLUSTER: &str = "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {}
}
";

    fn pull(principal: &str) -> String {
        format!(
            "resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(aks.id, 'pull')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: {principal}
  }}
}}
"
        )
    }

    #[test]
    fn gives_it_to_the_kubelet() {
        let before = format!("{CLUSTER}{}", pull("aks.identity.principalId"));
        check_fix(
            RULE,
            &before,
            &format!("{CLUSTER}{}", pull("aks.properties.identityProfile.kubeletidentity.objectId")),
        );
    }

    #[test]
    fn knows_the_role_in_every_form() {
        for role in [
            "resourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')",
            "'/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d'",
            "roles.AcrPull",
            "acrPull.id",
        ] {
            check(
                RULE,
                &format!(
                    "var roles = {{ AcrPull: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d') }}
resource acrPull 'Microsoft.Authorization/roleDefinitions@2022-04-01' existing = {{
  scope: subscription()
  name: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
}}
{CLUSTER}resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(aks.id, 'pull')
  properties: {{
    roleDefinitionId: {role}
    principalId: aks.identity.principalId
                 ^^^^^^^^^^^^^^^^^^^^^^^^ warning[acr-pull-wrong-principal]: pulled by the kubelet
  }}
}}
"
                ),
            );
        }
    }

    #[test]
    fn a_grant_for_the_kubelet_beside_it_is_enough() {
        let second =
            pull("aks.properties.identityProfile.kubeletidentity.objectId").replace("resource pull", "resource other");
        check(RULE, &format!("{CLUSTER}{}{second}", pull("aks.identity.principalId")));
    }

    #[test]
    fn a_grant_for_someone_who_is_not_known_may_be_for_the_kubelet() {
        let second = pull("someone").replace("resource pull", "resource other");
        check(RULE, &format!("param someone string\n{CLUSTER}{}{second}", pull("aks.identity.principalId")));
    }

    #[test]
    fn what_stands_in_for_a_principal_that_is_not_there_is_nobody() {
        for principal in [
            "aks.identity.?principalId ?? ''",
            "empty(aks.identity.principalId) ? '' : aks.identity.principalId",
            "aks.identity!.principalId!",
        ] {
            let drawn = format!(
                "    principalId: {principal}\n                 {} warning[acr-pull-wrong-principal]: pulled by the kubelet\n",
                "^".repeat(principal.len())
            );
            let text = format!("{CLUSTER}{}", pull(principal));
            check(RULE, &text.replace(&format!("    principalId: {principal}\n"), &drawn));
        }
        // A parameter decides: said with the condition.
        let drawn = "some ? aks.identity.principalId : ''
                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[acr-pull-wrong-principal]: pulled by the kubelet";
        check(RULE, &format!("param some bool\n{CLUSTER}{}", pull(drawn)));
    }

    #[test]
    fn other_roles_are_not_its_business() {
        let text = format!("{CLUSTER}{}", pull("aks.identity.principalId"));
        check(RULE, &text.replace("7f951dda-4ed3-4680-a7ca-43fe172d538d", "4d97b98b-1d4f-4787-a291-c67834d212e7"));
    }

    #[test]
    fn the_caller_of_a_module_is_told() {
        check(
            RULE,
            "//- main.bicep
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {}
}
module pull 'pull.bicep' = {
  name: 'pull'
  params: {
    principal: aks.identity.principalId
               ^^^^^^^^^^^^^^^^^^^^^^^^ warning[acr-pull-wrong-principal]: pulled by the kubelet
  }
}
//- pull.bicep
param principal string
resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principal, 'pull')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: principal
  }
}
",
        );
    }

    #[test]
    fn a_principal_out_of_a_module_is_judged_where_it_is_read() {
        check(
            RULE,
            "//- main.bicep
module cluster 'aks.bicep' = { name: 'cluster' }
resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' = { name: 'acr', location: 'x', sku: { name: 'Basic' } }
resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: acr
  name: guid(acr.id, cluster.outputs.name)
  properties: {
    principalId: cluster.outputs.principal
                 ^^^^^^^^^^^^^^^^^^^^^^^^^ warning[acr-pull-wrong-principal]: the control plane
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
  }
}
//- aks.bicep
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'x'
  identity: { type: 'SystemAssigned' }
  properties: { dnsPrefix: 'aks', agentPoolProfiles: [{ name: 'a', count: 1, vmSize: 'x', mode: 'System' }] }
}
output name string = aks.name
output principal string = aks.identity.principalId
",
        );
    }
}
