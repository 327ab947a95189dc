//! Bicep (`.bicep` and `.bicepparam`) for tree-sitter.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_bicep() -> *const ();
}

/// The grammar; give it to `tree_sitter::Parser::set_language`.
// SAFETY: the function is the one that `tree-sitter generate` wrote for this grammar.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_bicep) };

/// Every kind of node with its fields and children, as JSON.
pub const NODE_TYPES: &str = include_str!("../../src/node-types.json");

/// What to colour how, with the capture names that Neovim and Helix share.
pub const HIGHLIGHTS_QUERY: &str = include_str!("../../queries/highlights.scm");

/// What can be folded.
pub const FOLDS_QUERY: &str = include_str!("../../queries/folds.scm");

/// Scopes, definitions and references of names.
pub const LOCALS_QUERY: &str = include_str!("../../queries/locals.scm");

/// Other languages inside strings and comments.
pub const INJECTIONS_QUERY: &str = include_str!("../../queries/injections.scm");
