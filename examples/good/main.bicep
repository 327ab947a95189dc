// A cluster with an identity of its own for the control plane and another one for the nodes.
targetScope = 'resourceGroup'

@description('Where everything goes.')
param location string = resourceGroup().location

@description('Managed Identity Operator: lets the control plane hand the kubelet identity to the nodes.')
var managedIdentityOperator = subscriptionResourceId(
  'Microsoft.Authorization/roleDefinitions',
  'f1a07417-d97a-45cb-824c-7a7467783830'
)

resource controlPlane 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'shop-control-plane'
  location: location
}

resource kubelet 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'shop-kubelet'
  location: location
}

resource handsOut 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(kubelet.id, controlPlane.id, managedIdentityOperator)
  scope: kubelet
  properties: {
    principalId: controlPlane.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: managedIdentityOperator
  }
}

module cluster 'modules/cluster.bicep' = {
  name: 'cluster'
  params: {
    location: location
    controlPlaneIdentityId: controlPlane.id
    kubeletIdentityId: kubelet.id
  }
  dependsOn: [
    handsOut
  ]
}

output kubeletObjectId string = cluster.outputs.kubeletObjectId
