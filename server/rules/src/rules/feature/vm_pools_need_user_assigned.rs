use template::aks::Cluster;

use crate::feature::{given, place_of};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds node pools of type `VirtualMachines` in a subnet of their own while the control plane is `SystemAssigned`.
    ///
    /// ## Why is this a problem
    /// The control plane joins each machine to the subnet and needs Network Contributor on it before the cluster is created.
    /// The documentation of these pools asks for a user-assigned identity in a network of one's own, and AKS refuses another one
    /// with `InvalidParameter` before it creates anything.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "agentPoolProfiles": [
    ///     { "name": "system", "mode": "System", "type": "VirtualMachines", "vnetSubnetID": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]" }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System', type: 'VirtualMachines', vnetSubnetID: resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's') }
    ///   ]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "agentPoolProfiles": [{ "name": "system", "mode": "System", "type": "VirtualMachines" }]
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// properties: {
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System', type: 'VirtualMachines', vnetSubnetID: resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's') }
    ///   ]
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the control plane a user-assigned identity, which needs Network Contributor on the subnet.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/virtual-machines-node-pools>
    pub(crate) struct VmPoolsNeedUserAssigned {
        code: "vm-pools-need-user-assigned",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for VmPoolsNeedUserAssigned {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.needs_user_assigned(cluster, cluster.pools(), |pool, when| {
            let kinds = ctx.eval.slots_in(pool, when, &["type"]);
            let kind = kinds.iter().find(|kind| kind.value.value.literal() == Some("VirtualMachines"))?;
            let subnets = ctx.eval.slots_in(pool, &kind.when, &["vnetSubnetID"]);
            let (subnet, own) = subnets.iter().find_map(|case| Some((&case.value, given(ctx, &case.value, 1)?)))?;
            let message = "a pool of `VirtualMachines` in a subnet of your own needs a `UserAssigned` control plane";
            Some(
                Finding::at(place_of(ctx, &kind.value)?, message)
                    .help("Give the cluster a user-assigned identity that has Network Contributor on the subnet")
                    .related(place_of(ctx, subnet)?, "the subnet is named here")
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
    fn the_subnet_of_another_pool_does_not_matter() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {
    agentPoolProfiles: [
      { name: 'a', type: 'VirtualMachines' }
      { name: 'b', type: 'VirtualMachineScaleSets', vnetSubnetID: '/subscriptions/x/resourceGroups/y/providers/Microsoft.Network/virtualNetworks/v/subnets/s' }
      { name: 'c', type: 'VirtualMachines', vnetSubnetID: '' }
    ]
  }
}
",
        );
    }
}
