//! Forms of the domain reference, one test each, named after them; the same templates in both languages; broken texts.

mod bicep_forms;
mod edits;
mod json_forms;
mod ranges;
mod robustness;
mod twins;

use syntax::{Language, SourceText};

use super::lower_with_errors;
use crate::Template;
use crate::print::print;

/// An ARM template of these sections.
fn arm(sections: &str) -> String {
    let schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#";
    format!("{{ \"$schema\": \"{schema}\", \"contentVersion\": \"1.0.0.0\", {sections} }}")
}

/// An ARM template with one cluster that has these properties.
fn arm_cluster(properties: &str) -> String {
    let header = r#""type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "aks""#;
    arm(&format!("\"resources\": [ {{ {header}, {properties} }} ]"))
}

/// A Bicep file that declares this and a cluster that has these properties.
fn bicep_cluster(declarations: &str, properties: &str) -> String {
    let header = "resource aks 'Microsoft.ContainerService/managedClusters@2024-09-01' = {\n  name: 'aks'";
    format!("{declarations}\n{header}\n{properties}\n}}\n")
}

/// Lowers a text that must be free of syntax errors.
fn template(language: Language, text: &str) -> Template {
    let (template, errors) = lower_with_errors(&syntax::parse(language, SourceText::new(text)));
    assert!(errors.is_empty(), "{errors:#?}\n{text}");
    template.expect("it is a template")
}

/// Lowers a text with errors in it.
fn broken_template(language: Language, text: &str) -> Template {
    let (template, errors) = lower_with_errors(&syntax::parse(language, SourceText::new(text)));
    assert!(!errors.is_empty(), "{text}");
    template.expect("it is a template")
}

fn check(template: &Template, expected: &str) {
    let printed = print(template);
    let lines = |text: &str| {
        text.lines().map(str::trim_end).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut expected_lines = lines(expected);
    let indent = expected_lines.iter().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    for line in &mut expected_lines {
        *line = line.split_off(indent);
    }
    assert_eq!(lines(&printed).join("\n"), expected_lines.join("\n"));
}

fn check_json(text: &str, expected: &str) {
    check(&template(Language::Json, text), expected);
}

fn check_bicep(text: &str, expected: &str) {
    check(&template(Language::Bicep, text), expected);
}
