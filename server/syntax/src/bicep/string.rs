//! Strings: what is written between the quotes, decoded, and the holes in it.

use std::borrow::Cow;

use smallvec::SmallVec;
use text_size::{TextRange, TextSize};
use tree_sitter::Node;

use super::Expr;
use super::kind::{Field, Kind, children, kind_of};
use crate::tree::{offset, range_of};

/// A string of any kind: `'…'`, `'…${…}…'`, `'''…'''`, `$'''…'''`, finished or not.
#[derive(Clone, Copy, Debug)]
pub struct Str<'t> {
    pub(super) node: Node<'t>,
    pub(super) source: &'t str,
}

/// A part of a decoded string.
#[derive(Clone, Debug)]
pub enum Piece<'t> {
    /// Text with all escapes replaced.
    Text {
        /// Where it is written.
        range: TextRange,
        /// What it says; borrowed when nothing was escaped.
        text: Cow<'t, str>,
    },
    /// `${…}`.
    Hole {
        /// From the dollar sign to the brace.
        range: TextRange,
        /// What stands in it; absent in `${}` and where it cannot be read.
        expression: Option<Expr<'t>>,
    },
}

/// A part of a string that keeps its place: text in which every byte stands for itself, one escape, or a hole.
#[derive(Clone, Copy, Debug)]
pub enum Segment<'t> {
    /// Text that means what it says.
    Verbatim {
        /// Where it is written; as long as `text`.
        range: TextRange,
        /// The text.
        text: &'t str,
    },
    /// `\n`, `\u{…}` and so on.
    Escape {
        /// Where it is written, the backslash included.
        range: TextRange,
        /// What it stands for.
        character: char,
    },
    /// `${…}`.
    Hole {
        /// From the dollar sign to the brace.
        range: TextRange,
        /// What stands in it; absent in `${}` and where it cannot be read.
        expression: Option<Expr<'t>>,
    },
}

impl<'t> Str<'t> {
    /// The string that a node of the tree is, if it is one.
    pub fn cast(node: Node<'t>, source: &'t str) -> Option<Self> {
        let is_string = matches!(
            kind_of(node),
            Kind::String
                | Kind::MultilineString
                | Kind::UnterminatedString
                | Kind::UnterminatedMultilineString
                | Kind::InterpolatedString
                | Kind::InterpolatedMultilineString
                | Kind::DoubleQuotedString
        );
        is_string.then_some(Self { node, source })
    }

    /// The string with its quotes.
    pub fn range(self) -> TextRange {
        range_of(self.node)
    }

    /// The string as written, quotes included.
    pub fn text(self) -> &'t str {
        &self.source[self.range()]
    }

    /// What is between the quotes; of a multi-line string with the newline after the opening quotes. Where the closing
    /// quotes are missing, up to the end of the string.
    pub fn content_range(self) -> TextRange {
        let (open, close) = self.quotes();
        let (start, end) = (self.range().start(), self.range().end());
        // A quote alone, where the other one is missing, is not two.
        let start = (start + open).min(end);
        TextRange::new(start, (end - close).max(start))
    }

    /// Whether the string is written with `'''`, so that nothing in it is escaped.
    pub fn is_multiline(self) -> bool {
        matches!(
            kind_of(self.node),
            Kind::MultilineString | Kind::UnterminatedMultilineString | Kind::InterpolatedMultilineString
        )
    }

    /// Whether the closing quotes are there and no hole is left open or unreadable.
    pub fn is_complete(self) -> bool {
        match kind_of(self.node) {
            Kind::UnterminatedString | Kind::UnterminatedMultilineString | Kind::DoubleQuotedString => false,
            Kind::InterpolatedString | Kind::InterpolatedMultilineString => {
                !self.node.has_error()
                    && children(self.node).all(|child| {
                        child.kind != Kind::MissingEnd
                            && (child.kind != Kind::Interpolation
                                || children(child.node).all(|part| part.kind != Kind::MissingEnd))
                    })
            }
            _ => true,
        }
    }

    /// The decoded text of a string without holes; of an unfinished one, as far as it goes.
    pub fn plain(self) -> Option<Cow<'t, str>> {
        if self.has_holes() {
            return None;
        }
        match self.pieces().pop() {
            None => Some(Cow::Borrowed("")),
            Some(Piece::Text { text, .. }) => Some(text),
            Some(Piece::Hole { .. }) => None,
        }
    }

    /// The string decoded: text and holes in turn, no two texts side by side, no empty text.
    pub fn pieces(self) -> SmallVec<[Piece<'t>; 1]> {
        let mut pieces = SmallVec::<[Piece<'t>; 1]>::new();
        self.for_each_segment(|segment| match segment {
            Segment::Hole { range, expression } => pieces.push(Piece::Hole { range, expression }),
            Segment::Verbatim { range, text } => match pieces.last_mut() {
                Some(Piece::Text { range: before, text: decoded }) => {
                    *before = before.cover(range);
                    decoded.to_mut().push_str(text);
                }
                _ => pieces.push(Piece::Text { range, text: Cow::Borrowed(text) }),
            },
            Segment::Escape { range, character } => match pieces.last_mut() {
                Some(Piece::Text { range: before, text: decoded }) => {
                    *before = before.cover(range);
                    decoded.to_mut().push(character);
                }
                _ => pieces.push(Piece::Text { range, text: Cow::Owned(character.to_string()) }),
            },
        });
        pieces
    }

    /// Visits the string piece by piece, in order and without gaps, quotes and the newline that a multi-line string
    /// drops excepted. Unknown escapes stand for themselves.
    pub fn for_each_segment(self, mut visit: impl FnMut(Segment<'t>)) {
        match kind_of(self.node) {
            Kind::InterpolatedString | Kind::InterpolatedMultilineString => {
                let is_multiline = self.is_multiline();
                let mut is_first = true;
                for child in children(self.node) {
                    let range = range_of(child.node);
                    match child.kind {
                        Kind::StringContent if is_multiline => {
                            self.visit_raw(range, is_first, &mut visit);
                            is_first = false;
                        }
                        Kind::StringContent => self.visit_escaped(range, &mut visit),
                        Kind::Interpolation => {
                            is_first = false;
                            let expression = children(child.node)
                                .find(|part| part.field == Some(Field::Expression))
                                .map(|part| Expr { node: part.node, source: self.source });
                            visit(Segment::Hole { range, expression });
                        }
                        Kind::Error => visit(Segment::Hole { range, expression: None }),
                        _ => {}
                    }
                }
            }
            // More than three dollar signs: the grammar does not look for holes there.
            Kind::MultilineString if self.has_holes() => {
                visit(Segment::Hole { range: self.content_range(), expression: None });
            }
            Kind::MultilineString | Kind::UnterminatedMultilineString => {
                self.visit_raw(self.content_range(), true, &mut visit);
            }
            _ => self.visit_escaped(self.content_range(), &mut visit),
        }
    }

    fn has_holes(self) -> bool {
        match kind_of(self.node) {
            Kind::InterpolatedString | Kind::InterpolatedMultilineString => true,
            Kind::MultilineString => self.text().starts_with('$'),
            _ => false,
        }
    }

    /// The lengths of the opening and the closing quotes.
    fn quotes(self) -> (TextSize, TextSize) {
        let text = self.text();
        let dollars = text.bytes().take_while(|&byte| byte == b'$').count();
        let (open, close) = match kind_of(self.node) {
            Kind::MultilineString => (dollars + 3, 3),
            Kind::UnterminatedMultilineString => (dollars + 3, 0),
            Kind::InterpolatedMultilineString => (dollars + 3, if self.is_closed() { 3 } else { 0 }),
            Kind::InterpolatedString => (1, usize::from(self.is_closed())),
            Kind::UnterminatedString => (1, 0),
            _ => (1, 1),
        };
        (offset(open), offset(close))
    }

    fn is_closed(self) -> bool {
        children(self.node).last().is_some_and(|child| child.kind == Kind::Other)
    }

    /// Text in which nothing is escaped; the first of a multi-line string drops a newline at its start.
    fn visit_raw(self, range: TextRange, is_first: bool, visit: &mut impl FnMut(Segment<'t>)) {
        let text = &self.source[range];
        let dropped = match text.as_bytes() {
            [b'\r', b'\n', ..] if is_first => 2,
            [b'\r' | b'\n', ..] if is_first => 1,
            _ => 0,
        };
        let range = TextRange::new(range.start() + offset(dropped), range.end());
        if !range.is_empty() {
            visit(Segment::Verbatim { range, text: &self.source[range] });
        }
    }

    fn visit_escaped(self, range: TextRange, visit: &mut impl FnMut(Segment<'t>)) {
        let end = usize::from(range.end());
        let verbatim = |from: usize, to: usize, visit: &mut dyn FnMut(Segment<'t>)| {
            if from < to {
                let range = TextRange::new(offset(from), offset(to));
                visit(Segment::Verbatim { range, text: &self.source[range] });
            }
        };
        let mut done = usize::from(range.start());
        let mut at = done;
        while let Some(found) = memchr::memchr(b'\\', &self.source.as_bytes()[at..end]) {
            let backslash = at + found;
            if let Some((character, length)) = decode_escape(&self.source[backslash..end]) {
                verbatim(done, backslash, visit);
                done = backslash + length;
                visit(Segment::Escape { range: TextRange::new(offset(backslash), offset(done)), character });
                at = done;
            } else {
                at = backslash + 1;
            }
        }
        verbatim(done, end, visit);
    }
}

/// The character an escape at the start of `text` stands for, and the escape's length. Nothing if it is none.
fn decode_escape(text: &str) -> Option<(char, usize)> {
    let character = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'\\' => '\\',
        b'\'' => '\'',
        b'$' => '$',
        b'u' => {
            let digits = text.get(2..)?.strip_prefix('{')?.split_once('}')?.0;
            let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_number)?;
            return Some((char::from_u32(code)?, digits.len() + 4));
        }
        _ => return None,
    };
    Some((character, 2))
}
