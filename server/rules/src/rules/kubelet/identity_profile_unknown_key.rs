use syntax::{TextEdit, TextRange};
use template::aks::{CLUSTER, Cluster, IDENTITY, PropertyAt};
use template::eval::{Place, ScopeId};
use template::value::{Entry, Target, Value};
use template::{Expr, ExprId, Name};

use crate::{Applicability, Ctx, FileEdit, Finding, Fix, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds keys of `identityProfile` other than `kubeletidentity`, and reads of a cluster that misspell it.
    ///
    /// ## Why is this a problem
    /// The type is an open map, so nothing in the tools objects, but only `kubeletidentity` has a meaning. With any other key the
    /// nodes get a generated identity, and fail later where yours had its rights. Often it is a slip of the pen, or the shape
    /// of the other map, `userAssignedIdentities`, whose keys are resource IDs.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "identityProfile": { "kubletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { '${kmi.id}': {} }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "identityProfile": { "kubeletidentity": { "resourceId": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'kmi')]" } }
    /// ```
    /// ```bicep,frame=properties
    /// identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// ```
    ///
    /// ## Fix
    /// Renames the key when it is the only one, or rewrites a resource ID to the right shape.
    ///
    /// ## When not to use it
    /// When an API version newer than this program knows further keys.
    ///
    /// ## References
    /// The description of `identityProfile` since 2024-09-01: the only accepted key is `kubeletidentity`.
    pub(crate) struct IdentityProfileUnknownKey {
        code: "identity-profile-unknown-key",
        family: Kubelet,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

const KEY: &str = "kubeletidentity";

impl Rule for IdentityProfileUnknownKey {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        let profiles = cluster.slots(&["properties", "identityProfile"]);
        let longest = profiles.iter().map(|case| entries(&case.value.value).len()).max().unwrap_or_default();
        for number in 0..longest {
            ctx.judge(&profiles, |case| {
                let all = entries(&case.value.value);
                let entry = all.get(number)?;
                ctx.eval.and(&case.when, &entry.when)?;
                wrong(ctx, entry, all.len() == 1)
            });
        }
    }

    fn check_template(&self, ctx: &Ctx<'_>, scope: ScopeId) {
        for &read in &ctx.outline(scope).profile_reads {
            if let Expr::Member { base, name, name_range, .. } = ctx.eval.template(scope).expr(read)
                && let Some(finding) = misread(ctx, scope, *base, name, *name_range)
            {
                ctx.report(finding);
            }
        }
    }
}

/// What is read of an `identityProfile`, which `base` is, where that is a cluster's and it is nearly the name of the one key.
fn misread(ctx: &Ctx<'_>, scope: ScopeId, base: ExprId, name: &Name, range: TextRange) -> Option<Finding> {
    if *name == *KEY {
        return None;
    }
    let is_near = strsim::damerau_levenshtein(&name.as_str().to_ascii_lowercase(), KEY) <= 3;
    let of_cluster = match ctx.eval.value(Place { scope, expr: base }).single()?.read()?.target {
        Target::Declared(resource) => ctx.eval.resource(resource).is_type(CLUSTER),
        Target::Id(ref id) => id.is_type(CLUSTER) == Some(true),
        Target::Unknown(_) => false,
    };
    if !is_near || !of_cluster {
        return None;
    }
    let location = ctx.eval.in_file(scope, range);
    let edit = FileEdit { file: location.file, edit: TextEdit::replace(range, KEY) };
    let title = format!("Read `{KEY}`");
    let fix = Fix { title, applicability: Applicability::Safe, edits: vec![edit], copied: Vec::new() };
    Some(
        Finding::at(
            location,
            format!("`{name}` is not in the `identityProfile` of a cluster; its only key is `{KEY}`"),
        )
        .help(format!("Did you mean `{KEY}`?"))
        .fix([fix]),
    )
}

fn entries(profile: &Value) -> &[Entry] {
    match profile {
        Value::Object(profile) if !profile.damaged => &profile.entries,
        _ => &[],
    }
}

fn wrong(ctx: &Ctx<'_>, entry: &Entry, only: bool) -> Option<Finding> {
    let key = entry.key.as_ref()?;
    let property = template::aks::property_of(entry)?;
    let at = ctx.eval.key_location(property)?;
    if let Some(key) = key.literal() {
        if key.eq_ignore_ascii_case(KEY) {
            return None;
        }
        let finding = Finding::at(at, format!("`{key}` has no meaning in `identityProfile`; its only key is `{KEY}`"));
        let is_near = strsim::damerau_levenshtein(&key.to_ascii_lowercase(), KEY) <= 3;
        let applicability = if is_near { Applicability::Safe } else { Applicability::Unsafe };
        let rename = ctx.rewrite().rename_key(property, KEY).fix(format!("Rename it to `{KEY}`"), applicability);
        return Some(finding.help(format!("Did you mean `{KEY}`?")).fix(rename.filter(|_| only)));
    }
    let id = ctx.eval.parse_id(key, property.object.scope, property.object)?;
    if !id.is_type(IDENTITY)? {
        return None;
    }
    let message = format!(
        "the key is the ID of an identity; in `identityProfile` the key is `{KEY}` and the ID its `resourceId`"
    );
    let finding = Finding::at(at, message).help("Only `userAssignedIdentities` has IDs as keys");
    Some(finding.fix(reshaped(ctx, property).filter(|_| only)))
}

/// `kubeletidentity: { resourceId: <the key> }`.
fn reshaped(ctx: &Ctx<'_>, property: PropertyAt) -> Option<Fix> {
    let scope = property.object.scope;
    let (_, written) = ctx.eval.property(property)?;
    let key = ctx.eval.value(Place { scope, expr: written.key });
    let declared = match key.single() {
        Some(Value::Str(text)) => ctx.eval.parse_id(text, scope, property.object).and_then(|id| id.declared),
        _ => None,
    };
    let id = match declared.filter(|declared| declared.scope == scope) {
        Some(declared) => New::id(declared),
        None => New::Copy(Place { scope, expr: written.key }),
    };
    ctx.rewrite()
        .rename_key(property, KEY)
        .replace(Place { scope, expr: written.value }, New::object([("resourceId", id)]))
        .fix(format!("Write it as the `resourceId` of `{KEY}`"), Applicability::Safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn a_misspelt_read_is_mended() {
        let text = |name: &str| {
            format!(
                "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' existing = {{ name: 'aks' }}
output id string = aks.properties.identityProfile.{name}.objectId
"
            )
        };
        check_fix(RULE, &text("kubletidentity"), &text("kubeletidentity"));
    }

    #[test]
    fn names_every_unknown_key() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    identityProfile: {
      assignedIdentity: { resourceId: 'a' }
      ^^^^^^^^^^^^^^^^ warning[identity-profile-unknown-key]: has no meaning
      kubeletAssignedIdentity: { resourceId: 'b' }
      ^^^^^^^^^^^^^^^^^^^^^^^ warning[identity-profile-unknown-key]: has no meaning
    }
  }
}
",
        );
    }
}
