//! Each operation in both languages, on the layouts that occur.

use template::model::Declaration;

use super::*;
use crate::apply::apply_one;
use crate::testing::workspace;

/// What a rule has in hand: places by a path from the top of the first resource.
struct Hand<'a> {
    eval: &'a Evaluator<'a>,
}

impl<'a> Hand<'a> {
    /// The value at a path of names and indices below the body of the resource with that symbol or literal name.
    fn at(&self, resource: &str, path: &[&str]) -> Place {
        let place = |expr| Place { scope: ScopeId::ROOT, expr };
        let mut here = self.eval.resource(self.resource(resource)).body;
        for step in path {
            here = match (self.eval.template(ScopeId::ROOT).expr(here), step.parse::<usize>()) {
                (Expr::Array(items), Ok(index)) => match items[index] {
                    Item::Value(id) | Item::Spread(id) => id,
                },
                (Expr::Object(_), _) => property_of(Unit::of(self.eval, ScopeId::ROOT), here, step).unwrap().value,
                (other, _) => panic!("{step} in {other:?}"),
            };
        }
        place(here)
    }

    fn property(&self, resource: &str, path: &[&str]) -> PropertyAt {
        let (last, path) = path.split_last().unwrap();
        let object = self.at(resource, path);
        let Expr::Object(found) = self.eval.template(ScopeId::ROOT).expr(object.expr) else { panic!("no object") };
        let number = positions(Unit::of(self.eval, ScopeId::ROOT), found, last)[0];
        PropertyAt { object, number: u32::try_from(number).unwrap() }
    }

    fn resource(&self, name: &str) -> ResourceRef {
        let template = self.eval.template(ScopeId::ROOT);
        let is_it = |resource: &template::model::Resource| {
            let symbol = resource.symbol.as_ref().is_some_and(|symbol| symbol.name == *name);
            symbol || resource.name.is_some_and(|id| matches!(template.expr(id), Expr::Str(own) if **own == *name))
        };
        let index = template.resources.iter().position(is_it).unwrap();
        ResourceRef { scope: ScopeId::ROOT, index: u32::try_from(index).unwrap(), element: None }
    }

    fn rewrite(&self) -> Rewrite<'a> {
        Rewrite::new(self.eval)
    }
}

/// The text after the rewrite, which has to be free of syntax errors; `None` when no fix is offered.
fn rewrite(path: &str, before: &str, build: impl for<'a> Fn(&Hand<'a>) -> Rewrite<'a>) -> Option<String> {
    let files = workspace(&[(path, before)]);
    let eval = Evaluator::new(&files, FileId(0)).unwrap();
    let fix = build(&Hand { eval: &eval }).fix("mend", Applicability::Safe)?;
    let after = apply_one(&fix, |_| before.to_owned()).unwrap().remove(&FileId(0)).unwrap();
    let parsed = workspace(&[(path, &after)]);
    assert_eq!(parsed.file(FileId(0)).syntax_errors, [], "{after}");
    Some(after)
}

/// A Bicep file with a resource `a` that has this body.
fn bicep(body: &str) -> String {
    format!("resource a 'A.B/c@2020-01-01' = {body}\n")
}

/// An ARM JSON file with a resource `a` that has these members besides the usual ones.
fn json(members: &str) -> String {
    format!(
        "{{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"contentVersion\": \"1.0.0.0\",\n  \"resources\": [\n    {{\n      \"type\": \"A.B/c\",\n      \"apiVersion\": \"2020-01-01\",\n      \"name\": \"a\",\n{members}\n    }}\n  ]\n}}\n"
    )
}

#[track_caller]
fn in_bicep(before: &str, after: &str, build: impl for<'a> Fn(&Hand<'a>) -> Rewrite<'a>) {
    let actual = rewrite("main.bicep", &bicep(before), build).expect("a fix is offered");
    assert!(actual == bicep(after), "is\n{actual}\nshould be\n{}", bicep(after));
}

#[track_caller]
fn in_json(before: &str, after: &str, build: impl for<'a> Fn(&Hand<'a>) -> Rewrite<'a>) {
    let actual = rewrite("main.json", &json(before), build).expect("a fix is offered");
    assert!(actual == json(after), "is\n{actual}\nshould be\n{}", json(after));
}

fn put<'a>(hand: &Hand<'a>, path: &[&str], at: At<'_>) -> Rewrite<'a> {
    hand.rewrite().insert(hand.at("a", path), at, "new", New::str("x"))
}

#[test]
fn inserts_into_lines() {
    let before = "{\n  p: { // first\n    one: 1 // about one\n    two: 2\n  }\n}";
    in_bicep(before, "{\n  p: { // first\n    one: 1 // about one\n    two: 2\n    new: 'x'\n  }\n}", |hand| {
        put(hand, &["p"], At::Last)
    });
    in_bicep(before, "{\n  p: { // first\n    new: 'x'\n    one: 1 // about one\n    two: 2\n  }\n}", |hand| {
        put(hand, &["p"], At::First)
    });
    in_bicep(before, "{\n  p: { // first\n    one: 1 // about one\n    new: 'x'\n    two: 2\n  }\n}", |hand| {
        put(hand, &["p"], At::After("one"))
    });

    let before = "      \"p\": { // first\n        \"one\": 1, // about one\n        \"two\": 2 // about two\n      }";
    in_json(
        before,
        "      \"p\": { // first\n        \"one\": 1, // about one\n        \"two\": 2, // about two\n        \"new\": \"x\"\n      }",
        |hand| put(hand, &["p"], At::Last),
    );
    in_json(
        before,
        "      \"p\": { // first\n        \"new\": \"x\",\n        \"one\": 1, // about one\n        \"two\": 2 // about two\n      }",
        |hand| put(hand, &["p"], At::First),
    );
    in_json(
        before,
        "      \"p\": { // first\n        \"one\": 1, // about one\n        \"new\": \"x\",\n        \"two\": 2 // about two\n      }",
        |hand| put(hand, &["p"], At::Before("two")),
    );
}

#[test]
fn inserts_on_one_line() {
    in_bicep("{\n  p: { one: 1, two: 2 }\n}", "{\n  p: { one: 1, new: 'x', two: 2 }\n}", |hand| {
        put(hand, &["p"], At::After("one"))
    });
    in_bicep("{\n  p: { one: 1 }\n}", "{\n  p: { new: 'x', one: 1 }\n}", |hand| put(hand, &["p"], At::First));
    in_json("      \"p\": { \"one\": 1 }", "      \"p\": { \"one\": 1, \"new\": \"x\" }", |hand| {
        put(hand, &["p"], At::Last)
    });
    in_json("      \"p\": {\"one\":1,\"two\":2}", "      \"p\": {\"one\":1, \"new\": \"x\",\"two\":2}", |hand| {
        put(hand, &["p"], At::After("one"))
    });
}

#[test]
fn inserts_into_the_empty() {
    in_bicep("{\n  p: {}\n}", "{\n  p: {\n    new: 'x'\n  }\n}", |hand| put(hand, &["p"], At::Last));
    in_bicep("{\n  p: {\n  }\n}", "{\n  p: {\n    new: 'x'\n  }\n}", |hand| put(hand, &["p"], At::Last));
    in_bicep("{\n  p: {\n    // later\n  }\n}", "{\n  p: {\n    // later\n    new: 'x'\n  }\n}", |hand| {
        put(hand, &["p"], At::Last)
    });
    in_bicep("{\n  p: { q: {} }\n}", "{\n  p: { q: { new: 'x' } }\n}", |hand| put(hand, &["p", "q"], At::Last));
    in_json("      \"p\": {}", "      \"p\": {\n        \"new\": \"x\"\n      }", |hand| put(hand, &["p"], At::Last));
    in_json("      \"p\": { \"q\": { } }", "      \"p\": { \"q\": { \"new\": \"x\" } }", |hand| {
        put(hand, &["p", "q"], At::Last)
    });
}

#[test]
fn keeps_tabs_line_endings_and_trailing_commas() {
    let crlf = |text: &str| text.replace('\n', "\r\n").replace("  ", "\t");
    let before = crlf(&bicep("{\n  p: {\n    one: 1\n  }\n}"));
    let after = crlf(&bicep("{\n  p: {\n    one: 1\n    new: {\n      deep: true\n    }\n  }\n}"));
    let deep = |hand: &Hand<'_>| hand.at("a", &["p"]);
    let value = || New::object([("deep", New::Bool(true))]);
    assert_eq!(
        rewrite("main.bicep", &before, |hand| hand.rewrite().insert(deep(hand), At::Last, "new", value())).as_deref(),
        Some(&*after)
    );
    let before = crlf(&json("      \"p\": {\n        \"one\": 1,\n      }"));
    let after = crlf(&json(
        "      \"p\": {\n        \"one\": 1,\n        \"new\": {\n          \"deep\": true\n        },\n      }",
    ));
    assert_eq!(
        rewrite("main.json", &before, |hand| hand.rewrite().insert(deep(hand), At::Last, "new", value())).as_deref(),
        Some(&*after)
    );
}

#[test]
fn removes_with_comma_and_line() {
    let gone = |name: &'static str| move |hand: &Hand<'_>| (hand.at("a", &["p"]), name);
    let remove = |before: &str, after: &str, name: &'static str| {
        let place = gone(name);
        in_json(before, after, |hand| {
            let (object, name) = place(hand);
            hand.rewrite().remove_property(object, name)
        });
    };
    let lines = "      \"p\": {\n        \"one\": 1,\n        \"two\": 2, // about two\n        // about three\n        \"three\": 3\n      }";
    remove(lines, "      \"p\": {\n        \"one\": 1,\n        // about three\n        \"three\": 3\n      }", "two");
    remove(
        lines,
        "      \"p\": {\n        \"one\": 1,\n        \"two\": 2 // about two\n        // about three\n      }",
        "three",
    );
    remove("      \"p\": { \"one\": 1, \"two\": 2 }", "      \"p\": { \"two\": 2 }", "one");
    remove("      \"p\": { \"one\": 1, \"two\": 2 }", "      \"p\": { \"one\": 1 }", "two");
    remove("      \"p\": {\n        \"one\": 1\n      }", "      \"p\": {}", "one");
    remove(
        "      \"p\": {\n        \"one\": 1,\n        \"two\": 2,\n      }",
        "      \"p\": {\n        \"one\": 1,\n      }",
        "two",
    );
    in_bicep("{\n  p: {\n    one: 1 // first\n    two: 2\n  }\n}", "{\n  p: {\n    two: 2\n  }\n}", |hand| {
        hand.rewrite().remove_property(hand.at("a", &["p"]), "one")
    });
    in_bicep("{\n  p: { one: 1, two: 2 }\n}", "{\n  p: { one: 1 }\n}", |hand| {
        hand.rewrite().remove_property(hand.at("a", &["p"]), "TWO")
    });
}

#[test]
fn removes_several_at_the_end() {
    let both = |hand: &Hand<'_>| hand.at("a", &["p"]);
    in_json(
        "      \"p\": {\n        \"one\": 1,\n        \"two\": 2,\n        \"three\": 3\n      }",
        "      \"p\": {\n        \"one\": 1\n      }",
        |hand| hand.rewrite().remove(both(hand), &[1, 2]),
    );
    in_json("      \"p\": { \"one\": 1, \"two\": 2, \"three\": 3 }", "      \"p\": { \"one\": 1 }", |hand| {
        hand.rewrite().remove(both(hand), &[1, 2])
    });
}

#[test]
fn edits_calls_inside_expressions() {
    let before = "      \"p\": \"[createObject('one', 1, 'it''s', 2)]\"";
    in_json(before, "      \"p\": \"[createObject('one', 1, 'it''s', 2, 'new', 'x')]\"", |hand| {
        put(hand, &["p"], At::Last)
    });
    in_json(before, "      \"p\": \"[createObject('new', 'x', 'one', 1, 'it''s', 2)]\"", |hand| {
        put(hand, &["p"], At::First)
    });
    in_json(before, "      \"p\": \"[createObject('one', 1)]\"", |hand| {
        hand.rewrite().remove_property(hand.at("a", &["p"]), "it's")
    });
    in_json("      \"p\": \"[createObject()]\"", "      \"p\": \"[createObject('new', 'x')]\"", |hand| {
        put(hand, &["p"], At::Last)
    });
    in_json(
        "      \"p\": \"[createArray(1)]\"",
        "      \"p\": \"[createArray(1, createObject('k', 'say \\\"x\\\"'))]\"",
        |hand| hand.rewrite().push(hand.at("a", &["p"]), New::object([("k", New::str("say \"x\""))])),
    );
    // An object that is written as a text cannot be edited.
    assert_eq!(
        rewrite("main.json", &json("      \"p\": \"[json('{\\\"one\\\": 1}')]\""), |hand| put(hand, &["p"], At::Last)),
        None
    );
}

#[test]
fn replaces_and_wraps() {
    let wrap = |hand: &Hand<'_>| New::object([("type", New::Copy(hand.at("a", &["p"])))]);
    in_bicep("{\n  p: 'x'\n}", "{\n  p: {\n    type: 'x'\n  }\n}", |hand| {
        hand.rewrite().replace(hand.at("a", &["p"]), wrap(hand))
    });
    in_json(
        "      \"p\": \"[variables('x')]\"",
        "      \"p\": {\n        \"type\": \"[variables('x')]\"\n      }",
        |hand| hand.rewrite().replace(hand.at("a", &["p"]), wrap(hand)),
    );
    in_json("      \"p\": { \"q\": \"x\" }", "      \"p\": { \"q\": { \"type\": \"x\" } }", |hand| {
        let old = hand.at("a", &["p", "q"]);
        hand.rewrite().replace(old, New::object([("type", New::Copy(old))]))
    });
    // From an expression to a value, and from a value into an expression.
    in_json(
        "      \"p\": \"[createObject('q', 'it''s', 'r', createArray(1))]\",\n      \"s\": 1",
        "      \"p\": \"[createObject('q', 'it''s', 'r', createArray(1))]\",\n      \"s\": \"it's\"",
        |hand| hand.rewrite().replace(hand.at("a", &["s"]), New::Copy(hand.at("a", &["p", "q"]))),
    );
    in_json(
        "      \"p\": \"[createObject('q', 1)]\",\n      \"s\": { \"t\": \"it's \\\"x\\\"\", \"u\": [null] }",
        "      \"p\": \"[createObject('q', createObject('t', 'it''s \\\"x\\\"', 'u', createArray(null())))]\",\n      \"s\": { \"t\": \"it's \\\"x\\\"\", \"u\": [null] }",
        |hand| hand.rewrite().replace(hand.at("a", &["p", "q"]), New::Copy(hand.at("a", &["s"]))),
    );
}

#[test]
fn renames_keys() {
    in_bicep("{\n  p: { 'odd': 1 }\n}", "{\n  p: { even: 1 }\n}", |hand| {
        hand.rewrite().rename_key(hand.property("a", &["p", "odd"]), "even")
    });
    in_json("      \"p\": { \"odd\": 1 }", "      \"p\": { \"even\": 1 }", |hand| {
        hand.rewrite().rename_key(hand.property("a", &["p", "odd"]), "even")
    });
    in_json("      \"p\": \"[createObject('odd', 1)]\"", "      \"p\": \"[createObject('even', 1)]\"", |hand| {
        hand.rewrite().rename_key(hand.property("a", &["p", "odd"]), "even")
    });
    in_bicep("{\n  p: { odd: 1 }\n}", "{\n  p: { '${a.id}': 1 }\n}", |hand| {
        hand.rewrite().replace_key(hand.property("a", &["p", "odd"]), New::id(hand.resource("a")))
    });
    in_json("      \"p\": { \"odd\": 1 }", "      \"p\": { \"[resourceId('A.B/c', 'a')]\": 1 }", |hand| {
        hand.rewrite().replace_key(hand.property("a", &["p", "odd"]), New::id(hand.resource("a")))
    });
}

#[test]
fn moves_members_with_their_indentation() {
    in_bicep(
        "{\n  properties: {\n    identity: {\n      type: 'x' // so\n    }\n    other: 1\n  }\n}",
        "{\n  identity: {\n    type: 'x' // so\n  }\n  properties: {\n    other: 1\n  }\n}",
        |hand| {
            hand.rewrite().move_member(
                hand.property("a", &["properties", "identity"]),
                hand.at("a", &[]),
                At::Before("properties"),
            )
        },
    );
    in_json(
        "      \"properties\": {\n        \"other\": 1,\n        \"identity\": {\n          \"type\": \"x\"\n        }\n      }",
        "      \"identity\": {\n        \"type\": \"x\"\n      },\n      \"properties\": {\n        \"other\": 1\n      }",
        |hand| {
            hand.rewrite().move_member(
                hand.property("a", &["properties", "identity"]),
                hand.at("a", &[]),
                At::Before("properties"),
            )
        },
    );
}

#[test]
fn leaves_texts_of_several_lines_alone() {
    in_bicep(
        "{\n  properties: {\n    script: '''\n      echo\n    '''\n  }\n}",
        "{\n  script: '''\n      echo\n    '''\n  properties: {}\n}",
        |hand| {
            hand.rewrite().move_member(
                hand.property("a", &["properties", "script"]),
                hand.at("a", &[]),
                At::Before("properties"),
            )
        },
    );
}

#[test]
fn makes_resources_wait() {
    let two = |depends: &str| {
        json(&format!(
            "{depends}      \"properties\": {{}}\n    }},\n    {{\n      \"type\": \"A.B/c/d\",\n      \"apiVersion\": \"2020-01-01\",\n      \"name\": \"[concat(parameters('p'), '/child')]\""
        ))
    };
    let wait = |hand: &Hand<'_>| {
        let child = ResourceRef { index: 1, ..hand.resource("a") };
        Target::Declared(child)
    };
    let after =
        two("      \"dependsOn\": [\n        \"[resourceId('A.B/c/d', parameters('p'), 'child')]\"\n      ],\n");
    assert_eq!(
        rewrite("main.json", &two(""), |hand| hand.rewrite().depend(hand.resource("a"), wait(hand))),
        Some(after)
    );
    let before = two("      \"dependsOn\": [ \"x\" ],\n");
    let after = two("      \"dependsOn\": [ \"x\", \"[resourceId('A.B/c/d', parameters('p'), 'child')]\" ],\n");
    assert_eq!(
        rewrite("main.json", &before, |hand| hand.rewrite().depend(hand.resource("a"), wait(hand))),
        Some(after)
    );

    let other = "resource b 'A.B/c@2020-01-01' = {\n}\n";
    let actual = rewrite("main.bicep", &format!("{}{other}", bicep("{\n}")), |hand| {
        hand.rewrite().depend(hand.resource("a"), Target::Declared(hand.resource("b")))
    });
    assert_eq!(actual, Some(format!("{}{other}", bicep("{\n  dependsOn: [\n    b\n  ]\n}"))));
}

#[test]
fn refers_to_extensions_by_what_they_extend() {
    let text = json(
        "      \"properties\": {}\n    },\n    {\n      \"type\": \"Microsoft.Authorization/roleAssignments\",\n      \"apiVersion\": \"2022-04-01\",\n      \"scope\": \"[format('A.B/c/{0}', parameters('p'))]\",\n      \"name\": \"[guid('x')]\"",
    );
    let actual = rewrite("main.json", &text, |hand| {
        let role = ResourceRef { index: 1, ..hand.resource("a") };
        hand.rewrite().insert(hand.at("a", &["properties"]), At::Last, "id", New::id(role))
    });
    let id = "\"[extensionResourceId(resourceId('A.B/c', parameters('p')), 'Microsoft.Authorization/roleAssignments', guid('x'))]\"";
    assert!(actual.clone().unwrap().contains(id), "{actual:?}");
}

fn identity(symbol: &str) -> NewResource {
    let head = ResourceHead {
        symbol: symbol.to_owned(),
        resource_type: "M.I/u".to_owned(),
        api_version: "2023-01-31".to_owned(),
        name: vec![New::str("mi")],
        scope: None,
    };
    NewResource { head, members: vec![(New::str("location"), New::str("here"))], depends_on: Vec::new() }
}

#[test]
fn declares_resources_and_refers_to_them() {
    let build = || {
        let new = identity("mi");
        let target = Target::Added(Box::new(new.head.clone()));
        let read = New::Read(target.clone(), vec!["properties".into(), "principalId".into()]);
        (new, target, read)
    };
    let bicep_after = "resource a 'A.B/c@2020-01-01' = {\n  p: mi.properties.principalId\n}\n\nresource mi 'M.I/u@2023-01-31' = {\n  name: 'mi'\n  location: 'here'\n}\n";
    let actual = rewrite("main.bicep", &bicep("{\n  p: 1\n}"), |hand| {
        let (new, _, read) = build();
        hand.rewrite().add_resource(ScopeId::ROOT, &new).replace(hand.at("a", &["p"]), read)
    });
    assert_eq!(actual.as_deref(), Some(bicep_after));
    let actual = rewrite("main.json", &json("      \"p\": 1"), |hand| {
        let (new, target, read) = build();
        hand.rewrite()
            .add_resource(ScopeId::ROOT, &new)
            .replace(hand.at("a", &["p"]), read)
            .depend(hand.resource("a"), target)
    });
    let after = json(
        "      \"p\": \"[reference(resourceId('M.I/u', 'mi'), '2023-01-31').principalId]\",\n      \"dependsOn\": [\n        \"[resourceId('M.I/u', 'mi')]\"\n      ]\n    },\n    {\n      \"type\": \"M.I/u\",\n      \"apiVersion\": \"2023-01-31\",\n      \"name\": \"mi\",\n      \"location\": \"here\"",
    );
    assert_eq!(actual, Some(after));
}

#[test]
fn symbolic_json_is_written_symbolically() {
    let before = "{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"languageVersion\": \"2.0\",\n  \"contentVersion\": \"1.0.0.0\",\n  \"resources\": {\n    \"a\": {\n      \"type\": \"A.B/c\",\n      \"apiVersion\": \"2020-01-01\",\n      \"name\": \"x\"\n    }\n  }\n}\n";
    let actual = rewrite("main.json", before, |hand| {
        let new = identity("mi");
        let target = Target::Added(Box::new(new.head.clone()));
        hand.rewrite().add_resource(ScopeId::ROOT, &new).depend(hand.resource("a"), target)
    });
    let after = before.replace("\"name\": \"x\"\n    }", "\"name\": \"x\",\n      \"dependsOn\": [\n        \"mi\"\n      ]\n    },\n    \"mi\": {\n      \"type\": \"M.I/u\",\n      \"apiVersion\": \"2023-01-31\",\n      \"name\": \"mi\",\n      \"location\": \"here\"\n    }");
    assert_eq!(actual, Some(after));
}

#[test]
fn declares_parameters_and_variables() {
    let actual = rewrite("main.bicep", "param old string\n\nvar v = 1\n", |hand| {
        hand.rewrite().add_parameter(ScopeId::ROOT, "new", "bool", Some(New::Bool(true))).add_variable(
            ScopeId::ROOT,
            "w",
            &New::Int(2),
        )
    });
    let actual = actual.unwrap();
    assert!(actual.contains("param new bool = true\n") && actual.contains("var w = 2\n"), "{actual}");
    let actual = rewrite("main.json", &json("      \"p\": 1"), |hand| {
        hand.rewrite().add_parameter(ScopeId::ROOT, "new", "string", Some(New::str("[x]")))
    });
    let after = json("      \"p\": 1").replacen("{\n", "{\n  \"parameters\": {\n    \"new\": {\n      \"type\": \"string\",\n      \"defaultValue\": \"[[x]\"\n    }\n  },\n", 1);
    assert_eq!(actual, Some(after));
}

#[test]
fn drops_parameters_nothing_uses_any_more() {
    fn drop<'a>(hand: &Hand<'a>) -> Rewrite<'a> {
        hand.rewrite()
            .remove_property(hand.at("a", &[]), "p")
            .drop_parameter_if_unused(ScopeId::ROOT, &Name::from("secret"))
    }
    let file = |parameter: &str, body: &str| format!("{parameter}param other string\n\n{}", bicep(body));
    let parameter = "@secure()\nparam secret string\n";
    assert_eq!(
        rewrite("main.bicep", &file(parameter, "{\n  p: secret\n  q: 1\n}"), drop),
        Some(file("", "{\n  q: 1\n}"))
    );
    let used = file(parameter, "{\n  p: secret\n  q: secret\n}");
    assert_eq!(rewrite("main.bicep", &used, drop), Some(file(parameter, "{\n  q: secret\n}")));
    // What is copied elsewhere by the same fix is used still.
    let moved = rewrite("main.bicep", &file(parameter, "{\n  p: secret\n  q: 1\n}"), |hand| {
        hand.rewrite()
            .replace(hand.at("a", &["q"]), New::Copy(hand.at("a", &["p"])))
            .remove_property(hand.at("a", &[]), "p")
            .drop_parameter_if_unused(ScopeId::ROOT, &Name::from("secret"))
    });
    assert_eq!(moved, Some(file(parameter, "{\n  q: secret\n}")));
}

#[test]
fn refuses_what_cannot_be_done() {
    // A resource of a loop has no ID of its own.
    let text = "resource b 'A.B/c@2020-01-01' = [for i in range(0, 2): {\n  name: 'b${i}'\n}]\n";
    let text = format!("{}{text}", bicep("{\n  p: 1\n}"));
    assert_eq!(
        rewrite("main.bicep", &text, |hand| hand.rewrite().replace(hand.at("a", &["p"]), New::id(hand.resource("b")))),
        None
    );
    // No object, no members.
    assert_eq!(rewrite("main.bicep", &bicep("{\n  p: 1\n}"), |hand| put(hand, &["p"], At::Last)), None);
    // Edits that overlap.
    assert_eq!(
        rewrite("main.bicep", &bicep("{\n  p: 1\n}"), |hand| {
            hand.rewrite().replace(hand.at("a", &["p"]), New::Null).replace(hand.at("a", &["p"]), New::Null)
        }),
        None
    );
}

#[test]
fn finds_names_that_are_free() {
    let files = workspace(&[("main.bicep", "param mi string\nvar MI2 = [for mi3 in []: mi3]\n")]);
    let eval = Evaluator::new(&files, FileId(0)).unwrap();
    assert_eq!(unused_name(&eval, ScopeId::ROOT, "mi"), "mi4");
    assert_eq!(unused_name(&eval, ScopeId::ROOT, "kmi"), "kmi");
    assert!(matches!(eval.template(ScopeId::ROOT).names.get(&Name::from("mi")), Some(Declaration::Parameter(_))));
}
