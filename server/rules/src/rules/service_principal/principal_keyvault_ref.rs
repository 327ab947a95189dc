use schema::ApiVersion;
use template::aks::{CLUSTER, Cluster};

use crate::refactor::principal_to_system_assigned;
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `servicePrincipalProfile.keyVaultSecretRef` in API versions that do not have it.
    ///
    /// ## Why is this a problem
    /// Only the container service of API version 2017-08-31 fetched the secret from a Key Vault itself. Later versions do not know
    /// the property, so the cluster is left without a secret.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": {
    ///     "clientId": "[parameters('clientId')]",
    ///     "keyVaultSecretRef": { "vaultID": "[parameters('vaultId')]", "secretName": "aks" }
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: {
    ///   servicePrincipalProfile: {
    ///     clientId: clientId
    ///     keyVaultSecretRef: { vaultID: vaultId, secretName: 'aks' }
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": { "clientId": "[parameters('clientId')]", "secret": "[parameters('clientSecret')]" }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: {
    ///   servicePrincipalProfile: { clientId: clientId, secret: clientSecret }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Replaces the service principal with a system-assigned identity. To keep the principal, take the secret from the vault
    /// in the parameter file (`"reference": { "keyVault": { "id": … }, "secretName": … }`), or with `getSecret` where a
    /// Bicep module is called, and pass it as `secret`.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/azure-resource-manager/templates/key-vault-parameter>
    pub(crate) struct PrincipalKeyvaultRef {
        code: "principal-keyvault-ref",
        family: ServicePrincipal,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for PrincipalKeyvaultRef {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let version = cluster.api_version().and_then(|version| ApiVersion::parse(&version));
        let (Some(version), Some(facts)) = (version, schema::resource_type(CLUSTER)) else { return };
        let path = "properties.servicePrincipalProfile.keyVaultSecretRef";
        if !facts.api_versions().contains(version) || facts.versions_with(path).contains(version) {
            return;
        }
        ctx.judge(&cluster.slots(&["properties", "servicePrincipalProfile", "keyVaultSecretRef"]), |case| {
            let property = case.value.property.filter(|_| case.value.depth == 3 && !case.value.is_absent())?;
            let message = "API versions after 2017-08-31 do not take `servicePrincipalProfile.keyVaultSecretRef`";
            Some(
                Finding::at(ctx.eval.key_location(property)?, message)
                    .help("Refer to the Key Vault in the parameter file or with `getSecret`, and pass the `secret`")
                    .fix(principal_to_system_assigned(ctx.eval, cluster)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn the_version_that_has_it_and_unknown_ones_are_fine() {
        for version in ["2017-08-31", "2099-01-01"] {
            check(
                RULE,
                &format!(
                    "resource aks 'Microsoft.ContainerService/managedClusters@{version}' = {{
  name: 'aks'
  properties: {{ servicePrincipalProfile: {{ clientId: 'x', keyVaultSecretRef: {{ vaultID: 'v', secretName: 's' }} }} }}
}}
"
                ),
            );
        }
    }
}
