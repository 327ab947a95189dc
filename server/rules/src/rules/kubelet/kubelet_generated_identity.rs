use template::aks::{Cluster, IDENTITY};
use template::grants::Truth;
use template::value::{Piece, ResourceId, Str, Value};

use crate::{Applicability, Ctx, Finding, Fix, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a kubelet identity that is the one AKS makes by itself: `<cluster>-agentpool` in the node resource group.
    ///
    /// ## Why is this a problem
    /// AKS makes that identity together with the cluster, in a group that it makes as well. Exported templates name it.
    /// Deployed anew, or elsewhere, they ask for an identity that does not exist yet.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "identityProfile": {
    ///   "kubeletidentity": { "resourceId": "[resourceId('MC_rg_aks_westeurope', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-agentpool')]" }
    /// }
    /// ```
    /// ```bicep,frame=properties
    /// nodeResourceGroup: 'nodes'
    /// identityProfile: {
    ///   kubeletidentity: { resourceId: resourceId('nodes', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'aks-agentpool') }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties
    /// nodeResourceGroup: 'nodes'
    /// ```
    ///
    /// ## Fix
    /// Removes `identityProfile`; AKS then makes the identity by itself.
    ///
    /// ## When not to use it
    /// When the template is only ever deployed over the cluster that it was exported from.
    ///
    /// ## References
    /// articles/aks/managed-identity-overview.md of the AKS documentation.
    pub(crate) struct KubeletGeneratedIdentity {
        code: "kubelet-generated-identity",
        family: Kubelet,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletGeneratedIdentity {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let slots = cluster.slots(&["properties", "identityProfile", "kubeletidentity", "resourceId"]);
        ctx.judge(&slots, |case| {
            let slot = &case.value;
            let (Value::Str(text), Some(place)) = (&slot.value, slot.place) else { return None };
            let id = ctx.eval.parse_id(text, place.scope, place)?;
            if is_generated(ctx, cluster, &id) != Truth::Yes {
                return None;
            }
            let name = id.names.last()?.sketch();
            let message = format!("`{name}` in the node resource group is the identity that AKS makes by itself");
            Some(
                Finding::at(ctx.eval.written_at(slot)?, message)
                    .origin(ctx, slot)
                    .help("Remove `identityProfile`, or give the kubelet an identity of your own")
                    .fix(removed(ctx, cluster)),
            )
        });
    }
}

/// Whether it is the identity that AKS makes for the nodes when it is given none.
pub(crate) fn is_generated(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, id: &ResourceId) -> Truth {
    let named = match (id.is_type(IDENTITY), id.names.last().map(Str::pieces)) {
        (Some(true), Some([.., Piece::Text(end)])) => Truth::from(end.to_ascii_lowercase().ends_with("-agentpool")),
        (Some(true), Some([.., _])) => Truth::Unknown,
        _ => Truth::No,
    };
    let in_node_group = match ctx.eval.group_of(id) {
        // Without a group it is that of the cluster, which cannot be that of its nodes.
        None if id.scope.is_none() => Truth::No,
        None => Truth::Unknown,
        Some(group) => {
            let starts = match group.pieces() {
                [Piece::Text(start), ..] => Truth::from(start.to_ascii_lowercase().starts_with("mc_")),
                _ => Truth::Unknown,
            };
            starts.or(is_node_group(ctx, cluster, &group))
        }
    };
    // The name alone is not enough: people call identities like that, too.
    named.and(in_node_group)
}

fn is_node_group(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, group: &Str) -> Truth {
    let own = cluster.slots(&["properties", "nodeResourceGroup"]);
    let group = ctx.eval.canon_of_key(group, None);
    let one = |value: &Value| match value {
        Value::Null => Truth::No,
        Value::Str(text) if ctx.eval.canon_of_key(text, None) == group => Truth::Yes,
        Value::Unknown(unknown) if unknown.canon == group => Truth::Yes,
        Value::Str(text) if text.literal().is_some() => Truth::No,
        _ => Truth::Unknown,
    };
    own.iter().map(|case| one(&case.value.value)).fold(Truth::No, Truth::or)
}

fn removed(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) -> Option<Fix> {
    let profiles = cluster.slots(&["properties", "identityProfile"]);
    let property = profiles.iter().find_map(|case| case.value.property)?;
    let rewrite = ctx.rewrite().remove(property.object, &[property.number as usize]);
    rewrite.fix("Remove `identityProfile`", Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn cluster(id: &str) -> String {
        format!(
            "param group string
param name string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: name
  properties: {{
    nodeResourceGroup: group
    identityProfile: {{
      kubeletidentity: {{
        resourceId: {id}
      }}
    }}
  }}
}}
"
        )
    }

    fn bad(id: &str) {
        let line = format!("        resourceId: {id}\n");
        let carets = format!(
            "{line}                    {} warning[kubelet-generated-identity]: by itself\n",
            "^".repeat(id.len())
        );
        check(RULE, &cluster(id).replace(&line, &carets));
    }

    #[test]
    fn finds_it_by_the_node_group() {
        bad("resourceId(group, 'Microsoft.ManagedIdentity/userAssignedIdentities', '${name}-agentpool')");
        bad(
            "'/subscriptions/s/resourceGroups/MC_a_b_c/providers/Microsoft.ManagedIdentity/userAssignedIdentities/b-agentpool'",
        );
        bad(
            "'${subscription().id}/resourceGroups/MC_${name}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}-agentpool'",
        );
    }

    #[test]
    fn the_name_alone_is_not_enough() {
        for id in [
            "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', '${name}-agentpool')",
            "resourceId('identities', 'Microsoft.ManagedIdentity/userAssignedIdentities', '${name}-agentpool')",
            "resourceId('MC_x', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'own')",
            "resourceId('MC_x', 'Microsoft.ManagedIdentity/userAssignedIdentities', name)",
        ] {
            check(RULE, &cluster(id));
        }
    }
}
