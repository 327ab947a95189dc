//! `cargo xtask faults` comes to its end, and so does what it runs.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a helper of tests fails like a test")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A program in place of akslint that writes its number into a file and then does not end.
fn program(folder: &Path) -> PathBuf {
    let path = folder.join("akslint");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && exit\necho $$ >> {}\nexec sleep 300\n",
        folder.join("started").display()
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn started(folder: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("started")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn runs(id: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn faults(folder: &Path, seconds: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["faults", "--only", "300 loops", "--stop-after", seconds, "--binary"]).arg(program(folder));
    command
}

#[test]
fn what_does_not_end_is_a_row_and_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let output = faults(folder.path(), "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for language in ["ARM JSON", "Bicep"] {
        let row = text.lines().find(|line| line.starts_with(&format!("| 300 loops in each other, {language} |")));
        assert_eq!(row.unwrap().matches("not ended after 1 s").count(), 2, "{text}");
        let fault = format!("- 300 loops in each other, {language}: the server: not ended after 1 s\n");
        assert!(text.contains(&fault), "{text}");
    }
    let started = started(folder.path());
    // `check` and the server, in two languages.
    assert_eq!(started.len(), 4);
    assert!(!started.iter().any(|id| runs(id)));
}

#[test]
fn what_is_interrupted_leaves_nothing_running() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = faults(folder.path(), "300").stdout(Stdio::null()).spawn().unwrap();
    let start = Instant::now();
    let wait = |until: &dyn Fn() -> bool| {
        while !until() {
            assert!(start.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    wait(&|| started(folder.path()).len() == 1);
    let id = started(folder.path()).remove(0);
    assert!(runs(&id));
    command.kill().unwrap();
    command.wait().unwrap();
    wait(&|| !runs(&id));
}

#[test]
fn a_page_is_of_all_inputs() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_xtask")).args(["faults", "--write", "--only", "loops"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--only"));
}
