//! `rdjson`: reviewdog's diagnostic format. Columns count bytes there.

use std::io::{self, Write};

use rules::{Applicability, Severity};
use serde_json::{Value, json};
use syntax::position::Encoding;
use syntax::{TextRange, TextSize};
use template::workspace::{FileId, Location};

use super::Report;
use crate::catalog;

pub(super) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut diagnostics = Vec::with_capacity(report.diagnostics.len());
    for diagnostic in report.diagnostics {
        // A suggestion is one edit of the same file: that is all a review comment can offer.
        let suggestions: Vec<Value> = diagnostic
            .fixes
            .iter()
            .filter(|fix| fix.applicability > Applicability::DisplayOnly && fix.edits.len() == 1)
            .flat_map(|fix| &fix.edits)
            .filter(|edit| edit.file == diagnostic.file())
            .map(|edit| json!({ "range": range(report, edit.file, edit.edit.range), "text": edit.edit.new_text }))
            .collect();
        let related: Vec<Value> = diagnostic
            .related
            .iter()
            .map(|related| json!({ "message": related.message, "location": location(report, related.location) }))
            .collect();
        diagnostics.push(json!({
            "message": diagnostic.message,
            "location": location(report, diagnostic.location),
            "severity": match diagnostic.severity {
                Severity::Error => "ERROR",
                Severity::Warning => "WARNING",
                Severity::Info | Severity::Hint => "INFO",
            },
            "code": { "value": diagnostic.code, "url": catalog::url(diagnostic.code) },
            "suggestions": suggestions,
            "relatedLocations": related,
        }));
    }
    for unreadable in report.unreadable {
        diagnostics.push(json!({
            "message": unreadable.reason,
            "location": { "path": unreadable.path },
            "severity": "ERROR",
            "code": { "value": "unreadable" },
        }));
    }
    let object = json!({ "source": { "name": "akslint" }, "diagnostics": diagnostics });
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)
}

fn location(report: &Report<'_>, location: Location) -> Value {
    json!({ "path": report.path(location.file), "range": range(report, location.file, location.range) })
}

fn range(report: &Report<'_>, file: FileId, range: TextRange) -> Value {
    let point = |offset: TextSize| {
        let at = report.workspace.file(file).text.position(offset, Encoding::Utf8);
        json!({ "line": at.line + 1, "column": at.column + 1 })
    };
    json!({ "start": point(range.start()), "end": point(range.end()) })
}
