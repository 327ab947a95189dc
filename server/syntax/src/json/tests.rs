//! What the JSON side promises.

use proptest::prelude::*;
use text_size::TextSize;

use super::*;
use crate::edit::{TextEdit, minimal_edit};
use crate::text::{Language, PendingText};
use crate::tree::{parse, reparse};

fn tree(text: &str) -> SyntaxTree {
    parse(Language::Json, SourceText::new(text))
}

fn masked(text: &str) -> String {
    String::from_utf8(Mask::of(text).apply(text)).unwrap()
}

/// The messages, each with the text before the place it points at (a few characters) and what it covers.
fn errors(text: &str) -> Vec<String> {
    let tree = tree(text);
    let place = |range: TextRange| {
        let before = &text[..range.start().into()];
        let from = before.char_indices().rev().nth(4).map_or(0, |(at, _)| at);
        format!("{}«{}»", &before[from..], &text[range])
    };
    syntax_errors(&tree).into_iter().map(|error| format!("{} @ {}", error.message, place(error.range))).collect()
}

#[test]
fn reads_what_arm_reads() {
    let texts = [
        "",
        "{}",
        " // note\n{ /* ttk bug */ } // end",
        "\u{feff}{\"a\": 1}",
        "{\"a\": \"one\r\ntwo\n  three\",\r\n \"b\": [1, 2,],\r\n}\r\n",
        r#"{"a": "C:\dir\$x \u00e9 \"q\"", "b": [-1.5e+3, 0, 1E-2, 1e5, true, false, null]}"#,
        "{\"script\": \"if [ 1 ]; then\n  echo \\\"x\\\", y\nfi\n\"\n}",
        "{\"a\": // why\r 1, \"b\": 2}",
        "{\n\"a\": {\n\"b\": [\n{\n},\n]\n}\n}",
        "\"only a string\"",
    ];
    for text in texts {
        assert_eq!(errors(text), Vec::<String>::new(), "{text}");
        assert!(!tree(text).root().has_error(), "{text}\n{}", masked(text));
    }
}

#[test]
fn the_mask_has_the_length_of_the_text() {
    let text = "{\"a\": \"é\n𝒳\",\n \"b\": [1, 2,],\n \"c\": nope,\n \"d: 1\n}}";
    assert_eq!(masked(text).len(), text.len());
    let tree = tree(text);
    assert_eq!(tree.root().end_byte(), text.len());
}

#[test]
fn says_what_is_missing_and_where() {
    let cases = [
        ("{\n  \"a\": 1\n  \"b\": 2\n}", "Expected a comma between two properties @ a\": 1«»"),
        ("[1 2]", "Expected a comma between two elements @ [1«»"),
        ("{\"a\" 1}", "Expected `:` between the name `a` and its value @ {\"a\"«»"),
        ("{\"a\"}", "Expected `:` and a value after the name `a` @ {\"a\"«»"),
        ("{\"a\": }", "Expected a value for `a` @ {\"a\":«»"),
        ("{\"a\":\n \"b\": 1}", "Expected a value for `a` @ {\"a\":«»"),
        ("{\"a\": , \"b\": 1}", "Expected a value for `a` @ {\"a\":«»"),
        ("{\n  \"a\": {\n    \"b\": 1\n  ,\n  \"c\": 2\n}", "Expected `}` to close the object @ b\": 1«»"),
        ("{\n  \"a\": {\n    \"b\": 1,\n  \"c\": 2\n}", "Expected `}` to close the object @ b\": 1«»"),
        ("{\n  \"a\": [\n    1\n}", "Expected `]` to close the array @     1«»"),
        ("{\n  \"a\": 1\n", "Expected `}` to close the object @ a\": 1«»"),
        ("{\n  \"a\": \"x\n}", "Expected `\"` at the end of this string @ \"a\": «\"x»"),
        ("{\n  \"a\": \"x,\n  \"b\": 1\n}", "Expected `\"` at the end of this string @ \"a\": «\"x»"),
        ("{\n  \"a: \"x\",\n  \"b\": 1\n}", "Expected `\"` at the end of this string @ {\n  «\"a»"),
        ("{\n  a\": \"x\",\n  \"b\": 1\n}", "Expected `\"` before this name @ {\n  «a\"»"),
        ("{'a': 1}", "JSON strings take double quotes, not single ones @ {«'a'»"),
        ("{\"a\": 'x \"y\" z'}", "JSON strings take double quotes, not single ones @ \"a\": «'x \"y\" z'»"),
        ("{ a: 1 }", "Expected double quotes around the name `a` @ { «a»"),
        ("{\"a\": True}", "`True` is not a JSON value; write `true` @ \"a\": «True»"),
        ("{\"a\": hello}", "`hello` is not a JSON value; text needs double quotes @ \"a\": «hello»"),
        ("{\"a\": 012}", "`012` is not a JSON number @ \"a\": «012»"),
        (
            "{\"a\": [parameters('x')]}",
            "`parameters` is not a JSON value; text needs double quotes @ a\": [«parameters»",
        ),
        ("{\"a\": 1,, \"b\": 2}", "There is one comma too many @ \": 1,«,»"),
        ("{\"a\": \"x\"y\", \"b\": 2}", "This quote ends the string; inside of one write `\\\"` @ \"x«\"»"),
        ("{\"a\": \"x\" y\"}", "This quote ends the string; inside of one write `\\\"` @ \"x«\"»"),
        ("{\"a\"x: 1}", "`x` does not belong here @ \"a\"«x»"),
        ("{\"a\": x\"y\"}", "`x` does not belong here @ \"a\": «x»"),
        ("{\"a\",: 1}", "There is one comma too many @ \"a\"«,»"),
        ("{\"a\":, 1}", "There is one comma too many @ \"a\":«,»"),
        ("{\"a\": 1, b}", "Expected double quotes around the name `b` @ 1, «b»"),
        ("{\"a\": \"x\"\", \"b\": 2}", "This quote ends the string; inside of one write `\\\"` @ \"x«\"»"),
        ("{\"a\": x {\"b\": 1}}", "`x` does not belong here @ \"a\": «x»"),
        ("{\"a\": 1, {\"b\": 2}}", "Expected a property name in double quotes before `{` @ 1, «{»"),
        ("{\n  \"a\": 1,\n  {\n  \"b\": 2\n}", "Expected a property name in double quotes before `{` @ \n  «{»"),
        ("{, \"b\": 2}", "There is one comma too many @ {«,»"),
        ("{\"a\": 1}}", "There is nothing open that this `}` could close @ : 1}«}»"),
        ("{\"a\": 1} {\"b\": 2}", "Expected the end of the file: a JSON file holds one value @  1} «{»"),
        ("{\"a\": 1} trailing words", "Expected the end of the file: a JSON file holds one value @  1} «trailing»"),
        ("{\"a\": 1 ; \"b\": 2}", "`;` does not belong here @ : 1 «;»"),
        ("{\"a\":: 1}", "`:` does not belong here @ {\"a\":«:»"),
        ("{\"a\": 1 /* open\n}", "Expected `*/` to end the comment @ : 1 «/*»"),
        ("[{\"a\": 1}, {\"b\": [1, 2}]", "Expected `]` to close the array @ [1, 2«»"),
    ];
    for (text, expected) in cases {
        let found = errors(text);
        let (message, place) = expected.split_once(" @ ").unwrap();
        assert!(
            found.iter().any(|found| found.starts_with(&format!("{message} @ ")) && found.ends_with(place)),
            "{text}\n{}\n{found:?}\n{expected}",
            masked(text)
        );
        // A comment that never ends takes the closers with it; everything else is one mistake.
        assert!(found.len() == 1 || text.contains("/*"), "{text}\n{}\n{found:?}", masked(text));
    }
}

#[test]
fn points_at_what_was_started() {
    let text = "{\n  \"a\": {\n    \"b\": 1,\n  \"c\": 2\n}";
    let tree = tree(text);
    let (range, label) = syntax_errors(&tree)[0].started.clone().unwrap();
    assert_eq!((&text[..range.end().into()], label.as_str()), ("{\n  \"a\": {", "the object starts here"));
}

#[test]
fn an_extra_closer_costs_nothing_behind_it() {
    let text = "[\n  {\n    \"a\": {\n      \"x\": 1\n    }\n    },\n    \"b\": 2\n  },\n  {\n    \"c\": 3\n  }\n]";
    assert_eq!(errors(text), ["There is nothing open that this `}` could close @ \n    «}»"]);
    assert_eq!(root(&tree(text)).unwrap().as_array().unwrap().elements().count(), 2);
}

#[test]
fn views_tell_what_is_written_from_what_is_made_up() {
    let text = "{\"a\": [1, /* x */ \"two\", true, null, nope, {}], \"b\": , \"b\":\"x\\n\", \"cd\"}";
    let tree = tree(text);
    let object = root(&tree).unwrap().as_object().unwrap();
    let members: Vec<_> = object.members().collect();
    let keys: Vec<_> = members.iter().map(|member| member.key.raw()).collect();
    assert_eq!(keys, ["a", "b", "b", "cd"]);
    assert!(members[1].value.is_none());
    assert_eq!(members[2].value.unwrap().as_str().unwrap().text(), "x\n");
    assert_eq!(&text[members[2].range], "\"b\":\"x\\n\"");
    assert!(members[3].value.is_none());
    let elements: Vec<_> = members[0].value.unwrap().as_array().unwrap().elements().collect();
    let texts: Vec<_> = elements.iter().map(|element| &text[element.range()]).collect();
    assert_eq!(texts, ["1", "\"two\"", "true", "null", "nope", "{}"]);
    assert!(matches!(elements[2], Value::Bool(_, true)));
    assert!(matches!(elements[4], Value::Broken(_)));
}

#[test]
fn an_unfinished_string_keeps_its_text() {
    let text = "{\n  \"a\": \"half typed\n  \"b\": 1,\n  \"c\": \"x},\n  \"d: 1\n";
    let tree = tree(text);
    let object = root(&tree).unwrap().as_object().unwrap();
    assert!(!object.is_closed());
    let value = object.members().next().unwrap().value.unwrap().as_str().unwrap();
    assert_eq!((value.raw(), &text[value.range()], value.is_closed()), ("half typed", "\"half typed", false));
    assert_eq!(object.members().map(|member| member.key.raw()).collect::<Vec<_>>()[..3], ["a", "b", "c"]);
}

#[test]
fn only_the_innermost_open_object_is_not_closed() {
    let text = "{\n  \"a\": {\n    \"b\": 1\n  \"c\": {}\n}";
    let tree = tree(text);
    let object = root(&tree).unwrap().as_object().unwrap();
    assert!(object.is_closed());
    let members: Vec<_> = object.members().collect();
    assert_eq!(members.len(), 2);
    let inner = members[0].value.unwrap().as_object().unwrap();
    assert!(!inner.is_closed());
    assert_eq!(&text[inner.range()], "{\n    \"b\": 1");
}

#[test]
fn deep_nesting_is_an_error_and_nothing_worse() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[", ""), ("", "]"), ("{", ""), ("{\"a\":[", "]")] {
        let text = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        let tree = tree(&text);
        let errors = syntax_errors(&tree);
        assert!(!errors.is_empty());
        let deep = open.len() > 1 || (open == "[" && close == "]");
        if deep {
            assert!(errors.iter().any(|error| error.message == "Nested too deeply: more than 512 levels"), "{open}");
        }
        let (mut depth, mut value) = (0, root(&tree));
        while let Some(Value::Array(array)) = value {
            depth += 1;
            value = array.elements().next();
        }
        assert!(depth <= MAX_DEPTH + 1);
    }
    let fits = format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert_eq!(errors(&fits), Vec::<String>::new());
}

#[test]
fn hostile_texts_are_masked_to_their_end() {
    let n = 200_000;
    let texts = [
        "\"a\n\\\" ".repeat(n),
        "\"".repeat(n),
        "\"\n".repeat(n),
        "'".repeat(n),
        "/*".repeat(n),
        "/".repeat(n),
        "{\"a".repeat(n / 4),
        format!("[{}", "\"x\",".repeat(n)),
        "a:".repeat(n),
        format!("{{{}", "\"a\" 'b'\n".repeat(n / 4)),
        ",".repeat(n),
        "}{".repeat(n / 4),
        "\\".repeat(n),
    ];
    for text in texts {
        // Quadratic work on texts of this size would not end in the life of a test run; how long it takes is for benchmarks.
        assert_eq!(Mask::of(&text).apply(&text).len(), text.len(), "{}", &text[..8]);
    }
}

/// An edit as the server does it.
fn edit(tree: &SyntaxTree, edit: &TextEdit) -> SyntaxTree {
    let mut pending = PendingText::new(tree.text());
    pending.replace(edit.range, &edit.new_text).unwrap();
    let (text, change) = pending.finish();
    let input = change.unwrap().input_edit(tree.source(), text.as_str());
    reparse(tree, text, &[input])
}

/// Everything there is to know of a tree: kinds, bytes, points.
fn dump(tree: &SyntaxTree) -> Vec<(u16, std::ops::Range<usize>, tree_sitter::Point, bool)> {
    let mut all = Vec::new();
    let mut cursor = tree.root().walk();
    loop {
        let node = cursor.node();
        all.push((node.kind_id(), node.byte_range(), node.start_position(), node.is_missing()));
        if !cursor.goto_first_child() {
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return all;
                }
            }
        }
    }
}

const TEMPLATE: &str = include_str!("../../tests/recovery/template.json");

#[test]
fn typing_a_quote_changes_the_mask_far_away() {
    let text = "{\n  \"a\": x\",\n  \"s\": \"one\ntwo\nthree\",\n  \"b\": [1,],\n  \"c\": 2\n}";
    let before = tree(text);
    let after = edit(&before, &TextEdit::insert(TextSize::new(9), "\""));
    assert_eq!(dump(&after), dump(&tree(after.source())));
    assert_eq!(syntax_errors(&after), []);
}

#[test]
fn a_whole_list_of_edits_gives_the_tree_of_the_text() {
    let old = tree(TEMPLATE);
    let at = TextSize::try_from(TEMPLATE.find("\"first\"").unwrap()).unwrap();
    let mut text = old.text().clone();
    let mut inputs = Vec::new();
    for edit in [
        TextEdit::insert(at, "\"x\n"),
        TextEdit::delete(TextRange::at(at, 1.into())),
        TextEdit::insert(0.into(), "//\n"),
    ] {
        let mut pending = PendingText::new(&text);
        pending.replace(edit.range, &edit.new_text).unwrap();
        let (new, change) = pending.finish();
        inputs.push(change.unwrap().input_edit(text.as_str(), new.as_str()));
        text = new;
    }
    let new = reparse(&old, text, &inputs);
    assert_eq!(dump(&new), dump(&tree(new.source())));
}

proptest! {
    #[test]
    fn the_incremental_tree_is_the_fresh_tree(
        edits in proptest::collection::vec(
            (0_usize..100_000, 0_usize..8, "[a1\"{}\\[\\],:\n ]{0,3}|\\PC{0,2}|'x'|//|/\\*|\"k\": \"v\",|\\{\"a\": 1\\}"), 1..8),
    ) {
        let mut current = tree(TEMPLATE);
        for (start, len, new) in edits {
            let text = current.source();
            let boundary = |mut at: usize| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = boundary(start % (text.len() + 1));
            let end = boundary((start + len).min(text.len()));
            let range = TextRange::new(TextSize::try_from(start).unwrap(), TextSize::try_from(end).unwrap());
            current = edit(&current, &TextEdit::replace(range, new));
            let fresh = tree(current.source());
            prop_assert_eq!(dump(&current), dump(&fresh), "{}", current.source());
        }
        // And back to where it began, in one go.
        if let Some(back) = minimal_edit(current.source(), TEMPLATE) {
            prop_assert_eq!(dump(&edit(&current, &back)), dump(&tree(TEMPLATE)));
        }
    }

    #[test]
    fn broken_text_has_errors_and_a_mask_of_its_length(text in "([{}\\[\\],:\"' \n/*\\\\]|a|1|\"a\"|true|é){0,40}") {
        let mask = Mask::of(&text);
        prop_assert_eq!(mask.apply(&text).len(), text.len());
        prop_assert!(std::str::from_utf8(&mask.apply(&text)).is_ok());
        prop_assert!(mask.patches().windows(2).all(|pair| pair[0].end() <= pair[1].start), "{:?}", mask);
        let tree = tree(&text);
        let errors = syntax_errors(&tree);
        prop_assert!(!tree.root().has_error() || !errors.is_empty());
        prop_assert!(errors.windows(2).all(|pair| pair[0].range.start() <= pair[1].range.start()));
        // Walks neither panic nor leave the text.
        let mut open: Vec<Value<'_>> = root(&tree).into_iter().collect();
        while let Some(value) = open.pop() {
            let _ = &text[value.range()];
            match value {
                Value::Object(object) => open.extend(object.members().filter_map(|member| {
                    let _ = (&text[member.range], member.key.text(), &text[member.key.range()]);
                    member.value
                })),
                Value::Array(array) => open.extend(array.elements()),
                Value::String(string) => drop(string.decode()),
                _ => {}
            }
        }
    }
}

/// Half-typed pieces, each put between two resources of a template, or into one of them: every other resource must be
/// what it was, byte for byte and node for node.
#[test]
fn half_typed_text_leaves_the_other_resources_alone() {
    let cases = include_str!("../../tests/recovery/half_typed.txt");
    let (mut all, mut intact, mut broken) = (0, 0, Vec::new());
    for case in cases.split("\n---\n").filter(|case| !case.trim().is_empty()) {
        let (title, piece) = case.trim_start_matches('\n').split_once('\n').unwrap();
        let title = title.strip_prefix("# ").unwrap();
        let (before, after) = TEMPLATE.split_once("    //HERE\n").unwrap();
        let text = format!("{before}{piece}\n{after}");
        let reference = tree(TEMPLATE);
        let found = tree(&text);
        all += 1;
        let ok = names_and_nodes(&reference).into_iter().all(|(name, written, sexp)| {
            names_and_nodes(&found)
                .iter()
                .any(|(other, text, nodes)| *other == name && *text == written && *nodes == sexp)
        });
        assert!(!syntax_errors(&found).is_empty(), "no error for: {title}");
        if ok { intact += 1 } else { broken.push(title.to_owned()) }
    }
    println!("{intact} of {all} intact; not: {broken:#?}");
    assert!(all >= 30);
    assert!(intact * 10 >= all * 9, "{intact} of {all} intact; not: {broken:#?}");
}

fn names_and_nodes(tree: &SyntaxTree) -> Vec<(String, String, String)> {
    let source = tree.source();
    let get = |object: Object<'_>, name: &str| -> Option<TextRange> {
        object.members().find(|member| member.key.raw() == name)?.value.map(Value::range)
    };
    let Some(Value::Object(file)) = root(tree) else { return Vec::new() };
    let Some(resources) = file.members().find(|member| member.key.raw() == "resources") else { return Vec::new() };
    let Some(Value::Array(resources)) = resources.value else { return Vec::new() };
    let objects = resources.elements().filter_map(Value::as_object);
    objects
        .filter_map(|object| {
            let name = source[get(object, "name")?].to_owned();
            Some((name, source[object.range()].to_owned(), object.node().to_sexp()))
        })
        .collect()
}
