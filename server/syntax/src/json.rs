//! JSON trees.

use tree_sitter::{InputEdit, Parser, Tree};

use crate::text::SourceText;
use crate::tree::{self, SyntaxTree};

/// What the parser saw instead of the text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mask;

/// Parses `text`; with `old`, reuses its tree (no edits were applied to it yet).
pub(crate) fn parse_masked(
    parser: &mut Parser,
    text: &SourceText,
    old: Option<(&SyntaxTree, &[InputEdit])>,
) -> (Tree, Mask) {
    let old = old.map(|(old, edits)| {
        let _ = old.mask();
        let mut tree = old.raw().clone();
        edits.iter().for_each(|edit| tree.edit(edit));
        tree
    });
    (tree::parse_plain(parser, text.as_str(), old.as_ref()), Mask)
}
