use template::aks::RoleAssignment;

use crate::roles::{is_word_for_identity, judged_at, who};
use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds role assignments whose `principalType` is not that of a managed identity, or no type at all.
    ///
    /// ## Why is this a problem
    /// To the directory every managed identity is a service principal, whatever it is called elsewhere. With another type the service
    /// refuses the assignment: `UnmatchedPrincipalType`. `MSI` or `ManagedIdentity` are no types.
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
    ///     "principalType": "MSI"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'User'
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
    /// Changes it to `ServicePrincipal`: safe where the principal is that of an identity.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct RolePrincipalTypeWrong {
        code: "role-principal-type-wrong",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for RolePrincipalTypeWrong {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        let types = ctx.eval.slots(assignment.resource, &["properties", "principalType"]);
        let cases = ctx.eval.join(&assignment.principal, &types);
        ctx.judge(&cases, |case| {
            let (principal, kind) = case.value;
            let written = kind.value.literal().filter(|text| !text.is_empty())?;
            if written.eq_ignore_ascii_case("ServicePrincipal") || written.eq_ignore_ascii_case("AgentServicePrincipal")
            {
                return None;
            }
            let bearers = ctx.eval.bearers(&principal.value);
            let bearer = bearers.iter().find_map(|case| case.value.as_ref());
            let message = match bearer {
                Some(bearer) => {
                    format!("`principalType` is `{written}`, but {} is a service principal", who(ctx, bearer))
                }
                None if is_word_for_identity(written) => format!("`principalType` cannot be `{written}`"),
                None => return None,
            };
            let applicability = if bearer.is_some() { Applicability::Safe } else { Applicability::Unsafe };
            let fix = kind.place.and_then(|place| {
                ctx.rewrite()
                    .replace(place, New::str("ServicePrincipal"))
                    .fix("Change it to `ServicePrincipal`", applicability)
            });
            Some(
                Finding::at(judged_at(ctx, assignment.resource, kind)?, message)
                    .help("The type of all managed identities is `ServicePrincipal`")
                    .fix(fix),
            )
        });
    }
}

#[cfg(test)]
mod tests {

    use crate::testing::check_all;

    #[test]
    fn says_it_once_and_only_of_identities() {
        check_all(
            "param who string
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(who)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: who
    principalType: 'ManagedIdentity'
                   ^^^^^^^^^^^^^^^^^ error[role-principal-type-wrong]: cannot be `ManagedIdentity`
  }
}
resource b 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(who, 'b')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: who
    principalType: 'Group'
  }
}
",
        );
    }
}
