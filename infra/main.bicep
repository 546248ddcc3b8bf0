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

@description('The app may push: for the methods copy and auto, and for what tracked tags had before (Previous).')
param allowPush bool = false

@description('The app may lock and unlock tags and manifests: for watches with Lock.')
param allowLocks bool = false

@description('The app may delete tags and manifests: for wharfgate retention apply.')
param allowDeletes bool = false

@description('The app may make and change cache rules: for the method cache-rule.')
param cacheRules bool = false

@description('What cache rules log in with, as WHARFGATE_CACHE_CREDENTIAL_SETS; the app may make and change credential sets then. Empty: none.')
param cacheCredentialSets string = ''

@description('Dedicated agent pool of the registry, for the method agent-pool. Empty: that method is off.')
param agentPool string = ''

@description('Copy tool of the agent pool: crane in the registry, pinned, such as tools/crane@sha256:<64 hex digits>.')
param copyTool string = ''

@description('Resource id of a Key Vault whose secrets the app may read: credentials, and references in settings. Empty: none.')
param keyVaultId string = ''

@description('Client id of the Entra ID application with the app roles (infra/app-roles.json). Empty: callers are known by function keys alone.')
param authClientId string = ''

@description('Client ids of the applications that callers may come by, such as 04b07795-8ddb-461a-bbee-02f9e1bf7b46 (Azure CLI). Empty: any.')
param authAllowedClients array = []

@description('Object id of the Entra ID group, or user, that works with the command wharfgate and the tables. Empty: roles are assigned by hand.')
param operatorId string = ''

@allowed(['Group', 'User'])
param operatorType string = 'Group'

@description('URL of a Teams workflow that posts the cards. It is a secret. Empty: no Teams channel.')
@secure()
param teamsWebhookUrl string = ''

@description('Subnet for the app\'s outgoing traffic, delegated to Microsoft.App/environments. Empty: no virtual network.')
param subnetId string = ''

@description('More settings by name, such as Key Vault references for WHARFGATE_CREDENTIAL_<NAME> or WHARFGATE_CHANNEL_<NAME>.')
@secure()
param moreSettings object = {}

// /subscriptions/<2>/resourceGroups/<4>/providers/<6>/<7>/<8>
var acrSegments = split(acrResourceId, '/')
// Names and scopes are worked out also where a condition is false, so that there must be an id to split.
var vaultSegments = split(empty(keyVaultId) ? acrResourceId : keyVaultId, '/')
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
    cacheCredentialSets: cacheCredentialSets
    keyVaultName: empty(keyVaultId) ? '' : last(vaultSegments)
    callers: empty(authClientId) ? '' : 'named'
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
    features: {
      always: true
      allowPush: allowPush
      allowLocks: allowLocks
      allowDeletes: allowDeletes
      cacheRules: cacheRules
      cacheCredentialSets: !empty(cacheCredentialSets)
      agentPool: !empty(agentPool)
    }
  }
}

module keyVaultAccess 'key-vault-access.bicep' = if (!empty(keyVaultId)) {
  name: 'wharfgate-vault-${environmentName}'
  scope: resourceGroup(vaultSegments[2], vaultSegments[4])
  params: {
    vaultName: last(vaultSegments)
    principalId: app.outputs.principalId
  }
}

module callers 'callers.bicep' = if (!empty(authClientId)) {
  name: 'callers'
  scope: group
  params: {
    functionAppName: app.outputs.functionAppName
    authClientId: authClientId
    authAllowedClients: authAllowedClients
  }
}

module operatorAccess 'operator-access.bicep' = if (!empty(operatorId)) {
  name: 'operator-access'
  scope: group
  params: {
    storageAccountName: app.outputs.storageAccountName
    operatorId: operatorId
    operatorType: operatorType
  }
}

output RESOURCE_GROUP string = group.name
output FUNCTION_APP string = app.outputs.functionAppName
output FUNCTION_APP_URL string = app.outputs.functionAppUrl
output STORAGE_ACCOUNT string = app.outputs.storageAccountName
output IDENTITY_PRINCIPAL_ID string = app.outputs.principalId
