use crate::common::{BROKEN, GOOD, JSON, Project, codes};

fn shown(project: &Project, arguments: &[&str]) -> Vec<String> {
    let run = project.run(&[&["check", "--show-files"], arguments].concat()).code(0);
    run.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn templates_are_known_by_content() {
    let project = Project::new(&[
        ("a.json", JSON),
        ("b.jsonc", &format!("// a comment\n{JSON}")),
        ("c.arm", JSON),
        ("d.template.txt", JSON),
        ("no-extension", JSON),
        ("main.bicep", GOOD),
        ("main.bicepparam", "using 'main.bicep'\n"),
        ("package.json", r#"{ "name": "x", "resources": "none" }"#),
        ("notes.txt", "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"),
    ]);
    let expected = ["a.json", "b.jsonc", "c.arm", "d.template.txt", "main.bicep", "main.bicepparam", "no-extension"];
    assert_eq!(shown(&project, &[]), expected);
}

#[test]
fn ignored_and_hidden_files_are_left_alone_unless_named() {
    let project = Project::new(&[
        (".gitignore", "build/\n"),
        (".ignore", "generated.json\n"),
        ("build/main.json", JSON),
        ("generated.json", JSON),
        (".hidden/main.json", JSON),
        ("main.json", JSON),
    ]);
    assert_eq!(shown(&project, &[]), ["main.json"]);
    assert_eq!(shown(&project, &["."]), ["main.json"]);
    assert_eq!(shown(&project, &["generated.json", ".hidden"]), [".hidden/main.json", "generated.json"]);
    let all = [".hidden/main.json", "build/main.json", "generated.json", "main.json"];
    assert_eq!(shown(&project, &["--no-ignore"]), all);
}

#[test]
fn patterns_exclude_what_is_found_but_not_what_is_named() {
    let project = Project::new(&[("a/x.json", JSON), ("b/y.json", JSON)]);
    assert_eq!(shown(&project, &["--exclude", "a"]), ["b/y.json"]);
    assert_eq!(shown(&project, &["--exclude", "*.json", "a/x.json"]), ["a/x.json"]);
}

#[test]
fn the_same_file_is_checked_once() {
    let project = Project::new(&[("a/main.bicep", BROKEN)]);
    let absolute = project.path("a/main.bicep");
    let (_, report) = project.check_json(&[".", "a", "./a/../a/main.bicep", absolute.to_str().unwrap()]);
    assert_eq!(codes(&report), ["a/main.bicep syntax-error"]);
    assert_eq!(report["summary"]["files"], 1);
}

#[test]
fn paths_outside_stay_as_they_are() {
    let project = Project::new(&[("sub/akslint.toml", ""), ("other/main.bicep", BROKEN)]);
    let run = project.command(&["check", "--format", "concise"]).arg(project.path("other")).run_with(b"");
    assert!(run.stdout.starts_with("other/main.bicep:1:"), "{run:?}");
}

#[test]
fn a_named_file_is_read_whatever_its_name() {
    let project = Project::new(&[("template.txt", &JSON.replace("[]", "[")), ("bicep.txt", BROKEN)]);
    project.run(&["check", "--format", "concise", "bicep.txt"]).code(1).prints("bicep.txt:1:");
    project.run(&["check", "--format", "concise", "template.txt"]).code(1).prints("template.txt:");
}

#[test]
fn a_named_file_that_is_no_template_is_mentioned() {
    let project = Project::new(&[("package.json", "{}"), ("README.md", "# Title\n"), ("broken.json", "{ \"a\": ")]);
    let run = project.run(&["check", "package.json"]).code(0);
    run.prints("0 templates").complains("package.json is neither an ARM nor a Bicep template");
    project.run(&["check", "README.md"]).code(0);
    project.run(&["check", "broken.json"]).code(2).prints("nor valid JSON: line 1");
}

#[test]
fn clusters_in_nested_deployments_count() {
    let cluster = r#"{ "type": "microsoft.containerservice/ManagedClusters", "apiVersion": "2026-01-01", "name": "a", "location": "b", "identity": { "type": "SystemAssigned" }, "properties": {} }"#;
    let nested = format!(
        r#"{{ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "n", "properties": {{ "mode": "Incremental", "template": {} }} }}"#,
        JSON.replace("[]", &format!("[{cluster}]")),
    );
    let project = Project::new(&[("main.json", &JSON.replace("[]", &format!("[{cluster}, {nested}]")))]);
    let (_, report) = project.check_json(&[]);
    assert_eq!(report["summary"]["clusters"], 2, "{report:#}");
}

#[test]
fn only_what_changed_since_a_commit_is_reported() {
    let project = Project::new(&[("old.bicep", BROKEN), ("changed.bicep", GOOD)]);
    project.git(&["init", "-q"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "first"]);
    project.write("changed.bicep", BROKEN);
    project.write("new.bicep", BROKEN);
    let (code, report) = project.check_json(&["--since", "HEAD"]);
    assert_eq!((code, codes(&report)), (1, vec!["changed.bicep syntax-error".into(), "new.bicep syntax-error".into()]));
    assert_eq!(report["summary"]["files"], 3, "all files are read, for they may refer to each other");
    project.run(&["check", "--since", "no-such-revision"]).code(2).complains("no-such-revision");
    project.run(&["check", "--since=--output=x"]).code(2).complains("is no revision");
}
