//! What the program itself prints in each format, for each exit code.

use akslint::check::report::Format;
use clap::ValueEnum;
use serde_json::Value;

use crate::common::{BROKEN, GOOD, MISSPELT, Project, Run};

/// Everything a report can have in it: an error, a warning with a fix, what is silenced, what cannot be read.
fn project() -> Project {
    let silenced = "// akslint: ignore[unknown-rule-in-suppression] the rule comes with \"2.0\"\nparam a string // akslint: ignore[no-such]\n";
    let project = Project::new(&[
        ("good.bicep", GOOD),
        ("infra/broken file.bicep", BROKEN),
        ("infra/misspelt.bicep", MISSPELT),
        ("infra/silenced.bicep", silenced),
    ]);
    project.write("infra/latin1.json", b"{ \"a\": \"\xe9\" }");
    project
}

fn name(format: Format) -> String {
    format.to_possible_value().unwrap().get_name().to_owned()
}

/// What was printed, without what differs from one version to the next.
fn scrubbed(format: Format, run: &Run) -> String {
    let mut text = run.stdout.clone();
    if format == Format::Sarif {
        let mut log: Value = serde_json::from_str(&text).unwrap();
        let driver = &mut log["runs"][0]["tool"]["driver"];
        driver["rules"] = "…".into();
        driver["semanticVersion"] = "…".into();
        for result in log["runs"][0]["results"].as_array_mut().unwrap() {
            if result.get("ruleIndex").is_some() {
                result["ruleIndex"] = "…".into();
            }
        }
        text = serde_json::to_string_pretty(&log).unwrap();
    }
    text.replace(akslint::catalog::HOME, "https://example.com")
}

#[test]
fn every_format_is_printed_as_it_was() {
    let project = project();
    for format in Format::value_variants() {
        let name = name(*format);
        let run = project.run(&["check", "--format", &name]).code(2);
        assert_eq!(run.stderr, "", "{name}");
        insta::assert_snapshot!(format!("{name}-2"), scrubbed(*format, &run));
        let run = project.run(&["check", "--format", &name, "good.bicep"]).code(0);
        assert_eq!(run.stderr, "", "{name}");
        insta::assert_snapshot!(format!("{name}-0"), scrubbed(*format, &run));
    }
}

#[test]
fn what_a_caller_causes_is_shown_at_the_caller() {
    let module = "param kind string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: resourceGroup().location
  identity: {
    type: kind
  }
  properties: {
    dnsPrefix: 'aks'
    agentPoolProfiles: [
      {
        name: 'system'
        count: 1
        vmSize: 'Standard_D4s_v5'
        mode: 'System'
      }
    ]
  }
}
";
    let call = |name, kind| {
        format!(
            "module {name} 'modules/aks.bicep' = {{\n  name: '{name}'\n  params: {{\n    kind: '{kind}'\n  }}\n}}\n"
        )
    };
    let main = call("good", "SystemAssigned") + &call("bad", "SystemAssigned, UserAssigned");
    let project = Project::new(&[("main.bicep", main.as_str()), ("modules/aks.bicep", module)]);
    let run = project.run(&["check", "--format", "text"]).code(1);
    insta::assert_snapshot!("caller-text", scrubbed(Format::Text, &run));
}

#[test]
fn every_format_ends_with_the_same_codes() {
    let project = project();
    for format in Format::value_variants() {
        let name = name(*format);
        let code = |arguments: &[&str]| project.run(&[&["check", "--format", &name], arguments].concat()).code;
        assert_eq!(code(&["good.bicep"]), 0, "{name}");
        assert_eq!(code(&["infra/misspelt.bicep"]), 0, "{name}: a warning");
        assert_eq!(code(&["infra/misspelt.bicep", "--fail-on", "warning"]), 1, "{name}");
        assert_eq!(code(&["infra/broken file.bicep"]), 1, "{name}");
        assert_eq!(code(&["infra/broken file.bicep", "--exit-zero"]), 0, "{name}");
        assert_eq!(code(&["infra"]), 2, "{name}: unreadable");
        assert_eq!(code(&["--exit-zero", "infra"]), 2, "{name}: unreadable");
        assert_eq!(code(&["absent"]), 2, "{name}");
    }
}
