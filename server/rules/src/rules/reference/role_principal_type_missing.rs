use template::aks::{Case, RoleAssignment, Slot};
use template::value::ResourceRef;

use crate::conformance::known_version;
use crate::kubelet_grant::ASSIGNMENT_API;
use crate::roles::{for_all_callers, is_by_caller, is_fresh, who};
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds role assignments for identities of the same deployment that do not say `principalType`.
    ///
    /// ## Why is this a problem
    /// A new identity takes a while to reach all of the directory. Without `principalType` the service looks the principal up
    /// first, and now and then the deployment fails with `PrincipalNotFound`. With `ServicePrincipal`, which is what all managed
    /// identities are, it does not look.
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
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
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
    /// Adds `principalType: 'ServicePrincipal'`, and raises the API version of the assignment where it is older than that property.
    /// An identity that exists already is a hint.
    ///
    /// ## When not to use it
    /// When nothing that gets a role is created by the deployment.
    ///
    /// ## References
    /// MicrosoftDocs/azure-docs#92278, Azure/azure-cli#33586.
    pub(crate) struct RolePrincipalTypeMissing {
        code: "role-principal-type-missing",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for RolePrincipalTypeMissing {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        let types = ctx.eval.slots(assignment.resource, &["properties", "principalType"]);
        let mut cases = Vec::new();
        for Case { when, value: (principal, kind) } in ctx.eval.join(&assignment.principal, &types) {
            for bearer in ctx.eval.bearers(&principal.value) {
                let value = (principal, kind, bearer.value);
                cases.extend(ctx.eval.and(&when, &bearer.when).map(|when| Case { when, value }));
            }
        }
        ctx.judge(&cases, |case| {
            let (principal, kind, bearer) = &case.value;
            let bearer = bearer.as_ref().filter(|_| kind.is_absent())?;
            let fresh = is_fresh(ctx, bearer);
            let by_caller = is_by_caller(ctx, assignment.resource, principal);
            // A module may be there for users and groups as well.
            if by_caller && !(fresh && only_identities(ctx, assignment)) {
                return None;
            }
            let message = format!("`principalType` is missing for {}", who(ctx, bearer));
            let finding = Finding::at(ctx.eval.written_at(principal)?, message)
                .help("Say `principalType: 'ServicePrincipal'`, so that the principal is not looked up before it can be found")
                .fix(addition(ctx, assignment.resource, principal, kind));
            let finding = if by_caller { finding.origin(ctx, principal) } else { finding };
            Some(if fresh { finding } else { finding.severity(Severity::Hint) })
        });
    }
}

/// Whether all callers of the template give it new identities.
fn only_identities(ctx: &Ctx<'_>, assignment: &RoleAssignment) -> bool {
    let Some(all) = for_all_callers(ctx, assignment) else { return false };
    all.iter().flat_map(|one| &one.principal).all(|case| {
        let bearers = ctx.eval.bearers(&case.value.value);
        bearers.iter().all(|case| case.value.as_ref().is_some_and(|bearer| is_fresh(ctx, bearer)))
    })
}

fn addition(ctx: &Ctx<'_>, assignment: ResourceRef, principal: &Slot, kind: &Slot) -> Option<Fix> {
    let property = principal.property.filter(|_| kind.property.is_none())?;
    let rewrite =
        ctx.rewrite().insert(property.object, At::After("principalId"), "principalType", New::str("ServicePrincipal"));
    let known = known_version(ctx.eval, assignment);
    let too_old = known.is_some_and(|(ty, version)| !ty.versions_with("properties.principalType").contains(version));
    if too_old {
        let rewrite = rewrite.set_api_version(assignment, ASSIGNMENT_API);
        return rewrite.fix(
            format!("Add `principalType: 'ServicePrincipal'` and raise the API version to {ASSIGNMENT_API}"),
            Applicability::Unsafe,
        );
    }
    rewrite.fix("Add `principalType: 'ServicePrincipal'`", Applicability::Safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::{check, check_fix};

    const IDENTITY: &str =
        "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }\n";

    fn assignment(api: &str, principal: &str, more: &str) -> String {
        format!(
            "resource a 'Microsoft.Authorization/roleAssignments@{api}' = {{
  name: guid('a')
  properties: {{
    principalId: {principal}
{more}    roleDefinitionId: 'x'
  }}
}}
"
        )
    }

    #[test]
    fn adds_it_and_raises_the_version_where_it_must() {
        let principal = "mi.properties.principalId";
        let line = "    principalType: 'ServicePrincipal'\n";
        for (from, to) in
            [("2022-04-01", "2022-04-01"), ("2018-09-01-preview", "2018-09-01-preview"), ("2015-07-01", "2022-04-01")]
        {
            let (before, after) = (assignment(from, principal, ""), assignment(to, principal, line));
            check_fix(RULE, &format!("{IDENTITY}{before}"), &format!("{IDENTITY}{after}"));
        }
    }

    #[test]
    fn who_is_not_known_may_be_a_user() {
        check(RULE, &format!("param who string\n{}", assignment("2022-04-01", "who", "")));
    }

    #[test]
    fn an_existing_identity_is_a_hint() {
        check(
            RULE,
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid('a')
  properties: {
    principalId: mi.properties.principalId
                 ^^^^^^^^^^^^^^^^^^^^^^^^^ hint[role-principal-type-missing]: for the identity `mi`
  }
}
",
        );
    }

    #[test]
    fn a_module_is_judged_by_all_its_callers() {
        let module = "//- role.bicep
param who string
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(who)
  properties: {
    principalId: who
                 MARK
  }
}
";
        let own = "//- main.bicep
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
module role 'role.bicep' = { name: 'role', params: { who: mi.properties.principalId } }
";
        let found = module.replace("MARK", "^^^ warning[role-principal-type-missing]: for the identity `mi`");
        check(RULE, &format!("{own}{found}"));
        let people = "//- people.bicep\nresource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }\nparam group string\nmodule role 'role.bicep' = { name: 'role', params: { who: group } }\n";
        check(RULE, &format!("{own}{people}{}", module.replace("                 MARK\n", "")));
    }

    #[test]
    fn each_element_of_a_list_is_judged() {
        check(
            RULE,
            &format!(
                "param group string
{IDENTITY}var grants = [
  {{ who: mi.properties.principalId, kind: 'ServicePrincipal' }}
  {{ who: group, kind: null }}
]
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for one in grants: {{
  name: guid(one.who)
  properties: {{
    principalId: one.who
    principalType: one.kind
  }}
}}]
"
            ),
        );
    }
}
