import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openCertificate } from "../../local/arm/certificate.ts";
import { startLoopbackServer } from "../../local/loopback-server.ts";
import { createAcr } from "../../shared/azure/acr.ts";
import type { AcrImportState } from "../../shared/azure/acr-port.ts";
import { parseAcrResourceId } from "../../shared/azure/acr-resource.ts";
import { createCredential } from "../../shared/azure/identity.ts";
import { Failure } from "../../shared/model/failure.ts";
import { imageDigest, otherDigest } from "../local/memory-transfer.ts";
import { loginServer, type OneMachineArm, resourceId, startOneMachineArm } from "../local/one-machine-arm.ts";

const signal = AbortSignal.timeout(60_000);
let machine: OneMachineArm;

beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => {
  for (const fault of Object.keys(machine.arm.faults)) delete machine.arm.faults[fault as "import"];
  machine.transfer.upstream.clear();
  machine.transfer.target.clear();
  machine.answered.length = 0;
});

const source = { host: "docker.io", repository: "library/nginx", digest: imageDigest } as const;
const request = { source, targetTags: ["library/nginx:1.27.1"], mode: "NoForce" } as const;
const run = { pool: "pool", task: "version: v1.1.0\n", values: {}, timeoutSeconds: 300 } as const;

function offer(credential?: { username: string; password: string }): void {
  machine.transfer.upstream.set(`docker.io/library/nginx@${imageDigest}`, {
    digest: imageDigest,
    manifests: 2,
    ...(credential === undefined ? {} : { credential }),
  });
}

async function settle(path: string): Promise<AcrImportState> {
  for (let asked = 0; asked < 1000; asked++) {
    const state = await machine.acr.checkImport(path, signal);
    if (state.kind !== "running") return state;
  }
  throw new Error("the import does not end");
}

async function failureOf(call: Promise<unknown>): Promise<Failure> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Failure) return error;
  throw new Error(`expected a Failure, got ${error}`);
}

describe("parseAcrResourceId", () => {
  it("takes the id apart", () => {
    expect(parseAcrResourceId(resourceId)).toEqual({
      id: resourceId,
      subscriptionId: "00000000-0000-0000-0000-000000000000",
      resourceGroup: "myResourceGroup",
      name: "myregistry",
    });
  });

  it("spells the segments as ARM does", () => {
    expect(parseAcrResourceId(resourceId.replace("resourceGroups", "resourcegroups")).id).toBe(resourceId);
  });

  it.each([
    ["nothing", ""],
    ["a login server", "myregistry.azurecr.io"],
    ["something below the registry", `${resourceId}/runs/ca1`],
    ["a trailing slash", `${resourceId}/`],
    ["another provider", resourceId.replace("ContainerRegistry", "Storage")],
    ["a subscription that is no GUID", resourceId.replace("00000000-", "x-")],
    ["a name with a dash", resourceId.replace("myregistry", "my-registry")],
    ["a way up", resourceId.replace("myResourceGroup", "..")],
  ])("refuses %s", (_name, text) => {
    expect(() => parseAcrResourceId(text)).toThrow(expect.objectContaining({ code: "invalid" }));
  });
});

describe("createAcr", () => {
  it.each([
    ["plain http", "http://127.0.0.1:1"],
    ["a path", "https://management.azure.com/subscriptions"],
    ["no URL", "management.azure.com"],
  ])("refuses an ARM endpoint with %s", (_name, armEndpoint) => {
    const credential = createCredential({ source: "default" });
    expect(() => createAcr({ resourceId, credential, armEndpoint })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
  });
});

describe("describe", () => {
  it("reads what ARM says of the registry, once", async () => {
    const description = await machine.acr.describe(signal);
    expect(description).toEqual({
      loginServer,
      dataEndpointHostNames: [],
      sku: "Premium",
      location: "westeurope",
    });
    expect(await machine.acr.describe(signal)).toBe(description);
    expect(machine.answered).toEqual(["Registries_Get 200"]);
  });
});

describe("imports", () => {
  it("hands the import over and follows it to its end, one question at a time", async () => {
    offer();
    const started = await machine.acr.startImport(request, signal);
    expect(started.path).toMatch(
      /^\/subscriptions\/.*\/operationStatuses\/registries-.*\?api-version=2025-11-01$/,
    );
    expect(await settle(started.path)).toEqual({ kind: "done" });
    expect(machine.transfer.target.get("library/nginx:1.27.1")).toBe(imageDigest);
  });

  it("asks at most once beside the POST when starting, and once when checking", async () => {
    offer();
    machine.arm.faults.import = { kind: "hang" };
    const { path } = await machine.acr.startImport(request, signal);
    expect(machine.answered).toEqual(["Registries_ImportImage 202", "OperationResults_Get 202"]);
    expect((await machine.acr.checkImport(path, signal)).kind).toBe("running");
    expect(machine.answered).toHaveLength(3);
  });

  it("remembers an accepted import although the first question about it failed", async () => {
    machine.arm.faults.answer = (operation) =>
      operation === "OperationResults_Get" ? { status: 503, body: {} } : undefined;
    const { kind } = await machine.acr.startImport(request, signal);
    expect(kind).toBe("running");
  });

  it("passes the upstream's credential to the service", async () => {
    offer({ username: "reader", password: "s3cret" });
    const credential = { username: "reader", password: "s3cret" };
    const { path } = await machine.acr.startImport({ ...request, source: { ...source, credential } }, signal);
    expect(await settle(path)).toEqual({ kind: "done" });
  });

  it("replaces a tag only by Force", async () => {
    offer();
    machine.transfer.target.set("library/nginx:1.27.1", otherDigest);
    const kept = await machine.acr.startImport(request, signal);
    expect(await settle(kept.path)).toMatchObject({
      kind: "failed",
      text: /already exists in target registry/,
    });
    const replaced = await machine.acr.startImport({ ...request, mode: "Force" }, signal);
    expect(await settle(replaced.path)).toEqual({ kind: "done" });
    expect(machine.transfer.target.get("library/nginx:1.27.1")).toBe(imageDigest);
  });

  it("calls an operation that the service does not know forgotten", async () => {
    const { path } = await machine.acr.startImport(request, signal);
    const state = await machine.acr.checkImport(path.replace(/registries-[^?]*/, "registries-0"), signal);
    expect(state).toEqual({ kind: "forgotten" });
  });

  it.each([
    ["a date", new Date(Date.now() + 30_000).toUTCString(), 20_000, 30_000],
    ["nonsense", "soon", 10_000, 10_000],
    ["seconds", "7", 7000, 7000],
  ])("waits as Retry-After says: %s", async (_name, header, atLeast, atMost) => {
    const { path } = await machine.acr.startImport(request, signal);
    const { pathname } = new URL(path, machine.arm.url);
    machine.arm.faults.answer = () => ({
      status: 202,
      headers: { Location: pathname, "Retry-After": header },
    });
    const state = await machine.acr.checkImport(path, signal);
    if (state.kind !== "running") throw new Error("expected it to run");
    expect(state.path).toBe(pathname);
    expect(state.checkAfterMs).toBeGreaterThanOrEqual(atLeast);
    expect(state.checkAfterMs).toBeLessThanOrEqual(atMost);
  });

  it.each([
    [
      "ARM's error",
      { error: { code: "Conflict", message: "Tag a:1 already exists" } },
      "Conflict: Tag a:1 already exists",
    ],
    ["another shape", { message: "no" }, '{"message":"no"}'],
    [
      "control characters and signed URLs",
      { error: { code: "X", message: "\u001b[31mGET https://x.blob/y?sig=abc\r\nfailed" } },
      "X: [31mGET https://x.blob/y?... failed",
    ],
  ])("passes on the text of a failed import: %s", async (_name, body, text) => {
    const { path } = await machine.acr.startImport(request, signal);
    machine.arm.faults.answer = () => ({ status: 400, body });
    expect(await machine.acr.checkImport(path, signal)).toEqual({ kind: "failed", text });
  });

  it.each([
    ["succeeded", { status: "Succeeded" }, { kind: "done" }],
    ["failed", { status: "Failed", error: { code: "A", message: "b" } }, { kind: "failed", text: "A: b" }],
    ["in progress", { status: "InProgress" }, { kind: "running", checkAfterMs: 10_000 }],
  ])("believes the status in a 200's body: %s", async (_name, body, expected) => {
    const { path } = await machine.acr.startImport(request, signal);
    machine.arm.faults.answer = () => ({ status: 200, body });
    expect(await machine.acr.checkImport(path, signal)).toMatchObject(expected);
  });

  it.each([
    ["another host", "https://example.com/operation?api-version=2025-11-01"],
    ["another port", "https://127.0.0.1:1/operation"],
    ["another scheme", "http://127.0.0.1/operation"],
  ])("refuses a Location on %s", async (_name, location) => {
    machine.arm.faults.location = location;
    const failure = await failureOf(machine.acr.startImport(request, signal));
    expect(failure).toMatchObject({ code: "blocked", transient: false });
    expect(machine.answered).toEqual(["Registries_ImportImage 202"]);
  });

  it("sends nothing to a Location off ARM, above all no token", async () => {
    const dir = await mkdtemp(join(tmpdir(), "wharfgate-elsewhere-"));
    const certificate = await openCertificate(dir, new Date());
    setDefaultCACertificates([...getCACertificates("default"), certificate.caPem]);
    const received: string[] = [];
    const elsewhere = await startLoopbackServer({
      tls: certificate,
      handler(request, response) {
        received.push(`${request.method} ${request.url}`);
        response.end();
      },
    });
    machine.arm.faults.location = `${elsewhere.origin}/operation`;
    const failure = await failureOf(machine.acr.startImport(request, signal));
    expect((await fetch(`${elsewhere.origin}/reachable`)).status).toBe(200);
    await elsewhere.close();
    await rm(dir, { recursive: true });
    expect(failure.code).toBe("blocked");
    expect(received).toEqual(["GET /reachable"]);
  });

  it("refuses a kept path that leads off ARM", async () => {
    const failure = await failureOf(machine.acr.checkImport("//example.com/operation", signal));
    expect(failure.code).toBe("blocked");
    expect(machine.answered).toEqual([]);
  });
});

describe("failures", () => {
  it.each([
    [400, "invalid", false],
    [401, "unauthorized", false],
    [403, "forbidden", false],
    [404, "not-found", false],
    [409, "conflict", false],
    [429, "rate-limited", true],
    [500, "unavailable", true],
    [503, "unavailable", true],
  ] as const)("%i is %s, after one request", async (status, code, transient) => {
    machine.arm.faults.answer = () => ({
      status,
      headers: { "Retry-After": "17" },
      body: { error: { code: "SomeCode", message: "some words" } },
    });
    const failure = await failureOf(machine.acr.startImport(request, signal));
    expect(failure).toMatchObject({ code, transient, retryAfterMs: 17_000 });
    expect(failure.message).toContain("SomeCode: some words");
    expect(machine.answered).toHaveLength(1);
  });

  it("holds neither the token nor the upstream's password", async () => {
    machine.arm.faults.answer = () => ({ status: 400, body: { error: { code: "A", message: "b" } } });
    const credential = { username: "reader", password: "s3cret" };
    const failure = await failureOf(
      machine.acr.startImport({ ...request, source: { ...source, credential } }, signal),
    );
    const everything = inspect(failure, { depth: 20, showHidden: true });
    expect(everything).not.toMatch(/s3cret|Bearer/);
  });

  it("is canceled by its signal, timeout when that was one", async () => {
    expect((await failureOf(machine.acr.getRun("ca1", AbortSignal.abort()))).code).toBe("canceled");
    const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
    expect((await failureOf(machine.acr.getRun("ca1", late))).code).toBe("timeout");
  });

  it("is network when nobody listens", async () => {
    const credential = { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const acr = createAcr({ resourceId, credential, armEndpoint: "https://127.0.0.1:1" });
    expect((await failureOf(acr.describe(signal))).code).toBe("network");
  });

  it("is unauthorized when there is no token to be had", async () => {
    const { CredentialUnavailableError } = await import("@azure/identity");
    const credential = {
      getToken: async () => Promise.reject(new CredentialUnavailableError("no identity")),
    };
    const acr = createAcr({ resourceId, credential, armEndpoint: machine.arm.url });
    expect((await failureOf(acr.describe(signal))).code).toBe("unauthorized");
  });
});

describe("runs", () => {
  it("queues at a pool without agents, tells the queue's length, and can be canceled", async () => {
    const scheduled = await machine.acr.scheduleRun({ ...run, pool: "empty" }, signal);
    expect(scheduled.status).toBe("Queued");
    expect(await machine.acr.queueLength("empty", signal)).toBe(1);
    await machine.acr.cancelRun(scheduled.id, signal);
    expect((await machine.acr.getRun(scheduled.id, signal)).status).toBe("Canceled");
    expect(await machine.acr.queueLength("empty", signal)).toBe(0);
  });

  it("reads the end of a long log only", async () => {
    machine.arm.faults.run = { kind: "fail", text: `${"x".repeat(100_000)} the last words` };
    const { id } = await machine.acr.scheduleRun(run, signal);
    await expect.poll(async () => (await machine.acr.getRun(id, signal)).status).toBe("Failed");
    const log = await machine.acr.readRunLog(id, signal);
    expect(log.length).toBeLessThanOrEqual(8192);
    expect(log).toMatch(/the last words\n.*\nRun ID: \w+ failed$/);
  });

  it("refuses a pool that does not exist", async () => {
    expect((await failureOf(machine.acr.scheduleRun({ ...run, pool: "nowhere" }, signal))).code).toBe(
      "invalid",
    );
    expect((await failureOf(machine.acr.queueLength("nowhere", signal))).code).toBe("not-found");
  });
});
