use schema::Line;

use crate::conformance::{Compiler, Kind};
use crate::{Applicability, Ctx, Finding, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds properties that older API versions had and that of the resource no longer has.
    ///
    /// ## Why is this a problem
    /// What has been taken away is refused or passed over; mostly something else took its place.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "securityProfile": { "azureDefender": { "enabled": true } }
    /// ```
    /// ```bicep,frame=properties
    /// securityProfile: { azureDefender: { enabled: true } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=properties
    /// "securityProfile": { "defender": { "securityMonitoring": { "enabled": true } } }
    /// ```
    /// ```bicep,frame=properties
    /// securityProfile: { defender: { securityMonitoring: { enabled: true } } }
    /// ```
    ///
    /// ## Fix
    /// Takes it out. Unsafe: what it did may have to be said in another way.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct PropertyRemoved {
        code: "property-removed",
        family: Schema,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP037",
    }
}

impl Rule for PropertyRemoved {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let Kind::Removed { versions } = &mistake.kind else { return None };
            let last = versions.on(mistake.version.line()).rfind(|had| *had < mistake.version)?;
            let line = if mistake.version.line() == Line::Stable { "" } else { " of the previews" };
            let path = &mistake.path;
            let message = format!(
                "`{path}` is no longer in API version {}; the last{line} to have it is {last}",
                mistake.version
            );
            let fix = mistake.spot.property.and_then(|property| {
                let fix = ctx.rewrite().remove(property.object, &[property.number as usize]);
                fix.fix("Remove it", Applicability::Unsafe)
            });
            Some((Compiler::Says, Finding::at(ctx.key_of(mistake), message).tag(Tag::Deprecated).fix(fix)))
        });
    }
}
