use smallvec::SmallVec;
use template::Expr;
use template::aks::{Case, Slot};
use template::condition::{Atom, Conditions};
use template::expr::Ref;
use template::value::{ResourceRef, Value};

use crate::offers::label;
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds reads of the identity of an add-on that the cluster does not switch on.
    ///
    /// ## Why is this a problem
    /// AKS makes the identity of an add-on when the add-on is switched on. Until then the cluster does not report it, and the
    /// deployment fails: the language expression property doesn't exist.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').addonProfiles.azureKeyvaultSecretsProvider.identity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "dnsPrefix": "aks",
    ///   "agentPoolProfiles": [{ "name": "system", "count": 1, "vmSize": "Standard_D4s_v5", "mode": "System" }],
    ///   "addonProfiles": { "azureKeyvaultSecretsProvider": { "enabled": true } }
    /// },
    /// "identity": { "type": "SystemAssigned" }
    /// },
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').addonProfiles.azureKeyvaultSecretsProvider.identity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// ```
    /// ```bicep,frame=cluster
    ///   identity: { type: 'SystemAssigned' }
    ///   properties: {
    ///     dnsPrefix: 'aks'
    ///     agentPoolProfiles: [{ name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }]
    ///     addonProfiles: { azureKeyvaultSecretsProvider: { enabled: true } }
    ///   }
    /// }
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(aks.id, 'pull')
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    ///     principalId: aks.properties.addonProfiles.azureKeyvaultSecretsProvider.identity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// ```
    ///
    /// ## Fix
    /// Switches the add-on on.
    ///
    /// ## When not to use it
    /// When the add-on is switched on by something else, such as a policy. Azure Policy for clusters is never reported: what it reports depends on its version.
    pub(crate) struct AddonIdentityNotAvailable {
        code: "addon-identity-not-available",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for AddonIdentityNotAvailable {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        // One add-on is read in many places.
        let mut switches: Vec<(ResourceRef, String, Vec<Case<Slot>>)> = Vec::new();
        for at in ctx.reads().iter().filter(|at| !at.safe) {
            let path = at.path();
            let path: SmallVec<[&str; 6]> = path.iter().map(String::as_str).collect();
            let (place, name): (SmallVec<[&str; 4]>, &str) = match path.as_slice() {
                ["properties", "addonprofiles", key, "identity", ..] if *key != "*" && *key != "azurepolicy" => {
                    (SmallVec::from_slice(&["properties", "addonProfiles", key]), &at.read.path[2])
                }
                ["properties", "ingressprofile", "webapprouting", "identity", ..] => {
                    (SmallVec::from_slice(&["properties", "ingressProfile", "webAppRouting"]), "webAppRouting")
                }
                _ => continue,
            };
            let Some(cluster) = ctx.eval.cluster_of(&at.id) else { continue };
            let reads: Vec<Case<()>> = at.when.iter().map(|when| Case { when: when.clone(), value: () }).collect();
            let key = place.join(".");
            let known = switches.iter().position(|(of, path, _)| *of == cluster && *path == key);
            let known = known.unwrap_or_else(|| {
                let mut path = place;
                path.push("enabled");
                switches.push((cluster, key, ctx.eval.slots(cluster, &path)));
                switches.len() - 1
            });
            let cases = ctx.eval.join(&reads, &switches[known].2);
            let conditional = cases.len() > 1;
            ctx.judge(&cases, |case| {
                let ((), enabled) = case.value;
                if !matches!(enabled.value, Value::Null | Value::Bool(false)) {
                    return None;
                }
                let message = format!("`{}` does not switch on `{name}`, so that has no identity", label(ctx, cluster));
                let place = ctx.eval.written_at(enabled).unwrap_or_else(|| ctx.eval.header(cluster));
                let finding = Finding::at(ctx.eval.location(at.place), message)
                    .help("Switch it on, or read its identity under the same condition")
                    .related(place, "the cluster")
                    .fix(switch_on(ctx, cluster, enabled, &place_in(name, enabled)).filter(|_| !conditional));
                Some(if is_on_by_default(ctx, &case.when) { finding.severity(Severity::Info) } else { finding })
            });
        }
    }
}

/// Whether the conditions contradict the defaults of the parameters they are about: as long as nobody sets these, all is well.
fn is_on_by_default(ctx: &Ctx<'_>, when: &Conditions) -> bool {
    when.literals().iter().any(|literal| {
        let (Atom::Holds(_), Some(place)) = ctx.eval.atom(literal.atom) else { return false };
        let names = ctx.eval.names_of(place.scope);
        let template = ctx.eval.template(names);
        let Expr::Ref(Ref::Parameter(name)) = ctx.eval.template(place.scope).expr(place.expr) else { return false };
        let default = template.parameter(name).and_then(|parameter| parameter.default);
        default.is_some_and(|default| matches!(template.expr(default), Expr::Bool(value) if *value != literal.holds))
    })
}

/// What of the path is missing below the object that is there.
fn place_in(name: &str, enabled: &Slot) -> Vec<String> {
    let all = if name == "webAppRouting" {
        ["properties", "ingressProfile", name, "enabled"]
    } else {
        ["properties", "addonProfiles", name, "enabled"]
    };
    all[enabled.depth.min(3)..].iter().map(|&name| name.to_owned()).collect()
}

fn switch_on(ctx: &Ctx<'_>, cluster: ResourceRef, enabled: &Slot, missing: &[String]) -> Option<Fix> {
    let title = "Switch it on";
    if let Some(place) = enabled.place {
        let literal = matches!(ctx.eval.template(place.scope).expr(place.expr), Expr::Bool(false));
        return ctx.rewrite().replace(place, New::Bool(true)).fix(title, Applicability::Unsafe).filter(|_| literal);
    }
    let holder = enabled.holder.filter(|holder| holder.scope == cluster.scope)?;
    let (first, rest) = missing.split_first()?;
    let value = rest.iter().rev().fold(New::Bool(true), |inner, name| New::object([(name.as_str(), inner)]));
    ctx.rewrite().insert(holder, At::Last, first, value).fix(title, Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::{check, check_fix};

    fn template(addons: &str, read: &str) -> String {
        format!(
            "param monitor bool = true
param ingress bool = false
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  properties: {{
    dnsPrefix: 'aks'{addons}
  }}
}}
output value string = {read}
"
        )
    }

    #[test]
    fn what_is_read_must_be_there() {
        let read = "aks.properties.addonProfiles.omsagent.identity.objectId";
        check_fix(
            RULE,
            &template("", read),
            &template("\n    addonProfiles: {\n      omsagent: {\n        enabled: true\n      }\n    }", read),
        );
        let off = "\n    addonProfiles: { omsAgent: { enabled: false } }";
        check_fix(RULE, &template(off, read), &template(&off.replace("false", "true"), read));
        check(RULE, &template("\n    addonProfiles: { omsAgent: { enabled: true } }", read));
        check(RULE, &template("", "aks.properties.addonProfiles.?omsagent.?identity.?objectId"));
        check(RULE, &template("", "aks.properties.addonProfiles.azurepolicy.identity.objectId"));
    }

    #[test]
    fn conditions_belong_together() {
        let addons =
            "\n    addonProfiles: { ingressApplicationGateway: { enabled: ingress }, omsagent: { enabled: monitor } }";
        let gateway = "aks.properties.addonProfiles.ingressApplicationGateway.identity.objectId";
        check(RULE, &template(addons, &format!("ingress ? {gateway} : ''")));
        let mark = |text: String, read: &str, level: &str| {
            format!(
                "{text}                      {} {level}[addon-identity-not-available]: does not switch on\n",
                "^".repeat(read.len())
            )
        };
        check(RULE, &mark(template(addons, gateway), gateway, "warning"));
        let monitor = "aks.properties.addonProfiles.omsagent.identity.objectId";
        check(RULE, &mark(template(addons, monitor), monitor, "info"));
    }
}
