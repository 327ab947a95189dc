use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rules::{Related, Tag};
use serde_json::{Value, json};
use template::workspace::{FileId, Location, Workspace};
use text_size::TextRange;

use crate::client::{Manners, TestClient, diagnostic, find_bad};

const URI: &str = "file:///w/main.bicep";

fn pulling() -> Value {
    json!({ "textDocument": { "diagnostic": {} }, "workspace": { "diagnostics": { "refreshSupport": true } } })
}

fn pull(previous: Option<&str>) -> Value {
    let mut params = json!({ "textDocument": { "uri": URI } });
    if let Some(previous) = previous {
        params["previousResultId"] = previous.into();
    }
    params
}

#[tokio::test(flavor = "multi_thread")]
async fn follows_the_document() {
    let mut client = TestClient::start(json!({})).await;
    client.open(URI, "bicep", 1, "// bad\n// good\n");
    let shown = client.published(URI).await;
    assert_eq!(
        shown,
        json!({ "uri": URI, "version": 1, "diagnostics": [{
            "range": { "start": { "line": 0, "character": 3 }, "end": { "line": 0, "character": 6 } },
            "severity": 1, "code": "bad-word", "source": "akslint", "message": "`bad` is bad",
        }] })
    );
    client.change(URI, 2, [1, 3, 1, 7], "bad");
    assert_eq!(client.settled(URI, 2).await["diagnostics"][1]["range"]["start"]["line"], 1);
    client.change(URI, 3, [0, 0, 2, 0], "");
    assert_eq!(client.settled(URI, 3).await["diagnostics"], json!([]));
    client.change(URI, 4, [0, 0, 0, 0], "bad");
    client.settled(URI, 4).await;
    client.close(URI);
    assert_eq!(client.published(URI).await, json!({ "uri": URI, "diagnostics": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_empty_is_not_emptied_again() {
    let mut client = TestClient::start(json!({})).await;
    client.open(URI, "bicep", 1, "");
    assert_eq!(client.published(URI).await["diagnostics"], json!([]));
    client.close(URI);
    client.open(URI, "bicep", 1, "// bad");
    assert_eq!(client.published(URI).await["diagnostics"].as_array().unwrap().len(), 1);
    client.close(URI);
    client.published(URI).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn says_nothing_about_other_json() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = {
        let calls = calls.clone();
        move |workspace: &Workspace,
              targets: &[FileId],
              settings: &rules::Settings,
              cancelled: &rules::Cancelled<'_>| {
            calls.fetch_add(1, Ordering::Relaxed);
            find_bad(workspace, targets, settings, cancelled)
        }
    };
    let mut client = TestClient::start_with(json!({}), Arc::new(counted), Manners::default()).await;
    client.open("file:///w/package.json", "json", 1, r#"{ "bad": "#);
    client.change("file:///w/package.json", 2, [0, 2, 0, 2], "bad");
    client.open("file:///w/x.rs", "rust", 1, "bad");
    client.open(URI, "bicep", 1, "");
    client.published(URI).await;
    assert_eq!(calls.load(Ordering::Relaxed), 1, "only the template was looked at");

    // A file becomes a template while its schema is typed, and stops being one.
    let uri = "file:///w/azuredeploy.json";
    client.open(uri, "json", 1, r#"{ "$schema": "", "bad": 1 }"#);
    client.change(uri, 2, [0, 14, 0, 14], "https://x/deploymentTemplate.json#");
    assert_eq!(client.published(uri).await["diagnostics"].as_array().unwrap().len(), 1);
    client.change(uri, 3, [0, 14, 0, 48], "");
    assert_eq!(client.settled(uri, 3).await["diagnostics"], json!([]));
    client.change(uri, 4, [0, 14, 0, 14], "x");
    client.fence().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn carries_what_the_client_can_show_and_no_more() {
    let check =
        |workspace: &Workspace, targets: &[FileId], settings: &rules::Settings, cancelled: &rules::Cancelled<'_>| {
            let mut found = find_bad(workspace, targets, settings, cancelled);
            for diagnostic in &mut found {
                diagnostic.help = Some("Say good".to_owned());
                diagnostic.tag = Some(Tag::Deprecated);
                let location = Location { file: targets[0], range: TextRange::up_to(2.into()) };
                diagnostic.related = vec![Related { location, message: "here it starts".to_owned() }];
            }
            found
        };
    let able = json!({ "textDocument": { "publishDiagnostics": {
        "relatedInformation": true, "tagSupport": { "valueSet": [1, 2] }, "codeDescriptionSupport": true,
        "dataSupport": true, "versionSupport": true,
    } } });
    let mut client = TestClient::start_with(able, Arc::new(check), Manners::default()).await;
    client.open(URI, "bicep", 1, "// bad");
    let shown = &client.published(URI).await["diagnostics"][0];
    assert_eq!(shown["message"], "`bad` is bad\nSay good");
    assert_eq!(shown["tags"], json!([2]));
    assert_eq!(shown["relatedInformation"][0]["message"], "here it starts");
    assert_eq!(shown["relatedInformation"][0]["location"]["uri"], URI);
    assert_eq!(shown["data"]["family"], "document");
    drop(client);

    let mut client = TestClient::start_with(json!({}), Arc::new(check), Manners::default()).await;
    client.open(URI, "bicep", 1, "// bad");
    let shown = &client.published(URI).await["diagnostics"][0];
    let members: Vec<_> = shown.as_object().unwrap().keys().collect();
    assert_eq!(members, ["code", "message", "range", "severity", "source"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_does_not_fit_is_said_once() {
    for broken in [
        json!({ "textDocument": { "uri": URI, "version": 2 }, "contentChanges": [
            { "range": { "start": { "line": 9, "character": 0 }, "end": { "line": 9, "character": 0 } }, "text": "" },
        ] }),
        json!({ "textDocument": { "uri": URI, "version": 2 }, "contentChanges": [
            { "range": { "start": { "line": 0, "character": 4 }, "end": { "line": 0, "character": 4 } }, "text": "" },
        ] }),
        json!({ "textDocument": { "uri": URI, "version": 1 }, "contentChanges": [] }),
        json!({ "textDocument": { "uri": URI, "version": "two" }, "contentChanges": [] }),
        json!({ "textDocument": { "uri": URI, "version": 2 } }),
    ] {
        let mut client = TestClient::start(json!({})).await;
        client.open(URI, "bicep", 1, "// 𝒳 bad");
        client.published(URI).await;
        client.notify("textDocument/didChange", broken.clone());
        assert_eq!(client.notification("window/showMessage").await["type"], 1, "{broken}");
        let shown = client.published(URI).await;
        assert_eq!(shown["diagnostics"].as_array().unwrap().len(), 1, "{broken}");
        assert_eq!(shown["diagnostics"][0]["code"], "out-of-sync", "{broken}");
        // Further edits are not guessed at.
        client.change(URI, 3, [7, 0, 7, 0], "x");
        let shown = client.settled(URI, 3).await;
        assert_eq!(shown["diagnostics"][0]["code"], "out-of-sync", "{broken}");
        // Opened again, or with a whole text, all is well.
        client.close(URI);
        client.published(URI).await;
        client.open(URI, "bicep", 1, "// 𝒳 bad");
        assert_eq!(client.published(URI).await["diagnostics"][0]["code"], "bad-word", "{broken}");
        client.notify("textDocument/didChange", broken);
        client.notification("window/showMessage").await;
        assert_eq!(client.published(URI).await["diagnostics"][0]["code"], "out-of-sync");
        client.change_raw(URI, 9, json!([{ "text": "// bad bad" }]));
        assert_eq!(client.settled(URI, 9).await["diagnostics"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_ends_the_analysis_of_what_it_replaces() {
    let (inside, entered) = std::sync::mpsc::channel();
    let check = move |workspace: &Workspace,
                      targets: &[FileId],
                      settings: &rules::Settings,
                      cancelled: &rules::Cancelled<'_>| {
        // The first text is looked at until nobody wants to know any more.
        if workspace.file(targets[0]).text.as_str().starts_with("// bad") {
            inside.send(()).unwrap();
            while !cancelled() {
                std::thread::yield_now();
            }
        }
        find_bad(workspace, targets, settings, cancelled)
    };
    let mut client = TestClient::start_with(json!({}), Arc::new(check), Manners::default()).await;
    client.open(URI, "bicep", 1, "// bad");
    tokio::task::block_in_place(|| entered.recv().unwrap());
    client.change(URI, 2, [0, 0, 0, 0], "/");
    let shown = client.published(URI).await;
    assert_eq!((&shown["version"], shown["diagnostics"].as_array().unwrap().len()), (&json!(2), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_pulls_is_never_pushed() {
    let mut client = TestClient::start(pulling()).await;
    assert_eq!(client.announced["capabilities"]["diagnosticProvider"]["interFileDependencies"], true);
    client.open(URI, "bicep", 1, "// bad");
    let report = client.request("textDocument/diagnostic", pull(None)).await.unwrap();
    assert_eq!(report["kind"], "full");
    assert_eq!(report["items"][0]["code"], "bad-word");
    let id = report["resultId"].as_str().unwrap();
    let again = client.request("textDocument/diagnostic", pull(Some(id))).await.unwrap();
    assert_eq!(again, json!({ "kind": "unchanged", "resultId": id }));
    client.change(URI, 2, [0, 0, 0, 0], "// bad\n");
    let report = client.request("textDocument/diagnostic", pull(Some(id))).await.unwrap();
    assert_eq!(report["items"].as_array().unwrap().len(), 2);
    client.close(URI);
    let report = client.request("textDocument/diagnostic", pull(None)).await.unwrap();
    assert_eq!(report["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_comes_too_late_is_to_be_repeated() {
    let (inside, entered) = std::sync::mpsc::channel();
    let (go, goes) = std::sync::mpsc::channel::<()>();
    let goes = std::sync::Mutex::new(goes);
    let check = move |workspace: &Workspace,
                      targets: &[FileId],
                      settings: &rules::Settings,
                      cancelled: &rules::Cancelled<'_>| {
        inside.send(()).unwrap();
        goes.lock().unwrap().recv().unwrap();
        find_bad(workspace, targets, settings, cancelled)
    };
    let mut client = TestClient::start_with(pulling(), Arc::new(check), Manners::default()).await;
    client.open(URI, "bicep", 1, "// bad");
    let id = client.ask("textDocument/diagnostic", pull(None));
    tokio::task::block_in_place(|| entered.recv().unwrap());
    client.change(URI, 2, [0, 0, 0, 0], " ");
    client.fence().await;
    go.send(()).unwrap();
    let error = client.answer(id).await.unwrap_err();
    assert_eq!(error["code"], -32802);
    assert_eq!(error["data"]["retriggerRequest"], true);
    go.send(()).unwrap();
    client.request("textDocument/diagnostic", pull(None)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_workspace_can_be_pulled() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let uri = |name: &str| format!("file://{}/{name}", root.display());
    fs::write(root.join("a.bicep"), "// bad").unwrap();
    fs::write(root.join("b.bicep"), "").unwrap();
    fs::write(root.join("package.json"), r#"{ "bad": 1 }"#).unwrap();
    let mut client = TestClient::connect(Arc::new(find_bad), Manners::default());
    let folders = json!([{ "uri": uri(""), "name": "w" }]);
    client
        .initialize(
            json!({ "processId": null, "rootUri": null, "workspaceFolders": folders, "capabilities": pulling() }),
        )
        .await;
    client.open(&uri("b.bicep"), "bicep", 3, "// bad bad");
    let params = json!({ "previousResultIds": [], "workDoneToken": "t" });
    let report = client.request("workspace/diagnostic", params).await.unwrap();
    let items = report["items"].as_array().unwrap();
    let counts: Vec<_> = items
        .iter()
        .map(|item| (item["uri"].as_str().unwrap(), item["version"].as_i64(), item["items"].as_array().unwrap().len()))
        .collect();
    assert_eq!(counts, [(&*uri("a.bicep"), None, 1), (&*uri("b.bicep"), Some(3), 2)]);
    for kind in ["begin", "report", "end"] {
        assert_eq!(client.notification("$/progress").await["value"]["kind"], kind);
    }

    // A client that takes partial results gets all of it that way, and an answer without anything.
    let params = json!({ "previousResultIds": [], "partialResultToken": "p" });
    let answer = client.request("workspace/diagnostic", params).await.unwrap();
    assert_eq!(answer["items"], json!([]));
    let part = client.notification("$/progress").await;
    assert_eq!((&part["token"], &part["value"]["items"]), (&json!("p"), &report["items"]));

    // Asked again, it answers when there is something new, and says nothing else.
    let known: Vec<_> = items.iter().map(|item| json!({ "uri": item["uri"], "value": item["resultId"] })).collect();
    let waiting = client.ask("workspace/diagnostic", json!({ "previousResultIds": known, "partialResultToken": 1 }));
    client.fence().await;
    fs::write(root.join("c.bicep"), "// bad").unwrap();
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri("c.bicep"), "type": 1 }] }));
    assert_eq!(client.answer(waiting).await.unwrap()["items"], json!([]));
    let part = client.notification("$/progress").await;
    let new: Vec<_> = part["value"]["items"].as_array().unwrap().iter().map(|item| &item["uri"]).collect();
    assert_eq!((&part["token"], new), (&json!(1), vec![&json!(uri("c.bicep"))]));
    // What is gone is told, too.
    let known: Vec<_> = items.iter().map(|item| json!({ "uri": item["uri"], "value": item["resultId"] })).collect();
    fs::remove_file(root.join("a.bicep")).unwrap();
    client.notify("workspace/didChangeWatchedFiles", json!({ "changes": [{ "uri": uri("a.bicep"), "type": 3 }] }));
    let params = json!({ "previousResultIds": known, "partialResultToken": 2 });
    client.request("workspace/diagnostic", params).await.unwrap();
    let mut gone = Vec::new();
    while gone.is_empty() {
        let part = client.notification("$/progress").await;
        gone.extend(
            part["value"]["items"].as_array().unwrap().iter().filter(|it| it["uri"] == uri("a.bicep")).cloned(),
        );
    }
    assert_eq!(gone[0]["items"], json!([]));
    while client.asked("workspace/diagnostic/refresh").is_empty() {
        client.fence().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_workspace_can_be_shown_by_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let uri = |name: &str| format!("file://{}/{name}", root.display());
    fs::write(root.join("a.bicep"), "// bad").unwrap();
    fs::write(root.join("b.bicep"), "// good").unwrap();
    let mut client = TestClient::connect(Arc::new(find_bad), Manners::default());
    let able = json!({ "window": { "workDoneProgress": true } });
    client.initialize(json!({ "processId": null, "rootUri": uri(""), "capabilities": able })).await;
    let command = json!({ "command": "akslint.checkWorkspace", "arguments": [] });
    client.request("workspace/executeCommand", command.clone()).await.unwrap();
    assert_eq!(client.asked("window/workDoneProgress/create").len(), 1);
    for kind in ["begin", "report", "end"] {
        assert_eq!(client.notification("$/progress").await["value"]["kind"], kind);
    }
    let shown = client.published(&uri("a.bicep")).await;
    assert_eq!((&shown["version"], shown["diagnostics"].as_array().unwrap().len()), (&Value::Null, 1));
    fs::write(root.join("a.bicep"), "// better").unwrap();
    client.request("workspace/executeCommand", command).await.unwrap();
    assert_eq!(client.published(&uri("a.bicep")).await["diagnostics"], json!([]));
    for kind in ["begin", "report", "end"] {
        assert_eq!(client.notification("$/progress").await["value"]["kind"], kind);
    }
    let unknown = client.request("workspace/executeCommand", json!({ "command": "x", "arguments": [] })).await;
    assert_eq!(unknown.unwrap_err()["code"], -32602);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_order_of_diagnostics_is_that_of_the_text() {
    let check = |_: &Workspace, targets: &[FileId], _: &rules::Settings, _: &rules::Cancelled<'_>| {
        [5, 1, 3]
            .map(|at| {
                diagnostic(Location { file: targets[0], range: TextRange::at(at.into(), 1.into()) }, "m", "t", "")
            })
            .to_vec()
    };
    let mut client = TestClient::start_with(json!({}), Arc::new(check), Manners::default()).await;
    client.open(URI, "bicep", 1, "// 3456789");
    let shown = client.published(URI).await;
    let columns: Vec<_> =
        shown["diagnostics"].as_array().unwrap().iter().map(|one| &one["range"]["start"]["character"]).collect();
    assert_eq!(columns, [1, 3, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_thousands_the_first_are_shown_and_the_others_counted() {
    let mut client = TestClient::start(json!({})).await;
    client.open(URI, "bicep", 1, &"// bad\n".repeat(1000));
    let shown = client.published(URI).await;
    let shown = shown["diagnostics"].as_array().unwrap();
    assert_eq!(shown.len(), 1000);
    assert!(shown.iter().all(|one| one["code"] == "bad-word"));

    client.change(URI, 2, [0, 0, 0, 0], &"// bad\n".repeat(500));
    let shown = client.settled(URI, 2).await;
    let shown = shown["diagnostics"].as_array().unwrap();
    assert_eq!(shown.len(), 1001);
    assert_eq!(shown[0]["message"], "akslint found 500 more in this file, which `akslint check` lists");
    assert_eq!(shown[1000]["range"]["start"]["line"], 999);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_line_refuses_is_not_looked_at_here_either() {
    let mut client = TestClient::start(json!({})).await;
    client.open(URI, "bicep", 1, "// bad\n");
    assert_eq!(client.published(URI).await["diagnostics"][0]["code"], "bad-word");
    client.change(URI, 2, [1, 0, 1, 0], &format!("// {}\n", "x".repeat(16 << 20)));
    let shown = client.settled(URI, 2).await;
    assert_eq!(shown["diagnostics"].as_array().unwrap().len(), 1);
    assert_eq!(shown["diagnostics"][0]["code"], "not-checked");
    assert_eq!(
        shown["diagnostics"][0]["message"],
        "akslint does not check this file, too large: akslint reads files of up to 16 MiB"
    );
    client.change(URI, 3, [1, 0, 2, 0], "");
    assert_eq!(client.settled(URI, 3).await["diagnostics"][0]["code"], "bad-word", "looked at again when it is small");

    let dense = "file:///w/dense.json";
    let template =
        r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "a": ["#;
    client.open(dense, "json", 1, &format!("{template}{}1]}}", "1,".repeat(2_000_000)));
    let shown = client.published(dense).await;
    assert!(shown["diagnostics"][0]["message"].as_str().unwrap().contains("too many values"), "{shown}");
}
