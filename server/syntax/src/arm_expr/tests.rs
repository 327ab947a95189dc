use proptest::prelude::*;
use text_size::{TextRange, TextSize};

use super::*;

/// The tree with its gaps (`_`) and unclosed parts (`…`) visible.
fn shape(expr: &Expr<'_>) -> String {
    match expr {
        Expr::Missing(_) => "_".to_owned(),
        Expr::Str(str) if !str.closed => format!("'{}…", str.value),
        Expr::Str(_) | Expr::Number(_) | Expr::Name(_) => expr.to_string(),
        Expr::Call(call) => {
            let namespace = call.namespace.map(|name| format!("{}.", name.text)).unwrap_or_default();
            let args: Vec<String> = call.args.iter().map(shape).collect();
            format!("{namespace}{}({}{}", call.name.text, args.join(", "), if call.closed { ")" } else { "…" })
        }
        Expr::Member(member) => {
            format!("{}.{}", shape(&member.base), if member.name.text.is_empty() { "_" } else { member.name.text })
        }
        Expr::Index(index) => {
            format!("{}[{}{}", shape(&index.base), shape(&index.index), if index.closed { "]" } else { "…" })
        }
    }
}

fn parse_shape(text: &str) -> (String, Vec<String>) {
    let parsed = parse(text);
    let errors = parsed
        .errors
        .iter()
        .map(|error| format!("{}..{} {}", u32::from(error.range.start()), u32::from(error.range.end()), error.message))
        .collect();
    (parsed.root.as_ref().map(shape).unwrap_or_default(), errors)
}

#[test]
fn only_single_bracketed_strings_are_expressions() {
    for (text, expected) in [
        ("[a()]", true),
        ("[]", true),
        ("[\n a()\n]", true),
        ("[a()][b()]", true),
        ("[[a]", false),
        ("[[]", false),
        ("[", false),
        ("]", false),
        ("", false),
        (" [a()]", false),
        ("[a()] ", false),
        ("[a()] text", false),
        ("text", false),
    ] {
        assert_eq!(is_expression(text), expected, "{text}");
    }
}

#[test]
fn literals_lose_one_bracket_when_escaped() {
    for (text, expected) in [
        ("[[a]", "[a]"),
        ("[[[a]", "[[a]"),
        ("[[]]", "[]]"),
        ("[a] b", "[a] b"),
        ("[[a] b", "[[a] b"),
        ("a", "a"),
        ("", ""),
    ] {
        assert_eq!(literal(text), expected, "{text}");
    }
}

#[test]
fn valid_expressions_have_no_errors() {
    for (text, expected) in [
        ("[concat('a', parameters('x'))[0].id]", "concat('a', parameters('x'))[0].id"),
        ("[resourceGroup().location]", "resourceGroup().location"),
        ("['it''s']", "'it''s'"),
        ("['']", "''"),
        ("['a,b)c]']", "'a,b)c]'"),
        ("[1]", "1"),
        ("[f(-1, +2, 1.5, 2e3, 1.5E-3)]", "f(-1, +2, 1.5, 2e3, 1.5E-3)"),
        ("[ f ( 'a' ,\r\n\t'b' ) . c [ 0 ] ]", "f('a', 'b').c[0]"),
        ("[contoso.uniqueName('a')]", "contoso.uniqueName('a')"),
        ("[__bicep.f()]", "__bicep.f()"),
        ("[_1.f().b]", "_1.f().b"),
        ("[true]", "true"),
        ("[if(equals(1, 2), null(), json('[1]'))]", "if(equals(1, 2), null(), json('[1]'))"),
        ("[variables('a')['b'][parameters('c')].d]", "variables('a')['b'][parameters('c')].d"),
        ("[f('ü𝒳').é]", "f('ü𝒳').é"),
        ("[reference('x').a-b]", "reference('x').a-b"),
    ] {
        assert_eq!(parse_shape(text), (expected.to_owned(), Vec::new()), "{text}");
    }
}

#[test]
fn plain_strings_have_no_tree() {
    for text in ["", "text", "[[a]", " [a()]"] {
        assert_eq!(parse_shape(text), (String::new(), Vec::new()), "{text}");
    }
}

#[test]
fn broken_expressions_keep_what_is_there_and_say_what_is_wrong() {
    for (text, tree, errors) in [
        ("[]", "", &["0..2 expected an expression between `[` and `]`; write `[[` for a plain bracket"] as &[&str]),
        ("[", "", &["0..1 expected an expression between `[` and `]`; write `[[` for a plain bracket"]),
        ("[concat('a', 'b']", "concat('a', 'b'…", &["16..16 expected `)` to close `concat(`"]),
        ("[f(g(1)]", "f(g(1)…", &["7..7 expected `)` to close `f(`"]),
        ("[f(g(1]", "f(g(1……", &["6..6 expected `)` to close `g(`"]),
        ("[f(", "f(…", &["3..3 expected `)` to close `f(`"]),
        ("[f(]", "f(…", &["3..3 expected `)` to close `f(`"]),
        ("[f('a', )]", "f('a', _)", &["7..8 missing argument"]),
        ("[f(,)]", "f(_, _)", &["3..3 missing argument", "4..4 missing argument"]),
        ("[f('a',]", "f('a', _…", &["7..7 expected `)` to close `f(`"]),
        ("[f('a' 'b')]", "f('a')", &["7..10 expected `,` or `)` before `'b'`"]),
        ("[f('a)]", "f('a…)", &["3..5 string without closing quote"]),
        ("[f(g['a])]", "f(g['a…])", &["5..7 string without closing quote"]),
        ("[resourceId('Microsoft.", "resourceId('Microsoft.……", &["12..23 string without closing quote"]),
        ("[f('a)", "f('a)……", &["3..6 string without closing quote"]),
        ("[f()]/x", "f()", &["5..7 text after the end of the expression; use `concat()` to put texts together"]),
        ("[f()]-[g()]", "f()", &["5..11 text after the end of the expression; use `concat()` to put texts together"]),
        ("[f()/g(1)]", "f()", &["4..9 template expressions have no operator `/`; use `div()`"]),
        ("[length(x)-1]", "length(x)", &["10..12 template expressions have no operator `-`; use `sub()`"]),
        ("[f(!g())]", "f(_)", &["3..7 template expressions have no operator `!`; use `not()`"]),
        ("[f(\"a\")]", "f(_)", &["3..6 strings in an expression are written in single quotes"]),
        ("[f(§, 1)]", "f(_, 1)", &["3..5 unexpected `§`"]),
        ("[f().]", "f()._", &["4..5 expected a property name after `.`"]),
        ("[ns.]", "ns._", &["3..4 expected a property name after `.`"]),
        ("[f().?a]", "f()._", &["4..5 expected a property name after `.`"]),
        ("[f().0]", "f().0", &["5..6 expected a property name after `.`; write `[0]` for an element"]),
        ("[f()[]]", "f()[_]", &["5..5 expected an index between `[` and `]`"]),
        ("[f()[0]", "f()[0]", &["7..7 expected `]` at the end of the expression"]),
        ("[f()[0", "f()[0…", &["6..6 expected `]` to close the index"]),
        ("[f())]", "f()", &["4..5 unexpected `)`, no call is open here"]),
        ("[f(),g()]", "f()", &["4..5 unexpected `,`, no call is open here"]),
        ("[f().g()]", "f().g", &["6..7 only a function can be called"]),
        ("[('a')]", "('a')", &["1..2 expected a function name before `(`"]),
        ("[.a]", "_.a", &["1..2 expected an expression before `.`"]),
        ("[f(a", "f(a…", &["4..4 expected `)` to close `f(`"]),
    ] {
        let (actual_tree, actual_errors) = parse_shape(text);
        assert_eq!(
            (actual_tree.as_str(), actual_errors),
            (tree, errors.iter().map(ToString::to_string).collect()),
            "{text}"
        );
    }
}

#[test]
fn unclosed_calls_say_where_they_start() {
    let parsed = parse("[f(ns.concat('a']");
    let (range, label) = parsed.errors[0].started.clone().unwrap();
    assert_eq!((range, label.as_str()), (TextRange::new(3.into(), 13.into()), "`concat(` starts here"));
}

#[test]
fn names_compare_without_case() {
    let parsed = parse("[ResourceID('a')]");
    let call = parsed.root.as_ref().unwrap().as_call().unwrap();
    assert!(call.is("resourceId"));
    assert!(!parse("[ns.resourceId()]").root.unwrap().as_call().unwrap().is("resourceId"));
}

#[test]
fn strings_know_what_is_between_their_quotes() {
    let parsed = parse("[f('a''b', 'c")
        .root
        .unwrap()
        .children()
        .map(|child| match child {
            Expr::Str(str) => (str.value.to_string(), str.content_range()),
            other => panic!("{other:?}"),
        })
        .collect::<Vec<_>>();
    assert_eq!(
        parsed,
        [
            ("a'b".to_owned(), TextRange::new(4.into(), 8.into())),
            ("c".to_owned(), TextRange::new(12.into(), 13.into()))
        ]
    );
}

#[test]
fn numbers_have_values() {
    let parsed = parse("[f(-7, 1.5, 99999999999999999999)]");
    let numbers: Vec<_> = parsed
        .root
        .as_ref()
        .unwrap()
        .children()
        .map(|child| match child {
            Expr::Number(number) => (number.as_int(), number.as_float()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(numbers, [(Some(-7), Some(-7.0)), (None, Some(1.5)), (None, Some(1e20))]);
}

/// `|` is the cursor. The path is given by the innermost node, the argument by the call and its index.
#[test]
fn cursor_finds_node_and_argument() {
    for (marked, innermost, argument) in [
        ("[conc|at('a')]", "concat('a')", None),
        ("[concat(|)]", "concat()", Some(("concat", 0))),
        ("[concat('a'|)]", "'a'", Some(("concat", 0))),
        ("[concat('a',| 'b')]", "concat('a', 'b')", Some(("concat", 1))),
        ("[concat('a', 'b')|]", "concat('a', 'b')", None),
        ("[f(g('a', |'b'), 1)]", "'b'", Some(("g", 1))),
        ("[f(g('a', 'b')|, 1)]", "g('a', 'b')", Some(("f", 0))),
        ("[f(g('a', 'b'), par|)]", "par", Some(("f", 1))),
        ("[resourceId('Microsoft.|", "'Microsoft.…", Some(("resourceId", 0))),
        ("[resourceId('Microsoft.|)]", "'Microsoft.…", Some(("resourceId", 0))),
        ("[resourceId('a', |]", "_", Some(("resourceId", 1))),
        ("[resourceId('a',  |  ", "_", Some(("resourceId", 1))),
        ("[f().|]", "f()._", None),
        ("[f(a.|b)]", "a.b", Some(("f", 0))),
        ("[a['|']]", "''", None),
        ("|[f()]", "", None),
        ("[f()]| x", "", None),
    ] {
        let offset = marked.find('|').unwrap();
        let text = marked.replace('|', "");
        let parsed = parse(&text);
        let at = parsed.at_offset(TextSize::try_from(offset).unwrap());
        let found = at.nodes.last().map(|node| shape(node)).unwrap_or_default();
        assert_eq!(found, innermost, "{marked}");
        assert_eq!(at.argument.map(|argument| (argument.call.name.text, argument.index)), argument, "{marked}");
    }
}

#[test]
fn deep_nesting_is_cut_off() {
    for text in [
        format!("[{}", "f(".repeat(100_000)),
        format!("[a{}]", ".a".repeat(100_000)),
        format!("[a{}]", "[0]".repeat(100_000)),
        format!("[{}", "a[".repeat(100_000)),
        format!("[{}", "(".repeat(100_000)),
        format!("[{}", format!("f({}).", "a.b".repeat(200)).repeat(1_000)),
    ] {
        let parsed = parse(&text);
        let last = parsed.errors.last().unwrap();
        assert!(last.message.contains("nested more than 256 levels deep"), "{last:?}");
        assert!(height(parsed.root.as_ref().unwrap()) <= 2 * MAX_DEPTH);
    }
    assert_eq!(parse(&format!("[{}1{}]", "f(".repeat(200), ")".repeat(200))).errors, []);
}

fn height(expr: &Expr<'_>) -> usize {
    1 + expr.children().map(height).max().unwrap_or(0)
}

fn check_nesting(expr: &Expr<'_>, text: &str) {
    let range = expr.range();
    assert!(text.get(usize::from(range.start())..usize::from(range.end())).is_some());
    let mut last = range.start();
    for child in expr.children() {
        assert!(range.contains_range(child.range()), "{child:?} leaves {expr:?}");
        assert!(last <= child.range().start(), "{child:?} overlaps");
        last = child.range().end();
        check_nesting(child, text);
    }
    match expr {
        Expr::Call(call) => {
            assert!(range.contains_range(call.name_range()));
            assert!(range.contains(call.open));
            assert!(call.args.len() == call.commas.len() + 1 || (call.args.is_empty() && call.commas.is_empty()));
        }
        Expr::Member(member) => assert!(range.contains(member.dot) && range.contains_range(member.name.range)),
        _ => {}
    }
}

fn check_any(text: &str) {
    let parsed = parse(text);
    if let Some(root) = &parsed.root {
        check_nesting(root, text);
    }
    let mut last = None;
    for error in &parsed.errors {
        assert!(text.get(usize::from(error.range.start())..usize::from(error.range.end())).is_some());
        assert!(last < Some(error.range.start()), "{:?}", parsed.errors);
        assert!(!error.message.is_empty());
        last = Some(error.range.start());
    }
    for offset in 0..=text.len() {
        let at = parsed.at_offset(TextSize::try_from(offset).unwrap());
        assert!(at.nodes.windows(2).all(|pair| pair[0].range().contains_range(pair[1].range())));
    }
}

/// Expressions as [`Expr`] writes them.
fn canonical() -> impl Strategy<Value = String> {
    let name = "[a-zA-Z_][a-zA-Z0-9_]{0,6}";
    let leaf = prop_oneof![
        "([^'\\[\\]]|''){0,8}".prop_map(|text| format!("'{text}'")),
        "-?[0-9]{1,4}(\\.[0-9]{1,2})?",
        name.prop_map(|name| format!("{name}()")),
    ];
    leaf.prop_recursive(6, 40, 4, move |inner| {
        prop_oneof![
            (proptest::option::of(name), name, proptest::collection::vec(inner.clone(), 0..4)).prop_map(
                |(namespace, name, args)| {
                    format!("{}{name}({})", namespace.map(|it| it + ".").unwrap_or_default(), args.join(", "))
                }
            ),
            (inner.clone(), name)
                .prop_filter("a number has no members", |(base, _)| !base.ends_with(|c: char| c.is_ascii_digit()))
                .prop_map(|(base, name)| format!("{base}.{name}")),
            (inner.clone(), inner).prop_map(|(base, index)| format!("{base}[{index}]")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_gives_a_well_formed_tree(text in ".*") {
        check_any(&text);
        check_any(&format!("[{text}"));
        check_any(&format!("[{text}]"));
    }

    #[test]
    fn any_tokens_give_a_well_formed_tree(
        tokens in proptest::collection::vec(
            prop::sample::select(vec!["f", "(", ")", "[", "]", ",", ".", "'", "'a'", " ", "1", "-", "?", "ü", "\"", "''"]),
            0..40,
        )
    ) {
        check_any(&format!("[{}", tokens.concat()));
    }

    #[test]
    fn printing_undoes_parsing(text in canonical()) {
        let source = format!("[{text}]");
        let parsed = parse(&source);
        prop_assert_eq!(&parsed.errors, &[]);
        prop_assert_eq!(parsed.root.unwrap().to_string(), text);
    }

    #[test]
    fn every_prefix_keeps_the_function_name_typed_first(text in canonical(), cut in 0.0..1.0_f64) {
        let source = format!("[start({text})]");
        let cuts: Vec<usize> = (8..source.len() - 1).filter(|&at| source.is_char_boundary(at)).collect();
        #[expect(clippy::cast_sign_loss, clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a pick")]
        let prefix = &source[..cuts[(cut * cuts.len() as f64) as usize]];
        check_any(prefix);
        let parsed = parse(prefix);
        let at = parsed.at_offset(TextSize::of(prefix));
        prop_assert!(!at.nodes.is_empty(), "{}", prefix);
        prop_assert!(at.nodes[0].as_call().is_some_and(|call| call.is("start")), "{}", prefix);
        prop_assert!(!parsed.errors.is_empty(), "{}", prefix);
    }
}
