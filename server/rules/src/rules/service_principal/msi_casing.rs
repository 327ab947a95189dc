use template::aks::Cluster;

use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the client ID `msi` in another casing: `MSI`, `Msi`.
    ///
    /// ## Why is this a problem
    /// Clusters with a managed identity report `msi`. Whether the service takes another casing for the same is not documented;
    /// if not, it looks for a service principal of that name.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": { "servicePrincipalProfile": { "clientId": "MSI" } }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { servicePrincipalProfile: { clientId: 'Msi' } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": { "servicePrincipalProfile": { "clientId": "msi" } }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { servicePrincipalProfile: { clientId: 'msi' } }
    /// ```
    ///
    /// ## Fix
    /// Writes `msi`.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// What `az aks show --query servicePrincipalProfile` prints for a cluster with a managed identity.
    pub(crate) struct MsiCasing {
        code: "msi-casing",
        family: ServicePrincipal,
        severity: Warning,
        fix: Always,
        since: "0.1.0",
    }
}

impl Rule for MsiCasing {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(&cluster.slots(&["properties", "servicePrincipalProfile", "clientId"]), |case| {
            let client = case.value.value.literal().filter(|_| case.value.depth == 3)?;
            if client == "msi" || !client.eq_ignore_ascii_case("msi") {
                return None;
            }
            let fix = ctx.rewrite().replace(case.value.place?, New::str("msi"));
            Some(
                Finding::at(ctx.eval.written_at(&case.value)?, format!("the client ID `{client}` is written `msi`"))
                    .help("Write it in lower case")
                    .origin(ctx, &case.value)
                    .fix(fix.fix("Write `msi`", Applicability::Safe)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn mends_the_default_it_comes_from() {
        let text = |id: &str| {
            format!(
                "param id string = '{id}'
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'SystemAssigned' }}
  properties: {{ servicePrincipalProfile: {{ clientId: id }} }}
}}
"
            )
        };
        check_fix(RULE, &text("MSI"), &text("msi"));
        check(RULE, &text("msi"));
        check(RULE, &text("my-MSI"));
    }
}
