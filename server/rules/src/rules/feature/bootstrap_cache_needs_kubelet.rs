use template::aks::Cluster;

use crate::feature::{Given, given, place_of};
use crate::kubelet_grant::own_kubelet_identity;
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that bootstrap from a registry of their own while the kubelet has no identity of its own.
    ///
    /// ## Why is this a problem
    /// The nodes of a network-isolated cluster pull all they need from the registry, before there is a cluster to which a role could
    /// be given. So the kubelet needs an identity that exists already and has AcrPull on the registry; with the one that AKS
    /// generates the nodes do not come up.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "bootstrapProfile": { "artifactSource": "Cache", "containerRegistryId": "[resourceId('Microsoft.ContainerRegistry/registries', 'r')]" }
    /// ```
    /// ```bicep,frame=properties
    /// bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: resourceId('Microsoft.ContainerRegistry/registries', 'r') }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "bootstrapProfile": { "artifactSource": "Cache", "containerRegistryId": "[resourceId('Microsoft.ContainerRegistry/registries', 'r')]" },
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties
    /// bootstrapProfile: { artifactSource: 'Cache' }
    /// ```
    ///
    /// ## Fix
    /// Declares an identity for the kubelet, with the role that lets the control plane assign it. It needs AcrPull on the registry
    /// besides.
    ///
    /// ## When not to use it
    /// Always use it. Without a registry of one's own AKS manages one, and its rights.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/network-isolated>
    pub(crate) struct BootstrapCacheNeedsKubelet {
        code: "bootstrap-cache-needs-kubelet",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const REGISTRY: [&str; 3] = ["properties", "bootstrapProfile", "containerRegistryId"];

impl Rule for BootstrapCacheNeedsKubelet {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let sources = cluster.slots(&["properties", "bootstrapProfile", "artifactSource"]);
        let registries = cluster.slots(&REGISTRY);
        let bootstrap = ctx.eval.join(&sources, &registries);
        ctx.judge(&ctx.eval.join(&bootstrap, cluster.kubelets()), |case| {
            let ((source, registry), kubelet) = case.value;
            let own = given(ctx, registry, REGISTRY.len()) == Some(Given::Certainly);
            if source.value.literal() != Some("Cache") || !own || !kubelet.is_absent() {
                return None;
            }
            let message = "bootstrapping from your own registry needs a kubelet identity of your own";
            Some(
                Finding::at(place_of(ctx, registry)?, message)
                    .help("Name an identity that has AcrPull on the registry in `identityProfile.kubeletidentity`")
                    .fix(own_kubelet_identity(ctx.eval, cluster)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn a_registry_that_may_be_missing_is_no_finding() {
        check(
            RULE,
            "param registry string = ''
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: { bootstrapProfile: { artifactSource: 'Cache', containerRegistryId: registry } }
}
",
        );
    }
}
