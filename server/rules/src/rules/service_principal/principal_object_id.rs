use template::aks::{Case, Cluster, IdentityBlock, Kind, Principal, Slot, is_guid};
use template::eval::Place;
use template::value::{Piece, Value, Why};

use crate::refactor::{principal_to_system_assigned, written};
use crate::{Applicability, At, Ctx, Finding, Fix, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds client IDs of `servicePrincipalProfile` that belong to a managed identity or are an object ID, and client IDs without a
    /// secret.
    ///
    /// ## Why is this a problem
    /// The profile wants the application (client) ID of a service principal and its secret; with these the cluster signs in. A
    /// managed identity has no secret, so it cannot stand here: it belongs in `identity`. An object ID names the same
    /// principal by another number, which nobody can sign in with: `ServicePrincipalNotFound`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": {
    ///     "clientId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')).principalId]",
    ///     "secret": "[parameters('clientSecret')]"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: { servicePrincipalProfile: { clientId: mi.properties.clientId } }
    /// ```
    /// ```json,frame=cluster
    /// "properties": {
    ///   "servicePrincipalProfile": { "clientId": "11111111-1111-1111-1111-111111111111" }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: {
    ///   servicePrincipalProfile: { clientId: '11111111-1111-1111-1111-111111111111' }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=identity
    /// "type": "UserAssigned",
    /// "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} }
    /// ```
    /// ```bicep,frame=cluster
    /// properties: {
    ///   servicePrincipalProfile: { clientId: clientId, secret: clientSecret }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Gives the cluster the managed identity that is meant, and drops the profile.
    ///
    /// ## When not to use it
    /// Always use it. That a secret is missing is a warning, and so is a parameter that is only named like an object ID.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/kubernetes-service-principal>
    pub(crate) struct PrincipalObjectId {
        code: "principal-object-id",
        family: ServicePrincipal,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for PrincipalObjectId {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let clients = cluster.slots(&["properties", "servicePrincipalProfile", "clientId"]);
        ctx.judge(&clients, |case| of_identity(ctx, cluster, &case.value).or_else(|| named_so(ctx, &case.value)));
        let profiles = cluster.slots(&["properties", "servicePrincipalProfile"]);
        let cases = ctx.eval.join(cluster.identities(), &profiles);
        ctx.judge(&cases, |case| {
            let (identity, profile) = case.value;
            // With a managed identity the principal is one too many, with or without a secret.
            let has_none = match &identity.block {
                IdentityBlock::Absent => true,
                IdentityBlock::Object { kind, .. } => *kind == Kind::None,
                _ => false,
            };
            if has_none {
                without_secret(ctx, cluster, &Case { when: case.when.clone(), value: profile.clone() })
            } else {
                None
            }
        });
    }
}

/// A property of a managed identity as the client ID.
fn of_identity(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, client: &Slot) -> Option<Finding> {
    let principal = ctx.eval.principal(&client.value)?;
    let (property, identity) = match &principal {
        Principal::Identity { id, property } => (property, id.declared),
        Principal::ControlPlane { property, .. }
        | Principal::Kubelet { property, .. }
        | Principal::Addon { property, .. } => (property, None),
    };
    let message = format!(
        "`servicePrincipalProfile.clientId` is the `{property}` of a managed identity, which is no service principal"
    );
    let fix = identity.and_then(|identity| to_identity(ctx, cluster, identity));
    Some(
        Finding::at(ctx.eval.written_at(client)?, message)
            .help("Give the cluster the identity in `identity.userAssignedIdentities`, and drop the profile")
            .origin(ctx, client)
            .fix(fix)
            .fix(principal_to_system_assigned(ctx.eval, cluster)),
    )
}

/// Makes the identity that is meant the one of the cluster.
fn to_identity(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, identity: template::value::ResourceRef) -> Option<Fix> {
    let [only] = cluster.identities() else { return None };
    if !matches!(only.value.block, IdentityBlock::Absent) || identity.scope != cluster.resource.scope {
        return None;
    }
    let map = New::Object(vec![(New::id(identity), New::empty_object())]);
    let block = New::object([("type", New::str("UserAssigned")), ("userAssignedIdentities", map)]);
    let profile = written(cluster, &["properties", "servicePrincipalProfile"])?;
    let rewrite = ctx.rewrite().set(only.value.slot.holder?, At::Before("properties"), "identity", block);
    let rewrite = crate::refactor::drop_principal(rewrite, ctx.eval, profile)?;
    let rewrite = match ctx.eval.depends_on(cluster.resource, identity) {
        Some(true) => rewrite,
        _ => rewrite.depend_unless_implied(cluster.resource, crate::write::Target::Declared(identity)),
    };
    let title = format!("Give the cluster the identity {}", crate::offers::label(ctx, identity));
    rewrite.fix(title, Applicability::Unsafe)
}

/// A parameter of which only its name is known, and that says that it is an object ID.
fn named_so(ctx: &Ctx<'_>, client: &Slot) -> Option<Finding> {
    let unknown = match &client.value {
        Value::Unknown(unknown) => unknown,
        Value::Str(text) => match text.pieces() {
            [Piece::Unknown(unknown)] => unknown,
            _ => return None,
        },
        _ => return None,
    };
    let Why::Parameter(scope, index) = unknown.why else { return None };
    let place: Place = client.place?;
    let is_itself = matches!(ctx.eval.template(place.scope).expr(place.expr), template::Expr::Ref(_));
    let parameter = ctx.eval.template(scope).parameters.get(index as usize).filter(|_| is_itself)?;
    let name = parameter.name.as_str();
    if !name.to_ascii_lowercase().ends_with("objectid") {
        return None;
    }
    let message = format!("`servicePrincipalProfile.clientId` takes `{name}`, which by its name is an object ID");
    Some(
        Finding::at(ctx.eval.written_at(client)?, message)
            .severity(Severity::Warning)
            .help("The profile wants the application (client) ID; name the parameter after it")
            .related(ctx.eval.in_file(scope, parameter.name_range), "the parameter is declared here"),
    )
}

/// A literal client ID that comes without a secret.
fn without_secret(ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>, profile: &Case<Slot>) -> Option<Finding> {
    let Value::Object(object) = &profile.value.value else { return None };
    if !object.is_closed() {
        return None;
    }
    let clients = ctx.eval.slots_in(&profile.value, &profile.when, &["clientId"]);
    let [client] = clients.as_slice() else { return None };
    if !client.value.value.literal().is_some_and(is_guid) {
        return None;
    }
    let is_missing = |name: &str| {
        let slots = ctx.eval.slots_in(&profile.value, &profile.when, &[name]);
        slots.iter().all(|slot| slot.value.is_absent())
    };
    if !is_missing("secret") || !is_missing("keyVaultSecretRef") {
        return None;
    }
    Some(
        Finding::at(
            ctx.eval.written_at(&client.value)?,
            "`servicePrincipalProfile` has a client ID but no `secret`, so the cluster cannot sign in",
        )
        .severity(Severity::Warning)
        .help("Pass the secret in a secure parameter, or use a managed identity")
        .fix(principal_to_system_assigned(ctx.eval, cluster)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(head: &str, identity: &str, profile: &str) -> String {
        format!(
            "{head}resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {{ name: 'mi' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
{identity}  properties: {{
    dnsPrefix: 'aks'
{profile}  }}
}}
"
        )
    }

    #[test]
    fn the_identity_takes_the_place_of_the_principal() {
        check_fix(
            RULE,
            &cluster("", "", "    servicePrincipalProfile: { clientId: mi.properties.principalId }\n"),
            &cluster(
                "",
                "  identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: {\n      '${mi.id}': {}\n    }\n  }\n",
                "",
            ),
        );
    }

    #[test]
    fn a_name_is_only_a_sign() {
        let profile = "    servicePrincipalProfile: { clientId: spObjectId, secret: s }\n                                         ^^^^^^^^^^ warning[principal-object-id]: by its name\n";
        check(RULE, &cluster("param spObjectId string\nparam s string\n", "", profile));
    }

    #[test]
    fn what_is_not_known_may_be_right() {
        for profile in [
            "    servicePrincipalProfile: { clientId: id }\n",
            "    servicePrincipalProfile: { clientId: id, secret: s }\n",
            "    servicePrincipalProfile: union({ clientId: '11111111-1111-1111-1111-111111111111' }, more)\n",
            "    servicePrincipalProfile: { clientId: more.spObjectId, secret: s }\n",
        ] {
            check(RULE, &cluster("param id string\nparam s string\nparam more object\n", "", profile));
        }
    }
}
