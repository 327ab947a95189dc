//! The queries compile, and colour what they should.

use std::collections::BTreeMap;

use tree_sitter::{Query, QueryCursor, StreamingIterator as _};

use crate::{language, parse};

const SAMPLE: &str = "\
// why
param names string[] = ['a']
@secure()
param key string
var x = map(names, n => '${n}-${length(names)}')
resource aks 'T/t@1' = if (x == null) {
  'tags': { n: 1 }
  p: y.id
}
";

/// The last capture of each text, which is the one an editor shows.
fn captures(query: &str, source: &str) -> BTreeMap<(usize, String), String> {
    let query = Query::new(&language(), query).unwrap();
    let names = query.capture_names();
    let tree = parse(source);
    let mut cursor = QueryCursor::new();
    let mut found = BTreeMap::new();
    let mut patterns = BTreeMap::new();
    let mut matches = cursor.matches(&query, tree.root_node(), source.as_bytes());
    while let Some(matched) = matches.next() {
        for capture in matched.captures() {
            let range = capture.node.byte_range();
            let key = (range.start, source[range].to_owned());
            if patterns.get(&key).is_none_or(|&pattern| pattern <= matched.pattern_index) {
                patterns.insert(key.clone(), matched.pattern_index);
                found.insert(key, names[capture.index as usize].to_owned());
            }
        }
    }
    found
}

fn capture_of(captures: &BTreeMap<(usize, String), String>, text: &str, nth: usize) -> String {
    let mut all = captures.iter().filter(|((_, captured), _)| captured == text);
    all.nth(nth).unwrap_or_else(|| panic!("{text} is not captured")).1.clone()
}

#[test]
fn every_query_compiles() {
    for query in [
        grammar_bicep::HIGHLIGHTS_QUERY,
        grammar_bicep::FOLDS_QUERY,
        grammar_bicep::LOCALS_QUERY,
        grammar_bicep::INJECTIONS_QUERY,
    ] {
        let query = Query::new(&language(), query).unwrap();
        assert!(query.pattern_count() > 0);
    }
}

#[test]
fn highlights_tell_words_names_and_values_apart() {
    let captures = captures(grammar_bicep::HIGHLIGHTS_QUERY, SAMPLE);
    for (text, nth, expected) in [
        ("// why", 0, "comment"),
        ("param", 0, "keyword"),
        ("names", 0, "variable.parameter"),
        ("string", 0, "type.builtin"),
        ("secure", 0, "attribute"),
        ("@", 0, "attribute"),
        ("x", 0, "variable"),
        ("map", 0, "function.builtin"),
        ("n", 0, "variable.parameter"),
        ("length", 0, "function.builtin"),
        ("${", 0, "punctuation.special"),
        ("=>", 0, "operator"),
        ("'T/t@1'", 0, "string.special"),
        ("if", 0, "keyword.conditional"),
        ("null", 0, "constant.builtin"),
        ("'tags'", 0, "property"),
        ("1", 0, "number"),
        ("p", 0, "property"),
        ("id", 0, "variable.member"),
    ] {
        assert_eq!(capture_of(&captures, text, nth), expected, "{text}");
    }
}

#[test]
fn locals_know_definitions_from_references() {
    let captures = captures(grammar_bicep::LOCALS_QUERY, "var a = 1\nvar b = a\n");
    assert_eq!(capture_of(&captures, "b", 0), "local.reference", "every name is a reference as well");
    let query = Query::new(&language(), grammar_bicep::LOCALS_QUERY).unwrap();
    assert!(query.capture_names().contains(&"local.definition.var"));
}

#[test]
fn folds_are_the_things_with_several_lines() {
    let captures = captures(grammar_bicep::FOLDS_QUERY, "var a = {\n  b: [\n    1\n  ]\n}\n");
    assert_eq!(captures.len(), 2);
}

#[test]
fn a_shell_script_is_injected_without_its_quotes_rule() {
    let source = "var a = {\n  scriptContent: '''\n    az login\n  '''\n  other: '''\n    az login\n  '''\n}\n";
    let captures = captures(grammar_bicep::INJECTIONS_QUERY, source);
    let contents = captures.values().filter(|name| *name == "injection.content").count();
    assert_eq!(contents, 1, "only scriptContent is a script");
}

#[test]
fn node_types_are_json_of_this_grammar() {
    assert!(grammar_bicep::NODE_TYPES.contains("\"resource_declaration\""));
}
