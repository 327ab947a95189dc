use template::aks::Cluster;

use crate::feature::{given, place_of};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds pools on a dedicated host group, and system pools on reserved capacity, while the control plane is `SystemAssigned`.
    ///
    /// ## Why is this a problem
    /// The control plane puts machines onto hosts that are not its own and needs Contributor on their group before the pool is
    /// created. The documentation of both asks for a user-assigned identity.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "agentPoolProfiles": [{ "name": "system", "mode": "System", "hostGroupID": "[resourceId('Microsoft.Compute/hostGroups', 'hosts')]" }]
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System', capacityReservationGroupID: resourceId('Microsoft.Compute/capacityReservationGroups', 'group') }
    ///   ]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } },
    /// "properties": {
    ///   "agentPoolProfiles": [{ "name": "system", "mode": "System", "hostGroupID": "[resourceId('Microsoft.Compute/hostGroups', 'hosts')]" }]
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System' }
    ///     { name: 'user', mode: 'User', capacityReservationGroupID: resourceId('Microsoft.Compute/capacityReservationGroups', 'group') }
    ///   ]
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the control plane a user-assigned identity, which needs Contributor on the resource group of the hosts.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/use-azure-dedicated-hosts>
    /// - <https://learn.microsoft.com/azure/aks/use-capacity-reservation-groups>
    pub(crate) struct HostGroupNeedsUserAssigned {
        code: "host-group-needs-user-assigned",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for HostGroupNeedsUserAssigned {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let pools = cluster.pools();
        let host = |name: &'static str, what: &'static str, only_system: bool| {
            ctx.needs_user_assigned(cluster, pools, |pool, when| {
                let modes = ctx.eval.slots_in(pool, when, &["mode"]);
                let is_system = modes.iter().any(|mode| mode.value.value.literal() == Some("System"));
                if only_system && !is_system {
                    return None;
                }
                let groups = ctx.eval.slots_in(pool, when, &[name]);
                let (group, own) = groups.iter().find_map(|case| Some((&case.value, given(ctx, &case.value, 1)?)))?;
                let message = format!("{what} needs a `UserAssigned` control plane");
                Some(
                    Finding::at(place_of(ctx, group)?, message)
                        .help("Give the cluster a user-assigned identity that has Contributor on the group")
                        .given(&own),
                )
            });
        };
        host("hostGroupID", "a pool on a dedicated host group", false);
        host("capacityReservationGroupID", "a system pool on reserved capacity", true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn pools_of_a_loop_count() {
        check(
            RULE,
            "param hosts string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {
    agentPoolProfiles: [for name in ['a', 'b']: {
      name: name
      hostGroupID: '/subscriptions/s/resourceGroups/${hosts}/providers/Microsoft.Compute/hostGroups/h'
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[host-group-needs-user-assigned]: host group
    }]
  }
}
",
        );
    }
}
