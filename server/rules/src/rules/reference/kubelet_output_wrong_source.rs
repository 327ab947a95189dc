use template::Expr;
use template::eval::{Place, ScopeId};
use template::reads::Part;
use template::value::{Read, Target};

use crate::{Applicability, Ctx, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds outputs that are called after the kubelet and give the principal of the control plane, or the other way round.
    ///
    /// ## Why is this a problem
    /// A cluster has several identities. Who uses the output gives roles to the wrong one: images cannot be pulled, or the nodes get
    /// what only the control plane should have. Only outputs whose name says one of the two, and whose value is certainly the
    /// other one, are reported.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "kubeletPrincipalId": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01', 'Full').identity.principalId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output kubeletPrincipalId string = aks.identity.principalId
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "kubeletPrincipalId": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01').identityProfile.kubeletidentity.objectId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output kubeletPrincipalId string = aks.properties.identityProfile.kubeletidentity.objectId
    /// ```
    ///
    /// ## Fix
    /// Reads the one that the name says.
    ///
    /// ## When not to use it
    /// When names are fixed by others.
    pub(crate) struct KubeletOutputWrongSource {
        code: "kubelet-output-wrong-source",
        family: Reference,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for KubeletOutputWrongSource {
    fn check_template(&self, ctx: &Ctx<'_>, scope: ScopeId) {
        for output in &ctx.eval.template(scope).outputs {
            let Some(says_kubelet) = said(output.name.as_str()) else { continue };
            for alternative in ctx.eval.value(Place { scope, expr: output.value }).iter() {
                let Some((read, place)) = alternative.value.read().zip(alternative.place) else { continue };
                let (what, fix) = match (ctx.eval.part_of(read), says_kubelet) {
                    (Some((Part::ControlPlane, property)), true) => {
                        let fix = kubelet(ctx, read, place).filter(|_| property.eq_ignore_ascii_case("principalId"));
                        ("the control plane", fix)
                    }
                    (Some((Part::Kubelet, _)), false) => ("the kubelet", None),
                    _ => continue,
                };
                let message = format!("the output `{}` is that of {what}", output.name);
                ctx.report(
                    Finding::at(ctx.eval.location(place), message)
                        .help("The identities of kubelet and control plane get different roles")
                        .fix(fix),
                );
            }
        }
    }
}

/// The principal of the kubelet of the cluster that is read.
fn kubelet(ctx: &Ctx<'_>, read: &Read, place: Place) -> Option<Fix> {
    let path = ["properties", "identityProfile", "kubeletidentity", "objectId"];
    let right = match (ctx.eval.reference_of(place), &read.target) {
        (Some(call), _) => {
            let Expr::Call(written) = ctx.eval.template(call.scope).expr(call.expr) else { return None };
            let arguments = written.arguments.iter().take(2).map(|expr| New::Copy(Place { expr: *expr, ..call }));
            let properties = New::Call("reference", arguments.collect());
            New::Member(Box::new(properties), path[1..].iter().map(|&name| name.to_owned()).collect())
        }
        (None, Target::Declared(cluster)) if cluster.scope == place.scope => New::read(*cluster, &path.join(".")),
        _ => return None,
    };
    ctx.rewrite().replace(place, right).fix("Read that of the kubelet", Applicability::Unsafe)
}

/// Whether a name says kubelet, or control plane.
fn said(name: &str) -> Option<bool> {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    match (has(&["kubelet", "agentpool", "nodepool"]), has(&["controlplane", "clusteridentity"])) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing::check;

    #[test]
    fn compares_name_and_value() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
output kubeletId string = aks.properties.identityProfile.kubeletidentity.objectId
output principal string = aks.identity.principalId
output controlPlanePrincipalId string = aks.properties.identityProfile.kubeletidentity.objectId
                                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ warning[kubelet-output-wrong-source]: that of the kubelet
output kubeletAndControlPlane string = aks.identity.principalId
",
        );
    }
}
