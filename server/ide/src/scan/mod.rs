//! Where the cursor is, in text of any condition.
//!
//! One tolerant pass over the tokens of a document, which keeps a stack of what is open: objects, arrays, parentheses,
//! interpolations. The syntax tree says what a text *is*; while somebody types, what counts is what stands to the left of
//! the cursor, and a missing comma, colon or quote must not change the answer. Linear in the size of the text.

mod bicep;
mod json;

use std::borrow::Cow;

use syntax::string_map::{for_bicep, for_json};
use syntax::{Language, StringMap, TextRange, TextSize};

/// A document as the scanner saw it, with the cursor in it.
#[derive(Debug)]
pub(crate) struct Scan<'s> {
    pub(crate) source: &'s str,
    pub(crate) language: Language,
    pub(crate) offset: TextSize,
    /// In order of opening; the first one is the document itself.
    pub(crate) frames: Vec<Frame<'s>>,
    /// Indices of the frames that are open at the cursor, the outermost first.
    pub(crate) open: Vec<usize>,
    /// What the innermost of them waits for.
    pub(crate) state: State,
    /// The word or string that the cursor is in or touches.
    pub(crate) token: Option<Token>,
    /// The end of the last token before that.
    pub(crate) before: TextSize,
    /// The tokens of the Bicep statement that the cursor is in, as far as they stand outside of brackets.
    pub(crate) statement: Vec<Token>,
    /// The member of the innermost object that is being written.
    pub(crate) member: Option<usize>,
}

/// Something with an opening and a closing sign.
#[derive(Debug)]
pub(crate) struct Frame<'s> {
    pub(crate) kind: FrameKind,
    /// The opening sign.
    pub(crate) start: TextSize,
    /// Behind the closing sign, if that is there.
    pub(crate) end: Option<TextSize>,
    /// The frame around it.
    pub(crate) parent: Option<usize>,
    /// What it is to that.
    pub(crate) entry: Entry,
    /// The members of an object, in order.
    pub(crate) members: Vec<Member<'s>>,
    /// The head of the declaration whose body it is.
    pub(crate) head: Option<Head<'s>>,
    /// `[for`.
    pub(crate) is_for: bool,
    pub(crate) state: State,
    /// How many elements or arguments were begun.
    pub(crate) elements: usize,
}

/// The kind of a [`Frame`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    Document,
    Object,
    Array,
    Parentheses,
    /// `${…}`
    Hole,
}

/// What a frame is to the one around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// The value of its member of that number.
    Member(usize),
    /// An element of an array, or an argument.
    Element,
    /// Whatever else.
    Other,
}

/// What is expected next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// A key, or a statement.
    Key,
    /// The colon behind a key.
    Colon,
    /// A value.
    Value,
    /// Nothing: a value is complete.
    After,
}

/// `key: value`, as far as it is there.
#[derive(Clone, Debug)]
pub(crate) struct Member<'s> {
    /// The key as written, quotes included.
    pub(crate) key: TextRange,
    /// The key without quotes.
    pub(crate) name: &'s str,
    pub(crate) has_colon: bool,
    /// From the first to the last token of the value.
    pub(crate) value: Option<TextRange>,
}

/// `resource symbol 'type@version'`, `module symbol 'path'`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'s> {
    pub(crate) keyword: &'s str,
    /// Without quotes.
    pub(crate) text: Option<&'s str>,
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) range: TextRange,
}

/// The kind of a [`Token`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A name, number or keyword.
    Word,
    /// A string; whether the closing quote is there, and whether it has holes.
    String { closed: bool, holes: bool },
    /// `'''…'''`
    Multiline,
    /// A comment.
    Comment,
    /// Any other sign.
    Sign,
}

impl Token {
    /// Without quotes.
    pub(crate) fn inner(self) -> TextRange {
        match self.kind {
            TokenKind::String { closed, .. } => {
                let end = if closed { self.range.end() - TextSize::from(1) } else { self.range.end() };
                TextRange::new((self.range.start() + TextSize::from(1)).min(end), end)
            }
            _ => self.range,
        }
    }

    pub(crate) fn is_string(self) -> bool {
        matches!(self.kind, TokenKind::String { .. } | TokenKind::Multiline)
    }
}

impl<'s> Scan<'s> {
    /// Looks at a document from the cursor.
    pub(crate) fn new(source: &'s str, language: Language, offset: TextSize, trusted: bool) -> Self {
        let mut at = usize::from(offset).min(source.len());
        while !source.is_char_boundary(at) {
            at -= 1;
        }
        let builder = Builder::new(source, language, size(at));
        match language {
            Language::Json => json::scan(builder, trusted),
            Language::Bicep | Language::BicepParam => bicep::scan(builder),
        }
    }

    /// The innermost frame.
    pub(crate) fn frame(&self) -> &Frame<'s> {
        &self.frames[self.open.last().copied().unwrap_or_default()]
    }

    pub(crate) fn slice(&self, range: TextRange) -> &'s str {
        &self.source[range]
    }

    /// What a string of the document stands for.
    pub(crate) fn decode(&self, token: Token) -> (Cow<'s, str>, StringMap) {
        let inner = token.inner();
        let raw = &self.source[inner];
        match self.language {
            Language::Json => for_json(raw, inner),
            Language::Bicep | Language::BicepParam => for_bicep(raw, inner),
        }
    }

    /// The text of a member that is a single string or word; without quotes.
    pub(crate) fn scalar(&self, frame: usize, key: &str) -> Option<&'s str> {
        let member = self.frames[frame].members.iter().find(|member| member.name.eq_ignore_ascii_case(key))?;
        let text = self.slice(member.value?);
        let quote = self.quote();
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)).unwrap_or(text);
        (!inner.contains([quote, '\n']) && !inner.starts_with(['{', '['])).then_some(inner)
    }

    /// The quote of strings in the language.
    pub(crate) fn quote(&self) -> char {
        if self.language == Language::Json { '"' } else { '\'' }
    }

    /// Whether there is a line end between two places.
    pub(crate) fn is_new_line(&self, from: TextSize, to: TextSize) -> bool {
        self.source.get(usize::from(from)..usize::from(to)).is_some_and(|text| text.contains(['\n', '\r']))
    }
}

/// Makes a [`Scan`] while a lexer feeds it.
pub(super) struct Builder<'s> {
    source: &'s str,
    language: Language,
    offset: TextSize,
    frames: Vec<Frame<'s>>,
    stack: Vec<usize>,
    statement: Vec<Token>,
    before: TextSize,
    found: Option<Found>,
}

struct Found {
    open: Vec<usize>,
    state: State,
    token: Option<Token>,
    before: TextSize,
    statement: Vec<Token>,
    member: Option<usize>,
}

impl<'s> Builder<'s> {
    fn new(source: &'s str, language: Language, offset: TextSize) -> Self {
        let document = Frame {
            kind: FrameKind::Document,
            start: TextSize::from(0),
            end: None,
            parent: None,
            entry: Entry::Other,
            members: Vec::new(),
            head: None,
            is_for: false,
            state: if language == Language::Json { State::Value } else { State::Key },
            elements: 0,
        };
        Self {
            source,
            language,
            offset,
            frames: vec![document],
            stack: vec![0],
            statement: Vec::new(),
            before: TextSize::from(0),
            found: None,
        }
    }

    fn top(&mut self) -> &mut Frame<'s> {
        let at = self.stack.last().copied().unwrap_or_default();
        &mut self.frames[at]
    }

    fn kind(&self) -> FrameKind {
        self.frames[self.stack.last().copied().unwrap_or_default()].kind
    }

    /// Remembers how things stand if the cursor is before or in a token that comes next.
    fn meet(&mut self, token: Token) {
        if self.found.is_some() {
            return;
        }
        let (start, end) = (token.range.start(), token.range.end());
        let inside = match token.kind {
            TokenKind::Word => start <= self.offset && self.offset <= end,
            TokenKind::String { closed: true, .. } | TokenKind::Multiline => start < self.offset && self.offset < end,
            TokenKind::String { closed: false, .. } | TokenKind::Comment => start < self.offset && self.offset <= end,
            TokenKind::Sign => false,
        };
        if inside {
            self.find(Some(token));
        } else if self.offset <= start {
            self.find(None);
        }
    }

    fn find(&mut self, token: Option<Token>) {
        if self.found.is_some() {
            return;
        }
        let top = self.stack.last().copied().unwrap_or_default();
        let frame = &self.frames[top];
        self.found = Some(Found {
            open: self.stack.clone(),
            state: frame.state,
            token,
            before: self.before,
            statement: self.statement.clone(),
            member: frame.members.len().checked_sub(1).filter(|_| frame.state != State::Key),
        });
    }

    fn push(&mut self, kind: FrameKind, start: TextSize, entry: Entry, head: Option<Head<'s>>) {
        let state = match kind {
            FrameKind::Object => State::Key,
            _ => State::Value,
        };
        let parent = self.stack.last().copied();
        self.stack.push(self.frames.len());
        self.frames.push(Frame {
            kind,
            start,
            end: None,
            parent,
            entry,
            members: Vec::new(),
            head,
            is_for: false,
            state,
            elements: 0,
        });
    }

    /// Closes the nearest frame of that kind; nothing if none is open. `end` is behind the closing sign.
    fn pop(&mut self, kind: FrameKind, end: TextSize) {
        let Some(at) = self.stack.iter().rposition(|&frame| self.frames[frame].kind == kind) else { return };
        self.frames[self.stack[at]].end = Some(end);
        self.stack.truncate(at);
        self.extend(end);
    }

    /// The value under way in the top frame goes on to `end`.
    fn extend(&mut self, end: TextSize) {
        let frame = self.top();
        if frame.kind == FrameKind::Object
            && frame.state == State::After
            && let Some(Member { value: Some(value), .. }) = frame.members.last_mut()
        {
            *value = TextRange::new(value.start(), end);
        }
    }

    fn add_member(&mut self, token: Token) {
        let name = &self.source[token.inner()];
        let frame = self.top();
        frame.members.push(Member { key: token.range, name, has_colon: false, value: None });
        frame.state = State::Colon;
    }

    fn colon(&mut self) {
        let frame = self.top();
        frame.state = State::Value;
        if let Some(member) = frame.members.last_mut() {
            member.has_colon = true;
        }
    }

    /// A value begins, or goes on.
    fn value(&mut self, range: TextRange) {
        let frame = self.top();
        let begins = frame.state == State::Value;
        frame.state = State::After;
        if begins && frame.kind == FrameKind::Array {
            frame.elements += 1;
        }
        if let (FrameKind::Object, Some(member)) = (frame.kind, frame.members.last_mut()) {
            member.value = Some(member.value.map_or(range, |value| value.cover(range)));
        }
    }

    /// What something opened now is to the top frame.
    fn entry(&self) -> Entry {
        let frame = &self.frames[self.stack.last().copied().unwrap_or_default()];
        match frame.kind {
            FrameKind::Object if matches!(frame.state, State::Value | State::Colon | State::After) => {
                frame.members.len().checked_sub(1).map_or(Entry::Other, Entry::Member)
            }
            FrameKind::Array | FrameKind::Parentheses => Entry::Element,
            _ => Entry::Other,
        }
    }

    fn finish(mut self) -> Scan<'s> {
        self.find(None);
        let found = self.found.unwrap_or(Found {
            open: vec![0],
            state: State::Key,
            token: None,
            before: TextSize::from(0),
            statement: Vec::new(),
            member: None,
        });
        Scan {
            source: self.source,
            language: self.language,
            offset: self.offset,
            frames: self.frames,
            open: found.open,
            state: found.state,
            token: found.token,
            before: found.before,
            statement: found.statement,
            member: found.member,
        }
    }
}

/// An offset as bytes of the text.
pub(crate) fn size(at: usize) -> TextSize {
    TextSize::try_from(at).expect("texts are smaller than 4 GiB")
}

pub(super) fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(size(start), size(end))
}

/// Whether a byte may stand in a word; bytes of longer characters may.
pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
