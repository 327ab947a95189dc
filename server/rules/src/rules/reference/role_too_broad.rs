use template::aks::{Cluster, REGISTRY};
use template::grants::{Grant, GrantScope, Right, rights};
use template::value::{ResourceId, ResourceRef};

use crate::roles::{about_role, control_planes, is_among, judge_grants, kubelets, other_role, role_name};
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds roles of a cluster's control plane and kubelet for which a narrower one is enough.
    ///
    /// ## Why is this a problem
    /// What a cluster may do, whoever gets hold of a node or of the control plane's identity may do. Contributor on a network lets it
    /// delete the network; Network Contributor on the subnet is what the service asks for. The nodes only pull images.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Network/virtualNetworks",
    ///   "apiVersion": "2023-11-01",
    ///   "name": "net",
    ///   "location": "westeurope",
    ///   "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } }
    /// },
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "scope": "[resourceId('Microsoft.Network/virtualNetworks', 'net')]",
    ///   "name": "[guid(resourceGroup().id, resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'contributor')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource net 'Microsoft.Network/virtualNetworks@2023-11-01' = {
    ///   name: 'net'
    ///   location: 'westeurope'
    ///   properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } }
    /// }
    ///
    /// resource network 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: net
    ///   name: guid(net.id, mi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'b24988ac-6180-42a0-ab88-20f7382dd24c')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Network/virtualNetworks",
    ///   "apiVersion": "2023-11-01",
    ///   "name": "net",
    ///   "location": "westeurope",
    ///   "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } }
    /// },
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "scope": "[resourceId('Microsoft.Network/virtualNetworks', 'net')]",
    ///   "name": "[guid(resourceGroup().id, resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'contributor')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource net 'Microsoft.Network/virtualNetworks@2023-11-01' = {
    ///   name: 'net'
    ///   location: 'westeurope'
    ///   properties: { addressSpace: { addressPrefixes: ['10.0.0.0/16'] } }
    /// }
    ///
    /// resource network 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   scope: net
    ///   name: guid(net.id, mi.id)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the narrower role, where it is clear from the scope which one is meant. Unsafe, because the identity may use the wider
    /// one for something else.
    ///
    /// ## When not to use it
    /// When the identity has other tasks that need the wider role.
    pub(crate) struct RoleTooBroad {
        code: "role-too-broad",
        family: Reference,
        severity: Info,
        fix: Sometimes,
        since: "0.1.0",
    }
}

/// Managed Identity Contributor.
const IDENTITY_CONTRIBUTOR: &str = "e40ec5ca-96e0-45a2-b4ff-59039f2c2b59";
/// AcrPush.
const PUSH_IMAGES: &str = "8311e382-0749-4cb8-b61a-304f252e45ec";

impl Rule for RoleTooBroad {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let control_planes = control_planes(cluster);
        let broad = [rights::CONTRIBUTOR, rights::OWNER, IDENTITY_CONTRIBUTOR];
        judge_grants(ctx, &control_planes, &broad, |grant, _| {
            let role = grant.role.as_deref()?;
            match &grant.scope {
                GrantScope::Resource(on) => {
                    let right = enough(on)?;
                    let is_for_identities = *right == rights::ASSIGN_IDENTITY;
                    (is_for_identities || role != IDENTITY_CONTRIBUTOR)
                        .then(|| finding(ctx, cluster, grant, "the control plane", Some(right)))?
                }
                // Host groups and reserved capacity are used by a role on the group they are in.
                GrantScope::Group(_) | GrantScope::Wider if role != IDENTITY_CONTRIBUTOR && !uses_groups(cluster) => {
                    finding(ctx, cluster, grant, "the control plane", None)
                }
                _ => None,
            }
        });
        let kubelets = kubelets(cluster);
        judge_grants(ctx, &kubelets, &[rights::CONTRIBUTOR, rights::OWNER, PUSH_IMAGES], |grant, holder| {
            let registry = match &grant.scope {
                GrantScope::Resource(on) => on.is_type(REGISTRY) == Some(true),
                GrantScope::Unknown => return None,
                _ => false,
            };
            let is_push = grant.role.as_deref() == Some(PUSH_IMAGES);
            if is_among(ctx, holder.value, &control_planes) || (is_push && is_abac(ctx, &grant.scope)) {
                return None;
            }
            let right = (registry || is_push).then_some(&rights::PULL_IMAGES);
            finding(ctx, cluster, grant, "the kubelet", right)
        });
    }
}

/// The role that is enough on a resource of that type.
fn enough(on: &ResourceId) -> Option<&'static Right> {
    let own = on.resource_type.as_deref()?.to_ascii_lowercase();
    match own.as_str() {
        "microsoft.network/virtualnetworks"
        | "microsoft.network/virtualnetworks/subnets"
        | "microsoft.network/routetables"
        | "microsoft.network/publicipaddresses"
        | "microsoft.network/publicipprefixes"
        | "microsoft.network/natgateways" => Some(&rights::USE_NETWORK),
        "microsoft.network/privatednszones" => Some(&rights::WRITE_PRIVATE_ZONE),
        "microsoft.managedidentity/userassignedidentities" => Some(&rights::ASSIGN_IDENTITY),
        "microsoft.keyvault/vaults" => Some(&rights::REACH_VAULT),
        _ => None,
    }
}

/// Whether a pool is on hosts or capacity of its own.
fn uses_groups(cluster: &Cluster<'_, '_>) -> bool {
    cluster.pools().iter().any(|pool| {
        ["hostGroupID", "capacityReservationGroupID"].iter().any(|name| {
            let slots = cluster.eval.slots_in(&pool.value, &pool.when, &[name]);
            slots.iter().any(|slot| !slot.value.is_absent())
        })
    })
}

/// On a registry in ABAC mode the role does nothing, which another rule says.
fn is_abac(ctx: &Ctx<'_>, scope: &GrantScope) -> bool {
    let GrantScope::Resource(on) = scope else { return false };
    let mode = |registry: ResourceRef| ctx.eval.slots(registry, &["properties", "roleAssignmentMode"]);
    let modes = ctx.eval.created(on).map(mode).unwrap_or_default();
    modes.iter().any(|case| case.value.value.literal() == Some("AbacRepositoryPermissions"))
}

fn finding(
    ctx: &Ctx<'_>,
    cluster: &Cluster<'_, '_>,
    grant: &Grant,
    who: &str,
    right: Option<&'static Right>,
) -> Option<Finding> {
    let name = role_name(grant.role.as_deref()?);
    let place = match &grant.scope {
        GrantScope::Group(_) => " on a whole resource group",
        GrantScope::Wider => " on a whole subscription or more",
        GrantScope::Resource(_) | GrantScope::Unknown => "",
    };
    let help = match right {
        Some(right) => format!("{} is enough", right.role_name()),
        None if who == "the kubelet" => "The kubelet needs AcrPull on the registry and nothing else".to_owned(),
        None => "Give Network Contributor on the subnet, and other roles on what the cluster uses".to_owned(),
    };
    Some(
        about_role(ctx, grant, format!("{who} is given {name}{place}"))?
            .help(help)
            .related(cluster.header(), "the cluster")
            .fix(right.and_then(|right| other_role(ctx, grant, right.role))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn template(role: &str, scope: &str, principal: &str, pool: &str) -> String {
        format!(
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' existing = {{ name: 'z' }}
resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {{ name: 'acr' }}
resource hosts 'Microsoft.Compute/hostGroups@2023-09-01' existing = {{ name: 'h' }}
resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  {scope}
  name: guid('x')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')
    principalId: {principal}
  }}
}}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi.id}}': {{}} }} }}
  properties: {{ agentPoolProfiles: [{{ name: 'a'{pool} }}] }}
}}
"
        )
    }

    const MI: &str = "mi.properties.principalId";
    const KUBELET: &str = "aks.properties.identityProfile.kubeletidentity.objectId";

    #[test]
    fn the_scope_says_which_role_is_enough() {
        check_fix(
            RULE,
            &template(rights::CONTRIBUTOR, "scope: zone", MI, ""),
            &template(rights::WRITE_PRIVATE_ZONE.role, "scope: zone", MI, ""),
        );
        check_fix(
            RULE,
            &template(PUSH_IMAGES, "scope: acr", KUBELET, ""),
            &template(rights::PULL_IMAGES.role, "scope: acr", KUBELET, ""),
        );
    }

    #[test]
    fn other_roles_and_other_scopes_are_right() {
        for (role, scope) in [
            (rights::USE_NETWORK.role, "scope: resourceGroup()"),
            (rights::CONTRIBUTOR, "scope: hosts"),
            (IDENTITY_CONTRIBUTOR, "scope: resourceGroup()"),
            (PUSH_IMAGES, "scope: acr"),
        ] {
            check(RULE, &template(role, scope, MI, ""));
        }
        check(RULE, &template(rights::PULL_IMAGES.role, "scope: acr", KUBELET, ""));
        check(RULE, &template(rights::CONTRIBUTOR, "scope: resourceGroup()", MI, ", hostGroupID: hosts.id"));
    }

    #[test]
    fn a_whole_group_is_too_much() {
        let at = |text: &str, who: &str| {
            text.replace(
                "'b24988ac-6180-42a0-ab88-20f7382dd24c')\n",
                &format!(
                    "'b24988ac-6180-42a0-ab88-20f7382dd24c')\n                      {} info[role-too-broad]: {who} is given Contributor on a whole resource group\n",
                    "^".repeat(107)
                ),
            )
        };
        check(RULE, &at(&template(rights::CONTRIBUTOR, "", MI, ""), "the control plane"));
        check(RULE, &at(&template(rights::CONTRIBUTOR, "", KUBELET, ""), "the kubelet"));
    }
}
