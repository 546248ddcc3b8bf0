param functionAppName string

@description('Client id of the Entra ID application that has the app roles.')
param authClientId string

@description('Client ids of the applications that callers may come by. Empty: any.')
param authAllowedClients array

resource functionApp 'Microsoft.Web/sites@2024-11-01' existing = {
  name: functionAppName
}

// App Service authentication: it checks each caller's token, and tells the app who calls and in which app roles. Nobody is
// sent to a page to sign in, so that no client secret is needed.
resource authentication 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: functionApp
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
      runtimeVersion: '~1'
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      // For probes; it tells whether the app answers and nothing else.
      excludedPaths: ['/api/healthz']
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: authClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          // The first is the audience of tokens in version 2, which the application is set to.
          allowedAudiences: [authClientId, 'api://${authClientId}']
          defaultAuthorizationPolicy: { allowedApplications: authAllowedClients }
        }
      }
    }
    httpSettings: { requireHttps: true }
    login: {
      tokenStore: { enabled: false }
    }
  }
}
