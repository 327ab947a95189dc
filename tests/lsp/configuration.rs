use std::fs;
use std::sync::Arc;

use rules::Settings;
use serde_json::{Value, json};
use template::workspace::{FileId, Workspace};

use crate::client::{Manners, TestClient, find_bad};

const URI: &str = "file:///w/main.bicep";

/// Finds nothing where the family `document` is ignored.
fn obedient(
    workspace: &Workspace,
    targets: &[FileId],
    settings: &Settings,
    cancelled: &rules::Cancelled<'_>,
) -> Vec<rules::Diagnostic> {
    if settings.ignore.is_empty() { find_bad(workspace, targets, settings, cancelled) } else { Vec::new() }
}

async fn start(capabilities: Value, options: Value, settings: Value) -> TestClient {
    let manners = Manners { settings: Some(settings), refuses: false };
    let mut client = TestClient::connect(Arc::new(obedient), manners);
    let params = json!({ "processId": null, "rootUri": null, "capabilities": capabilities,
        "initializationOptions": options });
    client.initialize(params).await;
    client
}

/// How many diagnostics are shown next.
async fn shown(client: &mut TestClient, uri: &str) -> usize {
    client.published(uri).await["diagnostics"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_can_come_with_initialize_and_change() {
    let mut client = start(json!({}), json!({ "ignore": ["document"] }), Value::Null).await;
    client.open(URI, "bicep", 1, "bad");
    assert_eq!(shown(&mut client, URI).await, 0);
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "akslint": {} } }));
    assert_eq!(shown(&mut client, URI).await, 1);
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "akslint": {} } }));
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "akslint": { "ignore": ["identity"] } } }));
    assert_eq!(shown(&mut client, URI).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_asked_for_where_they_can_be() {
    let able = json!({ "workspace": { "configuration": true } });
    let mut client = start(able, Value::Null, json!({ "ignore": ["document"] })).await;
    client.strict = false;
    client.open(URI, "bicep", 1, "bad");
    // The answer may come before or after the document.
    while shown(&mut client, URI).await > 0 {}
    assert_eq!(client.asked("workspace/configuration")[0]["items"], json!([{ "section": "akslint" }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_the_settings_is_said_once_and_changes_nothing() {
    let mut client = start(json!({}), json!({ "ignore": ["zebra"] }), Value::Null).await;
    client.notify("workspace/didChangeConfiguration", json!({ "settings": { "ignore": ["zebra"] } }));
    client.open(URI, "bicep", 1, "bad");
    assert_eq!(shown(&mut client, URI).await, 1);
    let message = client.notification("window/showMessage").await;
    assert!(message["message"].as_str().unwrap().contains("zebra"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configuration_file_is_read_and_watched() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let uri = |name: &str| format!("file://{}/{name}", root.display());
    let document = uri("main.bicep");
    let write = |text: &str| fs::write(root.join("akslint.toml"), text).unwrap();
    let changed = json!({ "changes": [{ "uri": uri("akslint.toml"), "type": 2 }] });

    write("ignore = ['document']");
    let mut client = start(json!({}), Value::Null, Value::Null).await;
    client.open(&document, "bicep", 1, "bad");
    assert_eq!(shown(&mut client, &document).await, 0);

    write("");
    client.notify("workspace/didChangeWatchedFiles", changed.clone());
    assert_eq!(shown(&mut client, &document).await, 1);

    write("exclude = ['main.bicep']");
    client.notify("textDocument/didSave", json!({ "textDocument": { "uri": uri("akslint.toml") } }));
    assert_eq!(shown(&mut client, &document).await, 0);

    write("ignore = 7");
    client.notify("workspace/didChangeWatchedFiles", changed.clone());
    let message = client.notification("window/showMessage").await;
    assert!(message["message"].as_str().unwrap().contains("akslint.toml"), "{message}");
    let json = uri("main.json");
    write("ignore = ['document'");
    client.notify("workspace/didChangeWatchedFiles", changed.clone());
    client.notification("window/showMessage").await;
    client.open(
        &json,
        "json",
        1,
        r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "bad": 1 }"#,
    );
    assert_eq!(shown(&mut client, &json).await, 1, "what was excluded before still is, and nothing else");

    write("ignore = []");
    client.notify("workspace/didChangeWatchedFiles", changed);
    assert_eq!(shown(&mut client, &document).await, 1, "a file that is mended holds");
}
