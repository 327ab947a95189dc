//! Words of command lines in bash, PowerShell and cmd: enough to see which command is called with which arguments.
//!
//! This is not a shell. It knows quoting, line continuation, what ends a command, and where a value comes from that only
//! running the script would tell: such a value is a [`Hole`]. Commands in substitutions are found like all others. Control
//! flow is stepped over, so a command in a branch is a command. Nothing fails; broken input gives fewer words.
//!
//! Ranges are byte ranges into the text handed to [`parse`].

mod bash;
mod cmd;
mod powershell;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use smallvec::SmallVec;
use text_size::{TextRange, TextSize};

/// How deep substitutions may nest. What is deeper is a hole that nobody looks into.
const MAX_DEPTH: usize = 48;

/// A language of scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shell {
    /// bash, and the other shells of its kind.
    Bash,
    /// Windows PowerShell and PowerShell.
    PowerShell,
    /// The Windows command interpreter.
    Cmd,
}

/// Splits a script into commands. `holes` are ranges of `text`, in order and apart from each other, that the language
/// around the script fills in (`${{ … }}` of a workflow, `${…}` of Bicep); they may be empty.
///
/// `text` must not be longer than 4 GiB.
pub fn parse<'a>(shell: Shell, text: &'a str, holes: &'a [TextRange]) -> Script<'a> {
    let mut scan = Scan {
        text,
        at: 0,
        holes,
        commands: Vec::new(),
        assigns: Vec::new(),
        depth: 0,
        backtick: false,
        missing: SmallVec::new(),
    };
    match shell {
        Shell::Bash => bash::list(&mut scan, Until::End),
        Shell::PowerShell => powershell::list(&mut scan, Until::End),
        Shell::Cmd => cmd::list(&mut scan),
    }
    let Scan { mut commands, mut assigns, .. } = scan;
    commands.sort_by_key(|command| command.range.start());
    assigns.sort_by_key(|assign| assign.range.start());
    Script { shell, commands, assigns }
}

/// The commands of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script<'a> {
    /// The language it was read as.
    pub shell: Shell,
    /// In the order of their starts. One in a substitution follows the one it is an argument of.
    pub commands: Vec<Command<'a>>,
    /// Assignments to variables of the script, in the order of the text.
    pub assigns: Vec<Assign<'a>>,
}

/// One command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// The name and the arguments, without redirections. Never empty.
    pub words: Vec<Word<'a>>,
    /// From the first word through the last.
    pub range: TextRange,
    /// Variables set for this command only (`X=1 az …`).
    pub assigns: Vec<Assign<'a>>,
    /// Line continuations between or within the words: the mark through the line break.
    pub continuations: Vec<TextRange>,
    /// A continuation behind the last word that no word follows. At the end of the text it may lack the line break.
    pub trailing_continuation: Option<TextRange>,
    /// How many substitutions, parentheses or blocks it is in.
    pub depth: usize,
}

/// The assignment of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assign<'a> {
    /// The variable; in PowerShell without `$` but with its scope (`env:X`).
    pub name: &'a str,
    /// Where the name is.
    pub name_range: TextRange,
    /// What is assigned.
    pub value: AssignValue<'a>,
    /// From the name through the value.
    pub range: TextRange,
}

/// What is assigned to a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignValue<'a> {
    /// One word, perhaps with holes. A hole may hold the commands whose output it is.
    Word(Word<'a>),
    /// The elements of an array.
    List(Vec<Word<'a>>),
    /// The output of the commands in this range, or an expression of PowerShell.
    Output(TextRange),
}

/// One word, as the called program would see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// With its quotes.
    pub range: TextRange,
    /// In the order of the text; none for `''`.
    pub pieces: SmallVec<[Piece<'a>; 1]>,
    /// Whether any part of it is quoted.
    pub quoted: bool,
}

/// A part of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Characters known now.
    Text {
        /// What the shell makes of them.
        text: &'a str,
        /// Where they are written. As long as `text`, or else an escape as a whole.
        range: TextRange,
    },
    /// Characters known only when the script runs.
    Hole(Hole<'a>),
}

/// A part of a word that only running the script would tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole<'a> {
    /// As written.
    pub text: &'a str,
    /// Where.
    pub range: TextRange,
    /// What it is.
    pub kind: HoleKind<'a>,
    /// Whether it may become several words, or none.
    pub splits: bool,
}

/// What a hole is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoleKind<'a> {
    /// The value of a variable.
    Variable(&'a str),
    /// The elements of an array (`"${args[@]}"`, `@args`).
    Elements(&'a str),
    /// The output of the commands in its range: see [`Script::commands_in`].
    Output,
    /// Something for the reader to fill in: `<resource-group>`.
    Placeholder,
    /// Filled in by the language around the script.
    Outer,
    /// Anything else.
    Other,
}

impl<'a> Script<'a> {
    /// The commands within a range.
    pub fn commands_in(&self, range: TextRange) -> &[Command<'a>] {
        let from = self.commands.partition_point(|command| command.range.start() < range.start());
        let len = self.commands[from..].partition_point(|command| command.range.start() < range.end());
        &self.commands[from..from + len]
    }

    /// The one command whose output an assignment stores, if it is exactly that.
    pub fn produced_by(&self, assign: &Assign<'a>) -> Option<&Command<'a>> {
        let range = match &assign.value {
            AssignValue::Word(word) => match word.pieces.as_slice() {
                [Piece::Hole(Hole { kind: HoleKind::Output, range, .. })] => *range,
                _ => return None,
            },
            AssignValue::Output(range) => *range,
            AssignValue::List(_) => return None,
        };
        let commands = self.commands_in(range);
        let depth = commands.first()?.depth;
        let mut outermost = commands.iter().filter(|command| command.depth <= depth);
        let first = outermost.next();
        if outermost.next().is_none() { first } else { None }
    }

    /// The assignments to a variable. Only bash minds case.
    pub fn assigns_of(&self, name: &str) -> impl Iterator<Item = &Assign<'a>> {
        self.assigns.iter().filter(move |assign| match self.shell {
            Shell::Bash => assign.name == name,
            Shell::PowerShell | Shell::Cmd => assign.name.eq_ignore_ascii_case(name),
        })
    }
}

impl<'a> Word<'a> {
    /// The text, if all of it is known.
    pub fn literal(&self) -> Option<Cow<'a, str>> {
        self.pieces.iter().all(|piece| matches!(piece, Piece::Text { .. })).then(|| self.text())
    }

    /// The text with holes as they are written.
    pub fn text(&self) -> Cow<'a, str> {
        match self.pieces.as_slice() {
            [] => Cow::Borrowed(""),
            [piece] => Cow::Borrowed(piece.text()),
            pieces => pieces.iter().map(Piece::text).collect::<String>().into(),
        }
    }

    /// The known text in front of the first hole.
    pub fn prefix(&self) -> Cow<'a, str> {
        let known = self.pieces.iter().take_while(|piece| matches!(piece, Piece::Text { .. })).count();
        match &self.pieces[..known] {
            [] => Cow::Borrowed(""),
            [piece] => Cow::Borrowed(piece.text()),
            pieces => pieces.iter().map(Piece::text).collect::<String>().into(),
        }
    }

    /// Whether any of it is unknown.
    pub fn has_holes(&self) -> bool {
        self.holes().next().is_some()
    }

    /// The unknown parts.
    pub fn holes(&self) -> impl Iterator<Item = &Hole<'a>> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole),
            Piece::Text { .. } => None,
        })
    }

    /// Whether it may turn out to be several words, or none.
    pub fn may_split(&self) -> bool {
        self.holes().any(|hole| hole.splits)
    }

    /// Where a range of [`Word::text`] (in bytes) is written. A part of an escape or of a hole stands for the whole of it.
    pub fn to_source(&self, range: TextRange) -> Option<TextRange> {
        let mut start = None;
        let mut end = None;
        let mut offset = TextSize::new(0);
        for piece in &self.pieces {
            let next = offset + TextSize::of(piece.text());
            let written = piece.range();
            let verbatim = written.len() == next - offset;
            if start.is_none() && (range.start() < next || (range.start() == next && range.is_empty())) {
                start = Some(if verbatim { written.start() + (range.start() - offset) } else { written.start() });
            }
            if range.end() <= next && end.is_none() {
                end = Some(if verbatim {
                    written.start() + (range.end() - offset)
                } else if range.end() == offset {
                    written.start()
                } else {
                    written.end()
                });
            }
            offset = next;
        }
        let (start, end) = (start?, end?);
        Some(TextRange::new(start, end.max(start)))
    }
}

impl<'a> Piece<'a> {
    /// The known text, or the hole as it is written.
    pub fn text(&self) -> &'a str {
        match self {
            Self::Text { text, .. } => text,
            Self::Hole(hole) => hole.text,
        }
    }

    /// Where it is written.
    pub fn range(&self) -> TextRange {
        match self {
            Self::Text { range, .. } => *range,
            Self::Hole(hole) => hole.range,
        }
    }
}

/// What ends a list of commands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Until {
    End,
    Paren,
    Brace,
    Backtick,
}

/// Reading position and results.
struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Those not yet passed.
    holes: &'a [TextRange],
    commands: Vec<Command<'a>>,
    assigns: Vec<Assign<'a>>,
    depth: usize,
    /// Whether a backtick of bash is open, which the next one closes.
    backtick: bool,
    /// The ends of here-strings of PowerShell that do not come any more.
    missing: SmallVec<[&'static str; 2]>,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn starts_with(&self, text: &str) -> bool {
        self.text.as_bytes()[self.at..].starts_with(text.as_bytes())
    }

    /// The length of the character at the position, in bytes.
    fn char_len(&self) -> usize {
        self.char_len_at(self.at)
    }

    fn char_len_at(&self, at: usize) -> usize {
        self.text[at..].chars().next().map_or(0, char::len_utf8)
    }

    /// The length of a line break at an offset, 0 if there is none.
    fn line_break_at(&self, at: usize) -> usize {
        match self.text.as_bytes().get(at..) {
            Some([b'\n', ..]) => 1,
            Some([b'\r', b'\n', ..]) => 2,
            _ => 0,
        }
    }

    /// The offset of the line break, or the end.
    fn line_end(&self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let end = memchr::memchr(b'\n', rest).map_or(self.text.len(), |at| self.at + at);
        if end > self.at && self.text.as_bytes()[end - 1] == b'\r' && end < self.text.len() { end - 1 } else { end }
    }

    fn range_from(&self, start: usize) -> TextRange {
        range(start, self.at)
    }

    /// The end of the outer hole that starts here. Does not step over it.
    fn outer_hole(&mut self) -> Option<usize> {
        while let [first, rest @ ..] = self.holes {
            let start = usize::from(first.start());
            if start >= self.at {
                return (start == self.at).then(|| usize::from(first.end()));
            }
            self.holes = rest;
        }
        None
    }

    /// Takes an outer hole into the word, if one starts here.
    fn take_outer_hole(&mut self, word: &mut WordBuilder<'a>) -> bool {
        let Some(end) = self.outer_hole() else { return false };
        let start = self.at;
        self.holes = &self.holes[1..];
        self.at = end.max(start);
        word.hole(self, start, HoleKind::Outer, false);
        true
    }

    /// The end of a placeholder such as `<resource-group>` or `<your name>` at the position. Redirections have a space in
    /// front of the `>`, or none.
    fn placeholder(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if self.peek() != Some(b'<') || !self.peek_at(1).is_some_and(|byte| byte.is_ascii_alphabetic()) {
            return None;
        }
        let mut end = self.at + 2;
        while bytes.get(end).is_some_and(|&byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b' ' | b'.' | b'/' | b':' | b'\'')
        }) {
            end += 1;
        }
        (bytes.get(end) == Some(&b'>') && bytes[end - 1] != b' ').then_some(end + 1)
    }

    /// Parses a nested list with `list` and steps over the byte that closes it. If the nesting is too deep, steps over
    /// balanced brackets instead.
    fn nested(&mut self, until: Until, list: fn(&mut Self, Until)) {
        let (open, close) = match until {
            Until::Brace => (b'{', b'}'),
            Until::Backtick => (0, b'`'),
            Until::Paren | Until::End => (b'(', b')'),
        };
        if self.depth >= MAX_DEPTH {
            self.skip_balanced(open, close);
            return;
        }
        let backtick = std::mem::replace(&mut self.backtick, until == Until::Backtick);
        self.depth += 1;
        list(self, until);
        self.depth -= 1;
        self.backtick = backtick;
        if self.peek() == Some(close) {
            self.at += 1;
        }
    }

    /// Steps behind the `close` that matches an `open` before the position, quoted or not, or to the end.
    fn skip_balanced(&mut self, open: u8, close: u8) {
        let mut depth = 1_usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            if byte == close {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            } else if byte == open {
                depth += 1;
            }
        }
    }
}

/// The words of the command being read.
#[derive(Default)]
struct CommandBuilder<'a> {
    words: Vec<Word<'a>>,
    assigns: Vec<Assign<'a>>,
    continuations: Vec<TextRange>,
    /// It is the head of a loop or the like: its words are no command.
    dropped: bool,
}

impl<'a> CommandBuilder<'a> {
    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.assigns.is_empty()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    /// Ends the command.
    fn finish(&mut self, scan: &mut Scan<'a>) {
        let Self { words, assigns, mut continuations, dropped } = std::mem::take(self);
        if dropped {
            return;
        }
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            scan.assigns.extend(assigns);
            return;
        };
        let range = first.range.cover(last.range);
        continuations.retain(|continuation| continuation.start() >= range.start());
        let trailing = continuations.iter().copied().find(|continuation| continuation.start() >= range.end());
        continuations.retain(|continuation| continuation.start() < range.end());
        scan.commands.push(Command {
            words,
            range,
            assigns,
            continuations,
            trailing_continuation: trailing,
            depth: scan.depth,
        });
    }
}

/// The pieces of the word being read.
struct WordBuilder<'a> {
    start: usize,
    pieces: SmallVec<[Piece<'a>; 1]>,
    quoted: bool,
}

impl<'a> WordBuilder<'a> {
    fn new(start: usize) -> Self {
        Self { start, pieces: SmallVec::new(), quoted: false }
    }

    /// Adds the text between two offsets as it stands.
    fn text(&mut self, scan: &Scan<'a>, start: usize, end: usize) {
        if start == end {
            return;
        }
        if let Some(Piece::Text { text, range: last }) = self.pieces.last_mut()
            && usize::from(last.end()) == start
            && usize::from(last.len()) == text.len()
        {
            *last = range(usize::from(last.start()), end);
            *text = &scan.text[*last];
            return;
        }
        self.pieces.push(Piece::Text { text: &scan.text[start..end], range: range(start, end) });
    }

    /// Takes `len` bytes as they stand.
    fn take(&mut self, scan: &mut Scan<'a>, len: usize) {
        self.text(scan, scan.at, scan.at + len);
        scan.at += len;
    }

    /// Adds an escape: `text` written differently from `start` up to the position.
    fn escape(&mut self, scan: &Scan<'a>, start: usize, text: &'a str) {
        self.pieces.push(Piece::Text { text, range: scan.range_from(start) });
    }

    /// Adds a hole from `start` up to the position.
    fn hole(&mut self, scan: &Scan<'a>, start: usize, kind: HoleKind<'a>, splits: bool) {
        let range = scan.range_from(start);
        self.pieces.push(Piece::Hole(Hole { text: &scan.text[range], range, kind, splits }));
    }

    fn finish(self, scan: &Scan<'a>) -> Word<'a> {
        Word { range: scan.range_from(self.start), pieces: self.pieces, quoted: self.quoted }
    }
}

/// Whether a word is nothing but digits right before a redirection: then it names a stream.
fn names_stream(word: &Word<'_>, next: Option<u8>) -> bool {
    !word.quoted
        && matches!(next, Some(b'<' | b'>'))
        && matches!(word.pieces.as_slice(), [Piece::Text { text, .. }] if text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The first piece of a word if it is text that stands there unquoted.
fn bare_start<'a>(word: &Word<'a>) -> &'a str {
    match word.pieces.first() {
        Some(Piece::Text { text, range })
            if range.start() == word.range.start() && usize::from(range.len()) == text.len() =>
        {
            text
        }
        _ => "",
    }
}

/// What is left of a word behind the first `skip` bytes of its first piece.
fn tail(mut word: Word<'_>, skip: usize) -> Word<'_> {
    if let Some(Piece::Text { text, range: written }) = word.pieces.first().copied() {
        let start = usize::from(written.start()) + skip;
        if skip == text.len() {
            word.pieces.remove(0);
        } else {
            word.pieces[0] = Piece::Text { text: &text[skip..], range: range(start, usize::from(written.end())) };
        }
        word.range = TextRange::new(size(start), word.range.end());
    }
    word
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).expect("a text is never larger than 4 GiB")
}

fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(size(start), size(end))
}
