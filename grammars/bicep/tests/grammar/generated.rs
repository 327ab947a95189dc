//! `src/parser.c` is the one that `tree-sitter generate` makes of `grammar.js`.

use std::fmt::Write as _;

use crate::is_blessing;

/// What the recorded hashes are of: the source, and what was generated from it.
const FILES: [&str; 3] = ["grammar.js", "src/parser.c", "src/node-types.json"];

/// FNV-1a, 64 bits: enough to notice a change, and a line of code.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn the_parser_is_generated_from_this_grammar() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let mut actual = String::new();
    for file in FILES {
        let bytes = std::fs::read(format!("{folder}/{file}")).unwrap();
        let _ = writeln!(actual, "{:016x} {file}", hash(&bytes));
    }
    let record = format!("{folder}/src/generated.txt");
    if is_blessing() {
        std::fs::write(&record, &actual).unwrap();
    }
    let recorded = std::fs::read_to_string(&record).unwrap();
    assert_eq!(recorded, actual, "run `tree-sitter generate`, then record it: see grammars/README.md");
}
