use schema::roles::{Grantee, by_guid};
use template::grants::{Grant, rights};
use template::reads::Holder;

use crate::kubelet_grant::attach_kubelet_identity;
use crate::offers::label;
use crate::{Ctx, Finding, Rule, declare_rule};
use template::aks::Cluster;

declare_rule! {
    /// ## What it does
    /// Finds user-assigned identities that are created beside a cluster, given a role that control planes and kubelets need, and given
    /// out as an output, but that no cluster has.
    ///
    /// ## Why is this a problem
    /// The identity seems to be made for the cluster. Without a place in `identity` or `identityProfile` the cluster goes on with an
    /// identity of its own that has none of the roles.
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
    ///   ],
    ///   "outputs": { "kubeletIdentity": { "type": "string", "value": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
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
    ///
    /// output kubeletIdentity string = kmi.id
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
    ///   ],
    ///   "outputs": { "kubeletIdentity": { "type": "string", "value": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
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
    ///
    /// output kubeletIdentity string = kmi.id
    /// ```
    ///
    /// ## Fix
    /// Makes an identity that may pull images the one of the kubelet, together with the role that this needs, when there is one cluster and
    /// its kubelet has none. Unsafe, because the identity may be for something else.
    ///
    /// ## When not to use it
    /// When the identity is made for what comes after the deployment.
    pub(crate) struct IdentityNotAttached {
        code: "identity-not-attached",
        family: Reference,
        severity: Hint,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdentityNotAttached {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        let clusters = ctx.eval.clusters();
        for one in ctx.unattached() {
            let is_output = |user: &Holder| matches!(user, Holder::Output(..));
            let Some(&Holder::Output(scope, index)) = one.users.first() else { continue };
            if !one.users.iter().all(is_output) || !one.grants.iter().any(is_for_clusters) {
                continue;
            }
            let output = &ctx.eval.template(scope).outputs[index as usize];
            let (name, roles) = (label(ctx, one.identity), &one.roles);
            let message = format!("the identity `{name}` is given {roles} and given out, but no cluster has it");
            let is_puller = one.grants.iter().any(|grant| grant.role.as_deref() == Some(rights::PULL_IMAGES.role));
            let fix = match clusters[..] {
                [cluster] if is_puller => {
                    attach_kubelet_identity(ctx.eval, &Cluster::new(ctx.eval, cluster), one.identity)
                }
                _ => None,
            };
            ctx.report(
                Finding::at(ctx.eval.header(one.identity), message)
                    .help("Name it in `identity` or `identityProfile.kubeletidentity` of the cluster")
                    .related(ctx.eval.in_file(scope, output.name_range), "it is given out here")
                    .fix(fix),
            );
        }
    }
}

/// Whether a role is one that hardly anybody but a cluster needs.
fn is_for_clusters(grant: &Grant) -> bool {
    let Some(role) = grant.role.as_deref().and_then(by_guid) else { return false };
    let is_general = ["Contributor", "Reader", "Virtual Machine Contributor"].contains(&role.name);
    matches!(role.grantee, Grantee::ControlPlane | Grantee::Kubelet) && !is_general
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

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
    fn an_output_attaches_nothing() {
        let marked = template("", "output id string = kmi.id\n").replace(
            "= { name: 'kmi', location: 'x' }\n",
            "= { name: 'kmi', location: 'x' }\n^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ hint[identity-not-attached]: no cluster has it\n",
        );
        check(RULE, &marked);
    }

    #[test]
    fn roles_that_others_need_say_nothing() {
        let text = template("", "output id string = kmi.id\n");
        check(RULE, &text.replace("7f951dda-4ed3-4680-a7ca-43fe172d538d", "4633458b-17de-408a-b874-0445c86b69e6"));
        check(RULE, &template("", ""));
    }

    #[test]
    fn the_output_of_a_module_may_be_used_by_the_caller() {
        let caller = |id: &str| {
            format!(
                "//- main.bicep
module ids 'ids.bicep' = {{ name: 'ids' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{ identityProfile: {{ kubeletidentity: {{ resourceId: {id} }} }} }}
}}
//- ids.bicep
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'kmi', location: 'x' }}
"
            )
        };
        let rest = "resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(kmi.id)
  properties: { roleDefinitionId: '7f951dda-4ed3-4680-a7ca-43fe172d538d', principalId: kmi.properties.principalId }
}
output id string = kmi.id
";
        let mark = "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ hint[identity-not-attached]: no cluster has it\n";
        check(RULE, &format!("{}{rest}", caller("ids.outputs.id")));
        check(RULE, &format!("{}{mark}{rest}", caller("null")));
    }
}
