//! What the rules say about themselves, in the form that outputs want.

use std::sync::OnceLock;

use rules::{Family, FixAvailability, Severity};

/// Where the rules are described.
pub fn home() -> String {
    rules::docs::url("")
}

/// A rule, for lists and reports.
#[derive(Debug)]
pub struct RuleInfo {
    /// Its code.
    pub code: &'static str,
    /// Its family.
    pub family: Family,
    /// How bad its diagnostics are unless configured.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// Its page, as plain text.
    pub text: String,
    /// Its page, in Markdown.
    pub markdown: String,
    /// Where its page is.
    pub url: String,
    /// Whether it mends what it finds.
    pub fix: &'static str,
    /// The version that has it first.
    pub since: &'static str,
}

/// All rules, sorted by code.
pub fn rules() -> &'static [RuleInfo] {
    static RULES: OnceLock<Vec<RuleInfo>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut all: Vec<_> = rules::all().map(|rule| info(rule.metadata())).collect();
        all.sort_by_key(|rule| rule.code);
        all
    })
}

fn info(rule: &'static rules::Metadata) -> RuleInfo {
    RuleInfo {
        code: rule.code,
        family: rule.family,
        severity: rule.severity,
        summary: rules::docs::summary(rule),
        text: rules::docs::text(rule),
        markdown: rules::docs::page(rule),
        url: rules::docs::url(rule.code),
        fix: match rule.fix {
            FixAvailability::None => "none",
            FixAvailability::Sometimes => "sometimes",
            FixAvailability::Always => "always",
        },
        since: rule.since,
    }
}
