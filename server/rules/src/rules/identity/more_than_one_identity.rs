use template::aks::{Cluster, IdEntry, IdentityBlock, Ids, Kind};
use template::eval::Place;

use crate::identity_id::{are_from_list, list_argument};
use crate::offers::MAX_OFFERS;
use crate::refactor::{distinct, entry_to_kubelet, extra, is_alone};
use crate::{Applicability, Ctx, Finding, Fix, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that name more than one user-assigned identity.
    ///
    /// ## Why is this a problem
    /// `userAssignedIdentities` is a map, but AKS takes exactly one entry and says so while it creates the cluster: `The count
    /// of user assigned identity specified in identity.userAssignedIdentities is 2, while expected value is 1.` The second
    /// one is mostly meant for the nodes, and has its own place: `properties.identityProfile.kubeletidentity`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": {
    ///   "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {},
    ///   "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]": {}
    /// }
    /// ```
    /// ```bicep,frame=identity
    /// type: 'UserAssigned'
    /// userAssignedIdentities: {
    ///   '${mi.id}': {}
    ///   '${kmi.id}': {}
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } },
    /// "properties": {
    ///   "dnsPrefix": "aks",
    ///   "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// properties: {
    ///   dnsPrefix: 'aks'
    ///   identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Makes one of them the identity of the kubelet: the one whose name says so, else the last one. Or removes it.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// hashicorp/terraform-provider-azurerm#16890, and the description of the property since 2020-06-01.
    pub(crate) struct MoreThanOneIdentity {
        code: "more-than-one-identity",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for MoreThanOneIdentity {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.judge(cluster.identities(), |case| {
            let IdentityBlock::Object { kind, ids: Ids::Map { entries, .. }, ids_slot, .. } = &case.value.block else {
                return None;
            };
            // With another type the map as a whole is the mistake.
            if matches!(kind, Kind::SystemAssigned | Kind::None) {
                return None;
            }
            let distinct = distinct(ctx.eval, entries, ids_slot);
            if distinct.len() < 2 {
                return None;
            }
            // The caller of the module is told.
            if are_from_list(&distinct) && list_argument(ctx, ids_slot).is_some() {
                return None;
            }
            let extra = extra(ctx, cluster, &distinct);
            let entry = distinct[extra];
            let at = match entry.property.and_then(|property| ctx.eval.key_location(property)) {
                Some(at) => at,
                None => ctx.eval.written_at(ids_slot)?,
            };
            let message =
                format!("`userAssignedIdentities` names {} identities; AKS takes exactly one", distinct.len());
            let mut finding = Finding::at(at, message)
                .help("Keep the one of the control plane; the nodes' own goes to `properties.identityProfile.kubeletidentity`");
            for (number, other) in distinct.iter().enumerate().filter(|(number, _)| *number != extra) {
                let location = other.property.and_then(|property| ctx.eval.key_location(property));
                if let Some(location) = location.filter(|location| *location != at) {
                    let nth = if number == 0 { "one identity is named here" } else { "another one here" };
                    finding = finding.related(location, nth);
                }
            }
            let removals = distinct.iter().rev().take(MAX_OFFERS).filter(|entry| is_alone(&distinct, entry));
            let removals = removals.filter_map(|entry| remove(ctx, entry));
            let to_kubelet =
                is_alone(&distinct, entry).then(|| entry_to_kubelet(ctx.eval, cluster, entry)).flatten();
            Some(finding.fix(to_kubelet).fix(removals))
        });
    }
}

fn remove(ctx: &Ctx<'_>, entry: &IdEntry) -> Option<Fix> {
    let property = entry.property?;
    let (_, written) = ctx.eval.property(property)?;
    let key = ctx.eval.source(Place { scope: property.object.scope, expr: written.key });
    let rewrite = ctx.rewrite().remove(property.object, &[property.number as usize]);
    rewrite.fix(format!("Remove {key}"), Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix, check_no_fix};

    const IDENTITIES: &str =
        "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource kubelet 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'nodes' }
";

    fn cluster(ids: &str) -> String {
        format!(
            "{IDENTITIES}resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{
    type: 'UserAssigned'
    userAssignedIdentities: {ids}
  }}
  properties: {{
    dnsPrefix: 'aks'
  }}
}}
"
        )
    }

    #[test]
    fn the_same_identity_twice_is_not_two() {
        check(
            RULE,
            &cluster(
                "{ '${mi.id}': {}, '${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'MI')}': {} }",
            ),
        );
    }

    #[test]
    fn stays_silent_about_lists_of_unknown_length() {
        check(
            RULE,
            &format!(
                "param ids array
{}",
                cluster("toObject(ids, id => id, id => {})")
            ),
        );
    }

    #[test]
    fn counts_what_a_lambda_makes() {
        check(
            RULE,
            &cluster(
                "reduce(map([mi.id, kubelet.id], id => { '${id}': {} }), {}, (cur, next) => union(cur, next))
                                                                    ^^^^^^^ error[more-than-one-identity]: names 2 identities",
            ),
        );
    }

    #[test]
    fn leaves_alone_what_makes_all_of_them() {
        check_no_fix(
            RULE,
            &cluster("reduce(map([mi.id, kubelet.id], id => { '${id}': {} }), {}, (cur, next) => union(cur, next))"),
        );
    }

    #[test]
    fn moves_the_one_that_is_meant_for_the_nodes() {
        check_fix(
            RULE,
            &cluster("{\n      '${kubelet.id}': {}\n      '${mi.id}': {}\n    }"),
            &cluster("{\n      '${mi.id}': {}\n    }").replace(
                "dnsPrefix: 'aks'\n",
                "dnsPrefix: 'aks'\n    identityProfile: {\n      kubeletidentity: {\n        resourceId: kubelet.id\n      }\n    }\n",
            ),
        );
    }
    #[test]
    fn gives_the_nodes_none_where_the_control_plane_may_be_system_assigned() {
        let maybe = |entries: &str| {
            cluster("{}").replace(
                "identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: {}\n  }",
                &format!("identity: own ? {{ type: 'UserAssigned', userAssignedIdentities: {{ {entries} }} }} : {{ type: 'SystemAssigned' }}"),
            ) + "param own bool\n"
        };
        check_fix(RULE, &maybe("'${mi.id}': {}, '${kubelet.id}': {}"), &maybe("'${mi.id}': {}"));
    }
}
