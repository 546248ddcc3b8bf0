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
export type ImportImageParameters = z.infer<typeof importImageParameters>;
