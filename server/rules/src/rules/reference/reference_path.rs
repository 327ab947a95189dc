use smallvec::SmallVec;
use template::Expr;
use template::aks::IDENTITY;
use template::eval::Place;
use template::expr::Ref;
use template::reads::ReadAt;

use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds paths that lead nowhere in what is read from a cluster or an identity.
    ///
    /// ## Why is this a problem
    /// A property that is not there fails the deployment while it runs: the language expression property doesn't exist. Common slips:
    /// `properties` forgotten or said twice, which depends on `'Full'`; `principalId` where clusters say `objectId`; the name of the map
    /// `kubeletidentity` left out or misspelt.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "principal": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01', 'Full').identityProfile.kubeletidentity.objectId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output principal string = aks.properties.identityProfile.kubeletidentity.principalId
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "principal": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01', 'Full').properties.identityProfile.kubeletidentity.objectId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output principal string = aks.properties.identityProfile.kubeletidentity.objectId
    /// ```
    ///
    /// ## Fix
    /// Writes the path that was meant.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct ReferencePath {
        code: "reference-path",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for ReferencePath {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        for at in ctx.reads().iter().filter(|at| !at.when.is_empty() && !at.safe) {
            let Some((message, right)) = wrong(at) else { continue };
            let start = at.reference().map_or(0, |(_, _, full)| usize::from(!full));
            let own: Vec<&str> = right[start..].iter().map(String::as_str).collect();
            let shown = own.join(".");
            let fix = base(ctx, at.place).and_then(|base| {
                let right = New::Member(Box::new(New::Copy(base)), own.iter().map(|&name| name.to_owned()).collect());
                ctx.rewrite().replace(at.place, right).fix(format!("Read `{shown}`"), Applicability::Safe)
            });
            ctx.report(Finding::at(ctx.eval.location(at.place), message).help(format!("Read `{shown}`")).fix(fix));
        }
    }
}

/// What is wrong with a path, and the right one from the resource down.
fn wrong(at: &ReadAt) -> Option<(String, Vec<String>)> {
    let lower = at.path();
    let lower: SmallVec<[&str; 6]> = lower.iter().map(String::as_str).collect();
    let written: Vec<String> = at.read.path.iter().map(ToString::to_string).collect();
    let behind = |head: &[&str], from: usize| -> Vec<String> {
        head.iter().map(|&name| name.to_owned()).chain(written[from..].iter().cloned()).collect()
    };
    if let ["properties", "properties", ..] = lower.as_slice() {
        let message = "`reference` without `'Full'` gives `properties` already";
        return Some((message.to_owned(), behind(&["properties"], 2)));
    }
    // With `'Full'`, or by the symbol, the path starts at the resource.
    if at.reference().is_none_or(|(_, _, full)| full)
        && let [first, ..] = lower.as_slice()
        && *first != "properties"
        && in_properties(at, first)
    {
        return Some((format!("`{}` is in `properties`", written[0]), behind(&["properties"], 0)));
    }
    if at.id.is_type(IDENTITY) == Some(true) {
        return match lower.as_slice() {
            ["properties", "objectid"] => Some(identity_has("objectId")),
            _ => None,
        };
    }
    let profile = |rest: &[String]| -> Vec<String> {
        let head = ["properties", "identityProfile", "kubeletidentity"];
        head.iter().map(|&name| name.to_owned()).chain(rest.iter().cloned()).collect()
    };
    match lower.as_slice() {
        ["properties", "identityprofile", "objectid" | "clientid" | "resourceid"] => {
            let message = format!("`identityProfile` is a map: it has `kubeletidentity`, not `{}`", written[2]);
            Some((message, profile(&written[2..])))
        }
        ["properties", "identityprofile", "*", ..] => {
            Some(("`identityProfile` is a map, not an array".to_owned(), profile(&written[3..])))
        }
        ["properties", "identityprofile", "kubeletidentity", "*", ..] => {
            Some(("`kubeletidentity` is an object, not an array".to_owned(), profile(&written[4..])))
        }
        ["properties", "identityprofile", "kubeletidentity", "principalid"] => Some((
            "`kubeletidentity` has no `principalId`: it is called `objectId` there".to_owned(),
            profile(&["objectId".to_owned()]),
        )),
        ["properties", "identityprofile", key, ..] if *key != "kubeletidentity" && is_near(key) => {
            Some((format!("`identityProfile` has no `{}`", written[2]), profile(&written[3..])))
        }
        ["properties", "addonprofiles", _, "identity", "principalid"] => {
            let mut right = written.clone();
            "objectId".clone_into(&mut right[4]);
            Some(("the identity of an add-on has no `principalId`: it is called `objectId` there".to_owned(), right))
        }
        _ => None,
    }
}

fn identity_has(written: &str) -> (String, Vec<String>) {
    let message = format!("an identity has no `{written}`: it is called `principalId` there");
    (message, vec!["properties".to_owned(), "principalId".to_owned()])
}

fn is_near(key: &str) -> bool {
    strsim::damerau_levenshtein(key, "kubeletidentity") <= 3 || key == "kubelet" || key == "kubelet-identity"
}

/// Whether something is in the properties of such a resource, and not beside them.
fn in_properties(at: &ReadAt, name: &str) -> bool {
    let ty = at.id.resource_type.as_deref().and_then(schema::resource_type);
    ty.is_some_and(|ty| {
        ty.versions_with(name).is_empty() && !ty.versions_with(&format!("properties.{name}")).is_empty()
    })
}

/// What the members of a chain are read from.
fn base(ctx: &Ctx<'_>, place: Place) -> Option<Place> {
    let template = ctx.eval.template(place.scope);
    let mut here = place.expr;
    loop {
        here = match template.expr(here) {
            Expr::Member { base, .. } | Expr::Index { base, .. } => *base,
            // What a module gives out is a resource further down.
            Expr::Ref(Ref::Module(_)) => return None,
            _ => return Some(Place { expr: here, ..place }),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::{check, check_fix};

    const EXISTING: &str =
        "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
";

    #[test]
    fn leads_back_to_the_path() {
        let right = "aks.properties.identityProfile.kubeletidentity.objectId";
        for (wrong, right) in [
            ("aks.identityProfile.kubeletidentity.objectId", right),
            ("aks.properties.identityProfile.objectId", right),
            ("aks.properties.identityProfile.kubletidentity.objectId", right),
            ("aks.properties.identityProfile.kubeletidentity.principalId", right),
            ("aks.properties.identityProfile.kubeletidentity[0].objectId", right),
            (
                "aks.properties.addonProfiles.azurepolicy.identity.principalId",
                "aks.properties.addonProfiles.azurepolicy.identity.objectId",
            ),
            ("mi.properties.objectId", "mi.properties.principalId"),
            ("mi.principalId", "mi.properties.principalId"),
            (
                "reference(aks.id, '2025-05-01').properties.identityProfile.kubeletidentity.objectId",
                "reference(aks.id, '2025-05-01').identityProfile.kubeletidentity.objectId",
            ),
        ] {
            let text = |path: &str| format!("{EXISTING}output value string = {path}\n");
            check_fix(RULE, &text(wrong), &text(right));
            check(RULE, &text(right));
        }
    }

    #[test]
    fn casing_and_other_paths_are_right() {
        for path in [
            "aks.properties.identityProfile.kubeletIdentity.objectId",
            "aks.properties.oidcIssuerProfile.issuerUrl",
            "aks.properties.?identityProfile.?objectId",
            "aks.location",
            "aks.tags.identityProfile",
            "mi.properties.clientId",
        ] {
            check(RULE, &format!("{EXISTING}output value string = {path}\n"));
        }
    }
}
