//! Broken texts.

use syntax::{Language, SourceText};

use super::{arm_cluster, broken_template, check};
use crate::lower::lower_with_errors;
use crate::print::print;

const JSON: &str = include_str!("fixtures/cluster.json");
const BICEP: &str = include_str!("fixtures/cluster.bicep");

fn lower_any(language: Language, text: &str) {
    let (template, _) = lower_with_errors(&syntax::parse(language, SourceText::new(text)));
    if let Some(template) = template {
        print(&template);
        for (id, _) in template.exprs.iter() {
            let range = template.exprs.range(id);
            assert!(
                text.get(std::ops::Range::<usize>::from(range)).is_some(),
                "{:?} at {range:?} in\n{text}",
                template.expr(id)
            );
        }
    }
}

#[test]
fn any_prefix_is_lowered() {
    for (language, text) in [(Language::Json, JSON), (Language::Bicep, BICEP), (Language::BicepParam, BICEP)] {
        for end in (0..=text.len()).filter(|&end| text.is_char_boundary(end)) {
            lower_any(language, &text[..end]);
        }
    }
}

#[test]
fn any_text_without_one_character_is_lowered() {
    for (language, text) in [(Language::Json, JSON), (Language::Bicep, BICEP)] {
        for (at, character) in text.char_indices() {
            lower_any(language, &[&text[..at], &text[at + character.len_utf8()..]].concat());
        }
    }
}

#[test]
fn deep_nesting_ends_in_unknown() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("\"[not(", "\"")] {
        let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
        lower_any(Language::Json, &arm_cluster(&format!("\"x\": {deep}")));
    }
    let calls = format!("\"[{}1{}]\"", "not(".repeat(100_000), ")".repeat(100_000));
    lower_any(Language::Json, &arm_cluster(&format!("\"x\": {calls}")));
    let children = "{ \"type\": \"A.B/c\", \"resources\": [";
    lower_any(
        Language::Json,
        &super::arm(&format!("\"resources\": [{}{}]", children.repeat(10_000), "]}".repeat(10_000))),
    );
    let nested = "{ \"type\": \"Microsoft.Resources/deployments\", \"properties\": { \"template\": { \"resources\": [";
    lower_any(
        Language::Json,
        &super::arm(&format!("\"resources\": [{}{}]", nested.repeat(10_000), "]}}}".repeat(10_000))),
    );
    for (open, close) in [
        ("[", "]"),
        ("{ a: ", " }"),
        ("!", ""),
        ("(", ")"),
        ("f(", ")"),
        ("a ? ", " : b"),
        ("'${", "}'"),
        ("x => ", ""),
    ] {
        lower_any(Language::Bicep, &format!("var x = {}1{}\n", open.repeat(100_000), close.repeat(100_000)));
    }
    lower_any(Language::Bicep, &format!("var x = a{}\n", ".b".repeat(100_000)));
    lower_any(Language::Bicep, &format!("var x = a{}\n", " + 1".repeat(100_000)));
    let resource = "resource r 'A.B/c@1' = {\n".repeat(2_000);
    lower_any(Language::Bicep, &format!("{resource}{}", "}\n".repeat(2_000)));
    lower_any(Language::Bicep, &format!("param p {}string{}\n", "(".repeat(50_000), ")".repeat(50_000)));
}

#[test]
fn types_that_name_themselves_are_unknown() {
    check(&super::template(Language::Bicep, "type a = b\ntype b = a?\nparam p a\n"), "param p other?");
}

#[test]
fn half_typed_lines_leave_their_neighbours_alone() {
    check(
        &broken_template(
            Language::Bicep,
            "param a string\nresource aks 'Microsoft.ContainerService/managedClusters@2024-09-01' = {\n  name: 'aks'\n  identity: {\n    type:\n    userAssignedIdentities: a.\n  }\n  location: a\n  tags: union(a,\n}\nvar b = \nvar c = a\nparam d string =\n",
        ),
        "
        param a string
        param d string = <syntax error>
        var b = <syntax error>
        var c = param.a
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: <syntax error>, userAssignedIdentities: <syntax error> }
          location: param.a
          tags: <syntax error>
        ",
    );
    check(
        &broken_template(
            Language::Json,
            &arm_cluster(r#""identity": { "type": , "x": "[concat('a', ]" }, "a": "[parameters('p')", "b": "[f(1)]""#),
        ),
        "
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: <syntax error>, x: <syntax error> }
          a: <syntax error>
          b: f(1)
        ",
    );
}

#[test]
fn only_the_broken_part_of_an_expression_is_unknown() {
    check(
        &broken_template(Language::Json, &arm_cluster(r#""a": "[if(parameters('p'), , createObject('k', 1 + 2))]""#)),
        "
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: (param.p ? <syntax error> : <syntax error>)
        ",
    );
}

#[test]
fn a_forgotten_brace_makes_what_is_around_unknown() {
    check(
        &broken_template(
            Language::Bicep,
            "resource aks 'Microsoft.ContainerService/managedClusters@2024-09-01' = {\n  name: 'aks'\n  identity: {\n    type: 'SystemAssigned'\n  properties: {\n    dnsPrefix: 'aks'\n  }\n}\n\nvar a = 1\n",
        ),
        "
        var a = 1
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: 'SystemAssigned' (damaged) }
          (damaged)
        ",
    );
    let json = "{\n  \"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n  \"resources\": [\n    {\n      \"type\": \"Microsoft.ContainerService/managedClusters\",\n      \"name\": \"aks\",\n      \"identity\": {\n        \"type\": \"SystemAssigned\",\n      \"properties\": {\n        \"dnsPrefix\": \"aks\"\n      }\n    }\n  ]\n}\n";
    check(
        &broken_template(Language::Json, json),
        "
        resource Microsoft.ContainerService/managedClusters
          name: 'aks'
          identity: { type: 'SystemAssigned' (damaged) }
          properties: { dnsPrefix: 'aks' }
        ",
    );
}
