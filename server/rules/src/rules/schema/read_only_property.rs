use crate::conformance::{Compiler, Kind, Mistake};
use crate::rules::identity::identity_read_only_property::is_of_identity;
use crate::{Applicability, Ctx, Finding, Fix, Rule, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds properties that are written although the service fills them in.
    ///
    /// ## Why is this a problem
    /// They come into templates by pasting what was read from a resource. Some services pass them over, some refuse the
    /// request. Those that have to do with identity are reported by `identity-read-only-property`.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=properties
    /// "provisioningState": "Succeeded"
    /// ```
    /// ```bicep,frame=properties
    /// provisioningState: 'Succeeded'
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
    /// Takes it out.
    ///
    /// ## When not to use it
    /// Always use it.
    pub(crate) struct ReadOnlyProperty {
        code: "read-only-property",
        family: Schema,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
        bicep: "BCP073",
    }
}

impl Rule for ReadOnlyProperty {
    fn check_deployment(&self, ctx: &Ctx<'_>) {
        ctx.report_mistakes(|mistake| {
            let own = mistake.kind == Kind::ReadOnly && !is_of_identity(mistake);
            own.then(|| (Compiler::Says, written(ctx, mistake)))
        });
    }
}

/// What there is to say about a property that is written and cannot be.
pub(crate) fn written(ctx: &Ctx<'_>, mistake: &Mistake) -> Finding {
    let message = format!("`{}` is read-only: the service fills it in", mistake.path);
    Finding::at(ctx.key_of(mistake), message).help("Take it out").tag(Tag::Unnecessary).fix(removal(ctx, mistake))
}

fn removal(ctx: &Ctx<'_>, mistake: &Mistake) -> Option<Fix> {
    let property = mistake.spot.property.filter(|_| mistake.spot.own)?;
    ctx.rewrite().remove(property.object, &[property.number as usize]).fix("Remove it", Applicability::Safe)
}
