// Stands for the module `avm/res/container-service/managed-cluster` of the public registry where that is not at hand.
// Only what decides over identities is here, under the names that its versions gave it.

param name string
param managedIdentities object?
param identityProfile object?
param aksServicePrincipalProfile object?
param skuName string
param primaryAgentPoolProfiles array
param apiServerAccessProfile object?
param enablePrivateCluster bool?
param privateDNSZone string?
param networkPlugin string?
param outboundType string?
param enableOidcIssuerProfile bool = false
param enableWorkloadIdentity bool?
param securityProfile object?
param podIdentityProfile object?
param podIdentityProfileEnable bool?
param bootstrapProfile object?
param enableKeyvaultSecretsProvider bool?
param ingressApplicationGatewayEnabled bool?
param webApplicationRoutingEnabled bool?

// Not at hand, hence not known: what the versions do differently.
var version = loadTextContent('version.txt')
var others = loadJsonContent('others.json')

var ids = managedIdentities.?userAssignedResourceIds ?? managedIdentities.?userAssignedResourcesIds ?? []
var idMap = toObject(ids, id => id, id => {})

resource managedCluster 'Microsoft.ContainerService/managedClusters@${version}' = {
  name: name
  identity: !empty(managedIdentities)
    ? {
        type: (managedIdentities.?systemAssigned ?? false) ? 'SystemAssigned' : (!empty(ids) ? 'UserAssigned' : null)
        userAssignedIdentities: !empty(ids) ? idMap : null
      }
    : null
  sku: { name: skuName }
  properties: {
    ...others
    servicePrincipalProfile: aksServicePrincipalProfile
    identityProfile: identityProfile
    agentPoolProfiles: map(primaryAgentPoolProfiles, pool => {
      ...others
      name: pool.?name
      mode: pool.?mode
      type: pool.?type
      vnetSubnetID: pool.?vnetSubnetResourceId ?? pool.?vnetSubnetID
      hostGroupID: pool.?hostGroupResourceId
    })
    apiServerAccessProfile: apiServerAccessProfile ?? {
      enablePrivateCluster: enablePrivateCluster
      privateDNSZone: privateDNSZone
    }
    networkProfile: {
      ...others
      networkPlugin: networkPlugin
      outboundType: outboundType
    }
    oidcIssuerProfile: { enabled: enableOidcIssuerProfile }
    securityProfile: securityProfile ?? {
      ...others
      workloadIdentity: enableWorkloadIdentity == true ? { enabled: true } : null
    }
    podIdentityProfile: podIdentityProfile ?? (podIdentityProfileEnable == true ? { ...others, enabled: true } : null)
    bootstrapProfile: bootstrapProfile
    addonProfiles: {
      ...others
      azureKeyvaultSecretsProvider: { enabled: enableKeyvaultSecretsProvider ?? false }
      ingressApplicationGateway: { enabled: ingressApplicationGatewayEnabled ?? false }
    }
    ingressProfile: {
      ...others
      webAppRouting: { enabled: webApplicationRoutingEnabled ?? false }
    }
  }
}

output resourceId string = managedCluster.id
output name string = managedCluster.name
output systemAssignedMIPrincipalId string? = managedCluster.?identity.?principalId
output kubeletIdentityResourceId string? = managedCluster.properties.?identityProfile.?kubeletidentity.?resourceId
output kubeletIdentityClientId string? = managedCluster.properties.?identityProfile.?kubeletidentity.?clientId
output kubeletIdentityObjectId string? = managedCluster.properties.?identityProfile.?kubeletidentity.?objectId
output keyvaultIdentityObjectId string? = managedCluster.properties.?addonProfiles.?azureKeyvaultSecretsProvider.?identity.?objectId
output keyvaultIdentityClientId string? = managedCluster.properties.?addonProfiles.?azureKeyvaultSecretsProvider.?identity.?clientId
output omsagentIdentityObjectId string? = managedCluster.properties.?addonProfiles.?omsagent.?identity.?objectId
output ingressApplicationGatewayIdentityObjectId string? = managedCluster.properties.?addonProfiles.?ingressApplicationGateway.?identity.?objectId
output webAppRoutingIdentityObjectId string? = managedCluster.properties.?ingressProfile.?webAppRouting.?identity.?objectId
output oidcIssuerUrl string? = managedCluster.properties.?oidcIssuerProfile.?issuerURL
output addonProfiles object? = managedCluster.properties.?addonProfiles
