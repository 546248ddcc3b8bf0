param registryName string

@description('Object id of the app\'s identity.')
param principalId string

@description('Which features of registry-roles.json are on: a boolean by the name of each.')
param features object

// Roles of both permission modes are assigned: a registry heeds those of its own mode and passes over the others, also after
// its mode was changed. https://learn.microsoft.com/azure/container-registry/container-registry-rbac-abac-repository-permissions
// For that reason a custom role has actions (for the mode "RBAC Registry Permissions") and data actions (for the mode "RBAC
// Registry + ABAC Repository Permissions") that allow the same, as Microsoft's own roles for scanners do.
// Why no built-in role does: Container Registry Tasks Contributor could also change tasks and agent pools, no role of the
// first mode but Contributor and Owner locks, and no role of the second one deletes without pushing. From June 2027
// agentpools/read is asked of callers that name a pool:
// https://learn.microsoft.com/azure/container-registry/tasks-agent-pools-permission-migration
// Ids: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles/containers
// Names of actions: https://learn.microsoft.com/azure/role-based-access-control/permissions/containers#microsoftcontainerregistry
var roles = loadJsonContent('registry-roles.json')

resource registry 'Microsoft.ContainerRegistry/registries@2025-04-01' existing = {
  name: registryName
}

resource builtIn 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in roles.builtIn: if (features[role.feature]) {
    name: guid(registry.id, principalId, role.id)
    scope: registry
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.id)
    }
  }
]

resource customRoles 'Microsoft.Authorization/roleDefinitions@2022-04-01' = [
  for role in roles.custom: if (features[role.feature]) {
    name: guid(registry.id, role.key)
    properties: {
      // Unique in the tenant.
      roleName: '${role.name} ${uniqueString(registry.id)}'
      description: '${role.description} ${registryName}.'
      type: 'CustomRole'
      assignableScopes: [resourceGroup().id]
      permissions: [
        {
          actions: role.actions
          dataActions: role.dataActions
        }
      ]
    }
  }
]

resource custom 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (role, i) in roles.custom: if (features[role.feature]) {
    name: guid(registry.id, principalId, role.key)
    scope: registry
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: customRoles[i].id
    }
  }
]
