//! The forms of ARM JSON.

use syntax::Language;

use super::{arm, arm_cluster, check, check_json, template};

#[test]
fn j01_literal_identity() {
    check_json(
        &arm_cluster(r#""identity": { "type": "SystemAssigned" }"#),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: 'SystemAssigned' }
        ",
    );
}

#[test]
fn j02_expression_as_property_key() {
    check_json(
        &arm_cluster(
            r#""identity": { "type": "UserAssigned", "userAssignedIdentities": { "[resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', variables('mi'))]": {} } }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: 'UserAssigned', userAssignedIdentities: { [resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', var.mi)]: {} } }
        ",
    );
}

#[test]
fn j03_variable_as_property_key() {
    check_json(
        &arm_cluster(
            r#""identity": { "type": "UserAssigned", "userAssignedIdentities": { "[variables('identityId')]": {} } }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: 'UserAssigned', userAssignedIdentities: { [var.identityId]: {} } }
        ",
    );
}

#[test]
fn j04_parameter_as_property_key() {
    check_json(
        &arm(r#""parameters": { "identityId": { "type": "string", "defaultValue": "[resourceGroup().id]" } },
            "resources": [ { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "aks",
              "identity": { "type": "UserAssigned", "userAssignedIdentities": { "[parameters('identityId')]": {} } } } ]"#),
        r"
        param identityId string = resourceGroup().id
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: 'UserAssigned', userAssignedIdentities: { [param.identityId]: {} } }
        ",
    );
}

#[test]
fn j05_format_with_one_slot() {
    check_json(
        &arm_cluster(
            r#""identity": { "userAssignedIdentities": { "[format('{0}', resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]": {} } }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: { ['${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}']: {} } }
        ",
    );
}

#[test]
fn j06_concat_with_unknown_parts() {
    check_json(
        &arm_cluster(
            r#""identity": { "userAssignedIdentities": { "[concat('/subscriptions/', subscription().subscriptionId, '/resourceGroups/', parameters('group'), '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/', parameters('mi'))]": {} } }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: { ['/subscriptions/${subscription().subscriptionId}/resourceGroups/${param.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${param.mi}']: {} } }
        ",
    );
}

#[test]
fn j07_resource_id_with_leading_arguments() {
    check_json(
        &arm_cluster(
            r#""identity": { "userAssignedIdentities": { "[resourceId(subscription().subscriptionId, resourceGroup().name, 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]": {} } }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: { [resourceId(subscription().subscriptionId, resourceGroup().name, 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')]: {} } }
        ",
    );
}

#[test]
fn j08_extension_resource_id() {
    check_json(
        &arm_cluster(
            r#""identity": { "userAssignedIdentities": { "[format('{0}', extensionResourceId(format('/subscriptions/{0}/resourceGroups/{1}', subscription().subscriptionId, 'rg'), 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi'))]": {} } }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: { ['${extensionResourceId('/subscriptions/${subscription().subscriptionId}/resourceGroups/rg', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}']: {} } }
        ",
    );
}

#[test]
fn j09_object_from_a_variable() {
    check_json(
        &arm(r#""variables": { "identity": { "type": "SystemAssigned" } },
            "resources": [ { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "aks", "identity": "[variables('identity')]" } ]"#),
        r"
        var identity = { type: 'SystemAssigned' }
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: var.identity
        ",
    );
}

#[test]
fn j10_conditional_object() {
    check_json(
        &arm_cluster(
            r#""identity": "[if(parameters('uami'), createObject('type', 'UserAssigned', 'userAssignedIdentities', createObject(format('{0}', resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')), createObject())), createObject('type', 'SystemAssigned'))]""#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: (param.uami ? { type: 'UserAssigned', userAssignedIdentities: { ['${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'mi')}']: {} } } : { type: 'SystemAssigned' })
        ",
    );
}

#[test]
fn j11_conditional_identities() {
    check_json(
        &arm_cluster(
            r#""identity": { "userAssignedIdentities": "[if(not(empty(parameters('ids'))), parameters('ids'), createObject())]" }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: (!empty(param.ids) ? param.ids : {}) }
        ",
    );
}

#[test]
fn j12_reduce_and_lambdas() {
    check_json(
        &arm_cluster(
            r#""identity": { "userAssignedIdentities": "[reduce(map(coalesce(tryGet(parameters('managedIdentities'), 'userAssignedResourceIds'), createArray()), lambda('id', createObject(format('{0}', lambdaVariables('id')), createObject()))), createObject(), lambda('cur', 'next', union(lambdaVariables('cur'), lambdaVariables('next'))))]" }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: reduce(map((param.managedIdentities.?userAssignedResourceIds ?? []), ((id) => { ['${local.id}']: {} })), {}, ((cur, next) => union(local.cur, local.next))) }
        ",
    );
}

#[test]
fn j13_json_function_and_null() {
    check_json(
        &arm_cluster(
            r#""identity": "[json('{\"type\": \"UserAssigned\", \"userAssignedIdentities\": {\"it''s\": {}}, \"n\": [1, 2.5, true, null]}')]",
            "properties": { "a": "[json('null')]", "b": "[null()]", "c": "[if(parameters('c'), 'x')]", "d": "[json(parameters('text'))]", "e": "[json('{')]" }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: 'UserAssigned', userAssignedIdentities: { 'it\'s': {} }, n: [1, <unsupported>, true, null] }
          properties: { a: null, b: null, c: (param.c ? 'x' : null), d: json(param.text), e: <syntax error> }
        ",
    );
}

#[test]
fn j14_union_of_objects() {
    check_json(
        &arm_cluster(
            r#""properties": "[union(variables('base'), if(parameters('monitoring'), createObject('addonProfiles', variables('addons')), createObject()))]""#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: union(var.base, (param.monitoring ? { addonProfiles: var.addons } : {}))
        ",
    );
}

#[test]
fn j15_copy_of_resources() {
    check_json(
        &arm(
            r#""resources": [ { "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31",
              "copy": { "name": "identities", "count": "[length(parameters('names'))]" },
              "name": "[parameters('names')[copyIndex()]]", "tags": { "n": "[string(copyIndex('identities', 1))]" } } ],
            "variables": { "copy": [ { "name": "ids", "count": 2, "input": "[resourceId('X/y', string(copyIndex('ids')))]" } ] },
            "outputs": { "all": { "type": "array", "copy": { "count": 2, "input": "[copyIndex(1)]" } } }"#,
        ),
        r"
        var ids = [for index0 in range(0, 2): resourceId('X/y', string(index0))]
        resource Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31'
          for index0 in range(0, length(param.names))
          name: param.names[index0]
          tags: { n: string((index0 + 1)) }
        output all array = [for index0 in range(0, 2): (index0 + 1)]
        ",
    );
}

#[test]
fn j16_copy_of_a_property() {
    check_json(
        &arm_cluster(
            r#""properties": { "copy": [ { "name": "userAssignedIdentities", "count": "[length(variables('ids'))]", "input": { "name": "[variables('ids')[copyIndex('userAssignedIdentities')]]" } } ], "dnsPrefix": "aks" }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { userAssignedIdentities: [for index0 in range(0, length(var.ids)): { name: var.ids[index0] }], dnsPrefix: 'aks' }
        ",
    );
}

#[test]
fn j17_symbolic_names() {
    check_json(
        &arm(r#""languageVersion": "2.0", "resources": {
              "mi": { "existing": true, "type": "Microsoft.ManagedIdentity/userAssignedIdentities", "apiVersion": "2023-01-31", "name": "mi", "resourceGroup": "other" },
              "aks": { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "aks", "properties": { "x": "[reference('mi').principalId]" }, "dependsOn": [ "mi" ] } }"#),
        r"
        resource mi = Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31' existing
          name: 'mi'
          scope: resourceGroup('other')
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          dependsOn: ['mi']
          properties: { x: reference('mi').principalId }
        ",
    );
}

#[test]
fn j18_nested_deployments() {
    check_json(
        &arm(r#""resources": [
              { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "inner", "resourceGroup": "[parameters('group')]",
                "properties": { "mode": "Incremental", "expressionEvaluationOptions": { "scope": "inner" },
                  "parameters": { "id": { "value": "[variables('id')]" }, "secret": { "reference": { "keyVault": { "id": "x" }, "secretName": "s" } },
                    "optional": "[if(parameters('c'), createObject('value', 1), createObject('value', null()))]" },
                  "template": { "parameters": { "id": { "type": "string" } }, "resources": [ { "type": "X.Y/z", "apiVersion": "1", "name": "[parameters('id')]" } ] } } },
              { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "outer",
                "properties": { "mode": "Incremental", "template": { "resources": [ { "type": "X.Y/z", "apiVersion": "1", "name": "[variables('id')]" } ] } } },
              { "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "linked",
                "properties": { "mode": "Incremental", "templateLink": { "relativePath": "nested/aks.json" } } } ]"#),
        r#"
        module inline
          name: 'inner'
          scope: resourceGroup(param.group)
          arguments: { id: var.id, secret: <unsupported>, optional: (param.c ? 1 : null) }
          param id string
          resource X.Y/z @ '1'
            name: param.id
        module inline, outer scope
          name: 'outer'
          resource X.Y/z @ '1'
            name: var.id
        module path "nested/aks.json"
          name: 'linked'
        "#,
    );
}

#[test]
fn links_relative_to_the_template_itself_are_paths() {
    for (uri, path) in [
        ("[uri(deployment().properties.templateLink.uri, 'nested/aks.json')]", Some("nested/aks.json")),
        (
            "[uri(parameters('_artifactsLocation'), concat('aks.json', parameters('_artifactsLocationSasToken')))]",
            Some("aks.json"),
        ),
        (
            "[uri(parameters('_artifactsLocation'), format('nested/{0}.json{1}', variables('name'), parameters('_artifactsLocationSasToken')))]",
            Some("nested/aks.json"),
        ),
        (
            "[concat(uri(deployment().properties.templateLink.uri, '.'), 'nested/aks.json', '?token')]",
            Some("nested/aks.json"),
        ),
        ("[concat(uri(parameters('_artifactsLocation'), 'nested/'), 'aks.json')]", Some("nested/aks.json")),
        ("[uri(uri(parameters('_artifactsLocation'), 'nested/a.json'), 'aks.json')]", Some("nested/aks.json")),
        ("[replace(deployment().properties.templateLink.uri, 'main.json', 'aks.json')]", Some("aks.json")),
        ("[variables('link')]", Some("../shared/aks.json")),
        // What a parameter decides may be any file, and so may what is somewhere else.
        ("[uri(deployment().properties.templateLink.uri, concat('nested/', parameters('kind'), '.json'))]", None),
        ("[uri(parameters('elsewhere'), 'aks.json')]", None),
        ("[uri(deployment().properties.templateLink.uri, 'https://example.com/aks.json')]", None),
        ("[uri(deployment().properties.templateLink.uri, '/aks.json')]", None),
        ("[concat(deployment().properties.templateLink.uri, '/aks.json')]", None),
        ("[variables('circle')]", None),
    ] {
        let text = arm(&format!(
            r#""parameters": {{
              "_artifactsLocation": {{ "type": "string", "defaultValue": "[deployment().properties.templateLink.uri]" }},
              "_artifactsLocationSasToken": {{ "type": "securestring", "defaultValue": "" }},
              "kind": {{ "type": "string", "defaultValue": "aks" }},
              "elsewhere": {{ "type": "string", "defaultValue": "https://example.com/" }} }},
            "variables": {{ "name": "aks", "circle": "[variables('circle')]",
              "link": "[uri(deployment().properties.templateLink.uri, '../shared/aks.json')]" }},
            "resources": [ {{ "type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "linked",
              "properties": {{ "mode": "Incremental", "templateLink": {{ "uri": "{uri}" }} }} }} ]"#
        ));
        let template = template(Language::Json, &text);
        let found = match &template.modules[0].source {
            crate::model::ModuleSource::Path(path, _) => Some(&**path),
            _ => None,
        };
        assert_eq!(found, path, "{uri}");
    }
}

#[test]
fn j19_outputs_of_deployments() {
    check_json(
        &arm_cluster(
            r#""a": "[reference(resourceId('Microsoft.Resources/deployments', 'identity'), '2022-09-01').outputs.id.value]", "b": "[reference('cluster').outputs.kubeletIdentityObjectId.value]""#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: reference(resourceId('Microsoft.Resources/deployments', 'identity'), '2022-09-01').outputs.id.value
          b: reference('cluster').outputs.kubeletIdentityObjectId.value
        ",
    );
}

#[test]
fn j20_nested_try_get() {
    check_json(
        &arm_cluster(
            r#""a": "[tryGet(tryGet(tryGet(reference('managedCluster'), 'identityProfile'), 'kubeletidentity'), 'objectId')]", "b": "[tryGet(parameters('p'), 'a', 0, variables('k'))]", "c": "[tryIndexFromEnd(parameters('p'), 1)]""#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: reference('managedCluster').?identityProfile.?kubeletidentity.?objectId
          b: param.p.?a[?0][?var.k]
          c: param.p[?^1]
        ",
    );
}

#[test]
fn j21_fallback_text() {
    check_json(
        &arm_cluster(r#""a": "[coalesce(tryGet(parameters('p'), 'x'), '')]""#),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: (param.p.?x ?? '')
        ",
    );
}

#[test]
fn j22_full_reference() {
    check_json(
        &arm_cluster(
            r#""a": "[reference(variables('aksClusterId'), '2020-12-01', 'Full').properties.identityProfile.kubeletidentity.objectId]""#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: reference(var.aksClusterId, '2020-12-01', 'Full').properties.identityProfile.kubeletidentity.objectId
        ",
    );
}

#[test]
fn j23_reference_by_name() {
    check_json(
        &arm_cluster(
            r#""a": "[reference(parameters('resourceName'), '2021-02-01').identityProfile.kubeletidentity.objectId]""#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: reference(param.resourceName, '2021-02-01').identityProfile.kubeletidentity.objectId
        ",
    );
}

#[test]
fn j24_reference_without_version() {
    check_json(
        &arm_cluster(r#""a": "[reference(parameters('resourceName')).addonProfiles.omsAgent.identity.objectId]""#),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: reference(param.resourceName).addonProfiles.omsAgent.identity.objectId
        ",
    );
}

#[test]
fn j25_principal_of_the_cluster() {
    check_json(
        &arm_cluster(r#""a": "[reference(variables('id'), '2021-02-01', 'Full').identity['principalId']]""#),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: reference(var.id, '2021-02-01', 'Full').identity.principalId
        ",
    );
}

#[test]
fn j26_old_style_role_assignment() {
    check_json(
        &arm(
            r#""resources": [ { "type": "Microsoft.ContainerRegistry/registries/providers/roleAssignments", "apiVersion": "2018-09-01-preview",
              "name": "[concat(parameters('acr'), '/Microsoft.Authorization/', guid(resourceGroup().id))]" },
              { "type": "Microsoft.ContainerRegistry/registries", "apiVersion": "2023-07-01", "name": "acr", "resources": [
                { "type": "providers/roleAssignments", "apiVersion": "2018-09-01-preview", "name": "[concat('Microsoft.Authorization/', guid('x'))]" },
                { "type": "Microsoft.ContainerRegistry/registries/replications", "apiVersion": "2023-07-01", "name": "acr/west" } ] } ]"#,
        ),
        r"
        resource Microsoft.ContainerRegistry/registries/providers/roleAssignments @ '2018-09-01-preview'
          name: '${param.acr}/Microsoft.Authorization/${guid(resourceGroup().id)}'
        resource Microsoft.ContainerRegistry/registries @ '2023-07-01'
          name: 'acr'
        resource Microsoft.ContainerRegistry/registries/providers/roleAssignments @ '2018-09-01-preview'
          parent: #1
          name: 'Microsoft.Authorization/${guid('x')}'
        resource Microsoft.ContainerRegistry/registries/replications @ '2023-07-01'
          parent: #1
          name: 'west'
        ",
    );
}

#[test]
fn j27_names_in_other_casing() {
    check_json(
        &arm(r#""Parameters": { "P": { "Type": "SecureString", "DefaultValue": "x" } },
            "Resources": [ { "Type": "Microsoft.ContainerService/managedClusters", "ApiVersion": "2024-09-01", "Name": "[resourceID('a/b', PARAMETERS('p'))]", "Copy": { "Name": "n", "Count": 1 }, "Properties": { "ClientId": "x" } } ]"#),
        r"
        param P secure string = 'x'
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          for index0 in range(0, 1)
          name: resourceID('a/b', param.p)
          Properties: { ClientId: 'x' }
        ",
    );
}

#[test]
fn j28_comments_escapes_and_lines() {
    check_json(
        &arm_cluster(
            r#""a": "[[parameters('x')]", "b": "[concat('it''s ', parameters('x'))]", /* note */ "c": "two
lines", // end
"d": "[concat('a',
  parameters('x'))]", "e": "[info] text","#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          a: '[parameters(\'x\')]'
          b: 'it\'s ${param.x}'
          c: 'two\nlines'
          d: 'a${param.x}'
          e: '[info] text'
        ",
    );
}

#[test]
fn j29_wrong_shapes() {
    check_json(
        &arm_cluster(
            r#""identity": "SystemAssigned", "properties": { "servicePrincipalProfile": { "cliendId": "msi" } }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: 'SystemAssigned'
          properties: { servicePrincipalProfile: { cliendId: 'msi' } }
        ",
    );
}

#[test]
fn j30_service_principal_without_identity() {
    check_json(
        &arm_cluster(
            r#""properties": { "servicePrincipalProfile": { "clientId": "[parameters('clientId')]", "secret": "[parameters('secret')]" } }"#,
        ),
        r"
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { servicePrincipalProfile: { clientId: param.clientId, secret: param.secret } }
        ",
    );
}

#[test]
fn j31_exported_template() {
    check_json(
        &arm(
            r#""parameters": { "managedClusters_aks_name": { "defaultValue": "aks", "type": "String" }, "userAssignedIdentities_agentpool_externalid": { "type": "String", "defaultValue": "/subscriptions/s/x" } }, "variables": {},
            "resources": [ { "type": "Microsoft.ContainerService/managedClusters", "apiVersion": "2024-09-01", "name": "[parameters('managedClusters_aks_name')]", "identity": { "type": "SystemAssigned" },
              "properties": { "identityProfile": { "kubeletidentity": { "resourceId": "[parameters('userAssignedIdentities_agentpool_externalid')]", "clientId": "c", "objectId": "o" } } } } ]"#,
        ),
        r"
        param managedClusters_aks_name string = 'aks'
        param userAssignedIdentities_agentpool_externalid string = '/subscriptions/s/x'
        resource Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: param.managedClusters_aks_name
          identity: { type: 'SystemAssigned' }
          properties: { identityProfile: { kubeletidentity: { resourceId: param.userAssignedIdentities_agentpool_externalid, clientId: 'c', objectId: 'o' } } }
        ",
    );
}

#[test]
fn j32_parameter_files() {
    let file = template(
        Language::Json,
        r#"{
            "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
            "contentVersion": "1.0.0.0",
            "parameters": {
                "id": { "value": "/subscriptions/x" },
                "text": { "value": "[not an expression]" },
                "secret": { "reference": { "keyVault": { "id": "v" }, "secretName": "s" } }
            }
        }"#,
    );
    check(
        &file,
        r"
        parameter file
        id = '/subscriptions/x'
        text = '[not an expression]'
        secret = key vault: <unsupported>
        ",
    );
    let file = template(
        Language::BicepParam,
        "using 'main.bicep'\nvar base64 = 'x'\nparam id = '/subscriptions/${base64}'\nparam secret = az.getSecret('s', 'g', 'v', 'n')\n",
    );
    check(
        &file,
        r#"
        parameter file
        using "main.bicep"
        var base64 = 'x'
        id = '/subscriptions/${var.base64}'
        secret = key vault: <unsupported>
        "#,
    );
}
