//! `azure`: log commands of Azure Pipelines.

use std::io::{self, Write};
use std::path::Path;

use rules::Severity;

use super::{Report, text};

pub(super) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        // There is no third type.
        let kind = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
        let place = report.place(diagnostic.location);
        writeln!(
            out,
            "##vso[task.logissue type={kind};sourcepath={};linenumber={};columnnumber={};code={};]{}",
            property(&place.path),
            place.start.line,
            place.start.column,
            property(diagnostic.code),
            message(&diagnostic.message),
        )?;
    }
    for unreadable in report.unreadable {
        writeln!(
            out,
            "##vso[task.logissue type=error;sourcepath={};code=unreadable;]{}",
            property(&unreadable.path),
            message(&unreadable.reason),
        )?;
    }
    writeln!(out, "##[section]akslint: {}", message(&text::summary_line(&report.summary)))
}

/// Makes a Markdown file a tab of the run's summary.
pub(crate) fn upload_summary(file: &Path, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "##vso[task.uploadsummary]{}", message(&file.to_string_lossy()))
}

fn message(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property; a semicolon or bracket would end it.
fn property(text: &str) -> String {
    message(text).replace(';', "%3B").replace(']', "%5D")
}
