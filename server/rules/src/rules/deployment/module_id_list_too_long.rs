use template::aks::{Cluster, IdentityBlock, Ids, Kind};
use template::eval::Place;
use template::expr::Item;
use template::{Expr, ExprId};

use crate::identity_id::{are_from_list, list_argument};
use crate::refactor::distinct;
use crate::{Applicability, Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds callers that give a module a list of several identities, where the module makes `userAssignedIdentities` of a cluster of it.
    ///
    /// Modules and nested templates are followed, those of registries where the Bicep tools have fetched them. Of the AVM module
    /// for clusters it is known anyhow that `managedIdentities.userAssignedResourceIds` is such a list.
    ///
    /// ## Why is this a problem
    /// A list invites several elements, but a cluster has exactly one user-assigned identity. Two are mostly that of the control plane and
    /// that of the kubelet. The deployment fails: the count of user-assigned identities is 2, while the expected value is 1.
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
    ///         "parameters": { "ids": { "value": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]", "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"] } },
    ///         "template": {
    ///           "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///           "contentVersion": "1.0.0.0",
    ///           "parameters": { "ids": { "type": "array" } },
    ///           "resources": [
    ///             {
    ///               "type": "Microsoft.ContainerService/managedClusters",
    ///               "apiVersion": "2025-05-01",
    ///               "name": "aks",
    ///               "location": "westeurope",
    ///               "identity": { "type": "UserAssigned", "userAssignedIdentities": "[toObject(parameters('ids'), lambda('id', lambdaVariables('id')), lambda('id', createObject()))]" },
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
    ///     managedIdentities: { userAssignedResourceIds: [mi.id, kmi.id] }
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
    ///         "parameters": { "ids": { "value": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"] } },
    ///         "template": {
    ///           "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///           "contentVersion": "1.0.0.0",
    ///           "parameters": { "ids": { "type": "array" } },
    ///           "resources": [
    ///             {
    ///               "type": "Microsoft.ContainerService/managedClusters",
    ///               "apiVersion": "2025-05-01",
    ///               "name": "aks",
    ///               "location": "westeurope",
    ///               "identity": { "type": "UserAssigned", "userAssignedIdentities": "[toObject(parameters('ids'), lambda('id', lambdaVariables('id')), lambda('id', createObject()))]" },
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
    /// Keeps one of them. Unsafe, because the other one is wanted somewhere: for the nodes it goes to `identityProfile.kubeletidentity`.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// hashicorp/terraform-provider-azurerm#16890 has the message.
    pub(crate) struct ModuleIdListTooLong {
        code: "module-id-list-too-long",
        family: Deployment,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for ModuleIdListTooLong {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        if ctx.eval.scope(cluster.resource.scope).module.is_none() {
            return;
        }
        ctx.judge(cluster.identities(), |case| {
            let IdentityBlock::Object { kind, ids: Ids::Map { entries, .. }, ids_slot, .. } = &case.value.block else {
                return None;
            };
            let distinct = distinct(ctx.eval, entries, ids_slot);
            if matches!(kind, Kind::SystemAssigned | Kind::None) || distinct.len() < 2 || !are_from_list(&distinct) {
                return None;
            }
            let given = list_argument(ctx, ids_slot)?;
            let finding = finding(ctx, given.parameter.as_str(), distinct.len(), given.place);
            Some(finding.related(ctx.eval.written_at(ids_slot)?, "the module makes `userAssignedIdentities` of it"))
        });
    }
}

fn finding(ctx: &Ctx<'_>, parameter: &str, count: usize, list: Place) -> Finding {
    let message = format!("`{parameter}` has {count} identities; the cluster that the module makes takes exactly one");
    let mut fixes = Vec::new();
    if let Expr::Array(items) = ctx.eval.template(list.scope).expr(list.expr)
        && items.len() == count
    {
        for (kept, item) in items.iter().enumerate() {
            let others: Vec<usize> = (0..count).filter(|other| *other != kept).collect();
            let title = format!("Keep only {}", ctx.eval.source(Place { expr: expr_of(*item), ..list }));
            fixes.extend(ctx.rewrite().remove_items(list, &others).fix(title, Applicability::Unsafe));
        }
    }
    Finding::at(ctx.eval.location(list), message)
        .help("Give the identity of the control plane; the nodes' own goes to `identityProfile.kubeletidentity`")
        .fix(fixes)
}

fn expr_of(item: Item) -> ExprId {
    let (Item::Value(expr) | Item::Spread(expr)) = item;
    expr
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn caller(list: &str) -> String {
        format!(
            "//- main.bicep
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'kmi', location: 'x' }}
module cluster 'cluster.bicep' = {{
  name: 'cluster'
  params: {{
    identities: {{ ids: {list} }}
  }}
}}
//- cluster.bicep
param identities object
var formatted = reduce(map(identities.?ids ?? [], id => {{ '${{id}}': {{}} }}), {{}}, (cur, next) => union(cur, next))
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: formatted }}
}}
"
        )
    }

    #[test]
    fn the_caller_is_told() {
        let marked = caller("[mi.id, kmi.id]").replace(
            "[mi.id, kmi.id] }\n",
            "[mi.id, kmi.id] }\n                       ^^^^^^^^^^^^^^^ error[module-id-list-too-long]: `identities` has 2 identities\n",
        );
        check(RULE, &marked);
        check(RULE, &caller("[mi.id]"));
        check(RULE, &caller("[mi.id, mi.id]"));
    }

    #[test]
    fn one_of_them_is_kept() {
        check_fix(RULE, &caller("[mi.id, kmi.id]"), &caller("[mi.id]"));
    }
}
