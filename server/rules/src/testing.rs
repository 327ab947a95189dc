//! What the unit tests of rules share: `check` and `check_fix` over fixtures.
//!
//! ```ignore
//! #[test]
//! fn finds_it() {
//!     check(RULE, "
//!         resource aks … = {
//!           identity: { type: 'UserAssigned' }
//!                             ^^^^^^^^^^^^^^ error[user-assigned-without-ids]: no identity
//!         }
//!     ");
//! }
//!
//! #[test]
//! fn mends_it() {
//!     check_fix(RULE, "identity: { … }", "identity: { … }");
//! }
//! ```

use std::sync::Arc;

use syntax::SourceText;
use template::workspace::{FileId, SourceFile, Workspace};
use test_support::{Actual, Fixture};

use crate::apply::apply_one;
use crate::check::{Outcome, check_with};
use crate::{Applicability, Diagnostic, Level, Rule, Selector, Settings, all};

/// A workspace of these files: path and text.
pub(crate) fn workspace(files: &[(&str, &str)]) -> Workspace {
    Workspace::new(files.iter().map(|(path, text)| Arc::new(read(path, text))).collect())
}

fn read(path: &str, text: &str) -> SourceFile {
    SourceFile::parse(path, SourceText::new(text))
}

/// All files of a workspace, checked with some rules.
pub(crate) fn outcome(rules: &[&'static dyn Rule], workspace: &Workspace, settings: &Settings) -> Outcome {
    let targets: Vec<FileId> = workspace.files().map(|(file, _)| file).collect();
    let outcome = check_with(rules, workspace, &targets, &with_off_rules(rules, settings.clone()));
    assert_eq!(outcome.panics, [], "no rule panics");
    outcome
}

/// Switches on those of the rules that are off by themselves, as hints: in examples of other rules they are no concern.
fn with_off_rules(rules: &[&'static dyn Rule], mut settings: Settings) -> Settings {
    let off = rules.iter().map(|rule| rule.metadata()).filter(|metadata| metadata.off.is_some());
    settings.levels.extend(off.map(|metadata| (Selector::Rule(metadata.code), Level::Hint)));
    settings
}

/// Checks that the rule reports what is drawn in the fixture and nothing else. Syntax errors are reported too, so a
/// fixture with a mistake in it fails.
#[track_caller]
pub(crate) fn check(rule: &'static dyn Rule, fixture: &str) {
    check_rules(&[rule], fixture, &Settings::default());
}

/// The same, with what is else left to the compiler of Bicep.
#[track_caller]
pub(crate) fn check_with_bicep(rule: &'static dyn Rule, fixture: &str) {
    check_rules(&[rule], fixture, &Settings { with_bicep: true, ..Settings::default() });
}

/// Checks that all rules together report what is drawn in the fixture and nothing else.
#[track_caller]
pub(crate) fn check_all(fixture: &str) {
    check_rules(&all().collect::<Vec<_>>(), fixture, &Settings::default());
}

#[track_caller]
fn check_rules(rules: &[&'static dyn Rule], fixture: &str, settings: &Settings) {
    let fixture = Fixture::parse(fixture);
    let workspace = fixture_workspace(&fixture);
    let actual: Vec<Actual> = outcome(rules, &workspace, settings).diagnostics.iter().map(actual).collect();
    if let Err(report) = fixture.compare(&actual) {
        panic!("{report}");
    }
}

/// Checks that the first fix of the only diagnostic of the rule turns `before` into `after`.
#[track_caller]
pub(crate) fn check_fix(rule: &'static dyn Rule, before: &str, after: &str) {
    check_fix_where(rule, before, after, |_| true);
}

/// Checks that the fix of that title turns `before` into `after`.
#[track_caller]
pub(crate) fn check_fix_titled(rule: &'static dyn Rule, title: &str, before: &str, after: &str) {
    check_fix_where(rule, before, after, |other| other == title);
}

/// Checks that the rule reports something and offers no fix for it.
#[track_caller]
pub(crate) fn check_no_fix(rule: &'static dyn Rule, fixture: &str) {
    let workspace = fixture_workspace(&Fixture::parse(fixture));
    let diagnostics = outcome(&[rule], &workspace, &Settings::default()).diagnostics;
    assert!(!diagnostics.is_empty(), "nothing is reported");
    for diagnostic in diagnostics {
        let titles: Vec<_> = diagnostic.fixes.iter().map(|fix| &fix.title).collect();
        assert!(titles.is_empty(), "`{}` offers {titles:?}", diagnostic.message);
    }
}

/// Checks that the rule reports something and offers no fix that is applied without asking.
#[track_caller]
pub(crate) fn check_no_safe_fix(rule: &'static dyn Rule, fixture: &str) {
    let workspace = fixture_workspace(&Fixture::parse(fixture));
    let diagnostics = outcome(&[rule], &workspace, &Settings::default()).diagnostics;
    assert!(!diagnostics.is_empty(), "nothing is reported");
    for diagnostic in diagnostics {
        let safe = diagnostic.fixes.iter().find(|fix| fix.applicability == Applicability::Safe);
        assert!(safe.is_none(), "`{}` offers `{}`", diagnostic.message, safe.map_or("", |fix| &fix.title));
    }
}

#[track_caller]
fn check_fix_where(rule: &'static dyn Rule, before: &str, after: &str, wanted: impl Fn(&str) -> bool) {
    let (before, after) = (Fixture::parse(before), Fixture::parse(after));
    let workspace = fixture_workspace(&before);
    let diagnostics = outcome(&[rule], &workspace, &Settings::default()).diagnostics;
    let titles: Vec<&str> = diagnostics.iter().flat_map(|found| &found.fixes).map(|fix| fix.title.as_str()).collect();
    let mut fixes = diagnostics.iter().flat_map(|found| &found.fixes).filter(|fix| wanted(&fix.title));
    let Some(fix) = fixes.next() else { panic!("no such fix is offered, but {titles:?}") };
    let texts = apply_one(fix, |file| workspace.file(file).text.as_str().to_owned()).expect("edits are disjoint");
    for (number, file) in (0..).zip(&after.files) {
        let id = FileId(number);
        let actual = texts.get(&id).map_or(workspace.file(id).text.as_str(), String::as_str);
        assert!(actual == file.text, "{} is now\n{actual}\nexpected\n{}", file.path, file.text);
        let errors = read(&file.path, actual).syntax_errors;
        assert_eq!(errors, [], "the fix leaves a text without syntax errors");
    }
}

fn fixture_workspace(fixture: &Fixture) -> Workspace {
    let files: Vec<_> = fixture.files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect();
    workspace(&files)
}

fn actual(diagnostic: &Diagnostic) -> Actual {
    Actual {
        file: diagnostic.file().0 as usize,
        range: diagnostic.range(),
        label: diagnostic.severity.as_str().to_owned(),
        code: diagnostic.code.to_owned(),
        message: diagnostic.message.clone(),
    }
}
