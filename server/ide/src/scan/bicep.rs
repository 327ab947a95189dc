//! The tokens of Bicep.

use syntax::TextSize;

use super::{Builder, Entry, FrameKind, Head, Scan, State, Token, TokenKind, is_word, range, size};

/// Words that begin a declaration.
const KEYWORDS: [&str; 15] = [
    "param",
    "var",
    "resource",
    "module",
    "output",
    "type",
    "func",
    "metadata",
    "targetScope",
    "import",
    "using",
    "extends",
    "extension",
    "assert",
    "test",
];

/// An interpolated string whose hole is open.
struct Pending {
    /// The frame of the hole.
    hole: usize,
    /// Where the string starts.
    string: usize,
}

pub(super) fn scan(builder: Builder<'_>) -> Scan<'_> {
    let mut lexer = Lexer { builder, pending: Vec::new(), line: Vec::new(), line_start: true };
    lexer.run();
    lexer.builder.finish()
}

struct Lexer<'s> {
    builder: Builder<'s>,
    pending: Vec<Pending>,
    /// The tokens of a nested declaration: `resource name 'type'`.
    line: Vec<Token>,
    line_start: bool,
}

impl Lexer<'_> {
    fn run(&mut self) {
        let source = self.builder.source;
        let bytes = source.as_bytes();
        let mut at = if source.starts_with('\u{feff}') { 3 } else { 0 };
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            let line_start = std::mem::take(&mut self.line_start);
            match byte {
                b'\n' | b'\r' => {
                    self.builder.meet(Token { kind: TokenKind::Sign, range: range(start, start + 1) });
                    self.line_end();
                    self.line_start = true;
                    at += 1;
                    continue;
                }
                _ if byte.is_ascii_whitespace() => {
                    at += 1;
                    continue;
                }
                b'/' if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => {
                    at = comment_end(source, at);
                    self.builder.meet(Token { kind: TokenKind::Comment, range: range(start, at) });
                    continue;
                }
                b'#' if source[..at].trim_end_matches([' ', '\t']).ends_with(['\n', '\r']) || at == 0 => {
                    at += source[at..].find(['\n', '\r']).unwrap_or(source.len() - at);
                    self.builder.meet(Token { kind: TokenKind::Comment, range: range(start, at) });
                    continue;
                }
                b'\'' if source[at..].starts_with("'''") => {
                    at = source[at + 3..].find("'''").map_or(source.len(), |found| at + 3 + found + 3);
                    at += bytes[at..].iter().take_while(|&&byte| byte == b'\'').count();
                    let token = Token { kind: TokenKind::Multiline, range: range(start, at) };
                    self.builder.meet(token);
                    self.word_or_string(token);
                }
                b'\'' => at = self.string(start, start + 1, false),
                b'}' if self.closes_hole() => {
                    self.builder.meet(Token { kind: TokenKind::Sign, range: range(start, start + 1) });
                    let string = self.pending.pop().map_or(start, |pending| pending.string);
                    self.builder.pop(FrameKind::Hole, size(start + 1));
                    at = self.string(string, start + 1, true);
                }
                _ if is_word(byte) => {
                    at += bytes[at..].iter().take_while(|&&byte| is_word(byte)).count();
                    if line_start && self.is_declaration(start, at) {
                        self.restart();
                    }
                    let token = Token { kind: TokenKind::Word, range: range(start, at) };
                    self.builder.meet(token);
                    self.word_or_string(token);
                }
                b'@' if line_start => {
                    self.restart();
                    at += 1;
                    self.builder.meet(Token { kind: TokenKind::Sign, range: range(start, at) });
                    self.sign(byte, start);
                }
                _ => {
                    at += source[at..].chars().next().map_or(1, char::len_utf8);
                    self.builder.meet(Token { kind: TokenKind::Sign, range: range(start, at) });
                    self.sign(byte, start);
                }
            }
            self.builder.before = size(at);
        }
    }

    /// Reads a string, or goes on with it behind a hole; returns where to go on.
    fn string(&mut self, start: usize, from: usize, holes: bool) -> usize {
        let source = self.builder.source;
        let bytes = source.as_bytes();
        let mut at = from;
        let (end, closed) = loop {
            match bytes.get(at) {
                None | Some(b'\n' | b'\r') => break (at, false),
                Some(b'\'') => break (at + 1, true),
                Some(b'\\') => at += 1 + source[at + 1..].chars().next().map_or(0, char::len_utf8),
                Some(b'$') if bytes.get(at + 1) == Some(&b'{') => {
                    // The cursor may be in the text before the hole.
                    let kind = TokenKind::String { closed: false, holes: true };
                    if size(start) < self.builder.offset && self.builder.offset <= size(at) {
                        self.builder.meet(Token { kind, range: range(start, self.end_of(start)) });
                    }
                    self.builder.meet(Token { kind: TokenKind::Sign, range: range(at, at + 2) });
                    let entry = self.builder.entry();
                    self.builder.push(FrameKind::Hole, size(at), entry, None);
                    let hole = self.builder.stack.last().copied().unwrap_or_default();
                    self.pending.push(Pending { hole, string: start });
                    return at + 2;
                }
                Some(_) => at += 1,
            }
        };
        let token = Token { kind: TokenKind::String { closed, holes }, range: range(start, end) };
        if !holes || self.builder.offset > size(from - 1) {
            self.builder.meet(token);
        }
        self.word_or_string(token);
        end
    }

    /// The end of a string with holes, for the cursor in its text: that of the line at most.
    fn end_of(&self, start: usize) -> usize {
        let rest = &self.builder.source[start..];
        start + rest.find(['\n', '\r']).unwrap_or(rest.len())
    }

    fn closes_hole(&self) -> bool {
        self.pending.last().is_some_and(|pending| self.builder.stack.last() == Some(&pending.hole))
    }

    /// Whether the word at the start of a line is the keyword of a declaration, whatever is open.
    fn is_declaration(&self, start: usize, end: usize) -> bool {
        let source = self.builder.source;
        let rest = source[end..].trim_start_matches([' ', '\t']);
        KEYWORDS.contains(&&source[start..end])
            && rest.len() < source.len() - end
            && (rest.as_bytes().first().is_some_and(|&next| is_word(next) || next == b'\'') || rest.starts_with("= "))
    }

    /// A declaration begins: what is still open was forgotten.
    fn restart(&mut self) {
        self.builder.stack.truncate(1);
        self.pending.clear();
        self.line.clear();
        self.builder.statement.clear();
        self.builder.top().state = State::Key;
    }

    fn line_end(&mut self) {
        // A hole ends with its line.
        while self.builder.kind() == FrameKind::Hole {
            self.builder.stack.pop();
            self.pending.pop();
        }
        self.line.clear();
        let frame = self.builder.top();
        match frame.kind {
            FrameKind::Document => {
                frame.state = State::Key;
                self.builder.statement.clear();
            }
            FrameKind::Object => frame.state = State::Key,
            FrameKind::Array => {
                if frame.state == State::After {
                    frame.state = State::Value;
                }
            }
            FrameKind::Parentheses | FrameKind::Hole => {}
        }
    }

    fn word_or_string(&mut self, token: Token) {
        let source = self.builder.source;
        match self.builder.kind() {
            FrameKind::Document => {
                self.builder.statement.push(token);
                self.builder.top().state = State::After;
            }
            FrameKind::Object => match self.builder.top().state {
                State::Key => {
                    self.line = vec![token];
                    self.builder.add_member(token);
                }
                State::Colon => self.line.push(token),
                State::Value | State::After => self.builder.value(token.range),
            },
            FrameKind::Array => {
                let frame = self.builder.top();
                if frame.state == State::Value && frame.elements == 0 && &source[token.range] == "for" {
                    frame.is_for = true;
                }
                self.builder.value(token.range);
            }
            FrameKind::Parentheses | FrameKind::Hole => self.builder.value(token.range),
        }
    }

    fn sign(&mut self, byte: u8, start: usize) {
        let end = size(start + 1);
        let kind = self.builder.kind();
        match byte {
            b'{' | b'[' | b'(' => self.open(byte, start),
            b'}' => self.close(FrameKind::Object, end),
            b']' => self.close(FrameKind::Array, end),
            b')' => self.close(FrameKind::Parentheses, end),
            b':' if kind == FrameKind::Object && self.builder.top().state == State::Colon => self.builder.colon(),
            b':' if kind == FrameKind::Array && self.builder.top().is_for => self.builder.top().state = State::Value,
            b',' => {
                let frame = self.builder.top();
                frame.state = if kind == FrameKind::Object { State::Key } else { State::Value };
                if kind == FrameKind::Parentheses {
                    frame.elements += 1;
                }
                self.line.clear();
            }
            b'.' | b'!' => {
                let frame = self.builder.top();
                if frame.state == State::After {
                    self.builder.extend(end);
                }
            }
            _ => match kind {
                FrameKind::Document => {
                    self.builder.statement.push(Token { kind: TokenKind::Sign, range: range(start, start + 1) });
                    if byte != b'@' {
                        self.builder.top().state = State::Value;
                    }
                }
                FrameKind::Object if matches!(self.builder.top().state, State::Key | State::Colon) => {}
                _ => {
                    // An operator: its operand is to come.
                    self.builder.extend(end);
                    self.builder.top().state = State::Value;
                }
            },
        }
    }

    fn open(&mut self, byte: u8, start: usize) {
        let source = self.builder.source;
        let at = range(start, start + 1);
        let kind = match byte {
            b'{' => FrameKind::Object,
            b'[' => FrameKind::Array,
            _ => FrameKind::Parentheses,
        };
        let mut entry = self.builder.entry();
        let mut head = None;
        match self.builder.kind() {
            FrameKind::Document => {
                head = head_of(source, &self.builder.statement);
                self.builder.top().state = State::After;
            }
            FrameKind::Object if self.builder.top().state == State::Colon => {
                head = head_of(source, &self.line);
                if head.is_some() {
                    self.builder.top().state = State::After;
                    entry = Entry::Other;
                }
            }
            FrameKind::Object if self.builder.top().state == State::Key => entry = Entry::Other,
            _ => {}
        }
        // What stands in parentheses or behind `for … :` is still what the declaration says.
        if head.is_none()
            && let Some(&parent) = self.builder.stack.last()
            && matches!(self.builder.frames[parent].kind, FrameKind::Array | FrameKind::Parentheses)
            && (self.builder.frames[parent].is_for || self.builder.frames[parent].kind == FrameKind::Parentheses)
        {
            head = self.builder.frames[parent].head;
        }
        if self.builder.kind() != FrameKind::Document && entry != Entry::Other {
            self.builder.value(at);
        }
        self.builder.push(kind, size(start), entry, head);
    }

    fn close(&mut self, kind: FrameKind, end: TextSize) {
        self.builder.pop(kind, end);
        let open = self.builder.stack.len();
        self.pending.retain(|pending| self.builder.stack[..open].contains(&pending.hole));
    }
}

/// What a statement declares, so far.
fn head_of<'s>(source: &'s str, tokens: &[Token]) -> Option<Head<'s>> {
    let keyword = tokens.first().filter(|token| token.kind == TokenKind::Word)?;
    let keyword = &source[keyword.range];
    if !matches!(keyword, "resource" | "module" | "param" | "var" | "output" | "type" | "metadata") {
        return None;
    }
    let string = tokens.iter().find(|token| token.is_string());
    Some(Head { keyword, text: string.map(|token| &source[token.inner()]) })
}

fn comment_end(source: &str, at: usize) -> usize {
    if source[at..].starts_with("//") {
        return at + source[at..].find(['\n', '\r']).unwrap_or(source.len() - at);
    }
    source[at + 2..].find("*/").map_or(source.len(), |found| at + 2 + found + 2)
}
