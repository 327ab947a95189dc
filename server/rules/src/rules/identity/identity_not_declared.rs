use template::aks::{Cluster, IDENTITY, IdEntry, IdentityBlock, Ids};
use template::eval::Place;
use template::value::{ResourceId, ResourceRef};

use crate::near_names::is_slip;
use crate::offers::label;
use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds `userAssignedIdentities` that name an identity the template does not declare, while it declares one of nearly the
    /// same name.
    ///
    /// ## Why is this a problem
    /// It looks like a slip of the pen. The cluster then asks for an identity that does not exist, or gets one of somebody else,
    /// while the one made for it is left without use.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "resources": [
    ///     { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi-cluster", "location": "westeurope" },
    ///     {
    ///       "type": "Microsoft.ContainerService/managedClusters",
    ///       "apiVersion": "2025-05-01",
    ///       "name": "aks",
    ///       "location": "westeurope",
    ///       "dependsOn": [ "mi-cluster" ],
    ///       "identity": {
    ///         "type": "UserAssigned",
    ///         "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi-clutser')]": {} }
    ///       }
    ///     }
    ///   ]
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'mi-cluster'
    ///   location: 'westeurope'
    /// }
    ///
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
    ///   name: 'aks'
    ///   location: 'westeurope'
    ///   identity: {
    ///     type: 'UserAssigned'
    ///     userAssignedIdentities: { '${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi-clutser')}': {} }
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: { '${mi.id}': {} }
    /// ```
    ///
    /// ## Fix
    /// Names the declared identity.
    ///
    /// ## When not to use it
    /// Where identities of nearly the same name are really meant to be different ones. Names that differ in a digit only are
    /// taken to be.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/use-managed-identity>
    pub(crate) struct IdentityNotDeclared {
        code: "identity-not-declared",
        family: Identity,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdentityNotDeclared {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let longest =
            cluster.identities().iter().map(|case| entries(&case.value.block).len()).max().unwrap_or_default();
        for number in 0..longest {
            ctx.judge(cluster.identities(), |case| {
                let entry = entries(&case.value.block).get(number)?;
                let property = entry.property?;
                let (_, written) = ctx.eval.property(property)?;
                let key = Place { scope: property.object.scope, expr: written.key };
                let id = ctx.eval.parse_id(&entry.key, key.scope, key)?;
                if id.declared.is_some() || id.is_type(IDENTITY) != Some(true) {
                    return None;
                }
                let meant = near_miss(ctx, cluster, &id)?;
                let rewrite = (meant.scope == key.scope).then(|| ctx.rewrite().replace_key(property, New::id(meant)));
                let name = label(ctx, meant);
                let message = format!("no such identity is declared here, but `{name}` is, of nearly the same name");
                Some(
                    Finding::at(ctx.eval.location(key), message)
                        .help("Name the declared identity")
                        .related(ctx.eval.header(meant), format!("`{name}` is declared here"))
                        .fix(rewrite.and_then(|fix| fix.fix(format!("Name {name}"), Applicability::Unsafe))),
                )
            });
        }
    }
}

fn entries(block: &IdentityBlock) -> &[IdEntry] {
    match block {
        IdentityBlock::Object { ids: Ids::Map { entries, .. }, .. } => entries,
        _ => &[],
    }
}

/// The only declared identity whose name is nearly the same, when the cluster has no other use for it.
fn near_miss(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, id: &ResourceId) -> Option<ResourceRef> {
    let wanted = id.names.last()?;
    let is_used = |resource: ResourceRef| {
        let mut ids = cluster.control_plane_ids().iter().chain(cluster.kubelet_ids());
        ids.any(|case| case.value.declared == Some(resource))
    };
    let is_near = |resource: &ResourceRef| {
        let own = ctx.eval.id_of(*resource);
        own.scope == id.scope && own.names.last().is_some_and(|name| is_slip(name, wanted)) && !is_used(*resource)
    };
    let mut near = ctx.slips().like(wanted).into_iter().filter(is_near);
    near.next().filter(|_| near.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(declared: &str, key: &str) -> String {
        format!(
            "param prefix string
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: {declared} }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: 'UserAssigned'
    userAssignedIdentities: {{
      {key}: {{}}
    }}
  }}
}}
"
        )
    }

    fn id(name: &str) -> String {
        format!("'${{resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', {name})}}'")
    }

    #[test]
    fn takes_the_declared_one() {
        check_fix(RULE, &cluster("'mi-aks'", &id("'mi-ask'")), &cluster("'mi-aks'", "'${mi.id}'"));
        check_fix(
            RULE,
            &cluster("'${prefix}-identity'", &id("'${prefix}-idenity'")),
            &cluster("'${prefix}-identity'", "'${mi.id}'"),
        );
    }

    #[test]
    fn other_names_and_other_groups_are_other_identities() {
        for (declared, name) in [
            ("'mi-1'", "'mi-2'"),
            ("'mi-a'", "'mi-b'"),
            ("'control'", "'kubelet'"),
            ("'mi-aks'", "prefix"),
            ("'mi-aks'", "'mi-aks-nodes'"),
            ("'aks01'", "'aks02'"),
        ] {
            check(RULE, &cluster(declared, &id(name)));
        }
        let elsewhere = "'${resourceId('other', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi-ask')}'";
        check(RULE, &cluster("'mi-aks'", elsewhere));
    }
}
