//! From findings in single cases to one finding that says when it holds.

use syntax::TextRange;
use template::aks::{Case, Slot};
use template::condition::{Conditions, common, simplified};
use template::workspace::FileId;

use crate::{Ctx, Family, Finding, Severity};

impl Ctx<'_> {
    /// Looks at every case, and reports what is found: without a condition when all cases have it, else with the condition
    /// under which it holds. Findings at the same place with the same words are one.
    ///
    /// A case that cannot be judged is one in which nothing is found. What a property of something deployed decides is not
    /// known before, so nothing is said about it.
    pub fn judge<T>(&self, cases: &[Case<T>], mut find: impl FnMut(&Case<T>) -> Option<Finding>) {
        let mut found: Vec<(Finding, Vec<Conditions>)> = Vec::new();
        for case in cases {
            let Some(finding) = find(case) else { continue };
            match found.iter_mut().find(|(known, _)| known.key() == finding.key()) {
                Some((_, conditions)) => conditions.push(case.when.clone()),
                None => found.push((finding, vec![case.when.clone()])),
            }
        }
        // Mostly nothing is wrong.
        if found.is_empty() {
            return;
        }
        let assumed = common(cases.iter().map(|case| &case.when));
        for (finding, conditions) in found {
            if conditions.len() == cases.len() {
                self.report(finding);
                continue;
            }
            let conditions = simplified(conditions.iter().map(|when| when.without(&assumed)).collect());
            if conditions.iter().any(Conditions::is_true) {
                self.report(finding);
                continue;
            }
            let known: Vec<_> = conditions.iter().filter(|when| !self.eval.known_late(when)).collect();
            if known.is_empty() {
                continue;
            }
            // Which of several features go together is up to whoever gives the values: a module passes on what it is told.
            let is_combination = self.family() == Family::Feature && known.iter().all(|when| when.literals().len() > 1);
            let finding = if is_combination { finding.severity(Severity::Info) } else { finding };
            let words: Vec<_> = known.into_iter().take(2).map(|when| self.eval.describe(when)).collect();
            self.report(finding.when(words.join(", or ")));
        }
    }

    /// Reports what holds in these cases, out of those in which something is deployed at all.
    pub(crate) fn report_when(&self, finding: Finding, deployed: &[Conditions], whens: &[Conditions]) {
        let mut left = Vec::new();
        let covered = deployed.iter().filter(|case| {
            let own = whens.iter().filter(|when| case.without(when).is_true()).map(|when| when.without(case));
            let mut own = simplified(own.collect());
            let always = own.iter().any(Conditions::is_true);
            left.append(&mut own);
            always
        });
        if covered.count() == deployed.len() {
            self.report(finding);
            return;
        }
        left.retain(|when| !when.is_true());
        let known: Vec<_> = left.iter().filter(|when| !self.eval.known_late(when)).collect();
        if known.is_empty() && !left.is_empty() {
            return;
        }
        let mut words: Vec<_> = known.into_iter().map(|when| self.eval.describe(when)).collect();
        words.dedup();
        words.truncate(2);
        let words = if words.is_empty() { "it is deployed".to_owned() } else { words.join(", or ") };
        self.report(finding.when(words));
    }
}

impl Finding {
    /// Points at where a value comes from, when that is not where it is used.
    #[must_use]
    pub fn origin(self, ctx: &Ctx<'_>, slot: &Slot) -> Self {
        match (slot.place, ctx.eval.written_at(slot)) {
            (Some(place), Some(used)) => {
                let from = ctx.eval.location(place);
                let within = from.file == used.file && used.range.contains_range(from.range);
                if within { self } else { self.related(from, "the value comes from here") }
            }
            _ => self,
        }
    }

    fn key(&self) -> (FileId, TextRange, &str) {
        let location = self.location();
        (location.file, location.range, self.message())
    }
}
