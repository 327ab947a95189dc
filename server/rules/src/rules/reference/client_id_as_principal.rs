use template::Expr;
use template::aks::{IDENTITY, RoleAssignment, Slot};
use template::eval::Place;
use template::value::{Piece, ResourceId, ResourceRef, Value};

use crate::kubelet_grant::Recipient;
use crate::offers::label_of_id;
use crate::roles::{from_output, is_by_caller, judged_at, own_place};
use crate::{Applicability, Ctx, Finding, Fix, New, Resources, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds client IDs and resource IDs of identities where the ID of a principal is wanted.
    ///
    /// ## Why is this a problem
    /// An identity has three IDs: its resource ID, the ID of its application (`clientId`) and that of its principal (`principalId`,
    /// called `objectId` in clusters). Roles and access policies are given to principals. With another ID the deployment fails with
    /// `PrincipalNotFound`, or the policy is for nobody.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').clientId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.clientId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Reads the principal instead.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// mspnp/aks-baseline-multi-region#74.
    pub(crate) struct ClientIdAsPrincipal {
        code: "client-id-as-principal",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for ClientIdAsPrincipal {
    fn check_role_assignment(&self, ctx: &Ctx<'_>, assignment: &RoleAssignment) {
        ctx.judge(&assignment.principal, |case| {
            let finding = wrong(ctx, assignment.resource, &case.value, "principalId")?;
            Some(if is_by_caller(ctx, assignment.resource, &case.value) {
                finding.related(ctx.eval.header(assignment.resource), "the role is assigned here")
            } else {
                finding
            })
        });
    }

    fn resources(&self) -> Resources {
        Resources::Of(&["Microsoft.KeyVault/vaults", "Microsoft.KeyVault/vaults/accessPolicies"])
    }

    fn check_resource(&self, ctx: &Ctx<'_>, resource: ResourceRef) {
        let path = ["properties", "accessPolicies"];
        if ctx.eval.resource(resource).existing || ctx.eval.plainly_lacks(resource, &path) {
            return;
        }
        for policies in ctx.eval.slots(resource, &path) {
            for policy in ctx.eval.items(&policies) {
                let cases = ctx.eval.slots_in(&policy.value, &policy.when, &["objectId"]);
                ctx.judge(&cases, |case| {
                    let finding = wrong(ctx, resource, &case.value, "objectId")?;
                    let by_caller = is_by_caller(ctx, resource, &case.value);
                    Some(if by_caller { finding.related(ctx.eval.header(resource), "the vault") } else { finding })
                });
            }
        }
    }
}

fn wrong(ctx: &Ctx<'_>, resource: ResourceRef, slot: &Slot, property: &str) -> Option<Finding> {
    let at = judged_at(ctx, resource, slot)?;
    let own = own_place(ctx, resource, slot);
    let (what, fix) = match slot.value.read() {
        Some(read) => {
            let (part, name) = ctx.eval.part_of(read)?;
            let wanted = part.principal();
            let is_other = ["clientId", "tenantId", "resourceId"].iter().any(|other| name.eq_ignore_ascii_case(other));
            if !is_other {
                return None;
            }
            (format!("the `{name}` of an identity"), own.and_then(|place| other_property(ctx, place, wanted)))
        }
        None => {
            let Value::Str(text) = &slot.value else { return None };
            let [Piece::Id(id)] = text.pieces() else { return None };
            id.resource_type.as_ref()?;
            (
                format!("the resource ID of `{}`", label_of_id(ctx, id)),
                own.and_then(|place| principal_of_id(ctx, place, id)),
            )
        }
    };
    let message = format!("`{property}` is {what}, not the ID of its principal");
    let finding = Finding::at(at, message)
        .help("Use `principalId` of an identity, `objectId` of the identities in a cluster")
        .fix(fix);
    Some(from_output(ctx, resource, slot, finding))
}

/// The same chain with another end.
pub(super) fn other_property(ctx: &Ctx<'_>, place: Place, wanted: &str) -> Option<Fix> {
    let Expr::Member { base, .. } = ctx.eval.template(place.scope).expr(place.expr) else { return None };
    let base = New::Copy(Place { expr: *base, ..place });
    let right = New::Member(Box::new(base), vec![wanted.to_owned()]);
    ctx.rewrite().replace(place, right).fix(format!("Use `{wanted}`"), Applicability::Safe)
}

fn principal_of_id(ctx: &Ctx<'_>, place: Place, id: &ResourceId) -> Option<Fix> {
    if id.is_type(IDENTITY) != Some(true) {
        return None;
    }
    let identity = Recipient::identity(ctx.eval, id, place.scope, Some(place))?;
    ctx.rewrite().replace(place, identity.principal()).fix("Read its `principalId`", Applicability::Safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::{check, check_fix};

    const IDENTITY: &str =
        "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }\n";

    fn assignment(principal: &str) -> String {
        format!(
            "{IDENTITY}resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(mi.id)
  properties: {{ principalId: {principal} }}
}}
"
        )
    }

    #[test]
    fn reads_the_principal() {
        for principal in ["mi.id", "mi.properties.clientId"] {
            check_fix(RULE, &assignment(principal), &assignment("mi.properties.principalId"));
        }
        check(RULE, &assignment("mi.properties.principalId"));
    }

    #[test]
    fn access_policies_are_for_principals_as_well() {
        check(
            RULE,
            &format!(
                "{IDENTITY}resource kv 'Microsoft.KeyVault/vaults@2023-07-01' = {{
  name: 'kv'
  properties: {{
    accessPolicies: [
      {{ tenantId: subscription().tenantId, objectId: mi.properties.principalId }}
      {{ tenantId: subscription().tenantId, objectId: mi.properties.clientId }}
                                                     ^^^^^^^^^^^^^^^^^^^^^^ error[client-id-as-principal]: the `clientId` of an identity
    ]
  }}
}}
"
            ),
        );
    }

    #[test]
    fn follows_values_into_modules() {
        check(
            RULE,
            "//- main.bicep
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
module role 'role.bicep' = {
  name: 'role'
  params: { who: mi.properties.clientId }
                 ^^^^^^^^^^^^^^^^^^^^^^ error[client-id-as-principal]: `clientId`
}
//- role.bicep
param who string
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(who)
  properties: { principalId: who }
}
",
        );
    }

    /// A module with two outputs, and what is between it and the assignment.
    const CLUSTER: &str = "//- aks.bicep
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
output client string = aks.properties.identityProfile.kubeletidentity.clientId
output object string? = aks.properties.?identityProfile.?kubeletidentity.?objectId
";

    #[test]
    fn the_output_of_a_module_is_judged_where_it_is_read() {
        let read = |output: &str, mark: &str| {
            format!(
                "//- main.bicep
module cluster 'aks.bicep' = {{ name: 'cluster' }}
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(cluster.name)
  properties: {{
    principalId: cluster.outputs.{output}{mark}
  }}
}}
{CLUSTER}"
            )
        };
        check(
            RULE,
            &read("client", "\n                 ^^^^^^^^^^^^^^^^^^^^^^ error[client-id-as-principal]: `clientId`"),
        );
        check(RULE, &read("object", ""));
    }

    #[test]
    fn or_where_it_is_passed_on() {
        check(
            RULE,
            &format!(
                "//- main.bicep
module cluster 'aks.bicep' = {{ name: 'cluster' }}
module role 'role.bicep' = {{
  name: 'role'
  params: {{ who: cluster.outputs.client }}
                 ^^^^^^^^^^^^^^^^^^^^^^ error[client-id-as-principal]: `clientId`
}}
//- role.bicep
param who string
resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(who)
  properties: {{ principalId: who }}
}}
{CLUSTER}"
            ),
        );
    }

    #[test]
    fn nested_templates_give_out_values_too() {
        check(
            RULE,
            r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "resources": [
    { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "cluster",
      "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" }, "template": {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "resources": [],
        "outputs": { "client": { "type": "string",
          "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.clientId]" } } } } },
    { "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "[guid('a')]",
      "properties": {
        "principalId": "[reference('cluster').outputs.client.value]"
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error[client-id-as-principal]: `clientId`
      } }
  ]
}
"#,
        );
    }
}
