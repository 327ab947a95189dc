//! Scripts, wherever they are written: script files, code blocks of Markdown, steps of pipelines in YAML, strings and
//! comments of templates.
//!
//! A [`Fragment`] is one script with its text as the shell would get it, and the way back to the document: a flag in a
//! block of an indented list item is underlined at its own column.

mod markdown;
mod pipeline;
mod template;
#[cfg(test)]
mod tests;
mod yaml;

pub use template::in_tree;
pub use yaml::{Data, DataKind, data};

use text_size::{TextRange, TextSize};

use crate::shell::{self, Script, Shell};
use crate::string_map::{self, StringMap};

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
            let mut builder = Builder::new(Encoding::Plain);
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
    /// In a string of a template.
    Value,
    /// In a comment of a template.
    Comment,
}

/// How a text is written down in the place that a script is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As it is.
    Plain,
    /// As it is, but not every text can be: a comment, a multi-line string of Bicep, a plain scalar of YAML.
    Bare,
    /// In a string of JSON.
    Json,
    /// In a literal of an ARM expression, which is in a string of JSON.
    ArmLiteral,
    /// In a string of Bicep in single quotes.
    Bicep,
    /// In a YAML scalar in single quotes.
    YamlSingle,
    /// In a YAML scalar in double quotes.
    YamlDouble,
}

impl Encoding {
    /// `text`, which is of one line, as it is written there; `None` where it cannot be.
    pub fn encode(self, text: &str) -> Option<String> {
        Some(match self {
            Self::Plain => text.to_owned(),
            Self::Bare => {
                let breaks_out = ["'''", " #", ": ", "*/", "${"].iter().any(|end| text.contains(end));
                (!breaks_out).then(|| text.to_owned())?
            }
            Self::Json => string_map::Carrier::Json.encode(text),
            Self::ArmLiteral => string_map::Carrier::Json.encode(&string_map::Carrier::ArmLiteral.encode(text)),
            Self::Bicep => string_map::Carrier::Bicep.encode(text),
            Self::YamlSingle => text.replace('\'', "''"),
            Self::YamlDouble => text.replace('\\', "\\\\").replace('"', "\\\""),
        })
    }
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
    /// From `text` to the document.
    pub map: StringMap,
    /// How a text is written there.
    pub encoding: Encoding,
}

impl Fragment {
    /// Its commands. Their ranges are ranges of [`Fragment::text`].
    pub fn script(&self) -> Script<'_> {
        shell::parse(self.shell, &self.text, &self.holes)
    }

    /// The part of the document that a range of [`Fragment::text`] is written at. It covers what the carrier puts between
    /// (indentation) where the range goes over lines.
    pub fn to_source(&self, range: TextRange) -> Option<TextRange> {
        if range.is_empty() {
            return self.map.insertion_point(range.start()).map(TextRange::empty);
        }
        self.map.to_source(range)
    }

    /// From the first to the last character in the document.
    pub fn source_range(&self) -> TextRange {
        self.map.source()
    }
}

/// Collects the text of a fragment.
struct Builder {
    text: String,
    map: string_map::Builder,
    holes: Vec<TextRange>,
    encoding: Encoding,
}

impl Builder {
    fn new(encoding: Encoding) -> Self {
        let map = string_map::Builder::new(TextRange::default());
        Self { text: String::new(), map, holes: Vec::new(), encoding }
    }

    /// Adds what is written between two offsets of the document.
    fn verbatim(&mut self, document: &str, start: usize, end: usize) {
        if start < end {
            self.text.push_str(&document[start..end]);
            self.map.verbatim(TextRange::new(size(start), size(end)));
        }
    }

    /// Adds what is written differently between two offsets of the document.
    fn decoded(&mut self, text: &str, start: usize, end: usize) {
        self.text.push_str(text);
        self.map.escape(TextSize::of(text), TextRange::new(size(start), size(end)));
    }

    /// Adds what the language around the script fills in.
    fn hole(&mut self, source: TextRange) {
        let start = size(self.text.len());
        self.text.push(string_map::HOLE);
        self.holes.push(TextRange::at(start, TextSize::of(string_map::HOLE)));
        self.map.hole(source);
    }

    fn finish(self, shell: Shell, origin: Origin) -> Fragment {
        let map = self.map.finish_covering();
        Fragment { shell, origin, text: self.text, holes: self.holes, map, encoding: self.encoding }
    }
}

fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).expect("a text is never larger than 4 GiB")
}

/// Whether a text calls `az` with a group of commands that has to do with identity. Escapes and line continuations between
/// the words count as blanks.
pub fn calls_az(text: &str) -> bool {
    calls_of_az(text).next().is_some()
}

/// Where a text calls `az` in that way: offsets of the `a`.
pub fn calls_of_az(text: &str) -> impl Iterator<Item = usize> {
    memchr::memmem::find_iter(text.as_bytes(), b"az").filter(|&at| is_call_of_az(text, at))
}

fn is_call_of_az(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    // `\naz aks` in a JSON string: the `n` belongs to the escape.
    let escaped = at >= 2 && bytes[at - 2] == b'\\' && matches!(bytes[at - 1], b'n' | b't' | b'r');
    if at > 0 && is_word(bytes[at - 1]) && !escaped {
        return false;
    }
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\\' | '`' | '^' | '\r' | '\n');
    let mut rest = &text[at + 2..];
    rest = rest.strip_prefix(".cmd").or(rest.strip_prefix(".exe")).unwrap_or(rest);
    let group = rest.trim_start_matches(is_blank);
    // In JSON a line break between the words is `\n`.
    let group = if group.len() < rest.len() && rest.contains('\\') { group.trim_start_matches("n ") } else { group };
    group.len() < rest.len()
        && ["aks", "identity", "feature", "extension", "role"]
            .iter()
            .any(|word| group.strip_prefix(word).is_some_and(|rest| rest.starts_with(is_blank)))
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
