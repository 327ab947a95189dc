//! `text`: each diagnostic with the source around it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use annotate_snippets::{Annotation, AnnotationKind, Element, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Effects, Style as Ansi};
use rules::{Applicability, Confidence, Diagnostic, Severity};
use syntax::{TextRange, TextSize};
use template::workspace::{FileId, Location};

use super::{Report, Style, Summary, plural};
use crate::catalog;

/// Places of one file that are further apart than this many lines get a frame each.
const NEAR: u32 = 40;

pub(super) fn render(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let renderer = if style.color { Renderer::styled().hyperlink(style.links) } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width);
    for diagnostic in report.diagnostics {
        let groups = [frame(report, diagnostic)];
        writeln!(out, "{}\n", renderer.render(&groups))?;
    }
    for unreadable in report.unreadable {
        let title = format!("cannot read `{}`", unreadable.path);
        let groups =
            [Group::with_title(Level::ERROR.primary_title(title)).element(Level::NOTE.message(&unreadable.reason))];
        writeln!(out, "{}\n", renderer.render(&groups))?;
    }
    if style.quiet { Ok(()) } else { render_summary(report, style, out) }
}

/// Something to underline, with its label.
type Mark<'a> = (AnnotationKind, TextRange, &'a str);

/// Title, frames and notes of one diagnostic.
fn frame<'a>(report: &'a Report<'_>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Hint => Level::NOTE.with_name("hint"),
    };
    let title = level.primary_title(&*diagnostic.message).id(diagnostic.code).id_url(catalog::url(diagnostic.code));
    title.elements(snippets(report, diagnostic)).elements(notes(diagnostic))
}

/// The source: first the file of the diagnostic, then every other place that is in another file or far away.
fn snippets<'a>(report: &'a Report<'_>, diagnostic: &'a Diagnostic) -> Vec<Element<'a>> {
    let line_of = |location: Location| report.place(location).start.line;
    let mut frames: Vec<(FileId, u32, Vec<Mark<'_>>)> = vec![(
        diagnostic.file(),
        line_of(diagnostic.location),
        vec![(AnnotationKind::Primary, diagnostic.range(), "")],
    )];
    for related in &diagnostic.related {
        let (file, line) = (related.location.file, line_of(related.location));
        let mark = (AnnotationKind::Context, related.location.range, related.message.as_str());
        match frames.iter_mut().find(|(other, at, _)| *other == file && at.abs_diff(line) <= NEAR) {
            Some((_, _, marks)) => marks.push(mark),
            None => frames.push((file, line, vec![mark])),
        }
    }
    frames.into_iter().map(|(file, _, marks)| snippet(report, file, &marks).into()).collect()
}

/// The lines of a file from the first to the last mark.
fn snippet<'a>(report: &'a Report<'_>, file: FileId, marks: &[Mark<'a>]) -> Snippet<'a, Annotation<'a>> {
    let text = report.workspace.file(file).text.as_str();
    let ranges: Vec<_> = marks.iter().map(|(_, range, _)| first_line(text, *range)).collect();
    let first = ranges.iter().map(|range| range.start()).min().unwrap_or_default();
    let last = ranges.iter().map(|range| range.end()).max().unwrap_or_default();
    let start = text[..usize::from(first)].rfind(is_break).map_or(0, |at| at + 1);
    let end = text[usize::from(last)..].find(is_break).map_or(text.len(), |at| usize::from(last) + at);
    let place = report.place(Location { file, range: TextRange::empty(first) });
    let annotations = marks.iter().zip(ranges).map(|((kind, _, label), range)| {
        let span = usize::from(range.start()) - start..usize::from(range.end()) - start;
        let annotation = kind.span(span);
        if label.is_empty() { annotation } else { annotation.label(*label) }
    });
    Snippet::source(&text[start..end])
        .line_start(place.start.line as usize)
        .path(report.path(file))
        .annotations(annotations.collect::<Vec<_>>())
}

/// What of a range is on the line it starts on: a frame that underlines a whole cluster would hide what matters.
fn first_line(text: &str, range: TextRange) -> TextRange {
    let slice = &text[range];
    match slice.find(is_break) {
        None => range,
        Some(at) => TextRange::at(range.start(), TextSize::of(slice[..at].trim_end())),
    }
}

fn is_break(c: char) -> bool {
    c == '\n' || c == '\r'
}

/// What is said below the source.
fn notes(diagnostic: &Diagnostic) -> Vec<Element<'_>> {
    let mut notes = Vec::new();
    if let Confidence::Conditional(condition) = &diagnostic.confidence {
        notes.push(Level::NOTE.message(format!("this holds when {condition}")).into());
    }
    if let Some(help) = &diagnostic.help {
        notes.push(Level::HELP.message(&**help).into());
    }
    for fix in &diagnostic.fixes {
        let (name, flag) = match fix.applicability {
            Applicability::Safe => ("fix available", " (`--fix`)"),
            Applicability::Unsafe => ("fix available", " (`--unsafe-fixes`)"),
            Applicability::DisplayOnly => ("suggestion", ""),
        };
        notes.push(Level::NOTE.with_name(name).message(format!("{}{flag}", fix.title)).into());
    }
    notes.push(Level::NOTE.with_name("see").message(catalog::url(diagnostic.code)).into());
    notes
}

/// The last lines: what was seen, so that silence can be told from blindness.
pub(super) fn render_summary(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let summary = &report.summary;
    let color = match () {
        () if !style.color => Ansi::new(),
        () if summary.error > 0 || summary.unreadable > 0 => AnsiColor::BrightRed.on_default().effects(Effects::BOLD),
        () if summary.diagnostics() > 0 => AnsiColor::Yellow.on_default().effects(Effects::BOLD),
        () => AnsiColor::BrightGreen.on_default().effects(Effects::BOLD),
    };
    writeln!(out, "{color}{}{color:#}", summary_line(summary))?;
    match (summary.fixable, summary.unsafe_fixable) {
        (0, 0) => {}
        (safe, 0) => writeln!(out, "{safe} fixable with `--fix`")?,
        (0, all) => writeln!(out, "{all} fixable with `--unsafe-fixes`")?,
        (safe, more) => writeln!(out, "{safe} fixable with `--fix`, {more} more with `--unsafe-fixes`")?,
    }
    let hidden = summary.diagnostics() - report.diagnostics.len();
    if hidden > 0 {
        writeln!(out, "{} not shown (`--max-findings`)", plural(hidden, "diagnostic"))?;
    }
    Ok(())
}

/// `3 templates with 2 clusters checked: 1 error`.
pub(super) fn summary_line(summary: &Summary) -> String {
    let templates = plural(summary.files - summary.scripts, "template");
    let mut line = format!("{templates} with {}", plural(summary.clusters, "cluster"));
    if summary.scripts > 0 {
        let _ = write!(line, " and {}", plural(summary.scripts, "script"));
    }
    line.push_str(" checked");
    let counts = summary.counts().map_or(Cow::Borrowed("nothing found"), Cow::Owned);
    let _ = write!(line, ": {counts}");
    if summary.fixed > 0 {
        let _ = write!(line, ", {} applied", plural(summary.fixed, "fix").replace("fixs", "fixes"));
    }
    if summary.baselined > 0 {
        let _ = write!(line, ", {} in the baseline", summary.baselined);
    }
    if summary.unchanged > 0 {
        let _ = write!(line, ", {} in what did not change", summary.unchanged);
    }
    if summary.unreadable > 0 {
        let _ = write!(line, ", {} unreadable", summary.unreadable);
    }
    if summary.no_templates > 0 {
        let _ = write!(line, " ({} skipped: no templates)", plural(summary.no_templates, "file"));
    }
    line
}
