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
        ("fail-on = \"warn\"", "did you mean `warning`?"),
        ("exclude = [\"a[b\"]", "`a[b` is no pattern: unclosed character class"),
        ("ignore = \"identity\"", "a list has brackets around it: [\"identity\"]"),
        ("levels = [\"identity\"]", "expected a table from rules to severities"),
        ("[[overrides]]\npaths = [\"{a\"]", "`{a` is no pattern"),
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
fn a_mistake_is_shown_in_its_line() {
    let text = "fail-on = \"error\"\n\n[levels]\nkubelet = \"info\"\nidentty = \"off\"\n";
    let project = Project::new(&[("akslint.toml", text)]);
    project.run(&["check"]).code(2).complains("\n5 | identty = \"off\"\n  | ^^^^^^^\n");
    project.write("akslint.toml", text.replace("identty", "identity").replace("off", "of"));
    project.run(&["check"]).code(2).complains("\n5 | identity = \"of\"\n  |            ^^^^\n");
    project.write("akslint.toml", "select = [\"all\"]\nignore = [\n  \"kubelet\",\n  \"comand\",\n]\n");
    let run = project.run(&["check"]).code(2);
    run.complains("\n2 | ignore = [\n").complains("`comand`; did you mean `command`?");
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
    project.write("akslint.toml", "with-bicep = true\nunsuppressible = ['all']\nexclude = ['x/']");
    let run = project.run(&["check", "--show-settings", "--fail-on", "hint", "a.bicep"]).code(0);
    let file = project.path("akslint.toml").display().to_string();
    for line in [
        format!("with-bicep = true  # {file}"),
        "conditional-errors = false  # default".to_owned(),
        "fail-on = \"hint\"  # command line".to_owned(),
        format!("exclude = [\"x/\"]  # {file}"),
        "unused-suppression = \"warning\"  # default; cannot be suppressed".to_owned(),
    ] {
        assert!(run.stdout.lines().any(|other| other == line), "no {line:?} in {}", run.stdout);
    }
}

#[test]
fn other_programs_may_have_a_table_of_their_own() {
    let project = Project::new(&[("akslint.toml", "[tool.notes]\nowner = 'platform'\n"), ("a.bicep", GOOD)]);
    project.run(&["check"]).code(0);
    project.write("akslint.toml", "[tol]\n");
    project.run(&["check"]).code(2).complains("did you mean `tool`?");
}

#[test]
fn a_rule_can_be_made_unsuppressible() {
    let silenced = GOOD.replace("resource aks", "// akslint: ignore[api-version-unknown] later\nresource aks");
    let project = Project::new(&[("a.bicep", &silenced.replace("2026-01-01", "2026-01-32"))]);
    let arguments = ["check", "--format", "concise", "--fail-on", "hint"];
    project.write("akslint.toml", "with-bicep = true");
    project.run(&arguments).code(0);
    project.write("akslint.toml", "with-bicep = true\nunsuppressible = ['schema']");
    project.run(&arguments).code(1).prints("api-version-unknown");
    let run = project.run(&["check"]);
    run.prints("nothing may silence this rule, nor does this");
}

#[test]
fn the_schema_knows_every_key_and_rule() {
    let project = Project::new(&[]);
    let schema: serde_json::Value = serde_json::from_str(&project.run(&["config", "schema"]).code(0).stdout).unwrap();
    let rules: serde_json::Value =
        serde_json::from_str(&project.run(&["rules", "--format", "json"]).code(0).stdout).unwrap();
    assert_eq!(schema["properties"]["select"]["items"]["$ref"], "#/definitions/rule");
    let words = schema["definitions"]["rule"]["enum"].as_array().unwrap();
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
