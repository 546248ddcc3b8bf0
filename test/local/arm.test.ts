import { readFile } from "node:fs/promises";
import { request as httpsRequest } from "node:https";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Digest } from "../../shared/model/digest.ts";
import { imageDigest } from "./memory-transfer.ts";
import { loginServer, type OneMachineArm, resourceId, startOneMachineArm } from "./one-machine-arm.ts";

/** Requests and responses as published, see the file's `_about`. */
interface Example {
  readonly method: string;
  readonly path: string;
  readonly apiVersion: string;
  readonly body?: unknown;
  readonly responses: Readonly<Record<string, { readonly body?: unknown }>>;
}

let machine: OneMachineArm;
let token: string;
let examples: Readonly<Record<string, Example>>;

beforeAll(async () => {
  machine = await startOneMachineArm();
  token = await machine.tokenFor(machine.arm.url);
  examples = JSON.parse(
    await readFile(new URL("../fixtures/azure-rest-examples.json", import.meta.url), "utf8"),
  );
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => {
  for (const fault of Object.keys(machine.arm.faults)) delete machine.arm.faults[fault as "import"];
  machine.transfer.upstream.clear();
  machine.transfer.target.clear();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what the stand-in answers is what is tested
  readonly body: any;
}

const registryVersion = "2025-11-01";
const runVersion = "2019-06-01-preview";

async function send(
  method: string,
  path: string,
  {
    body,
    version,
    authorization = `Bearer ${token}`,
  }: { body?: unknown; version?: string; authorization?: string } = {},
): Promise<Answer> {
  const url = new URL(path, machine.arm.url);
  if (version !== undefined) url.searchParams.set("api-version", version);
  const response = await fetch(url, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
}

function example(name: string): Example {
  const found = examples[name];
  if (found === undefined) throw new Error(`there is no published example ${name}`);
  return found;
}

const importPath = `${resourceId}/importImage`;
const importBody = {
  source: { registryUri: "docker.io", sourceImage: `library/nginx@${imageDigest}` },
  targetTags: ["mirror/nginx:1"],
};
const runBody = {
  type: "EncodedTaskRunRequest",
  agentPoolName: "pool",
  encodedTaskContent: Buffer.from("version: v1.1.0\n").toString("base64"),
  platform: { os: "Linux", architecture: "amd64" },
};

function offer(reference: string, manifests = 2): void {
  machine.transfer.upstream.set(`docker.io/library/nginx${reference}`, { digest: imageDigest, manifests });
}

async function importAndWait(body: unknown): Promise<Answer> {
  const accepted = await send("POST", importPath, { version: registryVersion, body });
  expect(accepted.status).toBe(202);
  const location = accepted.headers.get("location") ?? "";
  for (let asked = 0; asked < 1000; asked++) {
    const answer = await send("GET", location);
    if (answer.status !== 202) return answer;
  }
  throw new Error("the import does not end");
}

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
    ["Runs_Get", "GET", "/runs/ca1", registryVersion],
    ["Runs_Cancel", "POST", "/runs/ca1/cancel", registryVersion],
    ["Runs_GetLogSasUrl", "POST", "/runs/ca1/listLogSasUrl", registryVersion],
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
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    expect((await fetch(url, { method: "POST", headers, body: "{" })).status).toBe(400);
  });
});

describe("bodies", () => {
  it.each([
    ["Registries_ImportImage/byDigest", "Registries_ImportImage", "UnsupportedOnThisMachine"],
    ["Registries_ImportImage/fromPublicRegistry", "Registries_ImportImage", undefined],
    ["Registries_ScheduleRun/EncodedTaskRun", "Registries_ScheduleRun", "AgentPoolNotFound"],
  ])("are read as published: %s", async (name, _operation, code) => {
    const { method, path, apiVersion, body: published } = example(name);
    // The examples' placeholders are no names: repositories are lower case.
    const body = JSON.parse(JSON.stringify(published).replace(/(?:target|source)Repository/g, "repository"));
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

describe("importImage", () => {
  it("names its operation in Location, as published", async () => {
    machine.arm.faults.import = { kind: "hang" };
    const accepted = await send("POST", importPath, { version: registryVersion, body: importBody });
    expect(accepted).toMatchObject({ status: 202, body: undefined });
    expect(accepted.headers.get("retry-after")).toBe("0");
    const published = example("Registries_ImportImage/byDigest").responses["202"] as {
      headers: { Location: string };
    };
    const shape = (url: string) =>
      url
        .replace(/^https:\/\/[^/]+/, "")
        .replace(/locations\/[^/]+/, "locations/x")
        .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "*");
    expect(shape(accepted.headers.get("location") ?? "")).toBe(shape(published.headers.Location));
    const polled = await send("GET", accepted.headers.get("location") ?? "");
    expect(polled).toMatchObject({ status: 202, body: undefined });
  });

  it.each([
    ["a digest", `@${imageDigest}`, `library/nginx@${imageDigest}`],
    ["a tag", ":1.27.1", "library/nginx:1.27.1"],
    ["neither, which is latest", ":latest", "library/nginx"],
  ])("takes a source by %s", async (_name, upstream, sourceImage) => {
    offer(upstream);
    offer(`@${imageDigest}`);
    const body = { ...importBody, source: { registryUri: "docker.io", sourceImage } };
    expect(await importAndWait(body)).toMatchObject({ status: 200, body: undefined });
    expect(machine.transfer.target).toEqual(new Map([["mirror/nginx:1", imageDigest]]));
  });

  it("puts manifests without a tag where asked to", async () => {
    offer(`@${imageDigest}`);
    const body = { source: importBody.source, untaggedTargetRepositories: ["mirror/nginx"] };
    expect((await importAndWait(body)).status).toBe(200);
    expect(machine.transfer.target).toEqual(new Map([[`mirror/nginx@${imageDigest}`, imageDigest]]));
  });

  it.each([
    ["51 manifests", () => offer(`@${imageDigest}`, 51), "InvalidParameters", /50 manifests/],
    ["no image", () => {}, "InvalidParameters", /MANIFEST_UNKNOWN/],
    [
      "a tag that exists",
      () => machine.transfer.target.set("mirror/nginx:1", "sha256:0" as Digest),
      "Conflict",
      /^Tag mirror\/nginx:1 already exists in target registry/,
    ],
  ])("fails on the poll with %s", async (_name, arrange, code, message) => {
    arrange();
    const answer = await importAndWait(importBody);
    expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
    expect(answer.body.error.message).toMatch(message);
  });

  it("takes exactly 50 manifests", async () => {
    offer(`@${imageDigest}`, 50);
    expect((await importAndWait(importBody)).status).toBe(200);
  });
});

describe("agent pools", () => {
  async function schedule(): Promise<string> {
    const { body } = await send("POST", `${resourceId}/scheduleRun`, { version: runVersion, body: runBody });
    return body.properties.runId;
  }
  const statusOf = async (id: string) =>
    (await send("GET", `${resourceId}/runs/${id}`, { version: runVersion })).body.properties.status;
  const queued = async () =>
    (await send("POST", `${resourceId}/agentPools/pool/listQueueStatus`, { version: runVersion })).body.count;

  it("run as many at a time as they have agents, in order", async () => {
    const gate = Promise.withResolvers<void>();
    machine.arm.faults.run = { kind: "wait", until: gate.promise };
    const [first, second, third] = [await schedule(), await schedule(), await schedule()];
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([
      "Running",
      "Queued",
      "Queued",
    ]);
    expect(await queued()).toBe(2);
    await send("POST", `${resourceId}/runs/${second}/cancel`, { version: runVersion });
    expect(await queued()).toBe(1);
    gate.resolve();
    await expect.poll(() => statusOf(third)).toBe("Failed");
    expect(await statusOf(second)).toBe("Canceled");
  });

  it("refuse to cancel what has ended", async () => {
    const id = await schedule();
    await expect.poll(() => statusOf(id)).toBe("Failed");
    const answer = await send("POST", `${resourceId}/runs/${id}/cancel`, { version: runVersion });
    expect(answer.status).toBe(409);
  });

  it("give the log to who has its URL alone, in ranges too", async () => {
    const id = await schedule();
    await expect.poll(() => statusOf(id)).toBe("Failed");
    const { body } = await send("POST", `${resourceId}/runs/${id}/listLogSasUrl`, { version: runVersion });
    const whole = await fetch(body.logLink);
    const text = await whole.text();
    expect(whole.headers.get("x-ms-meta-complete")).not.toBeNull();
    expect(text).toContain("this machine runs only the pinned copy task");
    const part = await fetch(body.logLink, { headers: { range: "bytes=3-9" } });
    expect([part.status, await part.text()]).toEqual([206, text.slice(3, 10)]);
    expect((await fetch(body.logLink.replace(/sig=[^&]*/, "sig=0"))).status).toBe(403);
  });
});
