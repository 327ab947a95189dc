use template::aks::{Cluster, IdentityBlock, Kind};
use template::value::Value;

use crate::{Applicability, At, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds a `servicePrincipalProfile` with the client ID `msi` on a cluster that has no managed identity.
    ///
    /// ## Why is this a problem
    /// `msi` is what a cluster with a managed identity reports in this place. It does not switch the identity on: without an
    /// `identity` block the cluster has neither, and cannot be created.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": { "servicePrincipalProfile": { "clientId": "msi" } }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: { servicePrincipalProfile: { clientId: 'msi' } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {}
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { servicePrincipalProfile: { clientId: 'msi' } }
    /// ```
    ///
    /// ## Fix
    /// Adds a system-assigned identity and drops the profile.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// MicrosoftDocs/azure-docs#56664.
    pub(crate) struct MsiWithoutIdentity {
        code: "msi-without-identity",
        family: ServicePrincipal,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for MsiWithoutIdentity {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let clients = cluster.slots(&["properties", "servicePrincipalProfile", "clientId"]);
        let cases = ctx.eval.join(cluster.identities(), &clients);
        ctx.judge(&cases, |case| {
            let (identity, client) = case.value;
            if !client.value.literal().is_some_and(|client| client.eq_ignore_ascii_case("msi")) || client.depth < 3 {
                return None;
            }
            let has_none = match &identity.block {
                IdentityBlock::Absent => true,
                IdentityBlock::Object { kind, .. } => *kind == Kind::None,
                _ => false,
            };
            if !has_none {
                return None;
            }
            let message = "`servicePrincipalProfile.clientId` is `msi`, but the cluster has no managed identity";
            let block = New::object([("type", New::str("SystemAssigned"))]);
            let rewrite = match (&identity.block, identity.slot.place, identity.slot.holder) {
                (IdentityBlock::Absent, _, Some(body)) => {
                    ctx.rewrite().set(body, At::Before("properties"), "identity", block)
                }
                (IdentityBlock::Object { kind_slot, .. }, ..) => {
                    ctx.rewrite().replace(kind_slot.place?, New::str("SystemAssigned"))
                }
                _ => return None,
            };
            let properties = properties(ctx, cluster);
            let fix = properties.and_then(|properties| {
                let rewrite = rewrite.remove_property(properties, "servicePrincipalProfile");
                rewrite.fix("Add a system-assigned identity and drop the profile", Applicability::Unsafe)
            });
            Some(
                Finding::at(ctx.eval.written_at(client)?, message)
                    .help("Add an `identity` block; the profile can go then")
                    .fix(fix),
            )
        });
    }
}

/// The object `properties`, when there is a single one.
fn properties(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) -> Option<template::eval::Place> {
    match cluster.slots(&["properties"]).as_slice() {
        [only] if matches!(only.value.value, Value::Object(_)) => {
            only.value.place.filter(|&place| ctx.eval.is_braces(place))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn branches_that_agree_are_right() {
        check(
            RULE,
            "param principal string = 'msi'
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: principal == 'msi' ? { type: 'SystemAssigned' } : null
  properties: { servicePrincipalProfile: { clientId: principal } }
}
",
        );
    }
}
