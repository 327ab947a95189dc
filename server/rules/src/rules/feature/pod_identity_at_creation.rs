use template::aks::Cluster;
use template::value::{Occurs, Value};

use crate::feature::is_partial;
use crate::{Applicability, Ctx, Finding, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that are created with pod identities assigned.
    ///
    /// ## Why is this a problem
    /// The add-on takes identities only of a cluster that is there already: `PodIdentity addon does not support assigning pod
    /// identities on creation`, says AKS (`PodIdentityAddonUserAssignedIdentitiesNotAllowedInCreation`).
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,also=pod-identity-retired
    /// "podIdentityProfile": {
    ///   "enabled": true,
    ///   "userAssignedIdentities": [
    ///     { "name": "a", "namespace": "apps", "identity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'app')]" } }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=properties,also=pod-identity-retired
    /// podIdentityProfile: {
    ///   enabled: true
    ///   userAssignedIdentities: [
    ///     { name: 'a', namespace: 'apps', identity: { resourceId: resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'app') } }
    ///   ]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "podIdentityProfile": { "enabled": false }
    /// ```
    /// ```bicep,frame=properties
    /// podIdentityProfile: { enabled: false, userAssignedIdentities: [] }
    /// ```
    ///
    /// ## Fix
    /// Leaves the identities to a second deployment.
    ///
    /// ## When not to use it
    /// For a template that only changes clusters. One that has neither `dnsPrefix` nor `agentPoolProfiles` is taken for such a one and
    /// gets a warning.
    ///
    /// ## References
    /// - Azure/AKS#2199
    pub(crate) struct PodIdentityAtCreation {
        code: "pod-identity-at-creation",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for PodIdentityAtCreation {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let enabled = cluster.slots(&["properties", "podIdentityProfile", "enabled"]);
        let identities = cluster.slots(&["properties", "podIdentityProfile", "userAssignedIdentities"]);
        let severity = if is_partial(cluster) { Severity::Warning } else { Severity::Error };
        ctx.judge(&ctx.eval.join(&enabled, &identities), |case| {
            let (enabled, identities) = case.value;
            let Value::Array(items) = &identities.value else { return None };
            let is_there = |item: &template::value::Element| {
                item.occurs == Occurs::Once && ctx.eval.and(&item.when, &case.when).is_some()
            };
            if !matches!(enabled.value, Value::Bool(true)) || !items.elements.iter().any(is_there) {
                return None;
            }
            let property = identities.property?;
            let fix = ctx.rewrite().remove(property.object, &[property.number as usize]);
            let message = "`podIdentityProfile.userAssignedIdentities` cannot be set when the cluster is created";
            Some(
                Finding::at(ctx.eval.key_location(property)?, message)
                    .help("Assign the identities in a second deployment")
                    .severity(severity)
                    .fix(fix.fix("Leave the identities to a second deployment", Applicability::Unsafe)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn what_a_parameter_brings_is_not_known() {
        check(
            RULE,
            "param ids array = []
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: { dnsPrefix: 'a', podIdentityProfile: { enabled: true, userAssignedIdentities: ids } }
}
",
        );
    }
}
