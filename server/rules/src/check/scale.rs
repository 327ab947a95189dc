//! The law that a check costs as much as its files are long, counted in steps of evaluation and not in time.

use std::fmt::Write as _;

use template::workspace::FileId;

use super::{Project, Root, SettingsOf};
use crate::ctx::Shared;
use crate::testing::workspace;
use crate::{Settings, all};

const IDENTITY: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const OPERATOR: &str = "f1a07417-d97a-45cb-824c-7a7467783830";
const PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

/// The steps that all rules take, and what they find.
fn steps(path: &str, text: &str) -> (u32, usize) {
    let workspace = workspace(&[(path, text)]);
    let settings = Settings { with_bicep: true, ..Settings::default() };
    let project = Project::new(&workspace);
    let root = Root { file: FileId(0), with_modules: true, parameters: None };
    let eval = project.evaluator(root).expect("it is a template");
    let rules: Vec<_> = all().collect();
    let shared = Shared::default();
    let (found, panics) = project.run_in(&eval, &shared, &rules, SettingsOf::all(&settings));
    assert_eq!(panics, []);
    (eval.steps(), found.len())
}

/// Clusters with identities of their own for control plane and kubelet, roles for both, and pools; some of it wrong, so that
/// fixes are made: the roles are not waited for, an identity has no use, a name says nothing of its principal.
fn bicep(count: usize) -> String {
    let mut text = "param prefix string
resource acr 'Microsoft.ContainerRegistry/registries@2023-07-01' = { name: 'images', location: 'x', sku: { name: 'Basic' } }
"
    .to_owned();
    for n in 0..count {
        let _ = write!(
            text,
            "resource mi{n} '{IDENTITY}@2023-01-31' = {{ name: '${{prefix}}-mi-{n}', location: 'x' }}
resource kmi{n} '{IDENTITY}@2023-01-31' = {{ name: 'kmi{n}', location: 'x' }}
resource spare{n} '{IDENTITY}@2023-01-31' = {{ name: 'spare{n}', location: 'x' }}
resource aks{n} 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks{n}'
  location: 'x'
  identity: {{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi{n}.id}}': {{}} }} }}
  properties: {{
    dnsPrefix: 'a'
    agentPoolProfiles: [{{ name: 'a', count: 1, vmSize: 'x', mode: 'System' }}]
    identityProfile: {{ kubeletidentity: {{ resourceId: kmi{n}.id }} }}
  }}
}}
"
        );
        for (role, on, name, principal) in [
            (OPERATOR, format!("kmi{n}"), "op", format!("mi{n}.properties.principalId")),
            (PULL, "acr".to_owned(), "pull", format!("kmi{n}.properties.principalId")),
            (PULL, "acr".to_owned(), "spare", format!("spare{n}.properties.principalId")),
        ] {
            let _ = write!(
                text,
                "resource {name}{n} 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  scope: {on}
  name: guid(acr.id, '{name}{n}')
  properties: {{
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')
    principalId: {principal}
    principalType: 'ServicePrincipal'
  }}
}}
"
            );
        }
    }
    text
}

/// The same in ARM JSON, without waiting for anything.
fn json(count: usize) -> String {
    let mut resources = vec![
        r#"{ "type": "Microsoft.ContainerRegistry/registries", "apiVersion": "2023-07-01", "name": "images", "location": "x", "sku": { "name": "Basic" } }"#.to_owned(),
    ];
    let id = |name: &str| format!("resourceId('{IDENTITY}', {name})");
    for n in 0..count {
        let [mi, kmi, spare] =
            [format!("format('{{0}}-mi-{n}', parameters('prefix'))"), format!("'kmi{n}'"), format!("'spare{n}'")];
        for name in [&mi, &kmi, &spare] {
            resources.push(format!(
                r#"{{ "type": "{IDENTITY}", "apiVersion": "2023-01-31", "name": "[concat({name}, '')]", "location": "x" }}"#
            ));
        }
        resources.push(format!(
            r#"{{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks{n}", "location": "x",
  "identity": {{ "type": "UserAssigned", "userAssignedIdentities": {{ "[{}]": {{}} }} }},
  "properties": {{
    "dnsPrefix": "a",
    "agentPoolProfiles": [{{ "name": "a", "count": 1, "vmSize": "x", "mode": "System" }}],
    "identityProfile": {{ "kubeletidentity": {{ "resourceId": "[{}]" }} }} }} }}"#,
            id(&mi),
            id(&kmi)
        ));
        for (role, on, name, principal) in [
            (OPERATOR, id(&kmi), "op", &mi),
            (PULL, "resourceId('Microsoft.ContainerRegistry/registries', 'images')".to_owned(), "pull", &kmi),
            (PULL, "resourceId('Microsoft.ContainerRegistry/registries', 'images')".to_owned(), "spare", &spare),
        ] {
            resources.push(format!(
                r#"{{ "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "scope": "[{on}]", "name": "[guid('{name}{n}')]",
  "properties": {{
    "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role}')]",
    "principalId": "[reference({}, '2023-01-31').principalId]",
    "principalType": "ServicePrincipal" }} }}"#,
                id(principal)
            ));
        }
    }
    format!(
        r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {{ "prefix": {{ "type": "string" }} }},
  "resources": [{}]
}}"#,
        resources.join(",\n")
    )
}

#[test]
fn twice_as_many_clusters_take_twice_as_many_steps() {
    for (path, text) in [("main.bicep", bicep as fn(usize) -> String), ("main.json", json)] {
        let (few, found_few) = steps(path, &text(10));
        let (some, found_some) = steps(path, &text(20));
        let (many, found_many) = steps(path, &text(40));
        assert!(found_few >= 10, "{path}: {found_few} findings say nothing about fixes");
        assert_eq!((found_some - found_few) * 2, found_many - found_some, "{path}: as many for each");
        // What is the same for any number falls out of the differences.
        let (first, second) = (some - few, many - some);
        assert!(second <= first * 2 + first / 20, "{path}: {few}, {some}, {many} steps");
    }
}
