//! The same template in ARM JSON and in Bicep lowers to the same model.

use syntax::Language;

use super::{arm, bicep_cluster, template};
use crate::model::ModuleSource;
use crate::print::print_without_symbols;

/// Both print the same, the names of symbols aside.
fn check_twins(json: &str, bicep: &str) {
    let (json, bicep) = (template(Language::Json, json), template(Language::Bicep, bicep));
    assert_eq!(print_without_symbols(&json), print_without_symbols(&bicep));
}

/// Expressions of the same meaning, as values of a property.
fn check_expr(arm_expression: &str, bicep_expression: &str) {
    let json = arm(&format!(
        r#""parameters": {{ "p": {{ "type": "object" }}, "n": {{ "type": "int" }} }}, "variables": {{ "v": [], "x": "[{arm_expression}]" }}"#
    ));
    check_twins(&json, &format!("param p object\nparam n int\nvar v = []\nvar x = {bicep_expression}\n"));
}

/// A cluster with the same properties.
fn check_cluster(json: &str, bicep: &str) {
    let parameters = r#""parameters": { "p": { "type": "object" }, "c": { "type": "bool", "defaultValue": true } }"#;
    let header = r#""type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "aks""#;
    check_twins(
        &arm(&format!("{parameters}, \"resources\": [ {{ {header}, {json} }} ]")),
        &bicep_cluster("param p object\nparam c bool = true\n", bicep),
    );
}

#[test]
fn texts_with_holes() {
    check_expr("format('{0}', parameters('p'))", "'${p}'");
    check_expr("format('a{1}b{0}{{}}', variables('v'), parameters('n'))", "'a${n}b${v}{}'");
    check_expr("concat('a', parameters('n'), 'b', 'c')", "'a${n}bc'");
    check_expr("concat('a', concat(parameters('n'), '/x'), 'c')", "'a${'${n}/x'}c'");
    check_expr("concat('a', 'b')", "'ab'");
    check_expr("concat(variables('v'), variables('v'))", "concat(v, v)");
    check_expr("format('{0:N2}', parameters('n'))", "format('{0:N2}', n)");
    check_expr("format('{0}-{0}', parameters('n'))", "'${n}-${n}'");
    check_expr("concat(uniqueString('x'), parameters('n'))", "'${uniqueString('x')}${n}'");
    check_expr("format('it''s {0}', parameters('n'))", "'it\\'s ${n}'");
}

#[test]
fn operators() {
    check_expr("and(parameters('p').a, parameters('p').b, parameters('p').c)", "p.a && p.b && p.c");
    check_expr("or(not(parameters('p').a), false())", "!p.a || false");
    check_expr("not(equals(parameters('p').a, null()))", "p.a != null");
    check_expr("equals(toLower(parameters('p').a), toLower('B'))", "p.a =~ 'B'");
    check_expr(
        "lessOrEquals(add(parameters('n'), 1), sub(0, mul(2, div(8, mod(5, 3)))))",
        "n + 1 <= 0 - 2 * (8 / (5 % 3))",
    );
    check_expr("if(greater(parameters('n'), -1), 'a', 'b')", "n > -1 ? 'a' : 'b'");
    check_expr("coalesce(parameters('p').a, parameters('p').b, '')", "p.a ?? p.b ?? ''");
}

#[test]
fn access() {
    check_expr("parameters('p').a['b-c'][0]", "p.a['b-c'][0]");
    check_expr("parameters('p')[parameters('p').key]", "p[p.key]");
    check_expr("tryGet(parameters('p'), 'a', 'b')", "p.?a.?b");
    check_expr("tryGet(variables('v'), 0)", "v[?0]");
    check_expr("indexFromEnd(variables('v'), 1)", "v[^1]");
}

#[test]
fn objects_arrays_and_literals() {
    check_expr(
        "createObject('a', 1, format('{0}', parameters('n')), createArray(true(), null()))",
        "{ a: 1, '${n}': [ true, null ] }",
    );
    check_expr("json('{\\\"a\\\": [1, \\\"x\\\"]}')", "{ a: [ 1, 'x' ] }");
    check_expr("json('null')", "json('null')");
}

#[test]
fn lambdas() {
    check_expr("map(variables('v'), lambda('x', lambdaVariables('x').id))", "map(v, x => x.id)");
    check_expr(
        "reduce(variables('v'), createObject(), lambda('a', 'b', union(lambdaVariables('a'), lambdaVariables('b'))))",
        "reduce(v, {}, (a, b) => union(a, b))",
    );
    check_expr("filter(variables('v'), lambda('x', not(empty(lambdaVariables('x')))))", "filter(v, x => !empty(x))");
}

#[test]
fn function_names_and_namespaces() {
    check_expr("resourceId('a/b', 'c')", "az.resourceId('a/b', 'c')");
    check_expr("empty(variables('v'))", "sys.empty(v)");
}

#[test]
fn literal_identity() {
    check_cluster(r#""identity": { "type": "SystemAssigned" }"#, "identity: { type: 'SystemAssigned' }");
}

#[test]
fn identity_with_computed_key() {
    check_cluster(
        r#""identity": { "type": "UserAssigned", "userAssignedIdentities": { "[format('{0}', parameters('p').id)]": {} } }"#,
        "identity: {\n  type: 'UserAssigned'\n  userAssignedIdentities: {\n    '${p.id}': {}\n  }\n}",
    );
}

#[test]
fn identity_with_resource_id_key() {
    check_cluster(
        r#""identity": { "userAssignedIdentities": { "[format('{0}', resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]": {} } }"#,
        "identity: { userAssignedIdentities: { '${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}': {} } }",
    );
}

#[test]
fn union_with_a_branch() {
    check_cluster(
        r#""properties": "[union(createObject('dnsPrefix', 'aks'), if(parameters('c'), createObject('addonProfiles', parameters('p')), createObject()))]""#,
        "properties: union({ dnsPrefix: 'aks' }, c ? { addonProfiles: p } : {})",
    );
}

#[test]
fn correlated_conditions() {
    check_cluster(
        r#""identity": { "type": "[if(parameters('c'), 'UserAssigned', 'SystemAssigned')]", "userAssignedIdentities": "[if(parameters('c'), parameters('p'), null())]" }"#,
        "identity: { type: c ? 'UserAssigned' : 'SystemAssigned', userAssignedIdentities: c ? p : null }",
    );
}

#[test]
fn service_principal_or_nothing() {
    check_cluster(
        r#""properties": { "servicePrincipalProfile": "[if(empty(parameters('p')), json('null'), parameters('p'))]" }"#,
        "properties: { servicePrincipalProfile: empty(p) ? null : p }",
    );
}

#[test]
fn property_loop() {
    check_cluster(
        r#""properties": { "copy": [ { "name": "pools", "count": "[length(parameters('p').list)]", "input": { "name": "[format('p{0}', copyIndex('pools'))]" } } ] }"#,
        "properties: { pools: [for i in range(0, length(p.list)): { name: 'p${i}' }] }",
    );
}

#[test]
fn variable_and_output_loops() {
    check_twins(
        &arm(r#""variables": { "copy": [ { "name": "v", "count": 3, "input": "[copyIndex('v')]" } ] },
            "outputs": { "o": { "type": "array", "copy": { "count": 2, "input": "[variables('v')[copyIndex()]]" } } }"#),
        "var v = [for i in range(0, 3): i]\noutput o array = [for (_, k) in range(0, 2): v[k]]\n",
    );
}

#[test]
fn resource_loop_with_condition() {
    check_twins(
        &arm(
            r#""parameters": { "names": { "type": "array", "items": { "type": "string" } } }, "resources": [ {
                "copy": { "name": "mis", "count": "[length(parameters('names'))]" },
                "condition": "[greater(copyIndex(), 0)]",
                "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31",
                "name": "[parameters('names')[copyIndex()]]", "location": "[resourceGroup().location]" } ]"#,
        ),
        "param names string[]
resource mis 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = [for (_, i) in range(0, length(names)): if (i > 0) {
  name: names[i]
  location: resourceGroup().location
}]
",
    );
}

#[test]
fn child_resources() {
    let nested = r#""resources": [ { "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "sa", "kind": "StorageV2",
        "resources": [ { "type": "blobServices", "apiVersion": "2023-01-01", "name": "default",
            "resources": [ { "type": "containers", "apiVersion": "2023-01-01", "name": "c" } ] } ] } ]"#;
    let in_full = nested
        .replace("\"blobServices\"", "\"Microsoft.Storage/storageAccounts/blobServices\"")
        .replace("\"default\"", "\"sa/default\"")
        .replace("\"containers\"", "\"Microsoft.Storage/storageAccounts/blobServices/containers\"")
        .replace("\"c\"", "\"[concat('sa/default/', 'c')]\"");
    let inside = "resource sa 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'sa'
  kind: 'StorageV2'
  resource blob 'blobServices' = {
    name: 'default'
    resource c 'containers@2023-01-01' = {
      name: 'c'
    }
  }
}
";
    let by_parent = "resource sa 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: 'sa'
  kind: 'StorageV2'
}
resource blob 'Microsoft.Storage/storageAccounts/blobServices@2023-01-01' = {
  parent: sa
  name: 'default'
}
resource c 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-01-01' = {
  parent: blob
  name: 'c'
}
";
    check_twins(&arm(nested), inside);
    check_twins(&arm(nested), by_parent);
    check_twins(&arm(&in_full), inside);
}

#[test]
fn role_assignment() {
    check_twins(
        &arm(r#""parameters": { "principal": { "type": "string" } }, "resources": [ {
                "type": "Microsoft.Authorization/roleAssignments", "apiVersion": "2022-04-01",
                "name": "[guid(resourceGroup().id, parameters('principal'), 'acrpull')]",
                "scope": "[resourceId('Microsoft.ContainerRegistry/registries', 'acr')]",
                "properties": {
                    "roleDefinitionId": "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda')]",
                    "principalId": "[parameters('principal')]", "principalType": "ServicePrincipal" } } ]"#),
        "param principal string
resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(resourceGroup().id, principal, 'acrpull')
  scope: resourceId('Microsoft.ContainerRegistry/registries', 'acr')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '7f951dda')
    principalId: principal
    principalType: 'ServicePrincipal'
  }
}
",
    );
}

#[test]
fn existing_resource_in_another_group() {
    check_twins(
        &arm(
            r#""languageVersion": "2.0", "resources": { "mi": { "existing": true, "type": "Microsoft.ManagedIdentity/userAssignedIdentities",
                "apiVersion": "2023-01-31", "subscriptionId": "s", "resourceGroup": "rg", "name": "mi" } }"#,
        ),
        "resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {\n  name: 'mi'\n  scope: resourceGroup('s', 'rg')\n}\n",
    );
}

#[test]
fn conditional_resource() {
    check_twins(
        &arm(
            r#""parameters": { "c": { "type": "bool" } }, "resources": [ { "type": "A.B/c", "apiVersion": "1", "condition": "[parameters('c')]", "name": "x" } ]"#,
        ),
        "param c bool\nresource x 'A.B/c@1' = if (c) {\n  name: 'x'\n}\n",
    );
}

#[test]
fn linked_deployment_and_module() {
    check_twins(
        &arm(
            r#""resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "aks", "resourceGroup": "rg",
                "properties": { "mode": "Incremental", "templateLink": { "relativePath": "aks.json" }, "parameters": { "id": { "value": "x" } } } } ]"#,
        ),
        "module aks 'aks.json' = {\n  name: 'aks'\n  scope: resourceGroup('rg')\n  params: {\n    id: 'x'\n  }\n}\n",
    );
}

#[test]
fn nested_deployment_and_module_file() {
    let json = template(
        Language::Json,
        &arm(
            r#""resources": [ { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "mi", "properties": {
                "mode": "Incremental", "expressionEvaluationOptions": { "scope": "Inner" }, "template": {
                    "parameters": { "name": { "type": "string" } },
                    "resources": [ { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "[parameters('name')]" } ],
                    "outputs": { "n": { "type": "string", "value": "[parameters('name')]" } } } } } ]"#,
        ),
    );
    let file = template(
        Language::Bicep,
        "param name string\nresource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {\n  name: name\n}\noutput n string = name\n",
    );
    let ModuleSource::Inline { template: inner, outer_scope: false } = &json.modules[0].source else {
        panic!("{:?}", json.modules)
    };
    assert_eq!(print_without_symbols(inner), print_without_symbols(&file));
}

#[test]
fn parameters_of_all_types() {
    check_twins(
        &arm(r##""definitions": { "kind": { "type": "string", "allowedValues": [ "a", "b" ] } }, "parameters": {
                "s": { "type": "string", "allowedValues": [ "x", "y" ], "defaultValue": "x" }, "secret": { "type": "securestring" },
                "i": { "type": "int" }, "b": { "type": "bool" }, "o": { "type": "object", "nullable": true },
                "so": { "type": "secureObject" }, "a": { "type": "array" }, "l": { "type": "array", "items": { "type": "string" } },
                "k": { "$ref": "#/definitions/kind" } }"##),
        "type kind = 'a' | 'b'
@allowed([ 'x', 'y' ])
param s string = 'x'
@secure()
param secret string
param i int
param b bool
param o object?
@secure()
param so object
param a array
param l string[]
param k kind
",
    );
}

#[test]
fn user_functions() {
    let json = template(
        Language::Json,
        &arm(
            r#""functions": [ { "namespace": "ns", "members": { "id": { "parameters": [ { "name": "x", "type": "string" } ],
                "output": { "type": "string", "value": "[format('/{0}', parameters('x'))]" } } } } ], "variables": { "v": "[ns.id('a')]" }"#,
        ),
    );
    let bicep = template(Language::Bicep, "func id(x string) string => '/${x}'\nvar v = id('a')\n");
    assert_eq!(print_without_symbols(&json).replace("ns.id", "id"), print_without_symbols(&bicep));
}

#[test]
fn parameter_files() {
    let json = template(
        Language::Json,
        r#"{ "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#", "contentVersion": "1.0.0.0",
            "parameters": { "a": { "value": [ 1, "x" ] }, "b": { "reference": { "keyVault": { "id": "i" }, "secretName": "n" } } } }"#,
    );
    let bicep = template(Language::BicepParam, "param a = [ 1, 'x' ]\nparam b = getSecret('s', 'g', 'v', 'n')\n");
    assert_eq!(print_without_symbols(&json), print_without_symbols(&bicep));
}
