//! Fixtures: source files in a string, with what is expected of them drawn underneath.
//!
//! ```text
//! //- main.bicep
//! resource aks 'Microsoft.ContainerService/managedClusters@2024-09-01' = {
//!   identity: { type: 'UserAssigned' }
//!                     ^^^^^^^^^^^^^^ error[user-assigned-without-ids]: no identity
//! }
//! ```
//!
//! - `//- name` starts a file; without such a line the whole fixture is `main.bicep`, or `main.json` when it begins with
//!   a brace.
//! - A line of carets describes the line above it: the range, the severity, the code in brackets, and a part of the
//!   message. Several such lines may follow one line of text.
//! - `^^^>` is a range that begins under the first caret and ends on a later line.
//! - The lines of carets are taken out before anything is parsed, so that JSON needs no comments.
//! - Indentation that all lines share is taken off, so a fixture can stand indented in a test.

use std::fmt::Write as _;

use syntax::{TextRange, TextSize};

/// Files and what is expected of them.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// In the order written.
    pub files: Vec<FixtureFile>,
}

/// One file of a [`Fixture`].
#[derive(Clone, Debug)]
pub struct FixtureFile {
    /// As behind `//-`.
    pub path: String,
    /// Without the lines of carets.
    pub text: String,
    /// What the lines of carets say.
    pub marks: Vec<Mark>,
}

/// A line of carets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What the carets are under, in bytes. With [`Mark::open`] up to the end of the line.
    pub range: TextRange,
    /// The range goes on behind the end of the line.
    pub open: bool,
    /// What is written between the carets and the brackets: a severity.
    pub label: String,
    /// What is written in brackets; empty without brackets.
    pub code: String,
    /// A part of the message; empty when it does not matter.
    pub message: String,
}

/// What was found, to be compared with [`Mark`]s.
#[derive(Clone, Debug)]
pub struct Actual {
    /// The index of the file in the fixture.
    pub file: usize,
    /// In bytes.
    pub range: TextRange,
    /// The severity.
    pub label: String,
    /// The code.
    pub code: String,
    /// The whole message.
    pub message: String,
}

impl Fixture {
    /// Reads a fixture.
    ///
    /// # Panics
    /// When a line of carets has no line above it.
    pub fn parse(fixture: &str) -> Self {
        let mut files: Vec<FixtureFile> = Vec::new();
        let mut line_start = 0;
        for line in dedent(fixture).split_inclusive('\n') {
            if let Some(path) = line.strip_prefix("//- ") {
                files.push(FixtureFile { path: path.trim().to_owned(), text: String::new(), marks: Vec::new() });
                line_start = 0;
                continue;
            }
            if files.is_empty() {
                let path = if line.trim_start().starts_with(['{', '[']) { "main.json" } else { "main.bicep" };
                files.push(FixtureFile { path: path.to_owned(), text: String::new(), marks: Vec::new() });
            }
            let file = files.last_mut().expect("one was just added");
            if line.trim_start().starts_with('^') {
                assert!(!file.text.is_empty(), "a line of carets has no line above it: {line}");
                let above = file.text[line_start..].trim_end_matches(['\r', '\n']);
                file.marks.push(Mark::parse(line, above, line_start));
            } else {
                line_start = file.text.len();
                file.text.push_str(line);
            }
        }
        Self { files }
    }

    /// Compares both ways what is expected with what was found. The error shows the files with what was found drawn in
    /// fixture notation, ready to be copied where it is right.
    ///
    /// # Errors
    /// When a mark is not met or something is found that is not marked.
    pub fn compare(&self, actual: &[Actual]) -> Result<(), String> {
        let mut report = String::new();
        let mut found = vec![false; actual.len()];
        for (index, file) in self.files.iter().enumerate() {
            for mark in &file.marks {
                let hit = actual
                    .iter()
                    .enumerate()
                    .position(|(at, actual)| !found[at] && actual.file == index && mark.fits(actual));
                match hit {
                    Some(at) => found[at] = true,
                    None => {
                        let text = &file.text[mark.range];
                        let Mark { label, code, message, .. } = mark;
                        let _ = writeln!(report, "{}: not found: {label}[{code}]: {message} at `{text}`", file.path);
                    }
                }
            }
        }
        for (at, actual) in actual.iter().enumerate() {
            if !found[at] {
                let Actual { label, code, message, .. } = actual;
                let path = &self.files[actual.file].path;
                let _ = writeln!(report, "{path}: not expected: {label}[{code}]: {message}");
            }
        }
        if report.is_empty() {
            return Ok(());
        }
        report.push_str("found:\n");
        report.push_str(&self.draw(actual));
        Err(report)
    }

    /// The files with what was found in fixture notation.
    pub fn draw(&self, actual: &[Actual]) -> String {
        let mut out = String::new();
        for (index, file) in self.files.iter().enumerate() {
            let _ = writeln!(out, "//- {}", file.path);
            let mut start = 0;
            for line in file.text.split_inclusive('\n') {
                out.push_str(line);
                if !line.ends_with('\n') {
                    out.push('\n');
                }
                let end = start + line.len();
                let here = |actual: &&Actual| {
                    let at = usize::from(actual.range.start());
                    actual.file == index && at >= start && (at < end || (at == end && end == file.text.len()))
                };
                for actual in actual.iter().filter(here) {
                    draw_mark(&mut out, line, start, actual);
                }
                start = end;
            }
        }
        out
    }
}

fn draw_mark(out: &mut String, line: &str, line_start: usize, actual: &Actual) {
    let from = usize::from(actual.range.start()) - line_start;
    let text = line.trim_end_matches(['\r', '\n']);
    let until = usize::from(actual.range.end()) - line_start;
    let columns = |byte: usize| text.get(..byte.min(text.len())).map_or(text.len(), |part| part.chars().count());
    let width = (columns(until) - columns(from)).max(1);
    let open = if until > text.len() { ">" } else { "" };
    let blank = " ".repeat(columns(from));
    let carets = "^".repeat(width);
    let Actual { label, code, message, .. } = actual;
    let _ = writeln!(out, "{blank}{carets}{open} {label}[{code}]: {message}");
}

impl Mark {
    fn parse(line: &str, above: &str, above_start: usize) -> Self {
        let column = line.chars().take_while(|c| *c != '^').count();
        let carets = line.chars().skip(column).take_while(|c| *c == '^').count();
        let rest = line.trim_start().trim_start_matches('^');
        let (open, rest) = rest.strip_prefix('>').map_or((false, rest), |rest| (true, rest));
        let byte = |column: usize| above.char_indices().nth(column).map_or(above.len(), |(byte, _)| byte);
        let end = if open { above.len() } else { byte(column + carets) };
        let range = TextRange::new(size(above_start + byte(column)), size(above_start + end));
        let (head, message) = rest.trim().split_once(": ").unwrap_or((rest.trim().trim_end_matches(':'), ""));
        let (label, code) = match head.split_once('[') {
            Some((label, code)) => (label, code.trim_end_matches(']')),
            None => (head, ""),
        };
        Self { range, open, label: label.to_owned(), code: code.to_owned(), message: message.to_owned() }
    }

    fn fits(&self, actual: &Actual) -> bool {
        let range = if self.open {
            self.range.start() == actual.range.start() && actual.range.end() > self.range.end()
        } else {
            // A gap has no width to draw: one caret behind or on it stands for it.
            let gap = actual.range.is_empty() && self.range.len() <= TextSize::from(1);
            self.range == actual.range || (gap && self.range.start() == actual.range.start())
        };
        range && self.label == actual.label && self.code == actual.code && actual.message.contains(&self.message)
    }
}

/// Takes off what all lines are indented by, and an empty first line.
pub fn dedent(text: &str) -> String {
    let text = text.strip_prefix('\n').unwrap_or(text);
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let marks = |line: &&str| !line.trim_start().starts_with('^');
    let common =
        text.lines().filter(|line| !line.trim().is_empty()).filter(marks).map(indent).min().unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        out.push_str(&line[common.min(indent(line))..]);
    }
    // A raw string ends with the indentation of its closing quote.
    out.truncate(out.trim_end_matches(' ').len());
    out
}

fn size(bytes: usize) -> TextSize {
    TextSize::try_from(bytes).expect("fixtures are small")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actual(range: std::ops::Range<u32>, message: &str) -> Actual {
        Actual {
            file: 0,
            range: TextRange::new(range.start.into(), range.end.into()),
            label: "error".into(),
            code: "some-code".into(),
            message: message.into(),
        }
    }

    #[test]
    fn strips_marks_and_indentation() {
        let fixture = Fixture::parse(
            "
            //- a.bicep
            var ä = 1
                ^ error[some-code]: unused
            var b = 2
            //- b.json
            {}
            ",
        );
        let [a, b] = &fixture.files[..] else { panic!("two files") };
        assert_eq!((a.path.as_str(), a.text.as_str()), ("a.bicep", "var ä = 1\nvar b = 2\n"));
        assert_eq!((b.path.as_str(), b.text.as_str()), ("b.json", "{}\n"));
        let mark = &a.marks[0];
        assert_eq!((&a.text[mark.range], mark.label.as_str(), mark.code.as_str()), ("ä", "error", "some-code"));
        assert_eq!(mark.message, "unused");
    }

    #[test]
    fn guesses_the_language_of_a_lone_file() {
        assert_eq!(Fixture::parse("{\n}").files[0].path, "main.json");
        assert_eq!(Fixture::parse("var a = 1").files[0].path, "main.bicep");
    }

    #[test]
    fn compares_both_ways() {
        let fixture = Fixture::parse("var a = 1\n    ^ error[some-code]: unused\n");
        assert_eq!(fixture.compare(&[actual(4..5, "`a` is unused")]), Ok(()));
        assert!(fixture.compare(&[]).is_err(), "an unmet mark");
        assert!(fixture.compare(&[actual(4..5, "`a` is unused"), actual(0..3, "x")]).is_err(), "something unmarked");
        assert!(fixture.compare(&[actual(4..6, "`a` is unused")]).is_err(), "another range");
        assert!(fixture.compare(&[actual(4..5, "`a` is bad")]).is_err(), "another message");
    }

    #[test]
    fn marks_reach_over_lines_and_into_gaps() {
        let fixture =
            Fixture::parse("var a = {\n        ^> error[some-code]: one\n}\nvar\n   ^ error[some-code]: two\n");
        assert_eq!(fixture.files[0].text, "var a = {\n}\nvar\n");
        assert_eq!(fixture.compare(&[actual(8..11, "one"), actual(15..15, "two")]), Ok(()));
    }

    #[test]
    fn what_is_drawn_can_be_read_back() {
        let plain = Fixture::parse("var a = {\n  b: 'ü' // x\n}\n");
        let found = [actual(8..24, "an object"), actual(12..13, "a key"), actual(15..19, "a value")];
        let drawn = Fixture::parse(&plain.draw(&found));
        assert_eq!(drawn.files[0].text, plain.files[0].text);
        assert_eq!(drawn.compare(&found), Ok(()));
    }
}
