use template::aks::{Case, Cluster, Slot};

use crate::identity_id::wrong;
use crate::{Ctx, Finding, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds identities of image pulls and of identity bindings that are not named by the resource ID of a user-assigned identity.
    ///
    /// ## Why is this a problem
    /// `securityGating.identities[].identity.resourceId` and the `managedIdentity.resourceId` of an identity binding are IDs of
    /// user-assigned identities. A name, a client ID or the ID of something else is refused when the cluster is deployed.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ContainerService/managedClusters/identityBindings",
    ///   "apiVersion": "2026-04-01",
    ///   "name": "aks/app",
    ///   "dependsOn": ["[resourceId('Microsoft.ContainerService/managedClusters', 'aks')]"],
    ///   "properties": { "managedIdentity": { "resourceId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').clientId]" } }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource binding 'Microsoft.ContainerService/managedClusters/identityBindings@2026-04-01' = {
    ///   parent: aks
    ///   name: 'app'
    ///   properties: { managedIdentity: { resourceId: mi.properties.clientId } }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ContainerService/managedClusters/identityBindings",
    ///   "apiVersion": "2026-04-01",
    ///   "name": "aks/app",
    ///   "dependsOn": ["[resourceId('Microsoft.ContainerService/managedClusters', 'aks')]"],
    ///   "properties": { "managedIdentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" } }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource binding 'Microsoft.ContainerService/managedClusters/identityBindings@2026-04-01' = {
    ///   parent: aks
    ///   name: 'app'
    ///   properties: { managedIdentity: { resourceId: mi.id } }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Uses the ID of the identity that is meant, where that can be told.
    ///
    /// ## When not to use it
    /// Always use it. What `serviceAccountImagePullProfile.defaultManagedIdentityId` takes is not documented, so that it gets no more
    /// than an information.
    pub(crate) struct ImagePullIdentityReference {
        code: "image-pull-identity-reference",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const BINDING: &str = "Microsoft.ContainerService/managedClusters/identityBindings";
const GATING: [&str; 5] = ["properties", "securityProfile", "defender", "securityGating", "identities"];
const DEFAULT: [&str; 4] =
    ["properties", "securityProfile", "serviceAccountImagePullProfile", "defaultManagedIdentityId"];
const BOUND: [&str; 3] = ["properties", "managedIdentity", "resourceId"];

impl Rule for ImagePullIdentityReference {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        let judge = |slots: &[Case<Slot>], length: usize, change: fn(Finding) -> Finding| {
            let name = if length == DEFAULT.len() { "defaultManagedIdentityId" } else { "resourceId" };
            ctx.judge(slots, |case| {
                let finding = wrong(ctx, &case.value, name).filter(|_| case.value.depth == length)?;
                Some(change(finding))
            });
        };
        for resource in ctx.eval.clusters() {
            let cluster = Cluster::new(ctx.eval, resource);
            for identities in cluster.slots(&GATING) {
                for item in ctx.eval.items(&identities) {
                    let ids = ctx.eval.slots_in(&item.value, &item.when, &["identity", "resourceId"]);
                    judge(&ids, 2, |finding| finding);
                }
            }
            judge(&cluster.slots(&DEFAULT), DEFAULT.len(), |finding| finding.severity(Severity::Info));
        }
        for binding in ctx.eval.resources_of(BINDING) {
            if !ctx.eval.resource(binding).existing {
                judge(&ctx.eval.slots(binding, &BOUND), BOUND.len(), |finding| finding);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn gated(id: &str) -> String {
        format!(
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: 'mi' }}
resource aks 'Microsoft.ContainerService/managedClusters@2026-05-01' = {{
  name: 'aks'
  properties: {{
    securityProfile: {{
      defender: {{
        securityGating: {{
          identities: [
            {{
              identity: {{
                resourceId: {id}
              }}
            }}
          ]
        }}
      }}
    }}
  }}
}}
"
        )
    }

    #[test]
    fn mends_the_identity_of_a_gate() {
        check_fix(RULE, &gated("mi.properties.principalId"), &gated("mi.id"));
    }

    #[test]
    fn the_default_is_an_information() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2026-01-02-preview' = {
  name: 'aks'
  properties: {
    securityProfile: {
      serviceAccountImagePullProfile: {
        defaultManagedIdentityId: 'mi'
                                  ^^^^ info[image-pull-identity-reference]: is a name
      }
    }
  }
}
",
        );
    }
}
