use rustc_hash::FxHashSet;
use template::aks::{Cluster, IDENTITY, IdentityBlock, Ids};
use template::value::ResourceId;
use template::workspace::Location;

use crate::groups::{GroupOf, group_of};
use crate::mentions::Mention;
use crate::{Ctx, Finding, Rule, declare_rule};
use std::rc::Rc;

declare_rule! {
    /// ## What it does
    /// Finds identities of clusters that are named with a resource group in one place and without one in another.
    ///
    /// ## Why is this a problem
    /// Without a group an ID means the group that is deployed to. If the identity is in another one, what is read there is another
    /// identity, or none: the deployment fails with `ResourceNotFound`, or the role goes to somebody else.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "identityGroup": { "type": "string" } },
    ///   "resources": [
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId(parameters('identityGroup'), 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }]
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
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
    /// ```bicep,frame=template
    /// param identityGroup string
    ///
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
    ///   name: 'mi'
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: {
    ///     type: 'UserAssigned'
    ///     userAssignedIdentities: { '${resourceId(identityGroup, 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}': {} }
    ///   }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///   }
    /// }
    ///
    /// output principal string = mi.properties.principalId
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "identityGroup": { "type": "string" } },
    ///   "resources": [
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId(parameters('identityGroup'), 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }]
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "name": "[guid(resourceGroup().id, resourceId(parameters('identityGroup'), 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'network')]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///         "principalId": "[reference(resourceId(parameters('identityGroup'), 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// param identityGroup string
    ///
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
    ///   scope: resourceGroup(identityGroup)
    ///   name: 'mi'
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: {
    ///     type: 'UserAssigned'
    ///     userAssignedIdentities: { '${resourceId(identityGroup, 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}': {} }
    ///   }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///   }
    /// }
    ///
    /// output principal string = mi.properties.principalId
    /// ```
    ///
    /// ## When not to use it
    /// When there are indeed two identities of one name. An identity that the template creates is not looked at, and neither is a group that is the deployment's own by default.
    pub(crate) struct IdentityInTwoGroups {
        code: "identity-in-two-groups",
        family: Deployment,
        severity: Warning,
        fix: None,
        since: "0.1.0",
    }
}

impl Rule for IdentityInTwoGroups {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let named = named(ctx, cluster);
        if named.is_empty() {
            return;
        }
        let scope = cluster.resource.scope;
        let mentions = ctx.mentions(scope);
        // By the first of its own of each name, in the order of the template.
        let mut pairs: Vec<(u32, &(Rc<ResourceId>, Location))> = Vec::new();
        let mut before = FxHashSet::default();
        for one in &named {
            let name = ctx.eval.canon_of_names(&one.0);
            let of_name = mentions.of(&name);
            if before.insert(name.clone()) {
                pairs.extend(of_name.map(|mention| (mention, one)));
            }
        }
        pairs.sort_unstable_by_key(|pair| pair.0);
        let mut seen: FxHashSet<Location> = FxHashSet::default();
        for (mention, (own, own_at)) in pairs {
            let Mention { id, at, what } = mentions.get(mention);
            let (at, what) = (*at, *what);
            if ctx.eval.created(id).is_some() || seen.contains(&at) {
                continue;
            }
            let (here, there) = (group_of(ctx, scope, own), group_of(ctx, scope, id));
            // Where one of the two names a group, and the other one means that of the deployment.
            let (group, finding) = match (here, there) {
                (GroupOf::Other(group), GroupOf::Deployment) => {
                    let name = crate::offers::label_of_id(ctx, id);
                    let message = format!(
                        "the identity `{name}` is looked for in the group of the deployment; the cluster's is in `{group}`"
                    );
                    (group, Finding::at(at, message).related(*own_at, "the cluster names it with its group"))
                }
                (GroupOf::Deployment, GroupOf::Other(group)) if ctx.eval.created(own).is_none() => {
                    let name = crate::offers::label_of_id(ctx, own);
                    let message = format!(
                        "the cluster's identity `{name}` is looked for in the group of the deployment; elsewhere it is in `{group}`"
                    );
                    (group, Finding::at(*own_at, message).related(at, what))
                }
                _ => continue,
            };
            seen.insert(at);
            ctx.report(
                finding
                    .help("Name the group in both places, or in none")
                    .when(format!("`{group}` is not the group that is deployed to")),
            );
        }
    }
}

/// The identities that a cluster names, and where.
fn named(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) -> Vec<(Rc<ResourceId>, Location)> {
    let mut all = Vec::new();
    for case in cluster.identities() {
        let IdentityBlock::Object { ids: Ids::Map { entries, .. }, .. } = &case.value.block else { continue };
        for entry in entries {
            let Some(property) = entry.property else { continue };
            let id = ctx.eval.parse_id(&entry.key, property.object.scope, property.object);
            all.extend(id.zip(ctx.eval.key_location(property)));
        }
    }
    for case in cluster.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]) {
        let ids = ctx.eval.ids_of(std::slice::from_ref(&case));
        all.extend(ids.into_iter().map(|one| one.value).zip(ctx.eval.written_at(&case.value)));
    }
    all.retain(|(id, _)| id.is_type(IDENTITY) == Some(true));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn template(group: &str, existing: &str, key: &str) -> String {
        format!(
            "{group}
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' {existing}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: 'UserAssigned'
    userAssignedIdentities: {{ '${{{key}}}': {{}} }}
  }}
}}
output principal string = mi.properties.principalId
"
        )
    }

    const GROUP: &str = "param group string";
    const GROUPED: &str = "resourceId(group, 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')";
    const PLAIN: &str = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')";

    #[test]
    fn both_directions_are_found() {
        let mark = "existing = { name: 'mi' }\n^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[identity-in-two-groups]: the cluster's is in `group`";
        check(RULE, &template(GROUP, mark, GROUPED));
        let text = template(GROUP, "existing = { scope: resourceGroup(group), name: 'mi' }", PLAIN);
        let mark = format!(
            "{PLAIN}}}': {{}} }}\n                              {} warning[identity-in-two-groups]: elsewhere it is in `group`\n",
            "^".repeat(PLAIN.len() + 5)
        );
        check(RULE, &text.replace(&format!("{PLAIN}}}': {{}} }}\n"), &mark));
    }

    #[test]
    fn one_group_is_right() {
        check(RULE, &template(GROUP, "existing = { scope: resourceGroup(group), name: 'mi' }", GROUPED));
        check(RULE, &template(GROUP, "existing = { name: 'mi' }", PLAIN));
        check(RULE, &template(GROUP, "existing = { name: 'mi2' }", GROUPED));
        check(RULE, &template(GROUP, "= { name: 'mi', location: 'x' }", GROUPED));
        check(RULE, &template("param group string = resourceGroup().name", "existing = { name: 'mi' }", GROUPED));
    }
}
