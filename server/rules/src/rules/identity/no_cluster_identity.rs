use template::aks::{Cluster, IdentityBlock};
use template::value::Value;

use crate::feature::is_partial;
use crate::offers::{Offer, control_planes};
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that have neither an `identity` nor a `servicePrincipalProfile`.
    ///
    /// ## Why is this a problem
    /// A cluster acts on Azure with an identity of its own. Creating one without is refused before anything is made:
    /// `Required parameter servicePrincipalProfile is missing (null).`
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": { "dnsPrefix": "aks", "agentPoolProfiles": [] }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: { dnsPrefix: 'aks', agentPoolProfiles: [] }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": { "dnsPrefix": "aks", "agentPoolProfiles": [] }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: { dnsPrefix: 'aks', agentPoolProfiles: [] }
    /// ```
    ///
    /// ## Fix
    /// Adds a system-assigned identity, or a user-assigned one that the template declares.
    ///
    /// ## When not to use it
    /// A template that only updates an existing cluster may leave the identity out. One that has neither `dnsPrefix` nor
    /// `agentPoolProfiles` is taken for such a template and not reported.
    ///
    /// ## References
    /// Azure/azure-cli#12219, Azure/AKS#4528.
    pub(crate) struct NoClusterIdentity {
        code: "no-cluster-identity",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for NoClusterIdentity {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        if is_partial(cluster) {
            return;
        }
        // At the wrong level they are `identity-misplaced`, which moves them.
        let misplaced = [&["properties", "identity"][..], &["servicePrincipalProfile"]];
        if misplaced.iter().any(|path| cluster.slots(path).iter().any(|case| !case.value.is_absent())) {
            return;
        }
        let principals = cluster.slots(&["properties", "servicePrincipalProfile"]);
        let cases = ctx.eval.join(cluster.identities(), &principals);
        ctx.judge(&cases, |case| {
            let (identity, principal) = case.value;
            if !matches!(identity.block, IdentityBlock::Absent) || !principal.is_absent() {
                return None;
            }
            let message = "the cluster has neither an `identity` nor a `servicePrincipalProfile`";
            Some(
                Finding::at(cluster.header(), message)
                    .help("Creating a cluster needs one of them; a managed identity is the simpler one")
                    .fix(fixes(ctx, cluster)),
            )
        });
    }
}

fn fixes(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) -> Vec<Fix> {
    let body = cluster.eval.body(cluster.resource);
    let Some((Value::Object(_), Some(place))) = body.iter().next().map(|body| (&body.value, body.place)) else {
        return Vec::new();
    };
    let insert = |block| ctx.rewrite().set(place, At::Before("properties"), "identity", block);
    let system = insert(New::object([("type", New::str("SystemAssigned"))]));
    let mut fixes: Vec<Fix> = system.fix("Add a system-assigned identity", Applicability::Unsafe).into_iter().collect();
    for offer in control_planes(ctx, cluster) {
        let map = New::Object(vec![(offer.id(), New::empty_object())]);
        let block = New::object([("type", New::str("UserAssigned")), ("userAssignedIdentities", map)]);
        let title = match &offer {
            Offer::Declared(_) => format!("Add {} as user-assigned identity", offer.label(ctx)),
            Offer::New(_) => "Add a new user-assigned identity".to_owned(),
        };
        fixes.extend(offer.declare(insert(block), cluster.resource).fix(title, Applicability::Unsafe));
    }
    fixes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    #[test]
    fn stays_silent_about_existing_and_partial_clusters() {
        check(
            RULE,
            "resource old 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'old' }
resource metrics 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'deployed'
  location: 'westeurope'
  properties: { azureMonitorProfile: { metrics: { enabled: true } } }
}
",
        );
    }

    #[test]
    fn stays_silent_when_either_may_be_there() {
        check(
            RULE,
            "param principal object
param more object
resource a 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'a'
  properties: { dnsPrefix: 'a', servicePrincipalProfile: principal }
}
resource b 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'b'
  properties: union({ dnsPrefix: 'b' }, more)
}
",
        );
    }

    #[test]
    fn one_at_the_wrong_level_is_not_missing() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: { dnsPrefix: 'aks', identity: { type: 'SystemAssigned' } }
}
",
        );
    }

    #[test]
    fn names_the_case_in_which_both_are_missing() {
        check(
            RULE,
            "param own bool
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[no-cluster-identity]: neither
  name: 'aks'
  identity: own ? { type: 'SystemAssigned' } : null
  properties: { dnsPrefix: 'aks' }
}
",
        );
    }
}
