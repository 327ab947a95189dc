use template::aks::{Principal, RoleAssignment};

use crate::feature::place_of;
use crate::{Ctx, Finding, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the role Monitoring Metrics Publisher for the identity of the monitoring add-on.
    ///
    /// ## Why is this a problem
    /// The agent needed it while it signed in with a key of the workspace. With managed identity authentication (`useAADAuth`) it
    /// does not, and the old way ends on 2026-09-30.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "scope": "[resourceId('Microsoft.ContainerService/managedClusters', 'other')]",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'other'), 'omsagent', '3913510d-42f4-4e42-8a64-420c390055eb')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '3913510d-42f4-4e42-8a64-420c390055eb')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'other'), '2025-05-01').addonProfiles.omsagent.identity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource other 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'other' }
    ///
    /// resource publisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: other
    ///   name: guid(other.id, 'omsagent', '3913510d-42f4-4e42-8a64-420c390055eb')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '3913510d-42f4-4e42-8a64-420c390055eb')
    ///     principalId: other.properties.addonProfiles.omsagent.identity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "addonProfiles": { "omsagent": { "enabled": true, "config": { "useAADAuth": "true" } } }
    /// ```
    /// ```bicep,frame=properties
    /// addonProfiles: { omsagent: { enabled: true, config: { useAADAuth: 'true' } } }
    /// ```
    ///
    /// ## When not to use it
    /// While a cluster still signs in with the key of the workspace.
    pub(crate) struct OmsagentRoleObsolete {
        code: "omsagent-role-obsolete",
        family: Feature,
        severity: Hint,
        fix: None,
        since: "0.1.0",
    }
}

/// Monitoring Metrics Publisher.
const PUBLISHER: &str = "3913510d-42f4-4e42-8a64-420c390055eb";

impl Rule for OmsagentRoleObsolete {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        if !assignment.roles.iter().any(|role| *role.value == *PUBLISHER) {
            return;
        }
        ctx.judge(&assignment.principal, |case| {
            let read = case.value.value.read()?;
            let by_addon = matches!(ctx.eval.principal_of(read), Some(Principal::Addon { key, .. }) if key.eq_ignore_ascii_case("omsagent"));
            let by_path = matches!(&read.path[..], [_, addons, key, ..] if addons.eq_ignore_ascii_case("addonProfiles") && key.eq_ignore_ascii_case("omsagent"));
            if !by_addon && !by_path {
                return None;
            }
            let message = "the monitoring agent does not need Monitoring Metrics Publisher when it signs in with its identity";
            Some(Finding::at(place_of(ctx, &case.value)?, message).tag(Tag::Unnecessary))
        });
    }
}
