import { z } from "zod";

// Bodies as the REST specification publishes them, strictly: what the service would refuse or ignore must not
// work here. Source: test/fixtures/azure-rest-examples.json.

export const importImageParameters = z.strictObject({
  source: z.strictObject({
    resourceId: z.string().optional(),
    registryUri: z.string().optional(),
    credentials: z.strictObject({ username: z.string().optional(), password: z.string() }).optional(),
    sourceImage: z.string(),
  }),
  targetTags: z.array(z.string()).optional(),
  untaggedTargetRepositories: z.array(z.string()).optional(),
  mode: z.enum(["NoForce", "Force"]).default("NoForce"),
});

export const cacheRuleParameters = z.strictObject({
  properties: z.strictObject({
    sourceRepository: z.string(),
    targetRepository: z.string(),
    credentialSetResourceId: z.string().optional(),
  }),
});

export const cacheRuleUpdate = z.strictObject({
  properties: z.strictObject({ credentialSetResourceId: z.string().optional() }),
});

const secretIdentifier = z.url({ protocol: /^https$/ });
const identity = z.strictObject({ type: z.literal("SystemAssigned") });
const authCredentials = z
  .array(
    z.strictObject({
      name: z.literal("Credential1"),
      usernameSecretIdentifier: secretIdentifier,
      passwordSecretIdentifier: secretIdentifier,
    }),
  )
  .length(1);

export const credentialSetParameters = z.strictObject({
  identity,
  properties: z.strictObject({ loginServer: z.string(), authCredentials }),
});

export const credentialSetUpdate = z.strictObject({
  identity: identity.optional(),
  properties: z.strictObject({ authCredentials }),
});

const secretObject = z.strictObject({
  value: z.string().optional(),
  type: z.enum(["Opaque", "Vaultsecret"]).optional(),
});

export const encodedTaskRunRequest = z.strictObject({
  type: z.literal("EncodedTaskRunRequest"),
  isArchiveEnabled: z.boolean().default(false),
  agentPoolName: z.string().optional(),
  logTemplate: z.string().optional(),
  encodedTaskContent: z.base64(),
  encodedValuesContent: z.base64().optional(),
  values: z
    .array(z.strictObject({ name: z.string(), value: z.string(), isSecret: z.boolean().optional() }))
    .default([]),
  timeout: z.int().min(300).max(28_800).default(3600),
  platform: z.strictObject({
    os: z.enum(["Windows", "Linux"]),
    architecture: z.enum(["amd64", "x86", "386", "arm", "arm64"]).optional(),
    variant: z.enum(["v6", "v7", "v8"]).optional(),
  }),
  agentConfiguration: z.strictObject({ cpu: z.int().optional() }).optional(),
  sourceLocation: z.string().optional(),
  credentials: z
    .strictObject({
      sourceRegistry: z.strictObject({ loginMode: z.enum(["None", "Default"]).optional() }).optional(),
      customRegistries: z
        .record(
          z.string(),
          z.strictObject({
            userName: secretObject.optional(),
            password: secretObject.optional(),
            identity: z.string().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

export type EncodedTaskRunRequest = z.infer<typeof encodedTaskRunRequest>;
export type CredentialSetUpdate = z.infer<typeof credentialSetUpdate>;
export type ImportImageParameters = z.infer<typeof importImageParameters>;
