use template::aks::{ROLE_DEFINITION, RoleAssignment, Slot, is_guid};
use template::eval::Place;
use template::value::Value;
use template::{Expr, ExprId};

use crate::kubelet_grant::role_definition;
use crate::roles::{given_at, is_by_caller, judged_at, written};
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a `roleDefinitionId` that is not the ID of a role definition: a bare GUID, the name of a role, another type.
    ///
    /// ## Why is this a problem
    /// The service wants an ID, `/subscriptions/…/providers/Microsoft.Authorization/roleDefinitions/<guid>`, and refuses anything else.
    /// The type is `roleDefinitions`, in the plural.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinition', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
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
    /// Writes `subscriptionResourceId()` around a GUID, puts the GUID in the place of the name of a role, and corrects the type.
    /// `resourceId()` without a subscription gives an ID in the resource group, which the service takes: a hint.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct RoleDefinitionId {
        code: "role-definition-id",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for RoleDefinitionId {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        ctx.judge(&assignment.role, |case| {
            let slot = &case.value;
            let Value::Str(text) = &slot.value else { return None };
            let place = slot.place?;
            if let Some(text) = text.literal() {
                if text.is_empty() {
                    return None;
                }
                if !text.contains('/') {
                    return bare(ctx, assignment, slot, text);
                }
            }
            let id = ctx.eval.parse_id(text, place.scope, place)?;
            let own = id.resource_type.as_deref()?;
            if !own.eq_ignore_ascii_case(ROLE_DEFINITION) {
                let message = format!("`{own}` is not the type of a role definition");
                let finding = Finding::at(judged_at(ctx, assignment.resource, slot)?, message)
                    .help(format!("The type is `{ROLE_DEFINITION}`"))
                    .fix(retyped(ctx, place, own));
                return Some(finding.origin(ctx, slot));
            }
            let name = id.names.last()?.literal().filter(|name| !name.is_empty());
            match name {
                Some(name) if !is_guid(name) => named(ctx, assignment, slot, name),
                _ => unscoped(ctx, assignment, slot, place),
            }
        });
    }
}

/// A GUID or a name where an ID should be.
fn bare(ctx: &Ctx<'_>, assignment: &RoleAssignment, slot: &Slot, text: &str) -> Option<Finding> {
    if !is_guid(text) {
        return named(ctx, assignment, slot, text);
    }
    let by_caller = is_by_caller(ctx, assignment.resource, slot);
    let place = given_at(ctx, assignment.resource, slot).or_else(|| written(ctx, slot));
    let fix = place.and_then(|place| {
        let id = New::Call("subscriptionResourceId", vec![New::str(ROLE_DEFINITION), New::Copy(place)]);
        let applicability = if by_caller { Applicability::Unsafe } else { Applicability::Safe };
        ctx.rewrite().replace(place, id).fix("Make an ID of it with `subscriptionResourceId`", applicability)
    });
    let finding =
        Finding::at(judged_at(ctx, assignment.resource, slot)?, "`roleDefinitionId` is a bare GUID, not an ID")
            .help(format!("`subscriptionResourceId('{ROLE_DEFINITION}', '<guid>')` is the ID of a role"))
            .fix(fix);
    Some(if by_caller {
        finding.related(ctx.eval.header(assignment.resource), "the role is assigned here")
    } else {
        finding.origin(ctx, slot)
    })
}

/// A name where a GUID should be.
fn named(ctx: &Ctx<'_>, assignment: &RoleAssignment, slot: &Slot, name: &str) -> Option<Finding> {
    let role = schema::roles::by_name(name);
    let fix = role.and_then(|role| {
        let place = given_at(ctx, assignment.resource, slot).or_else(|| written(ctx, slot))?;
        let id = role_definition(ctx.eval, place.scope, role.guid).0;
        ctx.rewrite().replace(place, id).fix(format!("Use the ID of {}", role.name), Applicability::Safe)
    });
    let finding = Finding::at(
        judged_at(ctx, assignment.resource, slot)?,
        format!("`roleDefinitionId` names a role by `{name}`, not by the GUID of its definition"),
    );
    let finding =
        finding.help("Role definitions are named by GUIDs, the same for a built-in role in every tenant").fix(fix);
    Some(if role.is_some() { finding } else { finding.severity(Severity::Warning) }.origin(ctx, slot))
}

/// `resourceId` of a role definition: in the resource group, by its text.
fn unscoped(ctx: &Ctx<'_>, assignment: &RoleAssignment, slot: &Slot, place: Place) -> Option<Finding> {
    let Expr::Call(call) = ctx.eval.template(place.scope).expr(place.expr) else { return None };
    let [_, guid] = &call.arguments[..] else { return None };
    if call.function != *"resourceId" {
        return None;
    }
    let guid = New::Copy(Place { expr: *guid, ..place });
    let id = New::Call("subscriptionResourceId", vec![New::str(ROLE_DEFINITION), guid]);
    let fix = ctx.rewrite().replace(place, id).fix("Use `subscriptionResourceId`", Applicability::Safe);
    let finding =
        Finding::at(judged_at(ctx, assignment.resource, slot)?, "role definitions are not in a resource group");
    Some(finding.help("`subscriptionResourceId` gives the ID that the service shows").severity(Severity::Hint).fix(fix))
}

/// The expression with the right type in it.
fn retyped(ctx: &Ctx<'_>, place: Place, own: &str) -> Option<Fix> {
    if !own.to_ascii_lowercase().starts_with("microsoft.authorization/role") {
        return None;
    }
    let template = ctx.eval.template(place.scope);
    let title = format!("Change the type to `{ROLE_DEFINITION}`");
    match template.expr(place.expr) {
        Expr::Call(call) => {
            let is_type =
                |expr: &&ExprId| matches!(template.expr(**expr), Expr::Str(text) if text.eq_ignore_ascii_case(own));
            let expr = *call.arguments.iter().find(is_type)?;
            ctx.rewrite().replace(Place { expr, ..place }, New::str(ROLE_DEFINITION)).fix(title, Applicability::Safe)
        }
        Expr::Str(text) => {
            let at = text.to_ascii_lowercase().rfind(&own.to_ascii_lowercase())?;
            let right = format!("{}{ROLE_DEFINITION}{}", &text[..at], &text[at + own.len()..]);
            ctx.rewrite().replace(place, New::str(right)).fix(title, Applicability::Safe)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::{check, check_fix};

    fn template(role: &str) -> String {
        format!(
            "param given string
var guidOfPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var roles = {{ pull: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', guidOfPull) }}
resource definition 'Microsoft.Authorization/roleDefinitions@2022-04-01' existing = {{
  scope: subscription()
  name: guidOfPull
}}
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid('a')
  properties: {{
    roleDefinitionId: {role}
    principalId: 'p'
  }}
}}
"
        )
    }

    #[test]
    fn knows_the_id_in_every_form() {
        for role in [
            "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', guidOfPull)",
            "tenantResourceId('Microsoft.Authorization/roleDefinitions', guidOfPull)",
            "extensionResourceId(resourceGroup().id, 'Microsoft.Authorization/roleDefinitions', guidOfPull)",
            "'/subscriptions/${subscription().subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${guidOfPull}'",
            "'${subscription().id}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d'",
            "'/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d'",
            "definition.id",
            "roles.pull",
            "roles['pull']",
            "given",
            "contains(given, '/providers/') ? given : subscriptionResourceId('Microsoft.Authorization/roleDefinitions', given)",
            "roles[?given] ?? (contains(given, '/') ? given : subscriptionResourceId('Microsoft.Authorization/roleDefinitions', given))",
        ] {
            check(RULE, &template(role));
        }
    }

    #[test]
    fn makes_an_id_of_what_is_none() {
        let right = "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', guidOfPull)";
        check_fix(RULE, &template("guidOfPull"), &template(right));
        check_fix(RULE, &template("'AcrPull'"), &template(right));
        check_fix(
            RULE,
            &template("tenantResourceId('Microsoft.Authorization/rolesDefinition', guidOfPull)"),
            &template("tenantResourceId('Microsoft.Authorization/roleDefinitions', guidOfPull)"),
        );
        check_fix(
            RULE,
            &template("resourceId('Microsoft.Authorization/roleDefinitions', guidOfPull)"),
            &template(right),
        );
    }

    #[test]
    fn the_caller_of_a_module_is_told() {
        check(
            RULE,
            "//- main.bicep
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
module role 'role.bicep' = {
  name: 'role'
  params: {
    role: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[role-definition-id]: a bare GUID
  }
}
//- role.bicep
param role string
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(role)
  properties: { roleDefinitionId: role, principalId: 'p' }
}
",
        );
    }
}
