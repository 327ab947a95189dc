use template::aks::Cluster;
use template::condition::Conditions;

use crate::feature::{given, place_of, value_of};
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters with kubenet in a subnet of their own whose control plane is `SystemAssigned`.
    ///
    /// ## Why is this a problem
    /// With kubenet the control plane writes the routes of the nodes into the route table of the subnet, and needs Network
    /// Contributor on it before the cluster exists. AKS refuses a system-assigned identity with
    /// `CustomRouteTableWithUnsupportedMSIType`: `Clusters using managed identity type SystemAssigned do not support bringing
    /// your own route table`. Besides, kubenet retires on 2028-03-31.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "networkProfile": { "networkPlugin": "kubenet", "outboundType": "userDefinedRouting" },
    ///   "agentPoolProfiles": [
    ///     { "name": "system", "mode": "System", "vnetSubnetID": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]" }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   networkProfile: { networkPlugin: 'kubenet', outboundType: 'userDefinedRouting' }
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System', vnetSubnetID: resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's') }
    ///   ]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "networkProfile": { "networkPlugin": "azure", "outboundType": "userDefinedRouting" },
    ///   "agentPoolProfiles": [
    ///     { "name": "system", "mode": "System", "vnetSubnetID": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]" }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   networkProfile: { networkPlugin: 'kubenet' }
    ///   agentPoolProfiles: [{ name: 'system', mode: 'System' }]
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the control plane a user-assigned identity, which needs Network Contributor on the subnet and the route table. Or
    /// changes to Azure CNI with an overlay network, which needs no routes; a cluster that is running has to be migrated.
    ///
    /// ## When not to use it
    /// Always use it. Only a literal `kubenet` counts: what a missing `networkPlugin` means has changed over time.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/configure-kubenet>
    /// - Azure/AKS#2333, Azure/AKS-Construction#501
    pub(crate) struct OwnRouteTableNeedsUserAssigned {
        code: "own-route-table-needs-user-assigned",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for OwnRouteTableNeedsUserAssigned {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let plugins = cluster.slots(&["properties", "networkProfile", "networkPlugin"]);
        // A parameter that may be `kubenet` is no decision for it.
        if plugins.iter().any(|case| case.value.value.literal() != Some("kubenet")) {
            return;
        }
        let feature = ctx.eval.join(&plugins, cluster.pools());
        ctx.needs_user_assigned(cluster, &feature, |(plugin, pool), when| {
            let subnets = ctx.eval.slots_in(pool, when, &["vnetSubnetID"]);
            let (subnet, own) = subnets.iter().find_map(|case| Some((&case.value, given(ctx, &case.value, 1)?)))?;
            let finding = Finding::at(
                place_of(ctx, plugin)?,
                "kubenet in a subnet of your own needs a `UserAssigned` control plane",
            );
            Some(
                finding
                    .help("Give the cluster a user-assigned identity that has Network Contributor on the route table")
                    .related(place_of(ctx, subnet)?, "the subnet is named here")
                    .given(&own)
                    .fix(overlay(ctx, cluster, plugin, when)),
            )
        });
    }
}

fn overlay(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, plugin: &template::aks::Slot, when: &Conditions) -> Option<Fix> {
    let version = cluster.api_version().and_then(|version| schema::ApiVersion::parse(&version))?;
    let facts = schema::resource_type(template::aks::CLUSTER)?;
    if !facts.versions_with_value("properties.networkProfile.networkPluginMode", "overlay").contains(version) {
        return None;
    }
    let property = plugin.property?;
    let profiles = cluster.slots(&["properties", "networkProfile"]);
    let profile = profiles.iter().find(|profile| ctx.eval.and(&profile.when, when).is_some())?;
    ctx.rewrite()
        .replace(value_of(ctx, property)?, New::str("azure"))
        .set(profile.value.place?, At::After("networkPlugin"), "networkPluginMode", New::str("overlay"))
        .fix("Use Azure CNI with an overlay network", Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn a_subnet_that_may_be_empty_is_named() {
        check(
            RULE,
            "param subnet string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {
    networkProfile: {
      networkPlugin: 'kubenet'
      ^^^^^^^^^^^^^^^^^^^^^^^^ warning[own-route-table-needs-user-assigned]: kubenet
    }
    agentPoolProfiles: [{ name: 'a', vnetSubnetID: subnet }]
  }
}
",
        );
    }

    #[test]
    fn sees_pools_that_are_deployed_by_themselves() {
        check(
            RULE,
            "resource net 'Microsoft.Network/virtualNetworks/subnets@2024-01-01' existing = { name: 'v/s' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {
    networkProfile: {
      networkPlugin: 'kubenet'
      ^^^^^^^^^^^^^^^^^^^^^^^^ error[own-route-table-needs-user-assigned]: kubenet
    }
    agentPoolProfiles: [{ name: 'a' }]
  }
}
resource more 'Microsoft.ContainerService/managedClusters/agentPools@2025-05-01' = {
  parent: aks
  name: 'more'
  properties: { vnetSubnetID: net.id }
}
",
        );
    }
}
