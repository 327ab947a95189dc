//! What is deployed only after what.

use std::path::Path;
use std::sync::Arc;

use syntax::SourceText;
use template::Evaluator;
use template::aks::{CLUSTER, IDENTITY, ROLE_ASSIGNMENT};
use template::value::ResourceRef;
use template::workspace::{FileId, SourceFile, Workspace};

/// Whether the first deployed resource of one type waits for the first of another; the first file is the root.
fn waits(files: &[(&str, &str)], one: &str, other: &str) -> Option<bool> {
    let file = |&(path, text): &(&str, &str)| Arc::new(SourceFile::parse(Path::new(path), SourceText::new(text)));
    let workspace = Workspace::new(files.iter().map(file).collect());
    for (_, file) in workspace.files() {
        assert_eq!(file.syntax_errors, [], "{}", file.path.display());
    }
    let eval = Evaluator::new(&workspace, FileId(0)).expect("the first file is a template");
    let first = |resource_type: &str| -> ResourceRef {
        let all = eval.resources_of(resource_type);
        *all.iter().find(|&&found| !eval.resource(found).existing).expect("there is one")
    };
    eval.depends_on(first(one), first(other))
}

/// Of a cluster on an identity, in Bicep.
fn bicep(text: &str) -> Option<bool> {
    waits(&[("main.bicep", text)], CLUSTER, IDENTITY)
}

/// Of a cluster on an identity, in ARM JSON, given the members of the template and of the cluster.
fn json(members: &str, cluster: &str, more: &str) -> Option<bool> {
    let text = format!(
        r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",{members}
  "resources": [
    {{ "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "[parameters('mi')]" }},
    {{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks"{cluster} }}{more}
  ]
}}"#
    );
    waits(&[("main.json", &text)], CLUSTER, IDENTITY)
}

const PARAMETER: &str =
    r#" "parameters": { "mi": { "type": "string", "defaultValue": "mi" }, "other": { "type": "string" } },"#;

const MI: &str = "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi' }\n";

fn aks(more: &str) -> String {
    format!("resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{ name: 'aks'\n{more}\n}}\n")
}

#[test]
fn a_symbol_orders() {
    for using in [
        "tags: { a: mi.name }",
        "identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }",
        "identity: { type: 'UserAssigned', userAssignedIdentities: ids }",
        "dependsOn: [mi]",
        "dependsOn: [flag ? mi : other]",
        "tags: { a: reference(mi.id).principalId }",
    ] {
        let text = format!(
            "param flag bool\nvar ids = {{ '${{mi.id}}': {{}} }}\nresource other 'A.B/c@2020-01-01' = {{ name: 'o' }}\n{MI}{}",
            aks(using)
        );
        assert_eq!(bicep(&text), Some(true), "{using}");
    }
}

#[test]
fn a_name_and_an_id_by_function_do_not() {
    let id = "tags: { a: resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'), b: 'mi' }";
    assert_eq!(bicep(&format!("{MI}{}", aks(id))), Some(false));
}

#[test]
fn order_is_transitive() {
    let role = "resource role 'Microsoft.Authorization/roleAssignments@2022-04-01' = { name: guid(mi.id)\nscope: resourceGroup() }\n";
    assert_eq!(bicep(&format!("{MI}{role}{}", aks("dependsOn: [role]"))), Some(true));
    let existing = "resource same 'A.B/c@2020-01-01' existing = { name: mi.name }\n";
    assert_eq!(bicep(&format!("{MI}{existing}{}", aks("tags: { a: same.properties.x }"))), Some(true));
    let child = "resource f 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = { parent: mi\nname: 'f' }\n";
    assert_eq!(bicep(&format!("{MI}{child}{}", aks("dependsOn: [f]"))), Some(true));
}

#[test]
fn order_has_a_direction() {
    let text = format!("{MI}{}", aks("dependsOn: [mi]"));
    assert_eq!(waits(&[("main.bicep", &text)], IDENTITY, CLUSTER), Some(false));
}

#[test]
fn cycles_end() {
    let text =
        "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', dependsOn: [b] }
resource a 'A.B/c@2020-01-01' = { name: 'a', dependsOn: [b] }
resource b 'A.B/c@2020-01-01' = { name: 'b', dependsOn: [a] }
";
    assert_eq!(bicep(&format!("{text}{}", aks("dependsOn: [a]"))), Some(false));
}

#[test]
fn modules_order_by_outputs_and_as_a_whole() {
    let identity = format!("{MI}output id string = mi.id\n");
    let cluster = format!("param id string\n{}", aks("tags: { a: id }"));
    let root = |using: &str| {
        format!(
            "module i 'i.bicep' = {{ name: 'i' }}\nmodule c 'c.bicep' = {{ name: 'c', params: {{ id: {using} }}\n dependsOn: [] }}\n"
        )
    };
    let order =
        |root: &str| waits(&[("main.bicep", root), ("i.bicep", &identity), ("c.bicep", &cluster)], CLUSTER, IDENTITY);
    assert_eq!(order(&root("i.outputs.id")), Some(true));
    assert_eq!(order(&root("'x'").replace("dependsOn: []", "dependsOn: [i]")), Some(true));
    assert_eq!(order(&root("'x'")), Some(false));
}

#[test]
fn looped_modules_order_as_one() {
    let identity = format!("{MI}output id string = mi.id\n");
    let cluster = format!("param id string\n{}", aks("tags: { a: id }"));
    let root = "module i 'i.bicep' = [for n in ['a', 'b']: { name: n }]
module c 'c.bicep' = { name: 'c', params: { id: i[1].outputs.id } }
";
    assert_eq!(
        waits(&[("main.bicep", root), ("i.bicep", &identity), ("c.bicep", &cluster)], CLUSTER, IDENTITY),
        Some(true)
    );
}

#[test]
fn a_resource_of_a_module_does_not_wait_for_its_siblings() {
    let inner = format!("{MI}{}", aks(""));
    let root = "module m 'm.bicep' = { name: 'm' }\n";
    assert_eq!(waits(&[("main.bicep", root), ("m.bicep", &inner)], CLUSTER, IDENTITY), Some(false));
}

#[test]
fn depends_on_takes_many_forms() {
    for form in [
        "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('mi'))]",
        "[concat('Microsoft.ManagedIdentity/userAssignedIdentities/', parameters('mi'))]",
        "[parameters('mi')]",
        "[if(equals(parameters('other'), 'x'), 'nothing', resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('mi')))]",
    ] {
        assert_eq!(json(PARAMETER, &format!(r#", "dependsOn": [ "{form}" ]"#), ""), Some(true), "{form}");
    }
    assert_eq!(json(PARAMETER, "", ""), Some(false));
    assert_eq!(json(PARAMETER, r#", "dependsOn": [ "Microsoft.Network/virtualNetworks/vnet" ]"#, ""), Some(false));
}

#[test]
fn a_read_orders_in_json_as_well() {
    let read = r#", "tags": { "a": "[reference(parameters('mi')).principalId]" }"#;
    assert_eq!(json(PARAMETER, read, ""), Some(true));
    let id =
        r#", "tags": { "a": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('mi'))]" }"#;
    assert_eq!(json(PARAMETER, id, ""), Some(false));
}

#[test]
fn an_unknown_dependency_leaves_it_open() {
    assert_eq!(json(PARAMETER, r#", "dependsOn": "[parameters('other')]""#, ""), None);
    assert_eq!(json(PARAMETER, r#", "dependsOn": [ "[parameters('other')]" ]"#, ""), None);
    let unknown =
        r#", "dependsOn": [ "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('other'))]" ]"#;
    assert_eq!(json(PARAMETER, unknown, ""), None);
}

#[test]
fn copy_loops_are_waited_for_by_name_and_by_element() {
    let text = |on: &str| {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {{ "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "[concat('mi', copyIndex())]", "copy": {{ "name": "identities", "count": 2 }} }},
    {{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks", "dependsOn": [ "{on}" ] }}
  ]
}}"#
        )
    };
    for on in ["identities", "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi1')]"] {
        assert_eq!(waits(&[("main.json", &text(on))], CLUSTER, IDENTITY), Some(true), "{on}");
    }
}

#[test]
fn symbolic_names_order_in_json() {
    let text = |depends: &str| {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "languageVersion": "2.0",
  "contentVersion": "1.0.0.0",
  "resources": {{
    "mi": {{ "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "x" }},
    "aks": {{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks", {depends} }}
  }}
}}"#
        )
    };
    assert_eq!(waits(&[("main.json", &text(r#""dependsOn": ["mi"]"#))], CLUSTER, IDENTITY), Some(true));
    assert_eq!(
        waits(&[("main.json", &text(r#""tags": { "a": "[reference('mi').principalId]" }"#))], CLUSTER, IDENTITY),
        Some(true)
    );
    assert_eq!(waits(&[("main.json", &text(r#""tags": {}"#))], CLUSTER, IDENTITY), Some(false));
}

#[test]
fn nested_deployments_order_what_they_deploy() {
    let text = |depends: &str| {
        format!(
            r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    {{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks", "dependsOn": [ {depends} ] }},
    {{ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "grants", "properties": {{ "mode": "Incremental",
      "expressionEvaluationOptions": {{ "scope": "inner" }},
      "template": {{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
        "resources": [ {{ "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "g", "properties": {{}} }} ] }} }} }}
  ]
}}"#
        )
    };
    let by_id = r#""[resourceId('Microsoft.Resources/deployments', 'grants')]""#;
    assert_eq!(waits(&[("main.json", &text(by_id))], CLUSTER, ROLE_ASSIGNMENT), Some(true));
    assert_eq!(waits(&[("main.json", &text(""))], CLUSTER, ROLE_ASSIGNMENT), Some(false));
}

#[test]
fn reads_of_an_outer_scope_template_are_made_before_it() {
    let text = r#"{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  "resources": [
    { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi" },
    { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "grants", "properties": { "mode": "Incremental",
      "template": { "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
        "resources": [ { "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "g",
          "properties": { "principalId": "[reference(resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')).principalId]" } } ] } } }
  ]
}"#;
    assert_eq!(waits(&[("main.json", text)], ROLE_ASSIGNMENT, IDENTITY), Some(true));
}
