//! Which rules run, and how bad their findings are.

use std::str::FromStr;

use crate::rule::Metadata;
use crate::{Family, Severity, by_code};

/// Which rules run, and how bad their findings are. The default runs every rule that is not off by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// When not empty, only these rules run.
    pub select: Vec<Selector>,
    /// These rules do not run, unless `select` names them more exactly.
    pub ignore: Vec<Selector>,
    /// Levels by rule or family. The most exact one counts, of equally exact ones the last.
    pub levels: Vec<(Selector, Level)>,
    /// Leave errors that hold for some values only as errors.
    pub conditional_errors: bool,
    /// Report in Bicep also what its compiler reports by itself: unknown properties, wrong types and the like.
    pub with_bicep: bool,
    /// Nothing in a file silences these rules.
    pub unsuppressible: Vec<Selector>,
}

impl Settings {
    /// How bad the findings of a rule are; `None` when it does not run.
    pub fn severity(&self, rule: &Metadata) -> Option<Severity> {
        let selected = exactness(self.select.iter(), rule);
        let ignored = exactness(self.ignore.iter(), rule);
        if (!self.select.is_empty() && selected.is_none()) || (ignored.is_some() && ignored >= selected) {
            return None;
        }
        let mut level: Option<(u8, Level)> = None;
        for (selector, wanted) in &self.levels {
            let exact = selector.exactness(rule);
            if exact.is_some_and(|exact| level.is_none_or(|(best, _)| exact >= best)) {
                level = exact.map(|exact| (exact, *wanted));
            }
        }
        // A rule that is off by itself wants to be named; a family or `all` does not switch it on.
        let named =
            selected == Some(EXACT) || level.is_some_and(|(exact, level)| exact == EXACT && level != Level::Off);
        if rule.off.is_some() && !named {
            return None;
        }
        match level {
            Some((_, level)) => level.severity(),
            None => Some(rule.severity),
        }
    }
}

impl Settings {
    /// Whether something in a file may silence a rule.
    pub fn may_suppress(&self, rule: &Metadata) -> bool {
        exactness(self.unsuppressible.iter(), rule).is_none()
    }
}

/// The exactness of a selector that names one rule.
const EXACT: u8 = 2;

fn exactness<'a>(selectors: impl Iterator<Item = &'a Selector>, rule: &Metadata) -> Option<u8> {
    selectors.filter_map(|selector| selector.exactness(rule)).max()
}

/// Some rules, by a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// `all`.
    All,
    /// A family, by its name.
    Family(Family),
    /// A rule, by its code.
    Rule(&'static str),
}

impl Selector {
    /// How exactly it names the rule; `None` when it does not.
    fn exactness(&self, rule: &Metadata) -> Option<u8> {
        match self {
            Self::All => Some(0),
            Self::Family(family) => (*family == rule.family).then_some(1),
            Self::Rule(code) => (*code == rule.code).then_some(EXACT),
        }
    }
}

impl FromStr for Selector {
    type Err = UnknownSelector;

    fn from_str(word: &str) -> Result<Self, UnknownSelector> {
        if word == "all" {
            return Ok(Self::All);
        }
        if let Some(family) = Family::ALL.into_iter().find(|family| family.as_str() == word) {
            return Ok(Self::Family(family));
        }
        if let Some(code) = known_code(word) {
            return Ok(Self::Rule(code));
        }
        let families = Family::ALL.into_iter().map(Family::as_str);
        let suggestion = nearest(word, crate::all().map(|rule| rule.metadata().code).chain(families));
        Err(UnknownSelector { word: word.to_owned(), suggestion })
    }
}

/// The code as a static string, when a rule has it.
fn known_code(word: &str) -> Option<&'static str> {
    by_code(word).map(|rule| rule.metadata().code)
}

/// The candidate that was probably meant.
pub(crate) fn nearest(word: &str, candidates: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let close = |candidate: &&str| {
        let longer = candidate.len().max(word.len());
        let differ = |distance: usize| distance * 3 > longer;
        if differ(schema::least_distance(word, candidate)) {
            return None;
        }
        let distance = strsim::damerau_levenshtein(word, candidate);
        (!differ(distance)).then_some(distance)
    };
    candidates.filter_map(|candidate| Some((close(&candidate)?, candidate))).min().map(|(_, candidate)| candidate)
}

/// A word that names no rule and no family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSelector {
    /// The word.
    pub word: String,
    /// What was probably meant.
    pub suggestion: Option<&'static str>,
}

impl std::fmt::Display for UnknownSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "there is no rule or family `{}`", self.word)?;
        match self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UnknownSelector {}

/// What becomes of a rule's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Level {
    Off,
    Hint,
    Info,
    Warning,
    Error,
}

impl Level {
    /// The severity; `None` for [`Level::Off`].
    pub fn severity(self) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::Hint => Some(Severity::Hint),
            Self::Info => Some(Severity::Info),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
        }
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(word: &str) -> Result<Self, UnknownLevel> {
        Ok(match word {
            "off" => Self::Off,
            "hint" => Self::Hint,
            "info" => Self::Info,
            "warning" => Self::Warning,
            "error" => Self::Error,
            _ => return Err(UnknownLevel(word.to_owned())),
        })
    }
}

/// A word that is no level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLevel(pub String);

impl std::fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` is no level; there are off, hint, info, warning and error", self.0)
    }
}

impl std::error::Error for UnknownLevel {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suppress::{UNKNOWN_RULE, UNUSED};

    fn severity(settings: &Settings) -> Option<Severity> {
        settings.severity(UNUSED.metadata())
    }

    fn selector(word: &str) -> Selector {
        word.parse().unwrap()
    }

    #[test]
    fn the_most_exact_word_counts() {
        let code = selector("unused-suppression");
        let family = selector("document");
        let mut settings =
            Settings { levels: vec![(code, Level::Info), (family, Level::Error)], ..Settings::default() };
        assert_eq!(severity(&settings), Some(Severity::Info));
        settings.ignore = vec![Selector::All];
        assert_eq!(severity(&settings), None);
        settings.select = vec![code];
        assert_eq!(severity(&settings), Some(Severity::Info), "named more exactly than it is ignored");
        assert_eq!(settings.severity(UNKNOWN_RULE.metadata()), None, "not selected");
    }

    #[test]
    fn a_rule_that_is_off_must_be_named() {
        let base = UNUSED.metadata();
        let rule = Metadata { off: Some("noisy"), languages: base.languages, ..*base };
        let on = |settings: Settings| settings.severity(&rule).is_some();
        assert!(!on(Settings::default()));
        assert!(!on(Settings { select: vec![selector("document")], ..Settings::default() }));
        assert!(on(Settings { select: vec![selector("unused-suppression")], ..Settings::default() }));
        assert!(on(Settings { levels: vec![(selector("unused-suppression"), Level::Hint)], ..Settings::default() }));
    }

    #[test]
    fn misspelt_words_are_mended() {
        let error = "unused-supression".parse::<Selector>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no rule or family `unused-supression`; did you mean `unused-suppression`?"
        );
        assert_eq!("identiy".parse::<Selector>().unwrap_err().suggestion, Some("identity"));
        assert_eq!("zebra".parse::<Selector>().unwrap_err().suggestion, None);
    }
}
