use template::aks::Cluster;

use crate::feature::{is_true, place_of};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that encrypt etcd with a key of their own while the control plane is `SystemAssigned`.
    ///
    /// ## Why is this a problem
    /// The control plane reads the key while the cluster is created, and needs a role on the vault before that. AKS says:
    /// `AzureKeyVaultKms feature does not support cluster identity type SystemAssigned, supported value is 'UserAssigned'`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": { "securityProfile": { "azureKeyVaultKms": { "enabled": true, "keyId": "https://v.vault.azure.net/keys/etcd/0123" } } }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { securityProfile: { azureKeyVaultKms: { enabled: true, keyId: 'https://v.vault.azure.net/keys/etcd/0123' } } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "securityProfile": { "azureKeyVaultKms": { "enabled": true, "keyId": "https://v.vault.azure.net/keys/etcd/0123" } }
    /// ```
    /// ```bicep,frame=properties
    /// securityProfile: { azureKeyVaultKms: { enabled: true, keyId: 'https://v.vault.azure.net/keys/etcd/0123' } }
    /// ```
    ///
    /// ## Fix
    /// Gives the control plane a user-assigned identity, which needs Key Vault Crypto User on the vault; for a vault that is
    /// reached by a private endpoint, Key Vault Contributor as well.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/use-kms-etcd-encryption>
    /// - Azure/AKS-Construction#303
    pub(crate) struct KmsNeedsUserAssigned {
        code: "kms-needs-user-assigned",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const PATH: [&str; 4] = ["properties", "securityProfile", "azureKeyVaultKms", "enabled"];

impl Rule for KmsNeedsUserAssigned {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.needs_user_assigned(cluster, &cluster.slots(&PATH), |slot, _| {
            let message = "`azureKeyVaultKms` needs a `UserAssigned` control plane";
            let finding = is_true(slot, PATH.len()).then_some(Finding::at(place_of(ctx, slot)?, message))?;
            Some(finding.help("Give the cluster a user-assigned identity that has Key Vault Crypto User on the vault"))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn only_what_is_on_counts() {
        check(
            RULE,
            "param kms bool = false
param system bool = true
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: system ? 'SystemAssigned' : 'UserAssigned' }
  properties: {
    securityProfile: {
      azureKeyVaultKms: {
        enabled: kms
        ^^^^^^^^^^^^ info[kms-needs-user-assigned]: needs a `UserAssigned` control plane
      }
    }
  }
}
",
        );
        check(
            RULE,
            "param kms bool
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: kms ? 'UserAssigned' : 'SystemAssigned' }
  properties: { securityProfile: { azureKeyVaultKms: { enabled: kms } } }
}
",
        );
    }
}
