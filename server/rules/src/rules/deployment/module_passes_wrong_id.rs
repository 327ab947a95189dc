use template::aks::{Cluster, IdentityBlock};
use template::eval::Place;

use crate::identity_id::{argument, entries, wrong_argument, wrong_elements};
use crate::{Ctx, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds callers that give a module the name, the client ID or the principal ID of an identity, or the ID of something else, where the
    /// module takes the resource ID of a user-assigned identity: as a key of `userAssignedIdentities`, as `resourceId` of the kubelet's
    /// identity.
    ///
    /// Modules and nested templates are followed, those of registries where the Bicep tools have fetched them. Of the AVM module
    /// for clusters it is known anyhow which parameters become its identities.
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
        for case in cluster.identities() {
            let IdentityBlock::Object { ids_slot, .. } = &case.value.block else { continue };
            for finding in wrong_elements(ctx, ids_slot) {
                ctx.report(if case.when.is_true() { finding } else { finding.when(ctx.eval.describe(&case.when)) });
            }
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
