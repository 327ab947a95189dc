use schema::{ApiVersion, ResourceType};
use syntax::Language;
use template::Expr;
use template::eval::Place;
use template::value::ResourceRef;

use super::reference_not_full::{by_symbol, newest};
use crate::versions::since;
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `reference()` of a cluster or an identity whose API version does not know what is read, or that lacks the version it needs.
    ///
    /// ## Why is this a problem
    /// The API version in the call decides what comes back, not that of the declaration: an old one answers without `identityProfile`. Without a
    /// version only a resource that the same template deploys can be read.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "principal": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2019-10-01').identityProfile.kubeletidentity.objectId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output principal string = reference(aks.id, '2019-10-01').identityProfile.kubeletidentity.objectId
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "principal": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01').identityProfile.kubeletidentity.objectId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output principal string = aks.properties.identityProfile.kubeletidentity.objectId
    /// ```
    ///
    /// ## Fix
    /// Raises the version in the call, adds one, or reads it by the symbolic name in Bicep.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct ReferenceApiVersion {
        code: "reference-api-version",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for ReferenceApiVersion {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        for at in ctx.reads().iter().filter(|at| !at.when.is_empty() && !at.safe) {
            let Some((version, versioned, _)) = at.reference() else { continue };
            let Some(ty) = at.id.resource_type.as_deref().and_then(schema::resource_type) else { continue };
            let call = ctx.eval.reference_of(at.place);
            let path = at.read.path.join(".");
            let symbol = || by_symbol(ctx, at, &path);
            if !versioned {
                // A nested template of outer scope reads where the template around it does.
                let here = |declared: ResourceRef| {
                    declared.scope == at.place.scope || declared.scope == ctx.eval.names_of(at.place.scope)
                };
                let deployed = at.id.declared.is_some_and(|declared| here(declared) && !is_existing(ctx, declared));
                if deployed || at.id.names.iter().any(|name| name.literal().is_none()) && at.id.declared.is_none() {
                    continue;
                }
                let message = "`reference` without an API version reads only what the same template deploys";
                let fix = call.and_then(|call| versioned_call(ctx, call, &newest(&at.id)?, "Add an API version"));
                ctx.report(
                    Finding::at(ctx.eval.location(at.place), message)
                        .help("Give an API version as the second argument")
                        .fix(symbol())
                        .fix(fix),
                );
                continue;
            }
            let Some(version) = version.and_then(ApiVersion::parse) else { continue };
            let having = ty.versions_with(&known_part(ty, &path));
            if having.is_empty() || having.contains(version) || !ty.api_versions().contains(version) {
                continue;
            }
            let what = at.read.path.get(1).filter(|_| at.read.path[0].eq_ignore_ascii_case("properties"));
            let what = what.unwrap_or(&at.read.path[0]);
            let message = format!("API version {version} has no `{what}`; it came with {}", since(&having));
            let next = having.without_retired().next_with(version).map(|next| next.to_string());
            let fixes = next.into_iter().chain(newest(&at.id)).filter_map(|target| {
                versioned_call(ctx, call?, &target, &format!("Change the version in the call to {target}"))
            });
            ctx.report(
                Finding::at(ctx.eval.location(at.place), message)
                    .help("The version in the call decides what comes back")
                    .severity(Severity::Warning)
                    .fix(symbol())
                    .fix(fixes),
            );
        }
    }
}

fn is_existing(ctx: &Ctx<'_>, declared: ResourceRef) -> bool {
    let resource = ctx.eval.resource(declared);
    // With symbolic names of ARM JSON an existing resource has its version in the declaration.
    resource.existing && !(resource.symbol.is_some() && ctx.eval.template(declared.scope).language == Language::Json)
}

/// The longest start of a path that some version has: below open maps nothing is known.
fn known_part(ty: ResourceType, path: &str) -> String {
    let mut known = path;
    while ty.versions_with(known).is_empty() {
        match known.rfind('.') {
            Some(at) => known = &known[..at],
            None => return String::new(),
        }
    }
    known.to_owned()
}

fn versioned_call(ctx: &Ctx<'_>, call: Place, version: &str, title: &str) -> Option<Fix> {
    let Expr::Call(written) = ctx.eval.template(call.scope).expr(call.expr) else { return None };
    match written.arguments.get(1) {
        Some(old) => {
            let old = Place { expr: *old, ..call };
            ctx.rewrite().replace(old, New::str(version)).fix(title, Applicability::Unsafe)
        }
        None => {
            let id = New::Copy(Place { expr: *written.arguments.first()?, ..call });
            let new = New::Call("reference", vec![id, New::str(version)]);
            ctx.rewrite().replace(call, new).fix(title, Applicability::Safe)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::{check, check_fix};

    const EXISTING: &str =
        "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }\n";

    #[test]
    fn reads_by_the_symbol() {
        let text = |read: &str| format!("{EXISTING}output value string = {read}\n");
        let right = "aks.properties.identityProfile.kubeletidentity.objectId";
        for wrong in ["reference(aks.id, '2019-10-01')", "reference(aks.id)"] {
            check_fix(RULE, &text(&format!("{wrong}.identityProfile.kubeletidentity.objectId")), &text(right));
        }
        check(RULE, &text("reference(aks.id, '2020-01-01').identityProfile.kubeletidentity.objectId"));
        check(RULE, &text("reference(aks.id, '2019-10-01').addonProfiles.omsagent.enabled"));
        check(RULE, &text("reference(aks.id, '2000-01-01').identityProfile.kubeletidentity.objectId"));
    }

    #[test]
    fn what_is_deployed_needs_no_version() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = { name: 'aks' }
output value string = reference('aks').identityProfile.kubeletidentity.objectId
",
        );
    }
}
