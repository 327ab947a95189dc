//! `--statistics`: how often each rule was broken.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::Style as Ansi;
use serde_json::json;

use super::concise::severity_style;
use super::{Report, Style, text};

pub(super) fn render(report: &Report<'_>, as_json: bool, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let mut counts = BTreeMap::new();
    for diagnostic in report.diagnostics {
        *counts.entry((diagnostic.code, diagnostic.severity)).or_insert(0_usize) += 1;
    }
    let mut rows: Vec<_> = counts.into_iter().collect();
    rows.sort_by_key(|&((code, severity), count)| (std::cmp::Reverse(count), code, std::cmp::Reverse(severity)));
    if as_json {
        let rows: Vec<_> = rows
            .iter()
            .map(|((code, severity), count)| json!({ "code": code, "severity": severity.as_str(), "count": count }))
            .collect();
        serde_json::to_writer_pretty(&mut *out, &rows)?;
        return writeln!(out);
    }
    let width = rows.first().map_or(1, |(_, count)| count.to_string().len());
    for ((code, severity), count) in rows {
        let color = if style.color { severity_style(severity) } else { Ansi::new() };
        writeln!(out, "{count:>width$}  {color}{:<7}{color:#}  {code}", severity.as_str())?;
    }
    for unreadable in report.unreadable {
        writeln!(out, "{}: error: {}", unreadable.path, unreadable.reason)?;
    }
    if style.quiet { Ok(()) } else { text::render_summary(report, style, out) }
}
