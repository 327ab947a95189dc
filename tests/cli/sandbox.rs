//! What the program asks of the system: no socket, no other program, no file that is none of its business. Needs strace, which
//! Linux distributions have as a package; without it the tests say so and look at nothing.

#![cfg(target_os = "linux")]

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use crate::common::{GOOD, JSON, MISSPELT, Project};

/// Calls that open sockets or start programs, and those that name files.
const TRACED: &str =
    "trace=network,execve,execveat,fork,vfork,open,openat,openat2,creat,readlink,readlinkat,unlink,rename,renameat2";

/// Runs the program under strace; `talk` has its stdin and stdout. Returns the calls; `None` where strace cannot be had.
fn traced(
    project: &Project,
    arguments: &[&str],
    talk: impl FnOnce(&mut ChildStdin, &mut ChildStdout),
) -> Option<Vec<String>> {
    let log = tempfile::NamedTempFile::new().unwrap();
    // Where tracing is not allowed, as in some containers, it fails for `true` alike.
    let works = Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        let _ = writeln!(std::io::stderr(), "SKIPPED: strace is not there or may not trace; nothing was looked at");
        return None;
    }
    let mut child = Command::new("strace")
        .args(["-f", "-qq", "-s", "4096", "-e", TRACED, "-o"])
        .arg(log.path())
        .arg(env!("CARGO_BIN_EXE_akslint"))
        .args(arguments)
        .current_dir(project.root())
        // What cargo tells the loader is none of the program's doing.
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", project.root())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    talk(&mut input, &mut output);
    drop(input);
    std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    child.wait().unwrap();
    let calls: Vec<String> = std::fs::read_to_string(log.path()).unwrap().lines().map(str::to_owned).collect();
    assert!(calls.iter().any(|call| call.contains("execve(")), "strace saw the start: {calls:?}");
    Some(calls)
}

/// Fails on sockets and programs, and on files outside of the project that the loader, the allocator and the standard library
/// do not need for themselves.
fn assert_modest(project: &Project, calls: &[String]) {
    const NETWORK: [&str; 6] = ["socket(", "connect(", "bind(", "listen(", "accept4(", "sendto("];
    // Libraries, and what Linux says about itself: how many cores, how much memory, which limits.
    const SYSTEM: [&str; 7] = ["/lib", "/usr/lib", "/etc/ld.so", "/proc/", "/sys/", "/dev/null", "/usr/local/lib"];
    let root = project.root().canonicalize().unwrap();
    // The configuration of a file is looked for in the folders above it.
    let above: Vec<String> = root.ancestors().map(|folder| folder.join("akslint.toml").display().to_string()).collect();
    // Whoever walks a tree looks for what is ignored in the folders above, and in the file that git's settings name.
    let ignored = |path: &Path| {
        [".gitignore", ".ignore"].iter().any(|name| path.ends_with(name))
            || path.ends_with("git/ignore")
            || path.ends_with(".gitconfig")
            || path == Path::new("/etc/gitconfig")
            || path.ends_with("git/config")
            || path.ends_with(".git/info/exclude")
    };
    let mut started = 0;
    for call in calls {
        let Some((_, call)) = call.split_once(' ') else { continue };
        let call = call.trim_start();
        assert!(!NETWORK.iter().any(|network| call.starts_with(network)), "a socket: {call}");
        if call.starts_with("execve") {
            started += 1;
            assert_eq!(started, 1, "another program: {call}");
            continue;
        }
        assert!(!call.starts_with("fork(") && !call.starts_with("vfork("), "another process: {call}");
        let Some(path) = call.split('"').nth(1) else { continue };
        let path = Path::new(path);
        // Where the folder itself leads to is asked of each folder above it.
        let is_above = call.starts_with("readlink") && root.starts_with(path);
        let fine = path.is_relative()
            || is_above
            || path.starts_with(&root)
            || SYSTEM.iter().any(|system| path.display().to_string().starts_with(system))
            || above.contains(&path.display().to_string())
            || ignored(path);
        assert!(fine, "outside of the folder: {call}");
    }
}

/// A folder with a module, a registry module, and something beside that nobody names.
fn project() -> Project {
    Project::new(&[
        (
            "main.bicep",
            "module a 'modules/a.bicep' = { name: 'a' }\nmodule b 'br/public:avm/res/x:1.0.0' = { name: 'b' }\n",
        ),
        ("modules/a.bicep", GOOD),
        ("azuredeploy.json", JSON),
        ("misspelt.bicep", MISSPELT),
    ])
}

#[test]
fn the_linter_opens_no_socket_starts_nothing_and_stays_in_its_folder() {
    let project = project();
    for arguments in [&["check"][..], &["check", "--fix", "--format", "sarif"], &["identities"], &["rules"]] {
        let Some(calls) = traced(&project, arguments, |_, _| {}) else { return };
        assert_modest(&project, &calls);
    }
}

#[test]
fn the_server_opens_no_socket_starts_nothing_and_stays_in_its_folder() {
    let project = project();
    let root = format!("file://{}", project.root().display());
    let uri = format!("{root}/main.bicep");
    let text = project.read("main.bicep");
    let messages = [
        serde_json::json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize",
            "params": { "processId": null, "rootUri": root, "capabilities": { "textDocument": { "diagnostic": {} } } } }),
        serde_json::json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }),
        serde_json::json!({ "jsonrpc": "2.0", "method": "textDocument/didOpen",
            "params": { "textDocument": { "uri": uri, "languageId": "bicep", "version": 1, "text": text } } }),
        serde_json::json!({ "jsonrpc": "2.0", "id": 2, "method": "textDocument/diagnostic",
            "params": { "textDocument": { "uri": uri } } }),
        serde_json::json!({ "jsonrpc": "2.0", "id": 3, "method": "workspace/diagnostic", "params": { "previousResultIds": [] } }),
        serde_json::json!({ "jsonrpc": "2.0", "id": 4, "method": "shutdown" }),
        serde_json::json!({ "jsonrpc": "2.0", "method": "exit" }),
    ];
    let frame = |message: &serde_json::Value| {
        let body = message.to_string();
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    };
    let (asked, leaving) = messages.split_at(messages.len() - 2);
    let frames = |messages: &[serde_json::Value]| messages.iter().map(frame).collect::<String>();
    let talk = |input: &mut ChildStdin, output: &mut ChildStdout| {
        input.write_all(frames(asked).as_bytes()).unwrap();
        // Whoever leaves at once gets no answers, and the server stops working on them.
        let (mut answers, mut part) = (String::new(), [0; 4096]);
        while !(answers.contains("\"id\":2") && answers.contains("\"id\":3")) {
            let length = output.read(&mut part).unwrap();
            assert!(length > 0, "it ended without an answer: {answers}");
            answers += &String::from_utf8_lossy(&part[..length]);
        }
        input.write_all(frames(leaving).as_bytes()).unwrap();
    };
    let Some(calls) = traced(&project, &["server"], talk) else { return };
    assert!(calls.iter().any(|call| call.contains("a.bicep")), "it read the module: {calls:#?}");
    assert_modest(&project, &calls);
}

#[test]
fn since_asks_git_and_nobody_else() {
    let project = project();
    project.git(&["init", "-q"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "first"]);
    let Some(calls) = traced(&project, &["check", "--since", "HEAD"], |_, _| {}) else { return };
    let started: Vec<&String> = calls.iter().filter(|call| call.contains("execve(") && call.contains(" = 0")).collect();
    let others = started.iter().filter(|call| !call.contains("/git\"") && !call.contains("akslint\""));
    assert_eq!(others.count(), 0, "{started:#?}");
    assert!(started.len() > 1, "git was asked: {started:#?}");
}
