//! Tokens of the expression language. Every byte of the text belongs to a token or to white space between two.

use text_size::{TextRange, TextSize};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A function, namespace or property name, or a bare word such as `true`.
    Name,
    /// With an optional sign, fraction and exponent.
    Number,
    /// With both quotes.
    Str,
    /// An opening quote whose closing one is missing. Ends where the rest looks like closers of the surroundings.
    OpenStr,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    Comma,
    Dot,
    /// An operator of some other language (`+`, `==`, `?`, …), which this one does not have.
    Operator,
    /// One character that begins no token.
    Unknown,
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: TextRange,
}

#[derive(Clone, Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    offset: usize,
}

impl<'a> Lexer<'a> {
    /// Reads `text` from byte `offset` on. `text` must not be longer than 4 GiB.
    pub(super) fn new(text: &'a str, offset: usize) -> Self {
        Self { text, offset }
    }

    /// The next token. `closers` are the brackets still to be closed, the outermost first: an unclosed string leaves them
    /// alone where they end the text.
    pub(super) fn next(&mut self, closers: &[u8]) -> Token {
        let bytes = self.text.as_bytes();
        while bytes.get(self.offset).is_some_and(u8::is_ascii_whitespace) {
            self.offset += 1;
        }
        let start = self.offset;
        let kind = match bytes.get(start) {
            None => TokenKind::End,
            Some(b'(') => self.take(1, TokenKind::LeftParen),
            Some(b')') => self.take(1, TokenKind::RightParen),
            Some(b'[') => self.take(1, TokenKind::LeftBracket),
            Some(b']') => self.take(1, TokenKind::RightBracket),
            Some(b',') => self.take(1, TokenKind::Comma),
            Some(b'.') => self.take(1, TokenKind::Dot),
            Some(b'\'') => self.string(closers),
            Some(b'0'..=b'9') => self.number(),
            Some(b'+' | b'-') if bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => self.number(),
            Some(b'+' | b'-' | b'*' | b'/' | b'%' | b'=' | b'!' | b'<' | b'>' | b'&' | b'|' | b'?' | b':') => {
                let two = bytes.get(start + 1).copied();
                let pair = matches!(
                    (bytes[start], two),
                    (_, Some(b'=')) | (b'&', Some(b'&')) | (b'|', Some(b'|')) | (b'?', Some(b'?'))
                );
                self.take(if pair { 2 } else { 1 }, TokenKind::Operator)
            }
            Some(_) => self.name(),
        };
        Token { kind, range: TextRange::new(size(start), size(self.offset)) }
    }

    fn take(&mut self, len: usize, kind: TokenKind) -> TokenKind {
        self.offset += len;
        kind
    }

    fn string(&mut self, closers: &[u8]) -> TokenKind {
        let start = self.offset;
        let mut from = start + 1;
        while let Some(quote) = memchr::memchr(b'\'', &self.text.as_bytes()[from..]) {
            from += quote + 1;
            if self.text.as_bytes().get(from) != Some(&b'\'') {
                self.offset = from;
                return TokenKind::Str;
            }
            from += 1;
        }
        // Half-typed. Editors put the closing brackets there before the string is written, so those at the very end belong
        // to the surroundings.
        let mut end = self.text.trim_end().len().max(start + 1);
        let mut left = closers.iter();
        while end > start + 1 && left.next() == Some(&self.text.as_bytes()[end - 1]) {
            end -= 1;
        }
        self.offset = end;
        TokenKind::OpenStr
    }

    fn number(&mut self) -> TokenKind {
        let bytes = self.text.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let mut at = digits(self.offset + 1);
        if bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
            at = digits(at + 1);
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            if bytes.get(at + 1 + sign).is_some_and(u8::is_ascii_digit) {
                at = digits(at + 1 + sign);
            }
        }
        self.offset = at;
        TokenKind::Number
    }

    fn name(&mut self) -> TokenKind {
        let rest = &self.text[self.offset..];
        let end = rest.find(|c: char| !is_name_char(c)).unwrap_or(rest.len());
        // A hyphen may stand inside a name: there are no operators it could be taken for.
        if end > 0 {
            return self.take(end, TokenKind::Name);
        }
        self.take(rest.chars().next().map_or(1, char::len_utf8), TokenKind::Unknown)
    }
}

fn is_name_char(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '-')
}

fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).expect("a text is never larger than 4 GiB")
}
