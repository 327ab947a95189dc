//! The text of a document and the language it is written in.

use std::fmt;
use std::sync::{Arc, OnceLock};

use ropey::Rope;
use text_size::{TextRange, TextSize};

use crate::edit::{Change, TextEdit};
use crate::position::{Columns, Encoding, OutOfSync, Position, units_to_bytes};

/// The language of a document. Parsing and writing ask for it; the template model does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// ARM JSON (`.json`, `.jsonc`, `.arm`): JSON with comments, trailing commas and strings over several lines.
    Json,
    /// Bicep (`.bicep`).
    Bicep,
    /// Bicep parameter files (`.bicepparam`): the same grammar, other statements.
    BicepParam,
}

/// An immutable text, cheap to clone. Offsets are bytes; a text is never larger than 4 GiB.
///
/// A line ends at `\n`, `\r\n` or `\r` and nowhere else, as in the language server protocol. The table of lines is made
/// when somebody first asks; only a text that came out of [`PendingText`] carries a rope, which then is that table.
#[derive(Clone)]
pub struct SourceText {
    text: Arc<str>,
    lines: Lines,
    /// Looked for once: in a text of a single line that takes all of it.
    style: Arc<OnceLock<(LineEnding, IndentUnit)>>,
    /// Needed for long lines only.
    columns: Arc<OnceLock<Columns>>,
}

/// How a text finds its lines.
#[derive(Clone)]
enum Lines {
    /// Where each line starts, found by reading the text once.
    Scanned(Arc<OnceLock<Vec<u32>>>),
    /// A rope of the same text, kept up to date by edits.
    Rope(Rope),
}

impl SourceText {
    /// A text that starts at offset 0. A byte order mark, if there is one, is part of it.
    ///
    /// # Panics
    /// When the text is 4 GiB or larger.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        assert!(u32::try_from(text.len()).is_ok(), "texts are smaller than 4 GiB");
        Self { text, lines: Lines::Scanned(Arc::default()), style: Arc::default(), columns: Arc::default() }
    }

    /// A text from the bytes of a file, unless they are more than `limit` or no UTF-8 text.
    pub fn from_bytes(bytes: &[u8], limit: usize) -> Result<Self, Unreadable> {
        if bytes.len() > limit.min(u32::MAX as usize) {
            return Err(Unreadable::TooLarge { size: bytes.len(), limit });
        }
        if let Some(encoding) = foreign_encoding(bytes) {
            return Err(Unreadable::OtherEncoding { encoding });
        }
        if let Some(offset) = memchr::memchr(0, bytes) {
            return Err(Unreadable::Binary { offset });
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(text)),
            Err(error) => {
                let offset = error.valid_up_to();
                let before = &bytes[..offset];
                let line = 1 + line_starts(before).skip(1).count();
                Err(Unreadable::NotUtf8 { offset, line })
            }
        }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part of the text that `range` covers.
    pub fn slice(&self, range: TextRange) -> &str {
        &self.text[range]
    }

    /// The length in bytes.
    pub fn len(&self) -> TextSize {
        TextSize::of(&*self.text)
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether the text starts with a byte order mark. It is part of the text and of all offsets.
    pub fn has_bom(&self) -> bool {
        self.text.starts_with('\u{feff}')
    }

    /// How many lines there are: one more than there are line ends.
    pub fn line_count(&self) -> u32 {
        match &self.lines {
            Lines::Scanned(_) => to_u32(self.starts().len()),
            Lines::Rope(rope) => to_u32(rope.len_lines()),
        }
    }

    /// Where `line` starts, counted from 0; `None` if there is no such line.
    pub fn line_start(&self, line: u32) -> Option<TextSize> {
        let line = line as usize;
        match &self.lines {
            Lines::Scanned(_) => self.starts().get(line).map(|&start| TextSize::new(start)),
            Lines::Rope(rope) => (line < rope.len_lines()).then(|| TextSize::new(to_u32(rope.line_to_byte(line)))),
        }
    }

    /// The bytes of `line` without its line end; `None` if there is no such line.
    pub fn line_range(&self, line: u32) -> Option<TextRange> {
        let start = self.line_start(line)?;
        let end = self.line_start(line + 1).unwrap_or(self.len());
        let content = without_line_end(&self.text[usize::from(start)..usize::from(end)]);
        Some(TextRange::at(start, TextSize::of(content)))
    }

    /// The line that `offset` is in, counted from 0. An offset behind the text is in the last line; one between the
    /// `\r` and the `\n` of a line end belongs to the line they end.
    pub fn line_of(&self, offset: TextSize) -> u32 {
        let offset = offset.min(self.len());
        match &self.lines {
            Lines::Scanned(_) => to_u32(self.starts().partition_point(|&start| start <= u32::from(offset)) - 1),
            Lines::Rope(rope) => {
                let line = rope.byte_to_line(usize::from(offset));
                // Behind a `\r` at the seam of two of its leaves, a rope may already count the next line.
                let start = rope.line_to_byte(line);
                to_u32(if start > usize::from(offset) { line - 1 } else { line })
            }
        }
    }

    /// The blanks (spaces and tabs) that the line around `offset` begins with.
    pub fn indentation_at(&self, offset: TextSize) -> &str {
        let start = self.line_start(self.line_of(offset)).map_or(0, usize::from);
        let start = if start == 0 && self.has_bom() { '\u{feff}'.len_utf8() } else { start };
        let line = &self.text[start.min(self.text.len())..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// How lines end here, judged by the first line end; `\n` if there is none.
    pub fn line_ending(&self) -> LineEnding {
        self.style().0
    }

    /// What one level of indentation is here, judged by the first lines that are further in than the line before them;
    /// two spaces if nothing is indented.
    pub fn indent_unit(&self) -> IndentUnit {
        self.style().1
    }

    pub(crate) fn columns(&self) -> &Columns {
        self.columns.get_or_init(|| Columns::of(&self.text))
    }

    fn style(&self) -> (LineEnding, IndentUnit) {
        *self.style.get_or_init(|| (self.find_line_ending(), self.find_indent_unit()))
    }

    fn find_line_ending(&self) -> LineEnding {
        let bytes = self.text.as_bytes();
        match memchr::memchr2(b'\n', b'\r', bytes) {
            Some(at) if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') => LineEnding::CrLf,
            Some(at) if bytes[at] == b'\r' => LineEnding::Cr,
            _ => LineEnding::Lf,
        }
    }

    fn find_indent_unit(&self) -> IndentUnit {
        // Enough lines for a majority; a whole generated template would say the same.
        const LINES: usize = 400;
        let (mut tabs, mut twos, mut fours) = (0_u32, 0_u32, 0_u32);
        let mut before = 0;
        for line in self.text.split(['\n', '\r']).take(LINES) {
            let content = line.trim_start_matches([' ', '\t']);
            if content.is_empty() {
                continue;
            }
            let blanks = &line[..line.len() - content.len()];
            if blanks.starts_with('\t') {
                tabs += 1;
                continue;
            }
            match blanks.len().checked_sub(before) {
                Some(2) => twos += 1,
                Some(4) => fours += 1,
                _ => {}
            }
            before = blanks.len();
        }
        if tabs > twos + fours {
            IndentUnit::Tab
        } else if fours > twos {
            IndentUnit::Spaces4
        } else {
            IndentUnit::Spaces2
        }
    }

    /// A copy with one edit made. For several edits in a row use [`PendingText`].
    pub fn edited(&self, edit: &TextEdit) -> Result<Self, OutOfSync> {
        let mut pending = PendingText::new(self);
        pending.replace(edit.range, &edit.new_text)?;
        Ok(pending.finish().0)
    }

    fn starts(&self) -> &[u32] {
        match &self.lines {
            Lines::Scanned(starts) => starts.get_or_init(|| line_starts(self.text.as_bytes()).collect()),
            Lines::Rope(_) => &[],
        }
    }
}

impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceText").field(&self.text).finish()
    }
}

impl PartialEq for SourceText {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for SourceText {}

/// A text under change: edits one after the other, each in terms of what the one before left, as editors send them.
/// Costs a few microseconds an edit and one copy of the text at the end.
#[derive(Clone, Debug)]
pub struct PendingText {
    old: SourceText,
    rope: Rope,
    /// How many bytes at the start and at the end no edit has touched; `None` before the first edit.
    untouched: Option<(usize, usize)>,
}

impl PendingText {
    /// Starts from `text`. The first time in the life of a document this builds the rope (about 1 ms per MB).
    pub fn new(text: &SourceText) -> Self {
        let rope = match &text.lines {
            Lines::Rope(rope) => rope.clone(),
            Lines::Scanned(_) => Rope::from_str(&text.text),
        };
        Self { old: text.clone(), rope, untouched: None }
    }

    /// The offset of a position in the text as it is now.
    pub fn offset(&self, position: Position, encoding: Encoding) -> Result<TextSize, OutOfSync> {
        let line = position.line as usize;
        if line >= self.rope.len_lines() {
            // Some clients name the end of the text as the start of the line after the last.
            return if line == self.rope.len_lines() && position.column == 0 {
                Ok(TextSize::new(to_u32(self.rope.len_bytes())))
            } else {
                Err(OutOfSync::NoSuchLine { line: position.line, lines: to_u32(self.rope.len_lines()) })
            };
        }
        let text = std::borrow::Cow::from(self.rope.line(line));
        let column = units_to_bytes(without_line_end(&text), position, encoding)?;
        Ok(TextSize::new(to_u32(self.rope.line_to_byte(line) + column)))
    }

    /// Puts `new_text` in the place of `range`.
    pub fn replace(&mut self, range: TextRange, new_text: &str) -> Result<(), OutOfSync> {
        let len = self.rope.len_bytes();
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        let (from, to) = (self.char_at(start)?, self.char_at(end)?);
        if from < to {
            self.rope.remove(from..to);
        }
        self.rope.insert(from, new_text);
        let (head, tail) = self.untouched.unwrap_or((len, len));
        self.untouched = Some((head.min(start), tail.min(len - end)));
        Ok(())
    }

    /// Puts a new text in the place of everything.
    pub fn replace_all(&mut self, new_text: &str) {
        self.rope = Rope::from_str(new_text);
        self.untouched = Some((0, 0));
    }

    /// The new text, and the one region in which it differs from the one this started from (`None`: no edit was made).
    ///
    /// # Panics
    /// When the text became 4 GiB or larger.
    pub fn finish(self) -> (SourceText, Option<Change>) {
        let Some((head, tail)) = self.untouched else { return (self.old, None) };
        let old = self.old.as_str();
        let (old_end, new_end) = (old.len() - tail, self.rope.len_bytes() - tail);
        let mut text = String::with_capacity(self.rope.len_bytes());
        text.push_str(&old[..head]);
        text.extend(self.rope.byte_slice(head..new_end).chunks());
        text.push_str(&old[old_end..]);
        assert!(u32::try_from(text.len()).is_ok(), "texts are smaller than 4 GiB");
        let change = Change::new(to_u32(head), to_u32(old_end), to_u32(new_end));
        (
            SourceText {
                text: text.into(),
                lines: Lines::Rope(self.rope),
                style: Arc::default(),
                columns: Arc::default(),
            },
            Some(change),
        )
    }

    /// The index of the character that starts at `byte`.
    fn char_at(&self, byte: usize) -> Result<usize, OutOfSync> {
        if byte > self.rope.len_bytes() {
            return Err(OutOfSync::BehindTheEnd { offset: byte, length: self.rope.len_bytes() });
        }
        let index = self.rope.byte_to_char(byte);
        if self.rope.char_to_byte(index) == byte { Ok(index) } else { Err(OutOfSync::InsideBytes { offset: byte }) }
    }
}

/// How lines end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnding {
    /// `\n`
    #[default]
    Lf,
    /// `\r\n`
    CrLf,
    /// `\r` alone, of very old files.
    Cr,
}

impl LineEnding {
    /// The characters themselves.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// One level of indentation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndentUnit {
    /// Two spaces.
    #[default]
    Spaces2,
    /// Four spaces.
    Spaces4,
    /// A tab.
    Tab,
}

impl IndentUnit {
    /// The characters themselves.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spaces2 => "  ",
            Self::Spaces4 => "    ",
            Self::Tab => "\t",
        }
    }
}

/// Why the bytes of a file cannot be read as a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Some bytes are not UTF-8.
    #[error("not valid UTF-8 at byte {offset} (line {line}); save the file as UTF-8")]
    NotUtf8 {
        /// The first byte that does not fit, from 0.
        offset: usize,
        /// Its line, from 1.
        line: usize,
    },
    /// The file is in another Unicode encoding, told by its byte order mark.
    #[error("saved as {encoding}; akslint reads UTF-8")]
    OtherEncoding {
        /// The name of that encoding.
        encoding: &'static str,
    },
    /// There is a NUL byte: no text at all.
    #[error("a binary file (NUL byte at offset {offset})")]
    Binary {
        /// The first NUL byte, from 0.
        offset: usize,
    },
    /// There are more bytes than the caller wants to read.
    #[error("too large: {size} bytes, the limit is {limit}")]
    TooLarge {
        /// The size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// The part of a line before its line end.
pub(crate) fn without_line_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// A length or offset in bytes as the 32 bits that all texts fit in.
pub(crate) fn to_u32(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("texts are smaller than 4 GiB")
}

fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    // UTF-32 first: its little-endian mark begins with that of UTF-16.
    [
        (&[0xff, 0xfe, 0, 0][..], "UTF-32"),
        (&[0, 0, 0xfe, 0xff], "UTF-32"),
        (&[0xff, 0xfe], "UTF-16"),
        (&[0xfe, 0xff], "UTF-16"),
    ]
    .into_iter()
    .find_map(|(mark, name)| bytes.starts_with(mark).then_some(name))
}

fn line_starts(bytes: &[u8]) -> impl Iterator<Item = u32> + '_ {
    let ends = memchr::memchr2_iter(b'\n', b'\r', bytes)
        .filter(|&at| bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n'))
        .map(|at| to_u32(at + 1));
    std::iter::once(0).chain(ends)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(start: u32, end: u32) -> TextRange {
        TextRange::new(start.into(), end.into())
    }

    #[test]
    fn lines_end_at_lf_crlf_and_cr_only() {
        let text = SourceText::new("a\nb\r\nc\rd\u{2028}e\u{b}f\u{85}g");
        assert_eq!(text.line_count(), 4);
        let lines: Vec<_> = (0..4).map(|line| text.slice(text.line_range(line).unwrap())).collect();
        assert_eq!(lines, ["a", "b", "c", "d\u{2028}e\u{b}f\u{85}g"]);
        assert_eq!(text.line_range(4), None);
    }

    #[test]
    fn an_offset_inside_crlf_belongs_to_the_line_it_ends() {
        let text = SourceText::new("a\r\nb");
        assert_eq!([0, 1, 2, 3, 4, 99].map(|at| text.line_of(at.into())), [0, 0, 0, 1, 1, 1]);
        let edited = text.edited(&TextEdit::insert(4.into(), "c")).unwrap();
        assert_eq!([0, 1, 2, 3, 4, 99].map(|at| edited.line_of(at.into())), [0, 0, 0, 1, 1, 1]);
    }

    #[test]
    fn an_empty_text_has_one_empty_line() {
        let text = SourceText::new("");
        assert_eq!((text.line_count(), text.line_range(0)), (1, Some(range(0, 0))));
    }

    #[test]
    fn knows_how_a_file_is_laid_out() {
        let spaces = SourceText::new("{\r\n    \"a\": {\r\n        \"b\": 1\r\n    }\r\n}");
        assert_eq!((spaces.line_ending(), spaces.indent_unit()), (LineEnding::CrLf, IndentUnit::Spaces4));
        assert_eq!(
            spaces.indentation_at(spaces.as_str().find("\"b\"").map(|at| to_u32(at).into()).unwrap()),
            "        "
        );
        let tabs = SourceText::new("{\n\t\"a\": {\n\t\t\"b\": 1\n\t}\n}");
        assert_eq!((tabs.line_ending(), tabs.indent_unit()), (LineEnding::Lf, IndentUnit::Tab));
        assert_eq!(tabs.indentation_at(4.into()), "\t");
        let plain = SourceText::new("{}");
        assert_eq!((plain.line_ending(), plain.indent_unit()), (LineEnding::Lf, IndentUnit::Spaces2));
        assert_eq!(SourceText::new("\u{feff}  {}").indentation_at(4.into()), "  ");
    }

    #[test]
    fn says_why_bytes_are_no_text() {
        let read = |bytes: &[u8]| SourceText::from_bytes(bytes, 64).map_err(|why| why.to_string());
        assert_eq!(read("{ é }".as_bytes()).unwrap().as_str(), "{ é }");
        assert_eq!(read(b"a\r\nb\n\xffc").unwrap_err(), "not valid UTF-8 at byte 5 (line 3); save the file as UTF-8");
        assert_eq!(read(b"\xff\xfe{\0}\0").unwrap_err(), "saved as UTF-16; akslint reads UTF-8");
        assert_eq!(read(b"\xff\xfe\0\0{\0\0\0").unwrap_err(), "saved as UTF-32; akslint reads UTF-8");
        assert_eq!(read(b"\x7fELF\0").unwrap_err(), "a binary file (NUL byte at offset 4)");
        assert_eq!(read(&[b' '; 65]).unwrap_err(), "too large: 65 bytes, the limit is 64");
        assert!(read("\u{feff}{}".as_bytes()).unwrap().has_bom());
    }

    #[test]
    fn applies_edits_in_terms_of_the_text_the_one_before_left() {
        let text = SourceText::new("one\ntwo\nthree");
        let mut pending = PendingText::new(&text);
        pending.replace(range(0, 3), "1\n1").unwrap();
        let at = pending.offset(Position { line: 2, column: 1 }, Encoding::Utf16).unwrap();
        pending.replace(TextRange::empty(at), "-").unwrap();
        let (new, change) = pending.finish();
        assert_eq!(new.as_str(), "1\n1\nt-wo\nthree");
        assert_eq!(change, Some(Change::new(0, 5, 6)));
        assert_eq!(new.line_count(), 4);
    }

    #[test]
    fn refuses_edits_that_do_not_fit() {
        let text = SourceText::new("é\n");
        let mut pending = PendingText::new(&text);
        assert!(matches!(pending.replace(range(1, 2), ""), Err(OutOfSync::InsideBytes { offset: 1 })));
        assert!(matches!(pending.replace(range(0, 9), ""), Err(OutOfSync::BehindTheEnd { offset: 9, length: 3 })));
        assert_eq!(pending.finish(), (text, None));
    }

    proptest! {
        #[test]
        fn an_edited_text_has_the_lines_of_a_fresh_one(
            text in "[a é𝒳\n\r\u{2028}]{0,40}",
            edits in proptest::collection::vec((0_usize..41, 0_usize..6, "[a𝒳\n\r]{0,4}"), 1..5),
        ) {
            let mut pending = PendingText::new(&SourceText::new(text.as_str()));
            let mut expected = text.clone();
            for (start, len, new) in edits {
                let chars: Vec<usize> = expected.char_indices().map(|(at, _)| at).chain([expected.len()]).collect();
                let start = start.min(chars.len() - 1);
                let end = (start + len).min(chars.len() - 1);
                let (start, end) = (chars[start], chars[end]);
                pending.replace(range(to_u32(start), to_u32(end)), &new).unwrap();
                expected.replace_range(start..end, &new);
            }
            let (edited, change) = pending.finish();
            let fresh = SourceText::new(expected.as_str());
            prop_assert_eq!(edited.as_str(), fresh.as_str());
            prop_assert_eq!(edited.line_count(), fresh.line_count());
            for line in 0..fresh.line_count() {
                prop_assert_eq!(edited.line_range(line), fresh.line_range(line));
            }
            for at in 0..=to_u32(expected.len()) {
                prop_assert_eq!(edited.line_of(at.into()), fresh.line_of(at.into()), "at {}", at);
            }
            let change = change.unwrap();
            prop_assert_eq!(&text[..change.start().into()], &expected[..change.start().into()]);
            prop_assert_eq!(&text[change.old_end().into()..], &expected[change.new_end().into()..]);
        }
    }
}
