use rustc_hash::FxHashMap;
use template::aks::{CLUSTER, Case, Slot, is_guid};
use template::canon::CanonId;
use template::condition::Conditions;
use template::eval::{Evaluator, Place};
use template::value::{Piece, Read, ResourceRef, Str, Target, Value, Why};

use crate::feature::{place_of, value_of};
use crate::{Applicability, Ctx, Finding, New, Rule, Severity, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds federated credentials with which no pod of a cluster can get a token.
    ///
    /// ## Why is this a problem
    /// A federated credential says which tokens are exchanged for those of an identity: `issuer`, `subject` and `audiences` must
    /// be those of the token, letter by letter. The subject of a pod is `system:serviceaccount:<namespace>:<service account>`, the
    /// audience `api://AzureADTokenExchange`. An identity takes at most 20 of them, each with an issuer and subject of its
    /// own, and not several at a time.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource,expect=2
    /// {
    ///   "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    ///   "apiVersion": "2023-01-31",
    ///   "name": "mi/app",
    ///   "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"],
    ///   "properties": {
    ///     "issuer": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'other'), '2025-05-01').oidcIssuerProfile.issuerURL]",
    ///     "subject": "apps/shop",
    ///     "audiences": ["api://azureadtokenexchange"]
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource,expect=2
    /// resource other 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'other' }
    ///
    /// resource app 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
    ///   parent: mi
    ///   name: 'app'
    ///   properties: {
    ///     issuer: other.properties.oidcIssuerProfile.issuerURL
    ///     subject: 'system:serviceaccount:apps'
    ///     audiences: []
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
    ///   "apiVersion": "2023-01-31",
    ///   "name": "mi/app",
    ///   "dependsOn": ["[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]"],
    ///   "properties": {
    ///     "issuer": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'other'), '2025-05-01').oidcIssuerProfile.issuerURL]",
    ///     "subject": "system:serviceaccount:apps:shop",
    ///     "audiences": ["api://AzureADTokenExchange"]
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource other 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'other' }
    ///
    /// resource app 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
    ///   parent: mi
    ///   name: 'app'
    ///   properties: {
    ///     issuer: other.properties.oidcIssuerProfile.issuerURL
    ///     subject: 'system:serviceaccount:apps:shop'
    ///     audiences: ['api://AzureADTokenExchange']
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Completes the subject where namespace and service account are there, writes the audience as it is spelled, reads the issuer
    /// from the cluster.
    ///
    /// ## When not to use it
    /// Credentials for other issuers, such as those of pipelines, have other subjects and are left alone. Clouds other than the
    /// public one have other audiences; only a spelling of the usual one in other casing is reported, and a missing one.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/aks/workload-identity-overview>
    /// - <https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations>
    pub(crate) struct FederatedCredentialWrong {
        code: "federated-credential-wrong",
        family: Feature,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

/// The type of a federated credential.
pub(crate) const CREDENTIAL: &str = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials";
/// The audience of tokens in the public cloud.
const AUDIENCE: &str = "api://AzureADTokenExchange";
/// How a pod's subject begins.
const SUBJECT: &str = "system:serviceaccount:";
/// An identity takes as many credentials.
const LIMIT: usize = 20;

impl Rule for FederatedCredentialWrong {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        let mut seen: FxHashMap<(CanonId, Option<CanonId>), Vec<Credential>> = FxHashMap::default();
        for resource in ctx.eval.resources_of(CREDENTIAL) {
            if ctx.eval.resource(resource).existing {
                continue;
            }
            let issuers = ctx.eval.slots(resource, &["properties", "issuer"]);
            let subjects = ctx.eval.slots(resource, &["properties", "subject"]);
            let together = ctx.eval.join(&issuers, &subjects);
            ctx.judge(&together, |case| subject(ctx, case.value.0, case.value.1));
            ctx.judge(&issuers, |case| issuer(ctx, &case.value));
            let audiences = ctx.eval.slots(resource, &["properties", "audiences"]);
            audience(ctx, &ctx.eval.join(&issuers, &audiences));
            name(ctx, resource);
            let credential = Credential::of(ctx.eval, resource, &together);
            if let Some(identity) = credential.identity {
                let of_identity = seen.entry(identity).or_default();
                among(ctx, of_identity, &credential);
                of_identity.push(credential);
            }
        }
    }
}

/// What of a cluster's issuer a value is.
pub(crate) enum Issuer {
    /// It is read from a cluster.
    Read(std::rc::Rc<Read>),
    /// The URL of one is typed.
    Typed,
}

/// Whether a value is the issuer of a cluster.
pub(crate) fn cluster_issuer(value: &Value) -> Option<Issuer> {
    if let Some(read) = value.read() {
        let tail = read.path.len().checked_sub(2)?;
        let is_it = read.path[tail].eq_ignore_ascii_case("oidcIssuerProfile")
            && read.path[tail + 1].eq_ignore_ascii_case("issuerURL");
        let is_cluster = match &read.target {
            Target::Id(id) => id.is_type(CLUSTER) != Some(false),
            Target::Declared(_) | Target::Unknown(_) => true,
        };
        return (is_it && is_cluster).then(|| Issuer::Read(read.clone()));
    }
    let host = value.literal()?.strip_prefix("https://")?.split('/').next()?;
    (host.contains("oidc.prod-aks.") || host.contains(".oic.prod-aks.")).then_some(Issuer::Typed)
}

fn subject(ctx: &Ctx<'_>, issuer: &Slot, subject: &Slot) -> Option<Finding> {
    let Value::Str(text) = &subject.value else { return None };
    let first = match text.pieces().first()? {
        Piece::Text(first) => &**first,
        _ => return None,
    };
    let is_pods = cluster_issuer(&issuer.value).is_some() || first.starts_with(SUBJECT);
    let wrong = match text.literal() {
        Some(known) => {
            let parts: Vec<&str> = known.split(':').collect();
            !known.starts_with(SUBJECT) || parts.len() != 4 || parts.contains(&"")
        }
        // What is not known may have colons in it.
        None => !first.starts_with(SUBJECT) && !SUBJECT.starts_with(first),
    };
    if !is_pods || !wrong {
        return None;
    }
    let fix = text.literal().and_then(completed).zip(subject.place).and_then(|(completed, place)| {
        ctx.rewrite().replace(place, New::str(&completed)).fix(format!("Write '{completed}'"), Applicability::Safe)
    });
    let message = "`subject` is not that of a pod: `system:serviceaccount:<namespace>:<service account>`";
    Some(
        Finding::at(place_of(ctx, subject)?, message)
            .help("Name the namespace and the service account of the pod")
            .origin(ctx, subject)
            .fix(fix),
    )
}

/// The subject that is meant by a namespace and a service account in another form.
fn completed(subject: &str) -> Option<String> {
    let lower = subject.to_ascii_lowercase();
    let own = if lower.starts_with(SUBJECT) { &subject[SUBJECT.len()..] } else { subject };
    let (namespace, account) = own.split_once([':', '/'])?;
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
    };
    (is_name(namespace) && is_name(account)).then(|| format!("{SUBJECT}{namespace}:{account}"))
}

fn issuer(ctx: &Ctx<'_>, slot: &Slot) -> Option<Finding> {
    match cluster_issuer(&slot.value)? {
        Issuer::Typed => {
            let clusters: Vec<ResourceRef> = ctx
                .eval
                .resources_of(CLUSTER)
                .into_iter()
                .filter(|one| Some(one.scope) == slot.place.map(|place| place.scope))
                .collect();
            let [cluster] = clusters[..] else { return None };
            let read = New::read(cluster, "properties.oidcIssuerProfile.issuerURL");
            let place = value_of(ctx, slot.property?)?;
            let fix = ctx.rewrite().replace(place, read).fix("Read the issuer from the cluster", Applicability::Unsafe);
            let message = "`issuer` is typed; a cluster that is created anew has another one";
            Some(Finding::at(place_of(ctx, slot)?, message).severity(Severity::Info).fix(fix))
        }
        Issuer::Read(read) if read.path.last().is_some_and(|name| **name != *"issuerURL") => {
            let message = format!("the issuer is read as `{}`; the property is `issuerURL`", read.path.last()?);
            Some(Finding::at(place_of(ctx, slot)?, message).severity(Severity::Hint))
        }
        Issuer::Read(_) => None,
    }
}

fn audience(ctx: &Ctx<'_>, cases: &[Case<(&Slot, &Slot)>]) {
    ctx.judge(cases, |case| {
        let (issuer, audiences) = case.value;
        cluster_issuer(&issuer.value)?;
        let Value::Array(items) = &audiences.value else { return None };
        if !items.elements.is_empty() {
            return None;
        }
        let fix = audiences.place.and_then(|place| {
            let fix = ctx.rewrite().replace(place, New::Array(vec![New::str(AUDIENCE)]));
            fix.fix(format!("Add '{AUDIENCE}'"), Applicability::Safe)
        });
        let finding = Finding::at(place_of(ctx, audiences)?, "`audiences` is empty; no token has no audience");
        Some(
            finding
                .help(format!("Name '{AUDIENCE}', or that of the cloud it is in"))
                .severity(Severity::Warning)
                .fix(fix),
        )
    });
    for case in cases {
        let array = Case { when: case.when.clone(), value: case.value.1.clone() };
        ctx.judge(&ctx.eval.items(&array), |item| {
            let text = item.value.value.literal()?;
            if text == AUDIENCE || !text.eq_ignore_ascii_case(AUDIENCE) {
                return None;
            }
            let place = item.value.place?;
            let fix = ctx.rewrite().replace(place, New::str(AUDIENCE));
            Some(
                Finding::at(ctx.eval.location(place), format!("the audience is spelled `{AUDIENCE}`, in this casing"))
                    .severity(Severity::Warning)
                    .fix(fix.fix(format!("Write '{AUDIENCE}'"), Applicability::Safe)),
            )
        });
    }
}

fn name(ctx: &Ctx<'_>, resource: ResourceRef) {
    let id = ctx.eval.id_of(resource);
    let Some(name) = id.names.get(1).and_then(|name| name.literal()) else { return };
    let fits = (3..=120).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let Some(written) = ctx.eval.resource(resource).name.filter(|_| !fits && !is_guid(name)) else { return };
    let message =
        "the name of a federated credential has 3 to 120 letters, digits, `-` and `_`, a letter or digit first";
    ctx.report(Finding::at(ctx.eval.location(Place { scope: resource.scope, expr: written }), message));
}

/// What is compared with others of the same identity.
struct Credential {
    resource: ResourceRef,
    /// The name of the identity, and where that is.
    identity: Option<(CanonId, Option<CanonId>)>,
    /// Issuer and subject, when they do not depend on anything.
    token: Option<(CanonId, CanonId)>,
    deployed: Vec<Conditions>,
}

impl Credential {
    fn of(eval: &Evaluator<'_>, resource: ResourceRef, tokens: &[Case<(&Slot, &Slot)>]) -> Self {
        let id = eval.id_of(resource);
        let repeated = eval.resource(resource).repeat.is_some();
        let names = id.names.first().filter(|name| !repeated || !is_of_element(name));
        let token = match tokens {
            [only] if !repeated => match (text_of(&only.value.0.value), text_of(&only.value.1.value)) {
                (Some(issuer), Some(subject)) => {
                    Some((eval.canon_of_key(&issuer, None), eval.canon_of_key(&subject, None)))
                }
                _ => None,
            },
            _ => None,
        };
        Self {
            resource,
            identity: names.map(|name| (eval.canon_of_key(name, None), id.scope)),
            token,
            deployed: eval.deployed_when(resource),
        }
    }
}

/// Whether a text is another one for each element of a loop.
fn is_of_element(text: &Str) -> bool {
    text.pieces().iter().any(|piece| matches!(piece, Piece::Unknown(unknown) if unknown.why == Why::Element))
}

fn text_of(value: &Value) -> Option<Str> {
    match (value, value.read()) {
        (_, Some(read)) => Some(Str::piece(Piece::Read(read.clone()))),
        (Value::Str(text), None) => Some(text.clone()),
        _ => None,
    }
}

/// Compares a credential with those of the same identity before it.
fn among(ctx: &Ctx<'_>, seen: &[Credential], credential: &Credential) {
    let declared = ctx.eval.resource(credential.resource);
    let header = ctx.eval.header(credential.resource);
    let is_together = |other: &&Credential| {
        other.deployed.iter().any(|a| credential.deployed.iter().any(|b| ctx.eval.and(a, b).is_some()))
    };
    let others: Vec<&Credential> = seen.iter().filter(is_together).collect();
    if others.len() == LIMIT {
        ctx.report(Finding::at(
            header,
            format!("this is the {}st credential of the identity, which takes {LIMIT}", LIMIT + 1),
        ));
    }
    let twin = others.iter().find(|other| other.token.is_some() && other.token == credential.token);
    if let Some(twin) = twin {
        let unconditional = |one: &Credential| one.deployed.iter().any(Conditions::is_true);
        let mut finding = Finding::at(header, "another credential of the identity has the same issuer and subject")
            .related(ctx.eval.header(twin.resource), "this one");
        if !unconditional(twin) || !unconditional(credential) {
            finding = finding.when("both are deployed");
        }
        ctx.report(finding);
        return;
    }
    let help = "Credentials of one identity are to be written one after the other: chain them with `dependsOn`, or deploy the loop in batches of one";
    if declared.repeat.is_some() && !declared.in_batches {
        let message = "the loop writes credentials of one identity at the same time, which may be refused";
        ctx.report(Finding::at(header, message).help(help).severity(Severity::Info));
        return;
    }
    let waits = |one: ResourceRef, other: ResourceRef| ctx.eval.depends_on(one, other) != Some(false);
    let beside = others
        .iter()
        .find(|other| !waits(credential.resource, other.resource) && !waits(other.resource, credential.resource));
    if let Some(other) = beside {
        let message = "two credentials of one identity are written at the same time, which may be refused";
        let fix = (other.resource.scope == credential.resource.scope)
            .then(|| ctx.rewrite().depend(credential.resource, crate::write::Target::Declared(other.resource)))
            .and_then(|rewrite| rewrite.fix("Wait for the other one", Applicability::Safe));
        ctx.report(
            Finding::at(header, message)
                .help(help)
                .related(ctx.eval.header(other.resource), "the other one")
                .severity(Severity::Info)
                .fix(fix),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    const HEAD: &str =
        "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi' }
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = { name: 'aks' }
";

    fn credential(symbol: &str, rest: &str, subject: &str) -> String {
        format!(
            "resource {symbol} 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {{
  parent: mi
  name: '{symbol}'
  properties: {{
    issuer: aks.properties.oidcIssuerProfile.issuerURL
    subject: {subject}
    audiences: ['api://AzureADTokenExchange']
  }}
{rest}}}
"
        )
    }

    #[test]
    fn completes_the_subject() {
        check_fix(
            RULE,
            &format!("{HEAD}{}", credential("app", "", "'apps/shop'")),
            &format!("{HEAD}{}", credential("app", "", "'system:serviceaccount:apps:shop'")),
        );
    }

    #[test]
    fn leaves_open_subjects_and_other_issuers_alone() {
        check(RULE, &format!("param who string\n{HEAD}{}", credential("app", "", "'system:serviceaccount:${who}'")));
        check(RULE, &format!("param who string\n{HEAD}{}", credential("app", "", "who")));
        let github = credential("app", "", "'repo:a/b:ref:refs/heads/main'")
            .replace("aks.properties.oidcIssuerProfile.issuerURL", "'https://token.actions.githubusercontent.com'");
        check(RULE, &format!("{HEAD}{github}"));
    }

    #[test]
    fn credentials_of_one_identity_differ_and_wait_for_each_other() {
        let first = credential("first", "", "'system:serviceaccount:a:b'");
        let marked = |text: String, mark: &str| {
            let (head, rest) = text.split_once('\n').unwrap();
            format!("{head}\n{}{mark}\n{rest}", "^".repeat(head.len() - 4))
        };
        let same = credential("other", "  dependsOn: [first]\n", "'system:serviceaccount:a:b'");
        let same = marked(same, " error[federated-credential-wrong]: same issuer and subject");
        check(RULE, &format!("{HEAD}{first}{same}"));
        let beside = credential("other", "", "'system:serviceaccount:a:c'");
        let beside = marked(beside, " info[federated-credential-wrong]: at the same time");
        check(RULE, &format!("{HEAD}{first}{beside}"));
        check(
            RULE,
            &format!("{HEAD}{first}{}", credential("other", "  dependsOn: [first]\n", "'system:serviceaccount:a:c'")),
        );
    }

    #[test]
    fn loops_over_identities_or_in_batches_are_fine() {
        let looped = |decorator: &str, parent: &str| {
            format!(
                "{decorator}resource all 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = [for name in names: {{
  name: '{parent}/${{name}}'
  properties: {{ issuer: 'https://x', subject: name, audiences: [] }}
}}]
"
            )
        };
        let head = "param names array\n";
        check(RULE, &format!("{head}{}", looped("", "${name}")));
        check(RULE, &format!("{head}{}", looped("@batchSize(1)\n", "mi")));
    }
}
