param appId string

@secure()
param appSecret string

resource aks 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: 'aks-shop'
  location: resourceGroup().location
  properties: {
    dnsPrefix: 'shop'
    agentPoolProfiles: [
      { name: 'system', count: 1, vmSize: 'Standard_D4s_v5', mode: 'System' }
    ]
    servicePrincipalProfile: {
      clientId: appId
      secret: appSecret
    }
  }
}
