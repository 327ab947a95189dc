use template::aks::{Cluster, Slot};
use template::value::Value;

use crate::feature::{given, is_partial, is_true, place_of};
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the old integration with Microsoft Entra, and settings of the sign-in that contradict each other.
    ///
    /// ## Why is this a problem
    /// The integration with a client and a server application of one's own is retired: clusters have to use the managed one, which
    /// needs no applications and no secret. Without `aadProfile` nobody can sign in to a cluster whose local accounts are
    /// disabled, and Azure RBAC does nothing where `enableRBAC` is false.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "aadProfile": {
    ///   "clientAppID": "11111111-1111-1111-1111-111111111111",
    ///   "serverAppID": "22222222-2222-2222-2222-222222222222"
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// disableLocalAccounts: true
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "aadProfile": { "managed": true, "enableAzureRBAC": true }
    /// ```
    /// ```bicep,frame=properties
    /// disableLocalAccounts: true
    /// aadProfile: { managed: true, enableAzureRBAC: true }
    /// ```
    ///
    /// ## Fix
    /// Makes the integration a managed one and drops the applications, with the parameters that only they use. The groups of
    /// administrators are left to be named in `adminGroupObjectIDs`.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/enable-authentication-microsoft-entra-id>
    pub(crate) struct AadLegacy {
        code: "aad-legacy",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const LEGACY: [&str; 3] = ["clientAppID", "serverAppID", "serverAppSecret"];
const PROFILE: [&str; 2] = ["properties", "aadProfile"];

impl Rule for AadLegacy {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let profiles = cluster.slots(&PROFILE);
        ctx.judge(&profiles, |profile| {
            let member = |name: &'static str| ctx.eval.slots_in(&profile.value, &profile.when, &[name]);
            let is_given = |name: &&'static str| member(name).iter().all(|case| given(ctx, &case.value, 1).is_some());
            let old: Vec<&str> = LEGACY.into_iter().filter(is_given).collect();
            let first = member(old.first()?).into_iter().next()?.value;
            let managed = member("managed").iter().any(|case| is_true(&case.value, 1));
            let message = if managed {
                format!("`aadProfile.{}` belongs to the old integration; with `managed` it is passed over", old[0])
            } else {
                "`aadProfile` is of the old integration with applications, which is retired".to_owned()
            };
            Some(
                Finding::at(place_of(ctx, &first)?, message)
                    .help("Set `managed` to true, and leave the applications out")
                    .tag(Tag::Deprecated)
                    .fix(managed_instead(ctx, cluster, &profile.value)),
            )
        });
        let locals = cluster.slots(&["properties", "disableLocalAccounts"]);
        // AKS Automatic sets the profile up by itself.
        let is_automatic =
            cluster.slots(&["sku", "name"]).iter().any(|case| case.value.value.literal() == Some("Automatic"));
        ctx.judge(&ctx.eval.join(&locals, &profiles), |case| {
            let (local, profile) = case.value;
            if is_automatic || !is_true(local, 2) || !profile.is_absent() || is_partial(cluster) {
                return None;
            }
            let message = "`disableLocalAccounts` without `aadProfile`: nobody could sign in to the cluster";
            Some(Finding::at(place_of(ctx, local)?, message).help("Add an `aadProfile` with `managed: true`"))
        });
        let azure = cluster.slots(&["properties", "aadProfile", "enableAzureRBAC"]);
        let kubernetes = cluster.slots(&["properties", "enableRBAC"]);
        ctx.judge(&ctx.eval.join(&azure, &kubernetes), |case| {
            let (azure, kubernetes) = case.value;
            if !is_true(azure, 3) || !matches!(kubernetes.value, Value::Bool(false)) {
                return None;
            }
            let message = "`enableAzureRBAC` needs `enableRBAC`, which is false";
            Some(
                Finding::at(place_of(ctx, azure)?, message)
                    .related(place_of(ctx, kubernetes)?, "it is switched off here")
                    .help("Set `enableRBAC` to true; a cluster that is there has to be created anew for that"),
            )
        });
    }
}

fn managed_instead(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, profile: &Slot) -> Option<Fix> {
    let version = cluster.api_version().and_then(|version| schema::ApiVersion::parse(&version))?;
    let facts = schema::resource_type(template::aks::CLUSTER)?;
    if !facts.versions_with("properties.aadProfile.managed").contains(version) {
        return None;
    }
    let (Value::Object(object), Some(place)) = (&profile.value, profile.place) else { return None };
    let mut members = Vec::new();
    let mut values = Vec::new();
    let mut managed = None;
    for entry in &object.entries {
        let key = entry.key.as_ref()?.literal()?;
        let property = template::aks::property_of(entry).filter(|property| property.object == place)?;
        let (_, written) = ctx.eval.property(property)?;
        if LEGACY.iter().any(|old| key.eq_ignore_ascii_case(old)) {
            members.push(property.number as usize);
            values.push(written.value);
        } else if key.eq_ignore_ascii_case("managed") {
            managed = Some(template::eval::Place { scope: place.scope, expr: written.value });
        }
    }
    let rewrite = match managed {
        Some(managed) => ctx.rewrite().remove(place, &members).replace(managed, New::Bool(true)),
        // In the place of the first, so that nothing is put in where something is taken out.
        None => {
            let first = template::aks::PropertyAt { object: place, number: u32::try_from(*members.first()?).ok()? };
            let value = template::eval::Place { scope: place.scope, expr: *values.first()? };
            let rewrite = ctx.rewrite().rename_key(first, "managed").replace(value, New::Bool(true));
            if members.len() > 1 { rewrite.remove(place, &members[1..]) } else { rewrite }
        }
    };
    rewrite.drop_unused(place.scope, &values).fix("Use the managed integration", Applicability::Unsafe)
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
  }}
}}
"
        )
    }

    #[test]
    fn the_applications_go_with_their_parameters() {
        check_fix(
            RULE,
            &cluster(
                "@secure()\nparam secret string\n",
                "    aadProfile: {\n      serverAppID: 'a'\n      serverAppSecret: secret\n      tenantID: 't'\n    }",
            ),
            &cluster("", "    aadProfile: {\n      managed: true\n      tenantID: 't'\n    }"),
        );
    }

    #[test]
    fn empty_applications_are_none() {
        check(RULE, &cluster("param id string = ''\n", "    aadProfile: { managed: true, clientAppID: id }"));
        check(RULE, &cluster("", "    aadProfile: { managed: true, clientAppID: '' }"));
        check(RULE, &cluster("param profile object\n", "    disableLocalAccounts: true\n    aadProfile: profile"));
    }

    #[test]
    fn automatic_clusters_have_a_profile_anyhow() {
        let text = cluster("param sku string\n", "    disableLocalAccounts: true")
            .replace("properties:", "sku: { name: KIND }\n  properties:");
        check(RULE, &text.replace("KIND", "'Automatic'"));
        check(RULE, &text.replace("KIND", "sku == 'a' ? 'Automatic' : 'Base'"));
        let marked = text.replace(
            "disableLocalAccounts: true",
            "disableLocalAccounts: true\n    ^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[aad-legacy]: without `aadProfile`",
        );
        check(RULE, &marked.replace("KIND", "'Base'"));
        let json = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "resources": [ { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks",
    "sku": { "name": "Automatic", "tier": "Standard" }, "properties": { "dnsPrefix": "a", "disableLocalAccounts": true } } ]
}"#;
        check(RULE, json);
    }

    #[test]
    fn azure_rbac_needs_rbac() {
        check(
            RULE,
            &cluster(
                "",
                "    enableRBAC: false
    aadProfile: {
      managed: true
      enableAzureRBAC: true
      ^^^^^^^^^^^^^^^^^^^^^ warning[aad-legacy]: needs `enableRBAC`
    }",
            ),
        );
    }
}
