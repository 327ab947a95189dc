use syntax::Language;
use template::aks::RoleAssignment;
use template::eval::Place;

use crate::groups::{GroupOf, group_of};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds role assignments whose `scope` is a resource in another resource group than the one that is deployed to.
    ///
    /// ## Why is this a problem
    /// An assignment is deployed to the group of the template that declares it. A resource in another group is reached by a nested
    /// deployment to that group only; otherwise the deployment is refused.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "networkGroup": { "type": "string" } },
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId(parameters('networkGroup'), 'Microsoft.Network/virtualNetworks', 'net')]",
    ///       "name": "[guid(resourceGroup().id, resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'network')]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "networkGroup": { "type": "string" } },
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Resources/deployments",
    ///       "apiVersion": "2022-09-01",
    ///       "name": "network-role",
    ///       "resourceGroup": "[parameters('networkGroup')]",
    ///       "properties": {
    ///         "mode": "Incremental",
    ///         "expressionEvaluationOptions": { "scope": "inner" },
    ///         "parameters": { "principal": { "value": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]" } },
    ///         "template": {
    ///           "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///           "contentVersion": "1.0.0.0",
    ///           "parameters": { "principal": { "type": "string" } },
    ///           "resources": [
    ///             {
    ///               "type": "Microsoft.Authorization/roleAssignments",
    ///               "apiVersion": "2022-04-01",
    ///               "scope": "[resourceId('Microsoft.Network/virtualNetworks', 'net')]",
    ///               "name": "[guid(resourceGroup().id, parameters('principal'), 'network')]",
    ///               "properties": {
    ///                 "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///                 "principalId": "[parameters('principal')]",
    ///                 "principalType": "ServicePrincipal"
    ///               }
    ///             }
    ///           ]
    ///         }
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    ///
    /// ## When not to use it
    /// When the two groups are always the same. A group that is the deployment's own by default is not reported.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/azure-resource-manager/templates/scope-extension-resources>
    pub(crate) struct RoleAssignmentOtherScope {
        code: "role-assignment-other-scope",
        family: Deployment,
        severity: Error,
        fix: None,
        since: "0.1.0",
        only: Json, "the Bicep compiler reports it itself (BCP139)",
    }
}

impl Rule for RoleAssignmentOtherScope {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        let scope = assignment.resource.scope;
        let Some(written) = ctx.eval.resource(assignment.resource).scope else { return };
        if ctx.eval.template(scope).language != Language::Json {
            return;
        }
        let Some(on) = assignment.scope.as_ref() else { return };
        let GroupOf::Other(group) = group_of(ctx, scope, on) else { return };
        let message = format!(
            "the role is assigned on a resource in the group `{group}`, to which this template is not deployed"
        );
        let at = ctx.eval.location(Place { scope, expr: written });
        let finding = Finding::at(at, message).help("Put the assignment into a nested deployment with `resourceGroup`");
        // What the group of the root is, nobody knows.
        let is_certain = ctx.eval.target_group(scope).is_some_and(|own| own.literal().is_some_and(|own| own != group));
        ctx.report(if is_certain {
            finding
        } else {
            finding.when(format!("`{group}` is not the group that is deployed to"))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn template(parameters: &str, scope: &str) -> String {
        format!(
            r#"//- main.json
{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "parameters": {{ {parameters} }},
  "resources": [
    {{
      "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "[guid('a')]",
      "scope": {scope}
      "properties": {{ "principalId": "" }}
    }}
  ]
}}
"#
        )
    }

    #[test]
    fn the_own_group_is_right() {
        let group = r#""group": { "type": "string" }"#;
        let own = r#""group": { "type": "string", "defaultValue": "[resourceGroup().name]" }"#;
        check(RULE, &template(group, r#""[resourceId('Microsoft.Network/virtualNetworks', 'net')]","#));
        check(
            RULE,
            &template(group, r#""[resourceId(resourceGroup().name, 'Microsoft.Network/virtualNetworks', 'net')]","#),
        );
        check(
            RULE,
            &template(own, r#""[resourceId(parameters('group'), 'Microsoft.Network/virtualNetworks', 'net')]","#),
        );
    }

    #[test]
    fn another_group_is_a_condition() {
        let scope = r#""[resourceId('hub', 'Microsoft.Network/virtualNetworks', 'net')]","#;
        let mark = format!(
            "{scope}\n               {} warning[role-assignment-other-scope]: in the group `hub`",
            "^".repeat(scope.len() - 1)
        );
        check(RULE, &template("", &mark));
    }
}
