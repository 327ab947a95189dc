//! From the types of the protocol to ours.

use lsp_types::Range;
use syntax::{Encoding, SourceText};
use text_size::{TextRange, TextSize};

/// A position as our texts count.
pub(super) fn position(position: lsp_types::Position) -> syntax::Position {
    syntax::Position { line: position.line, column: position.character }
}

/// The offset of a position; `None` if the text has no such place.
pub(super) fn offset(text: &SourceText, at: lsp_types::Position, encoding: Encoding) -> Option<TextSize> {
    text.offset(position(at), encoding).ok()
}

/// The bytes of a range; `None` if the text has no such place.
pub(super) fn range(text: &SourceText, range: Range, encoding: Encoding) -> Option<TextRange> {
    let (start, end) = (offset(text, range.start, encoding)?, offset(text, range.end, encoding)?);
    (start <= end).then(|| TextRange::new(start, end))
}
