use schema::{ApiVersion, Status};
use template::eval::Place;
use template::value::ResourceRef;

use crate::conformance::newest_fitting;
use crate::{Applicability, Ctx, Finding, Resources, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds preview API versions of clusters that are beyond their life.
    ///
    /// ## Why is this a problem
    /// A preview lives about a year; after that requests with it fail. The template does not change and stops working. An
    /// `existing` cluster of which nothing is read makes no request.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,api=2024-05-02-preview
    /// "enableRBAC": true
    /// ```
    /// ```bicep,frame=properties,api=2024-05-02-preview
    /// enableRBAC: true
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties,api=2025-05-01
    /// "enableRBAC": true
    /// ```
    /// ```bicep,frame=properties,api=2025-05-01
    /// enableRBAC: true
    /// ```
    ///
    /// ## Fix
    /// Writes the newest stable version that has every property and value in use, or, when there is none, such a preview.
    /// Unsafe, because defaults change between versions.
    ///
    /// ## When not to use it
    /// In clouds that keep old versions longer.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/concepts-preview-api-life-cycle>
    pub(crate) struct ApiVersionRetired {
        code: "api-version-retired",
        family: Schema,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for ApiVersionRetired {
    fn resources(&self) -> Resources {
        Resources::Known
    }

    fn check_resource(&self, ctx: &Ctx<'_>, resource: ResourceRef) {
        let declared = ctx.eval.resource(resource);
        let ty = declared.resource_type.as_deref().and_then(schema::resource_type);
        let (Some(ty), Some(written)) = (ty, declared.api_version) else { return };
        let values = ctx.eval.of_resource(resource, written);
        let Some(version) = values.literal().and_then(ApiVersion::parse) else { return };
        let Status::Retired { since } = ty.status(version) else { return };
        if declared.existing && !is_read(ctx, resource) {
            return;
        }
        let when = since.map_or_else(String::new, |day| format!(" since {day}"));
        let at = ctx.eval.location(Place { scope: resource.scope, expr: written });
        let fix = newest_fitting(ctx.eval, resource, ty).and_then(|target| {
            let fix = ctx.rewrite().set_api_version(resource, &target.to_string());
            fix.fix(format!("Change it to {target}"), Applicability::Unsafe)
        });
        ctx.report(
            Finding::at(at, format!("API version {version} of `{ty}` no longer answers{when}"))
                .help("Previews live about a year; use a stable version that has what you need")
                .tag(Tag::Deprecated)
                .fix(fix),
        );
    }
}

/// Whether something is read of an existing resource, which takes a request. Its ID and name do not.
fn is_read(ctx: &Ctx<'_>, resource: ResourceRef) -> bool {
    let Some(symbol) = &ctx.eval.resource(resource).symbol else { return false };
    ctx.read_symbols(resource.scope).contains(&symbol.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn an_existing_cluster_that_is_only_named_makes_no_request() {
        check(
            RULE,
            "resource a 'Microsoft.ContainerService/managedClusters@2023-10-02-preview' existing = {
  name: 'a'
}
resource b 'Microsoft.ContainerService/managedClusters@2023-10-02-preview' existing = {
                                                       ^^^^^^^^^^^^^^^^^^ warning[api-version-retired]: since 2026-07-01
  name: 'b'
}
output a string = a.id
output b string = b.properties.fqdn
",
        );
    }

    #[test]
    fn takes_the_newest_version_with_all_that_is_used() {
        let before = "resource aks 'Microsoft.ContainerService/managedClusters@2024-05-02-preview' = {
  name: 'aks'
  location: 'westeurope'
  properties: {
    ingressProfile: { webAppRouting: { enabled: true } }
  }
}
";
        let ty = schema::resource_type("Microsoft.ContainerService/managedClusters").unwrap();
        let newest = ty.newest_stable().unwrap().to_string();
        check_fix(RULE, before, &before.replace("2024-05-02-preview", &newest));
        let before = before.replace("webAppRouting: { enabled: true }", "applicationLoadBalancer: { enabled: true }");
        let preview = ty.newest_preview().unwrap().to_string();
        let has_it = |version: &str| {
            ty.versions_with("properties.ingressProfile.applicationLoadBalancer").contains(version.parse().unwrap())
        };
        let wanted = if has_it(&newest) { newest } else { preview };
        check_fix(RULE, &before, &before.replace("2024-05-02-preview", &wanted));
    }
}
