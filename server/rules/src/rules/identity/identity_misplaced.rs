use template::Expr;
use template::aks::{Cluster, IdentityBlock, Ids, Kind, PropertyAt};
use template::eval::Place;
use template::expr::Member;
use template::value::{ObjectValue, Value};

use crate::{Applicability, At, Ctx, Finding, Fix, New, Rewrite, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds parts of a cluster that have to do with identity and stand at the wrong level: `identity` inside `properties`,
    /// `identityProfile` or `servicePrincipalProfile` beside it, `userAssignedIdentities` outside of `identity`, and so on.
    ///
    /// ## Why is this a problem
    /// What stands at the wrong level is refused or, worse, not looked at: the cluster comes up without it.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// "properties": {
    ///   "identity": { "type": "SystemAssigned" }
    /// }
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// properties: {
    ///   nodeResourceGroup: 'nodes'
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// "identity": { "type": "SystemAssigned" },
    /// "properties": {}
    /// ```
    /// ```bicep,frame=cluster
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// properties: {
    ///   nodeResourceGroup: 'nodes'
    ///   identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    /// }
    /// ```
    ///
    /// ## Fix
    /// Moves it to where it belongs, unless there is something already.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// The resource type in all API versions.
    pub(crate) struct IdentityMisplaced {
        code: "identity-misplaced",
        family: Identity,
        severity: Error,
        fix: Sometimes,
        since: "0.1.0",
    }
}

/// A part of a cluster, where people put it by mistake, and where it belongs. Paths from the top of the resource.
struct Part {
    name: &'static str,
    found_in: &'static [&'static str],
    belongs_in: &'static [&'static str],
    /// Its name there, when that is another one.
    named: &'static str,
}

const fn part(name: &'static str, found_in: &'static [&'static str], belongs_in: &'static [&'static str]) -> Part {
    Part { name, found_in, belongs_in, named: name }
}

const PROPERTIES: &[&str] = &["properties"];
const SECURITY: &[&str] = &["properties", "securityProfile"];

const PARTS: &[Part] = &[
    part("identity", PROPERTIES, &[]),
    part("identityProfile", &[], PROPERTIES),
    part("identityProfile", &["identity"], PROPERTIES),
    part("servicePrincipalProfile", &[], PROPERTIES),
    part("oidcIssuerProfile", &[], PROPERTIES),
    part("podIdentityProfile", &[], PROPERTIES),
    part("addonProfiles", &[], PROPERTIES),
    part("securityProfile", &[], PROPERTIES),
    part("kubeletidentity", &["identity"], &["properties", "identityProfile"]),
    part("kubeletidentity", PROPERTIES, &["properties", "identityProfile"]),
    part("userAssignedIdentities", &[], &["identity"]),
    part("userAssignedIdentities", PROPERTIES, &["identity"]),
    part("workloadIdentity", PROPERTIES, SECURITY),
    part("workloadIdentity", &[], SECURITY),
    Part { name: "workloadIdentityProfile", found_in: &[], belongs_in: SECURITY, named: "workloadIdentity" },
    Part { name: "workloadIdentityProfile", found_in: PROPERTIES, belongs_in: SECURITY, named: "workloadIdentity" },
];

impl Rule for IdentityMisplaced {
    fn check_cluster(&self, ctx: &Ctx<'_>, cluster: &Cluster<'_, '_>) {
        for part in PARTS {
            let holders = cluster.slots(part.found_in);
            ctx.judge(&holders, |case| {
                let Value::Object(holder) = &case.value.value else { return None };
                let entry = ctx.eval.entry(holder, part.name, &case.when)?;
                let property = template::aks::property_of(entry)?;
                // Where a brace is missing it may only seem to be here, unless it is indented like its neighbours.
                if holder.damaged && !is_indented_alike(ctx, property) {
                    return None;
                }
                if matches!(ctx.eval.force(&entry.value).single(), Some(Value::Null)) || is_damaged(ctx, property) {
                    return None;
                }
                let message =
                    format!("`{}` belongs in {}, not {}", part.name, belongs(part), place_words(part.found_in));
                let location = ctx.eval.key_location(property)?;
                let finding = Finding::at(location, message).help(format!("Move it to {}", belongs(part)));
                Some(finding.fix(mend(ctx, cluster, part, property, holder)))
            });
        }
    }
}

/// Whether the property stands on a line of its own, as far in as the first member of its object, and further in than the
/// line on which the object begins.
fn is_indented_alike(ctx: &Ctx<'_>, property: PropertyAt) -> bool {
    let Some((scope, written)) = ctx.eval.property(property) else { return false };
    let Expr::Object(object) = scope.template.expr(property.object.expr) else { return false };
    let text = &ctx.workspace.file(scope.file).text;
    let Some(Member::Property(first)) = object.members.first() else { return false };
    let indentation = |range: syntax::TextRange| text.indentation_at(range.start());
    let starts_line = |range: syntax::TextRange| {
        let Some(line) = text.line_start(text.line_of(range.start())) else { return false };
        text.slice(syntax::TextRange::new(line, range.start())).trim().is_empty()
    };
    let outer = indentation(scope.template.exprs.range(property.object.expr));
    starts_line(written.range)
        && starts_line(first.range)
        && indentation(written.range) == indentation(first.range)
        && indentation(written.range).len() > outer.len()
}

/// Whether the value lacks a brace.
fn is_damaged(ctx: &Ctx<'_>, property: PropertyAt) -> bool {
    let Some((scope, written)) = ctx.eval.property(property) else { return true };
    matches!(scope.template.expr(written.value), Expr::Object(object) if object.damaged)
}

/// Whether a part that stands in the object at that path is one that this rule reports.
pub(crate) fn is_misplaced(path: &str, name: &str) -> bool {
    PARTS.iter().any(|part| part.name.eq_ignore_ascii_case(name) && part.found_in.join(".") == path)
}

pub(crate) fn place_words(path: &[impl AsRef<str>]) -> String {
    let path: Vec<&str> = path.iter().map(AsRef::as_ref).collect();
    if path.is_empty() { "beside `properties`".to_owned() } else { format!("in `{}`", path.join(".")) }
}

fn belongs(part: &Part) -> String {
    let place = match part.belongs_in {
        [] => return "the resource itself, beside `properties`".to_owned(),
        path => format!("`{}`", path.join(".")),
    };
    if part.named == part.name { place } else { format!("{place}, as `{}`", part.named) }
}

fn mend(
    ctx: &Ctx<'_>,
    cluster: &Cluster<'_, '_>,
    part: &Part,
    property: PropertyAt,
    holder: &ObjectValue,
) -> Option<Fix> {
    holder.source?;
    let title = format!("Move `{}` to {}", part.name, belongs(part));
    put(ctx, cluster, property, part.belongs_in, part.named)?.fix(title, Applicability::Safe)
}

/// Moves a property to the object at another path of the cluster, under that name; `None` when there is one already.
pub(crate) fn put<'a>(
    ctx: &Ctx<'a>,
    cluster: &Cluster<'_, '_>,
    property: PropertyAt,
    belongs_in: &[&str],
    named: &str,
) -> Option<Rewrite<'a>> {
    let (scope, written) = ctx.eval.property(property)?;
    let same_name = matches!(scope.template.expr(written.key), Expr::Str(key) if **key == *named);
    let value = New::Copy(Place { scope: property.object.scope, expr: written.value });
    // The deepest object of the target path that is there takes it; what is missing of the path is written around it.
    let mut path = belongs_in.to_vec();
    path.push(named);
    let targets = cluster.slots(&path);
    let at = if belongs_in.is_empty() { At::Before("properties") } else { At::Last };
    let [target] = targets.as_slice() else {
        let is_map = belongs_in == ["identity"] && named == "userAssignedIdentities" && same_name;
        return is_map.then(|| Some(ctx.rewrite().move_member(property, branch_without_ids(cluster)?, at)))?;
    };
    // A `null` written there is absent, too, and all of the path is there.
    if !target.value.is_absent() || target.value.depth == path.len() {
        return None;
    }
    let into = target.value.holder?;
    if target.value.depth == belongs_in.len() && same_name {
        return Some(ctx.rewrite().move_member(property, into, at));
    }
    let mut new = value;
    for name in path[target.value.depth + 1..].iter().rev() {
        new = New::object([(*name, new)]);
    }
    if into == property.object {
        // It stays in its object and goes one level down.
        let value = Place { scope: property.object.scope, expr: written.value };
        return Some(ctx.rewrite().rename_key(property, path[target.value.depth]).replace(value, new));
    }
    let removed = ctx.rewrite().remove(property.object, &[property.number as usize]);
    Some(removed.insert(into, at, path[target.value.depth], new))
}

/// Of several identity blocks, one for each case, the only one that lacks the map of identities.
fn branch_without_ids(cluster: &Cluster<'_, '_>) -> Option<Place> {
    let mut lacking = cluster.identities().iter().filter_map(|case| match &case.value.block {
        IdentityBlock::Object { kind: Kind::UserAssigned, ids: Ids::Absent, .. } => case.value.slot.place,
        _ => None,
    });
    let branch = lacking.next()?;
    lacking.all(|other| other == branch).then_some(branch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{check, check_fix};

    #[test]
    fn the_branch_that_lacks_the_map_takes_it() {
        let text = |identity: &str, beside: &str| {
            format!(
                "param c bool
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  identity: c ? {{
    type: 'UserAssigned'
{identity}  }} : {{
    type: 'SystemAssigned'
  }}
{beside}  properties: {{}}
}}
"
            )
        };
        check_fix(
            RULE,
            &text("", "  userAssignedIdentities: { '${mi.id}': {} }\n"),
            &text("    userAssignedIdentities: { '${mi.id}': {} }\n", ""),
        );
    }

    #[test]
    fn a_missing_brace_is_no_misplacement() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    dnsPrefix: 'aks'
    securityProfile: {
      workloadIdentity: {
        enabled: true
      }
                     ^ error[syntax-error]: `}`
  }
  identity: {
    type: 'SystemAssigned'
  }
}
",
        );
    }

    #[test]
    fn indentation_tells_what_is_misplaced_in_spite_of_a_missing_brace() {
        check(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    dnsPrefix: 'aks'
    identity: {
    ^^^^^^^^ error[identity-misplaced]: belongs in the resource itself
      type: 'SystemAssigned'
    }
     ^ error[syntax-error]: `}`
}
",
        );
    }

    #[test]
    fn moves_it_with_its_comments_and_indentation() {
        check_fix(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  properties: {
    dnsPrefix: 'aks'
    identity: {
      // the simple kind
      type: 'SystemAssigned'
    }
  }
}
",
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: {
    // the simple kind
    type: 'SystemAssigned'
  }
  properties: {
    dnsPrefix: 'aks'
  }
}
",
        );
    }

    #[test]
    fn gives_the_workload_identity_its_real_name() {
        check_fix(
            RULE,
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {
    dnsPrefix: 'aks'
    workloadIdentityProfile: {
      enabled: true
    }
  }
}
",
            "resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  identity: { type: 'SystemAssigned' }
  properties: {
    dnsPrefix: 'aks'
    securityProfile: {
      workloadIdentity: {
        enabled: true
      }
    }
  }
}
",
        );
    }
}
