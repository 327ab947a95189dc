use template::aks::{Cluster, Slot};
use template::value::Value;

use crate::feature::{is_partial, is_true, place_of, put_at};
use crate::{Applicability, Ctx, Finding, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds workload identity without the OIDC issuer that it needs.
    ///
    /// ## Why is this a problem
    /// The identities of pods are tokens that the cluster signs and that Microsoft Entra checks at the issuer of the cluster.
    /// `Enabling workload identity requires enabling OIDC issuer`, says `az`; the service refuses it as well. New clusters of
    /// Kubernetes 1.34 and later, and those of the kind Automatic, have the issuer by themselves, so that one that is not
    /// mentioned is a warning.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "securityProfile": { "workloadIdentity": { "enabled": true } }
    /// ```
    /// ```bicep,frame=properties
    /// oidcIssuerProfile: { enabled: false }
    /// securityProfile: { workloadIdentity: { enabled: true } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "oidcIssuerProfile": { "enabled": true },
    /// "securityProfile": { "workloadIdentity": { "enabled": true } }
    /// ```
    /// ```bicep,frame=properties
    /// oidcIssuerProfile: { enabled: true }
    /// securityProfile: { workloadIdentity: { enabled: true } }
    /// ```
    ///
    /// ## Fix
    /// Switches the issuer on. Safe: workload identity does not work without it. It cannot be switched off again.
    ///
    /// ## When not to use it
    /// Always use it. A template that only changes a cluster that is there (neither `agentPoolProfiles` nor `dnsPrefix`) may leave the
    /// issuer out.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/workload-identity-deploy-cluster>
    pub(crate) struct WorkloadIdentityWithoutOidc {
        code: "workload-identity-without-oidc",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

/// Where workload identity is switched on.
pub(crate) const WORKLOAD: [&str; 4] = ["properties", "securityProfile", "workloadIdentity", "enabled"];
/// Where the issuer is switched on.
pub(crate) const ISSUER: [&str; 3] = ["properties", "oidcIssuerProfile", "enabled"];

impl Rule for WorkloadIdentityWithoutOidc {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let workload = cluster.slots(&WORKLOAD);
        let issuer = cluster.slots(&ISSUER);
        let by_itself = is_partial(cluster) || has_issuer_by_itself(cluster);
        ctx.judge(&ctx.eval.join(&workload, &issuer), |case| {
            let (workload, issuer) = case.value;
            if !is_true(workload, WORKLOAD.len()) {
                return None;
            }
            let (what, severity) = match &issuer.value {
                Value::Bool(false) if issuer.depth == ISSUER.len() => ("off", Severity::Error),
                Value::Null if !by_itself => ("not switched on", Severity::Warning),
                _ => return None,
            };
            let mut finding = Finding::at(
                place_of(ctx, workload)?,
                format!("workload identity needs the OIDC issuer, which is {what}"),
            )
            .help("Set `oidcIssuerProfile.enabled` to true")
            .severity(severity);
            if let Some(location) = issuer.place.and_then(|_| place_of(ctx, issuer)) {
                finding = finding.related(location, "the issuer is set here");
            }
            Some(finding.fix(enable(ctx, issuer)))
        });
    }
}

fn enable(ctx: &Ctx<'_>, issuer: &Slot) -> Option<crate::Fix> {
    put_at(ctx, ctx.rewrite(), issuer, &ISSUER, &New::Bool(true))?.fix("Enable the OIDC issuer", Applicability::Safe)
}

/// Whether a new cluster of that kind and version has the issuer when nothing is said.
pub(crate) fn has_issuer_by_itself(cluster: &Cluster<'_, '_>) -> bool {
    let may_be_newer = cluster.slots(&["properties", "kubernetesVersion"]).iter().any(|case| {
        let Some(version) = case.value.value.literal() else { return false };
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or_default());
        (numbers.next(), numbers.next()) >= (Some(1), Some(34))
    });
    may_be_newer || cluster.slots(&["sku", "name"]).iter().any(|case| case.value.value.literal() == Some("Automatic"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(head: &str, properties: &str) -> String {
        format!(
            "{head}resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    dnsPrefix: 'aks'
{properties}
    securityProfile: {{
      workloadIdentity: {{
        enabled: true
      }}
    }}
  }}
}}
"
        )
    }

    #[test]
    fn newer_versions_have_it_by_themselves() {
        check(RULE, &cluster("", "    kubernetesVersion: '1.34.1'"));
        check(RULE, &cluster("param issuer object\n", "    oidcIssuerProfile: issuer"));
        check(RULE, &cluster("", "").replace("dnsPrefix: 'aks'", ""));
    }

    #[test]
    fn switches_it_on_where_it_is_written() {
        let on = cluster("", "    oidcIssuerProfile: { enabled: true }");
        check_fix(RULE, &cluster("", "    oidcIssuerProfile: { enabled: false }"), &on);
        let block = cluster("", "    oidcIssuerProfile: {\n      enabled: true\n    }");
        check_fix(RULE, &cluster("", "    oidcIssuerProfile: {}"), &block);
        check_fix(RULE, &cluster("", "    oidcIssuerProfile: null"), &block);
    }
}
