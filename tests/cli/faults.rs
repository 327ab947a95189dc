//! What goes wrong around the program: full disks, files that change or go while they are looked at, links, folders with
//! the names of files.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use akslint::args::{Cli, Command};
use akslint::{Exit, Streams};
use clap::Parser as _;
use rules::{Ctx, Described, Family, FixAvailability, Languages, Metadata, Resources, Rule, Severity};
use template::value::ResourceRef;

use crate::common::{BROKEN, GOOD, JSON, MISSPELT, Project};

#[test]
fn files_that_change_vanish_and_become_folders_while_they_are_checked() {
    let names: Vec<String> = (0..40).map(|number| format!("{number}.bicep")).collect();
    let project = Project::new(&[]);
    for name in &names {
        project.write(name, GOOD);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let restless = {
        let (root, names, stop) = (project.root().to_owned(), names.clone(), stop.clone());
        std::thread::spawn(move || {
            let mut turn = 0;
            while !stop.load(Ordering::Relaxed) {
                for name in &names {
                    let path = root.join(name);
                    turn += 1;
                    // Whatever is there goes; what comes instead may fail, when somebody was quicker.
                    let _ = std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path));
                    let _ = match turn % 5 {
                        0 => std::fs::create_dir(&path),
                        1 => link("nowhere", &path),
                        2 => link(".", &path),
                        3 => std::fs::write(&path, GOOD),
                        _ => std::fs::write(&path, BROKEN),
                    };
                }
            }
        })
    };
    for _ in 0..10 {
        for arguments in [&["check", "--quiet"][..], &["check", "--quiet", "--fix"]] {
            let run = project.run(arguments);
            assert!((0..=2).contains(&run.code), "{run:?}");
            assert!(!run.stderr.contains("internal error"), "{run:?}");
        }
    }
    stop.store(true, Ordering::Relaxed);
    restless.join().unwrap();
}

#[cfg(unix)]
fn link(to: &str, path: &std::path::Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(to, path)
}

#[cfg(not(unix))]
fn link(_: &str, path: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir(path)
}

#[test]
fn a_folder_with_the_name_of_a_file_is_searched() {
    let project = Project::new(&[("main.bicep/inner.bicep", BROKEN)]);
    project.run(&["check", "main.bicep"]).code(1).prints("inner.bicep");
}

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let project = Project::new(&[("a.bicep", GOOD), ("folder/x", "")]);
    project.run(&["check", "--output-file", "folder"]).code(2).complains("cannot write folder");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::Command;

    use super::*;

    /// The limit on the size of a file does what a full disk does, and needs no rights: writing fails in the middle. The signal
    /// that comes with it is ignored, so that the program hears of the error.
    #[test]
    fn a_full_disk_leaves_the_original_intact() {
        let long = format!("{MISSPELT}{}", "// a comment\n".repeat(10_000));
        let project = Project::new(&[("a.bicep", &long)]);
        let script =
            format!("trap '' XFSZ; ulimit -f 8; exec {} check --isolated --fix", env!("CARGO_BIN_EXE_akslint"));
        let output = Command::new("bash").args(["-c", &script]).current_dir(project.root()).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains("cannot write a.bicep: File too large"), "{errors}");
        assert_eq!(project.read("a.bicep"), long);
        assert_eq!(std::fs::read_dir(project.root()).unwrap().count(), 1, "nothing is left behind");
    }

    #[test]
    fn a_report_that_nobody_can_take_is_no_crash() {
        let project = Project::new(&[("a.bicep", BROKEN)]);
        let script = format!("{} check --isolated > /dev/full", env!("CARGO_BIN_EXE_akslint"));
        let output = Command::new("bash").args(["-c", &script]).current_dir(project.root()).output().unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)), "{output:?}");
    }
}

/// A rule that breaks off at every resource.
struct Panics;

impl Described for Panics {
    fn metadata(&self) -> &'static Metadata {
        static METADATA: Metadata = Metadata {
            code: "panics",
            family: Family::Document,
            severity: Severity::Error,
            off: None,
            fix: FixAvailability::None,
            since: "0.1.0",
            languages: Languages::Both,
            bicep: None,
            docs: "",
        };
        &METADATA
    }
}

impl Rule for Panics {
    fn resources(&self) -> Resources {
        Resources::Known
    }

    fn check_resource(&self, _: &Ctx<'_>, _: ResourceRef) {
        panic!("this test wants it so");
    }
}

#[test]
fn a_rule_that_panics_is_2_and_the_others_still_report() {
    let json = JSON.replace(
        "[]",
        r#"[{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2026-01-01", "name": "a", "identity": { "type": "Nonsense" } }]"#,
    );
    let bicep = "resource a 'Microsoft.ContainerService/managedClusters@2026-01-01' = {\n  name: 'a'\n  identity: {\n    type: 'Nonsense'\n  }\n}\n";
    for (name, text) in [("main.json", &*json), ("main.bicep", bicep)] {
        let project = Project::new(&[(name, text)]);
        let path = project.path(name);
        let cli = Cli::parse_from(["akslint", "check", "--isolated", "--format", "concise", path.to_str().unwrap()]);
        let Command::Check(args) = cli.command else { panic!("another command") };
        let run = |more: &[&'static dyn Rule]| {
            let (mut output, mut errors) = (Vec::new(), Vec::new());
            let mut streams = Streams {
                input: &mut io::empty(),
                output: &mut output,
                errors: &mut errors,
                colorful: false,
                links: false,
                progress: false,
                width: 140,
            };
            let exit = akslint::check::run_with(more, &args, cli.color, &mut streams).unwrap();
            (exit, String::from_utf8(output).unwrap(), String::from_utf8(errors).unwrap())
        };
        let (usual, found, nothing) = run(&[]);
        assert!(usual == Exit::Clean || usual == Exit::Found);
        assert!(found.contains("identity-type-unknown"), "{found}");
        assert!(!nothing.contains("internal error"), "{nothing}");
        let (exit, output, errors) = run(&[&Panics]);
        assert!(exit == Exit::Broken);
        assert_eq!(output, found, "the other rules report the same");
        assert!(errors.contains("internal error: rule `panics` on "), "{errors}");
        assert!(errors.contains("this test wants it so"), "{errors}");
    }
}
