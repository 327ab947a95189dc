//! `gitlab`: the code quality report of GitLab (a subset of Code Climate's).

use std::io::{self, Write};

use rules::Severity;
use serde_json::{Value, json};

use super::{Report, fingerprint};

pub(super) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let fingerprints = fingerprint::fingerprints(report.workspace, report.places, report.diagnostics);
    let mut issues: Vec<Value> = Vec::with_capacity(report.diagnostics.len());
    for (diagnostic, fingerprint) in report.diagnostics.iter().zip(fingerprints) {
        let place = report.place(diagnostic.location);
        issues.push(json!({
            "type": "issue",
            "categories": ["Bug Risk"],
            "description": diagnostic.message,
            "check_name": diagnostic.code,
            "fingerprint": fingerprint,
            "severity": match diagnostic.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Info | Severity::Hint => "info",
            },
            "location": {
                "path": place.path,
                "positions": {
                    "begin": { "line": place.start.line, "column": place.start.column },
                    "end": { "line": place.end.line, "column": place.end.column },
                },
            },
        }));
    }
    for unreadable in report.unreadable {
        issues.push(json!({
            "type": "issue",
            "categories": ["Bug Risk"],
            "description": unreadable.reason,
            "check_name": "unreadable",
            "fingerprint": fingerprint::of(&["unreadable", &unreadable.path]),
            "severity": "blocker",
            "location": { "path": unreadable.path, "lines": { "begin": 1, "end": 1 } },
        }));
    }
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}
