//! What is taken over after an edit is what lowering the new text gives, and it is not lowered again.

use proptest::prelude::*;
use syntax::{Language, SourceText, SyntaxTree};

use super::arm;
use crate::Template;
use crate::expr::Expr;
use crate::lower::{lower_after, lower_with_errors};

const JSON: &str = include_str!("fixtures/cluster.json");
const BICEP: &str = include_str!("fixtures/cluster.bicep");

fn parse(language: Language, text: &str) -> SyntaxTree {
    syntax::parse(language, SourceText::new(text))
}

/// Lowers texts one after the other, each with what the one before was lowered to.
fn walk<'t>(language: Language, texts: impl IntoIterator<Item = &'t str>) {
    let mut before: Option<(Template, SyntaxTree)> = None;
    for text in texts {
        let tree = parse(language, text);
        let fresh = lower_with_errors(&tree);
        let lowered = match before.take() {
            Some((template, old)) => lower_after(template, &old, &tree),
            None => fresh.clone(),
        };
        assert_eq!(format!("{lowered:#?}"), format!("{fresh:#?}"), "{text}");
        before = lowered.0.map(|template| (template, tree));
    }
}

/// There and back again.
fn walk_both_ways(language: Language, texts: &[&str]) {
    walk(language, texts.iter().chain(texts.iter().rev()).copied());
}

/// The texts that stay where they are in memory.
fn kept(language: Language, before: &str, after: &str) -> Vec<String> {
    let (old, new) = (parse(language, before), parse(language, after));
    let texts = |template: &Template| -> Vec<(*const u8, String)> {
        let all = template.exprs.iter().filter_map(|(_, expr)| match expr {
            Expr::Str(text) => Some((text.as_ptr(), text.to_string())),
            _ => None,
        });
        all.collect()
    };
    let template = lower_with_errors(&old).0.unwrap();
    let places = texts(&template);
    let template = lower_after(template, &old, &new).0.unwrap();
    texts(&template).into_iter().filter(|text| places.contains(text)).map(|(_, text)| text).collect()
}

#[test]
fn declarations_beside_an_edit_are_not_lowered_again() {
    let bicep = "param a string = 'one'\nvar b = 'two'\nresource c 'A.B/c@1' existing = { name: 'three' }\n";
    for (from, to, expected) in [
        ("'two'", "'twofold'", &["one", "1", "name", "three"][..]),
        ("'one'", "'once'", &["two", "1", "name", "three"]),
        ("'three'", "'tree'", &["one", "two"]),
        // What is added declares a name that nobody had.
        ("var b", "param z string\nvar b", &["one", "two", "1", "name", "three"]),
        // A comment is no part of a declaration.
        ("var b", "// a comment\nvar b", &["one", "two", "1", "name", "three"]),
        // Half-typed lines are the rule in an editor.
        ("'two'", "", &["one", "1", "name", "three"]),
    ] {
        assert_eq!(kept(Language::Bicep, bicep, &bicep.replace(from, to)), expected, "{from} becomes {to}");
    }
    let json = arm(r#""parameters": { "a": { "type": "string", "defaultValue": "one" } },
        "variables": { "b": "two" },
        "resources": [ { "type": "A.B/c", "name": "three" }, { "type": "A.B/d", "name": "four" } ]"#);
    for (from, to, expected) in [
        ("two", "twofold", &["one", "type", "A.B/c", "name", "three", "type", "A.B/d", "name", "four"][..]),
        ("three", "tree", &["one", "two", "type", "A.B/d", "name", "four"]),
        ("\"two\"", "", &["one", "type", "A.B/c", "name", "three", "type", "A.B/d", "name", "four"]),
    ] {
        let mut found = kept(Language::Json, &json, &json.replace(from, to));
        let mut expected: Vec<String> = expected.iter().map(|&text| text.to_owned()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{from} becomes {to}");
    }
}

#[test]
fn names_mean_what_is_declared_now() {
    let text = "param a string\nvar b = a\nvar c = 'x${A}y'\nresource d 'A.B/c@1' = { name: b }\n";
    walk_both_ways(
        Language::Bicep,
        &[
            text,
            &text.replace("param a", "param ab"),
            &text.replace("param a", "var a ="),
            &text.replace("var b = a", "func a() string => 'x'\nvar b = a()"),
            &text.replace("param a string", "import { a } from 'x.bicep'"),
            &text.replace("param a string", "import { a as b } from 'x.bicep'\nparam a string"),
            &text.replace("resource d", "resource a"),
            &text.replace("param a string\n", ""),
            &text.replace("param a string", "import { a } from 'x.bicep'"),
            &text.replace("param a string\n", ""),
            &format!("{text}var sys = 1\nvar e = sys.concat('x')\n"),
            &format!("{text}var e = sys.concat('x')\n"),
        ],
    );
}

#[test]
fn types_say_what_parameters_are() {
    let text = "type t = 'a' | 'b'\ntype u = t\nparam p u\noutput o t = p\n";
    walk_both_ways(
        Language::Bicep,
        &[
            text,
            // The values are written where the type is, which is elsewhere.
            &text.replace("param p u", "var v = 1\nparam p u"),
            text,
            &format!("// a comment\n{text}"),
            text,
            &text.replace("'b'", "'c'"),
            &text.replace("type t = 'a' | 'b'\n", ""),
            &text.replace("= t\n", "= int\n"),
        ],
    );
    let text = arm(r##""definitions": { "t": { "type": "string", "allowedValues": ["a"] } },
        "parameters": { "p": { "$ref": "#/definitions/t" } }, "outputs": { "o": { "$ref": "#/definitions/t", "value": 1 } }"##);
    walk_both_ways(
        Language::Json,
        &[&text, &text.replace("[\"a\"]", "[\"b\"]"), &text.replace("definitions\": {", "x\": {")],
    );
}

#[test]
fn parents_are_found_anew() {
    let text = "resource a 'A.B/c@1' = { name: 'a' }\nresource b 'd@1' = { name: 'b', parent: a }\nvar v = 'x'\n";
    walk_both_ways(
        Language::Bicep,
        &[
            text,
            &text.replace("'x'", "'y'"),
            &text.replace("A.B/c", "A.B/cc"),
            &text.replace("parent: a", "parent: v"),
            &text.replace("resource a 'A.B/c@1' = { name: 'a' }\n", ""),
            &format!("resource a 'A.B/e@1' = {{ name: 'e' }}\n{text}"),
        ],
    );
}

#[test]
fn brackets_and_quotes_reach_far() {
    for (language, text) in [(Language::Json, JSON), (Language::Bicep, BICEP)] {
        let at = text.len() / 2;
        let at = at + text[at..].find('\n').unwrap();
        let typed = |typed: &str| [&text[..at], typed, &text[at..]].concat();
        let texts: Vec<String> = ["}", "{", "]", "[", "'", "\"", "/*", "'''", "*/", ",", "${"].map(typed).into();
        for typed in &texts {
            walk_both_ways(language, &[text, typed, text, &text.replace("    ", "  "), typed]);
        }
    }
}

/// Every text that has one character less, or a bracket or quote more, before and behind the text itself.
#[test]
fn one_character_reaches_far() {
    // The second resource is not indented as a formatter would, so it matters where a bracket may be missing.
    let json = "{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"variables\": { \"a\": \"[b('c')]\" },\n  \"resources\": [\n    {\n      \"type\": \"A.B/c\",\n      \"x\": { 'y': 1, }\n    },\n    {\n  \"type\": \"A.B/d\", // e\n      \"z\": [ {\n \"a\": tru } ]\n    }\n  ]\n}\n";
    let bicep = "import { a } from 'b.bicep'\nvar c = {\n  d: a\n}\nresource e 'A.B/c@1' = {\n  name: '${c.d}'\n  f: {\n    g: [\n      1\n    ]\n  }\n}\n/* h */ var i = c\n";
    for (language, text) in [(Language::Json, json), (Language::Bicep, bicep)] {
        for at in 0..text.len() {
            let less = [&text[..at], &text[at + 1..]].concat();
            let more = ["{", "}", "}\n", "]", "'", "\""].map(|typed| [&text[..at], typed, &text[at..]].concat());
            let all = std::iter::once(&less).chain(&more).flat_map(|edited| [edited.as_str(), text]);
            walk(language, std::iter::once(text).chain(all));
        }
    }
}

#[test]
fn what_a_link_is_made_of_may_be_elsewhere() {
    let text = arm(r#""variables": { "file": "nested/a.json" },
        "resources": [ { "type": "Microsoft.Resources/deployments", "name": "d", "properties": { "templateLink": {
            "uri": "[uri(deployment().properties.templateLink.uri, variables('file'))]" } } } ]"#);
    walk_both_ways(Language::Json, &[&text, &text.replace("a.json", "b.json")]);
}

proptest! {
    /// Whatever is typed wherever, also while nobody asks for every version.
    #[test]
    fn taking_over_is_lowering(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..40usize, 0..14usize), 1..6),
        is_json in any::<bool>(),
    ) {
        const TYPED: [&str; 14] = [
            "x", "", "\n", "'", "\"", "{", "}", "]", "[", ",", ":", "param id string\n", "type t = 'a'\n", "\"a\": \"[b('c')]\",",
        ];
        let (language, text) = if is_json { (Language::Json, JSON) } else { (Language::Bicep, BICEP) };
        let mut texts = vec![text.to_owned()];
        for (place, removed, typed) in edits {
            let text = &texts[texts.len() - 1];
            let boundary = |at: usize| (at..=text.len()).find(|&at| text.is_char_boundary(at)).unwrap_or(text.len());
            let start = boundary(place.index(text.len() + 1));
            let end = boundary(start + removed % 8 * (removed / 8));
            let edited = [&text[..start], TYPED[typed], &text[end..]].concat();
            texts.push(edited);
        }
        walk(language, texts.iter().map(String::as_str));
    }
}
