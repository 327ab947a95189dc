//! `github`: workflow commands that GitHub Actions turns into annotations.

use std::io::{self, Write};

use rules::Severity;

use super::Report;

pub(super) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Hint => "notice",
        };
        let place = report.place(diagnostic.location);
        write!(
            out,
            "::{command} title={},file={},line={},endLine={}",
            property(&format!("akslint ({})", diagnostic.code)),
            property(&place.path),
            place.start.line,
            place.end.line,
        )?;
        // GitHub refuses columns of a range over several lines.
        if place.start.line == place.end.line {
            write!(out, ",col={},endColumn={}", place.start.column, place.end.column)?;
        }
        let help = diagnostic.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
        writeln!(out, "::{}", message(&format!("{}{help}", diagnostic.message)))?;
    }
    for unreadable in report.unreadable {
        writeln!(
            out,
            "::error title={},file={}::{}",
            property("akslint (unreadable)"),
            property(&unreadable.path),
            message(&unreadable.reason),
        )?;
    }
    Ok(())
}

/// The text behind the second `::`.
fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property; a comma or colon would end it.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
