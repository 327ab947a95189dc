use template::aks::Cluster;
use template::eval::Place;
use template::value::ResourceId;

use crate::kubelet_grant::{Recipient, key_of, let_assign};
use crate::offers::{label_of_id, new_identity};
use crate::write::Target;
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a cluster whose kubelet has the same identity as its control plane.
    ///
    /// ## Why is this a problem
    /// Every pod that can reach the metadata endpoint of its node can act as the kubelet. With one identity for both it has the
    /// rights of the control plane as well. It works, so this is no more than a hint.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,also=kubelet-role-missing
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" } }
    /// ```
    /// ```bicep,frame=properties,also=kubelet-role-missing
    /// identityProfile: { kubeletidentity: { resourceId: mi.id } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// ```
    ///
    /// ## Fix
    /// Declares an identity for the kubelet, gives the control plane the role to assign it, and makes the cluster wait for both.
    /// Other roles of the kubelet, such as AcrPull, have to follow.
    ///
    /// ## When not to use it
    /// When pods cannot reach the metadata endpoint, or the cluster runs nothing that must be kept apart.
    ///
    /// ## References
    /// articles/aks/managed-identity-overview.md of the AKS documentation.
    pub(crate) struct KubeletSameAsControlPlane {
        code: "kubelet-same-as-control-plane",
        family: Kubelet,
        severity: Hint,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletSameAsControlPlane {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let slots = cluster.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]);
        let cases = ctx.eval.join(cluster.control_plane_ids(), &slots);
        ctx.judge(&cases, |case| {
            let (control_plane, slot) = case.value;
            let place = slot.place?;
            let template::value::Value::Str(text) = &slot.value else { return None };
            let kubelet = ctx.eval.parse_id(text, place.scope, place)?;
            if kubelet.canon != control_plane.canon {
                return None;
            }
            let label = label_of_id(ctx, control_plane);
            let message = format!("the kubelet has the identity of the control plane, `{label}`");
            let finding = Finding::at(ctx.eval.written_at(slot)?, message)
                .help("Give the kubelet an identity of its own, with the few roles that nodes need");
            let written = slot.property.and_then(|property| {
                let (_, written) = ctx.eval.property(property)?;
                Some(Place { scope: property.object.scope, expr: written.value })
            });
            Some(finding.fix(written.and_then(|written| separated(ctx, cluster, control_plane, written))))
        });
    }
}

fn separated(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, control_plane: &ResourceId, kubelet: Place) -> Option<Fix> {
    let identity = new_identity(ctx.eval, cluster, "kubelet");
    let target = Target::Added(Box::new(identity.head.clone()));
    let to = Recipient::identity(ctx.eval, control_plane, cluster.resource.scope, key_of(cluster))?;
    let rewrite = ctx.rewrite().replace(kubelet, New::Id(target.clone()));
    let_assign(ctx.eval, cluster.resource, rewrite, &to, &target, vec![&identity])
        .fix("Give the kubelet a new identity", Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn knows_the_identity_in_every_form() {
        check(
            RULE,
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
  properties: {
    identityProfile: {
      kubeletidentity: {
        resourceId: resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'MI')
                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ hint[kubelet-same-as-control-plane]: of the control plane
      }
    }
  }
}
",
        );
    }

    #[test]
    fn two_that_may_be_different_are() {
        check(
            RULE,
            "param control string
param kubelet string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${control}': {} } }
  properties: { identityProfile: { kubeletidentity: { resourceId: kubelet } } }
}
",
        );
    }
}
