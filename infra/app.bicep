param location string
param tags object

@description('Makes the names of this deployment unique: 13 lower-case letters and digits.')
param token string
param acrResourceId string
param acrLoginServer string
param acrAddresses string
param upstreams string
param agentPool string
param copyTool string
param cacheCredentialSets string
param keyVaultName string

@description('named: App Service authentication is on, so that callers must have an app role. Empty: as the platform says.')
param callers string
@secure()
param teamsWebhookUrl string
param subnetId string
@secure()
param moreSettings object

// Ids of built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
// What the Functions host, its triggers and the app need of the storage account:
// https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
var storageRoles = [
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b' // Storage Blob Data Owner
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
]
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-wharfgate-${token}'
  location: location
  tags: tags
}

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: 'st${token}'
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'

    resource deployments 'containers' = {
      name: 'deployments'
    }

    resource messages 'containers' = {
      name: 'messages'
    }
  }

  resource tables 'tableServices' = {
    name: 'default'

    // The app makes its other tables and its queues itself; people need this one before anything runs.
    resource watches 'tables' = {
      name: 'watches'
    }
  }

  resource lifecycle 'managementPolicies' = {
    name: 'default'
    properties: {
      policy: {
        rules: [
          {
            name: 'delete-overflow-messages'
            type: 'Lifecycle'
            enabled: true
            definition: {
              filters: {
                blobTypes: ['blockBlob']
                prefixMatch: ['messages/']
              }
              actions: {
                // Twice as long as a message can be delayed.
                baseBlob: { delete: { daysAfterModificationGreaterThan: 14 } }
              }
            }
          }
        ]
      }
    }
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: 'log-wharfgate-${token}'
  location: location
  tags: tags
  properties: {
    retentionInDays: 30
    sku: { name: 'PerGB2018' }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-wharfgate-${token}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: logs.id
  }
}

resource storageAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in storageRoles: {
    name: guid(storage.id, identity.id, role)
    scope: storage
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource insightsAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, identity.id, monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-wharfgate-${token}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

// The account's own endpoint properties end in a slash, which the SDK's queue and blob URLs must not have.
var storageSuffix = environment().suffixes.storage

// The app takes an empty setting for one that is not there.
var settings = {
  APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identity.properties.clientId};Authorization=AAD'
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identity.properties.clientId
  AzureWebJobsStorage__blobServiceUri: 'https://${storage.name}.blob.${storageSuffix}'
  AzureWebJobsStorage__queueServiceUri: 'https://${storage.name}.queue.${storageSuffix}'
  AzureWebJobsStorage__tableServiceUri: 'https://${storage.name}.table.${storageSuffix}'
  WHARFGATE_TARGET: empty(acrAddresses) ? acrLoginServer : '${acrLoginServer}=${acrAddresses}'
  WHARFGATE_ACR_ID: acrResourceId
  WHARFGATE_ARM_ENDPOINT: environment().resourceManager
  WHARFGATE_UPSTREAMS: upstreams
  WHARFGATE_AGENT_POOL: agentPool
  WHARFGATE_COPY_TOOL: copyTool
  WHARFGATE_CACHE_CREDENTIAL_SETS: cacheCredentialSets
  WHARFGATE_KEY_VAULTS: empty(keyVaultName) ? '' : '${keyVaultName}${environment().suffixes.keyvaultDns}'
  WHARFGATE_CALLERS: callers
  WHARFGATE_CHANNEL_TEAMS: empty(teamsWebhookUrl) ? '' : string({ kind: 'teams', webhookUrl: teamsWebhookUrl })
}

resource functionApp 'Microsoft.Web/sites@2024-11-01' = {
  name: 'func-wharfgate-${token}'
  location: location
  tags: union(tags, { 'azd-service-name': 'app' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identity.id
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: {
        name: 'node'
        version: '24'
      }
      scaleAndConcurrency: {
        alwaysReady: []
        instanceMemoryMB: 2048
        maximumInstanceCount: 40
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${storage.name}.blob.${storageSuffix}/${storage::blobs::deployments.name}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
    }
    siteConfig: { minTlsVersion: '1.2' }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(settings, moreSettings)
  }

  // It reads its package, its queues and its keys as soon as it is there.
  dependsOn: [storageAccess, insightsAccess]
}

output principalId string = identity.properties.principalId
output functionAppName string = functionApp.name
output functionAppUrl string = 'https://${functionApp.properties.defaultHostName}'
output storageAccountName string = storage.name
