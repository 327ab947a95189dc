use template::aks::Cluster;
use template::value::Value;

use crate::feature::{is_true, place_of, put_at};
use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds pod identity in a cluster with kubenet that does not consent to that.
    ///
    /// ## Why is this a problem
    /// With kubenet a pod can take the address of another one and get the tokens of its identity. AKS asks for consent, and
    /// refuses with `PodIdentityAddonWithKubeNetNeedsConsent` without it.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,also=pod-identity-retired
    /// "networkProfile": { "networkPlugin": "kubenet" },
    /// "podIdentityProfile": { "enabled": true }
    /// ```
    /// ```bicep,frame=properties,also=pod-identity-retired
    /// networkProfile: { networkPlugin: 'kubenet' }
    /// podIdentityProfile: { enabled: true }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "networkProfile": { "networkPlugin": "azure" },
    /// "podIdentityProfile": { "enabled": false }
    /// ```
    /// ```bicep,frame=properties
    /// networkProfile: { networkPlugin: 'kubenet' }
    /// podIdentityProfile: { enabled: false }
    /// ```
    ///
    /// ## Fix
    /// Consents with `allowNetworkPluginKubenet`. Unsafe: the better way is another network plugin, or workload identity.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/use-azure-ad-pod-identity>
    pub(crate) struct PodIdentityKubenet {
        code: "pod-identity-kubenet",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const CONSENT: [&str; 3] = ["properties", "podIdentityProfile", "allowNetworkPluginKubenet"];

impl Rule for PodIdentityKubenet {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let enabled = cluster.slots(&["properties", "podIdentityProfile", "enabled"]);
        let consent = cluster.slots(&CONSENT);
        let plugin = cluster.slots(&["properties", "networkProfile", "networkPlugin"]);
        // A parameter that may be `kubenet` is no decision for it.
        if plugin.iter().any(|case| case.value.value.literal() != Some("kubenet")) {
            return;
        }
        let profile = ctx.eval.join(&enabled, &consent);
        ctx.judge(&ctx.eval.join(&profile, &plugin), |case| {
            let ((enabled, consent), plugin) = case.value;
            let refused = consent.is_absent() || matches!(consent.value, Value::Bool(false));
            if !is_true(enabled, 3) || !refused {
                return None;
            }
            let fix = put_at(ctx, ctx.rewrite(), consent, &CONSENT, &New::Bool(true));
            let message = "pod identity with kubenet needs `allowNetworkPluginKubenet`";
            Some(
                Finding::at(place_of(ctx, enabled)?, message)
                    .help("Use another network plugin, or consent with `allowNetworkPluginKubenet: true`")
                    .related(place_of(ctx, plugin)?, "the network plugin is kubenet")
                    .fix(fix.and_then(|fix| fix.fix("Consent to kubenet", Applicability::Unsafe))),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_fix;

    #[test]
    fn consents_beside_the_switch() {
        let cluster = |profile: &str| {
            format!(
                "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    networkProfile: {{ networkPlugin: 'kubenet' }}
    podIdentityProfile: {{ {profile} }}
  }}
}}
"
            )
        };
        check_fix(RULE, &cluster("enabled: true"), &cluster("enabled: true, allowNetworkPluginKubenet: true"));
    }
}
