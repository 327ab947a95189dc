//! The forms in which identity is written in practice, each with a mistake that is only seen by who understands the form. How
//! they are read is tested in `template`; this is what comes of it. The twins say the same in both languages.

use crate::diagnostic::Confidence;
use crate::testing::{outcome, workspace};
use crate::{Settings, Severity, all};

const TYPE: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const PULL: &str = "7f951dda-4ed3-4680-a7ca-43fe172d538d";

/// The codes of the errors and warnings in a file, in order; with `?` where it depends. With what the compiler of Bicep would
/// say, so that both languages can be compared.
fn codes(files: &[(&str, &str)]) -> Vec<String> {
    let workspace = workspace(files);
    let settings = Settings { with_bicep: true, ..Settings::default() };
    let outcome = outcome(&all().collect::<Vec<_>>(), &workspace, &settings);
    let found = outcome.diagnostics.iter().filter(|one| matches!(one.severity, Severity::Error | Severity::Warning));
    found.map(|one| format!("{}{}", one.code, if one.confidence == Confidence::Always { "" } else { "?" })).collect()
}

#[track_caller]
fn says(text: &str, expected: &[&str]) {
    let path = if text.starts_with('{') { "main.json" } else { "main.bicep" };
    assert_eq!(codes(&[(path, text)]), expected, "{text}");
}

/// A template in ARM JSON with the identity `mi` and a cluster; `top` are further sections, `post` further resources.
fn arm(identity: &str, properties: &str, top: &str, post: &str) -> String {
    format!(
        r#"{{
  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
  "contentVersion": "1.0.0.0",
  {top}
  "resources": [
    {{ "type": "{TYPE}", "apiVersion": "2023-01-31", "name": "mi", "location": "x" }},
    {{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2025-05-01", "name": "aks", "location": "x",
      "dependsOn": [ "[resourceId('{TYPE}', 'mi')]" ],
      "identity": {identity},
      "properties": {properties} }}{post}
  ]
}}
"#
    )
}

const PLAIN: &str = r#"{ "dnsPrefix": "a", "agentPoolProfiles": [] }"#;

/// Two keys, the ID of `mi` and another one.
fn arm_keys(key: &str, top: &str) -> String {
    let ids = format!(r#"{{ "[resourceId('{TYPE}', 'mi')]": {{}}, "{key}": {{}} }}"#);
    arm(&format!(r#"{{ "type": "UserAssigned", "userAssignedIdentities": {ids} }}"#), PLAIN, top, "")
}

/// AcrPull for a principal of the cluster.
fn arm_pull(principal: &str, role: &str, top: &str) -> String {
    let assignment = format!(
        r#",
    {{ "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "[guid(resourceGroup().id, 'aks', 'pull')]",
      "dependsOn": [ "[resourceId('Microsoft.ContainerService/managedClusters', 'aks')]" ],
      "properties": {{ "roleDefinitionId": "{role}", "principalId": "{principal}", "principalType": "ServicePrincipal" }} }}"#
    );
    arm(r#"{ "type": "SystemAssigned" }"#, PLAIN, top, &assignment)
}

fn arm_role() -> String {
    format!("[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{PULL}')]")
}

fn arm_reads(principal: &str, expected: &[&str]) {
    says(&arm_pull(principal, &arm_role(), ""), expected);
}

/// The same in Bicep.
fn bicep(identity: &str, properties: &str, pre: &str, post: &str) -> String {
    format!(
        "{pre}
resource mi '{TYPE}@2023-01-31' = {{ name: 'mi', location: 'x' }}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {{
  name: 'aks'
  location: 'x'
  identity: {identity}
  properties: {properties}
}}
{post}
"
    )
}

const PLAIN_BICEP: &str = "{ dnsPrefix: 'a', agentPoolProfiles: [] }";
const SYSTEM: &str = "{ type: 'SystemAssigned' }";

fn bicep_keys(key: &str, pre: &str) -> String {
    let identity = format!("{{ type: 'UserAssigned', userAssignedIdentities: {{ '${{mi.id}}': {{}}, {key}: {{}} }} }}");
    bicep(&identity, PLAIN_BICEP, pre, "")
}

fn bicep_pull(principal: &str, role: &str, pre: &str) -> String {
    let assignment = format!(
        "resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(resourceGroup().id, aks.id, 'pull')
  properties: {{
    roleDefinitionId: {role}
    principalId: {principal}
    principalType: 'ServicePrincipal'
  }}
}}"
    );
    bicep(SYSTEM, PLAIN_BICEP, pre, &assignment)
}

fn bicep_role() -> String {
    format!("subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{PULL}')")
}

fn bicep_reads(principal: &str, expected: &[&str]) {
    says(&bicep_pull(principal, &bicep_role(), "param c bool"), expected);
}

const TWICE: &[&str] = &["duplicate-identity-key"];
const TWO: &[&str] = &["more-than-one-identity"];
const CONTROL_PLANE: &[&str] = &["acr-pull-wrong-principal"];
const CLIENT_ID: &[&str] = &["client-id-as-principal"];

#[test]
fn j02_to_j08_and_j27_name_one_identity() {
    let variables = format!(r#""variables": {{ "mi": "mi", "id": "[resourceId('{TYPE}', 'mi')]" }},"#);
    for key in [
        format!("[resourceId('{TYPE}', variables('mi'))]"),
        "[variables('id')]".to_owned(),
        format!("[format('{{0}}', resourceId('{TYPE}', 'mi'))]"),
        format!(
            "[concat('/subscriptions/', subscription().subscriptionId, '/resourceGroups/', resourceGroup().name, '/providers/{TYPE}/', 'mi')]"
        ),
        format!("[resourceId(subscription().subscriptionId, resourceGroup().name, '{TYPE}', 'mi')]"),
        format!("[resourceId(resourceGroup().name, '{TYPE}', 'mi')]"),
        format!(
            "[extensionResourceId(format('/subscriptions/{{0}}/resourceGroups/{{1}}', subscription().subscriptionId, resourceGroup().name), '{TYPE}', 'mi')]"
        ),
        format!("[RESOURCEID('{}', 'MI')]", TYPE.to_lowercase()),
    ] {
        says(&arm_keys(&key, &variables), TWICE);
    }
    says(&arm_keys(&format!("[resourceId('other', '{TYPE}', 'mi')]"), &variables), TWO);
}

#[test]
fn j04_a_default_is_one_of_many_values() {
    let parameters =
        format!(r#""parameters": {{ "id": {{ "type": "string", "defaultValue": "[resourceId('{TYPE}', 'mi')]" }} }},"#);
    says(&arm_keys("[parameters('id')]", &parameters), &["duplicate-identity-key?", "more-than-one-identity?"]);
}

#[test]
fn j09_to_j14_are_values_like_literals() {
    let two = format!(
        "createObject('type', 'UserAssigned', 'userAssignedIdentities', createObject(format('{{0}}', resourceId('{TYPE}', 'mi')), createObject(), resourceId('{TYPE}', 'b'), createObject()))"
    );
    let parameters = r#""parameters": { "c": { "type": "bool" }, "ids": { "type": "object", "defaultValue": {} } },"#;
    says(&arm(&format!("\"[{two}]\""), PLAIN, "", ""), TWO);
    says(
        &arm(
            &format!("\"[if(parameters('c'), {two}, createObject('type', 'SystemAssigned'))]\""),
            PLAIN,
            parameters,
            "",
        ),
        &["more-than-one-identity?"],
    );
    let variables = format!(
        r#""variables": {{ "identity": {{ "type": "UserAssigned", "userAssignedIdentities": {{ "[resourceId('{TYPE}', 'mi')]": {{}}, "[resourceId('{TYPE}', 'b')]": {{}} }} }} }},"#
    );
    says(&arm("\"[variables('identity')]\"", PLAIN, &variables, ""), TWO);
    let paired = |otherwise: &str| {
        format!(
            r#"{{ "type": "[if(not(empty(parameters('ids'))), 'UserAssigned', 'SystemAssigned')]", "userAssignedIdentities": "[if(not(empty(parameters('ids'))), parameters('ids'), {otherwise})]" }}"#
        )
    };
    says(&arm(&paired("null()"), PLAIN, parameters, ""), &[]);
    says(&arm(&paired("createObject()"), PLAIN, parameters, ""), &["ids-without-user-assigned?"]);
    says(
        &arm(r#""[json('{\"type\": \"UserAssigned\", \"userAssignedIdentities\": {}}')]""#, PLAIN, "", ""),
        &["user-assigned-without-ids"],
    );
    says(
        &arm(r#"{ "type": "UserAssigned", "userAssignedIdentities": "[json('null')]" }"#, PLAIN, "", ""),
        &["user-assigned-without-ids"],
    );
    let properties = format!(
        "\"[union(createObject('dnsPrefix', 'x', 'agentPoolProfiles', createArray()), if(parameters('c'), createObject('identityProfile', createObject('kubeletidentity', createObject('resourceId', resourceId('{TYPE}', 'mi')))), createObject()))]\""
    );
    says(&arm(r#"{ "type": "SystemAssigned" }"#, &properties, parameters, ""), &["kubelet-needs-user-assigned?"]);
}

#[test]
fn j12_counts_what_lambdas_make() {
    let reduce = "[reduce(map(variables('ids'), lambda('id', createObject(format('{0}', lambdaVariables('id')), createObject()))), createObject(), lambda('cur', 'next', union(lambdaVariables('cur'), lambdaVariables('next'))))]";
    let identity = format!(r#"{{ "type": "UserAssigned", "userAssignedIdentities": "{reduce}" }}"#);
    let variables = |ids: &str| format!(r#""variables": {{ "ids": [ "[resourceId('{TYPE}', 'mi')]"{ids} ] }},"#);
    says(&arm(&identity, PLAIN, &variables(""), ""), &[]);
    says(&arm(&identity, PLAIN, &variables(&format!(", \"[resourceId('{TYPE}', 'b')]\"")), ""), TWO);
}

#[test]
fn j16_a_copied_property_is_a_list() {
    let identity = format!(
        r#"{{ "type": "UserAssigned", "copy": [ {{ "name": "userAssignedIdentities", "count": 1, "input": "[resourceId('{TYPE}', 'mi')]" }} ] }}"#
    );
    says(&arm(&identity, PLAIN, "", ""), &["ids-as-array"]);
}

#[test]
fn j17_symbols_are_referred_to() {
    let text = arm_pull(
        "[reference('aks', '2025-05-01', 'full').identity.principalId]",
        &arm_role(),
        "\"languageVersion\": \"2.0\",",
    );
    let text = text
        .replace("\"resources\": [", "\"resources\": {")
        .replace("    { \"type\": \"Microsoft.ManagedIdentity", "    \"mi\": { \"type\": \"Microsoft.ManagedIdentity")
        .replace(
            "    { \"type\": \"Microsoft.ContainerService",
            "    \"aks\": { \"type\": \"Microsoft.ContainerService",
        )
        .replace("    { \"type\": \"Microsoft.Authorization", "    \"pull\": { \"type\": \"Microsoft.Authorization")
        .replace("\n  ]\n}", "\n  }\n}");
    says(&text, CONTROL_PLANE);
}

/// A nested deployment of one template.
fn nested(name: &str, properties: &str, template: &str) -> String {
    format!(
        r#",
    {{ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "{name}", "properties": {{ "mode": "Incremental", {properties}
      "template": {{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", {template} }} }} }}"#
    )
}

#[test]
fn j18_arguments_flow_into_nested_deployments() {
    let read = "[reference(resourceId('Microsoft.ContainerService/managedClusters', 'aks'), '2025-05-01', 'Full').identity.principalId]";
    let assignment = |principal: &str| {
        format!(
            r#""resources": [ {{ "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "[guid(resourceGroup().id, 'aks', 'p')]",
        "properties": {{ "roleDefinitionId": "{}", "principalId": "{principal}", "principalType": "ServicePrincipal" }} }} ]"#,
            arm_role()
        )
    };
    let inner = nested(
        "grant",
        &format!(
            r#""expressionEvaluationOptions": {{ "scope": "inner" }}, "parameters": {{ "principal": {{ "value": "{read}" }} }},"#
        ),
        &format!(
            r#""parameters": {{ "principal": {{ "type": "string" }} }}, {}"#,
            assignment("[parameters('principal')]")
        ),
    );
    says(&arm(r#"{ "type": "SystemAssigned" }"#, PLAIN, "", &inner), CONTROL_PLANE);
    let outer = nested("grant", "", &assignment(read));
    says(&arm(r#"{ "type": "SystemAssigned" }"#, PLAIN, "", &outer), CONTROL_PLANE);
}

#[test]
fn j19_outputs_flow_out_of_them() {
    let inner = nested(
        "identity",
        r#""expressionEvaluationOptions": { "scope": "inner" },"#,
        &format!(
            r#""resources": [ {{ "type": "{TYPE}", "apiVersion": "2023-01-31", "name": "inner", "location": "x" }} ],
        "outputs": {{ "id": {{ "type": "string", "value": "[resourceId('{TYPE}', 'inner')]" }},
          "principal": {{ "type": "string", "value": "[reference(resourceId('{TYPE}', 'inner')).principalId]" }} }}"#
        ),
    );
    let identity = |output: &str| {
        format!(
            r#"{{ "type": "UserAssigned", "userAssignedIdentities": {{ "[reference(resourceId('Microsoft.Resources/deployments', 'identity'), '2022-09-01').outputs.{output}.value]": {{}} }} }}"#
        )
    };
    says(&arm(&identity("id"), PLAIN, "", &inner), &[]);
    says(&arm(&identity("principal"), PLAIN, "", &inner), &["id-key-not-resource-id"]);
}

#[test]
fn j20_to_j25_read_what_the_cluster_tells() {
    let aks = "resourceId('Microsoft.ContainerService/managedClusters', 'aks')";
    let kubelet =
        |read: &str| format!("[tryGet(tryGet(tryGet({read}, 'identityProfile'), 'kubeletidentity'), 'clientId')]");
    arm_reads(&kubelet(&format!("reference({aks})")), CLIENT_ID);
    arm_reads(&kubelet(&format!("reference({aks})")).replace("clientId", "objectId"), &[]);
    arm_reads(
        &format!("[coalesce(tryGet(reference({aks}, '2025-05-01', 'Full').identity, 'principalId'), '')]"),
        CONTROL_PLANE,
    );
    arm_reads(
        &format!("[reference({aks}, '2025-05-01', 'Full').properties.identityProfile.kubeletidentity.clientId]"),
        CLIENT_ID,
    );
    arm_reads(
        &format!("[reference({aks}, '2025-05-01', 'Full').identityProfile.kubeletidentity.objectId]"),
        &["reference-path"],
    );
    arm_reads(&format!("[reference({aks}, '2025-05-01').identity.principalId]"), &["reference-not-full"]);
    arm_reads("[reference('aks', '2025-05-01').identityProfile.kubeletidentity.clientId]", CLIENT_ID);
    arm_reads("[reference('aks').addonProfiles.omsAgent.identity.objectId]", &["addon-identity-not-available"]);
    arm_reads("[reference('aks', '2025-05-01', 'Full').identity.principalId]", CONTROL_PLANE);
}

#[test]
fn j26_the_old_child_form_is_a_role_assignment() {
    let text = arm_pull("[reference('aks', '2025-05-01', 'Full').identity.principalId]", &arm_role(), "")
        .replace(
            "\"Microsoft.Authorization/roleAssignments\"",
            "\"Microsoft.ContainerRegistry/registries/providers/roleAssignments\"",
        )
        .replace(
            "[guid(resourceGroup().id, 'aks', 'pull')]",
            "[concat('acr', '/Microsoft.Authorization/', guid('acr', 'aks', 'pull'))]",
        );
    says(&text, CONTROL_PLANE);
}

#[test]
fn j28_to_j31_are_read_as_they_are() {
    says(
        &format!("{{ // a comment\n{}", &arm("/* none */ \"SystemAssigned\"", PLAIN, "", "")[2..]),
        &["identity-not-object"],
    );
    let misspelt = r#"{ "dnsPrefix": "a", "agentPoolProfiles": [], "servicePrincipalProfile": { "cliendId": "msi" } }"#;
    says(&arm(r#"{ "type": "SystemAssigned" }"#, misspelt, "", ""), &["required-property-missing", "unknown-property"]);
    let exported = r#"{ "dnsPrefix": "a", "agentPoolProfiles": [], "identityProfile": { "kubeletidentity": { "resourceId": "/subscriptions/s/resourceGroups/MC_rg_aks_we/providers/Microsoft.ManagedIdentity/userAssignedIdentities/aks-agentpool" } } }"#;
    says(&arm(r#"{ "type": "SystemAssigned" }"#, exported, "", ""), &["kubelet-generated-identity"]);
}

#[test]
fn b01_b02_b25_b35_name_one_identity() {
    let existing =
        |name: &str, scope: &str| format!("resource other '{TYPE}@2023-01-31' existing = {{ name: '{name}'{scope} }}");
    says(&bicep_keys("'${other.id}'", &existing("mi", "")), TWICE);
    says(&bicep_keys("'${other.id}'", &existing("mi", ", scope: resourceGroup()")), TWICE);
    says(&bicep_keys("'${other.id}'", &existing("mi", ", scope: resourceGroup('o')")), TWO);
    says(&bicep_keys("'${items({ '${mi.id}': {} })[0].key}'", ""), TWICE);
    says(&bicep_keys(&format!("'${{resourceId('{TYPE}', 'mi')}}'"), ""), TWICE);
    says(&bicep_keys("'${ids[0]}'", "var ids = [mi.id]"), TWICE);
    says(&bicep_keys("'${id('mi')}'", &format!("func id(name string) string => resourceId('{TYPE}', name)")), TWICE);
    let loop_ = format!("resource all '{TYPE}@2023-01-31' existing = [for name in ['mi', 'b']: {{ name: name }}]");
    says(&bicep_keys("'${all[0].id}'", &loop_), TWICE);
}

#[test]
fn b05_to_b11_and_b29_pair_their_branches() {
    let user = "type: c ? 'UserAssigned' : 'SystemAssigned'";
    let identity = |ids: &str| format!("{{ {user}, userAssignedIdentities: {ids} }}");
    says(&bicep(&identity("c ? { '${mi.id}': {} } : null"), PLAIN_BICEP, "param c bool", ""), &[]);
    says(
        &bicep(&identity("!c ? { '${mi.id}': {} } : null"), PLAIN_BICEP, "param c bool", ""),
        &["ids-without-user-assigned?", "user-assigned-without-ids?"],
    );
    let nested = "empty(ids) ? { type: 'SystemAssigned' } : c ? { type: 'None' } : { type: 'UserAssigned', userAssignedIdentities: { '${ids[0]}': {} } }";
    says(&bicep(nested, PLAIN_BICEP, "param c bool\nparam ids array", ""), &["identity-none-conflict?"]);
    let either = "{ dnsPrefix: 'a', agentPoolProfiles: [], servicePrincipalProfile: empty(sp) ? null : sp }";
    says(&bicep("empty(sp) ? { type: 'SystemAssigned' } : null", either, "param sp object = {}", ""), &[]);
    says(
        &bicep("empty(sp) ? null : { type: 'SystemAssigned' }", either, "param sp object = {}", ""),
        &["no-cluster-identity?"],
    );
    let combined = "{ type: c ? (!empty(ids) ? 'SystemAssigned, UserAssigned' : 'SystemAssigned') : 'SystemAssigned' }";
    says(&bicep(combined, PLAIN_BICEP, "param c bool\nparam ids array", ""), &["identity-type-combined?"]);
}

#[test]
fn b08_b09_count_what_lambdas_make() {
    let pre = format!("resource kmi '{TYPE}@2023-01-31' existing = {{ name: 'kmi' }}");
    for ids in [
        "reduce(map([mi.id, kmi.id], id => { '${id}': {} }), {}, (cur, next) => union(cur, next))",
        "toObject([mi.id, kmi.id], id => id, id => {})",
        "{ '${mi.id}': {}, ...{ '${kmi.id}': {} } }",
        "union({ '${mi.id}': {} }, { '${kmi.id}': {} })",
    ] {
        says(&bicep(&format!("{{ type: 'UserAssigned', userAssignedIdentities: {ids} }}"), PLAIN_BICEP, &pre, ""), TWO);
        let one = ids.replace(", kmi.id", "").replace("kmi.id", "mi.id");
        says(&bicep(&format!("{{ type: 'UserAssigned', userAssignedIdentities: {one} }}"), PLAIN_BICEP, &pre, ""), &[]);
    }
}

#[test]
fn b12_b13_b16_b17_find_the_kubelet() {
    let kubelet = "identityProfile: { kubeletidentity: { resourceId: mi.id } }";
    for properties in [
        format!("{{ dnsPrefix: 'a', agentPoolProfiles: [], {kubelet} }}"),
        format!("union({{ dnsPrefix: 'a', agentPoolProfiles: [] }}, {{ {kubelet} }})"),
        format!("{{ dnsPrefix: 'a', agentPoolProfiles: [], ...{{ {kubelet} }} }}"),
    ] {
        says(&bicep(SYSTEM, &properties, "", ""), &["kubelet-needs-user-assigned"]);
    }
    let maybe = format!("union({{ dnsPrefix: 'a', agentPoolProfiles: [] }}, c ? {{ {kubelet} }} : {{}})");
    says(&bicep(SYSTEM, &maybe, "param c bool", ""), &["kubelet-needs-user-assigned?"]);
}

#[test]
fn b14_b15_b22_b23_b27_b28_read_what_the_cluster_tells() {
    for read in [
        "any(aks.properties.identityProfile.kubeletidentity).clientId",
        "aks.properties.identityProfile['kubeletidentity'].clientId",
        "aks.properties.identityProfile.kubeletIdentity.clientId",
        "reference(aks.id, '2025-05-01').identityProfile.kubeletidentity.clientId",
    ] {
        bicep_reads(read, CLIENT_ID);
        bicep_reads(&read.replace("clientId", "objectId"), &[]);
    }
    bicep_reads("aks.properties.?identityProfile.?kubeletidentity.?objectId ?? ''", &[]);
    for read in [
        "aks.identity.?principalId ?? ''",
        "aks.identity!.principalId",
        "array(aks.identity.principalId)[0]",
        "reference(aks.id, '2025-05-01', 'Full').identity.principalId",
    ] {
        bicep_reads(read, CONTROL_PLANE);
    }
    bicep_reads("c ? aks.identity.principalId : ''", &["acr-pull-wrong-principal?"]);
}

#[test]
fn b26_an_identity_is_read_by_its_id() {
    let text = bicep_pull("aks.identity.userAssignedIdentities[mi.id].principalId", &bicep_role(), "");
    let text = text.replace(SYSTEM, "{ type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }");
    says(&text, CONTROL_PLANE);
}

#[test]
fn b30_to_b32_know_the_role() {
    let pre = format!(
        "var roles = {{ 'Acr Pull': {} }}
resource pullRole 'Microsoft.Authorization/roleDefinitions@2022-04-01' existing = {{ scope: subscription(), name: '{PULL}' }}",
        bicep_role()
    );
    for role in [
        "pullRole.id",
        "roles['Acr Pull']",
        "contains(roles['Acr Pull'], '/providers/') ? roles['Acr Pull'] : subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Acr Pull'])",
        &format!("'/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/{PULL}'"),
        &format!("tenantResourceId('Microsoft.Authorization/roleDefinitions', '{PULL}')"),
    ] {
        says(&bicep_pull("aks.identity.principalId", role, &pre), CONTROL_PLANE);
    }
    let singular = format!("subscriptionResourceId('Microsoft.Authorization/roleDefinition', '{PULL}')");
    says(&bicep_pull("aks.identity.principalId", &singular, &pre), &["role-definition-id", "acr-pull-wrong-principal"]);
}

#[test]
fn b04_b20_b33_flow_across_files() {
    let main = format!(
        "resource mi '{TYPE}@2023-01-31' = {{ name: 'mi', location: 'x' }}
module cluster 'cluster.bicep' = {{
  name: 'cluster'
  params: {{ ids: {{ '${{mi.id}}': {{}}, '${{mi.properties.principalId}}': {{}} }} }}
}}
module pull 'pull.bicep' = {{
  name: 'pull'
  params: {{ principalId: cluster.outputs.principalId }}
}}
"
    );
    let cluster = "param ids object
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks'
  location: 'x'
  identity: { type: 'UserAssigned', userAssignedIdentities: ids }
  properties: { dnsPrefix: 'a', agentPoolProfiles: [] }
}
output principalId string = aks.properties.identityProfile.kubeletidentity.clientId
";
    let pull = format!(
        "param principalId string
resource pull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {{
  name: guid(resourceGroup().id, principalId, 'pull')
  properties: {{ roleDefinitionId: {}, principalId: principalId, principalType: 'ServicePrincipal' }}
}}
",
        bicep_role()
    );
    let files = [("main.bicep", main.as_str()), ("cluster.bicep", cluster), ("pull.bicep", pull.as_str())];
    let found = codes(&files);
    for code in ["more-than-one-identity", "id-key-not-resource-id", "client-id-as-principal"] {
        assert!(found.iter().any(|found| found.trim_end_matches('?') == code), "{code} is not in {found:?}");
    }
}

#[test]
fn what_is_not_understood_is_not_judged() {
    for (identity, pre) in [
        ("{ type: nothing, userAssignedIdentities: { '${missing.id}': {} } }", ""),
        ("{ type: 'UserAssigned', ...more }", "param more object"),
        ("identity", "param identity object"),
        ("contains(p, 'identity') ? p.identity : { type: 'SystemAssigned' }", "param p object"),
        ("{ type: 'SystemAssigned' }", "param name string = null"),
        (
            "{ type: contains(p, 'ids') ? 'UserAssigned' : 'SystemAssigned', userAssignedIdentities: contains(p, 'ids') ? p.ids : null }",
            "param p object",
        ),
    ] {
        says(&bicep(identity, PLAIN_BICEP, pre, ""), &[]);
    }
}

#[test]
fn twins_are_told_the_same() {
    let id =
        |name: &str| (format!("[resourceId('{TYPE}', '{name}')]"), format!("'${{resourceId('{TYPE}', '{name}')}}'"));
    let ((mi, mi_bicep), (kmi, kmi_bicep)) = (id("mi"), id("kmi"));
    for (json_identity, json_more, bicep_identity, bicep_more) in [
        ("\"SystemAssigned\"".to_owned(), "", "'SystemAssigned'".to_owned(), ""),
        (
            r#"{ "type": "SystemAssigned,UserAssigned" }"#.to_owned(),
            "",
            "{ type: 'SystemAssigned,UserAssigned' }".to_owned(),
            "",
        ),
        (r#"{ "type": "UserAssigned" }"#.to_owned(), "", "{ type: 'UserAssigned' }".to_owned(), ""),
        (
            format!(r#"{{ "type": "UserAssigned", "userAssignedIdentities": {{ "{mi}": {{}}, "{kmi}": null }} }}"#),
            "",
            format!("{{ type: 'UserAssigned', userAssignedIdentities: {{ {mi_bicep}: {{}}, {kmi_bicep}: null }} }}"),
            "",
        ),
        (
            format!(r#"{{ "type": "SystemAssigned", "userAssignedIdentities": {{ "{mi}": {{ "clientId": "c" }} }} }}"#),
            "",
            format!("{{ type: 'SystemAssigned', userAssignedIdentities: {{ {mi_bicep}: {{ clientId: 'c' }} }} }}"),
            "",
        ),
        (
            r#"{ "type": "UserAssigned", "userAssignedIdentities": { "mi": {} } }"#.to_owned(),
            r#", "identityProfile": { "kubeletIdentity": { "id": "x" } }"#,
            "{ type: 'UserAssigned', userAssignedIdentities: { 'mi': {} } }".to_owned(),
            ", identityProfile: { kubeletIdentity: { id: 'x' } }",
        ),
        (
            r#"{ "type": "SystemAssigned" }"#.to_owned(),
            r#", "identityProfile": { "kublet": { "clientId": "x" } }, "workloadIdentity": { "enabled": true }, "servicePrincipalProfile": { "clientId": "a", "secret": "s" }"#,
            SYSTEM.to_owned(),
            ", identityProfile: { kublet: { clientId: 'x' } }, workloadIdentity: { enabled: true }, servicePrincipalProfile: { clientId: 'a', secret: 's' }",
        ),
        (
            "null".to_owned(),
            r#", "servicePrincipalProfile": { "clientId": "msi" }"#,
            "null".to_owned(),
            ", servicePrincipalProfile: { clientId: 'msi' }",
        ),
    ] {
        let json =
            arm(&json_identity, &format!(r#"{{ "dnsPrefix": "a", "agentPoolProfiles": []{json_more} }}"#), "", "");
        let bicep = bicep(&bicep_identity, &format!("{{ dnsPrefix: 'a', agentPoolProfiles: []{bicep_more} }}"), "", "");
        let (mut json, mut bicep) = (codes(&[("main.json", &json)]), codes(&[("main.bicep", &bicep)]));
        // Only who writes JSON has to order by hand, and the place in the file differs.
        json.retain(|code| code != "missing-depends-on-identity");
        json.sort();
        bicep.sort();
        assert!(!json.is_empty(), "{json_identity}");
        assert_eq!(json, bicep, "{json_identity}");
    }
}
