use template::aks::Cluster;
use template::value::Value;

use super::workload_identity_without_oidc::{ISSUER, WORKLOAD};
use crate::feature::{is_true, place_of, put_at, value_of};
use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that switch the OIDC issuer off.
    ///
    /// ## Why is this a problem
    /// The issuer cannot be switched off again on a cluster that has it: AKS refuses with `OIDCIssuerCannotBeDisabled`. Since new
    /// clusters of Kubernetes 1.34 and later have it by themselves, the next deployment of such a template fails.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "oidcIssuerProfile": { "enabled": false }
    /// ```
    /// ```bicep,frame=properties
    /// oidcIssuerProfile: { enabled: false }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "oidcIssuerProfile": { "enabled": true }
    /// ```
    /// ```bicep,frame=properties
    /// oidcIssuerProfile: { enabled: true }
    /// ```
    ///
    /// ## Fix
    /// Leaves the issuer to AKS, or switches it on.
    ///
    /// ## When not to use it
    /// For clusters that are old and have no issuer. What depends on a parameter is not reported.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/use-oidc-issuer>
    pub(crate) struct OidcDisabled {
        code: "oidc-disabled",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for OidcDisabled {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let issuer = cluster.slots(&ISSUER);
        let is_off = |value: &Value| matches!(value, Value::Bool(false));
        // With workload identity it is worse, and `workload-identity-without-oidc`.
        let is_needed = cluster.slots(&WORKLOAD).iter().any(|case| is_true(&case.value, WORKLOAD.len()));
        if is_needed || !issuer.iter().all(|case| case.value.depth == ISSUER.len() && is_off(&case.value.value)) {
            return;
        }
        ctx.judge(&issuer, |case| {
            let slot = &case.value;
            // The default of a parameter is no decision either.
            if value_of(ctx, slot.property?) != slot.place {
                return None;
            }
            let profile = cluster.slots(&ISSUER[..2]);
            let removed = match profile.as_slice() {
                [only] => only.value.property.and_then(|property| {
                    let rewrite = ctx.rewrite().remove(property.object, &[property.number as usize]);
                    rewrite.fix("Remove `oidcIssuerProfile`", Applicability::Unsafe)
                }),
                _ => None,
            };
            let enabled = put_at(ctx, ctx.rewrite(), slot, &ISSUER, &New::Bool(true));
            let message = "`oidcIssuerProfile` switches the issuer off, which a cluster that has it does not take";
            Some(
                Finding::at(place_of(ctx, slot)?, message)
                    .help("Leave `oidcIssuerProfile` out, or switch the issuer on")
                    .fix(removed)
                    .fix(enabled.and_then(|fix| fix.fix("Enable the OIDC issuer", Applicability::Unsafe))),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn a_switch_is_no_decision() {
        check(
            RULE,
            "param issuer bool = false
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: { oidcIssuerProfile: { enabled: issuer } }
}
",
        );
    }
}
