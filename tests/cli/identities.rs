//! `akslint identities`, as whoever types it sees it.

use serde_json::Value;

use crate::common::{GOOD, Project};

/// A cluster with both identities, add-ons, a workload, and two roles that are missing.
const CLUSTER: &str = r"param withPolicy bool
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
resource kmi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'kmi', location: 'x' }
resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'app'
  location: 'x'
  resource trust 'federatedIdentityCredentials' = {
    name: 'web'
    properties: {
      issuer: aks.properties.oidcIssuerProfile.issuerURL
      subject: 'system:serviceaccount:shop:web'
      audiences: ['api://AzureADTokenExchange']
    }
  }
}
resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' = { name: 'images', location: 'x' }
resource net 'Microsoft.Network/virtualNetworks@2023-09-01' existing = {
  name: 'net'
  resource nodes 'subnets' existing = { name: 'nodes' }
}
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'shop'
  identity: { type: 'UserAssigned', userAssignedIdentities: { '${mi.id}': {} } }
  properties: {
    agentPoolProfiles: [{ name: 'system', count: 1, mode: 'System', vnetSubnetID: net::nodes.id }]
    identityProfile: { kubeletidentity: { resourceId: kmi.id } }
    addonProfiles: { omsagent: { enabled: true }, azurepolicy: { enabled: withPolicy } }
  }
}
resource operator 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: kmi
  name: guid(kmi.id, mi.id)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'f1a07417-d97a-45cb-824c-7a7467783830')
    principalId: mi.properties.principalId
  }
}
resource metrics 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: aks
  name: guid(aks.id, 'metrics')
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '3913510d-42f4-4e42-8a64-420c390055eb')
    principalId: aks.properties.addonProfiles.omsagent.identity.objectId
  }
}
";

fn print(format: &str) -> String {
    let project = Project::new(&[("main.bicep", CLUSTER)]);
    let run = project.run(&["identities", "main.bicep", "--format", format]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    run.stdout
}

#[test]
fn a_table_is_for_people() {
    insta::assert_snapshot!(print("table"));
}

#[test]
fn json_is_for_programs() {
    insta::assert_snapshot!(print("json"));
}

#[test]
fn mermaid_and_dot_are_for_pictures() {
    insta::assert_snapshot!(format!("{}\n{}", print("mermaid"), print("dot")));
}

#[test]
fn every_edge_has_its_nodes() {
    let read: Value = serde_json::from_str(&print("json")).unwrap();
    let nodes: Vec<&Value> = read["nodes"].as_array().unwrap().iter().map(|node| &node["id"]).collect();
    let edges = read["edges"].as_array().unwrap();
    assert!(edges.iter().all(|edge| nodes.contains(&&edge["from"]) && nodes.contains(&&edge["to"])), "{read:#}");
}

#[test]
fn modules_and_conditions_are_followed() {
    let module = "param own bool
param id string
resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'shop'
  identity: own ? { type: 'UserAssigned', userAssignedIdentities: { '${id}': {} } } : { type: 'SystemAssigned' }
}
";
    let main = "param own bool
resource mi 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = { name: 'mi', location: 'x' }
module cluster 'cluster.bicep' = { name: 'c', params: { own: own, id: mi.id } }
";
    let project = Project::new(&[("main.bicep", main), ("cluster.bicep", module)]);
    insta::assert_snapshot!(project.run(&["identities"]).stdout);
}

#[test]
fn a_principal_acts_as_kubelet_as_well() {
    let text = GOOD.replace("identity: {\n    type: 'SystemAssigned'\n  }\n", "").replace(
        "properties: {\n",
        "properties: {\n    servicePrincipalProfile: { clientId: 'b9e4c5a0-3d2f-4f7e-9a53-0c7d1f5a8e11' }\n",
    );
    let project = Project::new(&[("main.bicep", &text)]);
    insta::assert_snapshot!(project.run(&["identities"]).stdout);
}

#[test]
fn no_cluster_is_no_error_and_no_file_is_one() {
    let project = Project::new(&[("main.bicep", "param name string\n")]);
    let run = project.run(&["identities"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (0, "", "akslint: no clusters in 1 template\n"));
    assert_eq!(project.run(&["identities", "nowhere.bicep"]).code, 2);
}
