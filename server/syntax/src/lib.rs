//! Text, positions, edits, and concrete syntax trees of JSON, Bicep, the ARM expression language and shell words.
//!
//! What this crate promises:
//!
//! - Every range is a byte range ([`TextRange`]) into one [`SourceText`], whatever encoding an editor speaks; only
//!   [`position`] counts code units.
//! - Parsing never fails: broken input gives a tree with gaps, and [`SyntaxError`]s worded for people.
//! - Nothing here knows what a template means. Names of tree-sitter node kinds appear in [`json`] and [`bicep`] only.

pub mod arm_expr;
pub mod bicep;
pub mod carriers;
pub mod edit;
pub mod json;
pub mod position;
pub mod shell;
pub mod string_map;
pub mod text;
pub mod tree;

pub use edit::{Change, TextEdit, TextEdits};
pub use position::{Encoding, LineColumn, OutOfSync, Position};
pub use string_map::{Carrier, StringMap};
pub use text::{IndentUnit, Language, LineEnding, PendingText, SourceText, Unreadable};
pub use text_size::{TextRange, TextSize};
pub use tree::{SameEnds, SyntaxTree, parse, reparse};
pub use tree_sitter::InputEdit;

/// Something the parser had to guess, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where to look: the gap itself, or the token that should not be there. Bytes.
    pub range: TextRange,
    /// What was expected or is wrong: one sentence without a full stop.
    pub message: String,
    /// Where the unfinished construct began, with a label such as "the object starts here".
    pub started: Option<(TextRange, String)>,
}
