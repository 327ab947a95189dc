//! What the server shows is what `akslint check` prints, over every example of the documentation and of the repository.

use std::fs;
use std::path::Path;
use std::process::Command;

use rules::docs::Docs;
use serde_json::{Value, json};

use crate::client::{Manners, TestClient, rules_check};

/// A finding: file, line and column from 1, code, severity, message.
type Finding = (String, u64, u64, String, String, String);

/// The examples of every rule, each in a folder of its own, and those of the repository.
fn fixtures(folder: &Path) {
    for rule in rules::all() {
        for (number, example) in Docs::of(rule).examples.iter().enumerate() {
            let file = folder.join(rule.metadata().code).join(number.to_string()).join(example.language.path());
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, example.file()).unwrap();
        }
    }
    copy(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples")), &folder.join("examples"));
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// What the command line prints.
fn checked(folder: &Path) -> Vec<Finding> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_akslint"));
    let output = command.args(["check", "--format", "json", "."]).current_dir(folder).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let finding = |one: &Value| {
        let start = &one["range"]["start"];
        let (line, column) = (start["line"].as_u64().unwrap(), start["column"].as_u64().unwrap());
        let message = [text(&one["message"]), one["help"].as_str().unwrap_or_default().to_owned()];
        let message = message.join("\n").trim_end().to_owned();
        (text(&one["path"]), line, column, text(&one["code"]), text(&one["severity"]), message)
    };
    let mut findings: Vec<Finding> = report["diagnostics"].as_array().unwrap().iter().map(finding).collect();
    findings.sort();
    findings
}

/// A finding as the server words it, in the file of that path.
fn finding(path: &str, one: &Value) -> Finding {
    let start = &one["range"]["start"];
    let (line, column) = (start["line"].as_u64().unwrap() + 1, start["character"].as_u64().unwrap() + 1);
    let severity = match one["severity"].as_u64().unwrap() {
        1 => "error",
        2 => "warning",
        3 => "info",
        _ => "hint",
    };
    let text = |member: &str| one[member].as_str().unwrap().to_owned();
    (path.to_owned(), line, column, text("code"), severity.to_owned(), text("message"))
}

/// What the server answers for the whole folder, none of its files open.
async fn swept(folder: &Path) -> Vec<Finding> {
    let mut client = TestClient::connect(rules_check(), Manners::default());
    client.strict = false;
    let root = format!("file://{}", folder.display());
    let able = json!({ "general": { "positionEncodings": ["utf-32"] }, "textDocument": { "diagnostic": {} } });
    client.initialize(json!({ "processId": null, "rootUri": root, "capabilities": able })).await;
    let report = client.request("workspace/diagnostic", json!({ "previousResultIds": [] })).await.unwrap();
    let mut findings = Vec::new();
    for item in report["items"].as_array().unwrap() {
        let path = item["uri"].as_str().unwrap().strip_prefix(&format!("{root}/")).unwrap();
        findings.extend(item["items"].as_array().unwrap().iter().map(|one| finding(path, one)));
    }
    findings.sort();
    findings
}

/// What the server answers for each file in the folder, all of them open.
async fn shown(folder: &Path) -> Vec<Finding> {
    let mut client = TestClient::connect(rules_check(), Manners::default());
    client.strict = false;
    let uri = |path: &Path| format!("file://{}", path.display());
    let able = json!({ "general": { "positionEncodings": ["utf-32"] }, "textDocument": { "diagnostic": {} } });
    client.initialize(json!({ "processId": null, "rootUri": uri(folder), "capabilities": able })).await;
    let mut files: Vec<_> = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .build()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    for file in &files {
        let id = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        client.open(&uri(file), id, 1, &fs::read_to_string(file).unwrap());
    }
    let mut findings = Vec::new();
    // After the first round it is known who deploys whom.
    for _ in 0..2 {
        findings.clear();
        for file in &files {
            let params = json!({ "textDocument": { "uri": uri(file) } });
            let report = client.request("textDocument/diagnostic", params).await.unwrap();
            let path = file.strip_prefix(folder).unwrap().display().to_string();
            for one in report["items"].as_array().unwrap() {
                findings.push(finding(&path, one));
            }
        }
    }
    findings.sort();
    findings
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_shows_what_check_prints() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    fixtures(&folder);
    let (checked, shown) = (checked(&folder), shown(&folder).await);
    assert!(checked.len() > rules::all().count(), "every rule has an example with a finding");
    assert_same(&checked, &shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_finds_in_a_workspace_what_check_prints() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    fixtures(&folder);
    let script = "jobs:\n  a:\n    steps:\n      - run: az aks create -g rg -n aks --enable-managed-identiti\n";
    for (name, text) in [
        (".github/workflows/deploy.yml", script),
        (".gitignore", "build/\n"),
        ("build/deploy.sh", "az aks create --nothing\n"),
        ("excluded/deploy.sh", "az aks create --nothing\n"),
        ("akslint.toml", "exclude = ['excluded']\n"),
        ("other/akslint.toml", "ignore = ['command']\n"),
        ("other/deploy.sh", "az aks create --nothing\n"),
        ("aks.template", &fs::read_to_string(folder.join("examples/bad/kubelet.json")).unwrap()),
    ] {
        fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        fs::write(folder.join(name), text).unwrap();
    }
    let (checked, swept) = (checked(&folder), swept(&folder).await);
    let of = |name: &str| checked.iter().filter(|one| one.0.starts_with(name)).count();
    assert!(of(".github") > 0 && of("aks.template") > 0, "hidden folders and other names are searched");
    assert_eq!(of("build") + of("excluded") + of("other"), 0, "{checked:?}");
    assert_same(&checked, &swept);
}

fn assert_same(checked: &[Finding], shown: &[Finding]) {
    let only = |these: &[Finding], those: &[Finding]| -> Vec<Finding> {
        these.iter().filter(|one| !those.contains(one)).cloned().collect()
    };
    assert_eq!((only(checked, shown), only(shown, checked)), (Vec::new(), Vec::new()));
    assert_eq!(checked.len(), shown.len());
}
