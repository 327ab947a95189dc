use rustc_hash::FxHashMap;
use template::aks::Cluster;
use template::canon::CanonId;
use template::grants::{Bearer, GrantScope, Truth, rights};
use template::workspace::Location;

use crate::offers::label_of_id;
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that share one kubelet identity which may pull from several registries.
    ///
    /// ## Why is this a problem
    /// The nodes of each cluster may then pull what is meant for the other. An identity for each cluster keeps them apart.
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
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///       "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ContainerRegistry/registries', 'one')]",
    ///       "name": "[guid(resourceId('Microsoft.ContainerRegistry/registries', 'one'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ContainerRegistry/registries', 'two')]",
    ///       "name": "[guid(resourceId('Microsoft.ContainerRegistry/registries', 'two'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "blue",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[extensionResourceId(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830'))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "blue",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "green",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[extensionResourceId(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830'))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "green",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
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
    /// resource operator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: kmi
    ///   name: guid(kmi.id, mi.id, 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource one 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
    ///   name: 'one'
    /// }
    ///
    /// resource onePull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: one
    ///   name: guid(one.id, kmi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: kmi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource two 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
    ///   name: 'two'
    /// }
    ///
    /// resource twoPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: two
    ///   name: guid(two.id, kmi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: kmi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource blue 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'blue'
    ///   location: 'westeurope'
    ///   dependsOn: [operator]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'blue'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    ///   }
    /// }
    ///
    /// resource green 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'green'
    ///   location: 'westeurope'
    ///   dependsOn: [operator]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'green'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
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
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///       "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ContainerRegistry/registries', 'one')]",
    ///       "name": "[guid(resourceId('Microsoft.ContainerRegistry/registries', 'one'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "blue",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[extensionResourceId(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830'))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "blue",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "green",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[extensionResourceId(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830'))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "green",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
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
    /// resource operator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: kmi
    ///   name: guid(kmi.id, mi.id, 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource one 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
    ///   name: 'one'
    /// }
    ///
    /// resource onePull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: one
    ///   name: guid(one.id, kmi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: kmi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    ///
    /// resource blue 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'blue'
    ///   location: 'westeurope'
    ///   dependsOn: [operator]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'blue'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    ///   }
    /// }
    ///
    /// resource green 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'green'
    ///   location: 'westeurope'
    ///   dependsOn: [operator]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'green'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    ///   }
    /// }
    /// ```
    ///
    /// ## When not to use it
    /// When the clusters take turns, as in blue-green deployments.
    pub(crate) struct KubeletIdentityShared {
        code: "kubelet-identity-shared",
        family: Deployment,
        severity: Hint,
        fix: None,
        since: "0.1.0",
        off: "sharing an identity is allowed, and often meant",
    }
}

impl Rule for KubeletIdentityShared {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        let clusters = ctx.eval.clusters();
        if clusters.len() < 2 {
            return;
        }
        let mut known: FxHashMap<CanonId, Location> = FxHashMap::default();
        for cluster in clusters {
            let cluster = Cluster::new(ctx.eval, cluster);
            for case in cluster.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]) {
                let Some(id) = ctx.eval.ids_of(std::slice::from_ref(&case)).pop() else { continue };
                let Some(at) = ctx.eval.written_at(&case.value) else { continue };
                match known.get(&id.value.canon) {
                    Some(&first) if first != at => {
                        let count = registries(ctx, &Bearer::Identity(id.value.clone()));
                        if count > 1 {
                            let name = label_of_id(ctx, &id.value);
                            let message = format!(
                                "the kubelets of two clusters have the identity `{name}`, which may pull from {count} registries"
                            );
                            ctx.report(
                                Finding::at(at, message)
                                    .help("Give each cluster an identity of its own, with the registry it needs")
                                    .related(first, "the other cluster"),
                            );
                        }
                    }
                    Some(_) => {}
                    None => drop(known.insert(id.value.canon, at)),
                }
            }
        }
    }
}

/// From how many registries somebody may pull.
fn registries(ctx: &Ctx<'_>, bearer: &Bearer) -> usize {
    let mut known: Vec<CanonId> = Vec::new();
    for (_, grant) in ctx.eval.grants().certainly_of(bearer) {
        let GrantScope::Resource(on) = &grant.scope else { continue };
        let may_pull = rights::PULL_IMAGES.is_given_by(grant.role.as_deref()) == Truth::Yes;
        if may_pull && !known.contains(&on.canon) {
            known.push(on.canon);
        }
    }
    known.len()
}
