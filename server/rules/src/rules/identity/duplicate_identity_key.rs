use rustc_hash::FxHashMap;
use template::aks::{Cluster, IdEntry, IdentityBlock, Ids};
use template::canon::CanonId;
use template::eval::Place;

use crate::{Applicability, Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `userAssignedIdentities` that name the same identity twice.
    ///
    /// ## Why is this a problem
    /// Resource IDs are compared without regard to case, so two spellings of an ID are one identity. At best one of them is
    /// superfluous; at worst they are counted as two, and AKS takes exactly one: `The count of user assigned identity
    /// specified in identity.userAssignedIdentities is 2, while expected value is 1.`
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": {
    ///   "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {},
    ///   "[resourceId('microsoft.managedidentity/userassignedidentities', 'MI')]": {}
    /// }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: {
    ///   '${mi.id}': {}
    ///   '${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', mi.name)}': {}
    /// }
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
    /// Removes the later one.
    ///
    /// ## When not to use it
    /// Always use it. Maps that `union` puts together are not looked at: there the same key is one key.
    ///
    /// ## References
    /// hashicorp/terraform-provider-azurerm#16890.
    pub(crate) struct DuplicateIdentityKey {
        code: "duplicate-identity-key",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for DuplicateIdentityKey {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(cluster.identities(), |case| {
            let IdentityBlock::Object { ids: Ids::Map { entries, .. }, .. } = &case.value.block else { return None };
            let (first, second) = duplicate(ctx, entries)?;
            let (first, second) = (first.property?, second.property?);
            let remove = ctx.rewrite().remove(second.object, &[second.number as usize]);
            Some(
                Finding::at(ctx.eval.key_location(second)?, "`userAssignedIdentities` names the same identity twice")
                    .help("Resource IDs are compared ignoring case; one entry is enough")
                    .related(ctx.eval.key_location(first)?, "it is named here already")
                    .fix(remove.fix("Remove the second entry", Applicability::Safe)),
            )
        });
    }
}

/// Two members of one object that name the same identity.
fn duplicate<'e>(ctx: &Ctx<'_>, entries: &'e [IdEntry]) -> Option<(&'e IdEntry, &'e IdEntry)> {
    // The first of each: all others of the same number are made by one expression.
    let mut first: FxHashMap<(Place, CanonId), &IdEntry> = FxHashMap::default();
    entries.iter().find_map(|second| {
        let place = second.property?;
        let canon = ctx.eval.canon_of_key(&second.key, Some(place.object));
        let first = *first.entry((place.object, canon)).or_insert(second);
        (first.property != second.property).then_some((first, second))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(ids: &str) -> String {
        format!(
            "param a string
param b string
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: 'mi' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: 'UserAssigned'
    userAssignedIdentities: {ids}
  }}
}}
"
        )
    }

    #[test]
    fn keeps_the_first() {
        check_fix(
            RULE,
            &cluster(
                "{\n      '${mi.id}': {}\n      '${resourceGroup().id}/providers/microsoft.managedidentity/userassignedidentities/MI': {}\n    }",
            ),
            &cluster("{\n      '${mi.id}': {}\n    }"),
        );
    }

    #[test]
    fn different_or_merged_keys_are_none() {
        for ids in [
            "{ '${a}': {}, '${b}': {} }",
            "union({ '${mi.id}': {} }, { '${mi.id}': {} })",
            "{ '${mi.id}': {}, ...(empty(a) ? {} : { '${mi.id}': {} }) }",
        ] {
            check(RULE, &cluster(ids));
        }
    }
}
