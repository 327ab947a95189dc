use template::aks::{Cluster, IdentityBlock, Kind};
use template::value::Value;

use crate::feature::{is_true, place_of};
use crate::refactor::{principal_to_system_assigned, principal_to_user_assigned};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds features that work with a managed identity only in clusters that act as a service principal.
    ///
    /// ## Why is this a problem
    /// Node auto-provisioning, the metrics of Azure Monitor and pod identity are made for managed identities. The `az` command
    /// line refuses them for a cluster with a service principal, and so does the service.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": { "clientId": "[parameters('clientId')]", "secret": "[parameters('clientSecret')]" },
    ///   "azureMonitorProfile": { "metrics": { "enabled": true } }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: {
    ///   servicePrincipalProfile: { clientId: clientId, secret: clientSecret }
    ///   nodeProvisioningProfile: { mode: 'Auto' }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": { "azureMonitorProfile": { "metrics": { "enabled": true } } }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { nodeProvisioningProfile: { mode: 'Auto' } }
    /// ```
    ///
    /// ## Fix
    /// Replaces the service principal with a system-assigned identity, or with a user-assigned one. Roles that the principal has
    /// must be given to the identity.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/node-auto-provisioning>
    pub(crate) struct FeatureNeedsManagedIdentity {
        code: "feature-needs-managed-identity",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const FEATURES: [(&[&str], &str); 3] = [
    (&["properties", "nodeProvisioningProfile", "mode"], "node auto-provisioning"),
    (&["properties", "azureMonitorProfile", "metrics", "enabled"], "the metrics of Azure Monitor"),
    (&["properties", "podIdentityProfile", "enabled"], "pod identity"),
];

impl Rule for FeatureNeedsManagedIdentity {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let clients = cluster.slots(&["properties", "servicePrincipalProfile", "clientId"]);
        let acting = ctx.eval.join(cluster.identities(), &clients);
        for (path, what) in FEATURES {
            let feature = cluster.slots(path);
            ctx.judge(&ctx.eval.join(&acting, &feature), |case| {
                let ((identity, client), slot) = case.value;
                let none =
                    matches!(identity.block, IdentityBlock::Absent | IdentityBlock::Object { kind: Kind::None, .. });
                // `msi` stands for a managed identity, and is `msi-without-identity` when there is none.
                let is_real = match &client.value {
                    Value::Str(text) => {
                        !text.literal().is_some_and(|id| id.is_empty() || id.eq_ignore_ascii_case("msi"))
                    }
                    value => value.is_unknown(),
                };
                let is_on = is_true(slot, path.len()) || slot.value.literal() == Some("Auto");
                if !none || client.depth != 3 || !is_real || !is_on {
                    return None;
                }
                let mut finding = Finding::at(
                    place_of(ctx, slot)?,
                    format!("{what} needs a managed identity, but the cluster acts as a service principal"),
                )
                .help("Replace `servicePrincipalProfile` with an `identity`");
                if let Some(location) = place_of(ctx, client) {
                    finding = finding.related(location, "the service principal is set here");
                }
                Some(
                    finding
                        .fix(principal_to_system_assigned(ctx.eval, cluster))
                        .fix(principal_to_user_assigned(ctx.eval, cluster)),
                )
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn leaves_manual_provisioning_and_msi_alone() {
        let cluster = |client: &str, mode: &str| {
            format!(
                "param id string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    servicePrincipalProfile: {{ clientId: {client} }}
    nodeProvisioningProfile: {{
      mode: '{mode}'
    }}
  }}
}}
"
            )
        };
        check(RULE, &cluster("'msi'", "Auto"));
        check(RULE, &cluster("id", "Manual"));
        check(
            RULE,
            &cluster(
                "id",
                "Auto'\n      ^^^^^^^^^^^^ error[feature-needs-managed-identity]: node auto-provisioning\n//",
            )
            .replace("//'", ""),
        );
    }
}
