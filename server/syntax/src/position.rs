//! Lines and columns. The only place that counts code units: everything else speaks of byte offsets.

use text_size::TextSize;

use crate::text::{SourceText, to_u32};

/// What a column counts, as agreed with the editor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units, what the protocol assumes when nothing was agreed.
    #[default]
    Utf16,
    /// Unicode scalar values.
    Utf32,
}

impl Encoding {
    /// How many units `text` takes.
    pub fn units(self, text: &str) -> u32 {
        let units = match self {
            Self::Utf8 => text.len(),
            _ if text.is_ascii() => text.len(),
            // One for each character and one more for those of four bytes: fast, for lines may be long.
            Self::Utf16 => text.chars().count() + text.bytes().filter(|byte| *byte >= 0xf0).count(),
            Self::Utf32 => text.chars().count(),
        };
        to_u32(units)
    }

    fn units_of(self, char: char) -> u32 {
        to_u32(match self {
            Self::Utf8 => char.len_utf8(),
            Self::Utf16 => char.len_utf16(),
            Self::Utf32 => 1,
        })
    }
}

/// A position as editors count: both numbers from 0, the column in the units of some [`Encoding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 0.
    pub line: u32,
    /// The column, from 0, in code units.
    pub column: u32,
}

/// A position as people count, for the command line and its reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineColumn {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in Unicode scalar values. A byte order mark does not count.
    pub column: u32,
}

/// A position or range that the text does not have: editor and server disagree about the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfSync {
    /// The line is behind the last one.
    #[error("line {line} of a text with {lines} lines (counted from 0)")]
    NoSuchLine {
        /// The line asked for, from 0.
        line: u32,
        /// How many lines there are.
        lines: u32,
    },
    /// The column is in the middle of a character: between two surrogates, or two bytes.
    #[error("column {column} of line {line} is inside a character")]
    InsideCharacter {
        /// The line, from 0.
        line: u32,
        /// The column, from 0.
        column: u32,
    },
    /// A byte offset is in the middle of a character.
    #[error("offset {offset} is inside a character")]
    InsideBytes {
        /// The offset in bytes.
        offset: usize,
    },
    /// A byte offset is behind the end of the text.
    #[error("offset {offset} of a text of {length} bytes")]
    BehindTheEnd {
        /// The offset in bytes.
        offset: usize,
        /// The length in bytes.
        length: usize,
    },
}

impl SourceText {
    /// The offset of a position. A column behind the end of its line means that end.
    pub fn offset(&self, position: Position, encoding: Encoding) -> Result<TextSize, OutOfSync> {
        let Some(line) = self.line_range(position.line) else {
            // Some clients name the end of the text as the start of the line after the last.
            return if position.line == self.line_count() && position.column == 0 {
                Ok(self.len())
            } else {
                Err(OutOfSync::NoSuchLine { line: position.line, lines: self.line_count() })
            };
        };
        Ok(line.start() + TextSize::new(to_u32(units_to_bytes(self.slice(line), position, encoding)?)))
    }

    /// The position of an offset. An offset inside a character means the start of it, one inside a line end the end of
    /// the line, one behind the text the end of the text.
    pub fn position(&self, offset: TextSize, encoding: Encoding) -> Position {
        let (line, start, end) = self.line_before(offset);
        Position { line, column: self.units_between(start, end, encoding) }
    }

    /// The position of an offset for people.
    pub fn line_column(&self, offset: TextSize) -> LineColumn {
        let (line, start, end) = self.line_before(offset);
        let mark = u32::from(line == 0 && end > start && self.has_bom());
        LineColumn { line: line + 1, column: self.units_between(start, end, Encoding::Utf32) - mark + 1 }
    }

    fn units_between(&self, start: usize, end: usize, encoding: Encoding) -> u32 {
        if encoding != Encoding::Utf8 && end - start > BLOCK {
            let columns = self.columns();
            columns.before(self.as_str(), end, encoding) - columns.before(self.as_str(), start, encoding)
        } else {
            encoding.units(&self.as_str()[start..end])
        }
    }

    /// The number of the line `offset` is in, where that begins, and the offset, which is in it and not in a character.
    fn line_before(&self, offset: TextSize) -> (u32, usize, usize) {
        let line = self.line_of(offset);
        let range = self.line_range(line).expect("the line of an offset exists");
        let (start, mut end) = (usize::from(range.start()), usize::from(offset.min(range.end())));
        while !self.as_str().is_char_boundary(end) {
            end -= 1;
        }
        (line, start, end)
    }
}

/// So many bytes are counted for each position; what is before them is known.
const BLOCK: usize = 4096;

/// How many units of UTF-16 and of UTF-32 there are before each block of a text: a file may be one line, with thousands of places
/// that somebody wants to know the column of.
#[derive(Debug)]
pub(crate) struct Columns(Vec<[u32; 2]>);

impl Columns {
    pub(crate) fn of(text: &str) -> Self {
        let mut before = [0, 0];
        let blocks = text.as_bytes().chunks(BLOCK).map(|block| {
            let start = before;
            before = [before[0] + units_in(block, Encoding::Utf16), before[1] + units_in(block, Encoding::Utf32)];
            start
        });
        let mut blocks: Vec<_> = blocks.collect();
        blocks.push(before);
        Self(blocks)
    }

    /// How many units there are before an offset.
    fn before(&self, text: &str, offset: usize, encoding: Encoding) -> u32 {
        let block = offset / BLOCK;
        self.0[block][usize::from(encoding == Encoding::Utf32)]
            + units_in(&text.as_bytes()[block * BLOCK..offset], encoding)
    }
}

/// The units of the characters that begin in some bytes.
fn units_in(bytes: &[u8], encoding: Encoding) -> u32 {
    let continues = |byte: &&u8| **byte & 0xc0 == 0x80;
    let chars = bytes.len() - bytes.iter().filter(continues).count();
    to_u32(match encoding {
        Encoding::Utf8 => bytes.len(),
        Encoding::Utf16 => chars + bytes.iter().filter(|byte| **byte >= 0xf0).count(),
        Encoding::Utf32 => chars,
    })
}

/// How many bytes of `line` (without its line end) are before the column of `position`.
pub(crate) fn units_to_bytes(line: &str, position: Position, encoding: Encoding) -> Result<usize, OutOfSync> {
    let inside = || OutOfSync::InsideCharacter { line: position.line, column: position.column };
    let column = position.column as usize;
    let ascii = &line.as_bytes()[..column.min(line.len())];
    if ascii.is_ascii() {
        return Ok(ascii.len());
    }
    if encoding == Encoding::Utf8 {
        return if line.is_char_boundary(ascii.len()) { Ok(ascii.len()) } else { Err(inside()) };
    }
    let mut units = 0;
    for (at, char) in line.char_indices() {
        if units == position.column {
            return Ok(at);
        }
        units += encoding.units_of(char);
        if units > position.column {
            return Err(inside());
        }
    }
    Ok(line.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

    fn at(line: u32, column: u32) -> Position {
        Position { line, column }
    }

    #[test]
    fn counts_in_the_units_agreed() {
        let text = SourceText::new("a\né𝒳b");
        let b = TextSize::of("a\né𝒳");
        assert_eq!(ALL.map(|encoding| text.position(b, encoding)), [at(1, 6), at(1, 3), at(1, 2)]);
        assert_eq!(text.line_column(b), LineColumn { line: 2, column: 3 });
    }

    #[test]
    fn a_column_behind_the_line_is_its_end() {
        let text = SourceText::new("ab\r\ncé");
        for encoding in ALL {
            assert_eq!(text.offset(at(0, 9), encoding), Ok(2.into()));
            assert_eq!(text.offset(at(1, 9), encoding), Ok(text.len()));
        }
    }

    #[test]
    fn a_position_inside_a_character_is_an_error() {
        let text = SourceText::new("é𝒳");
        let inside = |column| Err(OutOfSync::InsideCharacter { line: 0, column });
        assert_eq!(text.offset(at(0, 2), Encoding::Utf16), inside(2));
        assert_eq!(text.offset(at(0, 1), Encoding::Utf8), inside(1));
        assert_eq!(text.offset(at(0, 2), Encoding::Utf32), Ok(text.len()));
    }

    #[test]
    fn a_line_behind_the_text_is_an_error_but_for_its_end() {
        let text = SourceText::new("a\nb");
        assert_eq!(text.offset(at(2, 0), Encoding::Utf16), Ok(3.into()));
        assert_eq!(text.offset(at(2, 1), Encoding::Utf16), Err(OutOfSync::NoSuchLine { line: 2, lines: 2 }));
        assert_eq!(text.offset(at(3, 0), Encoding::Utf16), Err(OutOfSync::NoSuchLine { line: 3, lines: 2 }));
    }

    #[test]
    fn people_do_not_count_the_byte_order_mark() {
        let text = SourceText::new("\u{feff}{}");
        assert_eq!(text.line_column(3.into()), LineColumn { line: 1, column: 1 });
        assert_eq!(text.position(3.into(), Encoding::Utf16), at(0, 1));
    }

    #[test]
    fn columns_of_long_lines_are_counted_alike() {
        for piece in ["a", "é𝒳b", "\u{feff}ab𝒳"] {
            let line = piece.repeat(3 * BLOCK / piece.len());
            for text in [line.clone(), format!("\u{feff}é\n{line}\nb"), format!("\u{feff}{line}")] {
                let text = SourceText::new(text);
                for (offset, _) in text.as_str().char_indices().step_by(97).chain([(text.as_str().len(), ' ')]) {
                    let before = &text.as_str()[..offset];
                    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
                    let offset = TextSize::new(to_u32(offset));
                    for encoding in ALL {
                        assert_eq!(text.position(offset, encoding).column, encoding.units(line));
                    }
                    let line =
                        if line.len() == before.len() { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
                    assert_eq!(text.line_column(offset).column as usize, line.chars().count() + 1);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn every_offset_comes_back(text in "[ab é𝒳\n\r\u{2028}\u{feff}]{0,60}") {
            let text = SourceText::new(text);
            let edited = text.edited(&crate::edit::TextEdit::insert(0.into(), "")).unwrap();
            for (offset, _) in text.as_str().char_indices().chain([(text.as_str().len(), ' ')]) {
                let offset = TextSize::new(to_u32(offset));
                let inside_line_end = text.as_str()[..offset.into()].ends_with('\r')
                    && text.as_str()[offset.into()..].starts_with('\n');
                for encoding in ALL {
                    let position = text.position(offset, encoding);
                    prop_assert_eq!(position, edited.position(offset, encoding));
                    let back = text.offset(position, encoding).unwrap();
                    prop_assert_eq!(back, if inside_line_end { offset - TextSize::new(1) } else { offset });
                    let pending = crate::text::PendingText::new(&text);
                    prop_assert_eq!(pending.offset(position, encoding).unwrap(), back);
                }
            }
        }

        #[test]
        fn every_position_is_an_offset_or_an_error(
            text in "[ab é𝒳\n\r]{0,30}", line in 0_u32..12, column in 0_u32..40
        ) {
            let text = SourceText::new(text);
            let pending = crate::text::PendingText::new(&text);
            for encoding in ALL {
                let offset = text.offset(at(line, column), encoding);
                prop_assert_eq!(pending.offset(at(line, column), encoding), offset.clone());
                if let Ok(offset) = offset {
                    prop_assert!(text.as_str().is_char_boundary(offset.into()));
                    let again = text.position(offset, encoding);
                    prop_assert!((again.line, again.column) <= (line, column));
                }
            }
        }
    }
}
