//! The documentation of the rules, taken apart: for `explain`, for `RULES.md`, for hovers. The examples are tests.

use std::fmt::Write as _;

use crate::rule::Metadata;
use crate::{Family, FixAvailability, Languages, Rule, SYNTAX_ERROR, Severity, all, by_code};

/// The sections that every rule has; `Fix` only when it has one.
const SECTIONS: [&str; 5] = ["What it does", "Why is this a problem", "Examples", "Fix", "When not to use it"];

/// The documentation of a rule, taken apart.
#[derive(Clone, Debug)]
pub struct Docs {
    /// The sections in order: title and text, in Markdown.
    pub sections: Vec<(String, String)>,
    /// The examples in order.
    pub examples: Vec<Example>,
}

/// A fenced block under `### Invalid` or `### Valid`.
#[derive(Clone, Debug)]
pub struct Example {
    /// The language behind the fence.
    pub language: ExampleLanguage,
    /// As written, mostly a fragment.
    pub text: String,
    /// What is around the fragment.
    pub frame: Frame,
    /// How often the rule reports something: `expect=2`. 1 for invalid examples that do not say, 0 for valid ones.
    pub expect: usize,
    /// Codes of other rules that report something as well: `also=a+b`.
    pub also: Vec<String>,
    /// The API version of the cluster around the fragment: `api=2021-10-01`.
    pub api_version: String,
}

/// The language of an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ExampleLanguage {
    Json,
    Bicep,
    Bash,
    PowerShell,
    Cmd,
    /// A workflow or pipeline.
    Yaml,
}

impl ExampleLanguage {
    /// A path at which a file of it is recognised.
    pub fn path(self) -> &'static str {
        match self {
            Self::Json => "main.json",
            Self::Bicep => "main.bicep",
            Self::Bash => "main.sh",
            Self::PowerShell => "main.ps1",
            Self::Cmd => "main.cmd",
            Self::Yaml => ".github/workflows/main.yml",
        }
    }

    fn is_json(self) -> bool {
        self == Self::Json
    }
}

/// What is put around an example, so that it shows what matters only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Nothing: it is a whole file.
    Template,
    /// `frame=cluster`: it is members of a cluster besides type, name and location. The cluster gets `properties` when the
    /// fragment has none.
    Cluster,
    /// `frame=identity`: it is what stands in the cluster's `identity`.
    Identity,
    /// `frame=properties`: it is members of the cluster's `properties`; the cluster has the identity `mi`.
    Properties,
    /// `frame=resource`: it is further resources, besides a cluster with the identity `mi`.
    Resource,
}

/// The API version of clusters in examples.
const API_VERSION: &str = "2025-05-01";

impl Docs {
    /// The documentation of a rule.
    pub fn of(rule: &dyn Rule) -> Self {
        Self::parse(rule.metadata().docs)
    }

    /// Takes documentation apart. Examples with a language or an option that is not known are left out, which a test
    /// of the rules notices.
    fn parse(docs: &str) -> Self {
        let mut sections: Vec<(String, String)> = Vec::new();
        let mut examples = Vec::new();
        let mut invalid = false;
        let mut open: Option<(String, String)> = None;
        for line in docs.lines() {
            // `/// text` arrives with the blank.
            let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
            match (&mut open, line.strip_prefix("```")) {
                (Some((info, text)), Some(_)) => {
                    examples.extend(Example::parse(info, text, invalid));
                    open = None;
                }
                (None, Some(info)) => open = Some((info.to_owned(), String::new())),
                (Some((_, text)), None) => {
                    text.push_str(line);
                    text.push('\n');
                }
                (None, None) => {}
            }
            if open.is_none() {
                if let Some(title) = line.strip_prefix("## ") {
                    sections.push((title.to_owned(), String::new()));
                    continue;
                }
                if let Some(title) = line.strip_prefix("### ") {
                    invalid = title == "Invalid";
                }
            }
            if let Some((_, body)) = sections.last_mut() {
                // What the tests need to know is of no interest to readers.
                let shown = line.strip_prefix("```").and_then(|info| info.split(',').next());
                body.push_str(&shown.map_or_else(|| line.to_owned(), |language| format!("```{language}")));
                body.push('\n');
            }
        }
        for (_, body) in &mut sections {
            *body = body.trim().to_owned();
        }
        Self { sections, examples }
    }

    /// The text of the section of that title.
    pub fn section(&self, title: &str) -> Option<&str> {
        self.sections.iter().find(|(own, _)| own == title).map(|(_, body)| body.as_str())
    }

    /// The first paragraph of what the rule does: for hovers and tables.
    pub fn summary(&self) -> &str {
        let body = self.section(SECTIONS[0]).unwrap_or_default();
        body.split("\n\n").next().unwrap_or_default()
    }
}

impl Example {
    fn parse(info: &str, text: &str, invalid: bool) -> Option<Self> {
        let mut words = info.split(',').map(str::trim);
        let language = match words.next()? {
            "json" => ExampleLanguage::Json,
            "bicep" => ExampleLanguage::Bicep,
            "bash" => ExampleLanguage::Bash,
            "powershell" => ExampleLanguage::PowerShell,
            "bat" => ExampleLanguage::Cmd,
            "yaml" => ExampleLanguage::Yaml,
            _ => return None,
        };
        let mut example = Self {
            language,
            text: text.to_owned(),
            frame: Frame::Template,
            expect: usize::from(invalid),
            also: Vec::new(),
            api_version: API_VERSION.to_owned(),
        };
        for word in words {
            match word.split_once('=')? {
                ("frame", "template") => example.frame = Frame::Template,
                ("frame", "cluster") => example.frame = Frame::Cluster,
                ("frame", "identity") => example.frame = Frame::Identity,
                ("frame", "properties") => example.frame = Frame::Properties,
                ("frame", "resource") => example.frame = Frame::Resource,
                ("expect", number) => example.expect = number.parse().ok()?,
                ("also", codes) => example.also = codes.split('+').map(str::to_owned).collect(),
                ("api", version) => version.clone_into(&mut example.api_version),
                _ => return None,
            }
        }
        Some(example)
    }

    /// The example with its frame: a whole file. It declares the identities `mi` (of the control plane) and `kmi` (of the
    /// kubelet) and lets the former assign the latter, and a cluster that waits for all of these.
    pub fn file(&self) -> String {
        if self.frame == Frame::Template {
            return self.text.clone();
        }
        let has_properties = self.text.lines().any(|line| {
            let line = line.trim_start();
            line.starts_with("properties:") || line.starts_with("\"properties\":")
        });
        let text = indent(&self.text, if self.language.is_json() { 6 } else { 2 });
        let frame = if self.language.is_json() { JSON_FRAME } else { BICEP_FRAME };
        let part = |name: &str| {
            let (_, rest) = frame.split_once(&format!("<{name}>\n")).unwrap_or_default();
            rest.split_once("</>").unwrap_or_default().0
        };
        let properties = if has_properties { "" } else { part("properties") };
        let body = match self.frame {
            Frame::Template | Frame::Cluster => format!("{properties}{text}"),
            Frame::Identity => part("around identity").replace("<fragment>\n", &indent(&text, 2)),
            Frame::Properties => part("around properties").replace("<fragment>\n", &indent(&text, 2)),
            Frame::Resource => part("clean").to_owned(),
        };
        let more = if self.frame == Frame::Resource { self.text.as_str() } else { "" };
        let more = if self.language.is_json() { indent(more, 4) } else { more.to_owned() };
        let comma = if more.is_empty() { "" } else { "," };
        part("file")
            .replace("<api version>", &self.api_version)
            .replace("<cluster>\n", &body)
            .replace("<comma>", comma)
            .replace("<more>\n", &more)
    }
}

fn indent(text: &str, blanks: usize) -> String {
    let indented = |line: &str| if line.trim().is_empty() { line.to_owned() } else { format!("{:blanks$}{line}", "") };
    text.split_inclusive('\n').map(indented).collect()
}

const JSON_FRAME: &str = include_str!("docs/frame.json.txt");
const BICEP_FRAME: &str = include_str!("docs/frame.bicep.txt");

/// Syntax errors are no rule, but they have a code, and so a page.
const SYNTAX: &str = "\
 ## What it does
 Reports what cannot be read: a missing brace, a value that is not there, a text without an end. A missing piece is one
 diagnostic, at the place where it was expected.

 ## Why is this a problem
 Azure and the Bicep compiler refuse the file. What is around the mistake is still checked as far as it can be understood.

 ## When not to use it
 It cannot be switched off or suppressed. A file that is not meant to be a template can be excluded with `exclude`.
";

/// What there is to say about a code: its properties in one line, and the sections of its page.
fn about(code: &str) -> Option<(String, Docs)> {
    if code == SYNTAX_ERROR {
        let properties = format!("{} · {}", Family::Document.as_str(), severity(Severity::Error));
        return Some((properties, Docs::parse(SYNTAX)));
    }
    let rule = by_code(code)?;
    Some((properties(rule.metadata()), Docs::of(rule)))
}

/// What there is to say about a rule or syntax errors, for a terminal. `None` when there is no such code.
pub fn explain(code: &str) -> Option<String> {
    let (properties, docs) = about(code)?;
    let mut out = format!("{code}\n{properties}\n\n");
    for (title, body) in docs.sections {
        let _ = write!(out, "{title}\n{}\n\n{body}\n\n", "-".repeat(title.chars().count()));
    }
    Some(out.trim_end().to_owned() + "\n")
}

/// What stands at the top of every page that is made from the documentation.
pub const WRITTEN: &str =
    "<!-- Written by `cargo xtask docs` from the documentation of the rules; change it there. -->";

/// `RULES.md`.
pub fn rules_md() -> String {
    let mut out = format!("# Rules\n\n{WRITTEN}\n\n");
    for family in Family::ALL {
        let rules: Vec<&dyn Rule> = all().filter(|rule| rule.metadata().family == family).collect();
        if rules.is_empty() {
            continue;
        }
        let _ = write!(out, "- **{}**: ", family.as_str());
        let links: Vec<String> = rules.iter().map(|rule| link(rule.metadata().code)).collect();
        let _ = writeln!(out, "{}", links.join(", "));
    }
    for code in all().map(|rule| rule.metadata().code).chain([SYNTAX_ERROR]) {
        let Some((properties, docs)) = about(code) else { continue };
        let _ = write!(out, "\n## {code}\n\n{properties}\n");
        for (title, body) in docs.sections {
            let body = body.replace("\n### ", "\n#### ");
            let body = body.strip_prefix("### ").map_or_else(|| body.clone(), |rest| format!("#### {rest}"));
            let _ = write!(out, "\n### {title}\n\n{body}\n");
        }
    }
    out
}

/// The page of a code, for a book: as in `RULES.md`, one level further up. `None` when there is no such code.
pub fn page_md(code: &str) -> Option<String> {
    let (properties, docs) = about(code)?;
    let mut out = format!("# {code}\n\n{WRITTEN}\n\n{properties}\n");
    for (title, body) in docs.sections {
        let _ = write!(out, "\n## {title}\n\n{body}\n");
    }
    Some(out)
}

fn link(code: &str) -> String {
    format!("[`{code}`](#{code})")
}

/// Family, severity and so on in one line.
fn properties(metadata: &Metadata) -> String {
    let mut out = format!("{} · {}", metadata.family.as_str(), severity(metadata.severity));
    match metadata.fix {
        FixAvailability::None => {}
        FixAvailability::Sometimes => out.push_str(" · sometimes fixable"),
        FixAvailability::Always => out.push_str(" · fixable"),
    }
    let _ = write!(out, " · since {}", metadata.since);
    match metadata.languages {
        Languages::Both => {}
        Languages::Json(reason) => {
            let _ = write!(out, " · ARM JSON only: {reason}");
        }
        Languages::Bicep(reason) => {
            let _ = write!(out, " · Bicep only: {reason}");
        }
        Languages::Commands(reason) => {
            let _ = write!(out, " · {reason}");
        }
    }
    if let Some(code) = metadata.bicep {
        let _ = write!(out, " · in Bicep only with `with-bicep`, or where the compiler does not see it: {code}");
    }
    if let Some(reason) = metadata.off {
        let _ = write!(out, " · off unless selected: {reason}");
    }
    out
}

fn severity(severity: Severity) -> &'static str {
    severity.as_str()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::apply::{apply_one, fix_all};
    use crate::testing::{outcome, workspace};
    use crate::{Applicability, Diagnostic, Settings};

    fn diagnostics(path: &str, text: &str, with_bicep: bool) -> Vec<Diagnostic> {
        let settings = Settings { with_bicep, ..Settings::default() };
        outcome(&all().collect::<Vec<_>>(), &workspace(&[(path, text)]), &settings).diagnostics
    }

    fn count(diagnostics: &[Diagnostic], code: &str) -> usize {
        diagnostics.iter().filter(|diagnostic| diagnostic.code == code).count()
    }

    /// What an example may not raise: anything that is neither its own rule nor announced, and bad enough to be seen.
    fn unexpected<'d>(found: &'d [Diagnostic], code: &str, also: &[String]) -> Vec<(&'d str, &'d str)> {
        let other =
            |diagnostic: &&Diagnostic| diagnostic.code != code && !also.iter().any(|own| own == diagnostic.code);
        let bad = found.iter().filter(other).filter(|diagnostic| diagnostic.severity >= Severity::Warning);
        bad.map(|diagnostic| (diagnostic.code, diagnostic.message.as_str())).collect()
    }

    #[test]
    fn every_rule_is_documented_in_both_languages() {
        for rule in all() {
            let metadata = rule.metadata();
            let code = metadata.code;
            let docs = Docs::of(rule);
            for title in SECTIONS {
                let wanted = title != "Fix" || metadata.fix != FixAvailability::None;
                let has = docs.section(title).is_some_and(|body| !body.is_empty());
                assert!(has == wanted, "{code}: section `{title}`");
            }
            let fences = metadata.docs.lines().filter(|line| line.trim_start().starts_with("```")).count();
            assert_eq!(fences, docs.examples.len() * 2, "{code}: a fence with options that are not known");
            for language in [ExampleLanguage::Json, ExampleLanguage::Bicep, ExampleLanguage::Bash] {
                let wanted = match metadata.languages {
                    Languages::Both => language != ExampleLanguage::Bash,
                    Languages::Json(_) => language == ExampleLanguage::Json,
                    Languages::Bicep(_) => language == ExampleLanguage::Bicep,
                    Languages::Commands(_) => language == ExampleLanguage::Bash,
                };
                let has = |invalid| {
                    docs.examples.iter().any(|example| example.language == language && (example.expect > 0) == invalid)
                };
                assert!(!wanted || (has(true) && has(false)), "{code}: examples in {language:?}");
            }
        }
    }

    #[test]
    fn examples_show_what_they_say() {
        for rule in all() {
            let code = rule.metadata().code;
            for example in Docs::of(rule).examples {
                let path = example.language.path();
                let text = example.file();
                // What a rule leaves to the compiler of Bicep it reports when it is told to.
                let with_bicep = rule.metadata().bicep.is_some();
                let found = diagnostics(path, &text, with_bicep);
                assert_eq!(count(&found, SYNTAX_ERROR), 0, "{code}: {found:#?}\n{text}");
                assert_eq!(count(&found, code), example.expect, "{code}: {found:#?}\n{text}");
                assert!(unexpected(&found, code, &example.also).is_empty(), "{code}: {found:#?}\n{text}");
                for other in &example.also {
                    assert!(count(&found, other) > 0, "{code}: {other} reports nothing for\n{text}");
                }
                if example.expect > 0 {
                    check_fixes(rule.metadata(), path, &text, &found, &example.also);
                }
            }
        }
    }

    /// Each fix applies, silences its diagnostic and raises nothing else; together they come to an end.
    fn check_fixes(rule: &Metadata, path: &str, text: &str, found: &[Diagnostic], also: &[String]) {
        let own: Vec<&Diagnostic> = found.iter().filter(|diagnostic| diagnostic.code == rule.code).collect();
        let code = rule.code;
        for diagnostic in &own {
            match rule.fix {
                FixAvailability::None => assert!(diagnostic.fixes.is_empty(), "{code}: declares that it has no fix"),
                FixAvailability::Always => assert!(!diagnostic.fixes.is_empty(), "{code}: no fix for\n{text}"),
                FixAvailability::Sometimes => {}
            }
            for fix in &diagnostic.fixes {
                let title = &fix.title;
                let fixed = apply_one(fix, |_| text.to_owned());
                let fixed = fixed.and_then(|texts| texts.into_values().next());
                let fixed = fixed.unwrap_or_else(|| panic!("{code}: `{title}` cannot be applied to\n{text}"));
                let left = diagnostics(path, &fixed, rule.bicep.is_some());
                assert_eq!(count(&left, SYNTAX_ERROR), 0, "{code}: `{title}` breaks the syntax:\n{fixed}");
                if fix.applicability > Applicability::DisplayOnly {
                    assert!(count(&left, code) < own.len(), "{code}: `{title}` silences nothing:\n{fixed}");
                    let new = unexpected(&left, code, also);
                    assert!(new.is_empty(), "{code}: `{title}` raises {new:?} in\n{fixed}");
                }
            }
        }
        let all_fixed = fix_all(vec![text.to_owned()], Applicability::Unsafe, |texts| {
            diagnostics(path, &texts[0], rule.bicep.is_some())
        });
        assert_eq!(all_fixed.stopped, None, "{code}: {}", all_fixed.texts[0]);
    }

    #[test]
    fn frames_are_clean() {
        for language in ["json", "bicep"] {
            let json = language == "json";
            let fragments = [
                ("cluster", if json { "\"tags\": {}\n" } else { "tags: {}\n" }),
                ("properties", if json { "\"enableRBAC\": true\n" } else { "enableRBAC: true\n" }),
                ("identity", if json { "\"type\": \"SystemAssigned\"\n" } else { "type: 'SystemAssigned'\n" }),
                (
                    "resource",
                    if json {
                        "{ \"type\": \"A.B/c\", \"apiVersion\": \"2020-01-01\", \"name\": \"c\" }\n"
                    } else {
                        "var a = 1\n"
                    },
                ),
            ];
            for (frame, fragment) in fragments {
                let example =
                    Example::parse(&format!("{language},frame={frame},api=2024-09-01"), fragment, false).unwrap();
                let text = example.file();
                assert!(text.contains(fragment.trim()) && text.contains("2024-09-01") && !text.contains('<'), "{text}");
                let workspace = workspace(&[(if json { "main.json" } else { "main.bicep" }, text.as_str())]);
                let (_, file) = workspace.files().next().unwrap();
                assert_eq!(file.syntax_errors, [], "{text}");
                let resources = &file.template.as_ref().unwrap().resources;
                assert_eq!(resources.len(), if frame == "resource" && json { 5 } else { 4 }, "{text}");
            }
        }
    }

    #[test]
    fn the_committed_page_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RULES.md");
        let committed = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
        assert!(committed == rules_md(), "RULES.md is not what the rules say; run `cargo xtask docs`");
    }

    #[test]
    fn rules_are_explained() {
        let text = explain("unused-suppression").unwrap();
        assert!(text.starts_with(
            "unused-suppression\ndocument · warning · fixable · since 0.1.0\n\nWhat it does\n------------\n"
        ));
        assert!(text.contains("```bicep\n"), "without what only the tests need: {text}");
        assert_eq!(explain("nonsense"), None);
    }
}
