//! The forms of Bicep.

use syntax::Language;

use super::{bicep_cluster, check, check_bicep, template};

#[test]
fn b01_interpolated_key() {
    check_bicep(
        &bicep_cluster(
            r"resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi' }",
            r"identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }",
        ),
        r"
        resource mi = Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31'
          name: 'mi'
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: 'UserAssigned', userAssignedIdentities: { ['${resource.mi.id}']: {} } }
        ",
    );
}

#[test]
fn b02_existing_in_another_group() {
    check_bicep(
        &bicep_cluster(
            r"param group string
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'mi', scope: resourceGroup(group) }",
            r"identity: { userAssignedIdentities: { '${mi.id}': {} } }",
        ),
        r"
        param group string
        resource mi = Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31' existing
          name: 'mi'
          scope: resourceGroup(param.group)
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: { ['${resource.mi.id}']: {} } }
        ",
    );
}

#[test]
fn b03_string_parameter_as_key() {
    check_bicep(
        &bicep_cluster(
            r"@description('ID of the identity')
@secure()
param controllerIdentity string",
            r"identity: { userAssignedIdentities: { '${controllerIdentity}': {} } }",
        ),
        r"
        param controllerIdentity secure string
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: { ['${param.controllerIdentity}']: {} } }
        ",
    );
}

#[test]
fn b04_object_parameter() {
    check_bicep(
        &bicep_cluster(r"param identity object = {}", r"identity: { userAssignedIdentities: identity }"),
        r"
        param identity object = {}
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: param.identity }
        ",
    );
}

#[test]
fn b05_nested_conditionals() {
    check_bicep(
        &bicep_cluster(
            r"param ids array
param none bool",
            r"identity: empty(ids) ? { type: 'SystemAssigned' } : none ? { type: 'None' } : { type: 'UserAssigned', userAssignedIdentities: { '${ids[0]}': {} } }",
        ),
        r"
        param ids array
        param none bool
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: (empty(param.ids) ? { type: 'SystemAssigned' } : (param.none ? { type: 'None' } : { type: 'UserAssigned', userAssignedIdentities: { ['${param.ids[0]}']: {} } }))
        ",
    );
}

#[test]
fn b06_variable_over_lines() {
    check_bicep(
        &bicep_cluster(
            r"param user bool
var identity = user ? {
  type: 'UserAssigned'
  userAssignedIdentities: {
    'x': {
    }
  }
} : {
  type: 'SystemAssigned'
}",
            r"identity: identity",
        ),
        r"
        param user bool
        var identity = (param.user ? { type: 'UserAssigned', userAssignedIdentities: { x: {} } } : { type: 'SystemAssigned' })
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: var.identity
        ",
    );
}

#[test]
fn b07_correlated_conditions() {
    check_bicep(
        &bicep_cluster(
            r"param user bool
param ids object",
            r"identity: {
  type: user ? 'UserAssigned' : 'SystemAssigned'
  userAssignedIdentities: user ? ids : null
}",
        ),
        r"
        param user bool
        param ids object
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: (param.user ? 'UserAssigned' : 'SystemAssigned'), userAssignedIdentities: (param.user ? param.ids : null) }
        ",
    );
}

#[test]
fn b08_reduce_and_lambdas() {
    check_bicep(
        &bicep_cluster(
            r"param ids array?",
            r"identity: { userAssignedIdentities: reduce(map(ids ?? [], id => { '${id}': {} }), {}, (cur, next) => union(cur, next)) }",
        ),
        r"
        param ids array?
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: reduce(map((param.ids ?? []), ((id) => { ['${local.id}']: {} })), {}, ((cur, next) => union(local.cur, local.next))) }
        ",
    );
}

#[test]
fn b09_to_object() {
    check_bicep(
        &bicep_cluster(r"param ids array", r"identity: { userAssignedIdentities: toObject(ids, id => id, id => {}) }"),
        r"
        param ids array
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: toObject(param.ids, ((id) => local.id), ((id) => {})) }
        ",
    );
}

#[test]
fn b10_none_as_third_branch() {
    check_bicep(
        &bicep_cluster(
            r"param type string
param ids object",
            r"identity: { type: type, userAssignedIdentities: type != 'None' ? (!empty(ids) ? ids : null) : 'None' }",
        ),
        r"
        param type string
        param ids object
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: param.type, userAssignedIdentities: ((param.type != 'None') ? (!empty(param.ids) ? param.ids : null) : 'None') }
        ",
    );
}

#[test]
fn b11_null_as_absent() {
    check_bicep(
        &bicep_cluster(r"param sp object", r"properties: { servicePrincipalProfile: empty(sp) ? null : sp }"),
        r"
        param sp object
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { servicePrincipalProfile: (empty(param.sp) ? null : param.sp) }
        ",
    );
}

#[test]
fn b12_kubelet_identity_from_symbol() {
    check_bicep(
        &bicep_cluster(
            r"resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'k' }",
            r"properties: { identityProfile: { kubeletidentity: { resourceId: kmi.id, clientId: kmi.properties.clientId, objectId: kmi.properties.principalId } } }",
        ),
        r"
        resource kmi = Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31'
          name: 'k'
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { identityProfile: { kubeletidentity: { resourceId: resource.kmi.id, clientId: resource.kmi.properties.clientId, objectId: resource.kmi.properties.principalId } } }
        ",
    );
}

#[test]
fn b13_kubelet_identity_from_module() {
    check_bicep(
        &bicep_cluster(
            r"module kubelet 'identity.bicep' = {
  name: 'kubelet'
  params: { name: 'k' }
}",
            r"properties: { identityProfile: { kubeletidentity: { resourceId: kubelet.outputs.resourceId } } }",
        ),
        r#"
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { identityProfile: { kubeletidentity: { resourceId: module.kubelet.outputs.resourceId } } }
        module kubelet = path "identity.bicep"
          name: 'kubelet'
          arguments: { name: 'k' }
        "#,
    );
}

#[test]
fn b14_any_vanishes() {
    check_bicep(
        &bicep_cluster(
            r"",
            r"properties: { x: any(aks.properties.identityProfile.kubeletidentity).objectId, y: any('text') }",
        ),
        r"
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { x: resource.aks.properties.identityProfile.kubeletidentity.objectId, y: 'text' }
        ",
    );
}

#[test]
fn b15_safe_access_and_assertion() {
    check_bicep(
        &bicep_cluster(
            r"module m 'm.bicep' = { name: 'm' }",
            r"properties: { x: aks.properties.?identityProfile.?kubeletidentity[?'objectId'] ?? '', y: m.outputs.?x!, z: aks.properties.agentPoolProfiles[^1].name }",
        ),
        r#"
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { x: (resource.aks.properties.?identityProfile.?kubeletidentity.?objectId ?? ''), y: module.m.outputs.?x, z: resource.aks.properties.agentPoolProfiles[^1].name }
        module m = path "m.bicep"
          name: 'm'
        "#,
    );
}

#[test]
fn b16_union() {
    check_bicep(
        &bicep_cluster(
            r"var base = {}
param more bool",
            r"properties: union(base, more ? { a: 1 } : {})",
        ),
        r"
        param more bool
        var base = {}
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: union(var.base, (param.more ? { a: 1 } : {}))
        ",
    );
}

#[test]
fn b17_spread() {
    check_bicep(
        &bicep_cluster(
            r"param more bool",
            r"properties: { a: 1, ...(more ? { b: 2 } : {}) }
tags: { list: [ 'a', ...split('b,c', ',') ] }",
        ),
        r"
        param more bool
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { a: 1, ...(param.more ? { b: 2 } : {}) }
          tags: { list: ['a', ...split('b,c', ',')] }
        ",
    );
}

#[test]
fn b18_conditional_resource() {
    check_bicep(
        &bicep_cluster(
            r"param createAksUai bool
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = if (createAksUai) { name: 'mi' }
var aksPrincipalId = createAksUai ? mi.properties.principalId : aks.identity.principalId",
            r"tags: {}",
        ),
        r"
        param createAksUai bool
        var aksPrincipalId = (param.createAksUai ? resource.mi.properties.principalId : resource.aks.identity.principalId)
        resource mi = Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31'
          if: param.createAksUai
          name: 'mi'
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: {}
        ",
    );
}

#[test]
fn b19_loops_and_indexing() {
    check_bicep(
        &bicep_cluster(
            r"param names string[]
resource mis 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = [for (n, i) in names: if (i > 0) { name: '${n}-${i}' }]
var ids = [for n in names: n.id]",
            r"identity: { userAssignedIdentities: { '${mis[0].id}': {} } }",
        ),
        r"
        param names string[]
        var ids = [for item0 in param.names: item0.id]
        resource mis = Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31' existing
          for item0, index0 in param.names
          if: (index0 > 0)
          name: '${item0}-${index0}'
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: { ['${resource.mis[0].id}']: {} } }
        ",
    );
}

#[test]
fn b20_avm_modules() {
    check_bicep(
        &bicep_cluster(
            r"module identity 'br/public:avm/res/managed-identity/user-assigned-identity:0.4.0' = { params: { name: 'mi' } }
module cluster 'br/public:avm/res/container-service/managed-cluster:0.5.0' = {
  name: 'aks'
  scope: resourceGroup('rg')
  dependsOn: [ identity ]
  params: { name: 'aks', managedIdentities: { systemAssigned: false, userAssignedResourceIds: [ identity.outputs.resourceId ] } }
}",
            r"tags: {}",
        ),
        r#"
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: {}
        module identity = registry "br/public:avm/res/managed-identity/user-assigned-identity:0.4.0"
          arguments: { name: 'mi' }
        module cluster = registry "br/public:avm/res/container-service/managed-cluster:0.5.0"
          name: 'aks'
          scope: resourceGroup('rg')
          dependsOn: [module.identity]
          arguments: { name: 'aks', managedIdentities: { systemAssigned: false, userAssignedResourceIds: [module.identity.outputs.resourceId] } }
        "#,
    );
}

#[test]
fn b21_typed_parameters() {
    check_bicep(
        &bicep_cluster(
            r"import { managedIdentityAllType, other as renamed } from 'br/public:avm/utl/types/avm-common-types:0.5.1'
type kindType = 'SystemAssigned' | 'UserAssigned'
param profile resourceInput<'Microsoft.ContainerService/managedClusters@2025-10-01'>.properties.identityProfile?
param all managedIdentityAllType?
param kind kindType = 'SystemAssigned'
param names ('a' | 'b')[]
param size 1 | 2 | null
@allowed([ 'x', 'y' ])
param old string",
            r"tags: { r: renamed }",
        ),
        r#"
        import managedIdentityAllType as managedIdentityAllType other as renamed from "br/public:avm/utl/types/avm-common-types:0.5.1"
        param profile other?
        param all other?
        param kind string = 'SystemAssigned' of ['SystemAssigned', 'UserAssigned']
        param names string[]
        param size int? of [1, 2]
        param old string of ['x', 'y']
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: { r: imported.renamed }
        "#,
    );
}

#[test]
fn b22_guards() {
    check_bicep(
        &bicep_cluster(r"param p object", r"properties: contains(p, 'x') ? p.x : null"),
        r"
        param p object
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: (contains(param.p, 'x') ? param.p.x : null)
        ",
    );
}

#[test]
fn b23_arm_style_references() {
    check_bicep(
        &bicep_cluster(
            r"param prefix string",
            r"properties: { a: reference(aks.id, '2021-07-01', 'Full').properties, b: reference('${prefix}-aks', '2021-07-01').fqdn }",
        ),
        r"
        param prefix string
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          properties: { a: reference(resource.aks.id, '2021-07-01', 'Full').properties, b: reference('${param.prefix}-aks', '2021-07-01').fqdn }
        ",
    );
}

#[test]
fn b25_id_out_of_the_map() {
    check_bicep(
        &bicep_cluster(r"param db object", r"tags: { id: items(db.userAssignedIdentities)[0].key }"),
        r"
        param db object
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: { id: items(param.db.userAssignedIdentities)[0].key }
        ",
    );
}

#[test]
fn b26_indexing_by_id() {
    check_bicep(
        &bicep_cluster(
            r"resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi' }",
            r"tags: { p: aks.identity.userAssignedIdentities[mi.id].principalId }",
        ),
        r"
        resource mi = Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31'
          name: 'mi'
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: { p: resource.aks.identity.userAssignedIdentities[resource.mi.id].principalId }
        ",
    );
}

#[test]
fn b27_array_wrapping() {
    check_bicep(
        &bicep_cluster(
            r"module cluster 'c.bicep' = { name: 'c' }",
            r"tags: { ids: array(cluster.outputs.kubeletidentityObjectId) }",
        ),
        r#"
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: { ids: array(module.cluster.outputs.kubeletidentityObjectId) }
        module cluster = path "c.bicep"
          name: 'c'
        "#,
    );
}

#[test]
fn b28_odd_casing_on_read() {
    check_bicep(
        &bicep_cluster(r"", r"tags: { o: aks.properties.identityProfile.kubeletIdentity.objectId }"),
        r"
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: { o: resource.aks.properties.identityProfile.kubeletIdentity.objectId }
        ",
    );
}

#[test]
fn b29_computed_combined_type() {
    check_bicep(
        &bicep_cluster(
            r"param system bool
param ids array",
            r"identity: { type: system ? (!empty(ids) ? 'SystemAssigned, UserAssigned' : 'SystemAssigned') : 'UserAssigned' }",
        ),
        r"
        param system bool
        param ids array
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { type: (param.system ? (!empty(param.ids) ? 'SystemAssigned, UserAssigned' : 'SystemAssigned') : 'UserAssigned') }
        ",
    );
}

#[test]
fn b30_misspelt_type_in_resource_id() {
    check_bicep(
        &bicep_cluster(r"", r"tags: { r: subscriptionResourceId('Microsoft.Authorization/roleDefinition', 'g') }"),
        r"
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: { r: subscriptionResourceId('Microsoft.Authorization/roleDefinition', 'g') }
        ",
    );
}

#[test]
fn b31_forms_of_a_role_id() {
    check_bicep(
        &bicep_cluster(
            r"resource roleDef 'Microsoft.Authorization/roleDefinitions@2022-04-01' existing = { scope: subscription(), name: 'g' }",
            r"tags: { a: resourceId('Microsoft.Authorization/roleDefinitions', 'g'), b: '/subscriptions/${subscription().subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/g', c: tenantResourceId('Microsoft.Authorization/roleDefinitions', 'g'), d: roleDef.id }",
        ),
        r"
        resource roleDef = Microsoft.Authorization/roleDefinitions @ '2022-04-01' existing
          name: 'g'
          scope: subscription()
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: { a: resourceId('Microsoft.Authorization/roleDefinitions', 'g'), b: '/subscriptions/${subscription().subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/g', c: tenantResourceId('Microsoft.Authorization/roleDefinitions', 'g'), d: resource.roleDef.id }
        ",
    );
}

#[test]
fn b32_role_table() {
    check_bicep(
        &bicep_cluster(
            r"var builtInRoleNames = { 'Network Contributor': subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b') }
param role string",
            r"tags: { a: builtInRoleNames['Network Contributor'], b: builtInRoleNames[role] }",
        ),
        r"
        param role string
        var builtInRoleNames = { 'Network Contributor': subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '4d97b98b') }
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: { a: var.builtInRoleNames.'Network Contributor', b: var.builtInRoleNames[param.role] }
        ",
    );
}

#[test]
fn b33_principal_as_module_parameter() {
    check_bicep(
        &bicep_cluster(
            r"param principalId string
resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: aks
  name: guid(aks.id, principalId, 'role')
  properties: { principalId: principalId }
}",
            r"tags: {}",
        ),
        r"
        param principalId string
        resource assignment = Microsoft.Authorization/roleAssignments @ '2022-04-01'
          name: guid(resource.aks.id, param.principalId, 'role')
          scope: resource.aks
          properties: { principalId: param.principalId }
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: {}
        ",
    );
}

#[test]
fn b34_file_content_and_raw_text() {
    check_bicep(
        &bicep_cluster(
            r"var script = loadTextContent('script.sh')
var raw = '''
az aks create '${x}'
'''",
            r"tags: {}",
        ),
        r"
        var script = loadTextContent('script.sh')
        var raw = 'az aks create \'\${x}\'\n'
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          tags: {}
        ",
    );
}

#[test]
fn b35_decompiler_residue() {
    check_bicep(
        &bicep_cluster(
            r"var resourceId_Microsoft_ManagedIdentity = 'x'
resource userAssignedIdentities_x_name_resource 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'x' }",
            r"identity: { userAssignedIdentities: { '${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'x')}': {}, '${userAssignedIdentities_x_name_resource.id}': {} } }",
        ),
        r"
        var resourceId_Microsoft_ManagedIdentity = 'x'
        resource userAssignedIdentities_x_name_resource = Microsoft.ManagedIdentity/userAssignedIdentities @ '2023-01-31'
          name: 'x'
        resource aks = Microsoft.ContainerService/managedClusters @ '2024-09-01'
          name: 'aks'
          identity: { userAssignedIdentities: { ['${resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'x')}']: {}, ['${resource.userAssignedIdentities_x_name_resource.id}']: {} } }
        ",
    );
}

#[test]
fn b24_placeholder_version() {
    let text = "resource aks 'Microsoft.ContainerService/managedClusters@${azure.version}' = {\n  name: 'aks'\n}\n";
    let file = template(Language::Bicep, text);
    check(
        &file,
        r"
        resource aks = Microsoft.ContainerService/managedClusters @ <unsupported>
          name: 'aks'
        ",
    );
}
