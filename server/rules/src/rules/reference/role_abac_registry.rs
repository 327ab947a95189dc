use template::aks::{REGISTRY, RoleAssignment};
use template::grants::rights;
use template::value::Value;

use crate::roles::{give_instead, judged_at};
use crate::{Applicability, Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds AcrPull and AcrPush on a container registry in ABAC mode.
    ///
    /// ## Why is this a problem
    /// A registry with `roleAssignmentMode: 'AbacRepositoryPermissions'` ignores these roles. The deployment succeeds; the nodes pull
    /// nothing. The role to pull from such a registry is Container Registry Repository Reader.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ContainerRegistry/registries",
    ///   "apiVersion": "2025-06-01-preview",
    ///   "name": "images",
    ///   "location": "westeurope",
    ///   "sku": { "name": "Basic" },
    ///   "properties": { "roleAssignmentMode": "AbacRepositoryPermissions" }
    /// },
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "scope": "[resourceId('Microsoft.ContainerRegistry/registries', 'images')]",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource images 'Microsoft.ContainerRegistry/registries@2025-06-01-preview' = {
    ///   name: 'images'
    ///   location: 'westeurope'
    ///   sku: { name: 'Basic' }
    ///   properties: { roleAssignmentMode: 'AbacRepositoryPermissions' }
    /// }
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: images
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
    ///   "type": "Microsoft.ContainerRegistry/registries",
    ///   "apiVersion": "2025-06-01-preview",
    ///   "name": "images",
    ///   "location": "westeurope",
    ///   "sku": { "name": "Basic" },
    ///   "properties": { "roleAssignmentMode": "AbacRepositoryPermissions" }
    /// },
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "scope": "[resourceId('Microsoft.ContainerRegistry/registries', 'images')]",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b93aa761-3e63-49ed-ac28-beffa264f7ac')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource images 'Microsoft.ContainerRegistry/registries@2025-06-01-preview' = {
    ///   name: 'images'
    ///   location: 'westeurope'
    ///   sku: { name: 'Basic' }
    ///   properties: { roleAssignmentMode: 'AbacRepositoryPermissions' }
    /// }
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: images
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b93aa761-3e63-49ed-ac28-beffa264f7ac')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives Container Registry Repository Reader instead of AcrPull. For AcrPush there is no fix.
    ///
    /// ## When not to use it
    /// When the mode of the registry is changed by something else.
    ///
    /// ## References
    /// articles/aks/aks-service-permissions.md of the AKS documentation.
    pub(crate) struct RoleAbacRegistry {
        code: "role-abac-registry",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for RoleAbacRegistry {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        let Some(on) = assignment.scope.as_ref().filter(|on| on.is_type(REGISTRY) == Some(true)) else { return };
        let Some(registry) = ctx.eval.created(on) else { return };
        let modes = ctx.eval.slots(registry, &["properties", "roleAssignmentMode"]);
        let cases = ctx.eval.join(&assignment.role, &modes);
        ctx.judge(&cases, |case| {
            let (role, mode) = case.value;
            let is_abac = mode.value.literal()?.eq_ignore_ascii_case("AbacRepositoryPermissions");
            let (Value::Str(text), Some(place)) = (&role.value, role.place.filter(|_| is_abac)) else { return None };
            let guid = ctx.eval.role_guid(text, place)?;
            let name = schema::roles::by_guid(&guid)?.name;
            if !["AcrPull", "AcrPush"].contains(&name) {
                return None;
            }
            let reader = rights::READ_REPOSITORIES.role;
            let fix = give_instead(ctx, assignment.resource, role, reader).filter(|_| name == "AcrPull");
            let fix = fix.and_then(|rewrite| {
                rewrite.fix(format!("Give {} instead", rights::READ_REPOSITORIES.role_name()), Applicability::Unsafe)
            });
            let message = format!("{name} has no effect on a registry in ABAC mode");
            Some(
                Finding::at(judged_at(ctx, assignment.resource, role)?, message)
                    .help("Give Container Registry Repository Reader to who pulls")
                    .related(ctx.eval.written_at(mode)?, "the mode of the registry")
                    .fix(fix),
            )
        });
    }
}
