//! Input that is no fun.

use crate::common::{BROKEN, JSON, MISSPELT, Project};

#[test]
fn what_is_no_text_is_said_to_be_none() {
    let project = Project::new(&[]);
    project.write("binary.json", b"\x7fELF\0\0\0");
    project.write("latin1.json", b"{ \"a\": \"\xe9\" }");
    project.write("utf16.json", [0xff, 0xfe].into_iter().chain("{}".bytes().flat_map(|b| [b, 0])).collect::<Vec<u8>>());
    for (path, reason) in [("binary.json", "NUL"), ("latin1.json", "UTF-8"), ("utf16.json", "UTF-16")] {
        project.run(&["check", path]).code(2).prints(path).prints(reason);
    }
    let (code, report) = project.check_json(&[]);
    assert_eq!((code, &report["summary"]["unreadable"]), (2, &3.into()));
    let paths: Vec<_> = report["unreadable"].as_array().unwrap().iter().map(|one| &one["path"]).collect();
    assert_eq!(paths, ["binary.json", "latin1.json", "utf16.json"]);
    assert_eq!(report["diagnostics"].as_array().unwrap().len(), 0);
}

#[test]
fn what_is_too_large_is_not_read() {
    let project = Project::new(&[]);
    let file = std::fs::File::create(project.path("huge.json")).unwrap();
    file.set_len(100 << 20).unwrap();
    project.run(&["check"]).code(2).prints("too large").prints("16 MiB");
}

#[test]
fn deep_nesting_ends_in_words() {
    const LEVELS: usize = 100_000;
    let nested = |open: &str, close: &str| format!("{}{}", open.repeat(LEVELS), close.repeat(LEVELS));
    let project = Project::new(&[
        ("array.json", &JSON.replace("[]", &nested("[", "]"))),
        ("object.json", &JSON.replace("[]", &format!("{}1{}", "{\"a\":".repeat(LEVELS), "}".repeat(LEVELS)))),
        ("open.json", &JSON.replace("[]", &"[".repeat(LEVELS))),
        ("expression.json", &JSON.replace("[]", &format!("\"[{}]\"", nested("not(", ")")))),
        ("array.bicep", &format!("var a = {}\n", nested("[", "]"))),
        ("object.bicep", &format!("var a = {}1{}\n", "{ a: ".repeat(LEVELS), "}".repeat(LEVELS))),
        ("parentheses.bicep", &format!("var a = {}\n", nested("(", ")"))),
        ("open.bicep", &format!("var a = {}\n", "[".repeat(LEVELS))),
        ("calls.bicep", &format!("var a = {}\n", "f(".repeat(LEVELS))),
        ("not.bicep", &format!("var a = {}true\n", "!".repeat(LEVELS))),
        ("strings.bicep", &format!("var a = {}\n", "'${".repeat(LEVELS))),
    ]);
    for file in std::fs::read_dir(project.root()).unwrap() {
        let path = file.unwrap().file_name().into_string().unwrap();
        let run = project.run(&["check", "--format", "concise", "--max-findings", "5", &path]);
        // Either it is understood, or somebody hears that it is not.
        assert!(run.code == 0 || run.stdout.contains(&path), "{path}: {run:?}");
        assert!(!run.stderr.contains("internal error"), "{path}: {run:?}");
    }
}

#[test]
fn stdin_that_is_no_text_is_unreadable() {
    let project = Project::new(&[]);
    project.command(&["check", "-"]).run_with(b"a\0b").code(2).prints("<stdin>").prints("NUL");
}

#[test]
fn stdin_without_a_name_is_known_by_content() {
    let project = Project::new(&[]);
    project.command(&["check", "-"]).run_with(JSON.as_bytes()).code(0).prints("1 template");
    let run = project.command(&["check", "-", "--format", "concise"]).run_with(BROKEN.as_bytes()).code(1);
    run.prints("<stdin>:1:");
    project.command(&["check", "-"]).run_with(MISSPELT.as_bytes()).code(0).prints("1 warning");
}

#[test]
fn control_characters_do_not_reach_the_terminal() {
    let project = Project::new(&[("a.bicep", "// akslint: ignore[\u{1b}[31mred] x\nparam name =\n")]);
    for format in ["text", "concise", "github", "azure", "markdown", "junit"] {
        let run = project.run(&["check", "--format", format]);
        assert!(!run.stdout.contains('\u{1b}'), "{format}: {run:?}");
    }
}

#[test]
fn no_text_of_a_file_becomes_a_command_of_a_ci_system() {
    let evil = "%0A::error::x\\n##vso[task.complete result=Failed]\\n::warning::y";
    let cluster = format!(
        r#"{{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2026-01-01", "name": "a", "location": "b",
        "identity": {{ "type": "SystemAssigned" }}, "properties": {{ "{evil}": 1 }} }}"#
    );
    let json = JSON.replace("[]", &format!("[{cluster}]"));
    let lines = format!("// akslint: ignore[{evil}] ::error::z\nparam name =\n");
    let project = Project::new(&[("a.json", &json), ("##vso[task.x]::error.bicep", &lines), ("b.bicep", &lines)]);
    for format in ["text", "concise", "github", "azure"] {
        let run = project.run(&["check", "--format", format]);
        assert!(run.stdout.contains("::warning::y"), "it is quoted: {}", run.stdout);
        for line in run.stdout.lines() {
            // GitHub reads commands at the start of a line, Azure Pipelines anywhere in it.
            let own = match format {
                "github" => line.starts_with("::") && line.contains(" title=akslint ("),
                "azure" => line.starts_with("##vso[task.logissue type=") || line.starts_with("##[section]akslint:"),
                _ => false,
            };
            let command = line.starts_with("::") || line.starts_with("##[") || line.contains("##vso[");
            assert!(own || !command, "{format}: {line}");
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn names_need_not_be_utf_8() {
        let project = Project::new(&[]);
        let name = OsStr::from_bytes(b"caf\xe9.bicep");
        std::fs::write(project.root().join(name), MISSPELT).unwrap();
        let (code, report) = project.check_json(&[]);
        assert_eq!((code, &report["diagnostics"][0]["path"]), (0, &"caf\u{fffd}.bicep".into()));
        project.command(&["check", "--fix"]).arg(name).run_with(b"").code(0).prints("1 fix applied");
    }

    #[test]
    fn a_file_without_permission_is_unreadable() {
        let project = Project::new(&[("a.bicep", BROKEN)]);
        std::fs::set_permissions(project.path("a.bicep"), std::fs::Permissions::from_mode(0o000)).unwrap();
        if std::fs::read(project.path("a.bicep")).is_ok() {
            return; // the superuser may read everything
        }
        project.run(&["check"]).code(2).prints("permission denied");
    }

    #[test]
    fn links_in_a_circle_end() {
        let project = Project::new(&[("a/main.bicep", BROKEN)]);
        symlink("..", project.path("a/up")).unwrap();
        symlink("loop", project.path("loop")).unwrap();
        let (code, report) = project.check_json(&[]);
        assert_eq!((code, &report["summary"]["files"]), (1, &1.into()));
        project.run(&["check", "loop"]).code(2);
    }
}
