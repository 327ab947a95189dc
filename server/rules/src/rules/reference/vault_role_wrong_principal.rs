use template::aks::{Cluster, IDENTITY};
use template::grants::{Bearer, Truth};
use template::identities::FEDERATED;
use template::reads::Holder;
use template::value::ResourceRef;

use crate::feature::is_true;
use crate::roles::{Instead, about_principal, control_planes, judge_grants, kubelets, may_be_among, other_principal};
use crate::{Ctx, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the role Key Vault Secrets User given to the identity of a control plane, while pods get their secrets by the secrets
    /// provider or by workload identity, and nobody else has the role.
    ///
    /// ## Why is this a problem
    /// The control plane reads no secrets. Pods read them with the identity of the secrets provider add-on, or with an identity that
    /// trusts their service account. The deployment succeeds; mounting the secrets fails with `Forbidden`.
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
    ///       "type": "Microsoft.KeyVault/vaults",
    ///       "apiVersion": "2023-07-01",
    ///       "name": "secrets",
    ///       "location": "westeurope",
    ///       "properties": { "tenantId": "[subscription().tenantId]", "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.KeyVault/vaults', 'secrets')]",
    ///       "name": "[guid(resourceId('Microsoft.KeyVault/vaults', 'secrets'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')]",
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
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "addonProfiles": { "azureKeyvaultSecretsProvider": { "enabled": true } }
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
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     addonProfiles: { azureKeyvaultSecretsProvider: { enabled: true } }
    ///   }
    /// }
    ///
    /// resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
    ///   name: 'secrets'
    ///   location: 'westeurope'
    ///   properties: { tenantId: subscription().tenantId, sku: { family: 'A', name: 'standard' }, enableRbacAuthorization: true }
    /// }
    ///
    /// resource secrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: vault
    ///   name: guid(vault.id, mi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
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
    ///       "type": "Microsoft.KeyVault/vaults",
    ///       "apiVersion": "2023-07-01",
    ///       "name": "secrets",
    ///       "location": "westeurope",
    ///       "properties": { "tenantId": "[subscription().tenantId]", "sku": { "family": "A", "name": "standard" }, "enableRbacAuthorization": true }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.KeyVault/vaults', 'secrets')]",
    ///       "name": "[guid(resourceId('Microsoft.KeyVault/vaults', 'secrets'), resourceId('Microsoft.ContainerService/managedClusters', 'aks'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').addonProfiles.azureKeyvaultSecretsProvider.identity.objectId]",
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
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "addonProfiles": { "azureKeyvaultSecretsProvider": { "enabled": true } }
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
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     addonProfiles: { azureKeyvaultSecretsProvider: { enabled: true } }
    ///   }
    /// }
    ///
    /// resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
    ///   name: 'secrets'
    ///   location: 'westeurope'
    ///   properties: { tenantId: subscription().tenantId, sku: { family: 'A', name: 'standard' }, enableRbacAuthorization: true }
    /// }
    ///
    /// resource secrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: vault
    ///   name: guid(vault.id, aks.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
    ///     principalId: aks.properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the role to the identity of the secrets provider, where that add-on is on. Unsafe, because pods may use another one.
    ///
    /// ## When not to use it
    /// When the identity of the control plane reads secrets elsewhere. The rule is silent when something else in the deployment uses the
    /// identity, and when somebody else has the role.
    ///
    /// ## References
    /// articles/aks/csi-secrets-store-identity-access.md of the AKS documentation.
    pub(crate) struct VaultRoleWrongPrincipal {
        code: "vault-role-wrong-principal",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const PROVIDER: [&str; 4] = ["properties", "addonProfiles", "azureKeyvaultSecretsProvider", "enabled"];
const WORKLOADS: [&str; 4] = ["properties", "securityProfile", "workloadIdentity", "enabled"];

impl Rule for VaultRoleWrongPrincipal {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let Some(role) = schema::roles::by_name("Key Vault Secrets User") else { return };
        let grants = ctx.eval.grants();
        let mut all = grants.with_role(Some(role.guid)).peekable();
        if !grants.complete || all.peek().is_none() || grants.with_role(None).next().is_some() {
            return;
        }
        let control_planes = control_planes(cluster);
        // Somebody else who has it, or may have it, may be who reads.
        let is_own = |bearer: &Bearer| may_be_among(ctx, bearer, &control_planes);
        if all.any(|grant| !grant.bearer.as_ref().is_some_and(is_own)) {
            return;
        }
        let on = |path: &[&str]| cluster.slots(path).into_iter().find(|case| is_true(&case.value, path.len()));
        let (provider, workloads) = (on(&PROVIDER), on(&WORKLOADS));
        let Some(switch) = provider.as_ref().or(workloads.as_ref()) else { return };
        let kubelets = kubelets(cluster);
        judge_grants(ctx, &control_planes, &[role.guid], |grant, holder| {
            if may_be_among(ctx, holder.value, &kubelets) || has_other_uses(ctx, cluster, holder.value) {
                return None;
            }
            let what = if provider.is_some() { "the secrets provider is on" } else { "workload identity is on" };
            let message = "Key Vault Secrets User is given to the control plane, which reads no secrets";
            let help = if provider.is_some() {
                "Give it to `addonProfiles.azureKeyvaultSecretsProvider.identity.objectId` of the cluster"
            } else {
                "Give it to the identity that trusts the service account of the pods"
            };
            let reader = provider.is_some().then(|| Instead {
                principal: New::read(
                    cluster.resource,
                    "properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId",
                ),
                id: New::id(cluster.resource),
                who: "the secrets provider",
                before: false,
            });
            Some(
                about_principal(ctx, grant, message)?
                    .help(help)
                    .related(ctx.eval.written_at(&switch.value)?, what)
                    .fix(reader.and_then(|to| other_principal(ctx, cluster, grant, to))),
            )
        });
    }
}

/// Whether something besides the cluster uses its identity.
fn has_other_uses(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, bearer: &Bearer) -> bool {
    let Bearer::Identity(id) = bearer else { return false };
    let is_workload = |credential: ResourceRef| {
        let own = ctx.eval.id_of(credential);
        ctx.eval.parents(&own).iter().any(|parent| ctx.eval.same_resource(parent, id) != Truth::No)
    };
    let Some(identity) = id.declared.filter(|declared| ctx.eval.resource(*declared).is_type(IDENTITY)) else {
        return true;
    };
    ctx.eval.resources_of(FEDERATED).into_iter().any(is_workload)
        || ctx.eval.users_of(identity).into_iter().any(|user| user != Holder::Resource(cluster.resource))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn template(features: &str, more: &str) -> String {
        format!(
            "param someone string
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi.id}}': {{}} }} }}
  properties: {{ {features} }}
}}
{more}"
        )
    }

    fn grant(name: &str, principal: &str) -> String {
        format!(
            "resource {name} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid('{name}')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4633458b-17de-408a-b874-0445c86b69e6')
    principalId: {principal}
  }}
}}
"
        )
    }

    const WORKLOADS: &str = "securityProfile: { workloadIdentity: { enabled: true } }";
    const PROVIDER: &str = "addonProfiles: { azureKeyvaultSecretsProvider: { enabled: true } }";

    #[test]
    fn the_control_plane_reads_no_secrets() {
        let marked = "mi.properties.principalId\n                 ^^^^^^^^^^^^^^^^^^^^^^^^^ warning[vault-role-wrong-principal]: reads no secrets";
        for features in [WORKLOADS, PROVIDER] {
            check(RULE, &template(features, &grant("a", marked)));
        }
        check(RULE, &template("", &grant("a", "mi.properties.principalId")));
    }

    #[test]
    fn others_that_may_read_them_are_enough() {
        for other in ["aks.properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId", "someone"] {
            let both = format!("{}{}", grant("a", "mi.properties.principalId"), grant("b", other));
            check(RULE, &template(PROVIDER, &both));
        }
    }

    #[test]
    fn an_identity_that_others_use_may_read() {
        for user in [
            "resource vm 'Microsoft.Network/applicationGateways@2023-11-01' = { name: 'g', identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } } }",
            "output id string = mi.id",
            "resource f 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = { parent: mi, name: 'f' }",
        ] {
            let more = format!("{}{user}\n", grant("a", "mi.properties.principalId"));
            check(RULE, &template(WORKLOADS, &more));
        }
    }
}
