use rustc_hash::FxHashMap;
use syntax::TextEdit;
use template::workspace::{FileId, Location};

use crate::settings::nearest;
use crate::suppress::{Problem, Suppressions};
use crate::{Applicability, FileEdit, Finding, Fix, Reporter, Rule, all, declare_rule};

declare_rule! {
    /// ## What it does
    /// Finds suppressions that name a rule that does not exist, or that cannot be read.
    ///
    /// ## Why is this a problem
    /// Such a suppression silences nothing.
    ///
    /// ## Examples
    /// ### Invalid
    /// ```json,frame=cluster
    /// // akslint: ignore[unused-supression] misspelt
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } }
    /// ```
    /// ```bicep,frame=cluster
    /// // akslint: ignore[unused-supression] misspelt
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// ```
    ///
    /// ### Valid
    /// ```json,frame=cluster
    /// // akslint: ignore[unused-suppression] spelt right
    /// "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } }
    /// ```
    /// ```bicep,frame=cluster
    /// // akslint: ignore[unused-suppression] spelt right
    /// identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
    /// ```
    ///
    /// ## Fix
    /// Writes the name of the rule that was probably meant.
    ///
    /// ## When not to use it
    /// Never; to suppress rules of a newer version, upgrade.
    pub(crate) struct UnknownRuleInSuppression {
        code: "unknown-rule-in-suppression",
        family: Document,
        severity: Warning,
        fix: Sometimes,
        since: "0.1.0",
    }
}

impl Rule for UnknownRuleInSuppression {
    fn check_document(&self, reporter: &Reporter<'_>, file: FileId) {
        let suppressions = Suppressions::of(reporter.workspace.file(file));
        for Problem { range, message } in &suppressions.problems {
            let finding = Finding::at(Location { file, range: *range }, message.clone());
            reporter
                .report(finding.help("Write `akslint: ignore[code] reason`, or `akslint: ignore-file[code] reason`"));
        }
        // The same word may be there thousands of times.
        let mut meant: FxHashMap<&str, Option<&'static str>> = FxHashMap::default();
        for named in suppressions.all.iter().flat_map(|suppression| &suppression.named) {
            if named.code.is_some() {
                continue;
            }
            let location = Location { file, range: named.range };
            let mut finding = Finding::at(location, format!("there is no rule `{}`", named.word));
            let meant = meant
                .entry(&named.word)
                .or_insert_with(|| nearest(&named.word, all().map(|rule| rule.metadata().code)));
            if let Some(meant) = *meant {
                let edit = FileEdit { file, edit: TextEdit::replace(named.range, meant) };
                finding = finding.help(format!("Did you mean `{meant}`?")).fix([Fix {
                    title: format!("Change to `{meant}`"),
                    applicability: Applicability::Safe,
                    edits: vec![edit],
                    copied: Vec::new(),
                }]);
            }
            reporter.report(finding);
        }
    }
}
