use crate::conformance::{Compiler, Kind};
use crate::{Applicability, Ctx, Finding, Rule, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds properties that are written in another casing than the usual one.
    ///
    /// ## Why is this a problem
    /// Resource Manager ignores casing, so this works. Readers, searches and other tools do not ignore it.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "enableRbac": true
    /// ```
    /// ```bicep,frame=properties
    /// enableRbac: true
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "enableRBAC": true
    /// ```
    /// ```bicep,frame=properties
    /// enableRBAC: true
    /// ```
    ///
    /// ## Fix
    /// Writes the usual casing.
    ///
    /// ## When not to use it
    /// When the template is written by a program that has its own casing.
    pub(crate) struct PropertyCasing {
        code: "property-casing",
        family: Schema,
        severity: Hint,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP089",
    }
}

impl Rule for PropertyCasing {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let Kind::Casing { name } = mistake.kind else { return None };
            let fix = mistake.spot.property.and_then(|property| {
                ctx.rewrite().rename_key(property, name).fix(format!("Change it to `{name}`"), Applicability::Safe)
            });
            let finding = Finding::at(ctx.key_of(mistake), format!("the usual casing is `{name}`"));
            Some((Compiler::Says, finding.fix(fix)))
        });
    }
}
