use std::collections::HashMap;

use template::aks::Cluster;
use template::grants::{Bearer, Need, Truth};
use template::value::ResourceId;

use crate::kubelet_grant::let_use;
use crate::offers::label_of_id;
use crate::roles::{asked, control_planes, look_alike, who};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a cluster that uses a subnet, a private DNS zone, a vault or a key of its own, all created in the same deployment together
    /// with the identity of its control plane, where nothing gives that identity the role it needs there.
    ///
    /// ## Why is this a problem
    /// On the node resource group the control plane has all rights, elsewhere it has none. For a private DNS zone and for etcd encryption
    /// AKS refuses the cluster; with a subnet of your own load balancers do not come up later.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Network/virtualNetworks",
    ///       "apiVersion": "2023-11-01",
    ///       "name": "net",
    ///       "location": "westeurope",
    ///       "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } }
    ///     },
    ///     {
    ///       "type": "Microsoft.Network/virtualNetworks/subnets",
    ///       "apiVersion": "2023-11-01",
    ///       "name": "net/nodes",
    ///       "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', 'net')]"],
    ///       "properties": { "addressPrefix": "10.0.0.0/20" }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes')]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System", "vnetSubnetID": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes')]" }]
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'mi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource net 'Microsoft.Network/virtualNetworks@2023-11-01' = {
    ///   name: 'net'
    ///   location: 'westeurope'
    ///   properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } }
    ///
    ///   resource nodes 'subnets' = {
    ///     name: 'nodes'
    ///     properties: { addressPrefix: '10.0.0.0/20' }
    ///   }
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System', vnetSubnetID: net::nodes.id }]
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Network/virtualNetworks",
    ///       "apiVersion": "2023-11-01",
    ///       "name": "net",
    ///       "location": "westeurope",
    ///       "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } }
    ///     },
    ///     {
    ///       "type": "Microsoft.Network/virtualNetworks/subnets",
    ///       "apiVersion": "2023-11-01",
    ///       "name": "net/nodes",
    ///       "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks', 'net')]"],
    ///       "properties": { "addressPrefix": "10.0.0.0/20" }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes')]",
    ///       "name": "[guid(resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]",
    ///       "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[extensionResourceId(resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System", "vnetSubnetID": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes')]" }]
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'mi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource net 'Microsoft.Network/virtualNetworks@2023-11-01' = {
    ///   name: 'net'
    ///   location: 'westeurope'
    ///   properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } }
    ///
    ///   resource nodes 'subnets' = {
    ///     name: 'nodes'
    ///     properties: { addressPrefix: '10.0.0.0/20' }
    ///   }
    /// }
    ///
    /// resource network 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: net::nodes
    ///   name: guid(net::nodes.id, mi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   dependsOn: [network]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System', vnetSubnetID: net::nodes.id }]
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Adds the role assignment and makes the cluster wait for it, where the resource is declared beside the cluster.
    ///
    /// ## When not to use it
    /// When something outside of the template gives the role. A role on the group or the subscription counts, and so do wider roles. With
    /// anything that is `existing`, with modules or scripts that are not at hand the rule is silent.
    ///
    /// ## References
    /// articles/aks/configure-azure-cni.md, articles/aks/private-clusters.md, articles/aks/use-kms-etcd-encryption.md of the AKS
    /// documentation.
    pub(crate) struct FeatureRoleMissing {
        code: "feature-role-missing",
        family: Reference,
        severity: Info,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for FeatureRoleMissing {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let mut holders = control_planes(cluster);
        holders.retain(|holder| matches!(&holder.value, Bearer::Identity(id) if ctx.eval.created(id).is_some()));
        if holders.is_empty() || !ctx.eval.grants().complete {
            return;
        }
        let mut cases = asked(ctx, cluster, &holders, |need| is_created(ctx, &need.on));
        // Several pools in one subnet need one role.
        let mut first = HashMap::new();
        cases.retain(|case| {
            let Need { right, on, slot, .. } = &case.value.need;
            *first.entry((right.role, on.canon)).or_insert(slot.place) == slot.place
        });
        let grants = ctx.eval.grants();
        ctx.judge(&cases, |case| {
            let asked = &case.value;
            // A role that is only taken for the right one is reported as that.
            if asked.answer != Truth::No || look_alike(ctx, &grants, asked, &case.when).is_some() {
                return None;
            }
            let Need { right, what, on, slot } = &asked.need;
            let (role, label) = (right.role_name(), label_of_id(ctx, on));
            let message = format!("nothing gives {} the role {role} on `{label}`, {what}", who(ctx, &asked.bearer));
            let mut finding = Finding::at(ctx.eval.written_at(slot)?, message)
                .origin(ctx, slot)
                .help("Assign the role to the identity of the control plane, and make the cluster wait for it");
            if let Bearer::Identity(id) = &asked.bearer {
                if let Some(identity) = ctx.eval.created(id) {
                    finding = finding.related(ctx.eval.header(identity), "the identity of the control plane");
                }
                finding = finding.fix(let_use(ctx.eval, cluster, right, id, on));
            }
            Some(finding)
        });
    }
}

/// Whether a resource comes into being here, by itself or as a part of another one.
fn is_created(ctx: &Ctx<'_>, id: &ResourceId) -> bool {
    ctx.eval.created(id).is_some() || ctx.eval.parents(id).iter().any(|parent| ctx.eval.created(parent).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn template(subnet: &str, more: &str) -> String {
        format!(
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource net 'Microsoft.Network/virtualNetworks@2023-11-01' = {{
  name: 'net'
  properties: {{ subnets: [{{ name: 'nodes' }}] }}
}}
resource nodes 'Microsoft.Network/virtualNetworks/subnets@2023-11-01' existing = {{ parent: net, name: 'nodes' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi.id}}': {{}} }} }}
  properties: {{
    agentPoolProfiles: [
      {{ name: 'a', vnetSubnetID: {subnet} }}
      {{ name: 'b', vnetSubnetID: nodes.id }}
    ]
  }}
}}
{more}"
        )
    }

    fn grant(scope: &str, principal: &str) -> String {
        format!(
            "resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  {scope}
  name: guid('x')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    principalId: {principal}
  }}
}}
"
        )
    }

    const MI: &str = "mi.properties.principalId";

    #[test]
    fn subnets_written_in_their_network_are_created_with_it() {
        let found = template("nodes.id", "").replacen(
            "nodes.id }\n",
            "nodes.id }\n                                 ^^^^^^^^ info[feature-role-missing]: Network Contributor on `nodes`, the subnet\n",
            1,
        );
        check(RULE, &found);
    }

    #[test]
    fn any_role_that_covers_it_is_enough() {
        for scope in ["scope: nodes", "scope: net", "scope: resourceGroup()", ""] {
            check(RULE, &template("nodes.id", &grant(scope, MI)));
        }
        check(RULE, &template("net.properties.subnets[0].id", &grant("scope: nodes", MI)));
    }

    #[test]
    fn what_is_not_certain_is_not_reported() {
        let module = "module roles 'br/public:roles:1.0' = { name: 'r' }\n";
        check(RULE, &template("nodes.id", module));
        check(RULE, &template("nodes.id", &format!("param who string\n{}", grant("scope: nodes", "who"))));
        let existing = |what: &str| {
            let new = format!("resource {what} 'Microsoft");
            let text = template("nodes.id", "");
            let at = text.find(&new).unwrap();
            let equals = text[at..].find("= {").unwrap() + at;
            format!("{}existing {}", &text[..equals], &text[equals..])
        };
        check(RULE, &existing("mi"));
        check(RULE, &existing("net"));
    }
}
