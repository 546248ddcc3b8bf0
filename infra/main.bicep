targetScope = 'subscription'

@description('Names the deployment: its resource group is rg-<environmentName>.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Region of the app. It must offer Flex Consumption.')
@minLength(1)
param location string

@description('Resource id of the existing Azure Container Registry that images go to.')
@minLength(1)
param acrResourceId string

@description('Address ranges of the registry\'s private endpoint, such as 10.1.0.0/24, when the app reaches it through a virtual network. Empty: public addresses only.')
param acrAddresses string = ''

@description('Registry hosts that may be read from. Empty: the well-known public ones.')
param upstreams string = ''

@description('Dedicated agent pool of the registry, for the method agent-pool. Empty: that method is off.')
param agentPool string = ''

@description('Copy tool of the agent pool: crane in the registry, pinned, such as tools/crane@sha256:<64 hex digits>.')
param copyTool string = ''

@description('URL of a Teams workflow that posts the cards. It is a secret. Empty: no Teams channel.')
@secure()
param teamsWebhookUrl string = ''

@description('Subnet for the app\'s outgoing traffic, delegated to Microsoft.App/environments. Empty: no virtual network.')
param subnetId string = ''

@description('More settings by name, such as Key Vault references for WHARFGATE_CREDENTIAL_<NAME> or WHARFGATE_CHANNEL_<NAME>.')
@secure()
param moreSettings object = {}

// /subscriptions/<2>/resourceGroups/<4>/providers/Microsoft.ContainerRegistry/registries/<8>
var acrSegments = split(acrResourceId, '/')
var tags = { 'azd-env-name': environmentName }

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: 'rg-${environmentName}'
  location: location
  tags: tags
}

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: acrSegments[8]
  scope: resourceGroup(acrSegments[2], acrSegments[4])
}

module app 'app.bicep' = {
  name: 'app'
  scope: group
  params: {
    location: location
    tags: tags
    token: uniqueString(subscription().id, environmentName, location)
    acrResourceId: acrResourceId
    // Read, never built from the name: it can carry a hash.
    acrLoginServer: registry.properties.loginServer
    acrAddresses: acrAddresses
    upstreams: upstreams
    agentPool: agentPool
    copyTool: copyTool
    teamsWebhookUrl: teamsWebhookUrl
    subnetId: subnetId
    moreSettings: moreSettings
  }
}

module registryAccess 'registry-access.bicep' = {
  name: 'wharfgate-${environmentName}'
  scope: resourceGroup(acrSegments[2], acrSegments[4])
  params: {
    registryName: acrSegments[8]
    principalId: app.outputs.principalId
    agentPool: agentPool
  }
}

output RESOURCE_GROUP string = group.name
output FUNCTION_APP string = app.outputs.functionAppName
output FUNCTION_APP_URL string = app.outputs.functionAppUrl
output STORAGE_ACCOUNT string = app.outputs.storageAccountName
output IDENTITY_PRINCIPAL_ID string = app.outputs.principalId
