//! Bicep (`.bicep` and `.bicepparam`) for tree-sitter.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_bicep() -> *const ();
}

/// The grammar; give it to `tree_sitter::Parser::set_language`.
// SAFETY: the function is the one that `tree-sitter generate` wrote for this grammar.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_bicep) };
