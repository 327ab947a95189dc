//! Files of the workspace that nobody opened.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use template::workspace::{FileId, Workspace};

use crate::client::{Manners, TestClient, edited, find_bad, place};
use crate::modules::{Folder, who_is_there};

async fn start(folder: &Folder, check: Arc<akslint::lsp::Check>, capabilities: Value) -> TestClient {
    let mut client = TestClient::connect(check, Manners::default());
    client.initialize(json!({ "processId": null, "rootUri": folder.uri(""), "capabilities": capabilities })).await;
    client.strict = false;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn symbols_are_found_in_files_that_are_not_open() {
    let folder = Folder::new(&[
        (".gitignore", "build/\n"),
        ("open.bicep", "param wantedOnDisk string\n"),
        ("modules/a.bicep", "param wantedA string\nvar other = 1\n"),
        (
            ".hidden/b.json",
            r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "parameters": { "wantedB": { "type": "string" } } }"#,
        ),
        ("build/c.bicep", "param wantedC string\n"),
        (".git/d.bicep", "param wantedD string\n"),
        ("package.json", r#"{ "parameters": { "wantedE": {} } }"#),
    ]);
    let mut client = start(&folder, Arc::new(find_bad), json!({})).await;
    client.open(&folder.uri("open.bicep"), "bicep", 1, "param wantedOpen string\n");
    let mut names = async |query: &str| {
        let found = client.request("workspace/symbol", json!({ "query": query })).await.unwrap();
        let names = found.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names("wanted").await, ["wantedOpen", "wantedB", "wantedA"]);
    assert_eq!(names("WTA").await, ["wantedA"], "letters in their order");
    // What is written later is seen, by clients that tell of it and by those that do not.
    fs::write(folder.path("modules/z.bicep"), "param wantedLater string\n").unwrap();
    fs::remove_file(folder.path("modules/a.bicep")).unwrap();
    assert_eq!(names("wanted").await, ["wantedOpen", "wantedB", "wantedLater"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_tells_of_changes_is_believed() {
    let folder = Folder::new(&[("a.bicep", "param wantedA string\n")]);
    let able = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut client = start(&folder, Arc::new(find_bad), able).await;
    let query = json!({ "query": "wanted" });
    let count = |found: Value| found.as_array().unwrap().len();
    assert_eq!(count(client.request("workspace/symbol", query.clone()).await.unwrap()), 1);
    fs::write(folder.path("b.bicep"), "param wantedB string\n").unwrap();
    let changes = json!([{ "uri": folder.uri("b.bicep"), "type": 1 }]);
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    assert_eq!(count(client.request("workspace/symbol", query).await.unwrap()), 2);
}

/// A client can announce that it tells of changes and refuse to do so when it is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_refuses_to_tell_of_changes_is_not_waited_for() {
    let folder = Folder::new(&[("a.bicep", "param wantedA string\n")]);
    let able = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut client = TestClient::connect(Arc::new(find_bad), Manners { refuses: true, ..Manners::default() });
    client.initialize(json!({ "processId": null, "rootUri": folder.uri(""), "capabilities": able })).await;
    client.strict = false;
    while client.asked("client/registerCapability").is_empty() {
        client.fence().await;
    }
    let query = json!({ "query": "wanted" });
    let count = |found: Value| found.as_array().unwrap().len();
    assert_eq!(count(client.request("workspace/symbol", query.clone()).await.unwrap()), 1);
    fs::write(folder.path("b.bicep"), "param wantedB string\n").unwrap();
    assert_eq!(count(client.request("workspace/symbol", query).await.unwrap()), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_file_that_is_read_is_watched() {
    let folder = Folder::new(&[]);
    let able = json!({ "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } } });
    let mut client = start(&folder, Arc::new(find_bad), able).await;
    let asked = loop {
        match client.asked("client/registerCapability").pop() {
            Some(asked) => break asked,
            None => client.fence().await,
        }
    };
    let watchers = asked["registrations"][0]["registerOptions"]["watchers"].as_array().unwrap().clone();
    let mut globs = ignore::overrides::OverrideBuilder::new("/");
    for watcher in &watchers {
        globs.add(watcher["globPattern"].as_str().unwrap()).unwrap();
    }
    let globs = globs.build().unwrap();
    let is_watched = |name: &str| globs.matched(name, false).is_whitelist();
    for name in ["a.bicep", "a.bicepparam", "a.json", "a.jsonc", "a.json5", "akslint.toml", "deep/down/akslint.toml"] {
        assert!(is_watched(name), "{name}");
    }
    // All extensions that carry scripts, found by trying those that there are.
    for extension in ["sh", "bash", "zsh", "azcli", "ps1", "psm1", "cmd", "bat", "md", "markdown", "yml", "yaml"] {
        let name = format!(".github/a.{extension}");
        let is_read = template::workspace::carrier_of(name.as_ref()).is_some();
        assert!(!is_read || is_watched(&name), "{name}");
    }
}

const TEMPLATE: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "size": { "type": "string" } },
  "resources": [],
  "outputs": { "o": { "type": "string", "value": "[parameters('size')]" } }
}
"#;
const VALUES: &str = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": { "size": { "value": "é" } }
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_changed_in_files_that_are_not_open() {
    let files = [
        ("modules/m.bicep", "param size string\noutput o string = size\n"),
        ("main.bicep", "module m 'modules/m.bicep' = {\n  name: 'm'\n  params: { size: 'é' }\n}\n"),
        ("values.bicepparam", "using 'modules/m.bicep'\nparam size = 'x'\n"),
        ("other.bicep", "param size string\n"),
        ("aks.json", TEMPLATE),
        ("aks.parameters.json", VALUES),
    ];
    // What is opened, where the cursor is in it, and which files change.
    for (opened, before, expected) in [
        ("modules/m.bicep", "param si", &["main.bicep", "modules/m.bicep", "values.bicepparam"][..]),
        ("main.bicep", "params: { si", &["main.bicep", "modules/m.bicep", "values.bicepparam"]),
        ("values.bicepparam", "param si", &["main.bicep", "modules/m.bicep", "values.bicepparam"]),
        ("aks.json", "parameters('si", &["aks.json", "aks.parameters.json"]),
        ("aks.parameters.json", "\"si", &["aks.json", "aks.parameters.json"]),
    ] {
        for document_changes in [true, false] {
            let folder = Folder::new(&files);
            let able = json!({ "workspace": { "workspaceEdit": { "documentChanges": document_changes } } });
            let mut client = start(&folder, Arc::new(find_bad), able).await;
            let (uri, text) = (folder.uri(opened), files.iter().find(|(name, _)| *name == opened).unwrap().1);
            let language = if opened.ends_with("json") { "json" } else { "bicep" };
            client.open(&uri, language, 7, text);
            let mut params = place(&uri, text, before);
            params["newName"] = json!("count");
            let edit = client.request("textDocument/rename", params.clone()).await.unwrap();
            let mut changed = Vec::new();
            let mut check = |uri: &str, edits: &Value| {
                let (name, text) = files.iter().find(|(name, _)| folder.uri(name) == uri).unwrap();
                let after = edited(text, edits);
                assert!(!after.contains("size") && after.contains("count"), "{opened} → {name}:\n{after}");
                assert_eq!(after.matches("count").count(), text.matches("size").count());
                changed.push(*name);
            };
            if document_changes {
                for change in edit["documentChanges"].as_array().unwrap() {
                    let document = &change["textDocument"];
                    let is_open = document["uri"] == uri.as_str();
                    assert_eq!(document["version"], if is_open { json!(7) } else { Value::Null });
                    check(document["uri"].as_str().unwrap(), &change["edits"]);
                }
            } else {
                for (uri, edits) in edit["changes"].as_object().unwrap() {
                    check(uri, edits);
                }
            }
            changed.sort_unstable();
            assert_eq!(changed, expected, "{opened}");

            params["context"] = json!({ "includeDeclaration": true });
            let found = client.request("textDocument/references", params).await.unwrap();
            let found: std::collections::BTreeSet<_> =
                found.as_array().unwrap().iter().map(|it| it["uri"].as_str().unwrap().to_owned()).collect();
            assert_eq!(found, expected.iter().map(|name| folder.uri(name)).collect(), "{opened}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_module_is_judged_with_what_deploys_it() {
    let main = "//main\nmodule m 'm.bicep' = {\n  name: 'm'\n}\n";
    let folder = Folder::new(&[("main.bicep", main), ("m.bicep", "//disk\n"), ("alone.bicep", "//alone\n")]);
    let mut client = start(&folder, Arc::new(who_is_there), json!({})).await;
    let (module, caller) = (folder.uri("m.bicep"), folder.uri("main.bicep"));
    client.open(&module, "bicep", 1, "//open\n");
    let seen = async |client: &mut TestClient, expected: &str| {
        while client.published(&module).await["diagnostics"][0]["message"] != expected {}
    };
    // First, perhaps, without: nobody waits for a folder to be read.
    seen(&mut client, "//open //main").await;
    fs::write(folder.path("main.bicep"), "//nothing\n").unwrap();
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": caller, "type": 2 }] }));
    seen(&mut client, "//open").await;
    // An open caller counts as it is in the editor.
    client.open(&caller, "bicep", 1, main);
    seen(&mut client, "//open //main").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_change_is_not_looked_at_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = {
        let calls = calls.clone();
        move |workspace: &Workspace,
              targets: &[FileId],
              settings: &rules::Settings,
              cancelled: &rules::Cancelled<'_>| {
            calls.fetch_add(1, Ordering::Relaxed);
            let found = targets.iter().flat_map(|&target| find_bad(workspace, &[target], settings, cancelled));
            found.collect()
        }
    };
    let folder = Folder::new(&[
        ("main.bicep", "// bad\nmodule m 'm.bicep' = { name: 'm' }\n"),
        ("m.bicep", "// bad\n"),
        ("alone.bicep", "// bad\n"),
    ]);
    let able = json!({ "textDocument": { "diagnostic": {} } });
    let mut client = start(&folder, Arc::new(counted), able).await;
    for (change, expected) in [(None, 2), (None, 0), (Some(("m.bicep", "// bad bad\n")), 1), (None, 0)] {
        if let Some((name, text)) = change {
            fs::write(folder.path(name), text).unwrap();
        }
        let report = client.request("workspace/diagnostic", json!({ "previousResultIds": [] })).await.unwrap();
        assert_eq!(report["items"].as_array().unwrap().len(), 3);
        assert_eq!(calls.swap(0, Ordering::Relaxed), expected, "files that have to do with each other count as one");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_showed_follows_the_files() {
    let folder = Folder::new(&[("a.bicep", "// bad\n"), ("b.bicep", "// bad\n")]);
    let mut client = start(&folder, Arc::new(find_bad), json!({})).await;
    let (a, b) = (folder.uri("a.bicep"), folder.uri("b.bicep"));
    client.request("workspace/executeCommand", json!({ "command": "akslint.checkWorkspace" })).await.unwrap();
    let count = |shown: Value| shown["diagnostics"].as_array().unwrap().len();
    for uri in [&a, &b] {
        assert_eq!(count(client.published(uri).await), 1);
    }
    fs::write(folder.path("a.bicep"), "// bad bad\n").unwrap();
    fs::remove_file(folder.path("b.bicep")).unwrap();
    let changes = json!([{ "uri": a, "type": 2 }, { "uri": b, "type": 3 }]);
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": changes }));
    assert_eq!(count(client.published(&a).await), 2);
    assert_eq!(count(client.published(&b).await), 0);
}
