//! The view of ARM JSON that the JSON grammar gets to see: a text of the same length, so that every offset stays true.
//!
//! ARM reads more than JSON: strings over several lines, trailing commas, unknown escapes, a byte order mark. The mask
//! writes blanks over what the grammar would refuse. And people are always in the middle of typing: one pass with a
//! stack notes every mistake, and writes the missing quote, comma, colon, value or closer into the blanks nearby. So a
//! half-typed line costs its own place in the tree and nothing else. What is made up this way is told from what is
//! there by looking into the original text, as the accessors of [`super`] do.
//!
//! Brackets are matched by kind first. Only if that fails, the text is read again with the indentation as a witness:
//! then a closer belongs to the line that is as far in as it is.

use std::cell::Cell;
use std::sync::Arc;

use smallvec::SmallVec;
use text_size::{TextRange, TextSize};
use tree_sitter::Point;

use crate::text::to_u32;
use crate::tree::MAX_DEPTH;

mod resume;

pub(super) use resume::Changed;
use resume::{Checkpoint, Rejoin};

/// What the parser sees instead of the text, and the mistakes found on the way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask {
    /// Nothing for plain JSON.
    deviations: Option<Arc<Deviations>>,
    /// Where reading can start again after an edit. None in texts of a page, and where brackets do not match.
    checkpoints: Arc<[Checkpoint]>,
}

#[derive(Debug)]
struct Deviations {
    /// Sorted by offset, disjoint.
    patches: Vec<Patch>,
    problems: Vec<Problem>,
    /// There was no room for something: the grammar will find an error.
    incomplete: bool,
}

/// `len` bytes at `start` that read `with` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(super) start: u32,
    pub(super) len: u32,
    pub(super) with: u8,
}

impl Patch {
    pub(super) fn end(self) -> u32 {
        self.start + self.len
    }

    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end() as usize
    }
}

/// A mistake, still without words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(super) kind: ProblemKind,
    /// The gap, or the text that should not be there.
    pub(super) range: TextRange,
    /// What is unfinished.
    pub(super) started: Option<TextRange>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProblemKind {
    MissingComma { in_object: bool },
    MissingColon,
    MissingColonAndValue,
    MissingValue,
    MissingName,
    MissingCloser { opener: u8 },
    UnclosedString,
    UnclosedComment,
    UnopenedString,
    StrayQuote,
    SingleQuotes,
    UnquotedName,
    NotAValue,
    ExtraComma,
    ExtraCloser,
    SecondRoot,
    Unexpected,
    TooDeep,
}

impl Mask {
    /// The mask of a text.
    pub(crate) fn of(text: &str) -> Self {
        let mut scanner = Scanner::new(text.as_bytes(), false);
        scanner.run_from(0);
        if scanner.unbalanced {
            scanner = Scanner::new(text.as_bytes(), true);
            scanner.run_from(0);
        }
        let Scanner { patches, problems, incomplete, checkpoints, .. } = scanner;
        Self::made_of(Deviations { patches, problems, incomplete }, checkpoints)
    }

    fn made_of(mut deviations: Deviations, checkpoints: Vec<Checkpoint>) -> Self {
        deviations.patches.sort_by_key(|patch| patch.start);
        let plain = deviations.patches.is_empty() && deviations.problems.is_empty();
        Self { deviations: (!plain).then(|| Arc::new(deviations)), checkpoints: checkpoints.into() }
    }

    pub(super) fn patches(&self) -> &[Patch] {
        self.deviations.as_ref().map_or(&[], |deviations| &deviations.patches)
    }

    pub(super) fn problems(&self) -> &[Problem] {
        self.deviations.as_ref().map_or(&[], |deviations| &deviations.problems)
    }

    /// Whether the grammar will find an error in spite of the mask.
    pub(super) fn is_incomplete(&self) -> bool {
        self.deviations.as_ref().is_some_and(|deviations| deviations.incomplete)
    }

    /// The masked text from `offset` on, up to where it stops being contiguous; empty at the end.
    pub(super) fn chunk<'a>(&self, text: &'a [u8], offset: usize) -> &'a [u8] {
        static BLANKS: [u8; 256] = [b' '; 256];
        static CLOSERS: &[u8] = b"\",:0}]'";
        let Some(rest) = text.get(offset..) else { return &[] };
        let patches = self.patches();
        let next = patches.partition_point(|patch| patch.end() as usize <= offset);
        match patches.get(next) {
            None => rest,
            Some(patch) if offset < patch.start as usize => &rest[..patch.start as usize - offset],
            Some(patch) => {
                let len = patch.end() as usize - offset;
                match CLOSERS.iter().position(|&byte| byte == patch.with) {
                    Some(at) => &CLOSERS[at..=at],
                    None => &BLANKS[..len.min(BLANKS.len())],
                }
            }
        }
    }

    /// Where `offset` is in the masked text, as tree-sitter counts.
    pub(super) fn point(&self, text: &[u8], offset: usize) -> Point {
        let before = &text[..offset];
        let hidden = self.patches().iter().take_while(|patch| (patch.start as usize) < offset);
        let count = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
        let rows = count(before)
            - hidden.map(|patch| count(&before[patch.start as usize..offset.min(patch.range().end)])).sum::<usize>();
        let mut end = offset;
        while let Some(at) = memchr::memrchr(b'\n', &before[..end]) {
            let next = self.patches().partition_point(|patch| patch.range().end <= at);
            match self.patches().get(next) {
                Some(patch) if patch.range().contains(&at) => end = at,
                _ => return Point::new(rows, offset - at - 1),
            }
        }
        Point::new(rows, offset)
    }

    /// The masked text as a whole.
    #[cfg(test)]
    pub(super) fn apply(&self, text: &str) -> Vec<u8> {
        let mut bytes = text.as_bytes().to_vec();
        for patch in self.patches() {
            bytes[patch.range()].fill(patch.with);
        }
        bytes
    }
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    /// A name or element, or the closer: right behind an opener. Outside of all brackets: the root.
    First,
    /// A name or element: behind a comma.
    Next,
    /// The colon behind a name.
    Colon,
    /// The value behind a colon.
    Value,
    /// A comma or the closer. Outside of all brackets: the end.
    Comma,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Open,
    String,
    Word,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opener: u8,
    at: usize,
    /// The start and the indentation of the line it is on.
    line: usize,
    indent: usize,
    /// The indentation of the first thing inside that begins a line.
    inside: Option<usize>,
    /// A bracket where only a name can stand. The grammar sees neither it nor its closer: what is inside counts as
    /// inside the object around it.
    ghost: bool,
}

impl Frame {
    fn closer(&self) -> u8 {
        if self.opener == b'{' { b'}' } else { b']' }
    }

    /// Whether what is inside is further in than the bracket.
    fn is_indented(&self) -> bool {
        self.inside.is_some_and(|inside| inside > self.indent)
    }
}

/// The answer to "does the string that is open at the end of this line go on?", which holds up to the next quote.
#[derive(Clone, Copy, Debug, Default)]
struct NextQuote {
    from: usize,
    at: usize,
    closes: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "independent facts, not states of one thing")]
struct Scanner<'t> {
    text: &'t [u8],
    /// Whether indentation decides which bracket a closer belongs to.
    by_indent: bool,
    /// Brackets do not match: read again by indentation.
    unbalanced: bool,
    stack: Vec<Frame>,
    expect: Expect,
    /// Where the last token ended, commas not counted: from here to the next token is the gap.
    token_end: usize,
    /// The punctuation that belongs into the gap, and whether that is other than what is there.
    gap: SmallVec<[u8; 16]>,
    rewrite: bool,
    line: usize,
    /// No token yet on this line.
    begins_line: bool,
    /// The last mistake explains what may seem wrong with the next token.
    quiet: bool,
    /// The line (by its start) that already has a complaint: further ones are most likely its consequences.
    complained: Option<usize>,
    name: TextRange,
    next_quote: NextQuote,
    patches: Vec<Patch>,
    problems: Vec<Problem>,
    incomplete: bool,
    checkpoints: Vec<Checkpoint>,
    /// From here on the next token may be worth a checkpoint.
    next_checkpoint: usize,
    /// How far the text was looked at ahead of what was read.
    looked: Cell<usize>,
    /// After an edit: where all is as it was.
    rejoin: Option<Rejoin<'t>>,
}

/// How far one line is looked at for a quote that is left over, in bytes and in quotes; an even number, so that a line
/// with more of them has none left over.
const MAX_LOOKAHEAD: usize = 1000;
const MAX_QUOTES: usize = 20;

/// More mistakes than anybody reads at a time.
const MAX_PROBLEMS: usize = 200;

impl<'t> Scanner<'t> {
    fn new(text: &'t [u8], by_indent: bool) -> Self {
        Self {
            text,
            by_indent,
            unbalanced: false,
            stack: Vec::new(),
            expect: Expect::First,
            token_end: 0,
            gap: SmallVec::new(),
            rewrite: false,
            line: 0,
            begins_line: true,
            quiet: false,
            complained: None,
            name: TextRange::default(),
            next_quote: NextQuote::default(),
            patches: Vec::new(),
            problems: Vec::new(),
            incomplete: false,
            checkpoints: Vec::new(),
            next_checkpoint: 0,
            looked: Cell::new(0),
            rejoin: None,
        }
    }

    /// Reads from `at` to the end, or to where all is as it was before an edit; then the answer is true.
    fn run_from(&mut self, mut at: usize) -> bool {
        if at == 0 && self.text.starts_with("\u{feff}".as_bytes()) {
            self.blank(0, 3);
            at = 3;
        }
        while let Some(&byte) = self.text.get(at) {
            if at >= self.next_checkpoint && self.checkpoint(at) {
                return true;
            }
            at = match byte {
                b' ' => self.blanks_end(at + 1),
                b'\t' | 0x0b | 0x0c => at + 1,
                b'\n' | b'\r' => self.new_line(at + 1),
                b'"' => self.string(at),
                b'{' | b'[' => self.open(at),
                b'}' | b']' => self.close(at),
                b',' => self.comma(at),
                b':' => self.colon(at),
                b'/' if self.text.get(at + 1) == Some(&b'/') => self.line_comment(at),
                b'/' if self.text.get(at + 1) == Some(&b'*') => self.block_comment(at),
                b'\'' => self.single_quoted(at),
                _ if is_word(byte) => self.word(at),
                _ => self.stray(at),
            };
            if self.unbalanced && !self.by_indent {
                return false;
            }
        }
        if self.by_indent {
            while !self.stack.is_empty() {
                self.close_missing();
            }
        } else {
            self.unbalanced = !self.stack.is_empty();
        }
        self.flush(self.text.len());
        false
    }

    // ---- tokens; each returns the offset to go on at ----

    fn open(&mut self, at: usize) -> usize {
        if self.stack.len() >= MAX_DEPTH {
            let end = self.skip_balanced(at);
            self.place(at, at, end, Token::Open);
            let known = self.problems.iter().any(|problem| problem.kind == ProblemKind::TooDeep);
            if !known {
                self.complain(ProblemKind::TooDeep, at, at + 1, None);
            }
            self.made_up_value(at, end);
            self.after_token(end, Expect::Comma);
            return end;
        }
        let ghost = self.place(at, at, at + 1, Token::Open);
        let indent = if self.by_indent { self.indent() } else { 0 };
        self.stack.push(Frame { opener: self.text[at], at, line: self.line, indent, inside: None, ghost });
        if ghost {
            self.blank(at, at + 1);
            self.begins_line = false;
            self.quiet = true;
        } else {
            self.after_token(at + 1, Expect::First);
        }
        at + 1
    }

    fn close(&mut self, at: usize) -> usize {
        let opener = if self.text[at] == b'}' { b'{' } else { b'[' };
        if !self.finds_its_opener(at, opener) {
            self.unbalanced = true;
            self.complain(ProblemKind::ExtraCloser, at, at + 1, None);
            self.blank(at, at + 1);
            self.begins_line = false;
            return at + 1;
        }
        if self.stack.last().is_some_and(|frame| frame.ghost) {
            self.stack.pop();
            self.blank(at, at + 1);
            self.begins_line = false;
            return at + 1;
        }
        self.end_container();
        self.flush(at);
        self.stack.pop();
        self.quiet = false;
        self.after_token(at + 1, Expect::Comma);
        at + 1
    }

    fn comma(&mut self, at: usize) -> usize {
        self.begins_line = false;
        match self.expect {
            _ if self.stack.is_empty() => {
                self.complain(ProblemKind::Unexpected, at, at + 1, None);
                self.blank(at, at + 1);
                return at + 1;
            }
            Expect::First | Expect::Next => {
                self.complain(ProblemKind::ExtraComma, at, at + 1, None);
                self.rewrite = true;
                return at + 1;
            }
            Expect::Colon | Expect::Value if self.goes_on_behind(at + 1) => {
                self.complain(ProblemKind::ExtraComma, at, at + 1, None);
                self.blank(at, at + 1);
                return at + 1;
            }
            Expect::Colon | Expect::Value => self.supply_value(),
            Expect::Comma => {}
        }
        self.gap.push(b',');
        self.expect = Expect::Next;
        at + 1
    }

    /// Whether the member that a comma at `at - 1` interrupts goes on behind it: with its colon, or its value.
    fn goes_on_behind(&self, at: usize) -> bool {
        if self.expect == Expect::Colon {
            return self.followed_by_colon(at);
        }
        let rest = &self.text[at..];
        let start = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        match rest.get(start) {
            Some(b'{' | b'[') => true,
            Some(b'"') => match memchr::memchr2(b'"', b'\n', &rest[start + 1..]) {
                Some(end) => {
                    let end = at + start + 1 + end + 1;
                    let blanks = self.text[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                    self.looked_up_to(end + blanks + 1);
                    !self.followed_by_colon(end)
                }
                None => {
                    self.looked_up_to(self.text.len());
                    false
                }
            },
            Some(&byte) => is_word(byte),
            None => false,
        }
    }

    fn colon(&mut self, at: usize) -> usize {
        if self.expect == Expect::Colon {
            self.flush(at);
            self.quiet = false;
            self.after_token(at + 1, Expect::Value);
        } else {
            self.complain(ProblemKind::Unexpected, at, at + 1, None);
            self.blank(at, at + 1);
            self.quiet = true;
        }
        at + 1
    }

    fn string(&mut self, at: usize) -> usize {
        let mut from = at + 1;
        let mut line = self.line;
        let end = loop {
            let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', &self.text[from..]) else { break None };
            let found = from + found;
            let byte = self.text[found];
            match byte {
                b'"' if self.is_stray_quote(at, found) => {
                    self.stray_quote(found);
                    from = found + 1;
                }
                b'"' => break Some(found),
                b'\n' if !self.string_goes_on(found) => {
                    let ends = if self.text[found - 1] == b'\r' { found - 1 } else { found };
                    return self.unclosed_string(at, ends);
                }
                b'\n' => {
                    self.blank(found, found + 1);
                    line = found + 1;
                    from = line;
                }
                _ if matches!(
                    self.text.get(found + 1),
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' | b'u')
                ) =>
                {
                    from = found + 2;
                }
                _ => {
                    self.blank(found, found + 1);
                    from = found + 1;
                }
            }
        };
        let Some(quote) = end else { return self.unclosed_string(at, self.text.len()) };
        if let Some(colon) = self.name_without_closing_quote(at, quote) {
            self.place(at, at, colon, Token::String);
            self.complain(ProblemKind::UnclosedString, at, colon, None);
            self.patch(colon, b'"');
            self.patch(colon + 1, b':');
            self.name = range(at, colon);
            self.after_token(colon + 2, Expect::Value);
            return quote;
        }
        let is_name = self.place(at, at, quote + 1, Token::String);
        self.after_value_or_name(at, quote + 1, is_name);
        self.line = line;
        quote + 1
    }

    /// Whether a quote inside a string only looks like its end: text follows, and of the quotes on the rest of the line
    /// one is left over, the first, which looks more like an end.
    fn is_stray_quote(&self, at: usize, quote: usize) -> bool {
        let rest = &self.text[quote + 1..];
        // Looked up for every string: `contains` would be a call.
        let ends = |next: &u8| matches!(next, b' ' | b'\t' | b'\n' | b'\r' | 0x0c | b'}' | b',' | b']' | b':');
        let text = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        if text.is_none_or(ends) || self.name_without_closing_quote(at, quote).is_some() {
            return false;
        }
        let is_name = self.in_object() && matches!(self.expect, Expect::First | Expect::Next | Expect::Comma);
        let near = &rest[..rest.len().min(MAX_LOOKAHEAD)];
        let line = memchr::memchr(b'\n', near).unwrap_or(near.len());
        let (mut quotes, mut first, mut from) = (0_usize, None, 0);
        while let Some(found) = memchr::memchr2(b'"', b'\\', &rest[from..line])
            && quotes < MAX_QUOTES
        {
            from += found + 1;
            if rest[from - 1] == b'"' {
                quotes += 1;
                first = first.or(Some(from));
            } else {
                from = (from + 1).min(line);
            }
        }
        let blanks =
            first.map_or(0, |first| rest[first..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count());
        self.looked_up_to(quote + 1 + line.max(first.unwrap_or(0) + blanks) + 1);
        let Some(first) = first.filter(|_| quotes % 2 == 1) else { return false };
        let next = rest[first..].iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        if is_name { next == Some(&b':') } else { next.is_none_or(|next| b",}]\r\n".contains(next)) }
    }

    fn stray_quote(&mut self, at: usize) {
        self.complain(ProblemKind::StrayQuote, at, at + 1, None);
        self.patch(at, b'\'');
    }

    /// `"name: "value"`: a name whose closing quote is missing takes in the colon and the quote of the value.
    fn name_without_closing_quote(&self, at: usize, quote: usize) -> Option<usize> {
        let next = *self.text.get(quote + 1)?;
        if !(is_word(next) || matches!(next, b'[' | b'/')) {
            return None;
        }
        if !(self.in_object() && matches!(self.expect, Expect::First | Expect::Next | Expect::Comma)) {
            return None;
        }
        let content = self.text[at + 1..quote].trim_ascii_end();
        let colon = at + content.len();
        (content.last() == Some(&b':') && colon + 1 < quote && !content.contains(&b'\n')).then_some(colon)
    }

    /// A string that was not closed on its line, which ends at `ends`. Punctuation at the end of the line is likely not
    /// meant to be in it; the quote is written over the first of it, or over the line end.
    fn unclosed_string(&mut self, at: usize, ends: usize) -> usize {
        self.looked_up_to(ends + 1);
        let is_name = self.place(at, at, ends, Token::String);
        let content = &self.text[at + 1..ends];
        let content = &content[..content.trim_ascii_end().len()];
        let mut cut = content.len() - content.iter().rev().take_while(|byte| b",}] \t".contains(byte)).count();
        if content.first() == Some(&b'[') && cut > 0 {
            // An expression: its bracket belongs to it.
            cut += content[cut..].iter().position(|&byte| byte == b']').map_or(0, |bracket| bracket + 1);
        }
        let top = self.stack.last().filter(|frame| !frame.ghost).map(Frame::closer);
        let swallowed = content[cut..].iter().copied().find(|byte| !byte.is_ascii_whitespace());
        if top.is_none() || swallowed.is_none_or(|byte| byte != b',' && Some(byte) != top) {
            cut = content.len();
        }
        let quote = at + 1 + cut;
        self.complain(ProblemKind::UnclosedString, at, quote, None);
        if quote >= self.text.len() {
            self.after_value_or_name(at, self.text.len(), is_name);
            return self.text.len();
        }
        self.patch(quote, b'"');
        self.after_value_or_name(at, quote + 1, is_name);
        match self.text[quote] {
            b',' => {
                self.rewrite = true;
                self.comma(quote);
            }
            closer @ (b'}' | b']') => {
                self.end_container();
                self.gap.push(closer);
                self.rewrite = true;
                self.stack.pop();
                self.expect = Expect::Comma;
            }
            b'\n' | b'\r' => {
                self.new_line(quote + 1);
            }
            _ => {}
        }
        self.quiet = true;
        quote + 1
    }

    /// At a line end inside a string: does the string go on, or was its closing quote forgotten? The next quote tells: a
    /// closing one is followed by punctuation or the end of a line, an opening one by text.
    fn string_goes_on(&mut self, at: usize) -> bool {
        if self.next_quote.from <= at && at < self.next_quote.at {
            return self.next_quote.closes;
        }
        let text = self.text;
        let mut quote = at;
        while let Some(found) = text.get(quote..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
            quote += found;
            if text[quote] == b'"' {
                break;
            }
            quote += 2;
        }
        let quote = if text.get(quote) == Some(&b'"') { quote } else { text.len() };
        let behind = text.get(quote + 1..).unwrap_or_default();
        let blanks = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.looked_up_to(quote + 1 + blanks + 1);
        let next = behind.get(blanks);
        let closes = quote < text.len() && next.is_none_or(|next| b",}]:/\n\r".contains(next));
        self.next_quote = NextQuote { from: at, at: quote, closes };
        closes
    }

    fn single_quoted(&mut self, at: usize) -> usize {
        let mut end = at + 1;
        while let Some(&byte) = self.text.get(end) {
            match byte {
                b'\'' | b'\n' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        self.looked_up_to(end + 1);
        if self.text.get(end) != Some(&b'\'') {
            return self.stray(at);
        }
        let is_name = self.place(at, at, end + 1, Token::String);
        self.complain(ProblemKind::SingleQuotes, at, end + 1, None);
        self.patch(at, b'"');
        for inside in at + 1..end {
            match self.text[inside] {
                b'"' => self.patch(inside, b'\''),
                b'\\' => self.blank(inside, inside + 1),
                _ => {}
            }
        }
        self.patch(end, b'"');
        self.after_value_or_name(at, end + 1, is_name);
        end + 1
    }

    fn word(&mut self, at: usize) -> usize {
        let end = at + self.text[at..].iter().take_while(|&&byte| is_word(byte)).count();
        let word = &self.text[at..end];
        let names = self.in_object() && matches!(self.expect, Expect::First | Expect::Next);
        let unopened = self.text.get(end) == Some(&b'"') && self.followed_by_colon(end + 1);
        let is_named = self.followed_by_colon(end);
        let next = self.text[end..].iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        let before_value = next.is_some_and(|next| b"\"{[".contains(next));
        let literal = is_literal(word);
        let misplaced = match self.expect {
            Expect::First | Expect::Next if self.in_object() => !is_named && !unopened,
            Expect::Colon => !self.begins_line && (is_named || !literal),
            Expect::Comma => !self.stack.is_empty() && !literal && !(self.in_object() && (is_named || unopened)),
            _ => before_value && !literal,
        };
        if misplaced {
            let kind = if names { ProblemKind::UnquotedName } else { ProblemKind::Unexpected };
            self.complain(kind, at, end, None);
            self.blank(at, end);
            self.begins_line = false;
            self.quiet = true;
            return end;
        }
        if self.in_object() && (names || unopened || is_named) {
            let room = at > self.token_end && matches!(self.text[at - 1], b' ' | b'\t');
            self.place(at - usize::from(room), at, end, Token::Word);
            if unopened {
                self.complain(ProblemKind::UnopenedString, at, end + 1, None);
                if room {
                    self.patch(at - 1, b'"');
                }
                self.after_value_or_name(at, end + 1, true);
                return end + 1;
            }
            self.complain(ProblemKind::UnquotedName, at, end, None);
            self.name = range(at, end);
            match (self.text.get(end), self.text.get(end + 1)) {
                (Some(b':'), Some(b' ')) if room => {
                    self.patch(at - 1, b'"');
                    self.patch(end, b'"');
                    self.patch(end + 1, b':');
                    self.after_token(end + 2, Expect::Value);
                    return end + 2;
                }
                (Some(b' ' | b'\t'), _) if room => {
                    self.patch(at - 1, b'"');
                    self.patch(end, b'"');
                    self.after_token(end + 1, Expect::Colon);
                    return end + 1;
                }
                _ => self.after_token(end, Expect::Colon),
            }
            return end;
        }
        if self.in_object() && self.expect == Expect::Comma {
            return self.stray(at);
        }
        self.place(at, at, end, Token::Word);
        if !literal {
            self.complain(ProblemKind::NotAValue, at, end, None);
            self.made_up_value(at, end);
            self.quiet = true;
        } else if let Some(plus) = memchr::memchr(b'+', word) {
            // The grammar does not know `1e+5`.
            self.patch(at + plus, b'0');
        }
        self.after_token(end, Expect::Comma);
        end
    }

    /// Text that is no token at all.
    fn stray(&mut self, at: usize) -> usize {
        let more = |&&byte: &&u8| !byte.is_ascii_whitespace() && !b"\"{}[],:/'".contains(&byte);
        let end = at + 1 + self.text[at + 1..].iter().take_while(more).count();
        self.complain(ProblemKind::Unexpected, at, end, None);
        self.blank(at, end);
        self.begins_line = false;
        self.quiet = true;
        end
    }

    fn line_comment(&mut self, at: usize) -> usize {
        let Some(found) = memchr::memchr2(b'\n', b'\r', &self.text[at..]) else { return self.text.len() };
        let end = at + found;
        if self.text[end] == b'\r' && self.text.get(end + 1) != Some(&b'\n') {
            // For the grammar the comment would go on.
            self.blank(at, end);
        }
        end
    }

    fn block_comment(&mut self, at: usize) -> usize {
        let Some(found) = memchr::memmem::find(&self.text[at + 2..], b"*/") else {
            self.complain(ProblemKind::UnclosedComment, at, at + 2, None);
            self.blank(at, self.text.len());
            return self.text.len();
        };
        let end = at + 2 + found + 2;
        if let Some(last) = memchr::memrchr2(b'\n', b'\r', &self.text[at..end]) {
            self.line = at + last + 1;
        }
        end
    }

    /// Where a run of spaces ends; half of a template is indentation.
    fn blanks_end(&self, mut at: usize) -> usize {
        // Read as a number: comparing slices of a length the compiler does not see costs a call.
        const EIGHT: u64 = u64::from_ne_bytes([b' '; 8]);
        while let Some(next) = self.text[at..].first_chunk()
            && u64::from_ne_bytes(*next) == EIGHT
        {
            at += 8;
        }
        while self.text.get(at) == Some(&b' ') {
            at += 1;
        }
        at
    }

    fn new_line(&mut self, start: usize) -> usize {
        self.line = start;
        self.begins_line = true;
        start
    }

    // ---- the grammar ----

    /// Makes room for a name or value, and says whether it is (or should be) a name. `room` is where the gap before it
    /// ends.
    fn place(&mut self, room: usize, start: usize, end: usize, token: Token) -> bool {
        if self.by_indent && self.begins_line {
            self.close_what_is_further_in(token);
        }
        let mut is_name = false;
        if self.in_object() {
            let names = token != Token::Open && self.followed_by_colon(end);
            match self.expect {
                Expect::First | Expect::Next | Expect::Comma if token == Token::Open => {
                    self.unbalanced = true;
                    self.complain(ProblemKind::MissingName, start, start + 1, None);
                    return true;
                }
                Expect::First | Expect::Next => is_name = true,
                Expect::Colon if names => {
                    self.supply_value();
                    self.gap.push(b',');
                    is_name = true;
                }
                Expect::Colon => {
                    self.miss(ProblemKind::MissingColon, Some(self.name));
                    self.supply(b':');
                }
                Expect::Value if names && self.begins_line => {
                    self.supply_value();
                    self.gap.push(b',');
                    is_name = true;
                }
                Expect::Value => {}
                Expect::Comma => {
                    self.miss(ProblemKind::MissingComma { in_object: true }, None);
                    self.supply(b',');
                    is_name = true;
                }
            }
        } else if self.expect == Expect::Comma {
            if self.stack.is_empty() {
                let known = self.problems.iter().any(|problem| problem.kind == ProblemKind::SecondRoot);
                if !known {
                    self.complain(ProblemKind::SecondRoot, start, end, None);
                }
            } else {
                self.miss(ProblemKind::MissingComma { in_object: false }, None);
                self.supply(b',');
            }
        }
        self.quiet = false;
        self.flush(room);
        is_name
    }

    /// Before a closer or comma: what the last member still lacks, and no comma.
    fn end_container(&mut self) {
        match self.expect {
            Expect::Colon | Expect::Value => self.supply_value(),
            Expect::Next => {
                self.gap.pop();
                self.rewrite = true;
            }
            Expect::First | Expect::Comma => {}
        }
    }

    /// The value of a name that has none, marked as made up by the blank it is written over.
    fn supply_value(&mut self) {
        if self.expect == Expect::Colon {
            self.miss(ProblemKind::MissingColonAndValue, Some(self.name));
            self.supply(b':');
        } else {
            self.miss(ProblemKind::MissingValue, Some(self.name));
        }
        self.supply(b'0');
    }

    /// Closes the innermost bracket without its closer.
    fn close_missing(&mut self) {
        if self.stack.pop_if(|frame| frame.ghost).is_some() {
            return;
        }
        self.end_container();
        let Some(frame) = self.stack.pop() else { return };
        let started = range(frame.at, frame.at + 1);
        let gap = range(self.token_end, self.token_end);
        self.report(Problem {
            kind: ProblemKind::MissingCloser { opener: frame.opener },
            range: gap,
            started: Some(started),
        });
        self.supply(frame.closer());
        self.expect = Expect::Comma;
        self.quiet = true;
    }

    /// Whether the closer at `at` closes an open bracket; if so, that one is the innermost afterwards.
    fn finds_its_opener(&mut self, at: usize, opener: u8) -> bool {
        let Some(top) = self.stack.last().copied() else { return false };
        if !self.by_indent {
            return top.opener == opener;
        }
        if self.begins_line {
            let indent = self.indent();
            if top.opener == opener && top.indent == indent {
                return true;
            }
            let fits = |frame: &Frame| frame.opener == opener && frame.indent == indent && frame.line < self.line;
            if let Some(depth) = self.stack.iter().rposition(fits) {
                while self.stack.len() > depth + 1 {
                    self.close_missing();
                }
                return true;
            }
            if top.is_indented() {
                return top.opener == opener && !self.seems_extra(at, &top, indent);
            }
        }
        if top.opener == opener {
            return true;
        }
        let Some(depth) = self.stack.iter().rposition(|frame| frame.opener == opener) else { return false };
        while self.stack.len() > depth + 1 {
            self.close_missing();
        }
        true
    }

    /// Whether the lines behind a closer that is as far in as the members of `top` go on as if it were not there.
    fn seems_extra(&self, at: usize, top: &Frame, indent: usize) -> bool {
        if top.inside != Some(indent) {
            return false;
        }
        let rest = &self.text[at + 1..];
        let skip = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
        let Some(&next) = rest.get(skip) else { return false };
        let Some(line) = memchr::memrchr2(b'\n', b'\r', &rest[..skip]) else { return false };
        let next_indent = skip - line - 1;
        if next == top.closer() { next_indent == top.indent } else { next_indent == indent && !b"}]".contains(&next) }
    }

    /// A token that begins a line and is no further in than an open bracket's line is not inside that bracket.
    fn close_what_is_further_in(&mut self, token: Token) {
        let indent = self.indent();
        while let [.., parent, top] = self.stack[..] {
            let indented = top.is_indented() || (top.inside.is_none() && parent.is_indented());
            let fits = parent.opener == b'[' || token != Token::Open;
            if !(indented && fits && top.line < self.line && indent <= top.indent) {
                break;
            }
            self.close_missing();
        }
        // An element of a list further out, where only a name could stand.
        if token == Token::Open
            && let Some(top) = self.stack.last()
            && top.opener == b'{'
            && top.line < self.line
            && indent <= top.indent
            && let Some(depth) =
                self.stack.iter().rposition(|frame| frame.opener == b'[' && frame.inside == Some(indent))
        {
            while self.stack.len() > depth + 1 {
                self.close_missing();
            }
        }
        let line = self.line;
        if let Some(top) = self.stack.last_mut()
            && top.inside.is_none()
            && top.line < line
        {
            top.inside = Some(indent);
        }
    }

    // ---- helpers ----

    fn in_object(&self) -> bool {
        self.stack.last().is_some_and(|frame| frame.opener == b'{' || frame.ghost)
    }

    /// The indentation of this line.
    fn indent(&self) -> usize {
        self.text[self.line..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    fn followed_by_colon(&self, end: usize) -> bool {
        self.text.get(end..).and_then(|rest| rest.iter().find(|byte| !byte.is_ascii_whitespace())) == Some(&b':')
    }

    fn after_token(&mut self, end: usize, expect: Expect) {
        self.token_end = end;
        self.expect = expect;
        self.begins_line = false;
    }

    fn after_value_or_name(&mut self, start: usize, end: usize, is_name: bool) {
        if is_name {
            self.name = range(start, end);
        }
        self.after_token(end, if is_name { Expect::Colon } else { Expect::Comma });
    }

    /// The end of the bracket that opens at `at`, or of the text.
    fn skip_balanced(&self, at: usize) -> usize {
        let mut depth = 0_usize;
        let mut at = at;
        while let Some(&byte) = self.text.get(at) {
            at += 1;
            match byte {
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        return at;
                    }
                }
                b'"' => {
                    while let Some(&inside) = self.text.get(at) {
                        at += 1;
                        match inside {
                            b'"' | b'\n' => break,
                            b'\\' => at += 1,
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        self.text.len()
    }

    /// Something is missing behind the last token.
    fn miss(&mut self, kind: ProblemKind, started: Option<TextRange>) {
        if !self.quiet {
            self.complain(kind, self.token_end, self.token_end, started);
        }
    }

    /// Notes a mistake, unless the line has one already.
    fn complain(&mut self, kind: ProblemKind, start: usize, end: usize, started: Option<TextRange>) {
        if self.complained != Some(self.line) {
            self.complained = Some(self.line);
            self.report(Problem { kind, range: range(start, end), started });
        }
    }

    fn report(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn supply(&mut self, byte: u8) {
        self.gap.push(byte);
        self.rewrite = true;
    }

    /// Writes the punctuation that belongs before the token at `to` over the blanks and commas there. If they are too
    /// few, everything stays as it is, and the parser makes of it what it can.
    fn flush(&mut self, to: usize) {
        if std::mem::take(&mut self.rewrite) {
            let gap = std::mem::take(&mut self.gap);
            let mut wanted = gap.iter().copied();
            let mut next = wanted.next();
            let before = self.patches.len();
            let mut at = self.token_end;
            while at < to {
                match self.text[at] {
                    b'/' if self.text.get(at + 1) == Some(&b'/') => {
                        at = memchr::memchr(b'\n', &self.text[at..to]).map_or(to, |found| at + found);
                    }
                    b'/' if self.text.get(at + 1) == Some(&b'*') => {
                        at = memchr::memmem::find(&self.text[at + 2..to], b"*/").map_or(to, |found| at + found + 3);
                    }
                    byte @ (b' ' | b'\t' | b'\n' | b'\r' | b',') => {
                        if let Some(with) = next {
                            if byte != with {
                                self.patch(at, with);
                            }
                            next = wanted.next();
                        } else if byte == b',' {
                            self.blank(at, at + 1);
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
            if next.is_some() {
                self.patches.truncate(before);
                self.incomplete = true;
            }
        }
        if !self.gap.is_empty() {
            self.gap.clear();
        }
    }

    fn patch(&mut self, at: usize, with: u8) {
        self.patches.push(Patch { start: to_u32(at), len: 1, with });
    }

    fn blank(&mut self, start: usize, end: usize) {
        if start < end {
            self.patches.push(Patch { start: to_u32(start), len: to_u32(end - start), with: b' ' });
        }
    }

    /// A number that the original text does not have, in the place of what is no value.
    fn made_up_value(&mut self, start: usize, end: usize) {
        self.patch(start, b'0');
        self.blank(start + 1, end);
    }
}

fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(TextSize::new(to_u32(start)), TextSize::new(to_u32(end)))
}

/// What numbers, `true`, `null` and unquoted names are made of.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_' | b'$') || byte >= 0x80
}

/// Whether a word is a value of JSON (and the grammar agrees, but for a `+` in the exponent).
pub(super) fn is_literal(word: &[u8]) -> bool {
    if matches!(word, b"true" | b"false" | b"null") {
        return true;
    }
    let digits = |bytes: &[u8]| bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = word.strip_prefix(b"-").unwrap_or(word);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest[0] == b'0') {
        return false;
    }
    let mut rest = &rest[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = &fraction[digits(fraction)..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}
