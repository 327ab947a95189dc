//! What holds of Bicep trees: their parts, their strings, their errors.

use std::fmt::Write as _;

use syntax::bicep::{self, Body, ExprKind, File, Item, ObjectMember, Piece, Segment, Statement, TypeKind};
use syntax::tree::{Comments, range_of};
use syntax::{InputEdit, Language, SourceText, SyntaxTree, parse, reparse};

fn tree(source: &str) -> SyntaxTree {
    parse(Language::Bicep, SourceText::new(source))
}

fn statements(tree: &SyntaxTree) -> Vec<Statement<'_>> {
    File::new(tree).expect("it is Bicep").statements().collect()
}

/// The errors, each as `line:column message`, followed by the text where the construct started.
fn errors(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for error in bicep::syntax_errors(&tree(source)) {
        let before = &source[..usize::from(error.range.start())];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |newline| newline + 1) + 1;
        let mut text = format!("{line}:{column} {}", error.message);
        if let Some((started, _)) = error.started {
            let _ = write!(text, " <{}>", &source[started]);
        }
        found.push(text);
    }
    found
}

/// The first value of a `var`.
fn with_value<R>(source: &str, ask: impl FnOnce(ExprKind<'_>) -> R) -> R {
    let tree = tree(&format!("var x = {source}\n"));
    match &statements(&tree)[0] {
        Statement::Variable(variable) => ask(variable.value.expect("there is a value").kind()),
        other => panic!("{other:?}"),
    }
}

/// A string as its pieces: texts as they are, holes as `<expression>`.
fn decoded(source: &str) -> String {
    with_value(source, |kind| {
        let ExprKind::String(string) = kind else { panic!("{kind:?}") };
        let mut text = String::new();
        for piece in string.pieces() {
            match piece {
                Piece::Text { text: piece, .. } => text.push_str(&piece),
                Piece::Hole { expression, .. } => {
                    let _ = write!(text, "<{}>", expression.map_or("?", bicep::Expr::text));
                }
            }
        }
        text
    })
}

#[test]
fn every_statement_has_its_parts() {
    let source = "\
targetScope = 'resourceGroup'
@sys.secure()
@allowed(['a', 'b'])
param p string? = 'd'
type t = 'a' | 'b' | resourceInput<'T/t@1'>.p
func f(a int, b { c: string }) string => a
import { x as y, z } from 'm.bicep'
import * as all from 'n.bicep'
resource r 'T/t@1' existing = if (p == null) {
  name: 'n'
}
module m 'm.bicep' = [for (i, n) in range(0, 3): if (n > 1) {
  name: 'm'
}]
output o int = 1
";
    let tree = tree(source);
    let statements = statements(&tree);
    assert!(bicep::syntax_errors(&tree).is_empty());
    let [scope, parameter, type_, function, import, wildcard, resource, module, output] = &statements[..] else {
        panic!("{statements:#?}")
    };
    assert!(matches!(scope, Statement::TargetScope(scope) if scope.value.is_some() && scope.name.is_none()));

    let Statement::Parameter(parameter) = parameter else { panic!("{parameter:?}") };
    assert_eq!(parameter.name.unwrap().text, "p");
    let decorators: Vec<_> = parameter.decorators.iter().map(|decorator| decorator.name().unwrap().text).collect();
    assert_eq!(decorators, ["secure", "allowed"]);
    assert!(matches!(parameter.decorators[1].arguments().unwrap().next(), Some(Item::Expr(array))
        if matches!(array.kind(), ExprKind::Array(array) if array.items().count() == 2)));
    let TypeKind::Nullable(Some(inner)) = parameter.type_.unwrap().kind() else { panic!() };
    assert!(matches!(inner.kind(), TypeKind::Name("string")));

    let Statement::Type(type_) = type_ else { panic!("{type_:?}") };
    let TypeKind::Union(members) = type_.type_.unwrap().kind() else { panic!() };
    assert!(matches!(members[0].kind(), TypeKind::String(string) if string.plain().unwrap() == "a"));
    let TypeKind::Qualified { object: Some(generic), property: Some(property) } = members[2].kind() else { panic!() };
    assert_eq!(property.text, "p");
    assert!(matches!(generic.kind(), TypeKind::Generic { name: "resourceInput", arguments } if arguments.len() == 1));

    let Statement::Function(function) = function else { panic!("{function:?}") };
    assert_eq!(function.parameters.iter().map(|(name, _)| name.text).collect::<Vec<_>>(), ["a", "b"]);
    assert!(matches!(function.parameters[1].1.unwrap().kind(), TypeKind::Object(members) if members.len() == 1));
    assert!(function.return_type.is_some() && function.body.is_some());

    let Statement::Import(import) = import else { panic!("{import:?}") };
    assert_eq!(import.items[0].1.unwrap().text, "y");
    assert_eq!(import.path.unwrap().plain().unwrap(), "m.bicep");
    assert!(matches!(wildcard, Statement::Import(import) if import.wildcard.unwrap().text == "all"));

    let Statement::Resource(resource) = resource else { panic!("{resource:?}") };
    assert_eq!(&source[resource.existing.unwrap()], "existing");
    assert_eq!(resource.type_.unwrap().plain().unwrap(), "T/t@1");
    let Some(Body::If { condition: Some(condition), body: Some(body), .. }) = resource.body else { panic!() };
    assert!(matches!(condition.kind(), ExprKind::Binary { operator: "==", .. }));
    assert_eq!(&source[body.closing_brace().unwrap().into()..][..1], "}");

    let Statement::Module(module) = module else { panic!("{module:?}") };
    let Some(Body::Expr(body)) = module.body else { panic!() };
    let ExprKind::For(loop_) = body.kind() else { panic!() };
    assert_eq!([loop_.variable.unwrap().text, loop_.index.unwrap().text], ["i", "n"]);
    assert!(matches!(loop_.body, Some(Body::If { .. })));
    assert!(matches!(output, Statement::Output(output) if output.value.is_some() && output.type_.is_some()));
}

#[test]
fn every_expression_has_its_parts() {
    with_value("a.?b", |kind| assert!(matches!(kind, ExprKind::Member { is_safe: true, property: Some(_), .. })));
    with_value("a[^1]", |kind| assert!(matches!(kind, ExprKind::Subscript { is_from_end: true, is_safe: false, .. })));
    with_value("a[?1]", |kind| assert!(matches!(kind, ExprKind::Subscript { is_safe: true, index: Some(_), .. })));
    with_value("a::b", |kind| assert!(matches!(kind, ExprKind::ResourceAccess { name: Some(_), .. })));
    with_value("a!", |kind| assert!(matches!(kind, ExprKind::NonNull(Some(_)))));
    with_value("!a", |kind| assert!(matches!(kind, ExprKind::Unary { operator: "!", operand: Some(_) })));
    with_value("a ?? b", |kind| assert!(matches!(kind, ExprKind::Binary { operator: "??", .. })));
    with_value("a ? b : c", |kind| assert!(matches!(kind, ExprKind::Ternary { alternative: Some(_), .. })));
    with_value("((1))", |kind| {
        assert!(matches!(kind, ExprKind::Parenthesized(Some(inner))
        if matches!(inner.without_parentheses().kind(), ExprKind::Integer(Some(1)))));
    });
    with_value("99999999999999999999", |kind| assert!(matches!(kind, ExprKind::Integer(None))));
    with_value("f(a, b)", |kind| {
        assert!(matches!(kind, ExprKind::Call(call) if call.arguments().unwrap().count() == 2));
    });
    with_value("map(a, (b, c) => b)", |kind| {
        let ExprKind::Call(call) = kind else { panic!() };
        let Some(Item::Expr(lambda)) = call.arguments().unwrap().nth(1) else { panic!() };
        let ExprKind::Lambda(lambda) = lambda.kind() else { panic!() };
        assert_eq!(lambda.parameters().map(|name| name.text).collect::<Vec<_>>(), ["b", "c"]);
    });
    with_value("[a, ...b]", |kind| {
        assert!(matches!(kind, ExprKind::Array(array)
        if matches!(array.items().last(), Some(Item::Spread { value: Some(_), .. }))));
    });
}

#[test]
fn members_of_an_object_come_in_order_with_key_and_value() {
    let source = "{\n  a: 1 // why\n  'b\\'c': { d: 2 }\n  ...e\n  '${f}': 3\n  g:\n  resource h 'i@1' = {}\n}";
    let members = with_value(source, |kind| {
        let ExprKind::Object(object) = kind else { panic!() };
        let describe = |member| match member {
            ObjectMember::Property(property) => {
                let key = property.key.plain().map_or("?".to_owned(), std::borrow::Cow::into_owned);
                format!("{key} = {}", property.value.map_or("", bicep::Expr::text))
            }
            ObjectMember::Spread { value, .. } => format!("...{}", value.map_or("", bicep::Expr::text)),
            ObjectMember::Resource(resource) => format!("resource {}", resource.name.map_or("", |name| name.text)),
            ObjectMember::Broken(_) => "broken".to_owned(),
        };
        object.members().map(describe).collect::<Vec<_>>()
    });
    assert_eq!(members, ["a = 1", "b'c = { d: 2 }", "...e", "? = 3", "g = ", "resource h"]);
}

#[test]
fn strings_are_decoded() {
    assert_eq!(decoded(r"'plain'"), "plain");
    assert_eq!(decoded("''"), "");
    assert_eq!(decoded(r"'\'\\\n\t\r\$\u{41}\u{1F600}'"), "'\\\n\t\r$A😀");
    assert_eq!(decoded(r"'\q \u{} \u{110000} \u{+41} $'"), r"\q \u{} \u{110000} \u{+41} $", "no escapes");
    assert_eq!(decoded(r"'a${b.c}\'${d}'"), "a<b.c>'<d>");
    assert_eq!(decoded(r"'\${a}'"), "${a}", "no hole");
    assert_eq!(decoded("'''\na\\n${b}'c\n'''"), "a\\n${b}'c\n");
    assert_eq!(decoded("'''\r\n\r\na'''"), "\r\na", "one newline is dropped");
    assert_eq!(decoded("''''a'''"), "'a");
    assert_eq!(decoded("'''a''''"), "a'");
    assert_eq!(decoded("$'''\na${b}\nc'''"), "a<b>\nc");
    assert_eq!(decoded("$$'''${a}$${b}'''"), "${a}<b>");
    assert_eq!(decoded("$$$$'''a'''"), "<?>", "not looked into");
    assert_eq!(decoded("'a${}b'"), "a<?>b");
    assert_eq!(decoded("'open"), "open");
}

#[test]
fn segments_cover_a_string_without_gaps() {
    let source = r"'a\n${b}\u{41}c'";
    with_value(source, |kind| {
        let ExprKind::String(string) = kind else { panic!() };
        let mut end = string.content_range().start();
        string.for_each_segment(|segment| {
            let (Segment::Verbatim { range, .. } | Segment::Escape { range, .. } | Segment::Hole { range, .. }) =
                segment;
            assert_eq!(range.start(), end);
            end = range.end();
        });
        assert_eq!(end, string.content_range().end());
        assert!(string.is_complete() && string.plain().is_none());
    });
}

#[test]
fn a_missing_brace_is_missing_where_indentation_ends() {
    let source = "\
resource aks 'T/t@1' = {
  name: 'x'
  identity: {
    type: 'UserAssigned'

  properties: {
    dnsPrefix: 'd'
  }
}
param p string
";
    assert_eq!(errors(source), ["4:25 expected `}` to end the object of `identity` <identity: {>"]);
    let damage = bicep::brace_damage(&tree(source));
    let described: Vec<_> = damage
        .iter()
        .map(|damage| {
            let start = source[..usize::from(damage.object.start())].lines().last().unwrap();
            (start.trim(), source[..usize::from(damage.from)].matches('\n').count() + 1)
        })
        .collect();
    assert_eq!(described, [("resource aks 'T/t@1' =", 9), ("identity:", 4)]);
}

#[test]
fn a_missing_brace_without_a_member_is_seen_too() {
    let source = "resource a 'T/t@1' = {\n  identity: {\n  properties: {\n    b: 1\n  }\n}\n";
    assert_eq!(errors(source), ["2:14 expected `}` to end the object of `identity` <identity: {>"]);
}

#[test]
fn several_missing_braces_are_one_error_where_they_are_one_place() {
    let source = "resource a 'T/t@1' = {\n  b: {\n    c: [\n\nparam p string\n";
    assert_eq!(errors(source).len(), 1, "{:?}", errors(source));
    let source = "var a = {\n  b: {\n    c: 1\n  d: {\n    e: 1\n  f: 1\n}\n";
    assert_eq!(
        errors(source),
        ["3:9 expected `}` to end the object of `b` <b: {>", "5:9 expected `}` to end the object of `d` <d: {>",]
    );
}

#[test]
fn without_indentation_a_brace_is_missing_at_the_end() {
    let source = "var a = {\nb: {\nc: 1\nd: {\ne: 1\n}\n}\n";
    assert_eq!(errors(source), ["7:2 expected `}` to end the object of `a` <a = {>"]);
}

#[test]
fn a_surplus_brace_is_named_not_what_it_leaves_over() {
    let source =
        "resource a 'T/t@1' = {\n  b: {\n    c: 1\n  }\n  }\n  d: 1\n  e: {\n    f: 1\n  }\n}\nparam p string\n";
    assert_eq!(errors(source), ["5:3 this `}` closes more than its indentation says <d: 1>"]);
    assert_eq!(bicep::brace_damage(&tree(source)).len(), 1, "the resource lacks what is left over");
    assert_eq!(errors("var a = {\n}\n}\n"), ["3:1 this `}` closes nothing"]);
}

#[test]
fn clean_files_have_no_errors_and_no_damage() {
    let source = "var a = {\n    b: [{\n  c: 1\n }, {\n}]\n}\nvar d = f({\n  e: 1\n})\n";
    assert_eq!(errors(source), Vec::<String>::new());
    assert!(bicep::brace_damage(&tree(source)).is_empty());
}

#[test]
fn every_gap_is_worded() {
    for (source, expected) in [
        ("reso", "1:1 expected a statement such as `param`, `var` or `resource`, found `reso`"),
        ("param", "1:6 expected a name after `param`"),
        ("param a", "1:8 expected a type after the name"),
        ("param a string =", "1:17 expected a value after `=`"),
        ("var a", "1:6 expected `=` and a value"),
        ("output a string", "1:16 expected `=` and a value"),
        ("resource a", "1:11 expected a type with its version in quotes after the name"),
        ("resource a 'b@1'", "1:17 expected `=` and a body"),
        ("resource a 'b@1' = if (c)", "1:26 expected an object after the condition <if>"),
        ("resource a 'b@1' {}", "1:17 expected `=` before the body"),
        ("module a", "1:9 expected a path in quotes after the name"),
        ("type a", "1:7 expected `=` and a type"),
        ("func a", "1:7 expected the parameters in parentheses"),
        ("func a() string", "1:16 expected `=>` and the body of the function"),
        ("import { a }", "1:13 expected `from` and the path of a file"),
        ("import { a as } from 'b'", "1:14 expected a name after `as`"),
        ("using", "1:6 expected the path of a file"),
        ("@\nparam a int", "1:2 expected the name of a decorator after `@`"),
        ("var a = b +", "1:12 expected an expression after `+`"),
        ("var a = b ? c", "1:14 expected `:` and the value for when the condition does not hold <b>"),
        ("var a = b.", "1:11 expected a name after `.`"),
        ("var a = b[]", "1:11 expected an index in the brackets"),
        ("var a = ()", "1:10 expected an expression in the parentheses"),
        ("var a = 'b${}'", "1:13 expected an expression in `${}`"),
        ("var a = 'b", "1:11 expected `'` to end the string <'>"),
        ("var a = '''b", "1:13 expected `'''` to end the string <'''>"),
        ("var a = 'b${c", "1:14 expected `}` to end the interpolation <${>"),
        ("var a = \"b\"", "1:9 strings are written with single quotes"),
        ("var a = { b }", "1:12 expected `:` and a value after `b`"),
        ("var a = { b: }", "1:13 expected a value after `b:`"),
        ("var a = { b = 1 }", "1:13 expected `:` after `b`, found `=`"),
        ("var a = { ... }", "1:14 expected an expression after `...`"),
        ("var a = [\n  b: 1\n]", "2:3 expected an item of the array, found the property `b`"),
        ("var a = [for]", "1:13 expected a name for the item after `for` <[>"),
        ("var a = [for b]", "1:15 expected `in` and what to loop over <[>"),
        ("var a = [for b in ]", "1:18 expected an expression after `in` <[>"),
        ("var a = [for b in c {}]", "1:20 expected `:` before the body of the loop <[>"),
        ("var a = [for b in c:]", "1:21 expected the body of the loop after `:` <[>"),
        ("var a = f(b", "1:12 expected `)` to end the list of arguments of `f` <f(>"),
        ("var a = b[1", "1:12 expected `]` to end the index of `a` <a = b[>"),
        ("type a = { b }", "1:13 expected `:` and a type after `b`"),
        ("type a = 'b' |", "1:15 expected a type after `|`"),
        ("var a = b c", "1:11 expected the end of the line, found `c`"),
        ("var a = b /* c", "1:11 expected `*/` to end the comment"),
        ("%%", "1:1 expected a statement, found `%%`"),
        ("var a = f('b' 'c')", "1:11 expected `,` between `'b'` and `'c'`"),
        ("var a = ['b' 'c']", "1:14 expected `,` or a new line before `'c'`"),
        ("var a = { b: 'c' d: 'e' }", "1:18 expected `,` or a new line before `d: 'e'`"),
        ("func a(\n  b string\n  c string) string => b", "2:3 expected `,` between `b string` and `c string`"),
        ("resource a 'b@1' = if {\n}", "1:20 expected a condition in parentheses after `if`"),
        ("var a = [for b c]", "1:14 expected `in` and what to loop over after `b`"),
        ("var a = $b", "1:9 `$` cannot stand here"),
        ("var a = 'b${'c\n// d\n", "1:15 expected `'` to end the string <'>"),
        ("var a = {\n  b: 1 // c\n// d\n", "2:7 expected `}` to end the object of `a` <a = {>"),
        ("var a = b.c${d}.e", "1:12 `${d}` works only inside of a string, such as `'a-${d}'`"),
        ("var a = {\n  @b()\n}", "2:7 expected a nested `resource` after `@b()`"),
        ("var a = b\n/* c", "2:1 expected `*/` to end the comment"),
        ("/* c", "1:1 expected `*/` to end the comment"),
        ("var a = 1;\nvar b = {\n  c: 1;\n};", "1:10 expected the end of the line, found `;`, and on 2 more lines"),
    ] {
        assert_eq!(errors(&format!("{source}\n")), [expected], "{source}");
    }
}

#[test]
fn a_parameter_file_wants_values_not_types() {
    let errors = |source| bicep::syntax_errors(&parse(Language::BicepParam, SourceText::new(source)));
    assert!(errors("using 'a.bicep'\nparam b = 1\n").is_empty());
    assert!(errors("using none\n").is_empty());
    assert_eq!(errors("param b\n")[0].message, "expected `=` and a value");
}

#[test]
fn half_typed_declarations_have_few_errors_and_none_elsewhere() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../grammars/bicep/test/recovery.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let parts: Vec<_> = text.split("### ").skip(1).map(|part| part.split_once('\n').unwrap()).collect();
    let (before, after) = (parts[0].1, parts[1].1);
    // Complete, or accepted although the compiler refuses it.
    let clean = ["32", "44", "67", "68", "72"];
    assert!(parts.len() >= 74);
    for (name, body) in &parts[2..] {
        let body: String =
            body.lines().filter(|line| !line.starts_with("!keys")).flat_map(|line| [line, "\n"]).collect();
        let source = format!("{before}{body}{after}");
        let errors = bicep::syntax_errors(&tree(&source));
        let at_most = if name.starts_with("60") { 2 } else { 1 };
        assert!(errors.len() <= at_most, "{name}: {errors:#?}");
        assert_eq!(errors.is_empty(), clean.iter().any(|clean| name.starts_with(clean)), "{name}");
        for error in errors {
            let range = usize::from(error.range.start())..usize::from(error.range.end());
            assert!(range.start >= before.len() && range.end <= before.len() + body.len(), "{name}: {error:?}");
        }
    }
}

#[test]
fn comments_and_directives_are_found_in_order() {
    let source = "// a\nvar b = { // c\n#disable-next-line d\n  e: 1 /* f */\n}\n";
    let survey = bicep::survey(&tree(source));
    let found: Vec<_> = survey.comments.iter().map(|comment| &source[comment.range]).collect();
    assert_eq!(found, ["// a", "// c", "#disable-next-line d", "/* f */"]);
    assert_eq!(survey.comments.iter().filter(|comment| comment.is_directive).count(), 1);
}

#[test]
fn comments_are_found_at_each_place_in_order() {
    let sources = [
        "// a\nvar b = { // c\n#disable-next-line d\n  e: [1 /* f */\n2] }\n\n  // g\n// h\nvar i = '//${ /* j */ k }' //",
        "var a = { // b\n  c: /* d */\n// e\n} } /* f */ ] // g",
        "",
        "// a",
    ];
    for source in sources {
        let tree = tree(source);
        let mut comments = Comments::of(&tree);
        let found: Vec<_> = (0..source.len()).map(|at| comments.at(at)).collect();
        let expected = |at: usize| {
            let node = tree.root().descendant_for_byte_range(at, at + 1)?;
            (node.is_extra() && node.child_count() == 0).then(|| range_of(node))
        };
        assert_eq!(found, (0..source.len()).map(expected).collect::<Vec<_>>(), "{source}");
        assert_eq!(found, (0..source.len()).map(|at| Comments::of(&tree).at(at)).collect::<Vec<_>>(), "from anywhere");
        // Also backwards.
        for at in (0..source.len()).rev() {
            assert_eq!(comments.at(at), found[at], "{source}");
        }
    }
}

#[test]
fn a_hundred_thousand_brackets_are_one_error() {
    for bracket in ["[", "(", "{ a: ", "f(", "!", "a ? ", "'${"] {
        let source = format!("var a = {}\nvar b = 1\n", bracket.repeat(100_000));
        let tree = tree(&source);
        let survey = bicep::survey(&tree);
        assert!(!survey.errors.is_empty() && survey.errors.len() <= 2, "{bracket} {:?}", survey.errors);
        assert!(File::new(&tree).unwrap().statements().count() >= 1);
    }
}

#[test]
fn what_is_too_deep_to_be_parsed_is_said_and_comes_back() {
    let few = "var a = [\n]\nvar b = 1\n".to_owned();
    let deep = format!("var a = [\n{}x = 1{}]\nvar b = 1\n", "[".repeat(20_000), "]".repeat(20_000));
    let (before, after) = (tree(&few), tree(&deep));
    let messages: Vec<_> = bicep::syntax_errors(&after).into_iter().map(|error| error.message).collect();
    assert_eq!(messages, ["nested too deeply"]);
    assert_eq!(File::new(&after).unwrap().statements().count(), 2, "what comes behind it is there");

    let inside = "var a = [\n".len();
    let grown = deep.len() - few.len();
    let edit = |old: usize, new: usize, old_text: &str, new_text: &str| InputEdit {
        start_byte: inside,
        old_end_byte: inside + old,
        new_end_byte: inside + new,
        start_position: point(old_text, inside),
        old_end_position: point(old_text, inside + old),
        new_end_position: point(new_text, inside + new),
    };
    let deeper = reparse(&before, SourceText::new(&*deep), &[edit(0, grown, &few, &deep)]);
    assert_eq!(deeper.root().to_sexp(), after.root().to_sexp());
    assert_eq!(bicep::syntax_errors(&deeper), bicep::syntax_errors(&after));
    let back = reparse(&deeper, SourceText::new(&*few), &[edit(grown, 0, &deep, &few)]);
    assert_eq!(back.root().to_sexp(), before.root().to_sexp());
    assert!(bicep::syntax_errors(&back).is_empty());
}

#[test]
fn many_mistakes_cost_what_they_are_many() {
    for (line, times) in
        [("x\n}\n", 60_000), ("var a = {\n", 60_000), ("var a = 1;\n", 60_000), ("var a = f('b'\n", 60_000)]
    {
        let tree = tree(&line.repeat(times));
        let start = std::time::Instant::now();
        assert!(!bicep::survey(&tree).errors.is_empty());
        // Comparing each mistake with every other one takes minutes.
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "{line:?}: {:?}", start.elapsed());
    }
}

#[test]
fn no_prefix_of_a_file_panics() {
    let source = "\
@description('d')
param p { a: string, *: int }? = null
resource r 'T/t@1' = [for (i, n) in range(0, 3): if (n > 1) {
  name: 'n${i}-\\u{41}'
  b: x.y[^1]!.?z::w ?? [...c, $'''
t ${d}''']
  resource s 'u@1' existing = { }
}]
import { e as f } from 'g' // h
";
    for end in (0..=source.len()).filter(|&end| source.is_char_boundary(end)) {
        let tree = tree(&source[..end]);
        let survey = bicep::survey(&tree);
        assert!(survey.errors.iter().all(|error| usize::from(error.range.end()) <= end));
        assert!(statements(&tree).iter().all(|statement| !format!("{statement:?}").is_empty()));
    }
}

#[test]
fn a_reparsed_tree_is_the_tree_of_the_new_text() {
    let mut source = "param a string\nvar b = {\n  c: 'd'\n  e: [1, 2]\n}\nvar f = b.c\n".to_owned();
    let mut old = tree(&source);
    // a step of any size that has no common factor with the length walks over the whole text
    for step in 0..300 {
        let at = (step * 37) % source.len();
        let new_text = ["x", "'", "}", "\n", "{", " = ", "[", "(", "", ","][step % 10];
        let removed = usize::from(step % 3 == 0).min(source.len() - at);
        let edit = InputEdit {
            start_byte: at,
            old_end_byte: at + removed,
            new_end_byte: at + new_text.len(),
            start_position: point(&source, at),
            old_end_position: point(&source, at + removed),
            new_end_position: {
                let edited = format!("{}{new_text}", &source[..at]);
                point(&edited, edited.len())
            },
        };
        source.replace_range(at..at + removed, new_text);
        let new = reparse(&old, SourceText::new(source.as_str()), &[edit]);
        assert_eq!(new.root().to_sexp(), tree(&source).root().to_sexp(), "{source}");
        old = new;
    }
}

fn point(source: &str, at: usize) -> tree_sitter::Point {
    let before = &source[..at];
    let column = at - before.rfind('\n').map_or(0, |newline| newline + 1);
    tree_sitter::Point::new(before.matches('\n').count(), column)
}

#[test]
fn the_node_at_the_end_of_a_word_is_the_word() {
    let tree = tree("var ab = cd\n");
    let text = |at: u32| tree.node_at(at.into()).utf8_text(tree.source().as_bytes()).unwrap();
    assert_eq!([text(6), text(9), text(11)], ["ab", "cd", "cd"]);
    assert!(!tree.has_error_in(syntax::TextRange::new(0.into(), 11.into())));
}
