//! Tests of the grammar that need nothing but cargo.

mod corpus;
mod generated;
mod queries;
mod recovery;

use tree_sitter::{Language, Parser, Tree};

fn language() -> Language {
    grammar_bicep::LANGUAGE.into()
}

fn parse(source: &str) -> Tree {
    let mut parser = Parser::new();
    parser.set_language(&language()).unwrap();
    parser.parse(source, None).unwrap()
}

/// Whether to write what is there as what is expected (`BLESS=1 cargo test -p grammar-bicep`), to be read in the diff.
fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}
