//! What the rules say about themselves, in the form that outputs want.

use std::sync::OnceLock;

use rules::docs::Docs;
use rules::{Family, FixAvailability, Severity};

/// Where the program is described.
pub const HOME: &str = env!("CARGO_PKG_REPOSITORY");

/// The page about a rule.
pub fn url(code: &str) -> String {
    format!("{HOME}/blob/main/server/rules/RULES.md#{code}")
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
        let mut all: Vec<_> = rules::all().map(info).collect();
        all.sort_by_key(|rule| rule.code);
        all
    })
}

/// Syntax errors, which nobody selects, but which reports describe like a rule.
pub fn syntax_errors() -> RuleInfo {
    let page = rules::docs::page_md(rules::SYNTAX_ERROR).unwrap_or_default();
    RuleInfo {
        code: rules::SYNTAX_ERROR,
        family: Family::Document,
        severity: Severity::Error,
        summary: "Reports what cannot be read.".to_owned(),
        text: rules::docs::explain(rules::SYNTAX_ERROR).unwrap_or_default(),
        markdown: page.split_once("\n## ").map(|(_, sections)| format!("## {sections}")).unwrap_or_default(),
        url: url(rules::SYNTAX_ERROR),
        fix: "none",
        since: "0.1.0",
    }
}

fn info(rule: &'static dyn rules::Rule) -> RuleInfo {
    let metadata = rule.metadata();
    let docs = Docs::of(rule);
    let sections = docs.sections.iter().map(|(title, body)| format!("## {title}\n\n{body}\n"));
    RuleInfo {
        code: metadata.code,
        family: metadata.family,
        severity: metadata.severity,
        summary: docs.summary().split_whitespace().collect::<Vec<_>>().join(" "),
        text: rules::docs::explain(metadata.code).unwrap_or_default(),
        markdown: sections.collect::<Vec<_>>().join("\n"),
        url: url(metadata.code),
        fix: match metadata.fix {
            FixAvailability::None => "none",
            FixAvailability::Sometimes => "sometimes",
            FixAvailability::Always => "always",
        },
        since: metadata.since,
    }
}
