//! Scripts and what carries them: flags of `az` are judged, completed, explained and mended as in a template.

use serde_json::{Value, json};

use crate::client::{Manners, TestClient, behind, covered, edited, place, rules_check, with_code_actions};

/// Name, language, what stands before and behind a command.
const KINDS: [(&str, &str, &str, &str); 6] = [
    ("deploy.sh", "shellscript", "#!/usr/bin/env bash\necho 'é𝒳'; ", "\n"),
    ("deploy.azcli", "azcli", "# é𝒳\n", "\n"),
    ("deploy.ps1", "powershell", "Write-Host 'é𝒳'; ", "\r\n"),
    ("README.md", "markdown", "# é𝒳\n\n```azurecli\n", "\n```\n"),
    (".github/workflows/deploy.yml", "yaml", "jobs:\n  é𝒳:\n    steps:\n      - run: |\n          ", "\n"),
    (
        "azure-pipelines.yaml",
        "azure-pipelines",
        "steps:\n- task: AzureCLI@2\n  inputs:\n    inlineScript: |\n      ",
        "\n",
    ),
];
const COMMAND: &str = "az aks create -g rg -n aks --enable-managed-identiti --assign-identity \"$ID\" --yes";

async fn start() -> TestClient {
    let mut client = TestClient::connect(rules_check(), Manners::default());
    client.initialize(json!({ "processId": null, "rootUri": null, "capabilities": with_code_actions() })).await;
    client.strict = false;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_judged_completed_explained_and_mended() {
    let mut client = start().await;
    for (name, language, before, after) in KINDS {
        let (uri, text) = (format!("file:///w/{name}"), format!("{before}{COMMAND}{after}"));
        client.open(&uri, language, 1, &text);
        let shown = client.settled(&uri, 1).await;
        let [typo] = shown["diagnostics"].as_array().unwrap().as_slice() else { panic!("{name}: {shown}") };
        assert_eq!(typo["code"], "cli-flag-typo", "{name}");
        assert_eq!(covered(&text, &typo["range"]), "--enable-managed-identiti", "{name}");

        let params =
            json!({ "textDocument": { "uri": uri }, "range": typo["range"], "context": { "diagnostics": [typo] } });
        let actions = client.request("textDocument/codeAction", params).await.unwrap();
        assert_eq!((&actions[0]["kind"], &actions[0]["isPreferred"]), (&json!("quickfix"), &json!(true)), "{name}");
        let mended = edited(&text, &actions[0]["edit"]["changes"][&uri]);
        assert_eq!(mended, text.replace("identiti", "identity"), "{name}");

        let hover = client.request("textDocument/hover", place(&uri, &text, "--assign-ident")).await.unwrap();
        assert_eq!(covered(&text, &hover["range"]), "--assign-identity", "{name}");
        assert!(hover["contents"]["value"].as_str().unwrap().contains("az aks create"), "{name}: {hover}");

        let answer = client.request("textDocument/completion", place(&uri, &text, "--ye")).await.unwrap();
        let items = answer["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["label"] == "--attach-acr");
        let item = item.unwrap_or_else(|| panic!("{name}: {items:?}"));
        assert_eq!(covered(&text, &item["textEdit"]["range"]), "--yes", "{name}");
        assert!(!items.iter().any(|item| item["label"] == "--assign-identity"), "{name}: it is there already");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_and_mended_is_followed() {
    let mut client = start().await;
    for (name, language, before, after) in KINDS {
        let (uri, text) = (format!("file:///w/{name}"), format!("{before}{COMMAND}{after}"));
        client.open(&uri, language, 1, &text);
        assert_eq!(client.settled(&uri, 1).await["diagnostics"].as_array().unwrap().len(), 1, "{name}");
        let end = behind(&text, "identiti");
        let start = json!({ "line": end["line"], "character": end["character"].as_u64().unwrap() - 1 });
        client.change_raw(&uri, 2, json!([{ "range": { "start": start, "end": end }, "text": "y" }]));
        assert_eq!(client.settled(&uri, 2).await["diagnostics"], json!([]), "{name}");
        client.close(&uri);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_without_az_is_left_alone() {
    let mut client = start().await;
    for (name, language, before, after) in KINDS {
        let uri = format!("file:///w/{name}");
        let text = format!("{before}echo --enable-managed-identiti{after}");
        client.open(&uri, language, 1, &text);
        let hover = client.request("textDocument/hover", place(&uri, &text, "--enable-man")).await;
        assert_eq!(hover, Ok(Value::Null), "{name}");
        let offered = client.request("textDocument/completion", place(&uri, &text, "--enable-man")).await;
        assert!(offered.unwrap()["items"].as_array().is_none_or(Vec::is_empty), "{name}");
    }
    let unread = client.leave().await.1;
    assert_eq!(unread, Vec::<Value>::new(), "nothing is published");
}
