use template::aks::{Case, Cluster};
use template::grants::{Bearer, Grant, Truth};

use crate::roles::{about_role, asked, control_planes, judge_grants, look_alike, other_role, role_name};
use crate::{Ctx, Finding, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds roles that are taken for the one that a feature of the cluster needs: DNS Zone Contributor on a private zone, Key Vault
    /// Crypto Service Encryption User for the key of etcd encryption.
    ///
    /// ## Why is this a problem
    /// The names are alike, the rights are not. DNS Zone Contributor is about public zones and does nothing on a private one: AKS refuses
    /// the cluster with `CustomPrivateDNSZoneMissingPermissionError`. Crypto Service Encryption User wraps keys, but does not encrypt with
    /// them, which is what etcd encryption does.
    ///
    /// Application routing with Key Vault Secrets User is reported as an information: the documentation asks for Key Vault Certificate
    /// User.
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
    ///       "type": "Microsoft.Network/privateDnsZones",
    ///       "apiVersion": "2024-06-01",
    ///       "name": "privatelink.westeurope.azmk8s.io",
    ///       "location": "global"
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io')]",
    ///       "name": "[guid(resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'befefa01-2a29-4197-83a8-272ff33ce314')]",
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
    ///         "[extensionResourceId(resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "apiServerAccessProfile": {
    ///           "enablePrivateCluster": true,
    ///           "privateDNSZone": "[resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io')]"
    ///         }
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
    /// resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
    ///   name: 'privatelink.westeurope.azmk8s.io'
    ///   location: 'global'
    /// }
    ///
    /// resource dns 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: zone
    ///   name: guid(zone.id, mi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'befefa01-2a29-4197-83a8-272ff33ce314')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   dependsOn: [dns]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: zone.id }
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
    ///       "type": "Microsoft.Network/privateDnsZones",
    ///       "apiVersion": "2024-06-01",
    ///       "name": "privatelink.westeurope.azmk8s.io",
    ///       "location": "global"
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io')]",
    ///       "name": "[guid(resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b12aa53e-6015-4669-85d0-8515ebb3ae7f')]",
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
    ///         "[extensionResourceId(resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "apiServerAccessProfile": {
    ///           "enablePrivateCluster": true,
    ///           "privateDNSZone": "[resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io')]"
    ///         }
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
    /// resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
    ///   name: 'privatelink.westeurope.azmk8s.io'
    ///   location: 'global'
    /// }
    ///
    /// resource dns 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: zone
    ///   name: guid(zone.id, mi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b12aa53e-6015-4669-85d0-8515ebb3ae7f')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   dependsOn: [dns]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: zone.id }
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the right role instead. Unsafe, because the identity may use the other one for something else.
    ///
    /// ## When not to use it
    /// When something outside of the template gives the right role as well. A role of the group or subscription counts, and so do
    /// Contributor and Owner.
    ///
    /// ## References
    /// articles/aks/private-clusters.md, articles/aks/use-kms-etcd-encryption.md of the AKS documentation.
    pub(crate) struct RoleWrongRoleForFeature {
        code: "role-wrong-role-for-feature",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for RoleWrongRoleForFeature {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let grants = ctx.eval.grants();
        let mut taken = TAKEN.iter().filter_map(|name| schema::roles::by_name(name));
        if !taken.any(|role| grants.with_role(Some(role.guid)).next().is_some()) {
            return;
        }
        let cases = asked(ctx, cluster, &control_planes(cluster), |_| true);
        ctx.judge(&cases, |case| {
            if case.value.answer != Truth::No {
                return None;
            }
            let grant = look_alike(ctx, &grants, &case.value, &case.when)?;
            let need = &case.value.need;
            let right = need.right.role_name();
            let used = ctx.eval.written_at(&need.slot)?;
            let finding = wrong(ctx, grant, right, need.what)?.related(used, "the cluster uses it here");
            Some(finding.fix(other_role(ctx, grant, need.right.role)))
        });
        certificates(ctx, cluster);
    }
}

/// The roles that are taken for others.
const TAKEN: [&str; 3] = ["DNS Zone Contributor", "Key Vault Crypto Service Encryption User", "Key Vault Secrets User"];

/// Application routing reads certificates.
fn certificates(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
    let [secrets, certificates] = ["Key Vault Secrets User", "Key Vault Certificate User"].map(schema::roles::by_name);
    let (Some(secrets), Some(certificates)) = (secrets, certificates) else { return };
    let routing = Bearer::Generated {
        of: ctx.eval.id_of(cluster.resource),
        path: "properties.ingressprofile.webapprouting.identity".into(),
    };
    let grants = ctx.eval.grants();
    let may_be = |role: Option<&str>| role.is_none_or(|role| role == certificates.guid);
    let is_own =
        |grant: &Grant| grant.bearer.as_ref().is_none_or(|own| ctx.eval.same_bearer(own, &routing) != Truth::No);
    if ctx.eval.possibly_of(&grants, &routing, &may_be).any(is_own) {
        return;
    }
    let always = Case { when: template::condition::Conditions::TRUE, value: routing };
    judge_grants(ctx, &[always], &[secrets.guid], |grant, _| {
        let finding = wrong(ctx, grant, certificates.name, "the certificates of application routing")?;
        Some(finding.severity(Severity::Info).fix(other_role(ctx, grant, certificates.guid)))
    });
}

fn wrong(ctx: &Ctx<'_>, grant: &Grant, right: &str, what: &str) -> Option<Finding> {
    let name = role_name(grant.role.as_deref()?);
    let finding = about_role(ctx, grant, format!("{name} is not the role for {what}; that is {right}"))?;
    Some(finding.help(format!("Give {right}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn kms(grants: &[(&str, &str)]) -> String {
        let grant = |(number, (role, scope)): (usize, &(&str, &str))| {
            format!(
                "resource grant{number} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  {scope}
  name: guid('{number}')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')
    principalId: mi.properties.principalId
  }}
}}
"
            )
        };
        format!(
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {{
  name: 'v'
  resource key 'keys' = {{ name: 'etcd' }}
}}
{}resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi.id}}': {{}} }} }}
  properties: {{
    securityProfile: {{ azureKeyVaultKms: {{ enabled: true, keyId: vault::key.properties.keyUriWithVersion }} }}
  }}
}}
",
            grants.iter().enumerate().map(grant).collect::<String>()
        )
    }

    const SERVICE: &str = "e147488a-f6f5-4113-8e2d-b22465e65bf6";
    const USER: &str = "12338af0-0e69-4776-bea7-57ae8d297424";

    #[test]
    fn encryption_takes_another_role_than_wrapping() {
        check_fix(RULE, &kms(&[(SERVICE, "scope: vault")]), &kms(&[(USER, "scope: vault")]));
        check_fix(RULE, &kms(&[(SERVICE, "scope: vault::key")]), &kms(&[(USER, "scope: vault::key")]));
    }

    #[test]
    fn the_right_role_beside_it_is_enough() {
        check(RULE, &kms(&[(SERVICE, "scope: vault"), (USER, "")]));
        check(RULE, &kms(&[(SERVICE, "scope: vault"), ("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", "scope: vault")]));
        let module = "module more 'br/public:more:1.0' = { name: 'm' }\n";
        check(RULE, &format!("{}{module}", kms(&[(SERVICE, "scope: vault")])));
    }

    #[test]
    fn application_routing_reads_certificates() {
        let text = |role: &str, mark: &str| {
            format!(
                "resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {{ name: 'v' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'SystemAssigned' }}
  properties: {{ ingressProfile: {{ webAppRouting: {{ enabled: true }} }} }}
}}
resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  scope: vault
  name: guid(aks.id)
  properties: {{
    roleDefinitionId: '{role}'
{mark}    principalId: aks.properties.ingressProfile.webAppRouting.identity.objectId
  }}
}}
"
            )
        };
        let mark = "                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info[role-wrong-role-for-feature]: that is Key Vault Certificate User\n";
        check(RULE, &text("4633458b-17de-408a-b874-0445c86b69e6", mark));
        check(RULE, &text("db79e9a7-68ee-4b58-9aeb-b90e7c24fcba", ""));
    }
}
