//! Ranges lead back to what is written.

use syntax::{Language, SourceText};

use super::{arm_cluster, template};
use crate::Template;
use crate::expr::{Expr, ExprId, Member};
use crate::workspace::SourceFile;

/// The written text of each property of each object with its value, in the order lowered.
fn properties<'t>(template: &Template, text: &'t str) -> Vec<(&'t str, &'t str, &'t str)> {
    let slice = |id: ExprId| &text[template.exprs.range(id)];
    let objects = template.exprs.iter().filter_map(|(_, expr)| match expr {
        Expr::Object(object) => Some(object),
        _ => None,
    });
    objects
        .flat_map(|object| &object.members)
        .filter_map(|member| match member {
            Member::Property(property) => Some((slice(property.key), slice(property.value), &text[property.range])),
            Member::Spread { .. } => None,
        })
        .collect()
}

#[test]
fn properties_of_json_are_what_is_written() {
    let text =
        arm_cluster(r#""identity" : { "[parameters('x')]": {}, "t": "[createObject('k', json('{\"q\": 1}'))]" }"#);
    let template = template(Language::Json, &text);
    let found = properties(&template, &text);
    assert!(found.contains(&(r#""[parameters('x')]""#, "{}", r#""[parameters('x')]": {}"#)), "{found:?}");
    assert!(found.contains(&("'k'", r#"json('{\"q\": 1}')"#, r#"'k', json('{\"q\": 1}')"#)), "{found:?}");
    assert!(found.contains(&(r#"\"q\""#, "1", r#"\"q\": 1"#)), "{found:?}");
    assert!(found.contains(&(
        r#""t""#,
        r#""[createObject('k', json('{\"q\": 1}'))]""#,
        r#""t": "[createObject('k', json('{\"q\": 1}'))]""#
    )));
}

#[test]
fn properties_of_bicep_are_what_is_written() {
    let text = "var a = {\n  b: 'c' // note\n  '${d}': [ 1 ]\n}\nvar d = 'é'\n";
    let template = template(Language::Bicep, text);
    assert_eq!(properties(&template, text), [("b", "'c'", "b: 'c'"), ("'${d}'", "[ 1 ]", "'${d}': [ 1 ]")]);
}

#[test]
fn embedded_expressions_are_the_inner_ones() {
    let check = |language, text: &str, outer: &str, inner: &str| {
        let template = template(language, text);
        let embedded = |wanted: &str| {
            let found: Vec<bool> = template
                .exprs
                .iter()
                .filter(|(id, _)| &text[template.exprs.range(*id)] == wanted)
                .map(|(id, _)| template.exprs.is_embedded(id))
                .collect();
            assert!(!found.is_empty(), "{wanted}");
            found
        };
        assert_eq!(embedded(outer), [false]);
        assert_eq!(embedded(inner), [true]);
    };
    let json = arm_cluster(r#""x": "[concat('a', parameters('é'))]""#);
    check(Language::Json, &json, r#""[concat('a', parameters('é'))]""#, "parameters('é')");
    check(Language::Bicep, "var a = 'x${b}'\nvar b = 1\n", "'x${b}'", "b");
}

#[test]
fn names_types_and_versions_are_found() {
    let text = "@secure()\nparam p string\nresource mi 'A.B/c@2023-01-31' existing = {\n  name: 'mi'\n}\nvar m = mi.properties.id\n";
    let template = template(Language::Bicep, text);
    let resource = &template.resources[0];
    assert_eq!(&text[template.parameters[0].range], "@secure()\nparam p string");
    assert_eq!(&text[template.parameters[0].type_range], "string");
    assert_eq!(&text[resource.type_range], "A.B/c");
    assert_eq!(&text[template.exprs.range(resource.api_version.unwrap())], "2023-01-31");
    assert_eq!(&text[resource.header], "resource mi 'A.B/c@2023-01-31'");
    let Expr::Member { name_range, .. } = template.expr(template.variables[0].value) else { panic!() };
    assert_eq!(&text[*name_range], "id");
}

#[test]
fn insertion_points_are_between_declarations() {
    let text = "targetScope = 'resourceGroup'\n\n// the name\nparam a string\nvar b = 1\n\n// the cluster\nresource r 'A.B/c@1' = {}\n";
    let insertion = template(Language::Bicep, text).insertion;
    let at = |range: Option<text_size::TextRange>| &text[usize::from(range.unwrap().start())..];
    assert!(at(insertion.parameters).starts_with("var b"));
    assert!(at(insertion.variables).starts_with("\n// the cluster"));
    assert_eq!(at(insertion.resources), "");
    let text = "metadata m = 'x'\n// the cluster\nresource r 'A.B/c@1' = {}";
    let insertion = template(Language::Bicep, text).insertion;
    let at = |range: Option<text_size::TextRange>| &text[usize::from(range.unwrap().start())..];
    assert!(at(insertion.parameters).starts_with("// the cluster"));
    let text = arm_cluster("\"x\": 1");
    let insertion = template(Language::Json, &text).insertion;
    assert!(
        text[insertion.resources.unwrap()].starts_with("[ {") && text[insertion.resources.unwrap()].ends_with("} ]")
    );
    assert!(text[usize::from(insertion.sections.unwrap())..].starts_with(" \"$schema\""));
    assert_eq!(insertion.variables, None);
}

#[test]
fn errors_of_expressions_are_errors_of_the_file() {
    let text = arm_cluster("\"a\": \"\\u005bconcat('é', )]\"");
    let file = SourceFile::parse("main.json", SourceText::new(text.as_str()));
    let [error] = file.syntax_errors.as_slice() else { panic!("{:?}", file.syntax_errors) };
    assert_eq!(usize::from(error.range.end()), text.find(")]").unwrap(), "{error:?}");
}

#[test]
fn other_json_is_not_parsed() {
    let file = SourceFile::parse("package.json", SourceText::new("{ \"name\": \"x\", "));
    assert!(!file.has_tree() && file.template.is_none() && file.syntax_errors.is_empty());
    assert_eq!(file.language(), Some(Language::Json));
}

#[test]
fn a_tree_that_was_let_go_of_is_parsed_again() {
    for (path, text) in
        [("main.bicep", "param a string\n"), ("a.json", r#"{"$schema":"x/deploymentTemplate.json#","a":1}"#)]
    {
        let file = SourceFile::parse(path, SourceText::new(text));
        let sexp = file.tree().unwrap().root().to_sexp();
        let file = file.letting_go_of_tree();
        assert!(file.has_tree() && file.template.is_some());
        assert_eq!(file.tree().unwrap().root().to_sexp(), sexp);
    }
    let script = SourceFile::parse("a.sh", SourceText::new("az aks list")).letting_go_of_tree();
    assert!(!script.has_tree() && script.tree().is_none());
}
