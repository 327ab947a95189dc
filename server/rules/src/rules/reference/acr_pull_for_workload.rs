use template::aks::{Case, Cluster};
use template::grants::{Bearer, GrantScope, rights};

use crate::kubelet_grant::let_pull;
use crate::roles::{Instead, about_principal, judge_grants, kubelet_may_pull, kubelets, may_be_among, other_principal};
use crate::{Ctx, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds the role AcrPull given to the identity that pods sign in with by a federated credential, where the kubelet gets none.
    ///
    /// ## Why is this a problem
    /// Images are pulled by the nodes before a pod starts, with the identity of the kubelet. What identity the pod itself has plays no
    /// part in that. The deployment succeeds; the pods then wait in `ImagePullBackOff` with `401 Unauthorized`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    ///       "apiVersion": "2023-01-31",
    ///       "name": "app",
    ///       "location": "westeurope"
    ///     },
    ///     {
    ///       "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    ///       "apiVersion": "2023-01-31",
    ///       "name": "app/pods",
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'app')]"],
    ///       "properties": {
    ///         "issuer": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').oidcIssuerProfile.issuerURL]",
    ///         "subject": "system:serviceaccount:shop:web",
    ///         "audiences": ["api://AzureADTokenExchange"]
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerRegistry/registries",
    ///       "apiVersion": "2023-07-01",
    ///       "name": "images",
    ///       "location": "westeurope",
    ///       "sku": { "name": "Basic" }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ContainerRegistry/registries', 'images')]",
    ///       "name": "[guid(resourceId('Microsoft.ContainerRegistry/registries', 'images'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'app'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'app'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "oidcIssuerProfile": { "enabled": true },
    ///         "securityProfile": { "workloadIdentity": { "enabled": true } }
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
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     oidcIssuerProfile: { enabled: true }
    ///     securityProfile: { workloadIdentity: { enabled: true } }
    ///   }
    /// }
    ///
    /// resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'app'
    ///   location: 'westeurope'
    ///
    ///   resource pods 'federatedIdentityCredentials' = {
    ///     name: 'pods'
    ///     properties: {
    ///       issuer: aks.properties.oidcIssuerProfile.issuerURL
    ///       subject: 'system:serviceaccount:shop:web'
    ///       audiences: ['api://AzureADTokenExchange']
    ///     }
    ///   }
    /// }
    ///
    /// resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
    ///   name: 'images'
    ///   location: 'westeurope'
    ///   sku: { name: 'Basic' }
    /// }
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: images
    ///   name: guid(images.id, app.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: app.properties.principalId
    ///     principalType: 'ServicePrincipal'
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
    ///     {
    ///       "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    ///       "apiVersion": "2023-01-31",
    ///       "name": "app",
    ///       "location": "westeurope"
    ///     },
    ///     {
    ///       "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    ///       "apiVersion": "2023-01-31",
    ///       "name": "app/pods",
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'app')]"],
    ///       "properties": {
    ///         "issuer": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').oidcIssuerProfile.issuerURL]",
    ///         "subject": "system:serviceaccount:shop:web",
    ///         "audiences": ["api://AzureADTokenExchange"]
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerRegistry/registries",
    ///       "apiVersion": "2023-07-01",
    ///       "name": "images",
    ///       "location": "westeurope",
    ///       "sku": { "name": "Basic" }
    ///     },
    ///     {
    ///       "type": "Microsoft.Authorization/roleAssignments",
    ///       "apiVersion": "2022-04-01",
    ///       "scope": "[resourceId('Microsoft.ContainerRegistry/registries', 'images')]",
    ///       "name": "[guid(resourceId('Microsoft.ContainerRegistry/registries', 'images'), resourceId('Microsoft.ContainerService/managedClusters', 'aks'))]",
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
    ///         "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///         "oidcIssuerProfile": { "enabled": true },
    ///         "securityProfile": { "workloadIdentity": { "enabled": true } }
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
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     oidcIssuerProfile: { enabled: true }
    ///     securityProfile: { workloadIdentity: { enabled: true } }
    ///   }
    /// }
    ///
    /// resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'app'
    ///   location: 'westeurope'
    ///
    ///   resource pods 'federatedIdentityCredentials' = {
    ///     name: 'pods'
    ///     properties: {
    ///       issuer: aks.properties.oidcIssuerProfile.issuerURL
    ///       subject: 'system:serviceaccount:shop:web'
    ///       audiences: ['api://AzureADTokenExchange']
    ///     }
    ///   }
    /// }
    ///
    /// resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
    ///   name: 'images'
    ///   location: 'westeurope'
    ///   sku: { name: 'Basic' }
    /// }
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: images
    ///   name: guid(images.id, aks.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the kubelet the role as well, or instead. Unsafe, because the pods may read the registry themselves.
    ///
    /// ## When not to use it
    /// When the cluster is attached to its registry by other means, and the pods read the registry themselves. Flux does that; the rule
    /// knows its namespace. A second assignment for the kubelet silences the rule.
    ///
    /// ## References
    /// articles/aks/cluster-container-registry-integration.md of the AKS documentation.
    pub(crate) struct AcrPullForWorkload {
        code: "acr-pull-for-workload",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for AcrPullForWorkload {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let grants = ctx.eval.grants();
        if !grants.complete || grants.with_role(Some(rights::PULL_IMAGES.role)).next().is_none() {
            return;
        }
        let mut holders = Vec::new();
        let mut credentials = Vec::new();
        for federated in cluster.federated() {
            // Of a subject that is not known nobody can tell what its pods do.
            let is_known = federated.subject.as_ref().is_some_and(|subject| !subject.contains(":flux-system:"));
            if !is_known {
                return;
            }
            let bearer = Bearer::Identity(federated.identity);
            holders.extend(federated.whens.into_iter().map(|when| Case { when, value: bearer.clone() }));
            credentials.push((bearer, federated.credential));
        }
        let kubelets = kubelets(cluster);
        judge_grants(ctx, &holders, &[rights::PULL_IMAGES.role], |grant, holder| {
            if may_be_among(ctx, holder.value, &kubelets) || kubelet_may_pull(ctx, cluster.resource) {
                return None;
            }
            let message = "AcrPull is given to the identity of pods; images are pulled by the kubelet";
            let mut finding = about_principal(ctx, grant, message)?
                .help("Give it to `properties.identityProfile.kubeletidentity.objectId` of the cluster");
            let own = credentials
                .iter()
                .find(|one| ctx.eval.same_bearer(&one.0, holder.value) == template::grants::Truth::Yes);
            if let Some((_, credential)) = own {
                finding = finding.related(ctx.eval.header(*credential), "pods sign in with it here");
            }
            let registry = match &grant.scope {
                GrantScope::Resource(on) => on.declared,
                _ => None,
            };
            let kubelet = Instead {
                principal: New::read(cluster.resource, "properties.identityProfile.kubeletidentity.objectId"),
                id: New::id(cluster.resource),
                who: "the identity of the kubelet",
                before: false,
            };
            Some(
                finding
                    .related(cluster.header(), "the cluster")
                    .fix(registry.and_then(|registry| let_pull(ctx.eval, cluster, registry)))
                    .fix(other_principal(ctx, cluster, grant, kubelet)),
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn template(subject: &str, more: &str) -> String {
        format!(
            "param someone string
resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'app', location: 'x' }}
resource pods 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {{
  parent: app
  name: 'pods'
  properties: {{ issuer: aks.properties.oidcIssuerProfile.issuerURL, subject: {subject} }}
}}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'SystemAssigned' }}
}}
{more}"
        )
    }

    fn pull(name: &str, principal: &str) -> String {
        format!(
            "resource {name} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid('{name}')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: {principal}
  }}
}}
"
        )
    }

    const APP: &str = "app.properties.principalId";

    #[test]
    fn the_nodes_pull() {
        let marked = format!(
            "{APP}\n                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[acr-pull-for-workload]: pulled by the kubelet"
        );
        check(RULE, &template("'system:serviceaccount:shop:web'", &pull("a", &marked)));
    }

    #[test]
    fn beside_a_grant_for_the_kubelet_it_is_right() {
        let subject = "'system:serviceaccount:shop:web'";
        for other in ["aks.properties.identityProfile.kubeletidentity.objectId", "someone"] {
            check(RULE, &template(subject, &format!("{}{}", pull("a", APP), pull("b", other))));
        }
        let module = "module more 'br/public:more:1.0' = { name: 'm' }\n";
        check(RULE, &template(subject, &format!("{}{module}", pull("a", APP))));
    }

    #[test]
    fn pods_that_read_the_registry_need_it() {
        check(RULE, &template("'system:serviceaccount:flux-system:source-controller'", &pull("a", APP)));
        check(RULE, &template("someone", &pull("a", APP)).replace("someone }", "null }"));
    }
}
