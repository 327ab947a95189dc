use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use schema::roles::{ROLES, Role, by_guid};
use smallvec::SmallVec;
use template::aks::{ROLE_DEFINITION, is_guid};
use template::eval::{Place, ScopeId};
use template::grants::rights;
use template::value::{ResourceRef, Value};
use template::{Expr, ExprId, Template};

use crate::{Applicability, Ctx, Finding, Fix, New, Resources, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds GUIDs of roles that are one or two characters off a role that clusters use, and names that say another role than their
    /// GUID is.
    ///
    /// ## Why is this a problem
    /// A role is given by its GUID, and nobody reads GUIDs. With a misprint the deployment fails with `RoleDefinitionDoesNotExist`; with
    /// the GUID of another role it succeeds, and the identity has other rights than the template says.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceGroup().id, 'aks', 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538e')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// var acrPullRoleId = '8311e382-0749-4cb8-b61a-304f252e45ec'
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(resourceGroup().id, aks.id, acrPullRoleId)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPullRoleId)
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.Authorization/roleAssignments",
    ///   "apiVersion": "2022-04-01",
    ///   "name": "[guid(resourceGroup().id, 'aks', 'pull')]",
    ///   "properties": {
    ///     "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')]",
    ///     "principalId": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01').identityProfile.kubeletidentity.objectId]",
    ///     "principalType": "ServicePrincipal"
    ///   }
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// var acrPullRoleId = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
    ///
    /// resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
    ///   name: guid(resourceGroup().id, aks.id, acrPullRoleId)
    ///   properties: {
    ///     roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPullRoleId)
    ///     principalId: aks.properties.identityProfile.kubeletidentity.objectId
    ///     principalType: 'ServicePrincipal'
    ///   }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Writes the GUID of the role that seems to be meant. Unsafe, because the name may be what is wrong.
    ///
    /// ## When not to use it
    /// When a role of your own happens to have such a GUID.
    pub(crate) struct RoleGuidUnknown {
        code: "role-guid-unknown",
        family: Reference,
        severity: Info,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for RoleGuidUnknown {
    fn check_template(&self, ctx: &Ctx<'_>, scope: ScopeId) {
        let template = ctx.eval.template(scope);
        let outline = ctx.outline(scope);
        for &expr in &outline.role_guids {
            if let Expr::Str(text) = template.expr(expr) {
                misprint(ctx, Place { scope, expr }, text);
            }
        }
        for &(key, value) in &outline.role_names {
            if let Expr::Str(name) = template.expr(key) {
                named(ctx, template, name, Place { scope, expr: value });
            }
        }
        for variable in &template.variables {
            named(ctx, template, variable.name.as_str(), Place { scope, expr: variable.value });
        }
        for parameter in &template.parameters {
            if let Some(default) = parameter.default {
                named(ctx, template, parameter.name.as_str(), Place { scope, expr: default });
            }
        }
    }

    fn resources(&self) -> Resources {
        Resources::Of(&[ROLE_DEFINITION])
    }

    fn check_resource(&self, ctx: &Ctx<'_>, resource: ResourceRef) {
        let declared = ctx.eval.resource(resource);
        if let (Some(symbol), Some(name)) = (&declared.symbol, declared.name) {
            named(ctx, ctx.eval.template(resource.scope), symbol.name.as_str(), Place { scope: resource.scope, expr: name });
        }
    }
}

/// A GUID that is nearly that of a role.
fn misprint(ctx: &Ctx<'_>, place: Place, text: &str) {
    let Some(guid) = guid_at_end(text) else { return };
    if by_guid(guid).is_some() {
        return;
    }
    let Some((role, distance)) = ROLES.iter().map(|role| (role, distance(role.guid, guid))).min_by_key(|one| one.1)
    else {
        return;
    };
    if distance > 2 {
        return;
    }
    let characters = if distance == 1 { "one character" } else { "two characters" };
    let message = format!("`{guid}` is no role known here; it is {characters} off {} (`{}`)", role.name, role.guid);
    ctx.report(Finding::at(ctx.eval.location(place), message).fix(corrected(ctx, place, role)));
}

/// Whether a text is a GUID, or an ID that ends with one.
pub(crate) fn says_role_guid(text: &str) -> bool {
    guid_at_end(text).is_some()
}

/// The GUID that a text is, or the ID in it ends with.
fn guid_at_end(text: &str) -> Option<&str> {
    const LENGTH: usize = 36;
    let (before, guid) = text.split_at_checked(text.len().checked_sub(LENGTH)?)?;
    (is_guid(guid) && (before.is_empty() || before.ends_with('/'))).then_some(guid)
}

/// In how many characters two texts of equal length differ, ignoring case.
fn distance(left: &str, right: &str) -> usize {
    left.bytes().zip(right.bytes()).filter(|(a, b)| !a.eq_ignore_ascii_case(b)).count()
}

/// A value whose name says that it is a role.
fn named(ctx: &Ctx<'_>, template: &Template, name: &str, value: Place) {
    // Nearly all that has a name is none of these.
    let may_be_role = match template.expr(value.expr) {
        Expr::Str(text) => guid_at_end(text).is_some(),
        Expr::Call(_) | Expr::Interpolation(_) | Expr::Ref(_) | Expr::Member { .. } | Expr::Conditional { .. } => true,
        _ => false,
    };
    if !may_be_role || !may_say_role(name) {
        return;
    }
    let Some(said) = role_said(name) else { return };
    let values = ctx.eval.value(value);
    let Some(Value::Str(text)) = values.single() else { return };
    let Some(role) = ctx.eval.role_guid(text, value).and_then(|guid| by_guid(&guid)) else { return };
    // `contributor` for Network Contributor is a short name, not a wrong one; and registries changed their role.
    let (plain_role, plain_said) = (plain(role.name), plain(said.name));
    let is_short = memchr::memmem::find(&plain_role, &plain_said).is_some();
    let is_successor = said.guid == rights::PULL_IMAGES.role && role.guid == rights::READ_REPOSITORIES.role;
    if said == role || is_short || is_successor {
        return;
    }
    let message = format!("`{name}` says {}, but its GUID is that of {}", said.name, role.name);
    ctx.report(
        Finding::at(ctx.eval.location(value), message)
            .help(format!("{} is `{}`", said.name, said.guid))
            .fix(corrected(ctx, value, said)),
    );
}

/// The role that a name says: `acrPullRoleDefinitionId`.
fn role_said(name: &str) -> Option<&'static Role> {
    static BY_NAME: LazyLock<FxHashMap<Plain, &'static Role>> =
        LazyLock::new(|| ROLES.iter().rev().map(|role| (plain(role.name), role)).collect());
    let name = plain(name);
    let short = name.strip_prefix(b"role").unwrap_or(&name);
    (name.len() >= MIN_NAME).then(|| BY_NAME.get(&*name).or_else(|| BY_NAME.get(short)).copied())?
}

/// Whether a name is long enough and begins like that of a role, or like one with a word before it: most properties do not.
pub(crate) fn may_say_role(name: &str) -> bool {
    // For each first letter the second ones, as bits.
    static BEGINNINGS: LazyLock<[u32; 26]> = LazyLock::new(|| {
        let mut beginnings = [0; 26];
        for (first, second) in ROLES.iter().map(|role| role.name).chain(["role"]).filter_map(beginning) {
            beginnings[usize::from(first)] |= 1 << second;
        }
        beginnings
    });
    // What does not begin with letters is looked at closely.
    let begins_so = |(first, second): (u8, u8)| BEGINNINGS[usize::from(first)] >> second & 1 == 1;
    name.len() >= MIN_NAME && beginning(name).is_none_or(begins_so)
}

/// The numbers of the first two letters of a name that begins with two.
fn beginning(name: &str) -> Option<(u8, u8)> {
    let number = |byte: u8| byte.is_ascii_alphabetic().then(|| byte.to_ascii_lowercase() - b'a');
    match name.as_bytes() {
        [first, second, ..] => Some((number(*first)?, number(*second)?)),
        _ => None,
    }
}

/// Shorter names say too little.
const MIN_NAME: usize = 6;

/// A name as [`plain`] gives it: of every property some rule asks for it, and hardly any is longer than this.
type Plain = SmallVec<[u8; 48]>;

/// A name without the words that say that it is a role, in small letters without anything between them.
fn plain(name: &str) -> Plain {
    let mut plain = Plain::new();
    plain.extend(name.bytes().filter(u8::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()));
    let words: [&[u8]; 5] = [b"id", b"guid", b"definition", b"resource", b"role"];
    while let Some(last) = words.iter().find(|last| plain.ends_with(last)) {
        plain.truncate(plain.len() - last.len());
    }
    plain
}

/// The GUID of that role instead, where it is written in one piece.
fn corrected(ctx: &Ctx<'_>, value: Place, role: &Role) -> Option<Fix> {
    let template = ctx.eval.template(value.scope);
    let literal = |expr: ExprId| match template.expr(expr) {
        Expr::Str(text) => {
            let guid = guid_at_end(text)?;
            Some((expr, format!("{}{}", &text[..text.len() - guid.len()], role.guid)))
        }
        _ => None,
    };
    let (expr, text) = match template.expr(value.expr) {
        Expr::Call(call) => literal(*call.arguments.last()?)?,
        _ => literal(value.expr)?,
    };
    ctx.rewrite()
        .replace(Place { expr, ..value }, New::str(text))
        .fix(format!("Use the GUID of {}", role.name), Applicability::Unsafe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn no_name_of_a_role_is_passed_over() {
        for role in ROLES {
            assert!(beginning(role.name).is_some(), "{role:?} does not begin with two letters");
            for name in [role.name.to_owned(), plain_text(role.name), format!("role-{}Id", plain_text(role.name))] {
                assert!(name.len() < MIN_NAME || may_say_role(&name), "{name}");
            }
        }
        assert!(may_say_role("1-contributor") && !may_say_role("location") && !may_say_role("acr"));
    }

    fn plain_text(name: &str) -> String {
        String::from_utf8(plain(name).to_vec()).unwrap()
    }

    #[test]
    fn misprints_are_found_wherever_they_stand() {
        check(
            RULE,
            "param network string = '4d97b98b-1d4f-4787-a291-c67834d212e8'
                       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info[role-guid-unknown]: one character off Network Contributor
var pull = '/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d53d8'
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info[role-guid-unknown]: two characters off AcrPull
var own = '7f951dda-4ed3-4680-a7ca-43fe172d5000'
var other = '7F951DDA-4ED3-4680-A7CA-43FE172D538D'
",
        );
    }

    #[test]
    fn names_and_guids_are_compared() {
        check(
            RULE,
            "var roles = {
  acrPull: '8311e382-0749-4cb8-b61a-304f252e45ec'
           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info[role-guid-unknown]: is that of AcrPush
  contributor: '4d97b98b-1d4f-4787-a291-c67834d212e7'
  'Managed Identity Operator': 'f1a07417-d97a-45cb-824c-7a7467783830'
  reader: '21090545-7ca7-4776-b22c-e363652d74d2'
  acrPullRole: 'b93aa761-3e63-49ed-ac28-beffa264f7ac'
  networkContributor: '11111111-2222-3333-4444-555555555555'
}
resource networkContributorRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' existing = {
  scope: subscription()
  name: 'b24988ac-6180-42a0-ab88-20f7382dd24c'
        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ info[role-guid-unknown]: is that of Contributor
}
",
        );
    }

    #[test]
    fn writes_the_guid_that_is_meant() {
        let role = |guid: &str| {
            format!("var acrPullRole = subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{guid}')\n")
        };
        check_fix(RULE, &role("8311e382-0749-4cb8-b61a-304f252e45ec"), &role("7f951dda-4ed3-4680-a7ca-43fe172d538d"));
    }
}
