use template::aks::{Cluster, IdentityBlock, Ids, Kind};

use crate::{Applicability, Ctx, Finding, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `userAssignedIdentities` beside a type that has none: `SystemAssigned` or `None`.
    ///
    /// ## Why is this a problem
    /// The map and the type contradict each other: `a non-UserAssigned identity type should not contain:
    /// userAssignedIdentities`. An empty map is said to be refused as well, for which the evidence is of another resource
    /// type; it is a warning. `null` counts as absent.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "SystemAssigned",
    /// "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned'
    /// userAssignedIdentities: { '${mi.id}': {} }
    /// ```
    /// ```json,frame=identity
    /// "type": "SystemAssigned",
    /// "userAssignedIdentities": {}
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned'
    /// userAssignedIdentities: {}
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=identity
    /// "type": "SystemAssigned"
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned'
    /// userAssignedIdentities: null
    /// ```
    ///
    /// ## Fix
    /// Drops an empty map; where another branch of a condition needs the property, writes `null` for it. For a filled one there are
    /// two: change the type to `UserAssigned`, or drop the map.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// Azure/azure-rest-api-specs#17650.
    pub(crate) struct IdsWithoutUserAssigned {
        code: "ids-without-user-assigned",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdsWithoutUserAssigned {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        // Without the property no case has a map: good only when none needs one.
        let needs_none = |block: &IdentityBlock| {
            matches!(block, IdentityBlock::Absent | IdentityBlock::Object { kind: Kind::SystemAssigned | Kind::None, .. })
        };
        let is_droppable = cluster.identities().iter().all(|case| needs_none(&case.value.block));
        ctx.judge(cluster.identities(), |case| {
            let IdentityBlock::Object { kind, kind_slot, ids: Ids::Map { entries, open }, ids_slot } =
                &case.value.block
            else {
                return None;
            };
            let kind = match kind {
                Kind::SystemAssigned => "SystemAssigned",
                Kind::None => "None",
                _ => return None,
            };
            let at = match ids_slot.property.and_then(|property| ctx.eval.key_location(property)) {
                Some(at) => at,
                None => ctx.eval.written_at(ids_slot)?,
            };
            let block = case.value.slot.place?;
            let drop = |title, applicability| {
                let rewrite = ctx.rewrite().remove_property(block, "userAssignedIdentities");
                is_droppable.then(|| rewrite.fix(title, applicability)).flatten()
            };
            let message = format!("`identity.type` is `{kind}`, which takes no `userAssignedIdentities`");
            let mut finding = Finding::at(at, message);
            if let Some(location) = ctx.eval.written_at(kind_slot) {
                finding = finding.related(location, "the type is set here");
            }
            if entries.is_empty() {
                if *open {
                    return None; // members that are not known: perhaps null
                }
                let fix = drop("Remove the empty map", Applicability::Safe).or_else(|| {
                    // One branch of a condition that is written here.
                    let (place, written) = (ids_slot.place?, ctx.eval.written_at(ids_slot)?);
                    let own = ctx.eval.location(place);
                    let is_here = own.file == written.file && written.range.contains_range(own.range);
                    let rewrite = is_here.then(|| ctx.rewrite().replace(place, New::Null))?;
                    rewrite.fix("Write `null` instead of the empty map", Applicability::Safe)
                });
                return Some(
                    finding
                        .severity(Severity::Warning)
                        .help("Leave it out; even an empty map may be refused")
                        .fix(fix),
                );
            }
            let change = ctx.rewrite().replace(kind_slot.place?, New::str("UserAssigned"));
            Some(
                finding
                    .help("Change the type to `UserAssigned`, or leave the identities out")
                    .fix(change.fix("Change the type to `UserAssigned`", Applicability::Unsafe))
                    .fix(drop("Remove `userAssignedIdentities`", Applicability::Unsafe)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_no_fix};

    fn paired(condition: &str, otherwise: &str) -> String {
        format!(
            "param ids object = {{}}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: {condition} ? 'UserAssigned' : 'SystemAssigned'
    userAssignedIdentities: {otherwise}
  }}
  properties: {{}}
}}
"
        )
    }

    #[test]
    fn the_branch_of_another_type_stays() {
        check_fix(
            RULE,
            &paired("!empty(ids)", "!empty(ids) ? ids : {}"),
            &paired("!empty(ids)", "!empty(ids) ? ids : null"),
        );
        // The empty map is the default of the parameter, which others need as well.
        check_no_fix(RULE, &paired("!empty(ids)", "ids"));
    }

    #[test]
    fn a_default_is_one_of_many_values() {
        check(
            RULE,
            "param kind string = 'SystemAssigned'
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    type: kind
    userAssignedIdentities: { '${mi.id}': {} }
    ^^^^^^^^^^^^^^^^^^^^^^ warning[ids-without-user-assigned]: takes no `userAssignedIdentities`
  }
  properties: {}
}
",
        );
    }
}
