use std::cell::OnceCell;

use template::aks::{Case, Cluster, IdentityBlock, Kind};
use template::grants::{Bearer, Truth, rights};

use crate::kubelet_grant::{Recipient, key_of};
use crate::roles::{
    Instead, about_principal, asked, control_planes, judge_grants, kubelets, may_be_among, other_principal,
};
use crate::{Ctx, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the role Network Contributor on the subnet of a cluster given to its kubelet, where the control plane does not have it.
    ///
    /// ## Why is this a problem
    /// Load balancers, routes and addresses are made by the control plane; the kubelet never changes a network. The deployment succeeds,
    /// and services of type `LoadBalancer` stay pending with `LinkedAuthorizationFailed`.
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
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes')]",
    ///       "name": "[guid(resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes'), resourceId('Microsoft.ContainerService/managedClusters', 'aks'))]",
    ///       "dependsOn": ["[resourceId('Microsoft.Network/virtualNetworks/subnets', 'net', 'nodes')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
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
    /// resource network 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: net::nodes
    ///   name: guid(net::nodes.id, aks.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
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
    /// Gives the role to the identity of the control plane. Unsafe, because the name of the assignment stays as it is.
    ///
    /// ## When not to use it
    /// When something outside of the template gives the role to the control plane. The rule is silent where that may be: with a control
    /// plane whose identity is `existing`, with modules that are not at hand.
    ///
    /// ## References
    /// articles/aks/configure-azure-cni.md, articles/aks/managed-identity-overview.md of the AKS documentation.
    pub(crate) struct NetworkRoleWrongPrincipal {
        code: "network-role-wrong-principal",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for NetworkRoleWrongPrincipal {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let role = rights::USE_NETWORK.role;
        if ctx.eval.grants().with_role(Some(role)).next().is_none() {
            return;
        }
        let control_planes = control_planes(cluster);
        let is_fresh = |holder: &Case<Bearer>| match &holder.value {
            Bearer::Identity(id) => ctx.eval.created(id).is_some(),
            _ => true,
        };
        if control_planes.is_empty() || !control_planes.iter().all(is_fresh) {
            return;
        }
        let needs = OnceCell::new();
        judge_grants(ctx, &kubelets(cluster), &[role], |grant, holder| {
            if may_be_among(ctx, holder.value, &control_planes) {
                return None;
            }
            let needs = needs.get_or_init(|| asked(ctx, cluster, &control_planes, |need| need.right.role == role));
            let mut for_it = needs.iter().filter(|case| {
                ctx.eval.and(&case.when, &holder.when).is_some()
                    && ctx.eval.covers(&grant.scope, &case.value.need.on) == Truth::Yes
            });
            let first = for_it.clone().next()?;
            if for_it.any(|case| case.value.answer != Truth::No) {
                return None;
            }
            let message = "Network Contributor is given to the kubelet; networks are changed by the control plane";
            let used = ctx.eval.written_at(&first.value.need.slot)?;
            Some(
                about_principal(ctx, grant, message)?
                    .help("Give it to the identity of the control plane")
                    .related(used, "the cluster uses the subnet here")
                    .fix(to_control_plane(ctx, cluster).and_then(|to| other_principal(ctx, cluster, grant, to))),
            )
        });
    }
}

/// The control plane, when it is certainly one and the same.
fn to_control_plane(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) -> Option<Instead<'static>> {
    let [Case { value: identity, .. }] = cluster.identities() else { return None };
    let (principal, id, before) = match (&identity.block, cluster.control_plane_ids()) {
        (IdentityBlock::Object { kind: Kind::SystemAssigned, .. }, []) => {
            (New::read(cluster.resource, "identity.principalId"), New::id(cluster.resource), false)
        }
        (IdentityBlock::Object { kind: Kind::UserAssigned, .. }, [Case { value: id, .. }]) => {
            let to = Recipient::identity(ctx.eval, id, cluster.resource.scope, key_of(cluster))?;
            (to.principal(), to.id(), true)
        }
        _ => return None,
    };
    Some(Instead { principal, id, who: "the control plane", before })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn template(kind: &str, principal: &str, more: &str) -> String {
        format!(
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'kmi', location: 'x' }}
resource nodes 'Microsoft.Network/virtualNetworks/subnets@2023-11-01' existing = {{ name: 'net/nodes' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {kind}
  properties: {{ agentPoolProfiles: [{{ name: 'a', vnetSubnetID: nodes.id }}] }}
}}
resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  scope: nodes
  name: guid('x')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    principalId: {principal}
  }}
}}
{more}"
        )
    }

    const USER: &str = "{ type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }";
    const SYSTEM: &str = "{ type: 'SystemAssigned' }";
    const KUBELET: &str = "aks.properties.identityProfile.kubeletidentity.objectId";

    #[test]
    fn gives_it_to_the_control_plane() {
        let waiting = "vnetSubnetID: nodes.id }] }\n  dependsOn: [\n    grant\n  ]\n";
        let after = template(USER, "mi.properties.principalId", "").replace("vnetSubnetID: nodes.id }] }\n", waiting);
        check_fix(RULE, &template(USER, KUBELET, ""), &after);
        check_fix(RULE, &template(SYSTEM, KUBELET, ""), &template(SYSTEM, "aks.identity.principalId", ""));
    }

    #[test]
    fn a_control_plane_that_has_it_or_may_have_it_is_fine() {
        let second = template(USER, "mi.properties.principalId", "");
        let second = second[second.find("resource grant").unwrap()..].replace("resource grant", "resource other");
        check(RULE, &template(USER, KUBELET, &second));
        check(RULE, &template(USER, KUBELET, "module more 'br/public:more:1.0' = { name: 'm' }\n"));
        check(RULE, &template(USER, "kmi.properties.principalId", ""));
        let existing = template(USER, KUBELET, "").replacen("= {", "existing = {", 1);
        check(RULE, &existing);
    }
}
