//! Edits every template below the folders given at random places, and compares what is taken over from the text before with
//! lowering the new text: `cargo run --release -p template --example edited_corpus -- EDITS FOLDER…`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use syntax::json::{TemplateKind, looks_like_template};
use syntax::{Language, PendingText, SourceText, TextRange, TextSize, reparse};
use template::workspace::{SourceFile, language_of};

/// What people type, and what does harm.
const TYPED: [&str; 26] = [
    "x",
    " ",
    "\n",
    "'",
    "\"",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    ",",
    ":",
    "//",
    "/*",
    "*/",
    "${",
    "'''",
    "\\",
    "=",
    "@",
    "param p string\n",
    "var v = {\n}\n",
    "type t = 'a'\n",
    "{ \"type\": \"a/b\" },",
    "\"a\": \"[parameters('p')]\",\n",
];

#[expect(clippy::print_stdout, reason = "that is what it is for")]
fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(edits) = arguments.next().and_then(|edits| edits.parse().ok()) else {
        println!("edited_corpus EDITS FOLDER…");
        return ExitCode::FAILURE;
    };
    let mut files = Vec::new();
    for folder in arguments {
        collect(Path::new(&folder), &mut files);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut kept, mut fresh) = (Duration::ZERO, Duration::ZERO);
    let (mut compared, mut different) = (0, 0);
    for path in &files {
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let language = language_of(path);
        if language == Language::Json && looks_like_template(&text) == TemplateKind::Other {
            continue;
        }
        let mut tree = syntax::parse(language, SourceText::new(text.as_str()));
        let mut file = Arc::new(SourceFile::from_tree(path, tree.clone()));
        for _ in 0..edits {
            let old = tree.source();
            let range = random.range(old);
            // Half of the time back to what people wrote.
            if random.below(8) == 0 {
                tree = syntax::parse(language, SourceText::new(text.as_str()));
            } else {
                let mut pending = PendingText::new(tree.text());
                if pending.replace(range, random.typed(old)).is_err() {
                    continue;
                }
                let (new, change) = pending.finish();
                let edit = change.map(|change| change.input_edit(old, new.as_str()));
                tree = reparse(&tree, new, edit.as_slice());
            }
            let start = Instant::now();
            file = Arc::new(SourceFile::from_edited_tree(file, tree.clone()));
            kept += start.elapsed();
            let start = Instant::now();
            let expected = SourceFile::from_tree(path, tree.clone());
            fresh += start.elapsed();
            compared += 1;
            let shown = |file: &SourceFile| format!("{:#?}\n{:#?}", file.syntax_errors, file.template);
            let (found, expected) = (shown(&file), shown(&expected));
            if found != expected {
                different += 1;
                let first = found.lines().zip(expected.lines()).position(|(a, b)| a != b).unwrap_or_default();
                println!(
                    "{}: line {first}: {:?} is not {:?}",
                    path.display(),
                    found.lines().nth(first),
                    expected.lines().nth(first)
                );
                file = Arc::new(SourceFile::from_tree(path, tree.clone()));
            }
        }
    }
    println!("{compared} texts, {different} different; taken over in {kept:?}, lowered in {fresh:?}");
    if different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default() % limit.max(1)
    }

    /// Mostly nothing at all, else a few bytes, or some lines.
    fn range(&mut self, text: &str) -> TextRange {
        let boundary = |mut at: usize| {
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let start = boundary(self.below(text.len() + 1));
        let len = match self.below(8) {
            0..5 => 0,
            5 | 6 => 1 + self.below(3),
            _ => self.below(200),
        };
        let end = boundary((start + len).min(text.len())).max(start);
        let size = |at: usize| TextSize::try_from(at).unwrap_or_default();
        TextRange::new(size(start), size(end))
    }

    /// Something to type, or something from elsewhere in the text.
    fn typed<'t>(&mut self, text: &'t str) -> &'t str {
        if self.below(6) == 0 {
            let range = self.range(text);
            return &text[range];
        }
        TYPED[self.below(TYPED.len())]
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| ["json", "jsonc", "bicep", "bicepparam"].iter().any(|known| extension == *known))
        {
            files.push(path);
        }
    }
}
