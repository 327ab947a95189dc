//! `json` and `json-lines`: the stable format for machines, described in docs/json.md.

use std::io::{self, Write};

use rules::{Confidence, Diagnostic, Fix};
use serde::Serialize;
use template::workspace::Location;

use super::{Place, Point, Report, Unreadable};
use crate::catalog;

/// Counts up when a field changes its meaning or goes; new fields do not count.
const VERSION: u32 = 1;

pub(super) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let object = ReportJson {
        version: VERSION,
        summary: SummaryJson {
            files: report.summary.files,
            clusters: report.summary.clusters,
            error: report.summary.error,
            warning: report.summary.warning,
            info: report.summary.info,
            hint: report.summary.hint,
            unreadable: report.summary.unreadable,
        },
        diagnostics: report.diagnostics.iter().map(|diagnostic| diagnostic_json(report, diagnostic)).collect(),
        unreadable: report.unreadable.iter().map(UnreadableJson::from).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)
}

pub(super) fn render_lines(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        serde_json::to_writer(&mut *out, &diagnostic_json(report, diagnostic))?;
        writeln!(out)?;
    }
    for unreadable in report.unreadable {
        serde_json::to_writer(&mut *out, &UnreadableJson::from(unreadable))?;
        writeln!(out)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct ReportJson<'a> {
    version: u32,
    summary: SummaryJson,
    diagnostics: Vec<DiagnosticJson<'a>>,
    unreadable: Vec<UnreadableJson<'a>>,
}

#[derive(Serialize)]
struct SummaryJson {
    files: usize,
    clusters: usize,
    error: usize,
    warning: usize,
    info: usize,
    hint: usize,
    unreadable: usize,
}

#[derive(Serialize)]
struct UnreadableJson<'a> {
    path: &'a str,
    reason: &'a str,
}

impl<'a> From<&'a Unreadable> for UnreadableJson<'a> {
    fn from(unreadable: &'a Unreadable) -> Self {
        Self { path: &unreadable.path, reason: &unreadable.reason }
    }
}

#[derive(Serialize)]
struct DiagnosticJson<'a> {
    code: &'a str,
    family: &'a str,
    severity: &'a str,
    confidence: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<&'a str>,
    message: &'a str,
    help: Option<&'a str>,
    url: String,
    path: String,
    range: RangeJson,
    related: Vec<RelatedJson<'a>>,
    fixes: Vec<FixJson<'a>>,
}

#[derive(Serialize)]
struct RangeJson {
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct RelatedJson<'a> {
    path: String,
    range: RangeJson,
    message: &'a str,
}

#[derive(Serialize)]
struct FixJson<'a> {
    title: &'a str,
    applicability: &'a str,
    edits: Vec<EditJson<'a>>,
}

#[derive(Serialize)]
struct EditJson<'a> {
    path: String,
    range: RangeJson,
    #[serde(rename = "newText")]
    new_text: &'a str,
}

fn diagnostic_json<'a>(report: &Report<'_>, diagnostic: &'a Diagnostic) -> DiagnosticJson<'a> {
    let (path, range) = split(report.place(diagnostic.location));
    let (confidence, condition) = match &diagnostic.confidence {
        Confidence::Always => ("always", None),
        Confidence::Conditional(condition) => ("conditional", Some(condition.as_str())),
    };
    let related = diagnostic.related.iter().map(|related| {
        let (path, range) = split(report.place(related.location));
        RelatedJson { path, range, message: &related.message }
    });
    DiagnosticJson {
        code: diagnostic.code,
        family: diagnostic.family.as_str(),
        severity: diagnostic.severity.as_str(),
        confidence,
        condition,
        message: &diagnostic.message,
        help: diagnostic.help.as_deref(),
        url: catalog::url(diagnostic.code),
        path,
        range,
        related: related.collect(),
        fixes: diagnostic.fixes.iter().map(|fix| fix_json(report, fix)).collect(),
    }
}

fn fix_json<'a>(report: &Report<'_>, fix: &'a Fix) -> FixJson<'a> {
    let edits = fix.edits.iter().map(|edit| {
        let (path, range) = split(report.place(Location { file: edit.file, range: edit.edit.range }));
        EditJson { path, range, new_text: &edit.edit.new_text }
    });
    FixJson { title: &fix.title, applicability: fix.applicability.as_str(), edits: edits.collect() }
}

fn split(place: Place) -> (String, RangeJson) {
    (place.path, RangeJson { start: place.start, end: place.end })
}
