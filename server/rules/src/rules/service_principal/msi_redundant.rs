use template::aks::{Cluster, IdentityBlock, Kind};
use template::value::Value;

use crate::refactor::{drop_principal, written};
use crate::{Applicability, Ctx, Finding, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a `servicePrincipalProfile` that says only `msi`, on a cluster with a managed identity.
    ///
    /// ## Why is this a problem
    /// It is none: the profile has no effect. Early API versions wanted it, today it can go.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": { "servicePrincipalProfile": { "clientId": "msi" } }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { servicePrincipalProfile: { clientId: 'msi' } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {}
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {}
    /// ```
    ///
    /// ## Fix
    /// Removes the profile.
    ///
    /// ## When not to use it
    /// Many good templates carry the profile along, so the rule runs only when it is selected.
    ///
    /// ## References
    /// mspnp/reference-architectures#301.
    pub(crate) struct MsiRedundant {
        code: "msi-redundant",
        family: ServicePrincipal,
        severity: Hint,
        fix: Sometimes,
        since: "0.1.0",
        off: "the profile does no harm, and many good templates have it",
    }
}

impl Rule for MsiRedundant {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let Some(profile) = written(cluster, &["properties", "servicePrincipalProfile"]) else { return };
        // The profile can go only when it says the same in every case.
        let clients = cluster.slots(&["properties", "servicePrincipalProfile", "clientId"]);
        let is_msi = |value: &Value| value.literal().is_some_and(|client| client.eq_ignore_ascii_case("msi"));
        let has_identity = |block: &IdentityBlock| {
            matches!(block, IdentityBlock::Object { kind: Kind::SystemAssigned | Kind::UserAssigned, .. })
        };
        if clients.is_empty()
            || !clients.iter().all(|client| is_msi(&client.value.value))
            || !cluster.identities().iter().all(|case| has_identity(&case.value.block))
        {
            return;
        }
        let Some(at) = ctx.eval.key_location(profile) else { return };
        let fix = drop_principal(ctx.rewrite(), ctx.eval, profile);
        ctx.report(
            Finding::at(at, "the `servicePrincipalProfile` only says `msi`, which the managed identity says already")
                .help("It can be left out")
                .tag(Tag::Unnecessary)
                .fix(fix.and_then(|fix| fix.fix("Remove `servicePrincipalProfile`", Applicability::Safe))),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn cluster(parameters: &str, profile: &str) -> String {
        format!(
            "{parameters}resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'SystemAssigned' }}
  properties: {{
{profile}  }}
}}
"
        )
    }

    #[test]
    fn a_parameter_that_may_be_something_else_is_needed() {
        let carets = "    ^^^^^^^^^^^^^^^^^^^^^^^ hint[msi-redundant]: only says `msi`\n";
        check(RULE, &cluster("", &format!("    servicePrincipalProfile: {{ clientId: 'msi' }}\n{carets}")));
        check(RULE, &cluster("param id string = 'msi'\n", "    servicePrincipalProfile: { clientId: id }\n"));
    }
}
