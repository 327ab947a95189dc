//! The report of a run, and one renderer per format.
//!
//! A renderer is a function from [`Report`] to bytes. It decides nothing: what is left out, sorted or counted was so
//! before.

mod azure;
mod concise;
mod fingerprint;
mod github;
mod gitlab;
mod json;
mod junit;
mod markdown;
mod place;
mod rdjson;
mod sarif;
mod statistics;
mod text;
mod xml;

use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;
use rules::{Diagnostic, Severity, Suppressed};
use template::workspace::{FileId, Location, Workspace};

pub(crate) use azure::upload_summary;
pub use fingerprint::fingerprints;
pub use place::{Place, Places, Point, display_path, tidy_path};

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// With the source code, for people
    #[default]
    Text,
    /// One line each, for people and for editors' error lists
    Concise,
    /// One JSON object; see docs/json.md
    Json,
    /// One JSON object per line: each diagnostic as in `json`
    JsonLines,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// Log commands of Azure Pipelines
    Azure,
    /// XML of `JUnit`
    Junit,
    /// Reviewdog's diagnostic format
    Rdjson,
    /// Tables in Markdown, for job summaries
    Markdown,
}

impl Format {
    /// Whether it is a list that somebody reads in a terminal or a log, which may end early. What a program reads is whole:
    /// to it a diagnostic that is not there is mended.
    pub fn is_list(self) -> bool {
        match self {
            Self::Text | Self::Concise | Self::Github | Self::Azure | Self::Markdown => true,
            Self::Json | Self::JsonLines | Self::Sarif | Self::Gitlab | Self::Junit | Self::Rdjson => false,
        }
    }
}

/// What a run found.
#[derive(Debug)]
pub struct Report<'a> {
    /// The files all locations point into.
    pub workspace: &'a Workspace,
    /// What is to be printed: sorted by path, start and code.
    pub diagnostics: &'a [Diagnostic],
    /// What is true of the whole run, whatever of it is printed.
    pub summary: Summary,
    /// What somebody silenced.
    pub suppressed: &'a [Suppressed],
    /// The files and folders that could not be read.
    pub unreadable: &'a [Unreadable],
    /// Places in words people and machines use.
    pub places: &'a Places,
}

/// Numbers of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that were checked: templates, parameter files, and scripts.
    pub files: usize,
    /// Those of them that are scripts, or have scripts in them, that call `az`.
    pub scripts: usize,
    /// AKS clusters declared in them.
    pub clusters: usize,
    /// Diagnostics of each severity.
    pub error: usize,
    /// See `error`.
    pub warning: usize,
    /// See `error`.
    pub info: usize,
    /// See `error`.
    pub hint: usize,
    /// Diagnostics that a safe fix mends.
    pub fixable: usize,
    /// Diagnostics that only an unsafe fix mends.
    pub unsafe_fixable: usize,
    /// Diagnostics left out because the baseline lists them.
    pub baselined: usize,
    /// Diagnostics left out because `--since` is not about their files.
    pub unchanged: usize,
    /// Fixes that were applied.
    pub fixed: usize,
    /// Files that were read and are no templates.
    pub no_templates: usize,
    /// Files and folders that could not be read.
    pub unreadable: usize,
}

impl Summary {
    /// All diagnostics.
    pub fn diagnostics(&self) -> usize {
        self.error + self.warning + self.info + self.hint
    }

    /// Adds one of that severity.
    pub fn count(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.error += 1,
            Severity::Warning => self.warning += 1,
            Severity::Info => self.info += 1,
            Severity::Hint => self.hint += 1,
        }
    }

    /// `2 errors, 1 warning`; `None` if there is nothing.
    pub fn counts(&self) -> Option<String> {
        let counts = [(self.error, "error"), (self.warning, "warning"), (self.info, "info"), (self.hint, "hint")];
        let parts: Vec<_> =
            counts.iter().filter(|(count, _)| *count > 0).map(|&(count, noun)| plural(count, noun)).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

/// A file or folder that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreadable {
    /// As it is printed.
    pub path: String,
    /// Why not, as the end of a sentence that begins with the path.
    pub reason: String,
}

/// How text is written where people read it.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// With colours.
    pub color: bool,
    /// With links, if there are colours and the format has any.
    pub links: bool,
    /// Without summary and notes.
    pub quiet: bool,
    /// In columns.
    pub width: usize,
}

impl<'a> Report<'a> {
    /// The same with other diagnostics to be printed.
    #[must_use]
    pub fn with(&self, diagnostics: &'a [Diagnostic]) -> Self {
        Self { diagnostics, summary: self.summary.clone(), ..*self }
    }
}

impl Report<'_> {
    /// Prints the report.
    pub fn render(&self, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
        match format {
            Format::Text => harmless(out, |out| text::render(self, style, out)),
            Format::Concise => harmless(out, |out| concise::render(self, style, out)),
            Format::Json => json::render(self, out),
            Format::JsonLines => json::render_lines(self, out),
            Format::Sarif => sarif::render(self, out),
            Format::Github => github::render(self, out),
            Format::Gitlab => gitlab::render(self, out),
            Format::Azure => azure::render(self, out),
            Format::Junit => junit::render(self, out),
            Format::Rdjson => rdjson::render(self, out),
            Format::Markdown => markdown::render(self, out),
        }
    }

    /// Prints the last lines of the text format only.
    pub fn render_summary(&self, style: Style, out: &mut dyn Write) -> io::Result<()> {
        text::render_summary(self, style, out)
    }

    /// Prints how often each rule was broken.
    pub fn render_statistics(&self, format: Format, style: Style, out: &mut dyn Write) -> io::Result<()> {
        statistics::render(self, format == Format::Json, style, out)
    }

    /// Where that is.
    fn place(&self, location: Location) -> Place {
        self.places.place(self.workspace, location)
    }

    /// The path of a file as it is printed.
    fn path(&self, file: FileId) -> &str {
        self.places.path(file)
    }
}

/// Azure Pipelines takes commands from any line of a log; one that stands in a template or a name is none.
fn harmless(out: &mut dyn Write, render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    const COMMAND: &str = "##vso[";
    let mut text = Vec::new();
    render(&mut text)?;
    match std::str::from_utf8(&text) {
        Ok(text) if text.contains(COMMAND) => out.write_all(text.replace(COMMAND, "##vso [").as_bytes()),
        _ => out.write_all(&text),
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    match (count, noun) {
        (1, _) | (_, "info") => format!("{count} {noun}"),
        (_, noun) => format!("{count} {noun}s"),
    }
}

/// A path as a relative or absolute URI reference: everything but unreserved characters and `/` is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    let absolute = Path::new(path).is_absolute();
    if absolute {
        uri.push_str("file://");
        if !path.starts_with('/') {
            uri.push('/');
        }
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            b':' if absolute => uri.push(':'),
            _ => {
                const HEX: &[u8; 16] = b"0123456789ABCDEF";
                uri.push('%');
                uri.push(char::from(HEX[usize::from(byte >> 4)]));
                uri.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
    uri
}
