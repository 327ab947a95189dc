//! `test/corpus`, in the format of `tree-sitter test`: a name between two lines of `=`, the source, a line of `-`, the tree.

use std::fmt::Write as _;

use crate::{is_blessing, parse};

const FILES: [&str; 3] = ["expressions", "statements", "unfinished"];

struct Case<'a> {
    name: &'a str,
    source: &'a str,
    expected: &'a str,
}

fn cases(text: &str) -> Vec<Case<'_>> {
    // name, rest, name, rest, …
    let mut parts = text.split("==================\n").skip(1);
    let mut cases = Vec::new();
    while let (Some(name), Some(rest)) = (parts.next(), parts.next()) {
        let (source, expected) = rest.split_once("\n---\n").unwrap_or_else(|| panic!("{name}: no tree"));
        cases.push(Case { name: name.trim_end(), source, expected });
    }
    cases
}

/// Blanks as one blank each, none after `(` or before `)`.
fn normalised(tree: &str) -> String {
    tree.split_whitespace().collect::<Vec<_>>().join(" ").replace(" )", ")")
}

/// One node a line, indented by two.
fn pretty(tree: &str) -> String {
    let mut pretty = String::new();
    let mut depth = 0usize;
    for word in tree.split_whitespace() {
        if let Some(node) = word.strip_prefix('(') {
            if !pretty.is_empty() && !pretty.ends_with(": ") {
                let _ = write!(pretty, "\n{:1$}", "", depth * 2);
            }
            depth += 1;
            depth -= node.matches(')').count();
            pretty.push_str(word);
        } else if word.ends_with(':') {
            let _ = write!(pretty, "\n{:1$}{word} ", "", depth * 2);
        } else {
            depth -= word.matches(')').count();
            let _ = write!(pretty, " {word}");
        }
    }
    pretty
}

#[test]
fn every_case_gives_its_tree() {
    let mut count = 0;
    let mut wrong = String::new();
    for file in FILES {
        let path = format!("{}/test/corpus/{file}.txt", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let mut blessed = String::new();
        for case in cases(&text) {
            count += 1;
            let tree = parse(case.source);
            let actual = tree.root_node().to_sexp();
            let _ = write!(
                blessed,
                "==================\n{}\n==================\n{}\n---\n\n{}\n\n",
                case.name,
                case.source,
                pretty(&actual)
            );
            if normalised(&actual) != normalised(case.expected) {
                let _ = write!(wrong, "\n{file}: {}\n{}\n", case.name, pretty(&actual));
            }
        }
        if is_blessing() {
            std::fs::write(&path, blessed.trim_end().to_owned() + "\n").unwrap();
        }
    }
    assert!(wrong.is_empty() || is_blessing(), "{wrong}");
    assert!(count >= 25, "only {count} cases were found");
}
