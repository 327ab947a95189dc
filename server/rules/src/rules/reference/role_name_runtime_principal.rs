use template::Expr;
use template::aks::RoleAssignment;
use template::eval::Place;
use template::expr::Ref;
use template::model::Declaration;
use template::value::Value;

use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds names of role assignments that need a value which is known only while things are deployed.
    ///
    /// ## Why is this a problem
    /// Names have to be known before the deployment starts. `reference()` in a name is refused before anything is deployed:
    /// `The template function 'reference' is not expected at this location`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId, 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(mi.properties.principalId, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    ///     principalId: mi.properties.principalId
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
    ///   "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(mi.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Puts the ID of the resource in the place of what is read from it.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct RoleNameRuntimePrincipal {
        code: "role-name-runtime-principal",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP120",
    }
}

impl Rule for RoleNameRuntimePrincipal {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        let scope = assignment.resource.scope;
        let Some(name) = ctx.eval.resource(assignment.resource).name else { return };
        if ctx.is_left_to_bicep(scope) {
            return;
        }
        for place in read_in(ctx, Place { scope, expr: name }) {
            let values = ctx.eval.value(place);
            let read = values.single().and_then(Value::read);
            let id = read.and_then(|read| ctx.eval.read_target(read)).and_then(|id| id.declared);
            let fix = id.filter(|id| id.scope == scope).and_then(|id| {
                ctx.rewrite().replace(place, New::id(id)).fix("Use the ID of the resource", Applicability::Unsafe)
            });
            ctx.report(
                Finding::at(
                    ctx.eval.location(place),
                    "the name of a role assignment cannot contain what is read from a resource",
                )
                .help("Use the ID of the resource, or hand the value to a module that assigns the role")
                .fix(fix),
            );
        }
    }
}

/// What a name reads from resources, here or by way of variables.
fn read_in(ctx: &Ctx<'_>, name: Place) -> Vec<Place> {
    let template = ctx.eval.template(name.scope);
    let mut found = Vec::new();
    let mut followed = Vec::new();
    let mut pending = vec![name.expr];
    while let Some(here) = pending.pop() {
        let expr = template.expr(here);
        let place = Place { expr: here, ..name };
        let read = match expr {
            Expr::Call(call) => call.function == *"reference",
            Expr::Member { .. } => {
                let values = ctx.eval.value(place);
                // What a parameter or an output brings was read before this was deployed, or is reported there.
                values.iter().any(|one| one.value.read().is_some() && one.place == Some(place))
            }
            Expr::Ref(Ref::Variable(variable)) => {
                if let Some(Declaration::Variable(index)) = template.names.get(variable)
                    && !followed.contains(index)
                {
                    followed.push(*index);
                    pending.push(template.variables[*index as usize].value);
                }
                false
            }
            _ => false,
        };
        if read { found.push(place) } else { expr.children(&mut pending) }
    }
    found
}
