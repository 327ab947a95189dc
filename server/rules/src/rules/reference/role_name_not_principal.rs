use template::aks::{RoleAssignment, Slot, is_guid};
use template::eval::{Place, ScopeId};
use template::expr::Ref;
use template::traces::Trace;
use template::value::{ResourceRef, Target, Value, Why};
use template::{Expr, ExprId};

use crate::roles::{who, written};
use crate::{Applicability, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds role assignments for identities whose name does not depend on the principal.
    ///
    /// ## Why is this a problem
    /// The principal of an assignment cannot be changed. When the identity is created anew, or another one is chosen, the deployment
    /// meets the old assignment under the same name and fails with `RoleAssignmentUpdateNotPermitted`. The name cannot contain the
    /// principal itself, which is not known before the deployment, but the ID of what has it: the identity, or the cluster for the
    /// identities that AKS makes.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceGroup().id, 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(resourceGroup().id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
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
    ///   "name": "[guid(resourceGroup().id, resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(resourceGroup().id, aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Adds the ID of the identity, or of the cluster, to `guid()`. What is deployed under the old name stays, so the fix is unsafe:
    /// delete the old assignment first, or the deployment fails with `RoleAssignmentExists`. A fixed word that stands for the principal is an info:
    /// it works until the identity changes.
    ///
    /// ## When not to use it
    /// When identities are never recreated under the same names.
    ///
    /// ## References
    /// Azure/kars#452, MicrosoftDocs/azure-docs#85388.
    pub(crate) struct RoleNameNotPrincipal {
        code: "role-name-not-principal",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for RoleNameNotPrincipal {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        let Some(name) = ctx.eval.resource(assignment.resource).name else { return };
        let cases = ctx.eval.join(&assignment.principal, &assignment.role);
        ctx.judge(&cases, |case| {
            let (principal, role) = case.value;
            let bearer = ctx.eval.bearers(&principal.value).into_iter().find_map(|case| case.value);
            let is_parameter = matches!(&principal.value, Value::Unknown(unknown) if matches!(unknown.why, Why::Parameter(..)));
            let severity = match (ctx.eval.trace(assignment.resource, &principal.value, &role.value), &bearer) {
                (Trace::None, Some(_)) => Severity::Warning,
                (Trace::Word, Some(_)) => Severity::Info,
                (Trace::None | Trace::Word, None) if is_parameter => Severity::Info,
                _ => return None,
            };
            let whom = bearer.as_ref().map_or_else(|| "its principal".to_owned(), |bearer| who(ctx, bearer));
            let at = Place { scope: assignment.resource.scope, expr: name };
            let at = given(ctx, at).unwrap_or(at);
            let finding = Finding::at(ctx.eval.location(at), format!("the name of the role assignment does not depend on {whom}"))
                .help("Put the ID of the identity, or of the cluster that has it, into `guid()`: the principal of an assignment cannot be changed")
                .severity(severity);
            let finding = match ctx.eval.written_at(principal) {
                Some(place) => finding.related(place, "the principal"),
                None => finding,
            };
            Some(finding.fix(addition(ctx, assignment, principal, role, at)))
        });
    }
}

/// Where the caller of a module gives the name, should the name be one of its parameters.
fn given(ctx: &Ctx<'_>, name: Place) -> Option<Place> {
    match ctx.eval.template(name.scope).expr(name.expr) {
        Expr::Ref(Ref::Parameter(parameter)) => ctx.eval.argument_of(name.scope, parameter),
        _ => None,
    }
}

/// One more argument of `guid()`: what stands for the principal.
fn addition(ctx: &Ctx<'_>, assignment: &RoleAssignment, principal: &Slot, role: &Slot, name: Place) -> Option<Fix> {
    let own = stand_in(ctx, name.scope, principal)?;
    let template = ctx.eval.template(name.scope);
    let mut pending = vec![name.expr];
    let mut guid = None;
    while let Some(here) = pending.pop() {
        let expr = template.expr(here);
        match expr {
            Expr::Call(call) if call.function == *"guid" => guid = guid.or(Some((here, &call.arguments))),
            Expr::Ref(Ref::Variable(_)) => return None, // others may use it as well
            _ => expr.children(&mut pending),
        }
    }
    let copy = |expr: ExprId| New::Copy(Place { expr, ..name });
    let (place, arguments) = match guid {
        Some((call, arguments)) => {
            (Place { expr: call, ..name }, arguments.iter().map(|one| copy(*one)).chain([own]).collect())
        }
        // A GUID that somebody made up.
        None if matches!(template.expr(name.expr), Expr::Str(text) if is_guid(text)) => {
            let role = written(ctx, role).filter(|role| role.scope == name.scope)?;
            let group = New::Member(Box::new(New::Call("resourceGroup", Vec::new())), vec!["id".to_owned()]);
            let on = ctx.eval.scope_of(assignment.resource).and_then(|on| on.declared);
            let on = on.filter(|on| on.scope == name.scope).map_or(group, New::id);
            (name, vec![on, own, New::Copy(role)])
        }
        None => return None,
    };
    ctx.rewrite()
        .replace(place, New::Call("guid", arguments))
        .fix("Add what has the principal to the name", Applicability::Unsafe)
}

/// What stands for a principal and is known before anything is deployed.
fn stand_in(ctx: &Ctx<'_>, scope: ScopeId, principal: &Slot) -> Option<New> {
    let here = |resource: ResourceRef| resource.scope == scope && ctx.eval.resource(resource).repeat.is_none();
    let written = written(ctx, principal).filter(|place| place.scope == scope);
    if let Some(place) = written
        && let Expr::Ref(Ref::Parameter(_)) = ctx.eval.template(scope).expr(place.expr)
    {
        return Some(New::Copy(place));
    }
    let read = principal.value.read()?;
    if let Target::Declared(resource) = &read.target
        && here(*resource)
    {
        return Some(New::id(*resource));
    }
    // `reference(id)`: the ID as it is written.
    let call = ctx.eval.reference_of(principal.place.filter(|place| place.scope == scope)?)?;
    let Expr::Call(call) = ctx.eval.template(scope).expr(call.expr) else { return None };
    Some(New::Copy(Place { scope, expr: *call.arguments.first()? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::{check, check_fix};

    fn template(name: &str) -> String {
        format!(
            "param prefix string
param nameOfMi string = '${{prefix}}-mi'
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: nameOfMi, location: 'x' }}
resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' = {{ name: 'acr' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{kmi.id}}': {{}} }} }}
}}
var role = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  scope: acr
  name: {name}
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: kmi.properties.principalId
    principalType: 'ServicePrincipal'
  }}
}}
"
        )
    }

    #[test]
    fn whatever_stands_for_the_principal_is_enough() {
        for name in [
            "guid(acr.id, kmi.id, role)",
            "guid(acr.id, kmi.name, role)",
            "guid(acr.id, nameOfMi, role)",
            "guid(resourceGroup().id, prefix)",
            "guid(acr.id, role, guid('x', resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', nameOfMi)))",
            "guid('${acr.id}-${kmi.id}')",
            "guid(someone)",
            "newGuid()",
        ] {
            check(RULE, &format!("param someone string\n{}", template(name)));
        }
    }

    #[test]
    fn tells_a_word_from_nothing() {
        for (name, level) in [
            ("guid(acr.id, role)", "warning"),
            ("guid(subscription().id, resourceGroup().id, 'acrpull')", "warning"),
            ("'8311e382-0749-4cb8-b61a-304f252e45ec'", "warning"),
            ("guid(acr.id, aks.id, role)", "info"),
            ("guid(acr.id, 'aks', role)", "info"),
        ] {
            let text = template(name);
            let line = format!("  name: {name}\n");
            let mark =
                format!("{line}        {} {level}[role-name-not-principal]: identity `kmi`\n", "^".repeat(name.len()));
            check(RULE, &text.replace(&line, &mark));
        }
    }

    #[test]
    fn adds_the_identity() {
        check_fix(RULE, &template("guid(acr.id, role)"), &template("guid(acr.id, role, kmi.id)"));
        let whole = "subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)";
        check_fix(
            RULE,
            &template("'8311e382-0749-4cb8-b61a-304f252e45ec'"),
            &template(&format!("guid(acr.id, kmi.id, {whole})")),
        );
    }

    #[test]
    fn the_caller_of_a_module_gives_the_name() {
        check(
            RULE,
            "//- main.bicep
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
module role 'role.bicep' = {
  name: 'role'
  params: {
    who: mi.properties.principalId
    name: guid(resourceGroup().id)
          ^^^^^^^^^^^^^^^^^^^^^^^^ warning[role-name-not-principal]: identity `mi`
  }
}
module other 'role.bicep' = {
  name: 'other'
  params: {
    who: mi.properties.principalId
    name: guid(resourceGroup().id, mi.id)
  }
}
//- role.bicep
param who string
param name string
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: name
  properties: {
    principalId: who
    principalType: 'ServicePrincipal'
  }
}
",
        );
    }
}
