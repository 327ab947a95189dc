use template::aks::{Cluster, Slot};
use template::value::Value;

use crate::feature::{is_true, place_of, severity_of_retired};
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds add-ons that no longer exist.
    ///
    /// ## Why is this a problem
    /// HTTP application routing was retired on 2025-03-03; application routing takes its place. The Kubernetes dashboard is gone
    /// as an add-on since Kubernetes 1.19, for it was a way into the cluster that nobody watched.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "addonProfiles": { "httpApplicationRouting": { "enabled": true } }
    /// ```
    /// ```bicep,frame=properties
    /// addonProfiles: { kubeDashboard: { enabled: true } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "addonProfiles": { "httpApplicationRouting": { "enabled": false } }
    /// ```
    /// ```bicep,frame=properties
    /// ingressProfile: { webAppRouting: { enabled: true } }
    /// ```
    ///
    /// ## Fix
    /// Takes it out, or changes to application routing.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/app-routing-migration>
    pub(crate) struct AddonRetired {
        code: "addon-retired",
        family: Feature,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for AddonRetired {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let addon = |name: &'static str, what: &'static str, help: &'static str| {
            let path = ["properties", "addonProfiles", name, "enabled"];
            ctx.judge(&cluster.slots(&path), |case| {
                if !is_true(&case.value, path.len()) {
                    return None;
                }
                let finding = Finding::at(place_of(ctx, &case.value)?, what).help(help).tag(Tag::Deprecated);
                let finding = finding.severity(severity_of_retired(ctx, &case.value));
                let addons = cluster.slots(&path[..3]);
                let [only] = addons.as_slice() else { return Some(finding) };
                let routing = if name == "httpApplicationRouting" { routing(ctx, cluster, &only.value) } else { None };
                Some(finding.fix(routing).fix(removed(ctx, &only.value)))
            });
        };
        addon(
            "httpApplicationRouting",
            "HTTP application routing is retired",
            "Use application routing: `ingressProfile.webAppRouting`",
        );
        addon("kubeDashboard", "the add-on `kubeDashboard` is gone", "Take it out");
    }
}

fn removed(ctx: &Ctx<'_>, addon: &Slot) -> Option<Fix> {
    let property = addon.property?;
    let rewrite = ctx.rewrite().remove(property.object, &[property.number as usize]);
    rewrite.fix("Take the add-on out", Applicability::Unsafe)
}

fn routing(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, addon: &Slot) -> Option<Fix> {
    let version = cluster.api_version().and_then(|version| schema::ApiVersion::parse(&version))?;
    let facts = schema::resource_type(template::aks::CLUSTER)?;
    if !facts.versions_with("properties.ingressProfile.webAppRouting.enabled").contains(version) {
        return None;
    }
    let property = addon.property?;
    let profiles = cluster.slots(&["properties", "ingressProfile"]);
    let [profile] = profiles.as_slice() else { return None };
    let enabled = New::object([("enabled", New::Bool(true))]);
    let rewrite = ctx.rewrite().remove(property.object, &[property.number as usize]);
    let rewrite = match &profile.value.value {
        Value::Null if profile.value.place.is_none() => {
            let new = New::object([("webAppRouting", enabled)]);
            rewrite.insert(profile.value.holder?, At::Last, "ingressProfile", new)
        }
        Value::Object(_) => rewrite.set(profile.value.place?, At::Last, "webAppRouting", enabled),
        _ => return None,
    };
    rewrite.fix("Change to application routing", Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check_fix;

    #[test]
    fn application_routing_takes_its_place() {
        let cluster = |properties: &str| {
            format!(
                "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
{properties}  }}
}}
"
            )
        };
        check_fix(
            RULE,
            &cluster(
                "    addonProfiles: {\n      HttpApplicationRouting: { enabled: true }\n      azurepolicy: { enabled: true }\n    }\n",
            ),
            &cluster(
                "    addonProfiles: {\n      azurepolicy: { enabled: true }\n    }\n    ingressProfile: {\n      webAppRouting: {\n        enabled: true\n      }\n    }\n",
            ),
        );
    }
}
