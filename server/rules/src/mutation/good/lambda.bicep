resource controlPlane 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-control-plane'
  location: resourceGroup().location
}

var identityIds = [controlPlane.id]

resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks-shop'
  location: resourceGroup().location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: reduce(map(identityIds, id => { '${id}': {} }), {}, (all, next) => union(all, next))
  }
  properties: {
    dnsPrefix: 'shop'
    agentPoolProfiles: [
      { name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }
    ]
  }
}
