use syntax::Language;
use template::aks::{Case, Cluster, Principal, RoleAssignment, Slot};

use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that wait for a role of their own system-assigned identity.
    ///
    /// ## Why is this a problem
    /// The identity is made together with the cluster. The role needs its principal, so it waits for the cluster; the cluster waits
    /// for the role; Azure refuses the template because of the circle.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,expect=1
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": ["[resourceId('Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'network'))]"],
    ///       "identity": { "type": "SystemAssigned" },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }]
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'network')]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01', 'Full').identity.principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'network')]",
    ///   "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"],
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-invalid-template>
    pub(crate) struct AssignmentBeforeSystemIdentity {
        code: "assignment-before-system-identity",
        family: Deployment,
        severity: Error,
        fix: None,
        since: "0.1.0",
        only: Json, "the Bicep compiler reports circles itself",
    }
}

impl Rule for AssignmentBeforeSystemIdentity {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        if ctx.eval.template(cluster.resource.scope).language != Language::Json {
            return;
        }
        for assignment in ctx.eval.role_assignments() {
            // Whose principal it is costs less to find out than what is waited for.
            let may_be = assignment.principal.iter().any(|case| is_own(ctx, cluster, case));
            if may_be && ctx.eval.depends_on(cluster.resource, assignment.resource) == Some(true) {
                ctx.judge(&assignment.principal, |case| finding(ctx, cluster, assignment, case));
            }
        }
    }
}

/// Whether the principal is the system-assigned identity of that cluster.
fn is_own(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, case: &Case<Slot>) -> bool {
    // Below `userAssignedIdentities` it is an identity that exists before the cluster.
    let read = case.value.value.read().filter(|read| read.path.len() <= 2);
    let principal = read.and_then(|read| ctx.eval.principal_of(read));
    matches!(principal, Some(Principal::ControlPlane { cluster: of, .. }) if of == cluster.resource)
}

fn finding(
    ctx: &Ctx<'_>,
    cluster: &Cluster<'_, '_>,
    assignment: &RoleAssignment,
    case: &Case<Slot>,
) -> Option<Finding> {
    if !is_own(ctx, cluster, case) {
        return None;
    }
    let message = "a role of the cluster's system-assigned identity cannot be given before the cluster is there, and the cluster waits for it";
    Some(
        Finding::at(ctx.eval.written_at(&case.value)?, message)
            .help("Give the cluster a user-assigned identity, and that one the role; or let the cluster not wait")
            .related(cluster.header(), "this cluster waits")
            .related(ctx.eval.header(assignment.resource), "for this role assignment"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn template(depends_on: &str, principal: &str) -> String {
        format!(
            r#"
{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "resources": [
    {{
      "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks", "location": "x",
      "dependsOn": [{depends_on}],
      "identity": {{ "type": "SystemAssigned" }}
    }},
    {{
      "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "[guid('a')]",
      "properties": {{ "principalId": {principal} }}
    }}
  ]
}}
"#
        )
    }

    const OWN: &str = r#""[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01', 'Full').identity.principalId]""#;

    #[test]
    fn the_usual_order_is_right() {
        check(RULE, &template("", OWN));
    }

    #[test]
    fn roles_of_others_may_be_waited_for() {
        let grant = r#""[resourceId('Microsoft.Authorization/roleAssignments', guid('a'))]""#;
        check(RULE, &template(grant, r#""11111111-2222-3333-4444-555555555555""#));
    }
}
