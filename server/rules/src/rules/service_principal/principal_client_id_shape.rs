use template::aks::{Cluster, is_guid};

use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds client IDs of `servicePrincipalProfile` that are neither a GUID nor `msi`: the name or the URI of an application, a
    /// resource ID.
    ///
    /// ## Why is this a problem
    /// A service principal is found by the application (client) ID, which is a GUID. Anything else is answered with
    /// `ServicePrincipalNotFound`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": { "clientId": "http://my-application", "secret": "[parameters('clientSecret')]" }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: {
    ///   servicePrincipalProfile: { clientId: 'my-application', secret: clientSecret }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": { "clientId": "11111111-1111-1111-1111-111111111111", "secret": "[parameters('clientSecret')]" }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: {
    ///   servicePrincipalProfile: { clientId: clientId, secret: clientSecret }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Blanks, braces and the like around a GUID are removed. An application ID cannot be guessed.
    ///
    /// ## When not to use it
    /// Always use it. Defaults of parameters are not judged, nor is what is plainly a placeholder.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/kubernetes-service-principal>
    pub(crate) struct PrincipalClientIdShape {
        code: "principal-client-id-shape",
        family: ServicePrincipal,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for PrincipalClientIdShape {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let clients = cluster.slots(&["properties", "servicePrincipalProfile", "clientId"]);
        // A default is one of many values, and there for being replaced.
        if clients.iter().any(|client| client.value.value.literal().is_none() && !client.value.is_absent()) {
            return;
        }
        ctx.judge(&clients, |case| {
            let client = case.value.value.literal().filter(|_| case.value.depth == 3)?;
            if client.is_empty() || client.eq_ignore_ascii_case("msi") || is_guid(client) {
                return None;
            }
            let trimmed = client.trim_matches(|one: char| !one.is_ascii_hexdigit());
            if is_placeholder(client) && !is_guid(trimmed) {
                return None;
            }
            let fix = is_guid(trimmed).then(|| {
                ctx.rewrite()
                    .replace(case.value.place?, New::str(trimmed))
                    .fix("Leave only the GUID", Applicability::Safe)
            });
            let message = format!("`{client}` is no application ID: `servicePrincipalProfile.clientId` must be a GUID");
            Some(
                Finding::at(ctx.eval.written_at(&case.value)?, message)
                    .help("Use the application (client) ID of the service principal")
                    .origin(ctx, &case.value)
                    .fix(fix.flatten()),
            )
        });
    }
}

/// Whether somebody is expected to write something else in its place.
fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.contains(['<', '>', '{', '#', '*'])
        || ["your", "replace", "change", "todo", "placeholder", "xxx", "gen-"].iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(id: &str) -> String {
        format!(
            "param id string = 'my-app'
param s string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{ servicePrincipalProfile: {{ clientId: {id}, secret: s }} }}
}}
"
        )
    }

    #[test]
    fn defaults_and_placeholders_are_replaced_anyway() {
        for id in ["id", "'<client id>'", "'your-client-id'", "'msi'", "'00000000-0000-0000-0000-000000000000'", "''"] {
            check(RULE, &cluster(id));
        }
    }

    #[test]
    fn a_guid_is_cut_out_of_what_is_around_it() {
        for wrapped in ["' 11111111-2222-3333-4444-555555555555'", "'{11111111-2222-3333-4444-555555555555}'"] {
            check_fix(RULE, &cluster(wrapped), &cluster("'11111111-2222-3333-4444-555555555555'"));
        }
    }
}
