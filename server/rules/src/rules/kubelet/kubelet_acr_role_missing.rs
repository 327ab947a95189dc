use template::aks::{Case, Cluster, REGISTRY};
use template::grants::{Bearer, Truth, Wanted, rights};
use template::value::{ResourceRef, Value};

use crate::kubelet_grant::let_pull;
use crate::offers::{MAX_OFFERS, label, label_of_id};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a cluster with a kubelet identity of its own beside a container registry, all created in one deployment, where
    /// nothing lets that identity pull images.
    ///
    /// ## Why is this a problem
    /// Nodes pull images with the kubelet's identity, which has no role of its own. Without AcrPull on the registry pods end in
    /// `ImagePullBackOff`. Perhaps the registry is for something else, or the role is given elsewhere, so this is for
    /// information only.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } },
    /// "properties": {
    ///   "dnsPrefix": "aks",
    ///   "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///   "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// }
    /// },
    /// {
    ///   "type": "Microsoft.ContainerRegistry/registries",
    ///   "apiVersion": "2023-07-01",
    ///   "name": "images",
    ///   "location": "westeurope",
    ///   "sku": { "name": "Basic" }
    /// ```
    /// ```bicep,frame=cluster
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    ///   }
    /// }
    ///
    /// resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
    ///   name: 'images'
    ///   location: 'westeurope'
    ///   sku: { name: 'Basic' }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ContainerRegistry/registries",
    ///   "apiVersion": "2023-07-01",
    ///   "name": "images",
    ///   "location": "westeurope",
    ///   "sku": { "name": "Basic" }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
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
    ///   name: guid(images.id, kmi.id, '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: kmi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// ```
    ///
    /// ## Fix
    /// Gives the kubelet's identity AcrPull on the registry; Container Registry Repository Reader where the registry is in ABAC
    /// mode.
    ///
    /// ## When not to use it
    /// When the cluster does not pull from the registry, or pulls with secrets.
    ///
    /// ## References
    /// articles/aks/cluster-container-registry-integration.md of the AKS documentation.
    pub(crate) struct KubeletAcrRoleMissing {
        code: "kubelet-acr-role-missing",
        family: Kubelet,
        severity: Info,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletAcrRoleMissing {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        if cluster.kubelet_ids().is_empty() {
            return;
        }
        let registries = ctx.eval.resources_of(REGISTRY).into_iter().filter(|registry| needs_role(ctx, *registry));
        let registries: Vec<ResourceRef> = registries.take(MAX_OFFERS).collect();
        let Some(registry) = registries.first() else { return };
        let slots = cluster.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]);
        let mut cases = Vec::new();
        for Case { when, value: slot } in &slots {
            let (Value::Str(text), Some(place)) = (&slot.value, slot.place) else { continue };
            let Some(kubelet) = ctx.eval.parse_id(text, place.scope, place) else { continue };
            if ctx.eval.deployed(&kubelet, cluster.resource.scope).is_none() {
                continue;
            }
            let bearer = Bearer::Identity(kubelet.clone());
            // A role on any registry will do: which one the cluster pulls from is not known.
            let wanted = Wanted { right: &rights::PULL_IMAGES, bearer: &bearer, on: None };
            for deployed in ctx.eval.deployed_when(*registry) {
                let Some(when) = ctx.eval.and(when, &deployed) else { continue };
                let answers = ctx.eval.granted(&wanted, &when).into_iter();
                cases.extend(
                    answers.map(|answer| Case { when: answer.when, value: (kubelet.clone(), slot, answer.value) }),
                );
            }
        }
        ctx.judge(&cases, |case| {
            let (kubelet, slot, answer) = &case.value;
            if *answer != Truth::No {
                return None;
            }
            let (kmi, acr) = (label_of_id(ctx, kubelet), label(ctx, *registry));
            let message = format!("nothing lets the kubelet's identity `{kmi}` pull images from the registry `{acr}`");
            Some(
                Finding::at(ctx.eval.written_at(slot)?, message)
                    .help("Give it AcrPull on the registry, if the cluster pulls from there")
                    .related(ctx.eval.header(*registry), "the registry")
                    .fix(registries.iter().filter_map(|registry| let_pull(ctx.eval, cluster, *registry))),
            )
        });
    }
}

/// Whether it is created here, and not open to everybody.
fn needs_role(ctx: &Ctx<'_>, registry: ResourceRef) -> bool {
    let declared = ctx.eval.resource(registry);
    let is_closed = || {
        let anonymous = ctx.eval.slots(registry, &["properties", "anonymousPullEnabled"]);
        anonymous.iter().all(|case| matches!(case.value.value, Value::Null | Value::Bool(false)))
    };
    !declared.existing && declared.repeat.is_none() && is_closed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn template(registry: &str, more: &str) -> String {
        format!(
            "resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'kmi', location: 'x' }}
resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' {registry}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{ identityProfile: {{ kubeletidentity: {{ resourceId: kmi.id }} }} }}
}}
{more}"
        )
    }

    #[test]
    fn other_registries_and_other_grants_are_right() {
        let new = "= { name: 'acr', location: 'x' }";
        check(RULE, &template("existing = { name: 'acr' }", ""));
        check(RULE, &template("= { name: 'acr', properties: { anonymousPullEnabled: true } }", ""));
        check(RULE, &template(new, "module roles 'br/public:roles:1.0' = { name: 'r' }\n"));
        let pull = "resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid('pull')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: aks.properties.identityProfile.kubeletidentity.objectId
  }
}
";
        check(RULE, &template(new, pull));
    }

    #[test]
    fn a_generated_identity_is_not_its_business() {
        check(RULE, &template("= { name: 'acr' }", "").replace("{ resourceId: kmi.id }", "null"));
    }
}
