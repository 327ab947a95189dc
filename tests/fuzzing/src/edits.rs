//! Edits, one after the other: what is known after them is what a fresh look at the text would tell.

use std::sync::Arc;

use rules::{Outcome, Settings};
use syntax::{Language, PendingText, SourceText, SyntaxTree, TextRange, TextSize, parse, reparse};
use template::workspace::{FileId, SourceFile, Workspace};

use crate::bytes::{Bytes, boundary};
use crate::templates::{PIECES, seed};

/// Starts from a template and edits it.
///
/// # Panics
/// When something does not hold.
pub fn check(data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let language = *bytes.pick(&[Language::Bicep, Language::Json, Language::BicepParam]);
    let start = if bytes.below(4) == 0 {
        let length = bytes.below(256);
        bytes.text(length).into_owned()
    } else {
        seed(language, &mut bytes).to_owned()
    };
    edit(language, &start, bytes);
}

/// Edits a text as the bytes say.
///
/// # Panics
/// When something does not hold.
pub fn check_text(language: Language, text: &str, data: &[u8]) {
    edit(language, text, Bytes::new(data));
}

fn edit(language: Language, start: &str, mut bytes: Bytes<'_>) {
    let mut tree = parse(language, SourceText::new(start));
    let path = match language {
        Language::Json => "main.json",
        Language::Bicep => "main.bicep",
        Language::BicepParam => "main.bicepparam",
    };
    let mut file = SourceFile::from_tree(path, tree.clone());
    for _ in 0..16 {
        if bytes.is_empty() {
            break;
        }
        tree = edited(&tree, &mut bytes);
        let fresh = parse(language, SourceText::new(tree.source()));
        if let Some(difference) = difference(&tree, &fresh) {
            panic!("{difference} in {:?}", tree.source());
        }
        file = SourceFile::from_edited_tree(Arc::new(file), tree.clone());
        let fresh = SourceFile::from_tree(path, fresh);
        assert_eq!(declared(&file), declared(&fresh), "{:?}", tree.source());
    }
    // The rules see the tree only through the model, so once at the end is enough; it is slow, so now and then.
    if !tree.source().len().is_multiple_of(8) {
        return;
    }
    let fresh = SourceFile::from_tree(path, parse(language, SourceText::new(tree.source())));
    assert_eq!(said(file), said(fresh));
}

/// One notification of an editor: up to three edits, then one parse.
fn edited(tree: &SyntaxTree, bytes: &mut Bytes<'_>) -> SyntaxTree {
    let mut text = tree.text().clone();
    let mut inputs = Vec::new();
    for _ in 0..=bytes.below(3) {
        let start = boundary(text.as_str(), bytes.below(text.as_str().len() + 1));
        let end = boundary(text.as_str(), start + bytes.below(12)).max(start);
        let new = if bytes.below(3) == 0 {
            let length = bytes.below(8);
            bytes.text(length).into_owned()
        } else {
            (*bytes.pick(PIECES)).to_owned()
        };
        let mut pending = PendingText::new(&text);
        pending.replace(range(start, end), &new).expect("both ends are character boundaries of the text");
        let (after, change) = pending.finish();
        if let Some(change) = change {
            inputs.push(change.input_edit(text.as_str(), after.as_str()));
        }
        text = after;
    }
    reparse(tree, text, &inputs)
}

fn range(start: usize, end: usize) -> TextRange {
    let size = |offset: usize| TextSize::try_from(offset).expect("inputs are small");
    TextRange::new(size(start), size(end))
}

/// The first node in which two trees differ.
fn difference(a: &SyntaxTree, b: &SyntaxTree) -> Option<String> {
    let (mut left, mut right) = (a.raw().walk(), b.raw().walk());
    loop {
        let (l, r) = (left.node(), right.node());
        let of = |node: &tree_sitter::Node<'_>| {
            (node.kind_id(), node.byte_range(), node.is_missing(), node.is_error(), node.child_count())
        };
        if of(&l) != of(&r) || left.field_name() != right.field_name() {
            return Some(format!("{l:?} instead of {r:?}"));
        }
        if left.goto_first_child() {
            right.goto_first_child();
            continue;
        }
        loop {
            if left.goto_next_sibling() {
                right.goto_next_sibling();
                break;
            }
            right.goto_parent();
            if !left.goto_parent() {
                return None;
            }
        }
    }
}

/// What a file declares and what is wrong with its text, in a form that can be compared.
fn declared(file: &SourceFile) -> String {
    format!("{:?} {:?}", file.template, file.syntax_errors)
}

/// The same of what the rules say about it.
fn said(file: SourceFile) -> String {
    let workspace = Workspace::new(vec![Arc::new(file)]);
    let outcome: Outcome = rules::check(&workspace, &[FileId(0)], &Settings::default());
    format!("{:#?}", outcome.diagnostics)
}
