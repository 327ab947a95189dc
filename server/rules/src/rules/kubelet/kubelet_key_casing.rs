use template::Expr;
use template::aks::Cluster;
use template::eval::ScopeId;
use template::value::{Str, Value};

use crate::{Applicability, Ctx, Finding, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `kubeletidentity` written in another casing, such as `kubeletIdentity`.
    ///
    /// ## Why is this a problem
    /// `identityProfile` is a map, and its only key in use is `kubeletidentity`, all lower case. Most names in a template may be
    /// written in any casing; the key of a map may not be looked up that way by the service. Where the property is only read,
    /// it is a hint.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletIdentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletIdentity: { resourceId: kmi.id } }
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
    /// Writes the key in lower case.
    ///
    /// ## When not to use it
    /// What the service does with other casings is not documented. If yours work, switch the rule off.
    ///
    /// ## References
    /// The description of `identityProfile` since 2024-09-01 names the key in lower case only.
    pub(crate) struct KubeletKeyCasing {
        code: "kubelet-key-casing",
        family: Kubelet,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const KEY: &str = "kubeletidentity";

impl Rule for KubeletKeyCasing {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let profiles = cluster.slots(&["properties", "identityProfile"]);
        ctx.judge(&profiles, |case| {
            let Value::Object(profile) = &case.value.value else { return None };
            let entry = ctx.eval.entry(profile, KEY, &case.when)?;
            let written = entry.key.as_ref().and_then(Str::literal).filter(|key| *key != KEY)?;
            let property = template::aks::property_of(entry)?;
            let message = format!("`{written}` should be `{KEY}`, in lower case");
            Some(
                Finding::at(ctx.eval.key_location(property)?, message)
                    .help("The keys of `identityProfile` may be compared exactly")
                    .fix(ctx.rewrite().rename_key(property, KEY).fix("Write it in lower case", Applicability::Safe)),
            )
        });
    }

    fn check_template(&self, ctx: &Ctx<'_>, scope: ScopeId) {
        let exprs = &ctx.eval.template(scope).exprs;
        for &read in &ctx.outline(scope).profile_reads {
            let Expr::Member { name, name_range, .. } = exprs.get(read) else { continue };
            if *name == *KEY && name.as_str() != KEY {
                let message = format!("`{name}` is `{KEY}` in what the cluster reports");
                ctx.report(Finding::at(ctx.eval.in_file(scope, *name_range), message).severity(Severity::Hint));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn a_read_in_other_casing_is_a_hint() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
output id string = aks.properties.identityProfile.kubeletIdentity.objectId
                                                  ^^^^^^^^^^^^^^^ hint[kubelet-key-casing]: in what the cluster reports
",
        );
    }
}
