use template::aks::{Cluster, IdentityBlock, Kind};
use template::grants::Truth;
use template::value::Value;

use super::kubelet_generated_identity::is_generated;
use crate::refactor::to_user_assigned;
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters whose kubelet gets an identity of its own while the control plane has no user-assigned identity.
    ///
    /// ## Why is this a problem
    /// AKS takes a kubelet identity only from a cluster of type `UserAssigned`, because the control plane's identity needs the
    /// role Managed Identity Operator on it before the cluster exists. The deployment ends with
    /// `CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster`, which a what-if does not foresee. (One page of the
    /// documentation speaks of either kind of control plane; the service and the CLI still refuse it.)
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } },
    /// "properties": {
    ///   "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// properties: {
    ///   identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the control plane a user-assigned identity that the template declares, each as an alternative, or a new one. It
    /// still needs Managed Identity Operator on the identity of the kubelet.
    ///
    /// ## When not to use it
    /// Always use it for clusters that are created. The identity that AKS generates by itself (`<cluster>-agentpool` in the
    /// node resource group), which exported templates carry, is not reported here.
    ///
    /// ## References
    /// articles/aks/pre-created-kubelet-managed-identity.md of the AKS documentation; the same rule in `az aks create`.
    pub(crate) struct KubeletNeedsUserAssigned {
        code: "kubelet-needs-user-assigned",
        family: Kubelet,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletNeedsUserAssigned {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let cases = ctx.eval.join(cluster.identities(), cluster.kubelets());
        ctx.judge(&cases, |case| {
            let (identity, kubelet) = case.value;
            let what = match &identity.block {
                IdentityBlock::Absent => "the control plane has no identity".to_owned(),
                IdentityBlock::Object { kind: Kind::SystemAssigned, .. } => "the control plane is `SystemAssigned`".to_owned(),
                IdentityBlock::Object { kind: Kind::None, .. } => "the type of the control plane is `None`".to_owned(),
                _ => return None,
            };
            let Value::Object(object) = &kubelet.value else { return None };
            let resource_id = ctx.eval.slots_in(kubelet, &case.when, &["resourceId"]);
            if object.entries.is_empty() || ctx.eval.ids_of(&resource_id).iter().any(|id| is_generated(ctx, cluster, &id.value) != Truth::No) {
                return None;
            }
            let at = match kubelet.property.and_then(|property| ctx.eval.key_location(property)) {
                Some(at) => at,
                None => ctx.eval.written_at(kubelet)?,
            };
            let mut finding = Finding::at(at, format!("`kubeletidentity` needs a `UserAssigned` control plane, but {what}"))
                .help("Give the cluster a user-assigned identity that has the role Managed Identity Operator on the kubelet's");
            if let IdentityBlock::Object { kind_slot, .. } = &identity.block
                && let Some(location) = ctx.eval.written_at(kind_slot)
            {
                finding = finding.related(location, "the kind of the control plane is set here");
            }
            Some(finding.fix(to_user_assigned(ctx.eval, cluster, identity)))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn leaves_exported_clusters_alone() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {
    identityProfile: {
      kubeletidentity: {
        resourceId: resourceId('MC_rg_aks_x', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-agentpool')
      }
    }
  }
}
",
        );
    }

    #[test]
    fn an_unknown_profile_is_no_finding() {
        check(
            RULE,
            "param profile object
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: { identityProfile: profile }
}
",
        );
    }

    #[test]
    fn branches_that_agree_are_right() {
        check(
            RULE,
            "param own bool
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'kmi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: own ? { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } } : { type: 'SystemAssigned' }
  properties: { identityProfile: own ? { kubeletidentity: { resourceId: kmi.id } } : null }
}
",
        );
    }
}
