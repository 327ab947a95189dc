//! `text`: each diagnostic with the source around it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use anstyle::{AnsiColor, Effects, Style as Ansi};
use rules::{Applicability, Confidence, Diagnostic, Severity};
use syntax::{TextRange, TextSize};
use template::workspace::{FileId, Location};

use super::{Report, Style, Summary, plural};
use crate::catalog;

/// Places of one file that are further apart than this many lines get a frame each.
const NEAR: u32 = 40;

/// What is further than this many bytes from what is marked is not shown: a minified template is one line, and to lay
/// all of it out for each diagnostic takes time that grows with the square of its length.
const AROUND: usize = 2000;

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
    let mut frames: Vec<(FileId, u32, TextSize, Vec<Mark<'_>>)> = vec![(
        diagnostic.file(),
        line_of(diagnostic.location),
        diagnostic.range().start(),
        vec![(AnnotationKind::Primary, diagnostic.range(), "")],
    )];
    for related in &diagnostic.related {
        let (file, line) = (related.location.file, line_of(related.location));
        let mark = (AnnotationKind::Context, related.location.range, related.message.as_str());
        let start = related.location.range.start();
        let is_near = |at: TextSize| u32::from(at).abs_diff(start.into()) as usize <= 8 * AROUND;
        let near = frames
            .iter_mut()
            .find(|(other, at, offset, _)| *other == file && at.abs_diff(line) <= NEAR && is_near(*offset));
        match near {
            Some((_, _, _, marks)) => marks.push(mark),
            None => frames.push((file, line, start, vec![mark])),
        }
    }
    frames.into_iter().flat_map(|(file, _, _, marks)| snippet(report, file, &marks)).collect()
}

/// The lines of a file from the first to the last mark, as far as they are near.
fn snippet<'a>(report: &'a Report<'_>, file: FileId, marks: &[Mark<'a>]) -> Vec<Element<'a>> {
    let text = report.workspace.file(file).text.as_str();
    let ranges: Vec<_> = marks.iter().map(|(_, range, _)| first_line(text, *range)).collect();
    let first = ranges.iter().map(|range| range.start()).min().unwrap_or_default();
    let last = ranges.iter().map(|range| range.end()).max().unwrap_or_default();
    let mut window = usize::from(first).saturating_sub(AROUND)..(usize::from(last) + AROUND).min(text.len());
    while !text.is_char_boundary(window.start) {
        window.start += 1;
    }
    while !text.is_char_boundary(window.end) {
        window.end -= 1;
    }
    let line_start = text[window.start..usize::from(first)].rfind(is_break).map(|at| window.start + at + 1);
    let start = line_start.unwrap_or(window.start);
    let end = text[usize::from(last)..window.end].find(is_break).map_or(window.end, |at| usize::from(last) + at);
    let place = report.place(Location { file, range: TextRange::empty(first) });
    let annotations = marks.iter().zip(ranges).map(|((kind, _, label), range)| {
        let span = usize::from(range.start()) - start..usize::from(range.end()) - start;
        let annotation = kind.span(span);
        if label.is_empty() { annotation } else { annotation.label(*label) }
    });
    let snippet = Snippet::source(&text[start..end])
        .line_start(place.start.line as usize)
        .annotations(annotations.collect::<Vec<_>>());
    let path = report.path(file);
    if line_start.is_some() || start == 0 {
        return vec![snippet.path(path).into()];
    }
    // The renderer would count columns from where the text is cut.
    let at = report.place(Location { file, range: marks[0].1 }).start;
    let origin = Origin::path(path).line(at.line as usize).char_column(at.column as usize);
    vec![origin.into(), snippet.into()]
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
