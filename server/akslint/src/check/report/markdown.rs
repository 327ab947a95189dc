//! `markdown`: a table per file, for the summary of a job or a comment.

use std::io::{self, Write};

use rules::Confidence;

use super::{Report, plural, text};
use crate::catalog;

pub(super) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "## akslint\n")?;
    writeln!(out, "{}.", text::summary_line(&report.summary))?;
    for group in report.diagnostics.chunk_by(|a, b| a.file() == b.file()) {
        writeln!(out, "\n### {}\n", cell(report.path(group[0].file())))?;
        writeln!(out, "| Line | Severity | Rule | Message |\n| ---: | --- | --- | --- |")?;
        for diagnostic in group {
            let line = report.place(diagnostic.location).start.line;
            let mut message = diagnostic.message.clone();
            if let Confidence::Conditional(condition) = &diagnostic.confidence {
                message = format!("{message} (when {condition})");
            }
            if let Some(help) = &diagnostic.help {
                message = format!("{message}. {help}");
            }
            writeln!(
                out,
                "| {line} | {} | [{code}]({}) | {} |",
                diagnostic.severity.as_str(),
                catalog::url(diagnostic.code),
                cell(&message),
                code = diagnostic.code,
            )?;
        }
    }
    if !report.unreadable.is_empty() {
        writeln!(out, "\n### {}\n", plural(report.unreadable.len(), "unreadable file"))?;
        for unreadable in report.unreadable {
            writeln!(out, "- {}: {}", cell(&unreadable.path), cell(&unreadable.reason))?;
        }
    }
    Ok(())
}

/// Text that stays in its cell and does not become markup. Code in backquotes stays code.
fn cell(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' => cell.push_str("\\|"),
            '<' => cell.push_str("&lt;"),
            '\n' | '\r' => cell.push(' '),
            c => cell.push(c),
        }
    }
    cell
}
