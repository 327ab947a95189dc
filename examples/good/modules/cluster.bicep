// The cluster itself: whoever calls this brings the identities.
param location string
param controlPlaneIdentityId string
param kubeletIdentityId string

resource cluster 'Microsoft.ContainerService/managedClusters@2026-01-01' = {
  name: 'shop'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${controlPlaneIdentityId}': {}
    }
  }
  properties: {
    dnsPrefix: 'shop'
    identityProfile: {
      kubeletidentity: {
        resourceId: kubeletIdentityId
      }
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

output kubeletObjectId string = cluster.properties.identityProfile.kubeletidentity.objectId
