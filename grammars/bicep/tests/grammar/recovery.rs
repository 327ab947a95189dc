//! `test/recovery.txt`: half-typed declarations between whole ones. What is around them must not notice.

use std::collections::BTreeSet;

use tree_sitter::{Node, Tree};

use crate::parse;

struct Case<'a> {
    name: &'a str,
    /// Keys of the broken declaration that should survive.
    keys: Vec<&'a str>,
    source: String,
}

/// The text before and after every case, and the cases.
fn suite(text: &str) -> (&str, &str, Vec<Case<'_>>) {
    let mut parts = text.split("### ").skip(1).map(|part| part.split_once('\n').unwrap());
    let (Some(("PRE", before)), Some(("POST", after))) = (parts.next(), parts.next()) else {
        panic!("the suite begins with PRE and POST");
    };
    let cases = parts.map(|(name, body)| {
        let mut keys = Vec::new();
        let mut source = String::new();
        for line in body.lines() {
            match line.strip_prefix("!keys ") {
                Some(list) => keys.extend(list.split(',').filter(|key| !key.is_empty())),
                None => {
                    source.push_str(line);
                    source.push('\n');
                }
            }
        }
        Case { name, keys, source }
    });
    (before, after, cases.collect())
}

/// Kind, text and tree of every statement that starts in a range; decorators in front of it do not count, since a
/// broken line before may look like one of them.
fn statements(tree: &Tree, source: &str, from: usize, to: usize) -> Vec<(String, String, String)> {
    let root = tree.root_node();
    let mut cursor = root.walk();
    let mut statements = Vec::new();
    for node in root.named_children(&mut cursor) {
        let mut inner = node.walk();
        let parts = node.children_by_field_name("decorator", &mut inner).map(|part| part.end_byte());
        let start = parts.filter(|&end| end < from).max().map_or(node.start_byte(), |end| end.max(from));
        if start >= from && start < to && node.end_byte() > from {
            let text = source[start.min(node.end_byte())..node.end_byte()].trim();
            let mut inner = node.walk();
            let trees: Vec<_> = node
                .named_children(&mut inner)
                .filter(|child| child.start_byte() >= from && child.kind() != "ERROR")
                .map(|child| child.to_sexp())
                .collect();
            statements.push((node.kind().to_owned(), text.to_owned(), trees.join(" ")));
        }
    }
    statements
}

/// The keys of all properties (and `resource` for a nested resource) in a range.
fn keys<'s>(tree: &Tree, source: &'s str, from: usize, to: usize) -> BTreeSet<&'s str> {
    fn collect<'s>(node: Node<'_>, source: &'s str, keys: &mut BTreeSet<&'s str>) {
        if node.kind() == "property" {
            keys.extend(node.child_by_field_name("key").map(|key| &source[key.byte_range()]));
        }
        if node.kind() == "resource_declaration" {
            keys.insert("resource");
        }
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            collect(child, source, keys);
        }
    }
    let mut found = BTreeSet::new();
    let root = tree.root_node();
    let mut cursor = root.walk();
    for node in root.named_children(&mut cursor) {
        if node.start_byte() >= from && node.start_byte() < to {
            collect(node, source, &mut found);
        }
    }
    found
}

#[test]
fn what_is_around_a_half_typed_declaration_stays_whole() {
    let path = format!("{}/test/recovery.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let (before, after, cases) = suite(&text);
    assert!(cases.len() >= 72, "only {} cases were found", cases.len());
    let mut damaged = Vec::new();
    let mut lost_keys = Vec::new();
    let mut without_error_nodes = 0;
    for case in &cases {
        let source = format!("{before}{}{after}", case.source);
        let tree = parse(&source);
        let end = before.len() + case.source.len();
        let whole_before = statements(&parse(before), before, 0, before.len());
        let whole_after = statements(&parse(after), after, 0, after.len());
        let is_intact = statements(&tree, &source, 0, before.len()) == whole_before
            && statements(&tree, &source, end, source.len()) == whole_after;
        if !is_intact {
            damaged.push(case.name);
        }
        let kept = keys(&tree, &source, before.len(), end);
        if !case.keys.iter().all(|key| kept.contains(key)) {
            lost_keys.push(case.name);
        }
        without_error_nodes += usize::from(!tree.root_node().has_error());
    }
    assert_eq!(damaged, Vec::<&str>::new(), "the declarations around these are damaged");
    // An opening brace or parenthesis that is missing, a `}` that closes a `[`: nobody could say what belongs where.
    assert!(lost_keys.len() <= 3, "siblings were lost in {lost_keys:?}");
    assert!(without_error_nodes >= 61, "only {without_error_nodes} cases do without ERROR nodes");
}
