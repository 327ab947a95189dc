use template::aks::Cluster;
use template::grants::{Bearer, Grant, Need, Right, Truth, Wanted};
use template::value::ResourceId;

use crate::offers::label_of_id;
use crate::{Applicability, Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a cluster that does not wait for a role that its control plane needs and that the same deployment gives: Managed Identity
    /// Operator on the kubelet's identity, Network Contributor on a subnet, Private DNS Zone Contributor on its zone, the Key Vault
    /// roles for etcd encryption.
    ///
    /// ## Why is this a problem
    /// What does not wait is deployed at the same time. AKS checks the roles before it creates the cluster, so whether that succeeds
    /// is a race: it fails on the first attempt, with `CustomKubeletIdentityMissingPermissionError` or its like, and works on the
    /// second.
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
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]", "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
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
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
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
    ///       "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]", "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]"],
    ///       "properties": {
    ///         "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')]",
    ///         "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///         "principalType": "ServicePrincipal"
    ///       }
    ///     },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]",
    ///         "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]",
    ///         "[extensionResourceId(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), 'Microsoft.Authorization/roleAssignments', guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi'), resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), 'f1a07417-d97a-45cb-824c-7a7467783830'))]"
    ///       ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    ///       },
    ///       "properties": {
    ///         "dnsPrefix": "aks",
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
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   dependsOn: [operator]
    ///   identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Adds the role assignment to `dependsOn` of the cluster; where modules are between the two, the module.
    ///
    /// ## When not to use it
    /// When the identity had the role before, and the assignment in the template only writes it down. Waiting does no harm then.
    ///
    /// ## References
    /// articles/aks/pre-created-kubelet-managed-identity.md and articles/aks/private-clusters.md of the AKS documentation.
    pub(crate) struct KubeletRoleNoDependency {
        code: "kubelet-role-no-dependency",
        family: Kubelet,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletRoleNoDependency {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        for need in cluster.needs() {
            let need = [need];
            let cases = ctx.eval.join(cluster.control_plane_ids(), &need);
            ctx.judge(&cases, |case| {
                let (control_plane, need) = case.value;
                let bearer = Bearer::Identity(control_plane.clone());
                let wanted = Wanted { right: need.right, bearer: &bearer, on: Some(&need.on) };
                let grants = ctx.eval.grants();
                let is_possible = |grant: &&Grant| ctx.eval.and(&case.when, &grant.when).is_some();
                // One with the very role is needed: who is given Contributor may be given it for something else.
                let mut own = grants.certainly_of(&bearer).map(|(_, grant)| grant).filter(is_possible);
                let meant =
                    own.find(|grant| is_role(grant, need.right) && ctx.eval.gives(grant, &wanted) == Truth::Yes)?;
                let anywhere = Wanted { on: None, ..wanted };
                let gives = |role: Option<&str>| need.right.is_given_by(role) != Truth::No;
                let possible = ctx.eval.possibly_of(&grants, &bearer, &gives).filter(is_possible);
                let mut usable = possible.filter(|grant| ctx.eval.gives(grant, &anywhere) != Truth::No);
                if usable.any(|grant| ctx.eval.depends_on(cluster.resource, grant.assignment) != Some(false)) {
                    return None;
                }
                Some(finding(ctx, cluster, control_plane, need, meant))
            });
        }
    }
}

fn is_role(grant: &Grant, right: &Right) -> bool {
    grant.role.as_deref() == Some(right.role)
}

fn finding(
    ctx: &Ctx<'_>,
    cluster: &Cluster<'_, '_>,
    control_plane: &ResourceId,
    need: &Need,
    grant: &Grant,
) -> Finding {
    let role = need.right.role_name();
    let at = match cluster.declaration().depends_on {
        Some(list) => {
            ctx.eval.in_file(cluster.resource.scope, ctx.eval.template(cluster.resource.scope).exprs.range(list))
        }
        None => cluster.header(),
    };
    let message = format!(
        "the cluster does not wait for the role {role} that its identity `{}` is given on {}",
        label_of_id(ctx, control_plane),
        need.what
    );
    // What waits for the cluster cannot be waited for.
    let is_free = ctx.eval.depends_on(grant.assignment, cluster.resource) == Some(false);
    let fix = is_free.then(|| {
        let rewrite = ctx.rewrite().depend_across(cluster.resource, grant.assignment);
        rewrite.fix("Make the cluster wait for the role assignment", Applicability::Safe)
    });
    let finding = Finding::at(at, message)
        .help("Add the role assignment to `dependsOn`: AKS checks the role before it creates the cluster")
        .related(ctx.eval.header(grant.assignment), "the role is assigned here");
    let used = ctx.eval.written_at(&need.slot).map(|used| (used, format!("{} is named here", need.what)));
    let finding = match used {
        Some((used, what)) => finding.related(used, what),
        None => finding,
    };
    finding.fix(fix.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    const IDENTITIES: &str =
        "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'kmi', location: 'x' }
";

    const CLUSTER: &str = "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
  properties: { identityProfile: { kubeletidentity: { resourceId: kmi.id } } }
  dependsOn: []
}
";

    const WARNING: &str = "  dependsOn: []
             ^^ error[kubelet-role-no-dependency]: does not wait for the role Managed Identity Operator
";

    fn grant(symbol: &str, scope: &str, role: &str, principal: &str) -> String {
        format!(
            "resource {symbol} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  {scope}
  name: guid('{symbol}')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')
    principalId: {principal}
  }}
}}
"
        )
    }

    const OPERATOR: &str = "f1a07417-d97a-45cb-824c-7a7467783830";
    const PRINCIPAL: &str = "mi.properties.principalId";

    #[test]
    fn adds_it_to_the_list() {
        let before = format!("{IDENTITIES}{CLUSTER}{}", grant("operator", "scope: kmi", OPERATOR, PRINCIPAL));
        check(RULE, &before.replace("  dependsOn: []\n", WARNING));
        check_fix(RULE, &before, &before.replace("dependsOn: []", "dependsOn: [\n    operator\n  ]"));
    }

    #[test]
    fn waiting_for_one_grant_of_the_role_is_enough() {
        let near = grant("operator", "scope: kmi", OPERATOR, PRINCIPAL);
        let wide = grant("wide", "", OPERATOR, PRINCIPAL);
        let contributor = grant("wide", "", "b24988ac-6180-42a0-ab88-20f7382dd24c", PRINCIPAL);
        for other in [wide, contributor] {
            check(RULE, &format!("{IDENTITIES}{}{near}{other}", CLUSTER.replace("[]", "[wide]")));
        }
    }

    #[test]
    fn follows_chains() {
        let tag = "resource tag 'Microsoft.Resources/tags@2022-09-01' = { name: 'default', dependsOn: [operator] }\n";
        let near = grant("operator", "scope: kmi", OPERATOR, PRINCIPAL);
        check(RULE, &format!("{IDENTITIES}{}{near}{tag}", CLUSTER.replace("[]", "[tag]")));
    }

    #[test]
    fn a_principal_that_is_not_known_may_be_waited_for() {
        let near = grant("operator", "scope: kmi", OPERATOR, PRINCIPAL);
        let other = grant("other", "scope: kmi", OPERATOR, "someone");
        check(RULE, &format!("param someone string\n{IDENTITIES}{}{near}{other}", CLUSTER.replace("[]", "[other]")));
    }

    #[test]
    fn the_same_holds_for_subnets_and_zones() {
        let network = "resource net 'Microsoft.Network/virtualNetworks@2024-01-01' = {
  name: 'net'
  resource nodes 'subnets' = { name: 'nodes' }
}
resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' = { name: 'z', location: 'global' }
";
        let cluster = "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
  properties: {
    agentPoolProfiles: [{ name: 'a', vnetSubnetID: net::nodes.id }]
    apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: zone.id }
  }
}
";
        let marked = cluster.replacen(
            "  name: 'aks'",
            "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[kubelet-role-no-dependency]: Network Contributor
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[kubelet-role-no-dependency]: Private DNS Zone Contributor
  name: 'aks'",
            1,
        );
        let on_net = grant("join", "scope: net", "4d97b98b-1d4f-4787-a291-c67834d212e7", PRINCIPAL);
        let on_zone = grant("dns", "scope: zone", "b12aa53e-6015-4669-85d0-8515ebb3ae7f", PRINCIPAL);
        check(RULE, &format!("{IDENTITIES}{network}{marked}{on_net}{on_zone}"));
        let waiting = cluster.replace("  properties: {", "  dependsOn: [join, dns]\n  properties: {");
        check(RULE, &format!("{IDENTITIES}{network}{waiting}{on_net}{on_zone}"));
    }

    const MODULES: &str = "//- main.bicep
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'kmi', location: 'x' }
module roles 'roles.bicep' = {
  name: 'roles'
  params: { principal: mi.properties.principalId }
  dependsOn: [kmi]
}
module cluster 'cluster.bicep' = {
  name: 'cluster'
  params: { mi: mi.id, kmi: kmi.id }
}
//- roles.bicep
param principal string
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'kmi' }
resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: kmi
  name: guid('x')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    principalId: principal
  }
}
//- cluster.bicep
param mi string
param kmi string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi}': {} } }
  properties: { identityProfile: { kubeletidentity: { resourceId: kmi } } }
}
";

    #[test]
    fn of_two_modules_the_one_waits_for_the_other() {
        let after = MODULES.replace(
            "  params: { mi: mi.id, kmi: kmi.id }\n",
            "  params: { mi: mi.id, kmi: kmi.id }\n  dependsOn: [\n    roles\n  ]\n",
        );
        check_fix(RULE, MODULES, &after);
        check(RULE, &after);
    }
}
