use crate::common::{BROKEN, GOOD, MISSPELT, Project, Run};

#[test]
fn colours_come_when_asked_for() {
    let project = Project::new(&[("a.bicep", BROKEN)]);
    let colored = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = project.command(&[&["check"], arguments].concat());
        if let Some((name, value)) = variable {
            command = command.env(name, value);
        }
        command.run_with(b"").stdout.contains('\u{1b}')
    };
    assert!(!colored(&[], None), "stdout is no terminal");
    assert!(colored(&["--color", "always"], None));
    assert!(colored(&["--color", "always"], Some(("NO_COLOR", "1"))), "what is typed wins");
    assert!(!colored(&["--color", "never"], Some(("CLICOLOR_FORCE", "1"))));
    assert!(colored(&[], Some(("CLICOLOR_FORCE", "1"))));
    assert!(!colored(&[], Some(("NO_COLOR", "1"))));
    assert!(colored(&[], Some(("FORCE_COLOR", "1"))));
    assert!(!colored(&[], Some(("FORCE_COLOR", "0"))));
    let both = project.command(&["check"]).env("FORCE_COLOR", "1").env("NO_COLOR", "1").run_with(b"");
    assert!(!both.stdout.contains('\u{1b}'), "{both:?}");
}

#[test]
fn codes_are_links_where_somebody_can_follow_them() {
    let project = Project::new(&[("a.bicep", MISSPELT)]);
    let run = |name: &str, value: &str| {
        project.command(&["check", "--color", "always"]).env(name, value).run_with(b"").code(0).stdout
    };
    let link = "\u{1b}]8;;https://";
    assert!(run("FORCE_HYPERLINK", "1").contains(link));
    let in_ci = run("CI", "true");
    assert!(!in_ci.contains(link) && in_ci.contains("#unknown-rule-in-suppression"), "the whole address: {in_ci}");
}

#[test]
fn a_summary_in_markdown_is_handed_to_azure_pipelines() {
    let project = Project::new(&[("a.bicep", BROKEN)]);
    let arguments = ["check", "--format", "azure", "--output-file", "markdown=out/summary.md"];
    let run = project.run(&arguments).code(1);
    let path = std::fs::canonicalize(project.path("out/summary.md")).unwrap();
    run.prints(&format!("##vso[task.uploadsummary]{}\n", path.display()));
    assert!(project.read("out/summary.md").contains("| error |"));
}

#[test]
fn several_reports_at_once() {
    let project = Project::new(&[("a.bicep", BROKEN)]);
    let arguments =
        ["check", "--output-file", "sarif=out/a.sarif", "--output-file", "json=a.json", "--format", "concise"];
    project.run(&arguments).code(1).prints("a.bicep:1:");
    assert!(project.read("out/a.sarif").contains("\"version\": \"2.1.0\""));
    assert!(project.read("a.json").contains("\"version\": 1"));
    let run = project.run(&["check", "--format", "json", "--output-file", "b.json"]).code(1);
    assert_eq!(run.stdout, "");
    assert_eq!(project.read("b.json"), project.read("a.json"));
    project.run(&["check", "--output-file", "/dev/null/x"]).code(2).complains("/dev/null");
}

#[test]
fn formats_are_for_the_files_behind_them() {
    let project = Project::new(&[("a.bicep", BROKEN)]);
    let line = "check --format sarif --output-file out.sarif --format junit --output-file out.xml --format concise";
    let arguments: Vec<_> = line.split(' ').collect();
    let run = project.run(&arguments).code(1);
    assert!(run.stdout.starts_with("a.bicep:1:"), "{run:?}");
    assert!(project.read("out.sarif").contains("\"version\": \"2.1.0\""));
    assert!(project.read("out.xml").starts_with("<?xml"));
    let run = project.run(&["check", "--output-file", "by-name.sarif"]).code(1);
    assert_eq!((run.stdout.as_str(), project.read("by-name.sarif")), ("", project.read("out.sarif")));
    let run = project.run(&["check", "--format", "json", "--format", "text"]).code(2);
    run.complains("`json` and `text` both go to stdout");
    let run = project.run(&["check", "--output-file", "sarf=a.sarif"]).code(2);
    run.complains("did you mean `sarif`?");
    assert!(!project.path("sarf=a.sarif").exists());
}

#[test]
fn paths_are_relative_to_what_is_wanted() {
    let project = Project::new(&[("infra/sub/a.bicep", BROKEN), ("infra/b.json", "{")]);
    let root = project.root().to_str().unwrap();
    for (folder, expected) in [(root, "infra/sub/a.bicep:1:"), ("..", "infra/sub/a.bicep:1:"), ("sub", "a.bicep:1:")] {
        let command = project.command(&["check", "--format", "concise", "--relative-to", folder, ".", "b.json"]);
        let run = command.in_folder(&project.path("infra")).run_with(b"").code(2);
        assert!(run.stdout.starts_with(expected), "{folder}: {run:?}");
        assert_eq!(run.stdout.contains("\ninfra/b.json: error"), folder != "sub", "{folder}: {run:?}");
    }
    let command = project.command(&["check", "--format", "sarif", "--relative-to", ".."]);
    let log = command.in_folder(&project.path("infra")).run_with(b"").stdout;
    assert!(log.contains("\"uri\": \"infra/sub/a.bicep\""), "{log}");
    project.run(&["check", "--relative-to", "absent"]).code(2).complains("--relative-to: cannot find absent");
}

#[test]
fn lines_are_as_wide_as_columns_says() {
    let long = format!("param a string = '{}' \nparam b =\n", "x".repeat(200));
    let project = Project::new(&[("a.bicep", &long.replace(" \n", " =\n"))]);
    let width = |columns: &str| {
        let run = project.command(&["check"]).env("COLUMNS", columns).run_with(b"").code(1);
        // What is said may be longer than what is shown.
        run.stdout.lines().filter(|line| line.contains('|')).map(|line| line.chars().count()).max().unwrap()
    };
    assert!(width("40") <= 40 + 8, "{}", width("40"));
    assert!(width("80") > width("40"));
    assert_eq!(width("none"), width(""), "what is no number does not count");
}

#[test]
fn of_a_long_line_what_is_near_is_shown() {
    let before = "// größer\n".to_owned() + "param p object = { a: '" + &"ü日".repeat(3000);
    let text = format!("{before}', b: }}\n");
    let project = Project::new(&[("a.bicep", &text)]);
    let run = project.run(&["check"]).code(1);
    let column = u64::try_from(before.lines().last().unwrap().chars().count() + "', b:".len()).unwrap();
    let report: serde_json::Value = serde_json::from_str(&project.run(&["check", "--format", "json"]).stdout).unwrap();
    let start = &report["diagnostics"][0]["range"]["start"];
    assert_eq!(start["line"], 2);
    assert!(start["column"].as_u64().unwrap() >= column, "{start}");
    let run = run.prints(&format!("--> a.bicep:2:{}\n", start["column"]));
    let shown = run.stdout.lines().find(|line| line.starts_with("2 |")).unwrap();
    assert!(shown.starts_with("2 | ...") && shown.ends_with("b: }"), "{run:?}");
}

#[test]
fn a_reader_who_goes_away_is_no_error() {
    // More than a pipe holds.
    let broken = "param p =\n".repeat(2000);
    let project = Project::new(&[("a.bicep", &broken)]);
    for (arguments, code) in [(&["check"][..], 1), (&["config", "schema"], 0), (&["rules", "--format", "json"], 0)] {
        let mut child = project.command(arguments).spawn();
        drop(child.stdout.take());
        let run = Run::from(child.wait_with_output().unwrap()).code(code);
        assert_eq!(run.stderr, "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let project = Project::new(&[("a.bicep", GOOD)]);
    for arguments in [&["check", "--format", "sarif"][..], &["rules"], &["identities"], &["man"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let run = project.command(arguments).print_to(full);
        run.code(2).complains("cannot write to stdout");
    }
}

#[test]
fn quiet_is_quiet() {
    let project = Project::new(&[("a.bicep", GOOD)]);
    let run = project.run(&["check", "-q"]).code(0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("", ""));
    project.run(&["check", "-q", "absent"]).code(2).prints("absent");
}

#[test]
fn scripts_are_not_counted_as_templates() {
    let project = Project::new(&[("a.bicep", GOOD), ("deploy.sh", "az aks create --name a --resource-group b\n")]);
    project.run(&["check"]).code(0).prints("1 template with 1 cluster and 1 script checked");
}

#[test]
fn clusters_in_modules_are_counted() {
    let registry = "module aks 'br/public:avm/res/container-service/managed-cluster:0.11.0' = { name: 'aks', params: { name: 'a' } }\n";
    let project = Project::new(&[
        ("main.bicep", "module aks 'modules/aks.bicep' = { name: 'aks' }\n"),
        ("modules/aks.bicep", GOOD),
        ("registry.bicep", registry),
    ]);
    for file in ["main.bicep", "registry.bicep"] {
        let run = project.run(&["check", "--exit-zero", file]);
        assert!(run.stdout.contains("1 template with 1 cluster checked"), "{file}: {run:?}");
    }
}

#[test]
fn statistics_count_by_rule() {
    let project = Project::new(&[("a.bicep", BROKEN), ("b.bicep", BROKEN), ("c.bicep", MISSPELT)]);
    let run = project.run(&["check", "--statistics"]).code(1);
    let lines: Vec<_> = run.stdout.lines().take(2).collect();
    assert_eq!(lines, ["2  error    syntax-error", "1  warning  unknown-rule-in-suppression"]);
    let run = project.run(&["check", "--statistics", "--format", "json"]).code(1);
    let rows: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(rows[0], serde_json::json!({ "code": "syntax-error", "severity": "error", "count": 2 }));
}

#[test]
fn timings_name_every_phase() {
    let project = Project::new(&[("a.bicep", GOOD)]);
    let run = project.run(&["check", "--timings"]).code(0);
    for phase in ["read", "parse", "lower", "check", "wall", "bytes"] {
        assert!(run.stderr.lines().any(|line| line.starts_with(phase)), "{phase}: {run:?}");
    }
    let run = project.run(&["check", "--parse-only"]).code(0);
    assert!(run.stderr.lines().any(|line| line.starts_with("parse")), "{run:?}");
}

#[test]
fn output_is_the_same_every_time() {
    let files: Vec<(String, &str)> = (0..60).map(|number| (format!("f{number}/main.bicep"), BROKEN)).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    let project = Project::new(&files);
    let first = project.run(&["check"]).code(1).stdout;
    for _ in 0..5 {
        assert_eq!(project.run(&["check"]).code(1).stdout, first);
    }
}

#[test]
fn rules_are_listed_and_explained() {
    let project = Project::new(&[]);
    project.run(&["rules"]).code(0).prints("unused-suppression");
    project.run(&["explain", "unused-suppression"]).code(0).prints("suppression");
    project.run(&["explain", "syntax-error"]).code(0).prints("cannot be switched off");
    let run = project.run(&["schema", "identity.type", "--api-version", "2024-09-01"]).code(0);
    run.prints("SystemAssigned").prints("UserAssigned");
    project.run(&["schema", "identity.tpye", "--api-version", "2024-09-01"]).code(2).complains("identity.type");
}

#[test]
fn tools_around_it() {
    let project = Project::new(&[]);
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        project.run(&["completions", shell]).code(0).prints("akslint");
    }
    project.run(&["man"]).code(0).prints(".TH akslint").prints("akslint\\-check(1)");
    project.run(&["man", "check"]).code(0).prints(".TH akslint-check 1").prints("\\-\\-write\\-baseline");
    project.run(&["man", "chekc"]).code(2).complains("there are check, identities");
    project.run(&["doctor"]).code(0).prints("configuration  none").prints("0 seen in this folder");
    project.write("main.bicep", GOOD);
    project.write("notes.txt", "");
    project.write("deploy.sh", "az aks create --name a\n");
    project.write("latin1.json", b"{ \"a\": \"\xe9\" }");
    let run = project.run(&["doctor"]).code(0).prints("4 seen in this folder").prints("1 with 1 cluster");
    run.prints("1 that call az").prints("latin1.json: ").prints("modules        0 in files, 0 in registries");
    project.write("calls.bicep", "module a 'br/public:avm/a:1.0.0' = {}\nmodule b 'main.bicep' = {}\n");
    project.run(&["doctor"]).prints("modules        1 in files, 1 in registries (0 of them in the module cache)");
    project.write("bicepconfig.json", r#"{ "cacheRootDirectory": "cache" }"#);
    project.run(&["doctor"]).prints("cache is not there");
    project.write("cache/br/mcr.microsoft.com/bicep$avm$a/1.0.0$/main.json", "{}");
    project.run(&["doctor"]).prints("(1 of them in the module cache)");
    project.write("akslint.toml", "x = 1");
    project.run(&["doctor"]).code(2).prints("unusable");
}
