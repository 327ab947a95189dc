use template::aks::Cluster;
use template::grants::rights;

use crate::kubelet_grant::attach_kubelet_identity;
use crate::offers::label;
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds user-assigned identities that are created beside a cluster and given roles, and that nothing uses.
    ///
    /// ## Why is this a problem
    /// A role for an identity that nobody has changes nothing. Mostly the identity was meant for the kubelet: it may pull images, but
    /// `identityProfile` was never set, so that the nodes have an identity that AKS made, and that one may not.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "kmi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "name": "[guid(resourceGroup().id, resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'pull')]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }]
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
    /// resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'kmi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(resourceGroup().id, kmi.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: kmi.properties.principalId
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
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
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
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "kmi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///       "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "name": "[guid(resourceGroup().id, resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'pull')]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').principalId]",
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
    ///         "[extensionResourceId(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830'))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
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
    /// resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'kmi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource operator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: kmi
    ///   name: guid(kmi.id, mi.id, 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(resourceGroup().id, kmi.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: kmi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   dependsOn: [operator]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Makes an identity that may pull images the one of the kubelet, together with the role that this needs, when there is one cluster and
    /// its kubelet has none. Unsafe, because all nodes get a new image when a cluster that exists is changed like this.
    ///
    /// ## When not to use it
    /// When the identity is used by something outside of the template.
    pub(crate) struct IdentityUnused {
        code: "identity-unused",
        family: Reference,
        severity: Hint,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdentityUnused {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        let clusters = ctx.eval.clusters();
        for one in ctx.unattached() {
            if !one.users.is_empty() {
                continue;
            }
            let message =
                format!("the identity `{}` is given {}, and nothing uses it", label(ctx, one.identity), one.roles);
            let mut finding = Finding::at(ctx.eval.header(one.identity), message);
            finding = finding.help("Name it where it is to be used, in a cluster for example, or leave it out");
            let is_puller = one.grants.iter().any(|grant| grant.role.as_deref() == Some(rights::PULL_IMAGES.role));
            for grant in &one.grants {
                finding = finding.related(ctx.eval.header(grant.assignment), "it gets a role here");
            }
            let fix = match clusters[..] {
                [cluster] if is_puller => {
                    attach_kubelet_identity(ctx.eval, &Cluster::new(ctx.eval, cluster), one.identity)
                }
                _ => None,
            };
            ctx.report(finding.fix(fix));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn template(profile: &str, more: &str) -> String {
        format!(
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'kmi', location: 'x' }}
resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(kmi.id)
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: kmi.properties.principalId
  }}
}}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi.id}}': {{}} }} }}
  properties: {{ {profile} }}
}}
{more}"
        )
    }

    #[test]
    fn whatever_names_it_uses_it() {
        for more in [
            "output id string = kmi.id",
            "output name string = 'kmi'",
            "module m 'br/public:m:1.0' = { name: 'm', params: { id: kmi.id } }",
            "resource f 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = { parent: kmi, name: 'f' }",
            "resource same 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'kmi' }",
            "var map = { '${kmi.id}': {} }\nresource s 'Microsoft.Resources/deploymentScripts@2023-08-01' = { name: 's', identity: { userAssignedIdentities: map } }",
        ] {
            check(RULE, &template("", &format!("{more}\n")));
        }
        check(RULE, &template("identityProfile: { kubeletidentity: { resourceId: kmi.id } }", ""));
    }

    #[test]
    fn what_only_gets_roles_is_not_used() {
        let marked = template("", "var unused = kmi.id\n").replace(
            "= { name: 'kmi', location: 'x' }\n",
            "= { name: 'kmi', location: 'x' }\n^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ hint[identity-unused]: `kmi` is given AcrPull\n",
        );
        check(RULE, &marked);
    }

    #[test]
    fn becomes_the_identity_of_the_kubelet() {
        let after = template("", "").replace(
            "properties: {  }\n}\n",
            "properties: {
    identityProfile: {
      kubeletidentity: {
        resourceId: kmi.id
      }
    }
  }
  dependsOn: [
    aksKubeletOperator
  ]
}

resource aksKubeletOperator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: kmi
  name: guid(kmi.id, mi.id, 'f1a07417-d97a-45cb-824c-7a7467783830')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    principalId: mi.properties.principalId
    principalType: 'ServicePrincipal'
  }
}
",
        );
        check_fix(RULE, &template("", ""), &after);
    }
}
