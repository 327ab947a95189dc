use template::aks::Cluster;

use crate::identity_id::wrong;
use crate::{Ctx, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a `resourceId` of `kubeletidentity` that is not the resource ID of a user-assigned identity: a name, a GUID, a client
    /// or principal ID, the ID of another kind of resource, the text of an expression without its brackets.
    ///
    /// ## Why is this a problem
    /// The resource ID is what AKS finds the identity by. Anything else is refused, at the latest while the cluster is created.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "identityProfile": {
    ///   "kubeletidentity": { "resourceId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').clientId]" }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { resourceId: kmi.name } }
    /// ```
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "resourceId": "kmi" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { resourceId: kmi } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// ```
    ///
    /// ## Fix
    /// Writes the ID of the identity where it is clear which one is meant.
    ///
    /// ## When not to use it
    /// Always use it. A value that comes from a parameter without a default is not judged, unless the parameter's name says that
    /// it is a name.
    ///
    /// ## References
    /// articles/aks/pre-created-kubelet-managed-identity.md of the AKS documentation.
    pub(crate) struct KubeletResourceIdWrong {
        code: "kubelet-resource-id-wrong",
        family: Kubelet,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const PATH: [&str; 4] = ["properties", "identityProfile", "kubeletidentity", "resourceId"];

impl Rule for KubeletResourceIdWrong {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        // A shorter path ended at something that is no object: another mistake.
        let slots: Vec<_> = cluster.slots(&PATH);
        ctx.judge(&slots, |case| wrong(ctx, &case.value, "resourceId").filter(|_| case.value.depth == PATH.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(id: &str) -> String {
        format!(
            "param id string
param identityName string
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'nodes', location: 'x' }}
resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {{ name: 'v' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    identityProfile: {{
      kubeletidentity: {{
        resourceId: {id}
      }}
    }}
  }}
}}
"
        )
    }

    fn bad(id: &str, message: &str) {
        let line = format!("        resourceId: {id}\n");
        let carets = format!("{line}                    {} {message}\n", "^".repeat(id.len()));
        check(RULE, &cluster(id).replace(&line, &carets));
    }

    #[test]
    fn ids_of_identities_and_what_may_be_one_are_good() {
        for id in [
            "kmi.id",
            "id",
            "'${id}'",
            "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', identityName)",
            "resourceId('other-group', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'x')",
            "'/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/m'",
            "null",
            "elsewhere.outputs.id",
        ] {
            check(RULE, &cluster(id));
        }
    }

    #[test]
    fn other_things_are_not() {
        bad("'nodes'", "error[kubelet-resource-id-wrong]: `resourceId` is a name");
        bad("'kmi.id'", "error[kubelet-resource-id-wrong]: is a text, not the identity it names");
        bad("kmi.name", "error[kubelet-resource-id-wrong]: is the name of an identity");
        bad("kmi.properties.principalId", "error[kubelet-resource-id-wrong]: is the `principalId` of an identity");
        bad("'11111111-2222-3333-4444-555555555555'", "error[kubelet-resource-id-wrong]: is a GUID");
        bad("vault.id", "error[kubelet-resource-id-wrong]: is the ID of a `Microsoft.KeyVault/vaults`");
    }

    #[test]
    fn what_a_parameter_called_name_brings_is_a_warning() {
        bad("identityName", "warning[kubelet-resource-id-wrong]: is a name");
    }

    #[test]
    fn points_at_the_variable() {
        check_fix(
            RULE,
            &format!("var name = kmi.name\n{}", cluster("name")),
            &format!("var name = kmi.name\n{}", cluster("kmi.id")),
        );
    }
}
