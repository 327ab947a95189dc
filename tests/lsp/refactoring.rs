//! Refactorings as code actions: the same in both languages, with the edit at once or when it is asked for.

use serde_json::{Value, json};
use syntax::{Language, SourceText};

use crate::client::{BICEP_URI, JSON_URI, TestClient, behind, edited, rules_check, with_code_actions};

/// A refactoring: its title, what the cluster has, and what is in the text only after or before it.
struct Scene {
    title: &'static str,
    bicep: &'static str,
    json: &'static str,
    adds: &'static [&'static str],
    drops: &'static [&'static str],
}

const SCENES: [Scene; 6] = [
    Scene {
        title: "Replace the service principal with a system-assigned identity",
        bicep: "properties: { servicePrincipalProfile: { clientId: 'x' } }",
        json: r#""properties": { "servicePrincipalProfile": { "clientId": "x" } }"#,
        adds: &["SystemAssigned"],
        drops: &["servicePrincipalProfile"],
    },
    Scene {
        title: "Replace the service principal with the identity mi",
        bicep: "properties: { servicePrincipalProfile: { clientId: 'x' } }",
        json: r#""properties": { "servicePrincipalProfile": { "clientId": "x" } }"#,
        adds: &["UserAssigned", "userAssignedIdentities: {", "mi"],
        drops: &["servicePrincipalProfile"],
    },
    Scene {
        title: "Change to a new user-assigned identity",
        bicep: "identity: { type: 'SystemAssigned' }\n  properties: {}",
        json: r#""identity": { "type": "SystemAssigned" },\n      "properties": {}"#,
        adds: &["UserAssigned", "userAssignedIdentities: {", "identity"],
        drops: &["SystemAssigned", ".identity.principalId", "'Full'"],
    },
    Scene {
        title: "Make `nodes` the identity of the kubelet",
        bicep: "identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: { '${mi.id}': {}, '${nodes.id}': {} }\n  }\n  properties: {}",
        json: r#""identity": { "type": "UserAssigned", "userAssignedIdentities": {
        "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {},
        "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'nodes')]": {}
      } },
      "properties": {}"#,
        adds: &["kubeletidentity: {", "resourceId: "],
        drops: &[],
    },
    Scene {
        title: "Bring your own kubelet identity",
        bicep: "identity: {\n    type: 'UserAssigned'\n    userAssignedIdentities: { '${mi.id}': {} }\n  }\n  properties: {}",
        json: r#""identity": { "type": "UserAssigned", "userAssignedIdentities": {
        "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {}
      } },
      "properties": {}"#,
        adds: &["kubeletidentity: {", "f1a07417-d97a-45cb-824c-7a7467783830", "dependsOn: ["],
        drops: &[],
    },
    Scene {
        title: "Replace pod identity with workload identity",
        bicep: "properties: { podIdentityProfile: { enabled: true } }",
        json: r#""properties": { "podIdentityProfile": { "enabled": true } }"#,
        adds: &["oidcIssuerProfile: {", "workloadIdentity: {"],
        drops: &["podIdentityProfile"],
    },
];

impl Scene {
    fn bicep(&self) -> String {
        format!(
            "// é
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{
  name: 'mi'
  location: 'westeurope'
}}
resource nodes 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{
  name: 'nodes'
  location: 'westeurope'
}}
resource aks 'Microsoft.ContainerService/managedClusters@2024-10-01' = {{
  name: 'aks'
  location: 'westeurope'
  {}
}}
output principal string = aks.identity.principalId
",
            self.bicep
        )
    }

    fn json(&self) -> String {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {{
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi",
      "location": "westeurope"
    }},
    {{
      "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "nodes",
      "location": "westeurope"
    }},
    {{
      "type": "Microsoft.ContainerService/managedClusters",
      "apiVersion": "2024-10-01",
      "name": "aks",
      "location": "westeurope",
      {}
    }}
  ],
  "outputs": {{
    "principal": {{
      "type": "string",
      "value": "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2024-10-01', 'Full').identity.principalId]"
    }}
  }}
}}
"#,
            self.json.replace("\\n", "\n")
        )
    }
}

fn capabilities(resolve: bool) -> Value {
    let mut able = with_code_actions();
    if resolve {
        able["textDocument"]["codeAction"]["dataSupport"] = true.into();
        able["textDocument"]["codeAction"]["resolveSupport"] = json!({ "properties": ["edit"] });
    }
    able
}

/// The refactorings at the first `before`.
async fn offered(client: &mut TestClient, uri: &str, text: &str, before: &str) -> Vec<Value> {
    let at = behind(text, before);
    let context = json!({ "diagnostics": [], "only": ["refactor"] });
    let params = json!({ "textDocument": { "uri": uri }, "range": { "start": at, "end": at }, "context": context });
    let answer = client.request("textDocument/codeAction", params).await.unwrap();
    answer.as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_offered_in_both_languages_and_does_what_it_says() {
    for resolve in [false, true] {
        let mut client = TestClient::start(capabilities(resolve)).await;
        client.strict = false;
        for (version, scene) in (1..).zip(&SCENES) {
            for (uri, id, text) in [(BICEP_URI, "bicep", scene.bicep()), (JSON_URI, "json", scene.json())] {
                client.open(uri, id, version, &text);
                let offered = offered(&mut client, uri, &text, "managedClusters").await;
                assert!(offered.iter().all(|action| action["kind"] == "refactor.rewrite"));
                assert!(offered.iter().all(|action| action.get("edit").is_none() == resolve));
                let action = offered.iter().find(|action| action["title"] == scene.title);
                let Some(action) = action else { panic!("no `{}` among {offered:#?}", scene.title) };
                let resolved = if resolve {
                    client.request("codeAction/resolve", action.clone()).await.unwrap()
                } else {
                    action.clone()
                };
                let after = edited(&text, &resolved["edit"]["changes"][uri]);
                let tree = syntax::parse(
                    if id == "json" { Language::Json } else { Language::Bicep },
                    SourceText::new(after.clone()),
                );
                assert!(!tree.root().has_error(), "{}: {after}", scene.title);
                let squeezed = after.replace('"', "");
                for word in scene.adds {
                    assert!(squeezed.contains(word), "{}: no `{word}` in {after}", scene.title);
                }
                for word in scene.drops {
                    assert!(!squeezed.contains(word), "{}: still `{word}` in {after}", scene.title);
                }
                client.close(uri);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_offered_in_the_cluster_and_not_unasked() {
    let mut client = TestClient::start(capabilities(false)).await;
    client.strict = false;
    assert_eq!(
        client.announced["capabilities"]["codeActionProvider"]["codeActionKinds"],
        json!(["quickfix", "refactor.rewrite", "source.fixAll.akslint"])
    );
    let text = SCENES[2].bicep();
    client.open(BICEP_URI, "bicep", 1, &text);
    assert_eq!(offered(&mut client, BICEP_URI, &text, "output").await, Vec::<Value>::new());
    assert_eq!(offered(&mut client, BICEP_URI, &text, "'Micro").await, Vec::<Value>::new(), "on an identity");
    assert_eq!(offered(&mut client, BICEP_URI, &text, "'SystemA").await.len(), 1);
    let at = behind(&text, "'SystemA");
    let params = json!({ "textDocument": { "uri": BICEP_URI }, "range": { "start": at, "end": at },
        "context": { "diagnostics": [], "triggerKind": 2 } });
    let unasked = client.request("textDocument/codeAction", params).await.unwrap();
    assert!(unasked.as_array().unwrap().iter().all(|action| action["kind"] != "refactor.rewrite"), "{unasked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_fix_already_is_not_offered_twice() {
    let mut client =
        TestClient::start_with(capabilities(false), rules_check(), crate::client::Manners::default()).await;
    client.strict = false;
    let text = SCENES[0].bicep();
    client.open(BICEP_URI, "bicep", 1, &text);
    let at = behind(&text, "servicePrincipal");
    let params = json!({ "textDocument": { "uri": BICEP_URI }, "range": { "start": at, "end": at },
        "context": { "diagnostics": [] } });
    let actions = client.request("textDocument/codeAction", params).await.unwrap();
    let mut edits: Vec<String> = Vec::new();
    for action in actions.as_array().unwrap().iter().filter(|action| action["kind"] != "source.fixAll.akslint") {
        let edit = action["edit"].to_string();
        assert!(!edits.contains(&edit), "{} is offered twice", action["title"]);
        edits.push(edit);
    }
    assert!(actions.as_array().unwrap().iter().any(|action| action["title"] == SCENES[0].title), "{actions}");
}
