use crate::common::{GOOD, MISSPELT, Project};

const OFF: &str = "[levels]\nunknown-rule-in-suppression = \"off\"\n";

fn found(project: &Project, arguments: &[&str]) -> Vec<String> {
    let report = project.check_json(arguments).1;
    let diagnostics = report["diagnostics"].as_array().unwrap();
    diagnostics
        .iter()
        .map(|one| format!("{} {}", one["path"].as_str().unwrap(), one["severity"].as_str().unwrap()))
        .collect()
}

#[test]
fn the_nearest_file_counts() {
    let project = Project::new(&[
        ("akslint.toml", OFF),
        ("a.bicep", MISSPELT),
        ("sub/akslint.toml", "levels = { document = \"error\" }"),
        ("sub/deep/a.bicep", MISSPELT),
    ]);
    assert_eq!(found(&project, &[]), ["sub/deep/a.bicep error"]);
    assert_eq!(found(&project, &["--isolated"]), ["a.bicep warning", "sub/deep/a.bicep warning"]);
    assert_eq!(found(&project, &["--config", "akslint.toml"]), [] as [&str; 0]);
}

#[test]
fn a_file_builds_on_another() {
    let project = Project::new(&[
        ("base/strict.toml", "fail-on = \"info\"\n[levels]\ndocument = \"info\"\n"),
        ("akslint.toml", "extend = \"base/strict.toml\"\n"),
        ("a.bicep", MISSPELT),
    ]);
    assert_eq!(found(&project, &[]), ["a.bicep info"]);
    project.run(&["check"]).code(1);
    project.run(&["check", "--fail-on", "error"]).code(0);
}

#[test]
fn some_files_have_other_settings() {
    let project = Project::new(&[
        ("akslint.toml", "exclude = [\"vendor/\"]\n[[overrides]]\npaths = [\"test/**\"]\nignore = [\"document\"]\n"),
        ("a.bicep", MISSPELT),
        ("test/a.bicep", MISSPELT),
        ("vendor/a.bicep", MISSPELT),
    ]);
    assert_eq!(found(&project, &[]), ["a.bicep warning"]);
    assert_eq!(found(&project, &["vendor/a.bicep"]), ["vendor/a.bicep warning"], "named");
}

#[test]
fn mistakes_in_the_file_end_the_run() {
    for (text, complaint) in [
        ("lvels = {}", "did you mean `levels`?"),
        ("[levels]\nidentiy = \"off\"", "did you mean `identity`?"),
        ("[levels]\nidentity = \"loud\"", "`loud` is no level"),
        ("fail-on = \"erorr\"", "did you mean `error`?"),
        ("select = [", "akslint.toml"),
        ("extend = \"absent.toml\"", "absent.toml"),
    ] {
        let project = Project::new(&[("akslint.toml", text), ("a.bicep", GOOD)]);
        project.run(&["check"]).code(2).complains(complaint);
        project.run(&["check", "--isolated"]).code(0);
    }
    let project = Project::new(&[]);
    project.run(&["check", "--config", "absent.toml"]).code(2).complains("absent.toml");
}

#[test]
fn settings_say_where_they_come_from() {
    let project = Project::new(&[("akslint.toml", OFF), ("a.bicep", GOOD)]);
    let run = project.run(&["check", "--show-settings", "--ignore", "unused-suppression"]).code(0);
    let line = |code: &str| run.stdout.lines().find(|line| line.starts_with(code)).unwrap().to_owned();
    assert!(line("unknown-rule-in-suppression").contains("= \"off\""), "{run:?}");
    assert!(line("unknown-rule-in-suppression").ends_with("akslint.toml"), "{run:?}");
    assert!(line("unused-suppression").ends_with("= \"off\"  # command line"), "{run:?}");
    assert!(line("fail-on").ends_with("\"error\"  # default"), "{run:?}");
}

#[test]
fn the_schema_knows_every_key_and_rule() {
    let project = Project::new(&[]);
    let schema: serde_json::Value = serde_json::from_str(&project.run(&["config", "schema"]).code(0).stdout).unwrap();
    let rules: serde_json::Value =
        serde_json::from_str(&project.run(&["rules", "--format", "json"]).code(0).stdout).unwrap();
    let words = schema["properties"]["select"]["items"]["enum"].as_array().unwrap();
    for rule in rules.as_array().unwrap() {
        assert!(words.contains(&rule["code"]), "{}", rule["code"]);
    }
    // The parser names the keys it knows when it meets another one.
    project.write("akslint.toml", "x = 1");
    let run = project.run(&["check"]).code(2);
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(run.stderr.contains(&format!("`{key}`")), "{key}: {run:?}");
    }
}
