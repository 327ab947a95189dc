use template::aks::{Cluster, IdentityBlock, Ids, Kind};

use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters whose `identity.type` asks for both kinds of identity at once.
    ///
    /// ## Why is this a problem
    /// Many Azure resources take `SystemAssigned, UserAssigned`; a managed cluster does not. The deployment is refused, often
    /// with `Required parameter servicePrincipalProfile is missing (null).`, which says nothing about the cause. The wish
    /// behind it is mostly a second identity for the nodes: that one belongs in
    /// `properties.identityProfile.kubeletidentity`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "SystemAssigned, UserAssigned",
    /// "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned, UserAssigned'
    /// userAssignedIdentities: { '${mi.id}': {} }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: { '${mi.id}': {} }
    /// ```
    ///
    /// ## Fix
    /// Writes `UserAssigned` where identities are named, else `SystemAssigned`. Where it is not known whether any are named, that
    /// is a guess.
    ///
    /// ## When not to use it
    /// Always use it: no API version takes the combination.
    ///
    /// ## References
    /// Azure/azure-cli#12219, Azure/AKS#3752, and the closed list of values in the resource type up to 2025-09-01.
    pub(crate) struct IdentityTypeCombined {
        code: "identity-type-combined",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdentityTypeCombined {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(cluster.identities(), |case| {
            let IdentityBlock::Object { kind: Kind::Combined, kind_slot, ids, .. } = &case.value.block else {
                return None;
            };
            let named = match ids {
                Ids::Map { entries, .. } => !entries.is_empty(),
                Ids::Unknown => true,
                Ids::Absent | Ids::Null | Ids::NotMap => false,
            };
            let kind = if named { "UserAssigned" } else { "SystemAssigned" };
            let applicability = if matches!(ids, Ids::Unknown) { Applicability::Unsafe } else { Applicability::Safe };
            let fix = ctx.rewrite().replace(kind_slot.place?, New::str(kind));
            let help =
                "Choose one; an identity of its own for the nodes goes to `properties.identityProfile.kubeletidentity`";
            let message =
                "`identity.type` asks for a system-assigned and a user-assigned identity; AKS takes one of them";
            Some(
                Finding::at(ctx.eval.written_at(kind_slot)?, message)
                    .help(help)
                    .origin(ctx, kind_slot)
                    .fix(fix.fix(format!("Change the type to `{kind}`"), applicability)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn finds_every_spelling() {
        for kind in ["SystemAssigned,UserAssigned", "UserAssigned, SystemAssigned", "systemassigned , userassigned"] {
            let carets = "^".repeat(kind.len() + 2);
            check(
                RULE,
                &format!(
                    "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: '{kind}'
          {carets} error[identity-type-combined]: AKS takes one of them
  }}
  properties: {{}}
}}
"
                ),
            );
        }
    }

    #[test]
    fn finds_it_in_a_branch_and_says_when() {
        check(
            RULE,
            "param ids array
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    type: empty(ids) ? 'SystemAssigned' : 'SystemAssigned, UserAssigned'
          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[identity-type-combined]: AKS takes one of them
  }
  properties: {}
}
",
        );
    }

    #[test]
    fn leaves_other_resource_types_alone() {
        check(
            RULE,
            "resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: 'acr'
  identity: { type: 'SystemAssigned, UserAssigned' }
}
",
        );
    }
}
