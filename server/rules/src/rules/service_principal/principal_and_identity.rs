use template::aks::{Cluster, IdentityBlock, Kind};
use template::value::{Piece, Value, Why};

use crate::refactor::drop_principal;
use crate::{Applicability, Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds clusters that have a managed identity and a real service principal.
    ///
    /// ## Why is this a problem
    /// A cluster has one or the other. The CLI refuses to take both; what the service makes of the pair is not documented. Either
    /// way one of the two is not what the cluster uses, and the principal's secret lies around for nothing.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {
    ///   "servicePrincipalProfile": { "clientId": "11111111-1111-1111-1111-111111111111", "secret": "[null()]" }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'SystemAssigned' }
    /// properties: {
    ///   servicePrincipalProfile: { clientId: '11111111-1111-1111-1111-111111111111' }
    /// }
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
    /// Drops the principal, and its parameters where nothing else uses them.
    ///
    /// ## When not to use it
    /// Always use it. A client ID that may be `msi` is not reported. One that has to be given as a parameter is, under the
    /// condition that it is not `msi`.
    ///
    /// ## References
    /// `az aks create` (azure-cli 2.91.0): `Cannot specify --enable-managed-identity and --service-principal/--client-secret
    /// at same time`.
    pub(crate) struct PrincipalAndIdentity {
        code: "principal-and-identity",
        family: ServicePrincipal,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for PrincipalAndIdentity {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let profiles = cluster.slots(&["properties", "servicePrincipalProfile"]);
        let cases = ctx.eval.join(cluster.identities(), &profiles);
        ctx.judge(&cases, |case| {
            let (identity, profile) = case.value;
            let IdentityBlock::Object { kind: Kind::SystemAssigned | Kind::UserAssigned, kind_slot, .. } =
                &identity.block
            else {
                return None;
            };
            if !matches!(profile.value, Value::Object(_)) {
                return None;
            }
            let clients = ctx.eval.slots_in(profile, &case.when, &["clientId"]);
            let secrets = ctx.eval.slots_in(profile, &case.when, &["secret"]);
            let has_secret = !secrets.is_empty() && secrets.iter().all(|secret| !secret.value.is_absent());
            let judged: Vec<Client> =
                clients.iter().map(|client| Client::of(ctx, &client.value.value, has_secret)).collect();
            if judged.is_empty() || judged.contains(&Client::MaybeMsi) {
                return None;
            }
            let property = profile.property?;
            let mut finding = Finding::at(
                ctx.eval.key_location(property)?,
                "the cluster has both a service principal and a managed identity; it uses one of them",
            )
            .help("Drop `servicePrincipalProfile`");
            if let Some(location) = ctx.eval.written_at(kind_slot) {
                finding = finding.related(location, "the managed identity is switched on here");
            }
            if let Some(unless) = judged.iter().find_map(Client::condition) {
                finding = finding.when(unless);
            }
            let fix = drop_principal(ctx.rewrite(), ctx.eval, property);
            Some(finding.fix(fix.and_then(|fix| fix.fix("Drop the service principal", Applicability::Unsafe))))
        });
    }
}

/// What a client ID is.
#[derive(PartialEq)]
enum Client {
    /// That of an application.
    Real,
    /// Whatever somebody has to give, named.
    Required(String),
    /// `msi`, nothing, or not known.
    MaybeMsi,
}

impl Client {
    fn of(ctx: &Ctx<'_>, client: &Value, has_secret: bool) -> Self {
        let unknown = match client {
            Value::Str(text) => match (text.literal(), text.pieces()) {
                (Some(known), _) if known.is_empty() || known.eq_ignore_ascii_case("msi") => return Self::MaybeMsi,
                (Some(_), _) => return Self::Real,
                (None, [Piece::Unknown(unknown)]) => Some(*unknown),
                (None, _) => None,
            },
            Value::Unknown(unknown) => Some(*unknown),
            Value::Read(_) => None,
            _ => return Self::MaybeMsi,
        };
        if has_secret {
            return Self::Real;
        }
        let Some(Why::Parameter(scope, index)) = unknown.map(|unknown| unknown.why) else { return Self::MaybeMsi };
        match ctx.eval.template(scope).parameters.get(index as usize) {
            Some(parameter) if parameter.default.is_none() => Self::Required(parameter.name.to_string()),
            _ => Self::MaybeMsi,
        }
    }

    /// When it is real, if that has to be said.
    fn condition(&self) -> Option<String> {
        match self {
            Self::Required(parameter) => Some(format!("`{parameter}` is not 'msi'")),
            Self::Real | Self::MaybeMsi => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    fn cluster(parameters: &str, profile: &str) -> String {
        format!(
            "{parameters}resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: {{ type: 'SystemAssigned' }}
  properties: {{
    dnsPrefix: 'aks'
{profile}  }}
}}
"
        )
    }

    #[test]
    fn a_client_id_that_may_be_msi_is_fine() {
        let profile = "    servicePrincipalProfile: { clientId: id, secret: secret }\n";
        check(RULE, &cluster("param id string = 'msi'\n@secure()\nparam secret string = ''\n", profile));
    }

    #[test]
    fn a_client_id_that_must_be_given_is_hardly_msi() {
        let profile = "    servicePrincipalProfile: { clientId: id }
    ^^^^^^^^^^^^^^^^^^^^^^^ warning[principal-and-identity]: it uses one of them
";
        check(RULE, &cluster("param id string\n", profile));
    }

    #[test]
    fn the_parameters_go_with_it() {
        let parameters = "param id string\n\n@secure()\nparam secret string\n\n";
        let profile = "    servicePrincipalProfile: {\n      clientId: id\n      secret: secret\n    }\n";
        check_fix(RULE, &cluster(parameters, profile), &cluster("", ""));
    }
}
