use syntax::Language;
use template::Expr;
use template::eval::Place;
use template::reads::ReadAt;
use template::value::ResourceId;

use crate::offers::label;
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `reference()` of a cluster that reads what is beside `properties`, such as `identity`, without `'Full'`.
    ///
    /// ## Why is this a problem
    /// `reference(id, version)` gives the `properties` of a resource, and only them. `identity` stands beside them, so the deployment fails:
    /// the language expression property `identity` doesn't exist. `reference(id, version, 'Full')` gives the whole resource.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "principal": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01').identity.principalId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output principal string = reference(aks.id, '2025-05-01').identity.principalId
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "principal": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01', 'Full').identity.principalId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output principal string = aks.identity.principalId
    /// ```
    ///
    /// ## Fix
    /// Adds `'Full'`, or reads it by the symbolic name in Bicep.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct ReferenceNotFull {
        code: "reference-not-full",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for ReferenceNotFull {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        for at in ctx.reads() {
            let Some((_, _, false)) = at.reference() else { continue };
            let path = at.path();
            let [_, first, ..] = path.as_slice() else { continue };
            if at.when.is_empty() || !beside_properties(&at.id, first) {
                continue;
            }
            let (name, rest) = (at.read.path[1].clone(), at.read.path[1..].join("."));
            let message = format!("`reference` without `'Full'` gives `properties`, which have no `{name}`");
            ctx.report(
                Finding::at(ctx.eval.location(at.place), message)
                    .help("Say `'Full'` as the third argument to read the whole resource")
                    .fix(by_symbol(ctx, at, &rest))
                    .fix(full(ctx, at)),
            );
        }
    }
}

/// Whether a resource has something beside its `properties`, and not in them.
pub(super) fn beside_properties(id: &ResourceId, name: &str) -> bool {
    if ["id", "name", "type"].contains(&name) {
        return false; // by these people mean the resource, and `properties` of others have them
    }
    let ty = id.resource_type.as_deref().and_then(schema::resource_type);
    ty.is_some_and(|ty| {
        !ty.versions_with(name).is_empty() && ty.versions_with(&format!("properties.{name}")).is_empty()
    })
}

/// The same read by the symbolic name, which only Bicep has for every resource.
pub(super) fn by_symbol(ctx: &Ctx<'_>, at: &ReadAt, path: &str) -> Option<Fix> {
    let declared = at.id.declared.filter(|declared| declared.scope == at.place.scope)?;
    if ctx.eval.template(at.place.scope).language != Language::Bicep {
        return None;
    }
    let symbol = label(ctx, declared);
    ctx.rewrite()
        .replace(at.place, New::read(declared, path))
        .fix(format!("Read it from `{symbol}`"), Applicability::Safe)
}

fn full(ctx: &Ctx<'_>, at: &ReadAt) -> Option<Fix> {
    let place = ctx.eval.reference_of(at.place)?;
    let Expr::Call(call) = ctx.eval.template(place.scope).expr(place.expr) else { return None };
    let copy = |expr| New::Copy(Place { expr, ..place });
    let mut arguments: Vec<New> = call.arguments.iter().take(2).map(|argument| copy(*argument)).collect();
    if arguments.len() == 1 {
        arguments.push(New::str(newest(&at.id)?));
    }
    arguments.push(New::str("Full"));
    ctx.rewrite().replace(place, New::Call("reference", arguments)).fix("Add `'Full'`", Applicability::Safe)
}

/// The newest stable API version of a type.
pub(super) fn newest(id: &ResourceId) -> Option<String> {
    Some(schema::resource_type(id.resource_type.as_deref()?)?.newest_stable()?.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::check_fix;

    #[test]
    fn adds_a_version_where_it_must() {
        let template = |call: &str| {
            format!(
                r#"//- main.json
{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks", "identity": {{ "type": "SystemAssigned" }} }}
  ],
  "outputs": {{ "p": {{ "type": "string", "value": "[{call}.identity.principalId]" }} }}
}}
"#
            )
        };
        let newest =
            schema::resource_type("Microsoft.ContainerService/managedClusters").unwrap().newest_stable().unwrap();
        check_fix(RULE, &template("reference('aks')"), &template(&format!("reference('aks', '{newest}', 'Full')")));
        check_fix(
            RULE,
            &template("reference('aks', '2025-05-01')"),
            &template("reference('aks', '2025-05-01', 'Full')"),
        );
    }
}
