use template::Expr;
use template::eval::{Place, ScopeId};
use template::expr::Member;

use super::client_id_as_principal::other_property;
use crate::{Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds outputs and module parameters whose name says one ID of an identity and whose value is another.
    ///
    /// ## Why is this a problem
    /// The client ID and the ID of the principal look alike, both are GUIDs, and nothing fails until one is used for the other: a role
    /// for nobody, a workload that signs in as nothing.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "kubeletObjectId": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01').identityProfile.kubeletidentity.clientId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output kubeletObjectId string = aks.properties.identityProfile.kubeletidentity.clientId
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=template
    /// {
    ///   "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    ///   "contentVersion": "1.0.0.0",
    ///   "parameters": { "aks": { "type": "string" } },
    ///   "resources": [],
    ///   "outputs": { "kubeletObjectId": { "type": "string", "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', parameters('aks')), '2025-05-01').identityProfile.kubeletidentity.objectId]" } }
    /// }
    /// ```
    /// ```bicep,frame=template
    /// resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
    ///
    /// output kubeletObjectId string = aks.properties.identityProfile.kubeletidentity.objectId
    /// ```
    ///
    /// ## Fix
    /// Reads what the name says.
    ///
    /// ## When not to use it
    /// When names are fixed by others.
    pub(crate) struct OutputClientIdConfusion {
        code: "output-client-id-confusion",
        family: Reference,
        severity: Hint,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for OutputClientIdConfusion {
    fn check_template(&self, ctx: &Ctx<'_>, scope: ScopeId) {
        for output in &ctx.eval.template(scope).outputs {
            let place = Place { scope, expr: output.value };
            check(ctx, output.name.as_str(), place);
        }
        for module in &ctx.eval.template(scope).modules {
            let Some(arguments) = module.arguments else { continue };
            let Expr::Object(object) = ctx.eval.template(scope).expr(arguments) else { continue };
            for member in &object.members {
                let Member::Property(property) = member else { continue };
                let Expr::Str(name) = ctx.eval.template(scope).expr(property.key) else { continue };
                let place = Place { scope, expr: property.value };
                check(ctx, name, place);
            }
        }
    }
}

fn check(ctx: &Ctx<'_>, name: &str, place: Place) {
    let Some(wants_client) = wanted(name) else { return };
    for alternative in ctx.eval.value(place).iter() {
        let Some(read) = alternative.value.read() else { continue };
        let Some((part, own)) = ctx.eval.part_of(read) else { continue };
        let is_client = own.eq_ignore_ascii_case("clientId");
        let is_object = ["principalId", "objectId"].iter().any(|one| own.eq_ignore_ascii_case(one));
        if !(if wants_client { is_object } else { is_client }) {
            continue;
        }
        let right = if wants_client { "clientId" } else { part.principal() };
        // The system-assigned identity of a cluster reports no client ID.
        let has_none = wants_client && read.path.len() == 2 && read.path[0].eq_ignore_ascii_case("identity");
        let own_place = alternative.place.filter(|own| own.scope == place.scope && !has_none);
        let fix = own_place.and_then(|place| other_property(ctx, place, right));
        ctx.report(
            Finding::at(
                ctx.eval.location(alternative.place.unwrap_or(place)),
                format!("`{name}` is given the `{own}` of an identity"),
            )
            .help(format!("Its name says `{right}`, which is another ID"))
            .fix(fix),
        );
    }
}

/// Whether a name says that something is a client ID, or the ID of a principal.
fn wanted(name: &str) -> Option<bool> {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    let name = name.strip_suffix("out").or(name.strip_suffix("output")).unwrap_or(&name);
    match name {
        _ if name.ends_with("clientid") || name.ends_with("applicationid") => Some(true),
        _ if name.ends_with("objectid") || name.ends_with("principalid") => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::testing;

    #[test]
    fn compares_name_and_value() {
        testing::check(
            RULE,
            "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
output identityClientId string = mi.properties.clientId
output identityPrincipalId string = mi.properties.principalId
output kubeletPrincipalId string = aks.properties.identityProfile.kubeletidentity.objectId
output anyId string = mi.properties.clientId
output client_id string = mi.properties.principalId
                          ^^^^^^^^^^^^^^^^^^^^^^^^^ hint[output-client-id-confusion]: given the `principalId`
",
        );
    }
}
