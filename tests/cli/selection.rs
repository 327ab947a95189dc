use crate::common::{BROKEN, GOOD, JSON, MISSPELT, Project, codes};

#[test]
fn rules_are_chosen_by_code_or_family() {
    let project = Project::new(&[("a.bicep", MISSPELT)]);
    let found = |arguments: &[&str]| project.check_json(arguments).1["diagnostics"].as_array().unwrap().len();
    assert_eq!(found(&[]), 1);
    assert_eq!(found(&["--ignore", "unknown-rule-in-suppression"]), 0);
    assert_eq!(found(&["--ignore", "document"]), 0);
    assert_eq!(found(&["--select", "identity,kubelet"]), 0);
    assert_eq!(found(&["--select", "identity", "--extend-select", "unknown-rule-in-suppression"]), 1);
    assert_eq!(found(&["--ignore", "document", "--select", "unknown-rule-in-suppression"]), 1, "the more exact one");
}

#[test]
fn what_is_not_worth_a_look_is_left_out() {
    let project = Project::new(&[("a.bicep", MISSPELT), ("b.bicep", BROKEN)]);
    let found = |least: &str| codes(&project.check_json(&["--min-severity", least]).1).len();
    assert_eq!((found("error"), found("warning"), found("info")), (1, 2, 2));
    let arguments = ["check", "a.bicep", "--fail-on", "warning", "--min-severity", "error"];
    project.run(&arguments).code(0).prints("nothing found");
}

#[test]
fn what_is_silenced_can_be_seen() {
    let silenced = "// akslint: ignore[unknown-rule-in-suppression] why\nparam a string // akslint: ignore[no-such]\n";
    let script = "# akslint: ignore[cli-flag-typo] old\naz aks create \\\n  --enable-managed-identiy\n";
    let project = Project::new(&[("a.bicep", silenced), ("b.sh", script)]);
    assert_eq!(codes(&project.check_json(&[]).1), [] as [&str; 0]);
    let found = codes(&project.check_json(&["--no-suppressions"]).1);
    assert_eq!(found, ["a.bicep unknown-rule-in-suppression", "b.sh cli-flag-typo"]);
}

#[test]
fn a_baseline_hides_what_is_known_though_it_moves() {
    let project = Project::new(&[("a.bicep", BROKEN)]);
    project.run(&["check", "--write-baseline", "known.json"]).code(0).complains("1 diagnostic written");
    project.run(&["check", "--baseline", "known.json"]).code(0).prints("1 in the baseline");
    project.write("a.bicep", format!("// moved\n\n{BROKEN}"));
    project.run(&["check", "--baseline", "known.json"]).code(0);
    project.write("a.bicep", format!("{BROKEN}param other =\n"));
    let (code, report) = project.check_json(&["--baseline", "known.json"]);
    assert_eq!((code, codes(&report)), (1, vec!["a.bicep syntax-error".into()]));
    project.run(&["check", "--baseline", "a.bicep"]).code(2).complains("no baseline");
    project.run(&["check", "--baseline", "absent"]).code(2).complains("absent");
}

#[test]
fn a_baseline_says_what_is_mended() {
    let project = Project::new(&[("a.bicep", BROKEN), ("b.bicep", BROKEN), ("gone.bicep", BROKEN)]);
    project.run(&["check", "--write-baseline", "known.json"]).code(0);
    let complaint = |arguments: &[&str]| {
        let arguments = [&["check", "--baseline", "known.json"], arguments].concat();
        project.run(&arguments).code(0).stderr
    };
    assert_eq!(complaint(&[]), "");
    project.write("a.bicep", GOOD);
    std::fs::remove_file(project.path("gone.bicep")).unwrap();
    let expected = "akslint: 2 diagnostics of known.json no longer found; --write-baseline known.json forgets them\n";
    assert_eq!(complaint(&[]), expected);
    assert_eq!(complaint(&["b.bicep"]), expected.replace("2 diagnostics", "1 diagnostic"), "the file that is gone");
    assert_eq!(complaint(&["--select", "identity"]), "", "what is not looked for is not missed");
    assert_eq!(complaint(&["--quiet"]), "");
}

#[test]
fn all_there_is_can_be_silenced_in_the_files() {
    let bicep = GOOD.replace("  identity: {\n    type: 'SystemAssigned'\n  }\n", "");
    let cluster = r#"{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2026-01-01",
      "name": "a",
      "location": "b",
      "properties": { "dnsPrefix": "a" }
    }"#;
    let json = JSON.replace("[]", &format!("[\n    {cluster}\n  ]"));
    let project = Project::new(&[("a.bicep", &bicep), ("a.json", &json), ("b.bicep", BROKEN)]);
    let before = codes(&project.check_json(&[]).1);
    for file in ["a.bicep", "a.json"] {
        assert!(before.contains(&format!("{file} no-cluster-identity")), "{before:?}");
    }
    let run = project.run(&["check", "--add-ignore", "known since\n2024"]).code(0);
    run.complains("silenced in 2 files").complains("1 diagnostic cannot be silenced");
    assert_eq!(codes(&project.check_json(&[]).1), ["b.bicep syntax-error"]);
    assert!(project.read("a.bicep").contains("no-cluster-identity] known since 2024"), "{}", project.read("a.bicep"));
    assert!(project.read("a.json").contains("known since 2024"), "{}", project.read("a.json"));
    assert_eq!(project.read("b.bicep"), BROKEN);
    project.write("akslint.toml", "unsuppressible = ['all']");
    project.write("a.bicep", &bicep);
    project.run(&["check", "--add-ignore", "x", "a.bicep"]).code(0).complains("0 diagnostics silenced in 0 files");
    assert_eq!(project.read("a.bicep"), bicep);
}

#[test]
fn a_limit_hides_diagnostics_from_the_list_only() {
    let project = Project::new(&[("a.bicep", "param a =\nparam b =\nparam c =\n")]);
    let run = project.run(&["check", "--max-findings", "1", "--format", "concise"]).code(1);
    assert_eq!(run.stdout.matches("syntax-error").count(), 1, "{run:?}");
    run.prints("3 errors").prints("2 diagnostics not shown");
    project.run(&["check", "--max-findings", "0"]).code(1);
}

#[test]
fn a_limit_leaves_what_programs_read_whole() {
    let arm = |name: &str| {
        format!(
            r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [ {name}, {name} ] "#
        )
    };
    let json = arm(r#"{ "type": , }"#);
    for (file, text) in [("a.bicep", "param a =\nparam b =\nparam c =\n"), ("a.json", json.as_str())] {
        let project = Project::new(&[(file, text)]);
        let all = project.run(&["check", "--format", "json-lines"]).code(1).stdout.lines().count();
        assert!(all > 1, "{file}");
        let args =
            ["check", "--max-findings", "1", "--output-file", "sarif=out.sarif", "--output-file", "concise=out.txt"];
        let run = project.run(&args).code(1);
        assert_eq!(run.stdout.matches("[syntax-error]").count(), 1, "{run:?}");
        assert_eq!(project.read("out.sarif").matches("\"ruleId\": \"syntax-error\"").count(), all, "{file}");
        let list = project.read("out.txt");
        assert_eq!(list.matches("[syntax-error]").count(), all, "{file}");
        assert!(!list.contains("not shown"), "{list}");
        for format in ["json-lines", "sarif"] {
            let run = project.run(&["check", "--max-findings", "1", "--format", format]).code(1);
            let whole = project.run(&["check", "--format", format]).code(1);
            assert_eq!(run.stdout, whole.stdout, "{format}");
        }
        let run = project.run(&["check", "--max-findings", "1", "--statistics"]).code(1);
        assert_eq!(run.stdout, project.run(&["check", "--statistics"]).code(1).stdout);
    }
}
