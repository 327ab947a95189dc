use template::aks::{Cluster, IdentityBlock, Kind};

use crate::feature::place_of;
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds identities of one's own in the few regions where AKS does not take them.
    ///
    /// ## Why is this a problem
    /// A user-assigned control plane is not available in `usdodcentral`, `usdodeast` and `usgoviowa`, a kubelet identity of one's
    /// own not in `chinaeast` and `chinanorth`. All other regions have both; older texts name whole clouds.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "usgoviowa",
    ///       "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } },
    ///       "properties": { "dnsPrefix": "aks" }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'USGov Iowa'
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: { dnsPrefix: 'aks' }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'usgoviowa'
    ///   identity: { type: 'SystemAssigned' }
    ///   properties: { dnsPrefix: 'aks' }
    /// }
    /// ```
    ///
    /// ## When not to use it
    /// When the documentation has come to name fewer regions.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/use-managed-identity>
    pub(crate) struct RegionWithoutFeature {
        code: "region-without-feature",
        family: Feature,
        severity: Info,
        fix: None,
        since: "0.1.0",
    }
}

impl Rule for RegionWithoutFeature {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let locations = cluster.slots(&["location"]);
        let identities = ctx.eval.join(cluster.identities(), cluster.kubelets());
        ctx.judge(&ctx.eval.join(&locations, &identities), |case| {
            let (location, (identity, kubelet)) = case.value;
            let region: String = location
                .value
                .literal()?
                .chars()
                .filter(|c| !c.is_whitespace())
                .collect::<String>()
                .to_ascii_lowercase();
            let user_assigned = matches!(identity.block, IdentityBlock::Object { kind: Kind::UserAssigned, .. });
            let what = match region.as_str() {
                "usdodcentral" | "usdodeast" | "usgoviowa" if user_assigned => "a user-assigned control plane",
                "chinaeast" | "chinanorth" if matches!(kubelet.value, template::value::Value::Object(_)) => {
                    "a kubelet identity of your own"
                }
                _ => return None,
            };
            Some(Finding::at(place_of(ctx, location)?, format!("{what} is not available in `{region}`")))
        });
    }
}
