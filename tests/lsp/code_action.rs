use std::sync::Arc;

use rules::{Applicability, Fix};
use serde_json::{Value, json};
use syntax::TextEdit;
use template::workspace::{FileId, Workspace};

use crate::client::{Manners, TestClient, find_bad, with_code_actions};

const URI: &str = "file:///w/main.bicep";

/// `[line, character, line, character]`.
fn at(range: [u32; 4], context: &Value) -> Value {
    let range = json!({
        "start": { "line": range[0], "character": range[1] },
        "end": { "line": range[2], "character": range[3] },
    });
    let mut context = context.clone();
    if context.get("diagnostics").is_none() {
        context["diagnostics"] = json!([]);
    }
    json!({ "textDocument": { "uri": URI }, "range": range, "context": context })
}

async fn actions(client: &mut TestClient, range: [u32; 4], context: Value) -> Vec<Value> {
    let answer = client.request("textDocument/codeAction", at(range, &context)).await.unwrap();
    answer.as_array().unwrap().clone()
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_is_tied_to_its_diagnostic() {
    let mut client = TestClient::start(with_code_actions()).await;
    client.open(URI, "bicep", 1, "// bad\n// bad");
    let shown = client.published(URI).await;
    let mut theirs = shown["diagnostics"][1].clone();
    theirs["data"] = json!({ "kept": "by the client" });
    let context = json!({ "diagnostics": [theirs], "only": ["quickfix"] });
    let found = actions(&mut client, [1, 4, 1, 4], context).await;
    assert_eq!(
        found,
        [json!({
            "title": "Make it good", "kind": "quickfix", "isPreferred": true, "diagnostics": [theirs],
            "edit": { "changes": { URI: [{
                "range": { "start": { "line": 1, "character": 3 }, "end": { "line": 1, "character": 6 } },
                "newText": "good",
            }] } },
        })]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn touching_a_diagnostic_is_enough() {
    let mut client = TestClient::start(with_code_actions()).await;
    client.open(URI, "bicep", 1, "// bad\n");
    client.published(URI).await;
    let only = json!({ "only": ["quickfix"] });
    for (range, expected) in [([0, 3, 0, 3], 1), ([0, 6, 0, 6], 1), ([0, 0, 1, 0], 1), ([0, 0, 0, 2], 0)] {
        assert_eq!(actions(&mut client, range, only.clone()).await.len(), expected, "{range:?}");
    }
    let nowhere = client.request("textDocument/codeAction", at([9, 0, 9, 0], &only)).await;
    assert_eq!(nowhere, Ok(Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_wanted_is_offered() {
    let mut client = TestClient::start(with_code_actions()).await;
    client.open(URI, "bicep", 1, "// bad\n// bad");
    client.published(URI).await;
    let (fix, all) = ("Make it good", "Fix all that akslint can fix safely");
    for (context, expected) in [
        (json!({}), vec![fix, all]),
        (json!({ "triggerKind": 2 }), vec![fix]),
        (json!({ "only": [] }), vec![]),
        (json!({ "only": [""] }), vec![fix, all]),
        (json!({ "only": ["quickfix"] }), vec![fix]),
        (json!({ "only": ["refactor", "source"] }), vec![all]),
        (json!({ "only": ["source.fixAll"] }), vec![all]),
        (json!({ "only": ["source.fixAll.akslint"] }), vec![all]),
        (json!({ "only": ["source.fixAll.other", "source.fix", "quick"] }), vec![]),
    ] {
        assert_eq!(titles(&actions(&mut client, [0, 4, 0, 4], context.clone()).await), expected, "{context}");
    }
    let found = actions(&mut client, [0, 0, 0, 0], json!({ "only": ["source.fixAll"] })).await;
    assert_eq!(found[0]["edit"]["changes"][URI].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_name_the_version_where_the_client_can_read_it() {
    let mut able = with_code_actions();
    able["workspace"] = json!({ "workspaceEdit": { "documentChanges": true } });
    let mut client = TestClient::start(able).await;
    client.open(URI, "bicep", 7, "// bad");
    client.published(URI).await;
    let found = actions(&mut client, [0, 4, 0, 4], json!({ "only": ["quickfix"] })).await;
    assert_eq!(found[0]["edit"]["documentChanges"][0]["textDocument"], json!({ "uri": URI, "version": 7 }));
    assert_eq!(found[0]["edit"]["documentChanges"][0]["edits"][0]["newText"], "good");
    assert_eq!(found[0]["edit"].get("changes"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_come_later_to_clients_that_ask_for_them() {
    let mut able = with_code_actions();
    able["textDocument"]["codeAction"]["dataSupport"] = true.into();
    able["textDocument"]["codeAction"]["resolveSupport"] = json!({ "properties": ["edit"] });
    let mut client = TestClient::start(able).await;
    assert_eq!(client.announced["capabilities"]["codeActionProvider"]["resolveProvider"], true);
    client.open(URI, "bicep", 1, "// bad bad");
    client.published(URI).await;
    let found = actions(&mut client, [0, 4, 0, 4], json!({})).await;
    assert!(found.iter().all(|action| action.get("edit").is_none()));
    for (action, count) in [(&found[0], 1), (&found[1], 2)] {
        let resolved = client.request("codeAction/resolve", action.clone()).await.unwrap();
        assert_eq!(resolved["edit"]["changes"][URI].as_array().unwrap().len(), count);
        assert_eq!(resolved["title"], action["title"]);
    }
    client.change(URI, 2, [0, 0, 0, 0], "  ");
    client.settled(URI, 2).await;
    let error = client.request("codeAction/resolve", found[0].clone()).await.unwrap_err();
    assert_eq!(error["code"], -32801, "the edit would be for another text");
}

#[tokio::test(flavor = "multi_thread")]
async fn unsafe_fixes_are_offered_but_neither_preferred_nor_applied_in_bulk() {
    let check =
        |workspace: &Workspace, targets: &[FileId], settings: &rules::Settings, cancelled: &rules::Cancelled<'_>| {
            let mut found = find_bad(workspace, targets, settings, cancelled);
            for diagnostic in &mut found {
                diagnostic.fixes[0].applicability = Applicability::Unsafe;
            }
            found
        };
    let mut client = TestClient::start_with(with_code_actions(), Arc::new(check), Manners::default()).await;
    client.open(URI, "bicep", 1, "// bad");
    client.published(URI).await;
    let found = actions(&mut client, [0, 4, 0, 4], json!({})).await;
    assert_eq!(titles(&found), ["Make it good"]);
    assert_eq!(found[0].get("isPreferred"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn fixes_that_overlap_are_not_applied_together() {
    let check =
        |workspace: &Workspace, targets: &[FileId], settings: &rules::Settings, cancelled: &rules::Cancelled<'_>| {
            let mut found = find_bad(workspace, targets, settings, cancelled);
            let more = found[0].clone();
            found.push(rules::Diagnostic { code: "worse", ..more });
            let broken = found[1].fixes[0].edits[0].clone();
            let range = broken.edit.range;
            found[1].fixes[0].edits[0].edit = TextEdit::replace(range, "better");
            // A fix that contradicts itself is none.
            let edits = vec![broken.clone(), broken];
            found[1].fixes.push(Fix {
                title: "Broken".to_owned(),
                applicability: Applicability::Safe,
                edits,
                copied: Vec::new(),
            });
            found
        };
    let mut client = TestClient::start_with(with_code_actions(), Arc::new(check), Manners::default()).await;
    client.open(URI, "bicep", 1, "// bad");
    client.published(URI).await;
    let found = actions(&mut client, [0, 0, 0, 0], json!({ "only": ["source"] })).await;
    assert_eq!(found[0]["edit"]["changes"][URI].as_array().unwrap().len(), 1);
    assert_eq!(found[0]["edit"]["changes"][URI][0]["newText"], "good");
    let found = actions(&mut client, [0, 4, 0, 4], json!({ "only": ["quickfix"] })).await;
    assert_eq!(titles(&found), ["Make it good", "Make it good"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn to_ignore_leaves_a_place_for_the_reason() {
    let check =
        |workspace: &Workspace, targets: &[FileId], settings: &rules::Settings, cancelled: &rules::Cancelled<'_>| {
            let found = find_bad(workspace, targets, settings, cancelled).into_iter();
            found.map(|one| rules::Diagnostic { code: "no-cluster-identity", ..one }).collect::<Vec<_>>()
        };
    let json = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "resources": [], "bad": 1 }"#;
    for (language, text, expected) in [
        ("bicep", "var a = 'bad'", "// akslint: ignore[no-cluster-identity] because ...\n"),
        ("json", json, r#"{ "code": "no-cluster-identity", "reason": "because ..." }"#),
    ] {
        let mut client = TestClient::start_with(with_code_actions(), Arc::new(check), Manners::default()).await;
        client.open(URI, language, 1, text);
        client.published(URI).await;
        let line_end = u32::try_from(text.len()).unwrap();
        let found = actions(&mut client, [0, 0, 0, line_end], json!({ "only": ["quickfix"] })).await;
        let ignore = found.iter().find(|action| action["title"] == "Ignore `no-cluster-identity` here").unwrap();
        let written = ignore["edit"]["changes"][URI][0]["newText"].as_str().unwrap();
        assert!(written.contains(expected), "{written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_without_code_actions_get_none_announced() {
    let client = TestClient::start(json!({ "textDocument": { "codeAction": {} } })).await;
    assert_eq!(client.announced["capabilities"].get("codeActionProvider"), None);
}
