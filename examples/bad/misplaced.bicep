// `identity` sits beside `properties`, never inside it: Azure would not see it.
resource cluster 'Microsoft.ContainerService/managedClusters@2026-01-01' = {
  name: 'billing'
  location: resourceGroup().location
  properties: {
    dnsPrefix: 'billing'
    identity: {
      type: 'SystemAssigned'
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        count: 3
        vmSize: 'Standard_D4s_v5'
      }
    ]
  }
}
