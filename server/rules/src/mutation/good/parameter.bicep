param identityId string
param kubeletIdentityId string

resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks-shop'
  location: resourceGroup().location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    dnsPrefix: 'shop'
    agentPoolProfiles: [
      { name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }
    ]
    identityProfile: {
      kubeletidentity: {
        resourceId: kubeletIdentityId
      }
    }
  }
}
