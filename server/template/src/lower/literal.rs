//! The JSON text that is an argument of `json('…')`.

use text_size::{TextRange, TextSize};

use super::forms::{Draft, without_quotes};
use crate::expr::{Expr, Exprs, Item, Member, Object, ObjectForm, Opaque, Property};

/// How deep arrays and objects may nest.
const MAX_DEPTH: usize = 64;

/// Lowers a JSON text. `place` says where a part of it is written, `whole` where the call is. A text that is not JSON is
/// a syntax error as a whole: it fails when it is deployed, whatever part of it is right.
pub(super) fn lower(exprs: &mut Exprs, text: &str, place: &dyn Fn(TextRange) -> TextRange, whole: TextRange) -> Draft {
    let mut reader = Reader { text, at: 0, exprs, place, depth: 0 };
    reader.skip_blanks();
    let value = reader.value();
    reader.skip_blanks();
    match value {
        Some(draft) if reader.at == text.len() => Draft { range: whole, inner: whole, ..draft },
        _ => Draft::syntax_error(whole, true),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    exprs: &'a mut Exprs,
    place: &'a dyn Fn(TextRange) -> TextRange,
    depth: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Draft> {
        let start = self.at;
        let expr = match self.peek()? {
            b'{' => self.nested(Self::object)?,
            b'[' => self.nested(Self::array)?,
            b'"' => Expr::Str(self.string()?.into()),
            _ => self.word()?,
        };
        let range = self.range_from(start);
        let inner = if matches!(expr, Expr::Str(_)) { without_quotes(range) } else { range };
        Some(Draft { expr, range, inner, embedded: true })
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Expr>) -> Option<Expr> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let expr = read(self);
        self.depth -= 1;
        expr
    }

    fn object(&mut self) -> Option<Expr> {
        let mut members = Vec::new();
        self.at += 1;
        self.skip_blanks();
        while !self.take(b'}') {
            if !members.is_empty() && !self.take(b',') {
                return None;
            }
            self.skip_blanks();
            let start = self.at;
            let key = self.value().filter(|key| key.as_str().is_some())?;
            self.skip_blanks();
            if !self.take(b':') {
                return None;
            }
            self.skip_blanks();
            let value = self.value()?;
            let range = self.range_from(start);
            let key = key.add_to(self.exprs);
            members.push(Member::Property(Property { key, value: value.add_to(self.exprs), range }));
            self.skip_blanks();
        }
        Some(Expr::Object(Object { members: members.into(), damaged: false, form: ObjectForm::Call }))
    }

    fn array(&mut self) -> Option<Expr> {
        let mut items = Vec::new();
        self.at += 1;
        self.skip_blanks();
        while !self.take(b']') {
            if !items.is_empty() && !self.take(b',') {
                return None;
            }
            self.skip_blanks();
            let value = self.value()?;
            items.push(Item::Value(value.add_to(self.exprs)));
            self.skip_blanks();
        }
        Some(Expr::Array(items.into()))
    }

    fn word(&mut self) -> Option<Expr> {
        let rest = &self.text[self.at..];
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '+' | '.')).unwrap_or(rest.len());
        let word = &rest[..end];
        self.at += end;
        Some(match word {
            "null" => Expr::Null,
            "true" => Expr::Bool(true),
            "false" => Expr::Bool(false),
            _ => match word.parse::<i64>() {
                Ok(value) => Expr::Int(value),
                Err(_) => {
                    word.parse::<f64>().ok()?;
                    Expr::Opaque(Opaque::Unsupported)
                }
            },
        })
    }

    fn string(&mut self) -> Option<String> {
        let mut decoded = String::new();
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.find(['"', '\\'])?;
            decoded.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == b'"' {
                return Some(decoded);
            }
            let escape = self.peek()?;
            self.at += 1;
            decoded.push(match escape {
                b'"' | b'\\' | b'/' => char::from(escape),
                b'b' => '\u{8}',
                b'f' => '\u{c}',
                b'n' => '\n',
                b'r' => '\r',
                b't' => '\t',
                b'u' => {
                    let high = self.code_unit()?;
                    let low = if (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with("\\u") {
                        self.at += 2;
                        Some(self.code_unit()?)
                    } else {
                        None
                    };
                    char::decode_utf16(std::iter::once(high).chain(low)).next()?.ok()?
                }
                _ => return None,
            });
        }
    }

    fn code_unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn range_from(&self, start: usize) -> TextRange {
        let size = |at| TextSize::try_from(at).expect("a text is never larger than 4 GiB");
        (self.place)(TextRange::new(size(start), size(self.at)))
    }
}
