param registryName string

@description('Object id of the app\'s identity.')
param principalId string

@description('Empty: no permission to schedule runs.')
param agentPool string

// Container Registry Data Importer and Data Reader: registries/read, importImage, and pull for the digest proof.
// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers#container-registry-data-importer-and-data-reader
var dataImporterAndReader = '577a9874-89fd-4f24-9dbd-b5034d0ad23a'

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource importing 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(registry.id, principalId, dataImporterAndReader)
  scope: registry
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', dataImporterAndReader)
  }
}

// The built-in Container Registry Tasks Contributor could also change tasks and agent pools. Names of the actions:
// https://learn.microsoft.com/azure/role-based-access-control/permissions/containers#microsoftcontainerregistry
resource copyRunner 'Microsoft.Authorization/roleDefinitions@2022-04-01' = if (!empty(agentPool)) {
  name: guid(registry.id, 'wharfgate-copy-runner')
  properties: {
    // Unique in the tenant.
    roleName: 'Wharfgate copy runner ${uniqueString(registry.id)}'
    description: 'Schedules, watches and cancels task runs on agent pools of the registry ${registryName}.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          'Microsoft.ContainerRegistry/registries/scheduleRun/action'
          'Microsoft.ContainerRegistry/registries/runs/read'
          'Microsoft.ContainerRegistry/registries/runs/listLogSasUrl/action'
          'Microsoft.ContainerRegistry/registries/runs/cancel/action'
          // Asked of callers that name a pool from June 2027:
          // https://learn.microsoft.com/azure/container-registry/tasks-agent-pools-permission-migration
          'Microsoft.ContainerRegistry/registries/agentpools/read'
          'Microsoft.ContainerRegistry/registries/agentpools/listQueueStatus/action'
        ]
      }
    ]
  }
}

resource copying 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(agentPool)) {
  name: guid(registry.id, principalId, 'wharfgate-copy-runner')
  scope: registry
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: copyRunner.id
  }
}
