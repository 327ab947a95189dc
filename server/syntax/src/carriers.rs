//! Scripts in files that are not templates: script files, code blocks of Markdown, steps of pipelines in YAML.
//!
//! A [`Fragment`] is one script with its text as the shell would get it, and the way back to the document: a flag in a
//! block of an indented list item is underlined at its own column.

mod markdown;
mod pipeline;
#[cfg(test)]
mod tests;
mod yaml;

use text_size::{TextRange, TextSize};

use crate::shell::{self, Script, Shell};

/// A kind of file that holds scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// The whole file is one script.
    Script(Shell),
    /// Scripts are in fenced code blocks.
    Markdown,
    /// Scripts are in steps of GitHub workflows and actions, and of Azure Pipelines.
    Yaml,
}

impl Carrier {
    /// By the extension of a file name or path. `.azcli` files are bash.
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "sh" | "bash" | "azcli" => Self::Script(Shell::Bash),
            "ps1" => Self::Script(Shell::PowerShell),
            "cmd" | "bat" => Self::Script(Shell::Cmd),
            "md" | "markdown" => Self::Markdown,
            "yml" | "yaml" => Self::Yaml,
            _ => return None,
        })
    }
}

/// Splits a document into its scripts, in the order of the text. `text` must not be longer than 4 GiB.
pub fn fragments(carrier: Carrier, text: &str) -> Vec<Fragment> {
    match carrier {
        Carrier::Script(shell) => {
            let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
            let mut builder = Builder::default();
            builder.verbatim(text, start, text.len());
            vec![builder.finish(shell, Origin::File)]
        }
        Carrier::Markdown => markdown::fragments(text),
        Carrier::Yaml => pipeline::fragments(text),
    }
}

/// Where a script stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// It is the file.
    File,
    /// In prose: somebody copies it to a terminal.
    Prose,
    /// In a step of a pipeline: nobody answers its questions.
    Pipeline,
}

/// One script of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Its language.
    pub shell: Shell,
    /// Where it stands.
    pub origin: Origin,
    /// The script as the shell would get it.
    pub text: String,
    /// What the language around fills in (`${{ … }}`): ranges of `text`.
    pub holes: Vec<TextRange>,
    /// Runs of `text`, in order and without gaps, with the place each is written at.
    segments: Vec<Segment>,
}

/// A run of decoded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Segment {
    decoded: TextRange,
    /// As long as `decoded` if it is written as it is; otherwise an escape or a folded line break, as a whole.
    source: TextRange,
}

impl Fragment {
    /// Its commands. Their ranges are ranges of [`Fragment::text`].
    pub fn script(&self) -> Script<'_> {
        shell::parse(self.shell, &self.text, &self.holes)
    }

    /// The part of the document that a range of [`Fragment::text`] is written at. It covers what the carrier puts between
    /// (indentation) where the range goes over lines.
    pub fn to_source(&self, range: TextRange) -> Option<TextRange> {
        let first = self.segments.partition_point(|segment| segment.decoded.end() <= range.start());
        if range.is_empty() {
            // Behind what comes before, so that an insertion at the end of a line stays on it.
            let before = self.segments[..first].last().filter(|segment| segment.decoded.end() == range.start());
            let at = match before {
                Some(segment) => segment.source.end(),
                None => start_in(self.segments.get(first)?, range.start()),
            };
            return Some(TextRange::empty(at));
        }
        let last = self.segments.partition_point(|segment| segment.decoded.end() < range.end());
        let start = start_in(self.segments.get(first)?, range.start());
        let last = self.segments.get(last)?;
        let end = if last.decoded.len() == last.source.len() {
            last.source.start() + (range.end() - last.decoded.start())
        } else {
            last.source.end()
        };
        Some(TextRange::new(start, end))
    }

    /// From the first to the last character in the document.
    pub fn source_range(&self) -> TextRange {
        match (self.segments.first(), self.segments.last()) {
            (Some(first), Some(last)) => first.source.cover(last.source),
            _ => TextRange::default(),
        }
    }
}

fn start_in(segment: &Segment, offset: TextSize) -> TextSize {
    if segment.decoded.len() == segment.source.len() {
        segment.source.start() + (offset - segment.decoded.start())
    } else {
        segment.source.start()
    }
}

/// Collects the text of a fragment.
#[derive(Default)]
struct Builder {
    text: String,
    segments: Vec<Segment>,
}

impl Builder {
    /// Adds what is written between two offsets of the document.
    fn verbatim(&mut self, document: &str, start: usize, end: usize) {
        if start == end {
            return;
        }
        let decoded = size(self.text.len());
        self.text.push_str(&document[start..end]);
        if let Some(last) = self.segments.last_mut()
            && last.source.end() == size(start)
            && last.source.len() == last.decoded.len()
        {
            last.source = TextRange::new(last.source.start(), size(end));
            last.decoded = TextRange::new(last.decoded.start(), size(self.text.len()));
            return;
        }
        self.segments.push(Segment {
            decoded: TextRange::new(decoded, size(self.text.len())),
            source: TextRange::new(size(start), size(end)),
        });
    }

    /// Adds what is written differently between two offsets of the document.
    fn decoded(&mut self, text: &str, start: usize, end: usize) {
        if text.is_empty() {
            return;
        }
        let decoded = size(self.text.len());
        self.text.push_str(text);
        self.segments.push(Segment {
            decoded: TextRange::new(decoded, size(self.text.len())),
            source: TextRange::new(size(start), size(end)),
        });
    }

    fn finish(self, shell: Shell, origin: Origin) -> Fragment {
        Fragment { shell, origin, text: self.text, holes: Vec::new(), segments: self.segments }
    }
}

fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).expect("a text is never larger than 4 GiB")
}

/// Offsets of a line: its start, its end without the line break, its end with it.
type Line = (usize, usize, usize);

/// The lines of a text from an offset on.
fn lines(text: &str, from: usize) -> impl Iterator<Item = Line> {
    let mut at = from;
    std::iter::from_fn(move || {
        if at >= text.len() {
            return None;
        }
        let start = at;
        let full = memchr::memchr(b'\n', &text.as_bytes()[start..]).map_or(text.len(), |len| start + len + 1);
        at = full;
        let line = text[start..full].strip_suffix('\n').unwrap_or(&text[start..full]);
        let line =
            if full < text.len() || text.ends_with('\n') { line.strip_suffix('\r').unwrap_or(line) } else { line };
        Some((start, start + line.len(), full))
    })
}
