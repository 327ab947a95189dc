use serde_json::{Value, json};

use crate::client::{BICEP_URI, BOTH, JSON_URI, behind, covered, place, with_both_languages};

fn of(uri: &str) -> Value {
    json!({ "textDocument": { "uri": uri } })
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_to_the_declaration() {
    let mut client = with_both_languages().await;
    for ((uri, text), before) in BOTH.into_iter().zip(["location: loc", "parameters('loc"]) {
        let found = client.request("textDocument/definition", place(uri, text, before)).await.unwrap();
        assert_eq!(found[0]["uri"], uri);
        assert_eq!(covered(text, &found[0]["range"]), "location");
        let line = if uri == BICEP_URI { 0 } else { 3 };
        assert_eq!(found[0]["range"]["start"]["line"], line);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn finds_and_highlights_all_uses() {
    let mut client = with_both_languages().await;
    for ((uri, text), before) in BOTH.into_iter().zip(["location: loc", "parameters('loc"]) {
        for (with, expected) in [(true, 3), (false, 2)] {
            let mut params = place(uri, text, before);
            params["context"] = json!({ "includeDeclaration": with });
            let found = client.request("textDocument/references", params).await.unwrap();
            assert_eq!(found.as_array().unwrap().len(), expected);
        }
        let found = client.request("textDocument/documentHighlight", place(uri, text, before)).await.unwrap();
        let kinds: Vec<_> = found.as_array().unwrap().iter().map(|it| it["kind"].as_u64().unwrap()).collect();
        assert_eq!(kinds, [3, 2, 2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn renames_everywhere_or_says_why_not() {
    let mut client = with_both_languages().await;
    for ((uri, text), before) in BOTH.into_iter().zip(["location: loc", "parameters('loc"]) {
        let prepared = client.request("textDocument/prepareRename", place(uri, text, before)).await.unwrap();
        assert_eq!(prepared["placeholder"], "location");
        let mut params = place(uri, text, before);
        params["newName"] = json!("region");
        let edit = client.request("textDocument/rename", params.clone()).await.unwrap();
        let edits = edit["changes"][uri].as_array().unwrap();
        assert_eq!(edits.len(), 3);
        assert!(edits.iter().all(|edit| covered(text, &edit["range"]) == "location" && edit["newText"] == "region"));
        params["newName"] = json!("no name");
        let refused = client.request("textDocument/rename", params).await.unwrap_err();
        assert!(refused["message"].as_str().unwrap().contains("cannot be a name"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_symbols_of_documents_and_workspace() {
    let mut client = with_both_languages().await;
    for (uri, _) in BOTH {
        let found = client.request("textDocument/documentSymbol", of(uri)).await.unwrap();
        let names: Vec<_> = found.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["location", "mi", "aks"]);
    }
    let found = client.request("workspace/symbol", json!({ "query": "aks" })).await.unwrap();
    let uris: Vec<_> = found.as_array().unwrap().iter().map(|it| it["location"]["uri"].as_str().unwrap()).collect();
    assert_eq!(uris, [BICEP_URI, JSON_URI]);
}

#[tokio::test(flavor = "multi_thread")]
async fn folds_selects_and_links() {
    let mut client = with_both_languages().await;
    for (uri, text) in BOTH {
        let folds = client.request("textDocument/foldingRange", of(uri)).await.unwrap();
        assert!(folds.as_array().unwrap().len() >= 5);
        let mut params = of(uri);
        params["positions"] = json!([behind(text, "UserAss")]);
        let selections = client.request("textDocument/selectionRange", params).await.unwrap();
        assert!(covered(text, &selections[0]["range"]).contains("UserAssigned"));
        assert!(selections[0]["parent"]["parent"].is_object());
        let links = client.request("textDocument/documentLink", of(uri)).await.unwrap();
        let links: Vec<_> = links.as_array().unwrap().iter().map(|it| covered(text, &it["range"])).collect();
        assert!(links.contains(&"Microsoft.ContainerService/managedClusters".to_owned()), "{links:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn says_above_a_cluster_who_acts_in_it() {
    let mut client = with_both_languages().await;
    for (uri, _) in BOTH {
        let lenses = client.request("textDocument/codeLens", of(uri)).await.unwrap();
        assert_eq!(lenses[0]["command"]["title"], "control plane: mi · kubelet: generated");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_at_the_role_behind_a_guid() {
    let mut client = with_both_languages().await;
    for (uri, line, quote) in [(BICEP_URI, "var pull = ", "'"), (JSON_URI, "  \"x\": ", "\"")] {
        let guid = format!("{line}{quote}7f951dda-4ed3-4680-a7ca-43fe172d538d{quote}");
        client.change(uri, 2, [1, 0, 1, 0], &format!("{guid}{}\n", if quote == "'" { "" } else { "," }));
        let mut params = of(uri);
        params["range"] = json!({ "start": { "line": 1, "character": 0 }, "end": { "line": 2, "character": 0 } });
        let hints = client.request("textDocument/inlayHint", params).await.unwrap();
        assert_eq!(hints[0]["label"], "AcrPull");
        assert_eq!(hints[0]["position"], json!({ "line": 1, "character": guid.len() }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_expressions() {
    let mut client = with_both_languages().await;
    for (uri, text) in BOTH {
        let tokens = client.request("textDocument/semanticTokens/full", of(uri)).await.unwrap();
        let data: Vec<u64> = tokens["data"].as_array().unwrap().iter().map(|it| it.as_u64().unwrap()).collect();
        assert_eq!(data.len() % 5, 0);
        let (mut line, mut start, mut functions) = (0, 0, Vec::new());
        for token in data.chunks(5) {
            start = if token[0] == 0 { start + token[1] } else { token[1] };
            line += token[0];
            let range = json!({
                "start": { "line": line, "character": start },
                "end": { "line": line, "character": start + token[2] },
            });
            if token[3] == 0 {
                functions.push(covered(text, &range));
            }
        }
        assert!(functions.contains(&"toLower".to_owned()), "{functions:?}");
        let mut params = of(uri);
        params["range"] = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 1, "character": 0 } });
        let some = client.request("textDocument/semanticTokens/range", params).await.unwrap();
        assert!(some["data"].as_array().unwrap().len() < data.len());
    }
    assert_eq!(client.announced["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"][0], "function");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_lead_to_the_resource_and_its_name_can_be_changed() {
    let mut client = with_both_languages().await;
    let links = client.request("textDocument/documentLink", of(JSON_URI)).await.unwrap();
    let to_resource = |link: &&Value| link["target"] == format!("{JSON_URI}#L7,15");
    let link = links.as_array().unwrap().iter().find(to_resource).expect("a link to the resource");
    let text = BOTH[1].1;
    assert_eq!(covered(text, &link["range"]), "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')");
    let mut params = place(JSON_URI, text, "userAssignedIdentities', 'm");
    let prepared = client.request("textDocument/prepareRename", params.clone()).await.unwrap();
    assert_eq!(prepared["placeholder"], "mi");
    params["newName"] = json!("mi-prod");
    let edit = client.request("textDocument/rename", params).await.unwrap();
    let edits = edit["changes"][JSON_URI].as_array().unwrap();
    assert_eq!(edits.len(), 2);
    assert!(edits.iter().all(|edit| covered(text, &edit["range"]) == "mi"));
}
