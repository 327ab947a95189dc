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
fn ignored_files_are_left_alone_unless_named() {
    let project = Project::new(&[
        (".gitignore", "build/\n"),
        (".ignore", "generated.json\n"),
        ("build/main.json", JSON),
        ("generated.json", JSON),
        ("main.json", JSON),
    ]);
    assert_eq!(shown(&project, &[]), ["main.json"]);
    assert_eq!(shown(&project, &["."]), ["main.json"]);
    assert_eq!(shown(&project, &["generated.json", "build"]), ["build/main.json", "generated.json"]);
    assert_eq!(shown(&project, &["--no-ignore"]), ["build/main.json", "generated.json", "main.json"]);
}

#[test]
fn hidden_folders_are_searched_but_not_those_of_version_control() {
    let deploy = "steps:\n- run: az aks create --name a --resource-group b\n";
    let project = Project::new(&[
        (".gitignore", ".cache/\n"),
        (".azure-pipelines/main.json", JSON),
        (".github/workflows/deploy.yml", deploy),
        (".cache/main.json", JSON),
        (".git/main.json", JSON),
        ("sub/.hg/main.json", JSON),
        ("sub/.svn/main.json", JSON),
        ("sub/.jj/main.json", JSON),
    ]);
    assert_eq!(shown(&project, &[]), [".azure-pipelines/main.json", ".github/workflows/deploy.yml"]);
    let all = [".azure-pipelines/main.json", ".cache/main.json", ".github/workflows/deploy.yml"];
    assert_eq!(shown(&project, &["--no-ignore"]), all);
    assert_eq!(shown(&project, &["sub/.hg"]), ["sub/.hg/main.json"], "named");
}

#[test]
fn patterns_exclude_what_is_found_but_not_what_is_named() {
    let project = Project::new(&[("a/x.json", JSON), ("b/y.json", JSON)]);
    assert_eq!(shown(&project, &["--exclude", "a"]), ["b/y.json"]);
    assert_eq!(shown(&project, &["--exclude", "*.json", "a/x.json"]), ["a/x.json"]);
    let run = project.run(&["check", "--exclude", "a[b"]).code(2);
    run.complains("--exclude: `a[b` is no pattern: unclosed character class");
    project.run(&["check", "a/*.json"]).code(2).prints("patterns are the shell's");
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
fn what_depends_on_a_change_is_reported_with_it() {
    let caller = format!("module m 'm.bicep' = {{\n  name: 'm'\n}}\n{BROKEN}");
    let project = Project::new(&[
        ("m.bicep", "param a string\n"),
        ("caller.bicep", &caller),
        ("caller.bicepparam", &format!("using 'caller.bicep'\n{BROKEN}")),
        ("gone.bicep", "param b string\n"),
        ("left.bicep", &caller.replace("m.bicep", "gone.bicep")),
        ("other.bicep", BROKEN),
    ]);
    project.git(&["init", "-q"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "first"]);
    project.write("m.bicep", "param a int\n");
    std::fs::remove_file(project.path("gone.bicep")).unwrap();
    let (_, report) = project.check_json(&["--since", "HEAD"]);
    let mut files: Vec<_> = codes(&report).iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    files.dedup();
    assert_eq!(files, ["caller.bicep", "caller.bicepparam", "left.bicep"]);
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
    project.write("akslint.toml", "");
    assert_eq!(codes(&project.check_json(&["--since", "HEAD"]).1).len(), 3, "the configuration of all changed");
    project.run(&["check", "--since", "no-such-revision"]).code(2).complains("no-such-revision");
    project.run(&["check", "--since=--output=x"]).code(2).complains("is no revision");
}

#[test]
fn what_git_cannot_say_is_explained() {
    let project = Project::new(&[("main.bicep", GOOD)]);
    let run = project.run(&["check", "--since", "HEAD"]).code(2);
    assert!(run.stderr.lines().count() == 1, "not the options of git: {run:?}");
    run.complains("--since needs a git repository");
    project.git(&["init", "-q"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "first"]);
    project.git(&["commit", "-q", "-m", "second", "--allow-empty"]);
    project.git(&["clone", "-q", "--depth=1", &format!("file://{}", project.root().display()), "shallow"]);
    project.run(&["check", "--since", "HEAD~1"]).code(0);
    let run = project.command(&["check", "--since", "HEAD~1"]).in_folder(&project.path("shallow")).run_with(b"");
    run.code(2).complains("this clone is shallow").complains("fetch-depth: 0");
    let run = project.command(&["check", "--since", "HEAD"]).env("PATH", "/nowhere").run_with(b"").code(2);
    run.complains("cannot run git for --since");
}

#[test]
fn a_renamed_module_is_a_change_of_its_callers() {
    let caller = format!("module m 'm.bicep' = {{\n  name: 'm'\n}}\n{BROKEN}");
    let project = Project::new(&[("m.bicep", GOOD), ("caller.bicep", &caller), ("other.bicep", BROKEN)]);
    project.git(&["init", "-q"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "first"]);
    let run = project.run(&["check", "--since", "HEAD"]).code(0);
    run.prints("nothing found, 2 in what did not change");
    project.git(&["mv", "m.bicep", "n.bicep"]);
    let found = codes(&project.check_json(&["--since", "HEAD"]).1);
    assert!(found.contains(&"caller.bicep syntax-error".to_owned()), "{found:?}");
    assert!(!found.iter().any(|one| one.starts_with("other")), "{found:?}");
}

/// What a registry keeps, as the Bicep tools fetch it: a cluster of the kind that is asked for.
const KEPT: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "kind": { "type": "string" } },
  "resources": [ { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks",
    "location": "x", "identity": { "type": "[parameters('kind')]" },
    "properties": { "dnsPrefix": "a", "agentPoolProfiles": [ { "name": "a", "count": 1, "vmSize": "x", "mode": "System" } ] } } ]
}"#;

#[test]
fn modules_of_registries_are_read_where_the_bicep_tools_keep_them() {
    let deploy = |name: &str| {
        format!("module aks '{name}' = {{\n  name: 'aks'\n  params: {{ kind: 'SystemAssigned, UserAssigned' }}\n}}\n")
    };
    let project = Project::new(&[
        ("infra/main.bicep", &deploy("br/own:aks:1.0-RC")),
        ("infra/public.bicep", &deploy("br/public:own/aks:1.0")),
        ("infra/spec.bicep", &deploy("ts:Sub/Group/aks:1.0")),
        ("infra/absent.bicep", &deploy("br/public:own/other:1.0")),
        (
            "infra/bicepconfig.json",
            r#"{ "moduleAliases": { "br": { "own": { "registry": "own.azurecr.io", "modulePath": "bicep" } } } }"#,
        ),
        ("kept/br/own.azurecr.io/bicep$aks/1.0-RC$30/main.json", KEPT),
        ("kept/br/mcr.microsoft.com/bicep$own$aks/1.0$/main.json", KEPT),
        (".bicep/ts/sub/group/aks/1.0/main.json", KEPT),
    ]);
    let found = |file: &str, cache: Option<&str>| {
        let command = project.command(&["check", "--format", "json", file]);
        let command = match cache {
            Some(cache) => command.env("BICEP_CACHE_DIRECTORY", &project.path(cache).to_string_lossy()),
            None => command,
        };
        let run = command.run_with(b"");
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let all = report["diagnostics"].as_array().unwrap().clone();
        all.iter()
            .map(|one| format!("{} {}", one["code"].as_str().unwrap(), one["path"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(found("infra/main.bicep", Some("kept")), ["identity-type-combined infra/main.bicep"]);
    assert_eq!(found("infra/public.bicep", Some("kept")), ["identity-type-combined infra/public.bicep"]);
    assert_eq!(found("infra/spec.bicep", None), ["identity-type-combined infra/spec.bicep"]);
    assert_eq!(found("infra/main.bicep", None), none, "it is not in that cache");
    assert_eq!(found("infra/absent.bicep", Some("kept")), none);
}
