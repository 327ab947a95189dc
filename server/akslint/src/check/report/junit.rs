//! `junit`: one test suite per file with diagnostics, one test case per diagnostic.

use std::io::{self, Write};

use rules::Diagnostic;

use super::{Report, xml::escape};

pub(super) fn render(report: &Report<'_>, out: &mut dyn Write) -> io::Result<()> {
    let failures = report.diagnostics.len();
    let errors = report.unreadable.len();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    // A run without any test case counts as "no tests" in most viewers: it is one that passed.
    let tests = (failures + errors).max(1);
    writeln!(out, r#"<testsuites name="akslint" tests="{tests}" failures="{failures}" errors="{errors}">"#)?;
    if failures + errors == 0 {
        writeln!(out, r#"  <testsuite name="akslint" tests="1" failures="0" errors="0">"#)?;
        writeln!(
            out,
            r#"    <testcase name="{} files with {} clusters" classname="akslint"/>"#,
            report.summary.files, report.summary.clusters,
        )?;
        writeln!(out, "  </testsuite>")?;
    }
    for group in report.diagnostics.chunk_by(|a, b| a.file() == b.file()) {
        let path = escape(report.path(group[0].file()));
        let count = group.len();
        writeln!(out, r#"  <testsuite name="{path}" tests="{count}" failures="{count}" errors="0">"#)?;
        for diagnostic in group {
            test_case(report, diagnostic, &path, out)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    for unreadable in report.unreadable {
        let path = escape(&unreadable.path);
        writeln!(out, r#"  <testsuite name="{path}" tests="1" failures="0" errors="1">"#)?;
        writeln!(out, r#"    <testcase name="unreadable" classname="{path}">"#)?;
        writeln!(out, r#"      <error message="{}"/>"#, escape(&unreadable.reason))?;
        writeln!(out, "    </testcase>\n  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn test_case(report: &Report<'_>, diagnostic: &Diagnostic, path: &str, out: &mut dyn Write) -> io::Result<()> {
    let place = report.place(diagnostic.location);
    let (line, column) = (place.start.line, place.start.column);
    let code = escape(diagnostic.code);
    writeln!(out, r#"    <testcase name="{code} at {line}:{column}" classname="{path}" file="{path}" line="{line}">"#)?;
    let help = diagnostic.help.as_deref().unwrap_or_default();
    writeln!(
        out,
        r#"      <failure message="{}" type="{}">{path}:{line}:{column}&#10;{}</failure>"#,
        escape(&diagnostic.message),
        diagnostic.severity.as_str(),
        escape(help),
    )?;
    writeln!(out, "    </testcase>")
}
