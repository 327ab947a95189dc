use template::aks::{Cluster, IdentityBlock, Ids, Kind};

use crate::offers::{Offer, control_planes};
use crate::{Applicability, At, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters whose `identity.type` is `None` and that have no service principal either.
    ///
    /// ## Why is this a problem
    /// `None` says that the cluster acts as a service principal. Without a `servicePrincipalProfile` it has nothing to act as:
    /// `Required parameter servicePrincipalProfile is missing (null).`
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "None"
    /// ```
    /// ```bicep,frame=identity
    /// type: 'None'
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=identity
    /// "type": "SystemAssigned"
    /// ```
    /// ```bicep,frame=identity
    /// type: 'SystemAssigned'
    /// ```
    ///
    /// ## Fix
    /// Changes the type to `UserAssigned` where an identity is named, else to `SystemAssigned`, or to `UserAssigned` with an identity
    /// that the template declares.
    ///
    /// ## When not to use it
    /// Always use it. A module that takes the principal from outside is judged by what is passed.
    ///
    /// ## References
    /// The description of the property in API version 2019-04-01; Azure/AKS#4528.
    pub(crate) struct IdentityNoneConflict {
        code: "identity-none-conflict",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdentityNoneConflict {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let principals = cluster.slots(&["properties", "servicePrincipalProfile"]);
        let cases = ctx.eval.join(cluster.identities(), &principals);
        ctx.judge(&cases, |case| {
            let (identity, principal) = case.value;
            let IdentityBlock::Object { kind: Kind::None, kind_slot, ids, .. } = &identity.block else { return None };
            // Half a body says nothing about what is not in it.
            if !principal.is_absent() || principal.depth == 0 {
                return None;
            }
            let place = kind_slot.place?;
            let block = identity.slot.place?;
            // A map that names one tells which kind is meant.
            let (meant, title) = match ids {
                Ids::Map { entries, .. } if !entries.is_empty() => {
                    ("UserAssigned", "Change the type to `UserAssigned`")
                }
                _ => ("SystemAssigned", "Change the type to `SystemAssigned`"),
            };
            let changed = ctx.rewrite().replace(place, New::str(meant));
            let user = control_planes(ctx, cluster).into_iter().filter_map(|offer| match offer {
                Offer::Declared(_) if matches!(ids, Ids::Absent) => {
                    let map = New::Object(vec![(offer.id(), New::empty_object())]);
                    let rewrite = ctx.rewrite().replace(place, New::str("UserAssigned"));
                    let rewrite = rewrite.insert(block, At::After("type"), "userAssignedIdentities", map);
                    rewrite.fix(format!("Use the identity {}", offer.label(ctx)), Applicability::Unsafe)
                }
                _ => None,
            });
            let message = "`identity.type` is `None`, and the cluster has no `servicePrincipalProfile`";
            Some(
                Finding::at(ctx.eval.written_at(kind_slot)?, message)
                    .help("Creating a cluster needs a managed identity or a service principal")
                    .origin(ctx, kind_slot)
                    .fix(changed.fix(title, Applicability::Unsafe))
                    .fix(user),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(identity: &str, principal: &str) -> String {
        format!(
            "param id string
param principal object
param given object = {{}}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: {identity} }}
  properties: {{ dnsPrefix: 'aks', servicePrincipalProfile: {principal} }}
}}
"
        )
    }

    #[test]
    fn a_principal_makes_it_right() {
        for principal in ["{ clientId: id, secret: id }", "principal", "!empty(given) ? given : null"] {
            check(RULE, &cluster("empty(given) ? 'SystemAssigned' : 'None'", principal));
        }
        check(RULE, &cluster("'None'", "principal"));
    }

    #[test]
    fn a_map_tells_which_kind_is_meant() {
        let named = |kind: &str| cluster(&format!("{kind}, userAssignedIdentities: {{ '${{id}}': {{}} }}"), "null");
        check_fix(RULE, &named("'None'"), &named("'UserAssigned'"));
    }

    #[test]
    fn names_the_branch_in_which_both_are_missing() {
        check(
            RULE,
            &cluster(
                "empty(id) ? 'None' : 'SystemAssigned'\n                    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[identity-none-conflict]: no `servicePrincipalProfile`\n ",
                "null",
            ),
        );
    }
}
