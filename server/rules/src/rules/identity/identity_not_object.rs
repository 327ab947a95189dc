use template::aks::{Cluster, IdentityBlock, Ids, Kind};
use template::value::Value;

use crate::{Applicability, At, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds an `identity` that is not an object with a `type`: a bare text, a list, an empty object.
    ///
    /// ## Why is this a problem
    /// The identity block is an object; without its `type` AKS does not know which kind is meant and refuses the deployment.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": "SystemAssigned"
    /// ```
    /// ```bicep,frame=cluster
    /// identity: 'SystemAssigned'
    /// ```
    /// ```json,frame=cluster
    /// "identity": {}
    /// ```
    /// ```bicep,frame=cluster
    /// identity: {}
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// ```
    ///
    /// ## Fix
    /// Makes an object of the text, or adds the `type`: `UserAssigned` where identities are named, else `SystemAssigned`.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// MicrosoftDocs/azure-docs#53988.
    pub(crate) struct IdentityNotObject {
        code: "identity-not-object",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdentityNotObject {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(cluster.identities(), |case| {
            let slot = &case.value.slot;
            let place = slot.place?;
            match &case.value.block {
                IdentityBlock::NotObject => {
                    let kind = match &slot.value {
                        Value::Str(text) => kind_named(text.literal().unwrap_or_default()),
                        _ => None,
                    };
                    let fix = kind.and_then(|kind| {
                        let object = New::object([("type", New::str(kind))]);
                        ctx.rewrite()
                            .replace(place, object)
                            .fix(format!("Write `type: {kind}` in an object"), Applicability::Safe)
                    });
                    let message = "`identity` must be an object with a `type`";
                    let at = ctx.eval.written_at(slot)?;
                    Some(Finding::at(at, message).help("Write the kind as its `type`").fix(fix))
                }
                IdentityBlock::Object { kind: Kind::Missing, ids, kind_slot, .. } => {
                    // The object itself, be it in a variable or one of two: there the type belongs.
                    let at = ctx.eval.location(place);
                    let kind = match ids {
                        Ids::Map { entries, .. } if !entries.is_empty() => "UserAssigned",
                        Ids::Unknown | Ids::Map { open: true, .. } | Ids::NotMap => return Some(missing(at)),
                        _ => "SystemAssigned",
                    };
                    let rewrite = match kind_slot.property {
                        // Written as null.
                        Some(_) => ctx.rewrite().replace(kind_slot.place?, New::str(kind)),
                        None => ctx.rewrite().insert(place, At::First, "type", New::str(kind)),
                    };
                    let applicability =
                        if kind == "UserAssigned" { Applicability::Safe } else { Applicability::Unsafe };
                    Some(missing(at).fix(rewrite.fix(format!("Add `type: {kind}`"), applicability)))
                }
                _ => None,
            }
        });
    }
}

fn missing(at: template::workspace::Location) -> Finding {
    Finding::at(at, "`identity` has no `type`").help("Say which kind it is: `SystemAssigned` or `UserAssigned`")
}

/// The kind that a text names, in its own spelling.
fn kind_named(text: &str) -> Option<&'static str> {
    ["SystemAssigned", "UserAssigned", "None"].into_iter().find(|kind| kind.eq_ignore_ascii_case(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn stays_silent_while_the_type_is_being_typed() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    type:
         ^ error[syntax-error]: value
  }
  properties: {}
}
",
        );
    }

    #[test]
    fn points_at_the_branch_that_has_none() {
        check(
            RULE,
            "param own bool
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: own ? { type: 'SystemAssigned' } : {}
                                               ^^ warning[identity-not-object]: no `type`
  properties: {}
}
",
        );
    }

    #[test]
    fn takes_a_condition_without_alternative_as_absent() {
        check(
            RULE,
            "param own bool
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: own ? { type: 'SystemAssigned' } : null
  properties: {}
}
",
        );
    }

    #[test]
    fn names_the_kind_by_what_is_in_the_map() {
        check_fix(
            RULE,
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    userAssignedIdentities: { '${mi.id}': {} }
  }
}
",
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${mi.id}': {} }
  }
}
",
        );
    }
}
