use template::aks::{Case, Cluster, Slot};
use template::eval::{Place, ScopeId};
use template::model::ModuleSource;
use template::value::ModuleRef;

use crate::identity_id::{argument, entries, wrong_argument};
use crate::{Ctx, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds callers that give a module the name, the client ID or the principal ID of an identity, or the ID of something else, where the
    /// module takes the resource ID of a user-assigned identity: as a key of `userAssignedIdentities`, as `resourceId` of the kubelet's
    /// identity.
    ///
    /// Modules and nested templates in the workspace are followed. Of the registry's AVM module for clusters the parameters
    /// `managedIdentities` and `identityProfile` are known.
    ///
    /// ## Why is this a problem
    /// To the module one text is as good as another. The deployment fails inside of it, far from the place where the mistake is.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "kmi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Resources/deployments",
    ///       "apiVersion": "2022-09-01",
    ///       "name": "cluster",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"
    ///       ],
    ///       "properties": {
    ///         "mode": "Incremental",
    ///         "expressionEvaluationOptions": { "scope": "inner" },
    ///         "parameters": { "identityId": { "value": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').clientId]" } },
    ///         "template": {
    ///           "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///           "contentVersion": "1.0.0.0",
    ///           "parameters": { "identityId": { "type": "string" } },
    ///           "resources": [
    ///             {
    ///               "type": "Microsoft.ContainerService/managedClusters",
    ///               "apiVersion": "2025-05-01",
    ///               "name": "aks",
    ///               "location": "westeurope",
    ///               "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[parameters('identityId')]": {} } },
    ///               "properties": {
    ///                 "dnsPrefix": "aks",
    ///                 "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }]
    ///               }
    ///             }
    ///           ]
    ///         }
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'mi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'kmi'
    ///   location: 'westeurope'
    /// }
    ///
    /// module cluster 'br/public:avm/res/container-service/managed-cluster:0.10.0' = {
    ///   name: 'cluster'
    ///   params: {
    ///     name: 'aks'
    ///     managedIdentities: { userAssignedResourceIds: [mi.properties.principalId] }
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "kmi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.Resources/deployments",
    ///       "apiVersion": "2022-09-01",
    ///       "name": "cluster",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"
    ///       ],
    ///       "properties": {
    ///         "mode": "Incremental",
    ///         "expressionEvaluationOptions": { "scope": "inner" },
    ///         "parameters": { "identityId": { "value": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" } },
    ///         "template": {
    ///           "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///           "contentVersion": "1.0.0.0",
    ///           "parameters": { "identityId": { "type": "string" } },
    ///           "resources": [
    ///             {
    ///               "type": "Microsoft.ContainerService/managedClusters",
    ///               "apiVersion": "2025-05-01",
    ///               "name": "aks",
    ///               "location": "westeurope",
    ///               "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[parameters('identityId')]": {} } },
    ///               "properties": {
    ///                 "dnsPrefix": "aks",
    ///                 "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }]
    ///               }
    ///             }
    ///           ]
    ///         }
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'mi'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'kmi'
    ///   location: 'westeurope'
    /// }
    ///
    /// module cluster 'br/public:avm/res/container-service/managed-cluster:0.10.0' = {
    ///   name: 'cluster'
    ///   params: {
    ///     name: 'aks'
    ///     managedIdentities: { userAssignedResourceIds: [mi.id] }
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the ID of the identity, where it is clear which one is meant.
    ///
    /// ## When not to use it
    /// Always use it. What cannot be followed to where it is used is not judged, and nothing is judged by its name.
    pub(crate) struct ModulePassesWrongId {
        code: "module-passes-wrong-id",
        family: Deployment,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for ModulePassesWrongId {
    fn check_template(&self, ctx: &Ctx<'_>, scope: ScopeId) {
        for (index, module) in (0..).zip(&ctx.eval.template(scope).modules) {
            let (ModuleSource::Registry(path, _), Some(arguments)) = (&module.source, module.arguments) else {
                continue;
            };
            if !is_cluster_module(path) || ctx.eval.module_scope(ModuleRef { scope, index, element: None }).is_some() {
                continue;
            }
            let place = Place { scope, expr: arguments };
            for (path, slots) in cluster_arguments(ctx, place) {
                ctx.judge(&slots, |case| wrong_argument(ctx, path, case.value.place?, &case.value.value));
            }
        }
    }

    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        // Only what is in a module has a caller.
        if ctx.eval.scope(cluster.resource.scope).module.is_none() {
            return;
        }
        let longest =
            cluster.identities().iter().map(|case| entries(&case.value.block).len()).max().unwrap_or_default();
        for number in 0..longest {
            ctx.judge(cluster.identities(), |case| {
                let entry = entries(&case.value.block).get(number)?;
                let property = entry.property?;
                let (_, written) = ctx.eval.property(property)?;
                let key = Place { scope: property.object.scope, expr: written.key };
                let given = argument(ctx, key)?;
                let value = template::value::Value::Str(entry.key.clone());
                let finding = wrong_argument(ctx, given.parameter.as_str(), given.place, &value)?;
                Some(finding.related(ctx.eval.location(key), "it becomes the key of `userAssignedIdentities`"))
            });
        }
        let slots = cluster.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]);
        ctx.judge(&slots, |case| {
            let property = case.value.property.filter(|_| case.value.depth == 4)?;
            let (_, written) = ctx.eval.property(property)?;
            let given = argument(ctx, Place { scope: property.object.scope, expr: written.value })?;
            let finding = wrong_argument(ctx, given.parameter.as_str(), given.place, &case.value.value)?;
            Some(finding.related(ctx.eval.written_at(&case.value)?, "it becomes the ID of the kubelet's identity"))
        });
    }
}

/// Whether a module of a registry is the one of Azure Verified Modules that deploys a cluster.
pub(super) fn is_cluster_module(path: &str) -> bool {
    path.to_ascii_lowercase().contains("avm/res/container-service/managed-cluster:")
}

/// The parameters of that module which take IDs of identities, with what is given.
fn cluster_arguments(ctx: &Ctx<'_>, arguments: Place) -> [(&'static str, Vec<Case<Slot>>); 2] {
    let ids = user_assigned_ids(ctx, arguments);
    let items = ids.iter().flat_map(|list| ctx.eval.items(list)).collect();
    let kubelet = argument_at(ctx, arguments, &["identityProfile", "kubeletidentity", "resourceId"]);
    let kubelet = kubelet.into_iter().filter(|case| case.value.depth == 3).collect();
    [("userAssignedResourceIds", items), ("resourceId", kubelet)]
}

/// The lists of identities that it is given.
pub(super) fn user_assigned_ids(ctx: &Ctx<'_>, arguments: Place) -> Vec<Case<Slot>> {
    argument_at(ctx, arguments, &["managedIdentities", "userAssignedResourceIds"])
}

fn argument_at(ctx: &Ctx<'_>, arguments: Place, path: &[&str]) -> Vec<Case<Slot>> {
    let values = ctx.eval.value(arguments);
    let root = |one: &template::value::Alternative| {
        let slot = Slot { value: one.value.clone(), place: one.place, property: None, holder: None, depth: 0 };
        ctx.eval.slots_in(&slot, &one.when, path)
    };
    values.iter().flat_map(root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_all, check_fix};

    const MODULE: &str = "//- cluster.bicep
param identityId string
param kubeletId string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }
  properties: { identityProfile: { kubeletidentity: { resourceId: kubeletId } } }
}
";

    fn caller(identity: &str, kubelet: &str) -> String {
        format!(
            "//- main.bicep
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'kmi', location: 'x' }}
module cluster 'cluster.bicep' = {{
  name: 'cluster'
  params: {{
    identityId: {identity}
    kubeletId: {kubelet}
  }}
}}
{MODULE}"
        )
    }

    #[test]
    fn the_caller_is_told() {
        check(
            RULE,
            &caller(
                "mi.properties.clientId
                ^^^^^^^^^^^^^^^^^^^^^^ error[module-passes-wrong-id]: `identityId` is the `clientId` of an identity",
                "kmi.name
               ^^^^^^^^ error[module-passes-wrong-id]: `kubeletId` is a name",
            ),
        );
        check(RULE, &caller("mi.id", "kmi.id"));
    }

    #[test]
    fn nothing_else_is_said_about_it() {
        let text = caller(
            "mi.properties.clientId
                ^^^^^^^^^^^^^^^^^^^^^^ error[module-passes-wrong-id]: `identityId` is the `clientId` of an identity",
            "kmi.id",
        );
        let text = text.replace("  name: 'aks'\n", "  name: 'aks'\n  location: 'x'\n").replace(
            "properties: { identityProfile",
            "properties: { dnsPrefix: 'a', agentPoolProfiles: [{ name: 'a', count: 1, vmSize: 'x', mode: 'System' }], identityProfile",
        );
        check_all(&text);
    }

    #[test]
    fn gives_the_id() {
        check_fix(RULE, &caller("mi.name", "kmi.id"), &caller("mi.id", "kmi.id"));
        check_fix(RULE, &caller("mi.id", "kmi.properties.principalId"), &caller("mi.id", "kmi.id"));
    }

    #[test]
    fn follows_variables_and_callers_above() {
        check(
            RULE,
            &format!(
                "//- main.bicep
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
module middle 'middle.bicep' = {{
  name: 'middle'
  params: {{ who: mi.properties.principalId }}
                 ^^^^^^^^^^^^^^^^^^^^^^^^^ error[module-passes-wrong-id]: `who` is the `principalId` of an identity
}}
//- middle.bicep
param who string
var id = who
module cluster 'cluster.bicep' = {{
  name: 'cluster'
  params: {{ identityId: id, kubeletId: '' }}
}}
{MODULE}"
            ),
        );
    }
}
