//! Applying fixes until nothing is left to do.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use syntax::{TextEdit, TextEdits};
use template::workspace::{FileId, Location};

use crate::check::SYNTAX_ERROR;
use crate::{Applicability, Diagnostic, Fix};

/// So many rounds are more than any chain of fixes needs.
const MAX_ROUNDS: usize = 20;

/// Fixes that can be applied together.
#[derive(Debug, Default)]
pub struct Plan {
    /// Sorted, disjoint edits for each file.
    pub edits: BTreeMap<FileId, TextEdits>,
    /// What is mended by them, in the order of the diagnostics.
    pub applied: Vec<Applied>,
    /// What the edits repeat of the text.
    copied: Vec<Location>,
}

/// A fix that was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The rule.
    pub code: &'static str,
    /// The file of the diagnostic.
    pub file: FileId,
    /// What the fix did.
    pub title: String,
}

/// Chooses one fix for each diagnostic, the first that may be applied, and skips those that touch what another one
/// changes or repeats: these have to wait for the next round, when their diagnostics are computed anew.
pub fn plan(diagnostics: &[Diagnostic], threshold: Applicability) -> Plan {
    let mut plan = Plan::default();
    for diagnostic in diagnostics {
        let Some(fix) = diagnostic.fixes.iter().find(|fix| fix.applicability >= threshold) else { continue };
        if plan.add(fix) {
            plan.applied.push(Applied { code: diagnostic.code, file: diagnostic.file(), title: fix.title.clone() });
        }
    }
    plan
}

impl Plan {
    /// Adds all edits of a fix or none.
    fn add(&mut self, fix: &Fix) -> bool {
        let touches = |a: &TextEdit, b: &TextEdit| a.range.start() <= b.range.end() && b.range.start() <= a.range.end();
        let free = |edit: &crate::FileEdit| {
            self.edits.get(&edit.file).is_none_or(|edits| !edits.iter().any(|other| touches(other, &edit.edit)))
        };
        if !fix.edits.iter().all(free) {
            return false;
        }
        let repeats = |copied: &Location, file: FileId, edit: &TextEdit| {
            copied.file == file && edit.range.start() < copied.range.end() && copied.range.start() < edit.range.end()
        };
        let stale = fix.edits.iter().any(|new| self.copied.iter().any(|copied| repeats(copied, new.file, &new.edit)));
        let changed = fix.copied.iter().any(|copied| {
            self.edits
                .get(&copied.file)
                .is_some_and(|edits| edits.iter().any(|edit| repeats(copied, copied.file, edit)))
        });
        if stale || changed {
            return false;
        }
        // A fix with edits that overlap among themselves is refused whole.
        let mut own: BTreeMap<FileId, TextEdits> = BTreeMap::new();
        for edit in &fix.edits {
            if own.entry(edit.file).or_default().push(edit.edit.clone()).is_err() {
                return false;
            }
        }
        self.copied.extend(fix.copied.iter().copied());
        for (file, edits) in own {
            let all = self.edits.entry(file).or_default();
            for edit in &edits {
                // Cannot fail: nothing there touches it.
                if all.push(edit.clone()).is_err() {
                    return false;
                }
            }
        }
        true
    }
}

/// The texts of all files with one fix applied; only those it changes.
pub fn apply_one(fix: &Fix, text: impl Fn(FileId) -> String) -> Option<BTreeMap<FileId, String>> {
    let mut plan = Plan::default();
    plan.add(fix).then(|| plan.edits.iter().map(|(file, edits)| (*file, edits.apply(&text(*file)))).collect())
}

/// What [`fix_all`] did.
#[derive(Debug)]
pub struct Fixed {
    /// The texts afterwards, by file id.
    pub texts: Vec<String>,
    /// All fixes that were applied, round by round.
    pub applied: Vec<Applied>,
    /// What is left.
    pub left: Vec<Diagnostic>,
    /// How many rounds changed something.
    pub rounds: usize,
    /// Why it stopped before nothing was left to do.
    pub stopped: Option<Stopped>,
}

/// Why fixing stopped early: a mistake in a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Fixes kept undoing each other. The rules of the last round.
    NoEnd(Vec<&'static str>),
    /// Fixes would have broken the syntax; that round was not made. The rules of that round.
    Broken(Vec<&'static str>),
}

/// Applies fixes of at least `threshold`, computes the diagnostics anew, and so on until nothing is left to do.
/// `diagnostics` gets all texts by file id and whether they changed since the last call.
pub fn fix_all(
    mut texts: Vec<String>,
    threshold: Applicability,
    mut diagnostics: impl FnMut(&[String]) -> Vec<Diagnostic>,
) -> Fixed {
    let syntax_errors =
        |diagnostics: &[Diagnostic]| diagnostics.iter().filter(|diagnostic| diagnostic.code == SYNTAX_ERROR).count();
    let mut left = diagnostics(&texts);
    let mut applied = Vec::new();
    let mut seen = FxHashSet::default();
    for round in 0..=MAX_ROUNDS {
        let plan = plan(&left, threshold);
        if plan.applied.is_empty() {
            return Fixed { texts, applied, left, rounds: round, stopped: None };
        }
        let codes = || {
            let mut codes: Vec<_> = plan.applied.iter().map(|applied| applied.code).collect();
            codes.sort_unstable();
            codes.dedup();
            codes
        };
        let before = texts.clone();
        for (file, edits) in &plan.edits {
            let text = &mut texts[file.0 as usize];
            *text = edits.apply(text);
        }
        let is_old = !seen.insert(before.clone()) || seen.contains(&texts);
        if is_old || round == MAX_ROUNDS {
            return Fixed { texts: before, applied, left, rounds: round, stopped: Some(Stopped::NoEnd(codes())) };
        }
        let now = diagnostics(&texts);
        if syntax_errors(&now) > syntax_errors(&left) {
            return Fixed { texts: before, applied, left, rounds: round, stopped: Some(Stopped::Broken(codes())) };
        }
        applied.extend(plan.applied);
        left = now;
    }
    Fixed { texts, applied, left, rounds: MAX_ROUNDS, stopped: None }
}

#[cfg(test)]
mod tests {
    use syntax::TextRange;
    use template::workspace::Location;

    use super::*;
    use crate::{Confidence, Family, FileEdit, Severity};

    fn diagnostic(code: &'static str, fixes: Vec<Fix>) -> Diagnostic {
        Diagnostic {
            code,
            family: Family::Document,
            severity: Severity::Error,
            confidence: Confidence::Always,
            message: String::new(),
            help: None,
            location: Location { file: FileId(0), range: TextRange::empty(0.into()) },
            related: Vec::new(),
            fixes,
            tag: None,
        }
    }

    fn fix(applicability: Applicability, edits: &[(u32, u32, &str)]) -> Fix {
        let edit = |(start, end, text): &(u32, u32, &str)| FileEdit {
            file: FileId(0),
            edit: TextEdit::replace(TextRange::new((*start).into(), (*end).into()), *text),
        };
        Fix { title: "mend".into(), applicability, edits: edits.iter().map(edit).collect(), copied: Vec::new() }
    }

    /// Replaces the first `from` by `to`.
    fn replacing(texts: &[String], code: &'static str, from: &str, to: &str) -> Option<Diagnostic> {
        let at = u32::try_from(texts[0].find(from)?).unwrap();
        let end = at + u32::try_from(from.len()).unwrap();
        Some(diagnostic(code, vec![fix(Applicability::Safe, &[(at, end, to)])]))
    }

    #[test]
    fn takes_the_first_fix_that_may_be_applied() {
        let unsafe_first = [fix(Applicability::Unsafe, &[(0, 1, "u")]), fix(Applicability::Safe, &[(0, 1, "s")])];
        let diagnostics = [diagnostic("a", unsafe_first.to_vec())];
        let text = |threshold| plan(&diagnostics, threshold).edits[&FileId(0)].apply("x");
        assert_eq!(text(Applicability::Safe), "s");
        assert_eq!(text(Applicability::Unsafe), "u");
    }

    #[test]
    fn fixes_that_touch_wait() {
        let safe = |edits| fix(Applicability::Safe, edits);
        let diagnostics = [
            diagnostic("a", vec![safe(&[(0, 1, "A"), (4, 4, "!")])]),
            diagnostic("b", vec![safe(&[(2, 3, "B"), (4, 4, "?")])]),
            diagnostic("c", vec![safe(&[(2, 3, "C")])]),
        ];
        let plan = plan(&diagnostics, Applicability::Safe);
        let codes: Vec<_> = plan.applied.iter().map(|applied| applied.code).collect();
        assert_eq!(codes, ["a", "c"], "b is refused whole");
        assert_eq!(plan.edits[&FileId(0)].apply("xyxy"), "AyCy!");
    }

    #[test]
    fn goes_on_until_nothing_is_left() {
        let fixed = fix_all(vec!["aa".into()], Applicability::Safe, |texts| {
            replacing(texts, "a", "a", "b").into_iter().chain(replacing(texts, "b", "bb", "c")).collect()
        });
        assert_eq!((fixed.texts[0].as_str(), fixed.rounds, fixed.stopped), ("c", 3, None));
        assert_eq!(fixed.applied.len(), 3);
        assert!(fixed.left.is_empty());
    }

    #[test]
    fn notices_fixes_that_undo_each_other() {
        let fixed = fix_all(vec!["a".into()], Applicability::Safe, |texts| {
            replacing(texts, "a", "a", "b").into_iter().chain(replacing(texts, "b", "b", "a")).collect()
        });
        assert_eq!(fixed.stopped, Some(Stopped::NoEnd(vec!["b"])));
    }

    #[test]
    fn notices_fixes_that_grow_for_ever() {
        let fixed = fix_all(vec!["a".into()], Applicability::Safe, |texts| {
            replacing(texts, "a", "a", "aa").into_iter().collect()
        });
        assert_eq!(fixed.stopped, Some(Stopped::NoEnd(vec!["a"])));
        assert_eq!(fixed.rounds, MAX_ROUNDS);
    }

    #[test]
    fn does_not_break_the_syntax() {
        let fixed = fix_all(vec!["a".into()], Applicability::Safe, |texts| {
            let broken = texts[0].contains('b').then(|| diagnostic(SYNTAX_ERROR, Vec::new()));
            replacing(texts, "a", "a", "b").into_iter().chain(broken).collect()
        });
        assert_eq!((fixed.texts[0].as_str(), fixed.stopped), ("a", Some(Stopped::Broken(vec!["a"]))));
    }

    #[test]
    fn what_one_fix_repeats_another_does_not_change_at_the_same_time() {
        let at = |start: u32, end: u32| TextRange::new(start.into(), end.into());
        let repeating = |start, end| Fix {
            copied: vec![Location { file: FileId(0), range: at(start, end) }],
            ..fix(Applicability::Safe, &[(50, 50, "new")])
        };
        let changing = || fix(Applicability::Safe, &[(10, 20, "x")]);
        let applied = |first: Fix, second: Fix| {
            let found = [diagnostic("first", vec![first]), diagnostic("second", vec![second])];
            plan(&found, Applicability::Safe).applied.len()
        };
        for (start, end, expected) in [(12, 15, 1), (5, 11, 1), (19, 30, 1), (5, 10, 2), (20, 30, 2)] {
            assert_eq!(applied(repeating(start, end), changing()), expected, "{start}..{end}");
            assert_eq!(applied(changing(), repeating(start, end)), expected, "{start}..{end}");
        }
    }
}
