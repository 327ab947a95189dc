resource controlPlane 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-control-plane'
  location: resourceGroup().location
}

module cluster 'module.bicep' = {
  name: 'cluster'
  params: {
    identityId: controlPlane.id
  }
}
