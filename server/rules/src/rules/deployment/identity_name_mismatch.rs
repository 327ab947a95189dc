use template::aks::{Case, IDENTITY};
use template::parameters::is_placeholder;
use template::value::{Piece, ResourceRef, Str, Value};
use template::{Expr, ExprId};

use crate::{Applicability, Ctx, Finding, New, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds user-assigned identities with a name that Azure does not take.
    ///
    /// ## Why is this a problem
    /// A name has at most 128 letters, digits, hyphens and underscores, of which the first is a letter or a digit.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    ///   "apiVersion": "2023-01-31",
    ///   "name": "my identity",
    ///   "location": "westeurope"
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource other 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'my.identity'
    ///   location: 'westeurope'
    /// }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=resource
    /// {
    ///   "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
    ///   "apiVersion": "2023-01-31",
    ///   "name": "my-identity",
    ///   "location": "westeurope"
    /// }
    /// ```
    /// ```bicep,frame=resource
    /// resource other 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
    ///   name: 'my-identity'
    ///   location: 'westeurope'
    /// }
    /// ```
    ///
    /// ## Fix
    /// Puts hyphens in the place of what cannot be there. Other places that name the identity are not changed.
    ///
    /// ## When not to use it
    /// Always use it.
    ///
    /// ## References
    /// - <https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules>
    pub(crate) struct IdentityNameMismatch {
        code: "identity-name-mismatch",
        family: Deployment,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for IdentityNameMismatch {
    fn check_resource(&self, ctx: &Ctx<'_>, resource: ResourceRef) {
        let declared = ctx.eval.resource(resource);
        let Some(name) = declared.name.filter(|_| !declared.existing && declared.is_type(IDENTITY)) else { return };
        let values = ctx.eval.of_resource(resource, name);
        let cases: Vec<Case<_>> = values.iter().map(|one| Case { when: one.when.clone(), value: one }).collect();
        ctx.judge(&cases, |case| {
            let (Value::Str(text), Some(place)) = (&case.value.value, case.value.place) else { return None };
            if text.pieces().iter().any(|piece| matches!(piece, Piece::Text(text) if is_placeholder(text))) {
                return None;
            }
            let why = complaint(text)?;
            let message = format!("`{}` is no name for an identity: {why}", text.sketch());
            let fix = text.literal().and_then(|text| {
                let mended = mended(text)?;
                is_literal(ctx, place.scope, place.expr).then_some(())?;
                let title = format!("Call it `{mended}`");
                ctx.rewrite().replace(place, New::str(mended)).fix(title, Applicability::Unsafe)
            });
            let help = "Use letters, digits, hyphens and underscores, 128 at most, beginning with a letter or a digit";
            Some(Finding::at(ctx.eval.location(place), message).help(help).fix(fix))
        });
    }
}

/// What is wrong with a name, as far as it is known.
fn complaint(name: &Str) -> Option<String> {
    let texts = name.pieces().iter().filter_map(|piece| match piece {
        Piece::Text(text) => Some(text),
        _ => None,
    });
    if let Some(wrong) = texts.flat_map(|text| text.chars()).find(|c| !is_allowed(*c)) {
        return Some(match wrong {
            ' ' => "it has a blank in it".to_owned(),
            wrong => format!("it has a `{wrong}` in it"),
        });
    }
    if let Some(Piece::Text(first)) = name.pieces().first()
        && first.starts_with(['-', '_'])
    {
        return Some("it begins with neither a letter nor a digit".to_owned());
    }
    match name.literal()?.chars().count() {
        ..=128 => None,
        length => Some(format!("it has {length} characters")),
    }
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

fn mended(name: &str) -> Option<String> {
    let mended: String = name.chars().map(|c| if is_allowed(c) { c } else { '-' }).collect();
    let mended = mended.trim_start_matches(['-', '_']).to_owned();
    (1..=128).contains(&mended.len()).then_some(mended)
}

fn is_literal(ctx: &Ctx<'_>, scope: template::eval::ScopeId, expr: ExprId) -> bool {
    matches!(ctx.eval.template(scope).expr(expr), Expr::Str(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::check;

    fn identity(name: &str) -> String {
        format!(
            "param part string\nresource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{\n  name: {name}\n  location: 'x'\n}}\n"
        )
    }

    #[test]
    fn known_parts_of_a_name_are_enough() {
        check(
            RULE,
            &identity("'mi.${part}'\n        ^^^^^^^^^^^^ warning[identity-name-mismatch]: it has a `.` in it"),
        );
        check(
            RULE,
            &identity("'_${part}'\n        ^^^^^^^^^^ warning[identity-name-mismatch]: neither a letter nor a digit"),
        );
        let long = "a".repeat(129);
        let found =
            format!("'{long}'\n        {} warning[identity-name-mismatch]: it has 129 characters", "^".repeat(131));
        check(RULE, &identity(&found));
    }

    #[test]
    fn names_that_are_not_known_may_be_right() {
        for name in ["part", "'${part}_1'", "'${part}'", "toLower('MI-1')", "''", "uniqueString(part)"] {
            check(RULE, &identity(name));
        }
    }
}
