import { request as httpsRequest } from "node:https";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createSend,
  example,
  importBody,
  importPath,
  registryVersion,
  runBody,
  runVersion,
  type Send,
} from "./arm-requests.ts";
import { loginServer, type OneMachineArm, resourceId, startOneMachineArm } from "./one-machine-arm.ts";

let machine: OneMachineArm;
let send: Send;

beforeAll(async () => {
  machine = await startOneMachineArm();
  send = createSend(machine);
});
afterAll(() => machine[Symbol.asyncDispose]());

describe("requests", () => {
  it.each([
    ["no token", "", "AuthenticationFailed"],
    ["a token of somebody else", "Bearer abc.def", "InvalidAuthenticationToken"],
    ["another scheme", "Basic abc", "AuthenticationFailed"],
  ])("are refused with %s", async (_name, authorization, code) => {
    const answer = await send("GET", resourceId, { version: registryVersion, authorization });
    expect(answer).toMatchObject({ status: 401, body: { error: { code } } });
  });

  it("are refused with a token for another audience", async () => {
    const other = await machine.tokenFor("https://vault.azure.net");
    const answer = await send("GET", resourceId, {
      version: registryVersion,
      authorization: `Bearer ${other}`,
    });
    expect(answer).toMatchObject({ status: 401, body: { error: { code: "InvalidAuthenticationToken" } } });
  });

  it.each([
    ["Registries_Get", "GET", "", runVersion],
    ["Registries_ImportImage", "POST", "/importImage", runVersion],
    ["Registries_ScheduleRun", "POST", "/scheduleRun", registryVersion],
    ["Runs_List", "GET", "/runs", registryVersion],
    ["Runs_Get", "GET", "/runs/ca1", registryVersion],
    ["Runs_Cancel", "POST", "/runs/ca1/cancel", registryVersion],
    ["Runs_GetLogSasUrl", "POST", "/runs/ca1/listLogSasUrl", registryVersion],
    ["CacheRules_List", "GET", "/cacheRules", runVersion],
    ["CacheRules_Get", "GET", "/cacheRules/rule1", runVersion],
    ["CacheRules_Create", "PUT", "/cacheRules/rule1", runVersion],
    ["CacheRules_Update", "PATCH", "/cacheRules/rule1", runVersion],
    ["CredentialSets_Get", "GET", "/credentialSets/set12", runVersion],
    ["CredentialSets_Create", "PUT", "/credentialSets/set12", runVersion],
    ["AgentPools_Get", "GET", "/agentPools/pool", registryVersion],
    ["AgentPools_GetQueueStatus", "POST", "/agentPools/pool/listQueueStatus", registryVersion],
  ])("are refused with the api-version of other operations: %s", async (id, method, path, version) => {
    const answer = await send(method, `${resourceId}${path}`, { version });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "InvalidApiVersionParameter" } } });
    expect(answer.body.error.message).toContain(id);
  });

  it("are refused without an api-version", async () => {
    const answer = await send("GET", resourceId);
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "MissingApiVersionParameter" } } });
  });

  it.each([
    ["another registry", "GET", resourceId.replace("myregistry", "other1")],
    ["an operation that there is not", "GET", `${resourceId}/nothing`],
    ["another method", "DELETE", resourceId],
    ["the root", "GET", "/"],
  ])("find nothing at %s", async (_name, method, path) => {
    expect(await send(method, path, { version: registryVersion })).toMatchObject({
      status: 404,
      body: { error: { code: "ResourceNotFound" } },
    });
  });

  it("compare resource ids without regard to case", async () => {
    expect((await send("GET", resourceId.toUpperCase(), { version: registryVersion })).status).toBe(200);
  });

  it("are refused with a foreign Host", async () => {
    const status = await new Promise((resolve, reject) => {
      httpsRequest(
        new URL(resourceId, machine.arm.url),
        { servername: "localhost", headers: { host: "example.com" } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      )
        .once("error", reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it("are refused when they are too large or no JSON", async () => {
    const huge = await send("POST", importPath, { version: registryVersion, body: "x".repeat(2_000_000) });
    expect(huge.status).toBe(413);
    const url = new URL(`${importPath}?api-version=${registryVersion}`, machine.arm.url);
    const token = await machine.tokenFor(machine.arm.url);
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    expect((await fetch(url, { method: "POST", headers, body: "{" })).status).toBe(400);
  });
});

describe("bodies", () => {
  it.each([
    ["Registries_ImportImage/byDigest", "Registries_ImportImage", "UnsupportedOnThisMachine"],
    ["Registries_ImportImage/fromPublicRegistry", "Registries_ImportImage", undefined],
    ["CredentialSets_Create", "CredentialSets_Create", undefined],
    ["CacheRules_Create", "CacheRules_Create", undefined],
    ["Registries_ScheduleRun/EncodedTaskRun", "Registries_ScheduleRun", "AgentPoolNotFound"],
  ])("are read as published: %s", async (name, _operation, code) => {
    const { method, path, apiVersion, body: published } = example(name);
    // The examples' placeholders are no names: repositories are lower case.
    const body = JSON.parse(
      JSON.stringify(published).replace(/(?:target|source)Repository(?!":)/g, "repository"),
    );
    const answer = await send(method, path.replace("myRegistry", "myregistry"), {
      version: apiVersion,
      body,
    });
    expect(answer.body?.error?.code).toBe(code);
  });

  it.each([
    ["an unknown property", { ...importBody, force: true }],
    ["no source", { targetTags: ["a:1"] }],
    ["neither registryUri nor resourceId", { ...importBody, source: { sourceImage: "a:1" } }],
    ["both", { ...importBody, source: { ...importBody.source, resourceId } }],
    ["an unknown mode", { ...importBody, mode: "Perhaps" }],
    ["no target", { ...importBody, targetTags: [] }],
    ["a target tag out of the grammar", { ...importBody, targetTags: ["a:$(id)"] }],
    ["a target repository out of the grammar", { ...importBody, targetTags: ["A/../b:1"] }],
    [
      "a malformed digest",
      { ...importBody, source: { registryUri: "docker.io", sourceImage: "a@sha256:../.." } },
    ],
    [
      "a source with a host",
      { ...importBody, source: { registryUri: "docker.io", sourceImage: "Docker.io/a:1" } },
    ],
    ["a list", []],
    ["nothing", undefined],
  ])("of imports are refused with %s", async (_name, body) => {
    const answer = await send("POST", importPath, { version: registryVersion, body });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "InvalidParameters" } } });
  });

  it.each([
    ["another type", { ...runBody, type: "DockerBuildRequest" }],
    ["an unknown property", { ...runBody, agentPool: "pool" }],
    ["a timeout below 300 s", { ...runBody, timeout: 299 }],
    ["a timeout above 28,800 s", { ...runBody, timeout: 28_801 }],
    ["a task that is not base64", { ...runBody, encodedTaskContent: "version: v1.1.0" }],
    ["no platform", { ...runBody, platform: undefined }],
    [
      "an unknown secret type",
      {
        ...runBody,
        credentials: { customRegistries: { "docker.io": { password: { value: "x", type: "Plain" } } } },
      },
    ],
  ])("of runs are refused with %s", async (_name, body) => {
    const answer = await send("POST", `${resourceId}/scheduleRun`, { version: runVersion, body });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "InvalidRequestContent" } } });
  });

  it.each([
    ["an unknown pool", { ...runBody, agentPoolName: "nowhere" }],
    ["no pool", { ...runBody, agentPoolName: undefined }],
  ])("of runs are refused with %s", async (_name, body) => {
    const answer = await send("POST", `${resourceId}/scheduleRun`, { version: runVersion, body });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: "AgentPoolNotFound" } } });
  });
});

describe("answers", () => {
  it("describe the registry with the published names", async () => {
    const { body } = await send("GET", resourceId, { version: registryVersion });
    expect(body.properties.loginServer).toBe(loginServer);
    expectSubset(body, example("Registries_Get").responses["200"]?.body);
  });

  it("describe a run with the published names", async () => {
    const { body } = await send("POST", `${resourceId}/scheduleRun`, { version: runVersion, body: runBody });
    const published = example("Runs_Get").responses["200"]?.body as { properties: object };
    expectSubset(body, { ...published, properties: { ...published.properties, agentPoolName: "" } });
  });

  it("describe a pool with the published names", async () => {
    const { body } = await send("GET", `${resourceId}/agentPools/pool`, { version: runVersion });
    expectSubset(body, example("AgentPools_Get").responses["200"]?.body);
    expect(body.properties.count).toBe(1);
  });
});

/** Every name in `answer` is one that the specification's example has. */
function expectSubset(answer: object, published: unknown): void {
  const names = (value: unknown, path: string): string[] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([name, inner]) => names(inner, `${path}.${name}`))
      : [path];
  const known = names(published, "");
  for (const name of names(answer, "")) expect(known).toContain(name);
}
