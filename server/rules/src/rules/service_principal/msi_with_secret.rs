use template::aks::Cluster;
use template::value::Value;

use crate::{Applicability, Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a secret beside the client ID `msi`.
    ///
    /// ## Why is this a problem
    /// `msi` stands for a managed identity, which has no secret. The one that is passed is used for nothing, but it is passed:
    /// somebody stores it, renews it, and can lose it.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": { "servicePrincipalProfile": { "clientId": "msi", "secret": "[parameters('clientSecret')]" } }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { servicePrincipalProfile: { clientId: 'msi', secret: clientSecret } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {}
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { servicePrincipalProfile: { clientId: 'msi' } }
    /// ```
    ///
    /// ## Fix
    /// Removes the secret, and its parameter where nothing else uses it.
    ///
    /// ## When not to use it
    /// Always use it. A client ID that is only by default `msi` is not reported.
    ///
    /// ## References
    /// What `az aks show --query servicePrincipalProfile` prints for a cluster with a managed identity.
    pub(crate) struct MsiWithSecret {
        code: "msi-with-secret",
        family: ServicePrincipal,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for MsiWithSecret {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(&cluster.slots(&["properties", "servicePrincipalProfile"]), |case| {
            if !matches!(case.value.value, Value::Object(_)) {
                return None;
            }
            let clients = ctx.eval.slots_in(&case.value, &case.when, &["clientId"]);
            let is_msi = |value: &Value| value.literal().is_some_and(|client| client.eq_ignore_ascii_case("msi"));
            if clients.is_empty() || !clients.iter().all(|client| is_msi(&client.value.value)) {
                return None;
            }
            let secrets = ctx.eval.slots_in(&case.value, &case.when, &["secret"]);
            let is_some = |value: &Value| !matches!(value, Value::Null) && value.literal() != Some("");
            if !secrets.iter().all(|secret| is_some(&secret.value.value)) {
                return None;
            }
            let property = secrets.first()?.value.property?;
            let (_, written) = ctx.eval.property(property)?;
            let fix = ctx
                .rewrite()
                .remove(property.object, &[property.number as usize])
                .drop_unused(property.object.scope, &[written.value])
                .fix("Remove the secret", Applicability::Safe);
            let mut finding = Finding::at(
                ctx.eval.property_location(property)?,
                "`servicePrincipalProfile.secret` is set, but `msi` stands for a managed identity, which has none",
            )
            .help("Remove the secret");
            if let Some(client) = ctx.eval.written_at(&clients.first()?.value) {
                finding = finding.related(client, "the client ID is `msi`");
            }
            Some(finding.fix(fix))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(parameters: &str, profile: &str) -> String {
        format!(
            "{parameters}resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'SystemAssigned' }}
  properties: {{
    servicePrincipalProfile: {{
{profile}    }}
  }}
}}
"
        )
    }

    #[test]
    fn one_that_may_be_needed_or_empty_is_fine() {
        check(
            RULE,
            &cluster("param id string = 'msi'\nparam secret string\n", "      clientId: id\n      secret: secret\n"),
        );
        check(RULE, &cluster("param secret string = ''\n", "      clientId: 'msi'\n      secret: secret\n"));
        check(RULE, &cluster("", "      clientId: 'msi'\n      secret: null\n"));
    }

    #[test]
    fn the_parameter_goes_with_it() {
        check_fix(
            RULE,
            &cluster("@secure()\nparam secret string\n", "      clientId: 'msi'\n      secret: secret\n"),
            &cluster("", "      clientId: 'msi'\n"),
        );
    }
}
