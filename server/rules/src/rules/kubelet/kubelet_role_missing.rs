use template::aks::{Case, Cluster, Slot};
use template::grants::{Bearer, Truth, Wanted, rights};
use template::value::{ResourceId, Value};

use super::kubelet_role_wrong_target::misdirected;
use crate::kubelet_grant::{Recipient, let_assign};
use crate::offers::label_of_id;
use crate::write::Target;
use crate::{Applicability, Ctx, Finding, Fix, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a cluster with a kubelet identity of its own, both it and the identity of the control plane created in the same
    /// deployment, where nothing gives the control plane the role Managed Identity Operator on the kubelet's identity.
    ///
    /// ## Why is this a problem
    /// To put the kubelet's identity on the nodes the control plane must be allowed to assign it. AKS checks that before it creates
    /// anything, and refuses with `CustomKubeletIdentityMissingPermissionError`. It does not matter whether the two are the same
    /// identity.
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
    /// Adds the role assignment, with the kubelet's identity as its scope and a name made of scope, principal and role, and makes
    /// the cluster wait for it.
    ///
    /// ## When not to use it
    /// When something outside of the template gives the role between the creation of the identities and that of the cluster. A role
    /// of the group or subscription counts, and so do Contributor and Owner. With modules or scripts that are not at hand, principals
    /// or scopes from parameters, or custom roles the rule is silent.
    ///
    /// ## References
    /// articles/aks/pre-created-kubelet-managed-identity.md of the AKS documentation; the same check in `az aks create`.
    pub(crate) struct KubeletRoleMissing {
        code: "kubelet-role-missing",
        family: Kubelet,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletRoleMissing {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let slots = cluster.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]);
        let mut cases = Vec::new();
        for pair in ctx.eval.join(cluster.control_plane_ids(), &slots) {
            let (control_plane, slot) = pair.value;
            let (Value::Str(text), Some(place)) = (&slot.value, slot.place) else { continue };
            let Some(kubelet) = ctx.eval.parse_id(text, place.scope, place) else { continue };
            // Of an identity that is older than this deployment nobody knows what it has been given.
            if !is_created(ctx, control_plane, cluster) || !is_created(ctx, &kubelet, cluster) {
                continue;
            }
            let bearer = Bearer::Identity(control_plane.clone());
            let wanted = Wanted { right: &rights::ASSIGN_IDENTITY, bearer: &bearer, on: Some(&kubelet) };
            let answers = ctx.eval.granted(&wanted, &pair.when).into_iter();
            cases.extend(answers.map(|answer| Case {
                when: answer.when,
                value: (control_plane.clone(), kubelet.clone(), slot.clone(), answer.value),
            }));
        }
        ctx.judge(&cases, |case| {
            let (control_plane, kubelet, slot, answer) = &case.value;
            // A role that only has the wrong target is reported as that.
            if *answer != Truth::No || !misdirected(ctx, control_plane, kubelet, &case.when).is_empty() {
                return None;
            }
            finding(ctx, cluster, control_plane, kubelet, slot)
        });
    }
}

fn is_created(ctx: &Ctx<'_>, id: &ResourceId, cluster: &Cluster<'_, '_>) -> bool {
    ctx.eval.deployed(id, cluster.resource.scope).is_some()
}

fn finding(
    ctx: &Ctx<'_>,
    cluster: &Cluster<'_, '_>,
    control_plane: &ResourceId,
    kubelet: &ResourceId,
    slot: &Slot,
) -> Option<Finding> {
    let (mi, kmi) = (label_of_id(ctx, control_plane), label_of_id(ctx, kubelet));
    let message =
        format!("nothing gives the control plane's identity `{mi}` the role Managed Identity Operator on `{kmi}`");
    let mut finding = Finding::at(ctx.eval.written_at(slot)?, message)
        .origin(ctx, slot)
        .help("Assign the role with the kubelet's identity as scope, and make the cluster wait for it");
    for (id, what) in [(control_plane, "the identity of the control plane"), (kubelet, "the identity of the kubelet")] {
        if let Some(declared) = ctx.eval.deployed(id, cluster.resource.scope) {
            finding = finding.related(ctx.eval.header(declared), what);
        }
    }
    Some(finding.fix(granted(ctx, cluster, control_plane, kubelet)))
}

fn granted(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, control_plane: &ResourceId, kubelet: &ResourceId) -> Option<Fix> {
    let scope = cluster.resource.scope;
    let on = kubelet.declared.filter(|declared| declared.scope == scope)?;
    let to = Recipient::identity(ctx.eval, control_plane, scope, None)?;
    let title = format!("Give {} the role Managed Identity Operator", label_of_id(ctx, control_plane));
    let_assign(ctx.eval, cluster.resource, ctx.rewrite(), &to, &Target::Declared(on), Vec::new())
        .fix(title, Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    const IDENTITIES: &str =
        "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'kmi', location: 'x' }
";

    fn cluster(id: &str) -> String {
        format!(
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi.id}}': {{}} }} }}
  properties: {{ identityProfile: {{ kubeletidentity: {{
    resourceId: {id}
  }} }} }}
}}
"
        )
    }

    fn grant(head: &str, principal: &str) -> String {
        format!(
            "resource grant 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  {head}
  name: guid('x')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    principalId: {principal}
  }}
}}
"
        )
    }

    #[test]
    fn existing_identities_may_have_the_role_already() {
        for name in ["mi", "kmi"] {
            let new = format!(
                "resource {name} 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: '{name}', location: 'x' }}"
            );
            let old = format!(
                "resource {name} 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: '{name}' }}"
            );
            check(RULE, &format!("{}{}", IDENTITIES.replace(&new, &old), cluster("kmi.id")));
        }
    }

    #[test]
    fn wider_scopes_and_modules_count() {
        for more in [
            grant("", "mi.properties.principalId"),
            grant("scope: resourceGroup()", "mi.properties.principalId"),
            format!("param someone string\n{}", grant("scope: kmi", "someone")),
            "module roles 'br/public:avm/ptn/authorization/resource-role-assignment:0.1.0' = { name: 'r' }\n"
                .to_owned(),
        ] {
            check(RULE, &format!("{IDENTITIES}{}{more}", cluster("kmi.id")));
        }
    }

    #[test]
    fn the_same_identity_needs_it_as_well() {
        let marked = cluster("mi.id")
            .replace("mi.id\n", "mi.id\n                ^^^^^ warning[kubelet-role-missing]: on `mi`\n");
        check(RULE, &format!("{IDENTITIES}{marked}"));
        check(RULE, &format!("{IDENTITIES}{}{}", cluster("mi.id"), grant("scope: mi", "mi.properties.principalId")));
    }

    #[test]
    fn a_condition_of_the_role_is_a_condition_of_the_finding() {
        let conditional = grant("scope: kmi", "mi.properties.principalId").replace("= {", "= if (assign) {");
        let marked = cluster("kmi.id")
            .replace("kmi.id\n", "kmi.id\n                ^^^^^^ warning[kubelet-role-missing]: on `kmi`\n");
        check(RULE, &format!("param assign bool\n{IDENTITIES}{marked}{conditional}"));
    }

    #[test]
    fn uses_the_variable_that_has_the_role() {
        let before = format!(
            "var roles = {{ operator: 'f1a07417-d97a-45cb-824c-7a7467783830' }}\n{IDENTITIES}{}",
            cluster("kmi.id")
        );
        let waiting = before.trim_end().trim_end_matches('}').to_owned();
        check_fix(
            RULE,
            &before,
            &format!(
                "{waiting}  dependsOn: [
    aksKubeletOperator
  ]
}}

resource aksKubeletOperator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  scope: kmi
  name: guid(kmi.id, mi.id, roles.operator)
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.operator)
    principalId: mi.properties.principalId
    principalType: 'ServicePrincipal'
  }}
}}
"
            ),
        );
    }
}
