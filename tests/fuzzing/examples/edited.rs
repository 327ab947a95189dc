//! Edits files at random places, and looks whether what is known after each edit is what a fresh look would tell. For templates
//! that people wrote: `find FOLDER -name '*.bicep' -o -name '*.json' | xargs cargo run --release -p fuzzing --example edited --`.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use syntax::Language;
use syntax::json::{TemplateKind, looks_like_template};
use template::workspace::language_of;

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() {
    let mut runner = TestRunner::deterministic();
    let mut count = 0;
    for path in std::env::args_os().skip(1).map(std::path::PathBuf::from) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let language = language_of(&path);
        if language == Language::Json && looks_like_template(&text) == TemplateKind::Other {
            continue;
        }
        let bytes = vec(any::<u8>(), 128).new_tree(&mut runner).expect("there is always another one").current();
        println!("{}", path.display());
        fuzzing::edits::check_text(language, &text, &bytes);
        count += 1;
    }
    println!("{count} files edited");
}
