param storageAccountName string

@description('Object id of a group, or of one user.')
param operatorId string

@allowed(['Group', 'User'])
param operatorType string

// Ids of built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/storage
// What the command wharfgate and the portal's storage browser need: watches and the ledger, orders, bundles and reports.
var dataRoles = [
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3' // Storage Table Data Contributor
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88' // Storage Queue Data Contributor
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe' // Storage Blob Data Contributor
]

resource storage 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccountName
}

resource operating 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in dataRoles: {
    name: guid(storage.id, operatorId, role)
    scope: storage
    properties: {
      principalId: operatorId
      principalType: operatorType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]
