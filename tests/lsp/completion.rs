use serde_json::{Value, json};

use crate::client::{BICEP_URI, BOTH, JSON_URI, TestClient, covered, place, with_both_languages};

async fn items(client: &mut TestClient, params: Value) -> Vec<Value> {
    let answer = client.request("textDocument/completion", params).await.unwrap();
    answer["items"].as_array().unwrap().clone()
}

fn find<'v>(items: &'v [Value], label: &str) -> &'v Value {
    items.iter().find(|item| item["label"] == label).unwrap_or_else(|| panic!("{label} is not offered"))
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_values_with_their_edit() {
    let mut client = with_both_languages().await;
    for ((uri, text), (before, old, new)) in BOTH.into_iter().zip([
        ("    type: 'User", "'UserAssigned'", "'SystemAssigned'"),
        ("\"type\": \"User", "\"UserAssigned\"", "\"SystemAssigned\""),
    ]) {
        let items = items(&mut client, place(uri, text, before)).await;
        let item = find(&items, "SystemAssigned");
        assert_eq!(covered(text, &item["textEdit"]["range"]), old);
        assert_eq!(item["textEdit"]["newText"], new);
        assert_eq!(item["filterText"], new);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_behind_letters_of_two_bytes_are_right() {
    let mut client = with_both_languages().await;
    for ((uri, text), (before, label, old)) in
        BOTH.into_iter().zip([("'${m", "location", "mi"), ("[concat('é', parameters('loc", "location", "location")])
    {
        let items = items(&mut client, place(uri, text, before)).await;
        assert_eq!(covered(text, &find(&items, label)["textEdit"]["range"]), old);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn properties_are_snippets_only_where_the_client_has_them() {
    for (snippets, bicep, json) in
        [(true, "tags: {\n\t$1\n}", "\"tags\": {\n\t$1\n},"), (false, "tags: {\n\t\n}", "\"tags\": {\n\t\n},")]
    {
        let mut client = TestClient::start(json!({
            "textDocument": { "completion": { "completionItem": { "snippetSupport": snippets } } },
        }))
        .await;
        client.strict = false;
        for (uri, text) in BOTH {
            let (before, expected) =
                if uri == BICEP_URI { ("  name: 'aks'\n", bicep) } else { ("\"name\": \"aks\",\n", json) };
            let text = text.replacen(before, &format!("{before}\n"), 1);
            client.open(uri, if uri == BICEP_URI { "bicep" } else { "json" }, 1, &text);
            let items = items(&mut client, place(uri, &text, before)).await;
            let item = find(&items, "tags");
            assert_eq!(item["textEdit"]["newText"], expected);
            assert_eq!(item.get("insertTextFormat").is_some(), snippets);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_offered_follows_what_is_typed() {
    let mut client = with_both_languages().await;
    client.change(BICEP_URI, 2, [18, 0, 18, 0], "output o string = aks.identity.");
    let at = json!({ "textDocument": { "uri": BICEP_URI }, "position": { "line": 18, "character": 31 } });
    find(&items(&mut client, at).await, "principalId");
    client.change(JSON_URI, 2, [3, 2, 3, 2], "\"outputs\": { \"o\": { \"type\": \"");
    let at = json!({ "textDocument": { "uri": JSON_URI }, "position": { "line": 3, "character": 31 } });
    find(&items(&mut client, at).await, "securestring");
}

#[tokio::test(flavor = "multi_thread")]
async fn documentation_is_handed_in_later_where_the_client_can_wait() {
    let able = |properties: Value| {
        json!({ "textDocument": { "completion": { "completionItem": {
        "documentationFormat": ["markdown"], "resolveSupport": { "properties": properties },
    } } } })
    };
    for (properties, later) in [(json!(["documentation", "detail"]), true), (json!(["detail"]), false)] {
        let mut client = TestClient::start(able(properties)).await;
        client.strict = false;
        let announced = &client.announced["capabilities"]["completionProvider"]["resolveProvider"];
        assert_eq!(announced == &json!(true), later);
        for (uri, text) in BOTH {
            client.open(uri, if uri == BICEP_URI { "bicep" } else { "json" }, 1, text);
            let before = if uri == BICEP_URI { "  iden" } else { "\"iden" };
            let items = items(&mut client, place(uri, text, before)).await;
            let item = find(&items, "sku").clone();
            assert_eq!(item.get("documentation").is_none(), later);
            if !later {
                continue;
            }
            // Nothing else waits, and the document may move on meanwhile.
            assert!(item["textEdit"]["newText"].is_string() && item["detail"].is_string());
            client.change(uri, 2, [0, 0, 0, 0], " ");
            let mut resolved = client.request("completionItem/resolve", item.clone()).await.unwrap();
            assert!(resolved["documentation"]["value"].as_str().unwrap().starts_with("`sku`: object"), "{resolved}");
            resolved.as_object_mut().unwrap().remove("documentation");
            assert_eq!(resolved, item);
            // One that was never offered comes back as it is.
            let other = json!({ "label": "x", "data": { "list": 99, "index": 0 } });
            assert_eq!(client.request("completionItem/resolve", other.clone()).await, Ok(other));
        }
    }
}

/// A folder with a template of each language, its parameter file, and a client that knows it.
async fn beside_others() -> (tempfile::TempDir, TestClient, impl Fn(&str) -> String) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let template = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "parameters": { "tier": { "type": "string", "allowedValues": ["é-free", "paid"] } }, "resources": [] }"#;
    std::fs::create_dir(root.join("lib")).unwrap();
    std::fs::write(root.join("main.json"), template).unwrap();
    std::fs::write(root.join("lib/part.bicep"), "@allowed(['é-free', 'paid'])\nparam tier string\n").unwrap();
    let uri = move |name: &str| format!("file://{}/{name}", root.display());
    let mut client = TestClient::start(json!({})).await;
    client.strict = false;
    (folder, client, uri)
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_parameters_come_from_files_that_are_not_open() {
    let (_folder, mut client, uri) = beside_others().await;
    let values = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "parameters": { "tier": { "value": "" } } }"#;
    for (name, language, text, before, written) in [
        ("main.parameters.json", "json", values, "\"value\": \"", "\"é-free\""),
        ("main.bicepparam", "bicep-params", "using 'lib/part.bicep'\nparam tier = ''\n", "tier = '", "'é-free'"),
        (
            "call.bicep",
            "bicep",
            "module m 'lib/part.bicep' = {\n  params: {\n    \n  }\n}\n",
            "params: {\n    ",
            "tier: ''",
        ),
    ] {
        client.open(&uri(name), language, 1, text);
        let items = items(&mut client, place(&uri(name), text, before)).await;
        let label = if name == "call.bicep" { "tier" } else { "é-free" };
        assert_eq!(find(&items, label)["textEdit"]["newText"], written, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_are_read_from_the_disk() {
    let (_folder, mut client, uri) = beside_others().await;
    for (name, text, before, label) in [
        ("a.bicep", "module m ''", "module m '", "lib/"),
        ("a.bicep", "module m 'lib/'", "'lib/", "lib/part.bicep"),
        ("lib/b.bicep", "module m '../'", "'../", "../main.json"),
        ("a.bicepparam", "using 'li'", "'li", "lib/"),
    ] {
        client.open(&uri(name), if name.ends_with("param") { "bicep-params" } else { "bicep" }, 1, text);
        let items = items(&mut client, place(&uri(name), text, before)).await;
        let item = find(&items, label);
        assert_eq!(item["textEdit"]["newText"], label, "{text}");
        assert_eq!(item["kind"], 17);
        client.close(&uri(name));
    }
    // What is on no disk has no neighbours.
    client.open("untitled:Untitled-1", "bicep", 1, "module m ''");
    let params = place("untitled:Untitled-1", "module m ''", "module m '");
    assert!(items(&mut client, params).await.iter().all(|item| item["label"] == "../"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_document_that_says_nothing_yet_can_begin() {
    let mut client = with_both_languages().await;
    client.open("file:///w/new.json", "json", 1, "{\n  \n}\n");
    let at = json!({ "textDocument": { "uri": "file:///w/new.json" }, "position": { "line": 1, "character": 2 } });
    let items = items(&mut client, at).await;
    assert_eq!(find(&items, "arm-template")["insertTextFormat"], 2);
    // In any other JSON there is nothing to say.
    let text = r#"{ "name": "x",  }"#;
    client.open("file:///w/package.json", "json", 1, text);
    let params = place("file:///w/package.json", text, "\"x\", ");
    assert_eq!(client.request("textDocument/completion", params).await, Ok(Value::Null));
}
