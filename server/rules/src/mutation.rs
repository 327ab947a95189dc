//! Every mistake of identity in every good template: found by the right rule, at the right place, and mended by its fix.

mod operators;
mod source;

use std::fmt::Write as _;
use std::ops::Range;

use template::workspace::Workspace;

use crate::apply::apply_one;
use crate::testing::{outcome, workspace};
use crate::{Applicability, Diagnostic, SYNTAX_ERROR, Settings, Severity, all};
use operators::{OPERATORS, Operator};
use source::Source;

/// A template without a mistake.
struct Good {
    shape: &'static str,
    path: &'static str,
    text: &'static str,
    /// What else belongs to it: path and text.
    rest: &'static [(&'static str, &'static str)],
}

macro_rules! good {
    ($($shape:literal),*; $($bicep:literal),*) => {
        [
            $(Good { shape: $shape, path: "main.json", text: include_str!(concat!("mutation/good/", $shape, ".json")), rest: &[] },)*
            $(Good { shape: $bicep, path: "main.bicep", text: include_str!(concat!("mutation/good/", $bicep, ".bicep")), rest: &[] },)*
            Good {
                shape: "module",
                path: "module.bicep",
                text: include_str!("mutation/good/module.bicep"),
                rest: &[("main.bicep", include_str!("mutation/good/module_caller.bicep"))],
            },
        ]
    };
}

static GOOD: [Good; 28] = good!(
    "literal", "parameter", "variable", "conditional", "union", "loop", "lambda", "nested", "existing", "kubelet",
    "principal", "workload", "system", "msi";
    "literal", "parameter", "variable", "conditional", "union", "loop", "lambda", "existing", "kubelet", "principal",
    "workload", "system", "msi"
);

impl Good {
    fn with(&self, text: &str) -> Workspace {
        let files: Vec<_> = std::iter::once((self.path, text)).chain(self.rest.iter().copied()).collect();
        workspace(&files)
    }

    fn source(&self) -> Source<'static> {
        Source { text: self.text, is_json: self.path.ends_with("json") }
    }
}

/// What an operator did in all templates.
#[derive(Default)]
struct Row {
    applied: usize,
    found: usize,
    placed: usize,
    /// With a fix that may be applied.
    fixable: usize,
    clean: usize,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.applied += other.applied;
        self.found += other.found;
        self.placed += other.placed;
        self.fixable += other.fixable;
        self.clean += other.clean;
    }
}

fn all_findings(workspace: &Workspace) -> Vec<Diagnostic> {
    // Also what the compiler of Bicep would say.
    let settings = Settings { with_bicep: true, ..Settings::default() };
    outcome(&all().collect::<Vec<_>>(), workspace, &settings).diagnostics
}

fn bad(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.into_iter().filter(|diagnostic| diagnostic.severity >= Severity::Warning).collect()
}

fn listed(diagnostics: &[Diagnostic]) -> String {
    let lines = diagnostics
        .iter()
        .map(|diagnostic| format!("\n    {} at {:?}: {}", diagnostic.code, diagnostic.range(), diagnostic.message));
    lines.collect()
}

/// Whether a report is where it is expected: neither elsewhere nor about more.
fn is_at(diagnostic: &Diagnostic, places: &[Range<usize>]) -> bool {
    let range: Range<usize> = diagnostic.range().into();
    diagnostic.file().0 == 0 && places.iter().any(|place| place.start <= range.start && range.end <= place.end)
}

/// One mistake in one template; what went wrong is appended to `misses`.
fn try_one(operator: &Operator, good: &Good, misses: &mut Vec<String>) -> Row {
    let Some(mutant) = (operator.mutate)(&good.source()) else { return Row::default() };
    let mut row = Row { applied: 1, ..Row::default() };
    let (text, places) = mutant.apply(&good.source());
    assert!(!places.is_empty(), "{} in {} {}: nothing is expected", operator.name, good.shape, good.path);
    let mut miss = |what: &str, text: &str, found: &[Diagnostic]| {
        let Operator { name, codes, .. } = operator;
        let Good { shape, path, .. } = good;
        misses.push(format!("{name} in {shape} {path} {what}: {codes:?} at {places:?}{}\n{text}", listed(found)));
    };
    let workspace = good.with(&text);
    let found = bad(all_findings(&workspace));
    assert!(
        found.iter().all(|diagnostic| diagnostic.code != SYNTAX_ERROR),
        "{} in {} {}{}\n{text}",
        operator.name,
        good.shape,
        good.path,
        listed(&found)
    );
    let right: Vec<_> = found.iter().filter(|diagnostic| operator.codes.contains(&diagnostic.code)).collect();
    if right.is_empty() {
        miss("is not found", &text, &found);
        return row;
    }
    row.found = 1;
    let Some(right) = right.into_iter().find(|diagnostic| is_at(diagnostic, &places)) else {
        miss("is found elsewhere", &text, &found);
        return row;
    };
    row.placed = 1;
    let Some(fix) = right.fixes.iter().find(|fix| fix.applicability >= Applicability::Unsafe) else { return row };
    row.fixable = 1;
    let texts = apply_one(fix, |file| workspace.file(file).text.as_str().to_owned()).expect("edits are disjoint");
    let now: Vec<(String, String)> = workspace
        .files()
        .map(|(id, file)| {
            let text = texts.get(&id).map_or(file.text.as_str(), String::as_str);
            (file.path.display().to_string(), text.to_owned())
        })
        .collect();
    let now: Vec<(&str, &str)> = now.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let left = bad(all_findings(&crate::testing::workspace(&now)));
    if left.is_empty() {
        row.clean = 1;
    } else {
        miss(&format!("is not mended by {:?}", fix.title), now[0].1, &left);
    }
    row
}

#[test]
fn good_templates_have_no_findings() {
    for good in &GOOD {
        let found = bad(all_findings(&good.with(good.text)));
        assert!(found.is_empty(), "{} {}{}\n{}", good.shape, good.path, listed(&found), good.text);
    }
}

#[test]
fn every_mistake_is_found_at_its_place_and_mended() {
    let mut table = format!("{:44} applied  found  placed  fixable  clean\n", "mistake");
    let (mut sum, mut misses) = (Row::default(), Vec::new());
    let mut write = |name: &str, row: &Row| {
        let Row { applied, found, placed, fixable, clean } = row;
        let _ = writeln!(table, "{name:44} {applied:7}  {found:5}  {placed:6}  {fixable:7}  {clean:5}");
    };
    for operator in OPERATORS {
        let mut row = Row::default();
        for good in &GOOD {
            row.add(&try_one(operator, good, &mut misses));
        }
        assert!(row.applied > 0, "{} is nowhere applicable", operator.name);
        write(operator.name, &row);
        sum.add(&row);
    }
    write("all", &sum);
    println!("{table}");
    let misses = misses.join("\n\n");
    println!("{misses}");
    assert!(OPERATORS.len() >= 40 && GOOD.len() >= 24, "{} mistakes in {} templates", OPERATORS.len(), GOOD.len());
    assert!(sum.placed * 100 >= sum.applied * 99, "{table}\n{misses}");
    assert!(sum.clean * 100 >= sum.fixable * 99, "{table}\n{misses}");
    // What has no fix cannot fail above: few mistakes have none.
    assert!(sum.fixable * 100 >= sum.applied * 91, "{table}");
}
