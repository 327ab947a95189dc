use template::aks::{ROLE_ASSIGNMENT, RoleAssignment, Slot};
use template::eval::Place;
use template::grants::{GrantScope, Truth};
use template::value::{ResourceRef, Value};

use crate::write::Target;
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds role assignments that write `scope` into `properties`.
    ///
    /// ## Why is this a problem
    /// `properties.scope` is what the service answers. What a role is given on is said by `scope` beside `properties`; without it,
    /// it is the group or subscription that is deployed to. So the role is given on something else than was meant, mostly on
    /// far more.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal",
    ///     "scope": "[resourceGroup().id]"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///     scope: mi.id
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: mi
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Takes it out where it says what holds anyway; else moves it beside `properties`. That changes what the role is given on,
    /// so it is unsafe.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct RoleScopeProperty {
        code: "role-scope-property",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP073",
    }
}

impl Rule for RoleScopeProperty {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        let scope = assignment.resource.scope;
        if ctx.is_left_to_bicep(scope) {
            return;
        }
        let cases = ctx.eval.slots(assignment.resource, &["properties", "scope"]);
        ctx.judge(&cases, |case| {
            let slot = &case.value;
            let property = slot.property.filter(|_| !slot.is_absent())?;
            let removed = || ctx.rewrite().remove(property.object, &[property.number as usize]);
            let (message, severity, fix) = match said(ctx, assignment.resource, slot) {
                Said::Same => (
                    "`properties.scope` is read-only, and says what holds anyway",
                    Severity::Warning,
                    removed().fix("Remove it", Applicability::Safe),
                ),
                Said::Other(on) => (
                    "`properties.scope` is read-only: the role is not given on that",
                    Severity::Error,
                    moved(ctx, assignment.resource, slot, on),
                ),
                Said::Unknown => (
                    "`properties.scope` is read-only: it does not say what the role is given on",
                    Severity::Warning,
                    removed().fix("Remove it", Applicability::Unsafe),
                ),
            };
            Some(
                Finding::at(ctx.eval.key_location(property)?, message)
                    .help("Say it by `scope` beside `properties`")
                    .severity(severity)
                    .fix(fix),
            )
        });
    }
}

/// What `properties.scope` says, compared with what the role is given on.
enum Said {
    Same,
    /// The declaration of something else, if there is one.
    Other(Option<ResourceRef>),
    Unknown,
}

fn said(ctx: &Ctx<'_>, assignment: ResourceRef, slot: &Slot) -> Said {
    let Some(place) = slot.place else { return Said::Unknown };
    let id = match &slot.value {
        Value::Str(text) => ctx.eval.parse_id(text, place.scope, place),
        _ => None,
    };
    match (ctx.eval.grant_scope(assignment), id) {
        (GrantScope::Resource(on), Some(id)) => match ctx.eval.same_resource(&on, &id) {
            Truth::Yes => Said::Same,
            Truth::No => Said::Other(id.declared),
            Truth::Unknown => Said::Unknown,
        },
        (GrantScope::Group(_), Some(id)) => Said::Other(id.declared),
        (GrantScope::Group(group), None) => {
            let said = ctx.eval.deployment_target(place.scope, place.expr, &None);
            if said.is_none() && said == group { Said::Same } else { Said::Unknown }
        }
        _ => Said::Unknown,
    }
}

fn moved(ctx: &Ctx<'_>, assignment: ResourceRef, slot: &Slot, on: Option<ResourceRef>) -> Option<Fix> {
    let declared = ctx.eval.resource(assignment);
    let property = slot.property.filter(|_| declared.scope.is_none() && declared.is_type(ROLE_ASSIGNMENT))?;
    let on = on.filter(|on| on.scope == assignment.scope)?;
    let body = Place { scope: assignment.scope, expr: declared.body };
    ctx.rewrite()
        .insert(body, At::Before("name"), "scope", New::Scope(Target::Declared(on)))
        .remove(property.object, &[property.number as usize])
        .fix("Move it beside `properties`", Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::check;

    #[test]
    fn tells_what_holds_anyway_from_what_was_meant() {
        let template = |scope: &str, mark: &str| {
            format!(
                r#"//- main.json
{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {{ "id": {{ "type": "string" }} }},
  "resources": [
    {{ "type": "Microsoft.ContainerRegistry/registries", "apiVersion": "2023-07-01", "name": "acr" }},
    {{
      "type": "Microsoft.Authorization/roleAssignments",
      "apiVersion": "2022-04-01",
      "name": "[guid('a')]",
      "properties": {{
        "principalId": "p",
        "scope": "{scope}"
        {mark}
      }}
    }}
  ]
}}
"#
            )
        };
        check(RULE, &template("[resourceGroup().id]", "^^^^^^^ warning[role-scope-property]: what holds anyway"));
        check(RULE, &template("[parameters('id')]", "^^^^^^^ warning[role-scope-property]: does not say"));
        let acr = "[resourceId('Microsoft.ContainerRegistry/registries', 'acr')]";
        check(RULE, &template(acr, "^^^^^^^ error[role-scope-property]: not given on that"));
    }
}
