//! What expressions come to, in both languages. Each test shows a property of the cluster and the values it can have.

#![expect(clippy::format_collect, reason = "a fixture of a few lines is made once")]

use std::path::Path;
use std::sync::Arc;

use syntax::{Language, SourceText};
use template::aks::{self, Case, Cluster, IdentityBlock, Ids, Principal, Slot};
use template::eval::{Place, ScopeId};
use template::value::{Piece, Str, Value};
use template::workspace::{FileId, SourceFile, Workspace};
use template::{Evaluator, Template};

fn workspace(files: &[(&str, &str)]) -> Workspace {
    let file = |&(path, text): &(&str, &str)| Arc::new(SourceFile::parse(Path::new(path), SourceText::new(text)));
    Workspace::new(files.iter().map(file).collect())
}

fn with<T>(text: &str, language: Language, f: impl FnOnce(&Evaluator<'_>) -> T) -> T {
    let path = if language == Language::Json { "main.json" } else { "main.bicep" };
    let workspace = workspace(&[(path, text)]);
    f(&Evaluator::new(&workspace, FileId(0)).expect("the fixture is a template"))
}

fn text(text: &Str) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(known) => known.to_string(),
        Piece::Id(id) => {
            let names: Vec<_> = id.names.iter().map(self::text).collect();
            format!("<id {} {}>", id.resource_type.as_deref().unwrap_or("?"), names.join("/"))
        }
        Piece::Read(read) => format!("<read {}>", read.path.join(".")),
        Piece::Unknown(_) => "?".to_owned(),
    };
    text.pieces().iter().map(piece).collect()
}

fn value(eval: &Evaluator<'_>, value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Str(known) => format!("'{}'", text(known)),
        Value::Array(array) => {
            let element = |element: &template::value::Element| {
                let values = eval.force(&element.value);
                let inner: Vec<_> = values.iter().map(|one| self::value(eval, &one.value)).collect();
                format!("{}{}", inner.join("|"), if element.occurs == template::value::Occurs::Once { "" } else { "*" })
            };
            format!("[{}]", array.elements.iter().map(element).collect::<Vec<_>>().join(", "))
        }
        Value::Object(object) => {
            let entry = |entry: &template::value::Entry| {
                let values = eval.force(&entry.value);
                let inner: Vec<_> = values.iter().map(|one| self::value(eval, &one.value)).collect();
                let key = entry.key.as_ref().map_or("*".to_owned(), text);
                let when = eval.describe(&entry.when);
                let when = if when.is_empty() { when } else { format!(" if {when}") };
                format!("{key}: {}{when}", inner.join("|"))
            };
            format!("{{{}}}", object.entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Read(read) => format!("<read {}>", read.path.join(".")),
        Value::Unknown(_) => "?".to_owned(),
        other => format!("{other:?}").split(['(', ' ']).next().unwrap_or_default().to_owned(),
    }
}

fn show(eval: &Evaluator<'_>, slots: &[Case<Slot>]) -> String {
    let line = |case: &Case<Slot>| {
        let when = eval.describe(&case.when);
        let value = value(eval, &case.value.value);
        if when.is_empty() { value } else { format!("{value} when {when}") }
    };
    slots.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The values of a property of the cluster.
fn bicep(path: &[&str], declarations: &str) -> String {
    with(declarations, Language::Bicep, |eval| {
        let cluster = eval.clusters()[0];
        show(eval, &eval.slots(cluster, path))
    })
}

fn json(path: &[&str], sections: &str, cluster: &str) -> String {
    let text = format!(
        r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
        {sections}
        "resources": [ {{ "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "aks", {cluster} }} ] }}"#
    );
    with(&text, Language::Json, |eval| {
        let cluster = eval.clusters()[0];
        show(eval, &eval.slots(cluster, path))
    })
}

fn cluster(body: &str) -> String {
    format!("resource aks 'Microsoft.ContainerService/managedClusters@2024-09-01' = {{\n  name: 'aks'\n{body}\n}}\n")
}

const TYPE: &[&str] = &["identity", "type"];
const IDS: &[&str] = &["identity", "userAssignedIdentities"];

#[test]
fn literals_are_what_they_say() {
    assert_eq!(bicep(TYPE, &cluster("identity: { type: 'SystemAssigned' }")), "'SystemAssigned'");
    assert_eq!(json(TYPE, "", r#""identity": { "type": "SystemAssigned" }"#), "'SystemAssigned'");
}

#[test]
fn absent_is_null() {
    assert_eq!(bicep(TYPE, &cluster("")), "null");
    assert_eq!(json(TYPE, "", r#""location": "x""#), "null");
}

#[test]
fn branches_carry_their_condition() {
    let expected = "'UserAssigned' when `useUami` is true\n'SystemAssigned' when `useUami` is false";
    let text = format!(
        "param useUami bool\n{}",
        cluster("identity: useUami ? { type: 'UserAssigned' } : { type: 'SystemAssigned' }")
    );
    assert_eq!(bicep(TYPE, &text), expected);
    let json = json(
        TYPE,
        r#""parameters": { "useUami": { "type": "bool" } },"#,
        r#""identity": "[if(parameters('useUami'), createObject('type', 'UserAssigned'), createObject('type', 'SystemAssigned'))]""#,
    );
    assert_eq!(
        json,
        "'UserAssigned' when `parameters('useUami')` is true\n'SystemAssigned' when `parameters('useUami')` is false"
    );
}

#[test]
fn branches_on_the_same_condition_are_paired() {
    let text = format!(
        "param ids array\n{}",
        cluster(
            "identity: {\n type: !empty(ids) ? 'UserAssigned' : 'SystemAssigned'\n userAssignedIdentities: empty(ids) ? null : { a: {} }\n}"
        )
    );
    with(&text, Language::Bicep, |eval| {
        let cluster = eval.clusters()[0];
        let cases = eval.identities(cluster);
        let seen: Vec<_> = cases
            .iter()
            .map(|case| match &case.value.block {
                IdentityBlock::Object { kind, ids, .. } => {
                    format!("{kind:?} {}", if matches!(ids, Ids::Map { .. }) { "map" } else { "none" })
                }
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(seen, ["UserAssigned map", "SystemAssigned none"]);
    });
}

#[test]
fn a_parameter_without_default_is_unknown() {
    let text = format!("param kind string\n{}", cluster("identity: { type: kind }"));
    assert_eq!(bicep(TYPE, &text), "?");
}

#[test]
fn a_default_is_a_value_not_the_value() {
    let text = format!("param kind string = 'None'\n{}", cluster("identity: { type: kind }"));
    assert_eq!(bicep(TYPE, &text), "'None' when `kind` is 'None'\n? when `kind` is not 'None'");
}

#[test]
fn allowed_values_are_all_there_are() {
    let text =
        format!("@allowed(['None', 'SystemAssigned'])\nparam kind string\n{}", cluster("identity: { type: kind }"));
    assert_eq!(bicep(TYPE, &text), "'None' when `kind` is 'None'\n'SystemAssigned' when `kind` is 'SystemAssigned'");
}

#[test]
fn the_type_of_an_id_is_known_when_its_name_is_not() {
    let expected = "{<id Microsoft.ManagedIdentity/userAssignedIdentities ?>: {}}";
    let text = format!(
        "param n string\nresource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {{\n  name: n\n  location: 'x'\n}}\n{}",
        cluster("identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }")
    );
    assert_eq!(bicep(IDS, &text), expected);
    let json = json(
        IDS,
        r#""parameters": { "n": { "type": "string" } },"#,
        r#""identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('n'))]": {} } }"#,
    );
    assert_eq!(json, expected);
}

#[test]
fn reduce_over_known_ids_makes_the_map() {
    let text = format!(
        "param a string\nparam b string\nvar ids = [ a, b ]\n{}",
        cluster(
            "identity: { type: 'UserAssigned', userAssignedIdentities: reduce(map(ids ?? [], id => { '${id}': {} }), {}, (cur, next) => union(cur, next)) }"
        )
    );
    assert_eq!(bicep(IDS, &text), "{?: {}, ?: {}}");
}

#[test]
fn reduce_over_unknown_ids_is_unknown() {
    let text = format!(
        "param ids array\n{}",
        cluster(
            "identity: { type: 'UserAssigned', userAssignedIdentities: reduce(map(ids, id => { '${id}': {} }), {}, (cur, next) => union(cur, next)) }"
        )
    );
    assert_eq!(bicep(IDS, &text), "?");
}

#[test]
fn union_merges_deeply_and_later_wins() {
    let text = format!(
        "param own bool\n{}",
        cluster(
            "properties: union({ dnsPrefix: 'a', identityProfile: { x: { resourceId: 'r' } } }, own ? { identityProfile: { kubeletidentity: { resourceId: 'k' } } } : {})"
        )
    );
    assert_eq!(
        bicep(&["properties", "identityProfile"], &text),
        "{x: {resourceId: 'r'}, kubeletidentity: {resourceId: 'k'}} when `own` is true\n{x: {resourceId: 'r'}} when `own` is false"
    );
    assert_eq!(bicep(&["properties", "dnsPrefix"], &text), "'a'");
}

#[test]
fn spread_is_seen_through() {
    let text = format!(
        "param own bool\n{}",
        cluster("properties: { dnsPrefix: 'a', ...(own ? { nodeResourceGroup: 'g' } : {}) }")
    );
    assert_eq!(bicep(&["properties", "nodeResourceGroup"], &text), "'g' when `own` is true\nnull when `own` is false");
}

#[test]
fn many_optional_parts_do_not_explode() {
    let parts: String = (0..20).map(|n| format!(", p{n} ? {{ a{n}: 1 }} : {{}}")).collect();
    let parameters: String = (0..20).map(|n| format!("param p{n} bool\n")).collect();
    let text = format!("{parameters}{}", cluster(&format!("properties: union({{ dnsPrefix: 'a' }}{parts})")));
    assert_eq!(bicep(&["properties", "dnsPrefix"], &text), "'a'");
    assert_eq!(bicep(&["properties", "a7"], &text), "1 when `p7` is true\nnull when `p7` is false");
}

#[test]
fn a_property_behind_something_unknown_is_unknown() {
    let text = format!("param base object\n{}", cluster("properties: union({ dnsPrefix: 'a' }, base)"));
    assert_eq!(bicep(&["properties", "dnsPrefix"], &text), "?");
}

#[test]
fn cycles_end_in_unknown() {
    let text = format!("var a = b\nvar b = a\n{}", cluster("identity: { type: a }"));
    assert_eq!(bicep(TYPE, &text), "?");
}

#[test]
fn long_chains_of_variables_end() {
    let chain: String = (1..5000).map(|n| format!("var v{n} = v{}\n", n - 1)).collect();
    let text = format!("var v0 = 'None'\n{chain}{}", cluster("identity: { type: v4999 }"));
    assert_eq!(bicep(TYPE, &text), "?");
}

#[test]
fn doubling_ends_in_unknown() {
    let doubled: String =
        (1..40).map(|n| format!("var v{n} = p{n} ? '${{v{m}}}a' : '${{v{m}}}b'\n", m = n - 1)).collect();
    let parameters: String = (1..40).map(|n| format!("param p{n} bool\n")).collect();
    let text = format!("{parameters}var v0 = 'x'\n{doubled}{}", cluster("identity: { type: v39 }"));
    assert!(bicep(TYPE, &text).lines().all(|line| line.starts_with('?') || line.starts_with("'?")));
}

#[test]
fn what_grows_by_itself_ends_in_unknown() {
    let chain = |read: &str, first: &str, next: &dyn Fn(usize) -> String| {
        let rest: String = (1..60).map(|n| format!("var v{n} = {}\n", next(n - 1))).collect();
        format!("param o object\nvar v0 = {first}\n{rest}{}", cluster(&format!("identity: {{ type: {read} }}")))
    };
    for text in [
        chain("v59.a", "{ ...o, a: 'x' }", &|last| format!("{{ ...v{last}, ...v{last}, k{last}: 1 }}")),
        chain("v59.a", "union(o, { a: 1 })", &|last| format!("union(v{last}, v{last}, {{ k{last}: 1 }})")),
        chain("v59[0]", "['x']", &|last| format!("[...v{last}, ...v{last}]")),
        chain("v59[0]", "['x']", &|last| format!("concat(v{last}, v{last})")),
        chain("v59", "'x'", &|last| format!("'${{v{last}}}${{v{last}}}'")),
        chain("v59", "string(o)", &|last| format!("'${{v{last}}}-${{v{last}}}'")),
        chain("v59", "'x'", &|last| format!("concat(v{last}, v{last})")),
        chain("v59", "'xx'", &|last| format!("replace(v{last}, 'x', 'xx')")),
        chain("v59", "'x'", &|last| format!("join([v{last}, v{last}], '-')")),
    ] {
        let found = bicep(TYPE, &text);
        assert!(found.lines().all(|line| line.trim_start_matches('\'').starts_with('?')), "{found}");
    }
    let functions = "func f(x string) string => g(x)\nfunc g(x string) string => f('${x}${x}')\n";
    assert_eq!(bicep(TYPE, &format!("{functions}{}", cluster("identity: { type: f('a') }"))), "?");
}

#[test]
fn modules_upon_modules_are_not_all_looked_into() {
    let file = |depth: usize| {
        let call = |n: usize| {
            format!("module m{n} '{}.bicep' = {{ name: 'm{n}', params: {{ p: '${{p}}{n}' }} }}\n", depth + 1)
        };
        format!("param p string\n{}", (0..4).map(call).collect::<String>())
    };
    let texts: Vec<(String, String)> = (0..12).map(|depth| (format!("{depth}.bicep"), file(depth))).collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let workspace = workspace(&files);
    let eval = Evaluator::new(&workspace, FileId(0)).unwrap();
    assert_eq!(eval.all_scopes().len(), 4_096);
}

#[test]
fn loops_over_what_is_unknown_cost_what_they_are_long() {
    // Each hole is an element of something unknown, and asks for the form of the one before.
    let chain: String = (0..60).fold("all[i]".to_owned(), |inner, _| format!("all[length({inner})]"));
    let kinds = format!("param all array\nvar kinds = [for i in range(0, 9): {chain}]\n");
    let kind = cluster("identity: { type: kinds[3] == 'own' ? 'UserAssigned' : 'SystemAssigned' }");
    // What 2^60 steps would leave of the budget is nothing, and the branches would be unknown.
    let found = bicep(TYPE, &format!("{kinds}{kind}"));
    assert!(found.starts_with("'UserAssigned' when") && found.contains("'SystemAssigned' when"), "{found}");
}

#[test]
fn safe_access_and_fallback() {
    let text = format!("param o object\n{}", cluster("identity: { type: o.?kind ?? 'SystemAssigned' }"));
    assert_eq!(bicep(TYPE, &text), "'SystemAssigned' when `o.?kind` is not given\n? when `o.?kind` is given");
}

#[test]
fn a_read_keeps_its_path_and_target() {
    let text = "resource aks 'Microsoft.ContainerService/managedClusters@2024-09-01' = {
  name: 'aks'
}
resource ra 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: 'x'
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda-4ed3-4680-a7ca-43fe172d538d')
    principalId: aks.properties.identityProfile.kubeletidentity.objectId
  }
}
";
    with(text, Language::Bicep, |eval| {
        let assignment = &eval.role_assignments()[0];
        assert_eq!(&*assignment.roles[0].value, "7f951dda-4ed3-4680-a7ca-43fe172d538d");
        let principal = eval.principal(&assignment.principal[0].value.value);
        assert!(matches!(principal, Some(Principal::Kubelet { property, .. }) if &*property == "objectId"));
    });
}

#[test]
fn reference_means_the_same_as_a_symbol() {
    let text = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
      "parameters": { "n": { "type": "string", "defaultValue": "aks" } },
      "variables": { "id": "[resourceId('Microsoft.ContainerService/managedClusters', parameters('n'))]" },
      "resources": [
        { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "[parameters('n')]" },
        { "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "a",
          "properties": { "principalId": "[reference(variables('id'), '2020-12-01', 'Full').identity.principalId]" } },
        { "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01", "name": "b",
          "properties": { "principalId": "[reference(parameters('n'), '2020-12-01').identityProfile.kubeletidentity.objectId]" } }
      ] }"#;
    with(text, Language::Json, |eval| {
        let assignments = eval.role_assignments();
        let principal = |n: usize| eval.principal(&assignments[n].principal[0].value.value);
        assert!(matches!(principal(0), Some(Principal::ControlPlane { .. })));
        assert!(matches!(principal(1), Some(Principal::Kubelet { .. })));
    });
}

#[test]
fn arguments_flow_into_nested_templates_and_outputs_out_of_them() {
    let text = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
      "resources": [
        { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "identity",
          "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" },
            "parameters": { "n": { "value": "mi" } },
            "template": { "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
              "parameters": { "n": { "type": "string" } },
              "resources": [ { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "[parameters('n')]", "location": "x" } ],
              "outputs": { "id": { "type": "string", "value": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', parameters('n'))]" } } } } },
        { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "aks",
          "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[reference(resourceId('Microsoft.Resources/deployments', 'identity'), '2022-09-01').outputs.id.value]": {} } } }
      ] }"#;
    with(text, Language::Json, |eval| {
        let cluster = eval.clusters()[0];
        assert_eq!(
            show(eval, &eval.slots(cluster, IDS)),
            "{<id Microsoft.ManagedIdentity/userAssignedIdentities mi>: {}}"
        );
        let cluster = Cluster::new(eval, cluster);
        let id = cluster.control_plane_ids()[0].value.clone();
        let identity = id.declared.expect("it is declared in the nested template");
        assert_eq!(eval.resources_of(aks::IDENTITY), [identity]);
    });
}

#[test]
fn modules_of_the_workspace_are_followed() {
    let workspace = workspace(&[
        (
            "infra/main.bicep",
            "module identity 'modules/identity.bicep' = { name: 'i', params: { name: 'mi' } }
module aks './modules/aks.bicep' = { name: 'a', params: { identityId: identity.outputs.id } }
",
        ),
        (
            "infra/modules/identity.bicep",
            "param name string
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {\n  name: name\n  location: 'x'\n}
output id string = mi.id
",
        ),
        (
            "infra/modules/aks.bicep",
            &format!(
                "param identityId string\n{}",
                cluster("identity: { type: 'UserAssigned', userAssignedIdentities: { '${identityId}': {} } }")
            ),
        ),
    ]);
    let eval = Evaluator::new(&workspace, FileId(0)).expect("the fixture is a template");
    let cluster = eval.clusters()[0];
    assert_eq!(
        show(&eval, &eval.slots(cluster, IDS)),
        "{<id Microsoft.ManagedIdentity/userAssignedIdentities mi>: {}}"
    );
}

#[test]
fn the_same_identity_is_the_same_however_it_is_written() {
    let text = "param n string = 'mi'
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: n
  location: 'x'
}
output a string = mi.id
output b string = resourceId('microsoft.managedidentity/userassignedidentities', toLower(n))
output c string = '${resourceGroup().id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${n}'
output d string = resourceId('other', 'Microsoft.ManagedIdentity/userAssignedIdentities', n)
";
    with(text, Language::Bicep, |eval| {
        let template: &Template = eval.template(template::eval::ScopeId::ROOT);
        let ids: Vec<_> = template
            .outputs
            .iter()
            .map(|output| {
                let place = template::eval::Place { scope: template::eval::ScopeId::ROOT, expr: output.value };
                let Some(Value::Str(text)) = eval.value(place).single().cloned() else { panic!("no text") };
                eval.parse_id(&text, place.scope, place).expect("an ID").canon
            })
            .collect();
        assert_eq!(ids[0], ids[1]);
        assert_eq!(ids[0], ids[2]);
        assert_ne!(ids[0], ids[3]);
    });
}

#[test]
fn conditions_are_told_as_the_names_of_resources_meet_them() {
    let bicep = "param a string = ''
param b string = ''
resource net 'Microsoft.Network/virtualNetworks@2023-11-01' = { name: b }
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi' }
output id string = resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')
output both bool = empty(a) && empty(b)
";
    let json = r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
      "parameters": { "a": { "type": "string", "defaultValue": "" }, "b": { "type": "string", "defaultValue": "" } },
      "resources": [
        { "type": "Microsoft.Network/virtualNetworks", "apiVersion": "2023-11-01", "name": "[parameters('b')]" },
        { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi" }
      ],
      "outputs": {
        "id": { "type": "string", "value": "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]" },
        "both": { "type": "bool", "value": "[and(empty(parameters('a')), empty(parameters('b')))]" }
      } }"#;
    for (text, language) in [(bicep, Language::Bicep), (json, Language::Json)] {
        with(text, language, |eval| {
            let output = |number: usize| {
                let expr = eval.template(ScopeId::ROOT).outputs[number].value;
                Place { scope: ScopeId::ROOT, expr }
            };
            let id = eval.value(output(0));
            let declared = id.single().and_then(Value::made_id).and_then(|id| id.declared);
            assert_eq!(declared, Some(eval.resources_of(aks::IDENTITY)[0]));
            // The network is no identity, and nobody asks for its ID.
            let (yes, _) = eval.when(output(1));
            let words = eval.describe(&yes[0]).replace("parameters('", "").replace("')", "");
            assert_eq!(words, "`b` is empty and `a` is empty", "{language:?}");
        });
    }
}

#[test]
fn what_is_plainly_not_there_need_not_be_evaluated() {
    let bicep = |properties: &str| {
        format!("resource v 'Microsoft.KeyVault/vaults@2023-07-01' = {{ name: 'v', properties: {properties} }}\n")
    };
    let json = |properties: &str| {
        format!(
            r#"{{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
      "resources": [ {{ "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": "v", "properties": {properties} }} ] }}"#
        )
    };
    for (text, language, expected) in [
        (bicep("{ sku: {} }"), Language::Bicep, true),
        (bicep("{ ACCESSpolicies: [] }"), Language::Bicep, false),
        (bicep("{ ...other }"), Language::Bicep, false),
        (bicep("{ '${x}': [] }"), Language::Bicep, false),
        (bicep("other"), Language::Bicep, false),
        (json(r#"{ "sku": {} }"#), Language::Json, true),
        (json(r#"{ "accessPolicies": [] }"#), Language::Json, false),
        (json(r#""[variables('other')]""#), Language::Json, false),
    ] {
        with(&text, language, |eval| {
            let vault = eval.resources_where(|own| own == "Microsoft.KeyVault/vaults")[0];
            assert_eq!(eval.plainly_lacks(vault, &["properties", "accessPolicies"]), expected, "{text}");
        });
    }
}
