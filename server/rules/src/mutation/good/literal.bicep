resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks-shop'
  location: resourceGroup().location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '/subscriptions/3f6c1a52-8e0d-4b77-9f21-6d5e0c9a1b34/resourceGroups/rg-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-control-plane': {}
    }
  }
  properties: {
    dnsPrefix: 'shop'
    agentPoolProfiles: [
      { name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }
    ]
  }
}
