//! Where in a text an entry of a bracketed list can be put in or taken out. Knows commas, comments, lines and
//! indentation; does not know what the entries mean.

use syntax::{SourceText, TextEdit, TextRange, TextSize};

/// How entries are set apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Separator {
    /// A comma, always: JSON, arguments of a call.
    Comma,
    /// A line break, or a comma on one line: Bicep.
    LineOrComma,
}

/// A bracketed list: members of an object, items of an array, arguments of a call.
#[derive(Clone, Debug)]
pub(crate) struct List {
    /// Between the brackets.
    pub(crate) inner: TextRange,
    /// The entries without commas, in order.
    pub(crate) entries: Vec<TextRange>,
    pub(crate) separator: Separator,
    /// Never broken into lines: inside an expression of ARM JSON.
    pub(crate) one_line: bool,
}

/// Where a new entry is written: what its text depends on.
pub(crate) struct Slot<'t> {
    /// What its further lines are indented by.
    pub(crate) indent: String,
    /// Whether it may take several lines.
    pub(crate) block: bool,
    text: &'t SourceText,
}

impl List {
    /// The edits that put an entry before the one at `index` (or at the end). `None` when the text between the entries
    /// is not what it should be.
    pub(crate) fn insert(
        &self,
        text: &SourceText,
        index: usize,
        render: impl FnOnce(&Slot<'_>) -> Option<String>,
    ) -> Option<Vec<TextEdit>> {
        let eol = text.line_ending().as_str();
        let comma = self.separator == Separator::Comma;
        let Some(first) = self.entries.first() else {
            return self.insert_into_empty(text, render);
        };
        let slot = |block| Slot { indent: self.entry_indent(text, *first), block, text };
        if index == 0 {
            let before = TextRange::new(self.inner.start(), first.start());
            if let Some(at) = line_tail(text, before).filter(|_| !self.one_line) {
                let slot = slot(true);
                let entry = render(&slot)?;
                let comma = if comma { "," } else { "" };
                return Some(vec![TextEdit::insert(at, format!("{eol}{}{entry}{comma}", slot.indent))]);
            }
            let entry = render(&slot(false))?;
            return Some(vec![TextEdit::insert(first.start(), format!("{entry}, "))]);
        }
        let previous = self.entries[index - 1];
        let next = self.entries.get(index).copied();
        let gap = TextRange::new(previous.end(), next.map_or(self.inner.end(), TextRange::start));
        if !is_gap(text.slice(gap)) {
            return None;
        }
        let comma_at = comma_in(text, gap);
        if comma && next.is_some() && comma_at.is_none() {
            return None;
        }
        let behind = comma_at.map_or(previous.end(), |at| at + TextSize::of(','));
        let Some(at) = line_tail(text, TextRange::new(behind, gap.end())).filter(|_| !self.one_line) else {
            let entry = render(&slot(false))?;
            return Some(vec![TextEdit::insert(previous.end(), format!(", {entry}"))]);
        };
        let slot = slot(true);
        let entry = render(&slot)?;
        let line = format!("{eol}{}{entry}", slot.indent);
        Some(match (comma, comma_at) {
            (false, _) => vec![TextEdit::insert(at, line)],
            (true, Some(_)) => vec![TextEdit::insert(at, line + ",")],
            (true, None) if at == previous.end() => vec![TextEdit::insert(at, format!(",{line}"))],
            // The comma belongs before the comment at the end of the line.
            (true, None) => vec![TextEdit::insert(previous.end(), ","), TextEdit::insert(at, line)],
        })
    }

    fn insert_into_empty(
        &self,
        text: &SourceText,
        render: impl FnOnce(&Slot<'_>) -> Option<String>,
    ) -> Option<Vec<TextEdit>> {
        let eol = text.line_ending().as_str();
        let gap = text.slice(self.inner);
        if !is_gap(gap) || gap.contains(',') && comma_in(text, self.inner).is_some() {
            return None;
        }
        let base = text.indentation_at(self.inner.start()).to_owned();
        let indent = format!("{base}{}", text.indent_unit().as_str());
        let broken = gap.contains(['\n', '\r']);
        let block = !self.one_line && (broken || !within_line(text, self.inner));
        let slot = Slot { indent: if block { indent } else { base.clone() }, block, text };
        let entry = render(&slot)?;
        if has_comment(text, self.inner) {
            let at = self.inner.start() + TextSize::of(gap.trim_end());
            // On one line the comment ends before the bracket, so it is no line comment.
            let written = if broken { format!("{eol}{}{entry}", slot.indent) } else { format!(" {entry}") };
            return Some(vec![TextEdit::insert(at, written)]);
        }
        let written = if block {
            format!("{eol}{}{entry}{eol}{base}", slot.indent)
        } else if self.one_line {
            entry
        } else {
            format!(" {entry} ")
        };
        Some(vec![TextEdit::replace(self.inner, written)])
    }

    /// The edits that take entries out, with their commas, their own lines, and the comments behind them on the same
    /// line. `None` when the text between the entries is not what it should be.
    pub(crate) fn remove(&self, text: &SourceText, indices: &[usize]) -> Option<Vec<TextEdit>> {
        let gone = |index: usize| indices.contains(&index);
        let gaps_are_sound = (0..self.entries.len()).all(|index| is_gap(text.slice(self.gap_behind(index))));
        if !gaps_are_sound || indices.iter().any(|index| *index >= self.entries.len()) {
            return None;
        }
        let last_left = (0..self.entries.len()).rev().find(|index| !gone(*index));
        let mut edits = Vec::new();
        if last_left.is_none() && !self.has_comments(text) {
            return Some(vec![TextEdit::delete(self.inner)]);
        }
        let mut trailing_comma = false;
        for index in (0..self.entries.len()).filter(|index| gone(*index)) {
            let entry = self.entries[index];
            let gap = self.gap_behind(index);
            let comma = comma_in(text, gap);
            let end = comma.map_or(entry.end(), |at| at + TextSize::of(','));
            let own_line = line_start(text, entry.start());
            let tail = line_tail(text, TextRange::new(end, gap.end()));
            trailing_comma = comma.is_some() && index + 1 == self.entries.len();
            edits.push(TextEdit::delete(match (own_line, tail) {
                (Some(start), Some(tail)) if !self.one_line => TextRange::new(start, behind_line_end(text, tail)),
                _ => {
                    let next = self.entries.get(index + 1).filter(|_| is_blank_line(text.slice(gap)));
                    TextRange::new(entry.start(), next.map_or(end, |next| next.start()))
                }
            }));
        }
        if let Some(left) = last_left.filter(|left| left + 1 < self.entries.len()) {
            let gap = self.gap_behind(left);
            if let Some(at) = comma_in(text, gap)
                && !trailing_comma
            {
                let whole = is_blank_line(text.slice(gap));
                edits.push(TextEdit::delete(if whole { gap } else { TextRange::at(at, TextSize::of(',')) }));
            }
        }
        Some(edits)
    }

    /// Between an entry and the next one or the closing bracket.
    fn gap_behind(&self, index: usize) -> TextRange {
        let end = self.entries.get(index + 1).map_or(self.inner.end(), |next| next.start());
        TextRange::new(self.entries[index].end(), end)
    }

    fn has_comments(&self, text: &SourceText) -> bool {
        let head = self.entries.first().map_or(self.inner.end(), |first| first.start());
        has_comment(text, TextRange::new(self.inner.start(), head))
            || (0..self.entries.len()).any(|index| has_comment(text, self.gap_behind(index)))
    }

    fn entry_indent(&self, text: &SourceText, first: TextRange) -> String {
        if self.one_line || line_tail(text, TextRange::new(self.inner.start(), first.start())).is_some() {
            return text.indentation_at(first.start()).to_owned();
        }
        format!("{}{}", text.indentation_at(self.inner.start()), text.indent_unit().as_str())
    }
}

impl Slot<'_> {
    /// The place of a value that replaces what is at `range`.
    pub(crate) fn in_place_of(text: &SourceText, range: TextRange) -> Slot<'_> {
        let block = text.slice(range).contains(['\n', '\r']) || !within_line(text, range);
        Slot { indent: text.indentation_at(range.start()).to_owned(), block, text }
    }

    /// The text of the file, re-indented: what its lines behind the first were further in than its first, they are
    /// further in than this slot. Lines within a text of several lines stay as they are.
    pub(crate) fn reindent(&self, range: TextRange) -> String {
        let source = self.text.slice(range);
        if !source.contains(['\n', '\r']) || has_multiline_text(source) {
            return source.to_owned();
        }
        let old = self.text.indentation_at(range.start());
        let mut out = String::with_capacity(source.len());
        for (number, line) in source.split_inclusive('\n').enumerate() {
            if number == 0 || line.trim().is_empty() {
                out.push_str(line);
                continue;
            }
            out.push_str(&self.indent);
            out.push_str(line.strip_prefix(old).unwrap_or_else(|| line.trim_start_matches([' ', '\t'])));
        }
        out
    }

    /// Several entries, as one.
    pub(crate) fn join(&self, entries: &[String], comma: bool) -> String {
        if !self.block {
            return entries.join(", ");
        }
        entries.join(&format!("{}{}{}", if comma { "," } else { "" }, self.eol(), self.indent))
    }

    pub(crate) fn eol(&self) -> &'static str {
        self.text.line_ending().as_str()
    }

    /// The slot of what is one level further in.
    pub(crate) fn deeper(&self) -> Slot<'_> {
        Slot { indent: format!("{}{}", self.indent, self.text.indent_unit().as_str()), ..*self }
    }

    /// The same place, on one line.
    pub(crate) fn flat(&self) -> Slot<'_> {
        Slot { indent: self.indent.clone(), block: false, text: self.text }
    }
}

/// Whether a text that spans lines is written here: its inner lines must not be touched. Errs on the side of yes.
fn has_multiline_text(source: &str) -> bool {
    if source.contains("'''") {
        return true;
    }
    // JSON allows a line break between double quotes; in Bicep double quotes come in comments and texts only.
    source.lines().any(|line| {
        let mut quotes = 0;
        let mut escaped = false;
        for byte in line.bytes() {
            quotes += usize::from(byte == b'"' && !escaped);
            escaped = byte == b'\\' && !escaped;
        }
        quotes % 2 == 1
    })
}

/// A piece of the text between entries.
enum Trivia {
    Blank,
    LineBreak,
    Comma,
    LineComment,
    BlockComment,
}

/// The pieces with their lengths; ends early at what is none.
fn trivia(text: &str) -> impl Iterator<Item = (Trivia, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let length = |end: Option<usize>| end.unwrap_or(rest.len());
        let (kind, length) = match rest.as_bytes() {
            [b'\r', b'\n', ..] => (Trivia::LineBreak, 2),
            [b'\n' | b'\r', ..] => (Trivia::LineBreak, 1),
            [b' ' | b'\t', ..] => (Trivia::Blank, 1),
            [b',', ..] => (Trivia::Comma, 1),
            [b'/', b'/', ..] => (Trivia::LineComment, length(rest.find(['\n', '\r']))),
            [b'/', b'*', ..] => (Trivia::BlockComment, length(rest.find("*/").map(|at| at + 2))),
            _ => return None,
        };
        rest = &rest[length..];
        Some((kind, length))
    })
}

/// Whether there is nothing but blanks, comments and at most one comma.
fn is_gap(text: &str) -> bool {
    let (mut length, mut commas) = (0, 0);
    for (kind, piece) in trivia(text) {
        length += piece;
        commas += usize::from(matches!(kind, Trivia::Comma));
    }
    length == text.len() && commas <= 1
}

/// Whether there is nothing but blanks and commas.
fn is_blank_line(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b','))
}

fn comma_in(text: &SourceText, gap: TextRange) -> Option<TextSize> {
    let mut at = gap.start();
    for (kind, length) in trivia(text.slice(gap)) {
        if matches!(kind, Trivia::Comma) {
            return Some(at);
        }
        at += size(length);
    }
    None
}

fn has_comment(text: &SourceText, gap: TextRange) -> bool {
    trivia(text.slice(gap)).any(|(kind, _)| matches!(kind, Trivia::LineComment | Trivia::BlockComment))
}

/// The end of the line that `gap` begins on, when nothing but blanks and comments comes before it; before the line
/// break. `None` when something else follows on the line.
fn line_tail(text: &SourceText, gap: TextRange) -> Option<TextSize> {
    let mut at = gap.start();
    for (kind, length) in trivia(text.slice(gap)) {
        match kind {
            Trivia::LineBreak => return Some(at),
            Trivia::Comma => return None,
            Trivia::BlockComment => {
                let comment = text.slice(TextRange::at(at, size(length)));
                if comment.contains(['\n', '\r']) {
                    return Some(at);
                }
            }
            Trivia::Blank | Trivia::LineComment => {}
        }
        at += size(length);
    }
    None
}

/// The start of the line, when only blanks come before `offset` on it.
pub(crate) fn line_start(text: &SourceText, offset: TextSize) -> Option<TextSize> {
    // Not from the start of the line on: a minified template is one line.
    let before = text.as_str()[..usize::from(offset)].trim_end_matches([' ', '\t']);
    (before.is_empty() || before.ends_with(['\n', '\r'])).then(|| size(before.len()))
}

/// Behind the line break at `offset`, or `offset` when there is none.
pub(crate) fn behind_line_end(text: &SourceText, offset: TextSize) -> TextSize {
    let rest = &text.as_str()[usize::from(offset)..];
    let length = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with(['\n', '\r'])) };
    offset + size(length)
}

/// Whether a bracket that is opened before `range` on the same line is still open: what is written there should stay
/// on the line.
fn within_line(text: &SourceText, range: TextRange) -> bool {
    let before = &text.as_str()[..usize::from(range.start())];
    // `range` may be the inside of brackets; its own opening one does not count.
    let before = before.strip_suffix(['{', '[', '(']).unwrap_or(before);
    // Backwards: in a minified template, which is one line, the bracket around is near and the start of the line is far.
    let mut closed = 0_usize;
    for byte in before.bytes().rev() {
        match byte {
            b'\n' | b'\r' => break,
            b'}' | b']' | b')' => closed += 1,
            b'{' | b'[' | b'(' if closed == 0 => return true,
            b'{' | b'[' | b'(' => closed -= 1,
            _ => {}
        }
    }
    false
}

pub(crate) fn size(bytes: usize) -> TextSize {
    TextSize::try_from(bytes).expect("a text is smaller than 4 GiB")
}
