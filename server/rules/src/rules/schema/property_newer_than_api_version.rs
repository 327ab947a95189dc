use crate::conformance::{Compiler, Kind};
use crate::versions::{raise, since};
use crate::{Ctx, Finding, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds properties and values that the API version of the resource does not have yet.
    ///
    /// ## Why is this a problem
    /// An API version takes what it knows. What came later is refused or passed over: the cluster comes up without OIDC
    /// issuer, without its kubelet identity, without the network it was meant to have. Stable and preview versions grow as
    /// two lines: a preview has features long before a stable version of a later date.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties,api=2021-10-01
    /// "oidcIssuerProfile": { "enabled": true }
    /// ```
    /// ```bicep,frame=properties,api=2021-10-01
    /// oidcIssuerProfile: { enabled: true }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties,api=2022-09-01
    /// "oidcIssuerProfile": { "enabled": true }
    /// ```
    /// ```bicep,frame=properties,api=2022-09-01
    /// oidcIssuerProfile: { enabled: true }
    /// ```
    ///
    /// ## Fix
    /// Raises the API version to the first one of its line that has all that the resource uses, or to the newest one. Unsafe,
    /// because defaults change between versions.
    ///
    /// ## When not to use it
    /// Always use it. A property that is newer than the facts here is in no version, and belongs to `unknown-property`.
    ///
    /// ## References
    /// The resource types in all API versions; `akslint schema <property>` shows what is known of one.
    pub(crate) struct PropertyNewerThanApiVersion {
        code: "property-newer-than-api-version",
        family: Schema,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for PropertyNewerThanApiVersion {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let (path, version) = (&mistake.path, mistake.version);
            let (finding, having) = match &mistake.kind {
                Kind::Newer { versions } => {
                    let message = format!("`{path}` is not in API version {version}; it came with {}", since(versions));
                    (Finding::at(ctx.key_of(mistake), message), versions)
                }
                Kind::NewerValue { value, open, versions } => {
                    let came = since(versions);
                    let message =
                        format!("`{path}` has no value `{value}` in API version {version}; it came with {came}");
                    let finding = Finding::at(ctx.value_of(mistake), message);
                    // What takes other values as well may take this one; what is allowed may never be chosen.
                    let finding = match (*open, ctx.replaceable(mistake)) {
                        (false, _) => finding,
                        (true, Some(_)) => finding.severity(Severity::Warning),
                        (true, None) => finding.severity(Severity::Info),
                    };
                    (finding, versions)
                }
                _ => return None,
            };
            // The compiler of Bicep says that it is not there, and nothing of the version that has it.
            Some((Compiler::Silent, finding.help("Use an API version that has it").fix(raise(ctx, mistake, having))))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_fix_titled};

    #[test]
    fn previews_and_stable_versions_are_two_lines() {
        check(
            RULE,
            "resource a 'Microsoft.ContainerService/managedClusters@2022-08-02-preview' = {
  name: 'a'
  location: 'westeurope'
  properties: { oidcIssuerProfile: { enabled: true } }
}
resource b 'Microsoft.ContainerService/managedClusters@2022-07-01' = {
  name: 'b'
  location: 'westeurope'
  properties: { oidcIssuerProfile: { enabled: true } }
                ^^^^^^^^^^^^^^^^^ error[property-newer-than-api-version]: came with 2022-09-01 and 2021-11-01-preview
}
",
        );
    }

    #[test]
    fn finds_values_that_came_later() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2020-01-01' = {
  name: 'aks'
  location: 'westeurope'
  identity: { type: 'UserAssigned' }
                    ^^^^^^^^^^^^^^ error[property-newer-than-api-version]: no value `UserAssigned`
}
",
        );
    }

    #[test]
    fn raises_the_version_for_all_that_is_used() {
        let before = "resource aks 'Microsoft.ContainerService/managedClusters@2021-10-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: {
    oidcIssuerProfile: { enabled: true }
    securityProfile: { workloadIdentity: { enabled: true } }
  }
}
";
        check_fix(RULE, before, &before.replace("2021-10-01", "2023-02-01"));
        let newest =
            schema::resource_type("Microsoft.ContainerService/managedClusters").unwrap().newest_stable().unwrap();
        let title = format!("Raise the API version to {newest}");
        check_fix_titled(RULE, &title, before, &before.replace("2021-10-01", &newest.to_string()));
    }

    #[test]
    fn what_only_previews_have_asks_for_one() {
        let before = "resource aks 'Microsoft.ContainerService/managedClusters@2026-01-01' = {
  name: 'aks'
  location: 'westeurope'
  properties: {
    securityProfile: { serviceAccountImagePullProfile: { enabled: true } }
  }
}
";
        check_fix(RULE, before, &before.replace("2026-01-01", "2026-05-02-preview"));
    }
}
