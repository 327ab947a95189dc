param regions array = ['westeurope', 'northeurope']

resource controlPlane 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = [for region in regions: {
  name: 'id-control-plane-${region}'
  location: region
}]

resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = [for (region, index) in regions: {
  name: 'aks-${region}'
  location: resourceGroup().location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${controlPlane[index].id}': {}
    }
  }
  properties: {
    dnsPrefix: 'shop'
    agentPoolProfiles: [
      { name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }
    ]
  }
}]
