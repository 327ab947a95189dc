//! Recursive descent, one token ahead, one pass.

use std::borrow::Cow;

use smallvec::SmallVec;
use text_size::{TextRange, TextSize};

use super::lexer::{Lexer, Token, TokenKind};
use super::{Call, Expr, Index, MAX_DEPTH, Member, Name, Number, Parsed, Str};
use crate::SyntaxError;

/// How many mistakes of one expression are told.
const MAX_ERRORS: usize = 1000;

pub(super) fn parse(text: &str) -> Parsed<'_> {
    if !text.starts_with('[') || text.starts_with("[[") {
        return Parsed::default();
    }
    let mut lexer = Lexer::new(text, 1);
    let closers: SmallVec<_> = smallvec::smallvec![b']'];
    let token = lexer.next(&closers);
    let mut parser =
        Parser { text, lexer, token, last_end: TextSize::of('['), closers, depth: 0, errors: Vec::new(), quiet: false };
    let root = parser.whole();
    Parsed { root, errors: parser.errors }
}

/// An expression and its height, which bounds how deep anyone who walks the tree has to recurse.
type Tall<'a> = (Expr<'a>, usize);

struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    /// The token ahead.
    token: Token,
    /// The end of the token before it.
    last_end: TextSize,
    /// The brackets still to be closed, the outermost first.
    closers: SmallVec<[u8; 16]>,
    depth: usize,
    errors: Vec<SyntaxError>,
    /// Set once the rest of the text cannot be understood: what is missing then is no news.
    quiet: bool,
}

impl<'a> Parser<'a> {
    fn whole(&mut self) -> Option<Expr<'a>> {
        let opening = TextRange::up_to(TextSize::of('['));
        if matches!(self.token.kind, TokenKind::RightBracket | TokenKind::End) {
            let at = TextRange::new(opening.start(), self.token.range.end());
            self.error(at, "expected an expression between `[` and `]`; write `[[` for a plain bracket".into(), None);
            self.after_root();
            return None;
        }
        let (root, _) = self.expr();
        if !matches!(self.token.kind, TokenKind::RightBracket | TokenKind::End) {
            self.skip(Self::unexpected);
        }
        // `)` and `,` end an argument, but here nothing is open.
        while matches!(self.token.kind, TokenKind::RightParen | TokenKind::Comma) {
            let closer = self.token_text();
            self.error(self.token.range, format!("unexpected `{closer}`, no call is open here"), None);
            self.bump();
            self.skip(|_, _| String::new());
        }
        if self.token.kind == TokenKind::End {
            let at = TextRange::empty(self.last_end);
            self.error(
                at,
                "expected `]` at the end of the expression".into(),
                Some((opening, "the expression starts here".into())),
            );
        } else {
            self.after_root();
        }
        Some(root)
    }

    /// The closing `]`, and nothing behind it.
    fn after_root(&mut self) {
        if self.token.kind == TokenKind::End {
            return;
        }
        let end = TextSize::of(self.text);
        let rest = TextRange::new(self.token.range.end(), end);
        if !rest.is_empty() {
            let message = "text after the end of the expression; use `concat()` to put texts together";
            self.error(rest, message.into(), None);
        }
    }

    fn expr(&mut self) -> Tall<'a> {
        if self.depth >= MAX_DEPTH {
            return (self.give_up(), 1);
        }
        self.depth += 1;
        let mut tall = self.primary();
        loop {
            let follows = match self.token.kind {
                TokenKind::Dot | TokenKind::LeftBracket => true,
                TokenKind::LeftParen => {
                    // Only a name can be called, and `primary` and `member` have taken that.
                    let open = self.token.range;
                    self.error(open, "only a function can be called".into(), None);
                    let start = open.start();
                    self.arguments(None, Name { text: "", range: TextRange::empty(start) });
                    continue;
                }
                _ => false,
            };
            if !follows {
                break;
            }
            if tall.1 >= MAX_DEPTH {
                self.give_up();
                break;
            }
            tall = if self.token.kind == TokenKind::Dot { self.member(tall) } else { self.index(tall) };
        }
        self.depth -= 1;
        tall
    }

    fn primary(&mut self) -> Tall<'a> {
        let token = self.token;
        let expr = match token.kind {
            TokenKind::Str | TokenKind::OpenStr => {
                let str = self.string(token);
                self.bump();
                if !str.closed {
                    self.error(str.range, "string without closing quote".into(), None);
                    self.quiet = true;
                }
                Expr::Str(str)
            }
            TokenKind::Number => {
                self.bump();
                Expr::Number(Number { text: &self.text[token.range], range: token.range })
            }
            TokenKind::Name => {
                let name = self.name(token);
                self.bump();
                if self.token.kind == TokenKind::LeftParen {
                    return self.arguments(None, name);
                }
                Expr::Name(name)
            }
            TokenKind::Dot | TokenKind::LeftBracket => {
                self.error(token.range, format!("expected an expression before `{}`", self.token_text()), None);
                Expr::Missing(TextRange::empty(token.range.start()))
            }
            TokenKind::LeftParen => {
                // `(a)`: there are no parentheses for grouping. What is inside is still of use.
                self.error(token.range, "expected a function name before `(`".into(), None);
                return self.arguments(None, Name { text: "", range: TextRange::empty(token.range.start()) });
            }
            TokenKind::RightParen | TokenKind::RightBracket | TokenKind::Comma | TokenKind::End => {
                // The caller knows what is missing.
                Expr::Missing(TextRange::new(self.last_end, token.range.start()))
            }
            TokenKind::Operator | TokenKind::Unknown => Expr::Missing(self.skip(Self::unexpected)),
        };
        (expr, 1)
    }

    /// From the `(` through the `)`.
    fn arguments(&mut self, namespace: Option<Name<'a>>, name: Name<'a>) -> Tall<'a> {
        let open = self.token.range;
        let start = namespace.map_or(name.range.start(), |namespace| namespace.range.start());
        let mut args = Vec::new();
        let mut commas = SmallVec::new();
        let mut height = 0;
        self.closers.push(b')');
        self.bump();
        if self.token.kind != TokenKind::RightParen {
            loop {
                let ends = matches!(self.token.kind, TokenKind::RightBracket | TokenKind::End);
                if ends && commas.is_empty() {
                    break;
                }
                let (argument, tall) = self.expr();
                if let Expr::Missing(gap) = argument
                    && matches!(self.token.kind, TokenKind::Comma | TokenKind::RightParen)
                {
                    self.error(gap, "missing argument".into(), None);
                }
                args.push(argument);
                height = height.max(tall);
                if !matches!(
                    self.token.kind,
                    TokenKind::Comma | TokenKind::RightParen | TokenKind::RightBracket | TokenKind::End
                ) {
                    self.skip(|parser, token| match token.kind {
                        TokenKind::Operator | TokenKind::Unknown => parser.unexpected(token),
                        _ => format!("expected `,` or `)` before `{}`", &parser.text[token.range]),
                    });
                }
                if self.token.kind != TokenKind::Comma {
                    break;
                }
                commas.push(self.token.range.start());
                self.bump();
            }
        }
        self.closers.pop();
        let closed = self.token.kind == TokenKind::RightParen;
        let end = if closed { self.token.range.end() } else { self.token.range.start().max(self.last_end) };
        if closed {
            self.bump();
        } else {
            let head = TextRange::new(start, open.end());
            let message = format!("expected `)` to close `{}(`", name.text);
            self.error(TextRange::empty(self.last_end), message, Some((head, format!("`{}(` starts here", name.text))));
        }
        let range = TextRange::new(start, end);
        let call = Call { namespace, name, args, commas, open: open.start(), closed, range };
        (Expr::Call(Box::new(call)), height + 1)
    }

    /// `.name`, or the call of a function in a namespace.
    fn member(&mut self, (base, height): Tall<'a>) -> Tall<'a> {
        let dot = self.token.range;
        self.bump();
        let token = self.token;
        let name = match token.kind {
            TokenKind::Name => {
                self.bump();
                self.name(token)
            }
            TokenKind::Number => {
                let text = &self.text[token.range];
                self.error(
                    token.range,
                    format!("expected a property name after `.`; write `[{text}]` for an element"),
                    None,
                );
                self.bump();
                self.name(token)
            }
            _ => {
                self.error(dot, "expected a property name after `.`".into(), None);
                Name { text: "", range: TextRange::empty(dot.end()) }
            }
        };
        if self.token.kind == TokenKind::LeftParen
            && let Expr::Name(namespace) = base
        {
            return self.arguments(Some(namespace), name);
        }
        let range = TextRange::new(base.range().start(), name.range.end());
        (Expr::Member(Box::new(Member { base, dot: dot.start(), name, range })), height + 1)
    }

    /// `[index]`
    fn index(&mut self, (base, height): Tall<'a>) -> Tall<'a> {
        let open = self.token.range;
        self.closers.push(b']');
        self.bump();
        let (index, tall) = self.expr();
        if let Expr::Missing(gap) = index {
            self.error(gap, "expected an index between `[` and `]`".into(), None);
        }
        if !matches!(self.token.kind, TokenKind::RightBracket | TokenKind::End) {
            self.skip(Self::unexpected);
        }
        self.closers.pop();
        let closed = self.token.kind == TokenKind::RightBracket;
        let end = if closed { self.token.range.end() } else { self.token.range.start().max(self.last_end) };
        if closed {
            self.bump();
        } else {
            let started = Some((open, "the index starts here".into()));
            self.error(TextRange::empty(self.last_end), "expected `]` to close the index".into(), started);
        }
        let range = TextRange::new(base.range().start(), end);
        (Expr::Index(Box::new(Index { base, index, closed, range })), height.max(tall) + 1)
    }

    fn string(&self, token: Token) -> Str<'a> {
        let str = Str { value: Cow::Borrowed(""), range: token.range, closed: token.kind == TokenKind::Str };
        let content = &self.text[str.content_range()];
        let value = if content.contains('\'') { content.replace("''", "'").into() } else { Cow::Borrowed(content) };
        Str { value, ..str }
    }

    fn name(&self, token: Token) -> Name<'a> {
        Name { text: &self.text[token.range], range: token.range }
    }

    /// Skips what does not belong here, up to the next `,`, `)` or `]` of this level. Says why, if there is anything.
    fn skip(&mut self, why: impl FnOnce(&Self, Token) -> String) -> TextRange {
        let first = self.token;
        let mut nested = 0_usize;
        loop {
            match self.token.kind {
                TokenKind::End => break,
                TokenKind::Comma | TokenKind::RightParen | TokenKind::RightBracket if nested == 0 => break,
                TokenKind::LeftParen | TokenKind::LeftBracket => nested += 1,
                TokenKind::RightParen | TokenKind::RightBracket => nested -= 1,
                _ => {}
            }
            self.bump();
        }
        let range = TextRange::new(first.range.start(), self.last_end.max(first.range.start()));
        if !range.is_empty() {
            let message = why(self, first);
            if !message.is_empty() {
                self.error(range, message, None);
            }
        }
        range
    }

    fn unexpected(&self, token: Token) -> String {
        let mut text = &self.text[token.range];
        if token.kind == TokenKind::Number && text.starts_with(['+', '-']) {
            // `length(x)-1`
            text = &text[..1];
        }
        match token.kind {
            TokenKind::Operator | TokenKind::Number => {
                let function = match text {
                    "+" => "add()",
                    "-" => "sub()",
                    "*" => "mul()",
                    "/" => "div()",
                    "%" => "mod()",
                    "==" | "=" | "!=" => "equals()",
                    "<" => "less()",
                    "<=" => "lessOrEquals()",
                    ">" => "greater()",
                    ">=" => "greaterOrEquals()",
                    "&&" | "&" => "and()",
                    "||" | "|" => "or()",
                    "!" => "not()",
                    "?" => "if()",
                    "??" => "coalesce()",
                    _ => return format!("unexpected `{text}`"),
                };
                format!("template expressions have no operator `{text}`; use `{function}`")
            }
            TokenKind::Unknown if text == "\"" => "strings in an expression are written in single quotes".into(),
            TokenKind::Unknown if text == "{" => "template expressions have no `{`; use `createObject()`".into(),
            _ => format!("unexpected `{text}`"),
        }
    }

    /// Leaves the rest out of the tree.
    fn give_up(&mut self) -> Expr<'a> {
        let rest = TextRange::new(self.token.range.start(), TextSize::of(self.text));
        self.error(rest, format!("expression nested more than {MAX_DEPTH} levels deep"), None);
        self.quiet = true;
        self.lexer = Lexer::new(self.text, self.text.len());
        self.token = self.lexer.next(&self.closers);
        Expr::Missing(TextRange::empty(rest.start()))
    }

    fn token_text(&self) -> &'a str {
        &self.text[self.token.range]
    }

    fn bump(&mut self) {
        self.last_end = self.token.range.end();
        self.token = self.lexer.next(&self.closers);
    }

    /// One thing can be wrong at a place; the first to notice knows best what.
    fn error(&mut self, range: TextRange, message: String, started: Option<(TextRange, String)>) {
        if self.quiet || self.errors.last().is_some_and(|last| last.range.end() >= range.start()) {
            return;
        }
        self.errors.push(SyntaxError { range, message, started });
        // The tree goes on.
        self.quiet = self.errors.len() >= MAX_ERRORS;
    }
}
