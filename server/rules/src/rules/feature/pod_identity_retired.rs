use template::aks::Cluster;

use crate::feature::{is_true, place_of, severity_of_retired};
use crate::refactor::pod_identity_to_workload_identity;
use crate::{Ctx, Finding, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that switch on the pod identity add-on.
    ///
    /// ## Why is this a problem
    /// Pod identity never left its preview. The open-source project behind it is archived, and support for the add-on ended in
    /// September 2025. Workload identity takes its place: it needs no component that catches the calls of all pods.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "podIdentityProfile": { "enabled": true }
    /// ```
    /// ```bicep,frame=properties
    /// podIdentityProfile: { enabled: true }
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
    /// Replaces it with workload identity. Each application needs a federated credential besides, and a service account that
    /// names its identity.
    ///
    /// ## When not to use it
    /// While a cluster that uses it is being moved.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/use-azure-ad-pod-identity>
    /// - <https://learn.microsoft.com/azure/aks/workload-identity-migrate-from-pod-identity>
    pub(crate) struct PodIdentityRetired {
        code: "pod-identity-retired",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const PATH: [&str; 3] = ["properties", "podIdentityProfile", "enabled"];

impl Rule for PodIdentityRetired {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(&cluster.slots(&PATH), |case| {
            if !is_true(&case.value, PATH.len()) {
                return None;
            }
            let message = "`podIdentityProfile` switches on pod identity, which is retired";
            Some(
                Finding::at(place_of(ctx, &case.value)?, message)
                    .help("Use workload identity")
                    .severity(severity_of_retired(ctx, &case.value))
                    .tag(Tag::Deprecated)
                    .fix(pod_identity_to_workload_identity(ctx.eval, cluster)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn what_is_off_is_fine() {
        check(
            RULE,
            "param old object
resource a 'Microsoft.ContainerService/managedClusters@2025-05-01' = { name: 'a', properties: { podIdentityProfile: { enabled: false } } }
resource b 'Microsoft.ContainerService/managedClusters@2025-05-01' = { name: 'b', properties: { podIdentityProfile: old } }
",
        );
    }
}
