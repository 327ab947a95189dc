use crate::suppress::Named;
use crate::{Finding, Fix, Reporter, Tag, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds suppressions of rules that have nothing to report there.
    ///
    /// ## Why is this a problem
    /// A suppression that outlives its reason silences the next mistake at the same place, and tells readers that
    /// something is wrong where nothing is.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// // akslint: ignore[unknown-rule-in-suppression] left over
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } }
    /// ```
    /// ```bicep,frame=cluster
    /// // akslint: ignore[unknown-rule-in-suppression] left over
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// // An ordinary comment.
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } }
    /// ```
    /// ```bicep,frame=cluster
    /// // An ordinary comment.
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// ```
    ///
    /// ## Fix
    /// Takes the rule out of the suppression, or the suppression out of the file when no rule is left in it.
    ///
    /// ## When not to use it
    /// When templates are checked with different sets of rules, a suppression may be needed by one of them only.
    pub(crate) struct UnusedSuppression {
        code: "unused-suppression",
        family: Document,
        severity: Warning,
        fix: Always,
        since: "0.1.0",
    }
}

/// What else is known only after all other rules have run is decided in `check`.
impl crate::Rule for UnusedSuppression {}

/// Reports that nothing was suppressed for `named`.
pub(crate) fn report(reporter: &Reporter<'_>, file: template::workspace::FileId, named: &Named, fix: Option<Fix>) {
    let location = template::workspace::Location { file, range: named.range };
    let finding = Finding::at(location, format!("suppression of `{}`, which reports nothing here", named.word));
    reporter.report(finding.help("Remove it").tag(Tag::Unnecessary).fix(fix));
}
