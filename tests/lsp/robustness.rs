use std::sync::Arc;

use serde_json::{Value, json};
use template::workspace::{FileId, Workspace};

use crate::client::{Manners, TestClient, find_bad, with_code_actions};

const URI: &str = "file:///w/main.bicep";

fn actions() -> Value {
    json!({ "textDocument": { "uri": URI }, "context": { "diagnostics": [] },
        "range": { "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": 0 } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_read_are_answered_and_survived() {
    let mut client = TestClient::start(json!({})).await;
    for (body, code, id) in [
        (&b"{"[..], -32700, Value::Null),
        (b"\xff\xfe", -32700, Value::Null),
        (b"[]", -32600, Value::Null),
        (br#"{"jsonrpc":"1.0","id":5,"method":"x"}"#, -32600, json!(5)),
        (br#"{"jsonrpc":"2.0","id":"x","method":7}"#, -32600, json!("x")),
        (br#"{"jsonrpc":"2.0","id":{},"method":"x"}"#, -32600, Value::Null),
    ] {
        client.send_bytes(body);
        let answer = client.next().await;
        assert_eq!((&answer["error"]["code"], &answer["id"]), (&json!(code), &id), "{body:?}");
    }
    client.send_raw(b"Content-Type: nonsense\r\n\r\n".to_vec());
    assert_eq!(client.next().await["error"]["code"], -32700);
    client.open(URI, "bicep", 1, "bad");
    client.published(URI).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_is_refused_or_ignored_as_the_protocol_says() {
    let mut client = TestClient::start(json!({})).await;
    assert_eq!(client.request("akslint/nothing", json!({})).await.unwrap_err()["code"], -32601);
    client.notify("akslint/nothing", json!({}));
    client.notify("$/nothing", json!({}));
    client.notify("$/setTrace", json!({ "value": "verbose" }));
    client.cancel(12345);
    // An answer to a question that nobody asked.
    client.send(&json!({ "jsonrpc": "2.0", "id": 999, "result": null }));
    client.send(&json!({ "jsonrpc": "2.0", "id": 999, "error": { "code": 1, "message": "m", "extra": true } }));
    assert_eq!(client.request("textDocument/codeAction", json!({})).await.unwrap_err()["code"], -32602);
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_notifications_touch_nothing_else() {
    let mut client = TestClient::start(json!({})).await;
    client.open(URI, "bicep", 1, "bad");
    client.published(URI).await;
    for method in [
        "textDocument/didOpen",
        "textDocument/didChange",
        "textDocument/didClose",
        "textDocument/didSave",
        "workspace/didChangeConfiguration",
        "workspace/didChangeWatchedFiles",
        "workspace/didChangeWorkspaceFolders",
    ] {
        for params in
            [Value::Null, json!(7), json!([]), json!({}), json!({ "textDocument": { "uri": "file:///other" } })]
        {
            client.notify(method, params);
        }
    }
    client.change("file:///never-opened.bicep", 1, [0, 0, 0, 0], "x");
    client.close("file:///never-opened.bicep");
    client.change(URI, 2, [0, 0, 0, 0], "bad ");
    assert_eq!(client.settled(URI, 2).await["diagnostics"].as_array().unwrap().len(), 2);
    let unread = client.leave().await.1;
    assert!(unread.is_empty(), "{unread:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_close_does_not_leave_findings_behind() {
    let mut client = TestClient::start(json!({})).await;
    client.open(URI, "bicep", 1, "bad");
    client.published(URI).await;
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": URI, "version": 1 }, "x": 1 }));
    assert_eq!(client.published(URI).await["diagnostics"], json!([]), "unknown members are no fault");
    client.open(URI, "bicep", 2, "bad");
    client.published(URI).await;
    client.notify("textDocument/didOpen", json!({ "textDocument": { "uri": URI, "version": "x" } }));
    client.notification("window/showMessage").await;
    assert_eq!(client.published(URI).await["diagnostics"][0]["code"], "out-of-sync");
}

#[tokio::test(flavor = "multi_thread")]
async fn uris_that_are_not_quite_right_still_name_a_document() {
    let mut client = TestClient::start(json!({})).await;
    client.open("file:///w/[a b]/ü|x.bicep", "bicep", 1, "bad");
    let uri = "file:///w/%5Ba%20b%5D/%C3%BC%7Cx.bicep";
    assert_eq!(client.published(uri).await["version"], 1);
    client.change("file:///w/[a b]/ü|x.bicep", 2, [0, 0, 0, 3], "good");
    assert_eq!(client.settled(uri, 2).await["diagnostics"], json!([]));
    client.open("untitled:Untitled-1", "bicep", 1, "bad");
    assert_eq!(client.published("untitled:Untitled-1").await["version"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_answer_and_not_the_end() {
    let check =
        |workspace: &Workspace, targets: &[FileId], settings: &rules::Settings, cancelled: &rules::Cancelled<'_>| {
            assert!(!workspace.file(targets[0]).text.as_str().contains("panic"), "this test wants it so");
            find_bad(workspace, targets, settings, cancelled)
        };
    let mut client = TestClient::start_with(with_code_actions(), Arc::new(check), Manners::default()).await;
    client.open(URI, "bicep", 1, "bad");
    client.published(URI).await;
    client.change(URI, 2, [0, 0, 0, 0], "panic ");
    let shown = client.settled(URI, 2).await;
    assert_eq!(shown["diagnostics"], json!([]), "old findings do not stay");
    assert_eq!(client.request("textDocument/codeAction", actions()).await.unwrap_err()["code"], -32603);
    client.change(URI, 3, [0, 0, 0, 6], "");
    assert_eq!(client.settled(URI, 3).await["diagnostics"].as_array().unwrap().len(), 1);
    assert_eq!(client.request("textDocument/codeAction", actions()).await.unwrap()[0]["title"], "Make it good");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_refuses_everything_is_served() {
    let able = json!({ "window": { "workDoneProgress": true }, "workspace": {
        "configuration": true,
        "didChangeConfiguration": { "dynamicRegistration": true },
        "didChangeWatchedFiles": { "dynamicRegistration": true },
    } });
    let manners = Manners { settings: Some(json!("nonsense")), refuses: true };
    let mut client = TestClient::start_with(able, Arc::new(find_bad), manners).await;
    client.open(URI, "bicep", 1, "bad");
    client.published(URI).await;
    let command = json!({ "command": "akslint.checkWorkspace" });
    client.request("workspace/executeCommand", command).await.unwrap();
    client.notify("workspace/didChangeConfiguration", json!({ "settings": null }));
    client.notify(
        "workspace/didChangeWorkspaceFolders",
        json!({ "event": { "added": [{ "uri": "file:///nowhere", "name": "x" }], "removed": [] } }),
    );
    let message = client.notification("window/showMessage").await;
    assert!(message["message"].as_str().unwrap().contains("settings of the editor"), "{message}");
    while client.asked("workspace/configuration").len() < 3 {
        client.fence().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_documents_are_documents() {
    let mut client = TestClient::start(json!({})).await;
    let deep = "[".repeat(100_000);
    for (number, (language, text)) in [
        ("bicep", ""),
        ("bicep", "\u{feff}// bad"),
        ("bicep", "\0\0\0"),
        ("bicep", &deep),
        ("arm-template", &deep),
        ("arm-template", "{\"a\": \"\u{1}\", }"),
        ("bicep-params", "using '../../../../../../../../../../etc/passwd'"),
    ]
    .into_iter()
    .enumerate()
    {
        let uri = format!("file:///w/{number}");
        client.open(&uri, language, i32::MAX - 1, text);
        assert_eq!(client.published(&uri).await["version"], i32::MAX - 1);
        client.change(&uri, i32::MAX, [0, 0, 0, 0], " ");
        client.settled(&uri, i32::MAX).await;
    }
}
