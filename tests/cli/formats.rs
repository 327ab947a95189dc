//! One snapshot per format, of a report made by hand: it must not change because a rule does.

use std::path::Path;
use std::sync::Arc;

use akslint::check::report::{Format, Places, Report, Style, Summary, Unreadable};
use clap::ValueEnum;
use rules::{Applicability, Confidence, Diagnostic, Family, FileEdit, Fix, Related, Severity, Suppressed};
use serde_json::Value;
use syntax::{SourceText, TextEdit, TextRange, TextSize};
use template::workspace::{FileId, Location, SourceFile, Workspace};

const MAIN: &str = "\
resource aks 'Microsoft.ContainerService/managedClusters@2026-01-01' = {
  identity: { type: 'UserAssigned' } // größer, 𝒳
  properties: {
  }
}
";

const OTHER: &str = "param kubelet string\n\tparam name string\n";

/// The range of the first `text` in a file.
fn at(file: u32, text: &str) -> Location {
    let start = [MAIN, OTHER][file as usize].find(text).unwrap();
    let start = TextSize::try_from(start).unwrap();
    Location { file: FileId(file), range: TextRange::at(start, TextSize::of(text)) }
}

fn workspace() -> Workspace {
    let file = |path: &str, text: &str| Arc::new(SourceFile::parse(path, SourceText::new(text)));
    Workspace::new(vec![file("clusters/main.bicep", MAIN), file("clusters/a b,c;[1]:%.bicep", OTHER)])
}

fn diagnostics() -> Vec<Diagnostic> {
    let end_of_properties = at(0, "\n  }\n}").range.start();
    vec![
        Diagnostic {
            code: "user-assigned-without-ids",
            family: Family::Identity,
            severity: Severity::Error,
            confidence: Confidence::Always,
            message: "`identity.userAssignedIdentities` is missing, though `identity.type` is `UserAssigned`".into(),
            help: Some("List the ID of the identity, or use `SystemAssigned`".into()),
            location: at(0, "'UserAssigned'"),
            related: vec![
                Related { location: at(0, "resource aks"), message: "of this cluster".into() },
                Related { location: at(1, "kubelet"), message: "an identity is declared here".into() },
            ],
            fixes: vec![
                Fix {
                    title: "Use `SystemAssigned`".into(),
                    applicability: Applicability::Unsafe,
                    edits: vec![FileEdit {
                        file: FileId(0),
                        edit: TextEdit::replace(at(0, "'UserAssigned'").range, "'SystemAssigned'"),
                    }],
                    copied: Vec::new(),
                },
                Fix {
                    title: "Add a place to fill in".into(),
                    applicability: Applicability::DisplayOnly,
                    edits: vec![FileEdit { file: FileId(0), edit: TextEdit::insert(end_of_properties, "…") }],
                    copied: Vec::new(),
                },
            ],
            tag: None,
        },
        Diagnostic {
            code: "kubelet-key-casing",
            family: Family::Kubelet,
            severity: Severity::Warning,
            confidence: Confidence::Conditional("`useKubelet` is true".into()),
            message: "50% of | this <b>".into(),
            help: None,
            location: at(0, "𝒳\n  properties: {\n  }"),
            related: Vec::new(),
            fixes: Vec::new(),
            tag: None,
        },
        Diagnostic {
            // The list of rules grows, but never by this: what has no rule has no place in SARIF's list of them.
            code: "of-no-rule",
            family: Family::Identity,
            severity: Severity::Hint,
            confidence: Confidence::Always,
            message: "parameter `name` is not used".into(),
            help: None,
            location: at(1, "name"),
            related: Vec::new(),
            fixes: vec![Fix {
                title: "Remove it".into(),
                applicability: Applicability::Safe,
                edits: vec![FileEdit { file: FileId(1), edit: TextEdit::delete(at(1, "\tparam name string\n").range) }],
                copied: Vec::new(),
            }],
            tag: None,
        },
    ]
}

fn render(format: Format, color: bool) -> String {
    let workspace = workspace();
    let places = Places::new(&workspace, Path::new("/work"));
    let diagnostics = diagnostics();
    let mut silenced = diagnostics[2].clone();
    silenced.location = at(1, "kubelet");
    let suppressed = [Suppressed { diagnostic: silenced, reason: Some("used by \"scripts\"".into()) }];
    let unreadable = [Unreadable { path: "clusters/<old>.json".into(), reason: "saved as UTF-16".into() }];
    let report = Report {
        workspace: &workspace,
        diagnostics: &diagnostics,
        summary: Summary {
            files: 2,
            clusters: 1,
            error: 1,
            warning: 1,
            hint: 1,
            fixable: 1,
            unsafe_fixable: 1,
            unreadable: 1,
            ..Summary::default()
        },
        suppressed: &suppressed,
        unreadable: &unreadable,
        places: &places,
    };
    let mut out = Vec::new();
    report.render(format, Style { color, links: color, quiet: false, width: 120 }, &mut out).unwrap();
    // Where the project lives does not matter.
    String::from_utf8(out).unwrap().replace(akslint::catalog::HOME, "https://example.com")
}

#[test]
fn every_format_is_as_it_was() {
    for format in Format::value_variants() {
        let name = format.to_possible_value().unwrap().get_name().to_owned();
        let mut text = render(*format, false);
        if *format == Format::Sarif {
            // The list of rules grows; a test of its own looks at it, and at the places in it.
            let mut log: Value = serde_json::from_str(&text).unwrap();
            let run = &mut log["runs"][0];
            run["tool"]["driver"]["rules"] = "…".into();
            for result in run["results"].as_array_mut().unwrap() {
                if result.get("ruleIndex").is_some() {
                    result["ruleIndex"] = "…".into();
                }
            }
            text = serde_json::to_string_pretty(&log).unwrap();
        }
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn colours_and_links_are_as_they_were() {
    insta::assert_snapshot!("text-colored", render(Format::Text, true).replace('\u{1b}', "␛"));
}

#[test]
fn the_json_object_has_these_keys_and_no_others() {
    let report: Value = serde_json::from_str(&render(Format::Json, false)).unwrap();
    let keys = |value: &Value| -> Vec<String> {
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    assert_eq!(report["version"], 1);
    assert_eq!(keys(&report), ["diagnostics", "summary", "unreadable", "version"]);
    assert_eq!(keys(&report["summary"]), ["clusters", "error", "files", "hint", "info", "unreadable", "warning"],);
    let first = &report["diagnostics"][0];
    let expected =
        ["code", "confidence", "family", "fixes", "help", "message", "path", "range", "related", "severity", "url"];
    assert_eq!(keys(first), expected);
    assert_eq!(keys(&first["range"]["start"]), ["column", "line", "offset"]);
    assert_eq!(keys(&first["related"][0]), ["message", "path", "range"]);
    assert_eq!(keys(&first["fixes"][0]), ["applicability", "edits", "title"]);
    assert_eq!(keys(&first["fixes"][0]["edits"][0]), ["newText", "path", "range"]);
}

#[test]
fn columns_count_characters_and_offsets_bytes() {
    let report: Value = serde_json::from_str(&render(Format::Json, false)).unwrap();
    let start = &report["diagnostics"][1]["range"]["start"];
    assert_eq!(start, &serde_json::json!({ "offset": 123, "line": 2, "column": 49 }));
}

#[test]
fn every_line_of_json_lines_is_an_object() {
    let text = render(Format::JsonLines, false);
    let whole: Value = serde_json::from_str(&render(Format::Json, false)).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[..3], whole["diagnostics"].as_array().unwrap()[..]);
    assert_eq!(lines[3..], whole["unreadable"].as_array().unwrap()[..]);
}

#[test]
fn sarif_describes_every_rule_and_points_at_them() {
    let log: Value = serde_json::from_str(&render(Format::Sarif, false)).unwrap();
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for key in ["id", "name", "helpUri"] {
            assert!(rule[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {rule}");
        }
        for (key, form) in [("shortDescription", "text"), ("help", "text"), ("help", "markdown")] {
            assert!(rule[key][form].as_str().is_some_and(|text| !text.is_empty()), "{key} of {rule}");
        }
    }
    let mut seen = Vec::new();
    for result in run["results"].as_array().unwrap() {
        let index = result.get("ruleIndex").map(|index| usize::try_from(index.as_u64().unwrap()).unwrap());
        assert_eq!(index, rules.iter().position(|rule| rule["id"] == result["ruleId"]), "{result}");
        seen.push(index.is_some());
    }
    assert_eq!(seen, [true, true, false, false]);
}
