use template::aks::{Case, Cluster, IdentityBlock, Kind};
use template::reads::{Holder, ReadAt};

use crate::kubelet_grant::{Recipient, key_of};
use crate::offers::{label, label_of_id};
use crate::write::Target;
use crate::{Applicability, Ctx, Finding, Fix, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds reads of `identity.principalId` of a cluster that has no system-assigned identity.
    ///
    /// ## Why is this a problem
    /// Only a system-assigned identity has its principal there. For a user-assigned one the deployment fails with
    /// `The language expression property 'principalId' doesn't exist, available properties are 'type, userAssignedIdentities'`. Its principal is
    /// read from the identity itself.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'network')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01', 'Full').identity.principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource network 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(mi.id, aks.id, 'network')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    ///     principalId: aks.identity.principalId
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
    ///   "name": "[guid(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'network')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), '2023-01-31').principalId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource network 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(mi.id, aks.id, 'network')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b-1d4f-4787-a291-c67834d212e7')
    ///     principalId: mi.properties.principalId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Reads the principal of the identity that the cluster has.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// Azure/bicep#4026.
    pub(crate) struct PrincipalOfUserAssigned {
        code: "principal-of-user-assigned",
        family: Reference,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for PrincipalOfUserAssigned {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        for at in ctx.reads() {
            let path = at.path();
            let [identity, property] = path.as_slice() else { continue };
            if identity != "identity" || !["principalid", "tenantid"].contains(&property.as_str()) || at.safe {
                continue;
            }
            let Some(resource) = ctx.eval.cluster_of(&at.id) else { continue };
            let cluster = Cluster::new(ctx.eval, resource);
            let reads: Vec<Case<()>> = at.when.iter().map(|when| Case { when: when.clone(), value: () }).collect();
            let cases = ctx.eval.join(&reads, cluster.identities());
            ctx.judge(&cases, |case| {
                let ((), identity) = case.value;
                let (kind, shown) = match &identity.block {
                    IdentityBlock::Object { kind: Kind::UserAssigned, kind_slot, .. } => {
                        ("a user-assigned identity", kind_slot)
                    }
                    IdentityBlock::Object { kind: Kind::None, kind_slot, .. } => ("no identity", kind_slot),
                    IdentityBlock::Absent => ("no identity", &identity.slot),
                    _ => return None,
                };
                let name = label(ctx, resource);
                let message = format!("`{name}` has {kind}, so its `identity.{}` does not exist", at.read.path[1]);
                let place = shown.place.map_or_else(|| cluster.header(), |place| ctx.eval.location(place));
                Some(
                    Finding::at(ctx.eval.location(at.place), message)
                        .help("Read the principal from the identity that the cluster has")
                        .related(place, "what the cluster has")
                        .fix(own_principal(ctx, &cluster, at).filter(|_| property == "principalid")),
                )
            });
        }
    }
}

/// The principal of the identity of the control plane, where it is written as one.
fn own_principal(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, at: &ReadAt) -> Option<Fix> {
    let scope = at.place.scope;
    let mut identities = cluster.control_plane_ids().iter();
    let identity = &identities.next()?.value;
    if identities.any(|other| other.value.canon != identity.canon) {
        return None;
    }
    let recipient = Recipient::identity(ctx.eval, identity, scope, key_of(cluster))?;
    let rewrite = ctx.rewrite().replace(at.place, recipient.principal());
    let rewrite = match (at.holder, identity.declared) {
        // What has the symbol waits for it; a `reference()` with a version does not.
        (Holder::Resource(holder), Some(declared))
            if !ctx.eval.resource(declared).existing && ctx.eval.depends_on(holder, declared) != Some(true) =>
        {
            rewrite.depend_unless_implied(holder, Target::Declared(declared))
        }
        _ => rewrite,
    };
    rewrite.fix(format!("Read the principal of `{}`", label_of_id(ctx, identity)), Applicability::Safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::check;

    fn cluster(identity: &str) -> String {
        format!(
            "param own bool
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {identity}
}}
"
        )
    }

    const EITHER: &str =
        "own ? { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } } : { type: 'SystemAssigned' }";

    #[test]
    fn conditions_belong_together() {
        check(
            RULE,
            &format!(
                "{}output p string = own ? mi.properties.principalId : aks.identity.principalId\n",
                cluster(EITHER)
            ),
        );
        check(RULE, &format!("{}output p string = aks.identity.?principalId ?? ''\n", cluster(EITHER)));
        check(
            RULE,
            &format!(
                "{}var principal = aks.identity.principalId
                ^^^^^^^^^^^^^^^^^^^^^^^^ warning[principal-of-user-assigned]: has a user-assigned identity
output p string = principal
",
                cluster(EITHER)
            ),
        );
    }

    #[test]
    fn follows_the_cluster_into_other_modules() {
        check(
            RULE,
            "//- main.bicep
module cluster 'cluster.bicep' = { name: 'c', params: { name: 'aks' } }
module role 'role.bicep' = { name: 'r', params: { name: 'aks' } }
//- cluster.bicep
param name string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: name
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}': {} } }
}
//- role.bicep
param name string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: name }
output p string = aks.identity.principalId
                  ^^^^^^^^^^^^^^^^^^^^^^^^ error[principal-of-user-assigned]: user-assigned
",
        );
    }

    #[test]
    fn a_cluster_that_is_not_here_may_have_any_identity() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
output p string = aks.identity.principalId
",
        );
    }
}
