use template::aks::{Case, Cluster, Slot};

use crate::feature::{given, place_of};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters of the kind Automatic in a network of their own whose control plane is `SystemAssigned`.
    ///
    /// ## Why is this a problem
    /// AKS Automatic takes a system-assigned identity only in a network that it makes itself. In another one the control plane
    /// needs Network Contributor before the cluster is created: `System-assigned managed identity not supported for custom
    /// resource`, says AKS, with the code `OnlySupportedOnUserAssignedMSICluster`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster,api=2026-01-01
    /// "sku": { "name": "Automatic", "tier": "Standard" },
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "agentPoolProfiles": [
    ///     { "name": "system", "mode": "System", "vnetSubnetID": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]" }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=cluster,api=2026-01-01
    /// sku: { name: 'Automatic', tier: 'Standard' }
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System', vnetSubnetID: resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's') }
    ///   ]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster,api=2026-01-01
    /// "sku": { "name": "Automatic", "tier": "Standard" },
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": { "agentPoolProfiles": [{ "name": "system", "mode": "System" }] }
    /// ```
    /// ```bicep,frame=cluster,api=2026-01-01
    /// sku: { name: 'Automatic', tier: 'Standard' }
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// properties: {
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System', vnetSubnetID: resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's') }
    ///   ]
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the control plane a user-assigned identity, which needs Network Contributor on the network.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/automatic/quick-automatic-custom-network>
    pub(crate) struct AutomaticOwnVnet {
        code: "automatic-own-vnet",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for AutomaticOwnVnet {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        const SERVER: [&str; 3] = ["properties", "apiServerAccessProfile", "subnetId"];
        let skus = cluster.slots(&["sku", "name"]);
        let mut subnets: Vec<Case<(Slot, usize)>> = Vec::new();
        for Case { when, value } in cluster.slots(&SERVER) {
            subnets.push(Case { when, value: (value, SERVER.len()) });
        }
        for pool in cluster.pools() {
            for Case { when, value } in ctx.eval.slots_in(&pool.value, &pool.when, &["vnetSubnetID"]) {
                subnets.push(Case { when, value: (value, 1) });
            }
        }
        let feature = ctx.eval.join(&skus, &subnets);
        ctx.needs_user_assigned(cluster, &feature, |(sku, (subnet, length)), _| {
            if sku.value.literal() != Some("Automatic") {
                return None;
            }
            let own = given(ctx, subnet, *length)?;
            let message = "AKS Automatic in a subnet of your own needs a `UserAssigned` control plane";
            Some(
                Finding::at(place_of(ctx, subnet)?, message)
                    .help("Give the cluster a user-assigned identity that has Network Contributor on the network")
                    .related(place_of(ctx, sku)?, "the cluster is of the kind Automatic")
                    .given(&own),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn the_subnet_of_the_api_server_counts_as_well() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  sku: { name: 'Automatic', tier: 'Standard' }
  identity: { type: 'SystemAssigned' }
  properties: {
    apiServerAccessProfile: {
      subnetId: resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[automatic-own-vnet]: AKS Automatic
    }
  }
}
",
        );
    }
}
