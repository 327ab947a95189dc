//! `concise`: `path:line:column: severity[code] message`.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use rules::{Confidence, Severity};

use super::{Report, Style, text};

pub(super) fn render(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for diagnostic in report.diagnostics {
        let place = report.place(diagnostic.location);
        let color = if style.color { severity_style(diagnostic.severity) } else { Ansi::new() };
        write!(
            out,
            "{}:{}:{}: {color}{}[{}]{color:#} {}",
            place.path,
            place.start.line,
            place.start.column,
            diagnostic.severity.as_str(),
            diagnostic.code,
            one_line(&diagnostic.message),
        )?;
        if let Confidence::Conditional(condition) = &diagnostic.confidence {
            write!(out, " (when {})", one_line(condition))?;
        }
        writeln!(out)?;
    }
    for unreadable in report.unreadable {
        writeln!(out, "{}: error: {}", unreadable.path, unreadable.reason)?;
    }
    if style.quiet { Ok(()) } else { text::render_summary(report, style, out) }
}

/// Text that stays on its line: behind a line break it could pose as a command of a CI system.
fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// The colour of a severity.
pub(super) fn severity_style(severity: Severity) -> Ansi {
    let color = match severity {
        Severity::Error => AnsiColor::BrightRed,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Info => AnsiColor::BrightBlue,
        Severity::Hint => AnsiColor::BrightCyan,
    };
    color.on_default().bold()
}
