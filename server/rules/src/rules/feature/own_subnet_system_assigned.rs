use template::aks::Cluster;
use template::grants::{Bearer, Truth, Wanted, rights};

use crate::feature::{given, place_of};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters in a subnet of their own whose control plane is `SystemAssigned` and gets no role on the network.
    ///
    /// ## Why is this a problem
    /// The control plane makes load balancers and joins them to the subnet, for which it needs Network Contributor. Its
    /// system-assigned identity exists only after the cluster does, so that the role comes late, and until then services of type
    /// `LoadBalancer` stay without an address. The `az` command line gives the role by itself; a template has to say it.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "agentPoolProfiles": [
    ///     { "name": "system", "mode": "System", "vnetSubnetID": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]" }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System', vnetSubnetID: resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's') }
    ///   ]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "networkProfile": { "networkPlugin": "azure" }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// properties: {
    ///   agentPoolProfiles: [
    ///     { name: 'system', mode: 'System', vnetSubnetID: resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's') }
    ///   ]
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the control plane a user-assigned identity, which can have Network Contributor on the subnet before the cluster is
    /// created.
    ///
    /// ## When not to use it
    /// Where the role is given outside of the template.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/managed-identity-overview>
    pub(crate) struct OwnSubnetSystemAssigned {
        code: "own-subnet-system-assigned",
        family: Feature,
        severity: Info,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for OwnSubnetSystemAssigned {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let bearer = Bearer::System(ctx.eval.id_of(cluster.resource));
        let wanted = Wanted { right: &rights::USE_NETWORK, bearer: &bearer, on: None };
        let plugins = cluster.slots(&["properties", "networkProfile", "networkPlugin"]);
        let skus = cluster.slots(&["sku", "name"]);
        let settings = ctx.eval.join(&plugins, &skus);
        let feature = ctx.eval.join(&settings, cluster.pools());
        ctx.needs_user_assigned(cluster, &feature, |((plugin, sku), pool), when| {
            // Those need it for certain, and have rules of their own.
            if plugin.value.literal() == Some("kubenet") || sku.value.literal() == Some("Automatic") {
                return None;
            }
            let kinds = ctx.eval.slots_in(pool, when, &["type"]);
            if kinds.iter().any(|kind| kind.value.value.literal() == Some("VirtualMachines")) {
                return None;
            }
            let subnets = ctx.eval.slots_in(pool, when, &["vnetSubnetID"]);
            let (subnet, own) = subnets.iter().find_map(|case| Some((case, given(ctx, &case.value, 1)?)))?;
            if ctx.eval.granted(&wanted, &subnet.when).iter().any(|case| case.value != Truth::No) {
                return None;
            }
            let message = "the `SystemAssigned` control plane has no role on the subnet of this pool";
            Some(
                Finding::at(place_of(ctx, &subnet.value)?, message)
                    .help("Give Network Contributor to a user-assigned identity before the cluster is created, or to `identity.principalId` of the cluster after that")
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
    fn a_role_for_the_cluster_or_an_unknown_module_is_enough() {
        let text = "resource subnet 'Microsoft.Network/virtualNetworks/subnets@2024-01-01' existing = { name: 'v/s' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: { agentPoolProfiles: [{ name: 'a', vnetSubnetID: subnet.id }] }
}
";
        let role = "resource network 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: subnet
  name: guid(subnet.id, aks.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    principalId: aks.identity.principalId
  }
}
";
        check(RULE, &format!("{text}{role}"));
        check(RULE, &format!("{text}module grants 'br/public:some/module:1.0.0' = {{ name: 'grants' }}\n"));
    }
}
