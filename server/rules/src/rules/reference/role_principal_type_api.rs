use template::aks::ROLE_ASSIGNMENT;

use crate::conformance::{Compiler, Kind};
use crate::versions::{raise, since};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds role assignments with `principalType` in an API version that does not have it yet.
    ///
    /// ## Why is this a problem
    /// API versions before 2018-09-01-preview do not know the property. It is refused or ignored, and the principal is looked up
    /// before it can be found.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2018-01-01-preview",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2018-01-01-preview' = {
    ///   name: guid(aks.id, 'pull')
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
    /// Raises the API version of the assignment. Another version may answer differently, so the fix is unsafe.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct RolePrincipalTypeApi {
        code: "role-principal-type-api",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP037",
    }
}

impl Rule for RolePrincipalTypeApi {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let Kind::Newer { versions } = &mistake.kind else { return None };
            if mistake.ty.name() != ROLE_ASSIGNMENT || mistake.path != "properties.principalType" {
                return None;
            }
            let version = mistake.version;
            let message = format!(
                "API version {version} of role assignments has no `principalType`; it came with {}",
                since(versions)
            );
            let fixes = raise(ctx, mistake, versions);
            Some((
                Compiler::Says,
                Finding::at(ctx.key_of(mistake), message).help("Use an API version that has it").fix(fixes),
            ))
        });
    }
}
