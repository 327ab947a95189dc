use template::aks::{Cluster, Slot};
use template::value::{Piece, Value};

use crate::feature::{place_of, value_of};
use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds private clusters with a private DNS zone of their own whose control plane is `SystemAssigned`.
    ///
    /// ## Why is this a problem
    /// The control plane writes a record into the zone while the cluster is created, so it needs the role Private DNS Zone
    /// Contributor before that. A system-assigned identity does not exist by then: AKS refuses it with
    /// `SystemAssignedIdentityNotSupportedForCustomPrivateDNSZone`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "apiServerAccessProfile": {
    ///     "enablePrivateCluster": true,
    ///     "privateDNSZone": "[resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io')]"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   apiServerAccessProfile: {
    ///     enablePrivateCluster: true
    ///     privateDNSZone: resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io')
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "apiServerAccessProfile": {
    ///   "enablePrivateCluster": true,
    ///   "privateDNSZone": "[resourceId('Microsoft.Network/privateDnsZones', 'privatelink.westeurope.azmk8s.io')]"
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: 'system' } }
    /// ```
    ///
    /// ## Fix
    /// Gives the control plane a user-assigned identity, which needs Private DNS Zone Contributor on the zone and Network
    /// Contributor on the network. Or leaves the zone to AKS: `system`.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/private-clusters>
    pub(crate) struct PrivateDnsNeedsUserAssigned {
        code: "private-dns-needs-user-assigned",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const PATH: [&str; 3] = ["properties", "apiServerAccessProfile", "privateDNSZone"];

impl Rule for PrivateDnsNeedsUserAssigned {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        ctx.needs_user_assigned(cluster, &cluster.slots(&PATH), |slot, _| {
            if !is_zone(slot) {
                return None;
            }
            let system = slot.property.and_then(|property| {
                let fix = ctx.rewrite().replace(value_of(ctx, property)?, New::str("system"));
                fix.fix("Leave the zone to AKS: `system`", Applicability::Unsafe)
            });
            let message = "a private DNS zone of your own needs a `UserAssigned` control plane";
            Some(
                Finding::at(place_of(ctx, slot)?, message)
                    .help("Give the cluster a user-assigned identity that has Private DNS Zone Contributor on the zone")
                    .origin(ctx, slot)
                    .fix(system),
            )
        });
    }
}

/// Whether it is the ID of a zone, and not a word.
fn is_zone(slot: &Slot) -> bool {
    if slot.depth != PATH.len() {
        return false;
    }
    match &slot.value {
        Value::Read(_) => true,
        Value::Str(text) => {
            let has_slash = |piece: &Piece| match piece {
                Piece::Text(text) => text.contains('/'),
                Piece::Id(_) | Piece::Read(_) => true,
                Piece::Unknown(_) => false,
            };
            text.pieces().iter().any(has_slash)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn cluster(head: &str, zone: &str) -> String {
        format!(
            "{head}resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'SystemAssigned' }}
  properties: {{
    apiServerAccessProfile: {{
      privateDNSZone: {zone}
    }}
  }}
}}
"
        )
    }

    #[test]
    fn words_and_what_may_be_a_word_are_fine() {
        check(RULE, &cluster("", "'none'"));
        check(RULE, &cluster("", "'System'"));
        check(RULE, &cluster("param zone string\n", "zone"));
        check(RULE, &cluster("param zone string = 'system'\n", "zone"));
        check(RULE, &cluster("", "null"));
    }

    #[test]
    fn says_when_the_zone_is_used() {
        check(
            RULE,
            &cluster(
                "param own bool
resource zone 'Microsoft.Network/privateDnsZones@2020-06-01' existing = { name: 'z' }
",
                "own ? zone.id : 'system'
      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[private-dns-needs-user-assigned]: `UserAssigned` control plane",
            ),
        );
    }
}
