import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openCertificate } from "../../local/arm/certificate.ts";
import { startLoopbackServer } from "../../local/loopback-server.ts";
import type { AcrImportRequest, AcrImportState, RunningAcrImport } from "../../shared/azure/acr-port.ts";
import { imageDigest, otherDigest } from "../local/memory-transfer.ts";
import { type OneMachineArm, startOneMachineArm } from "../local/one-machine-arm.ts";
import { failureOf } from "../support/failures.ts";

const signal = AbortSignal.timeout(60_000);
let machine: OneMachineArm;

beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => machine.clear());

const source = { host: "docker.io", repository: "library/nginx", digest: imageDigest } as const;
const target = { repository: "library/nginx", tag: "1.27.1" } as const;
const request = { source, target, mode: "NoForce" } as const;
function offer(credential?: { username: string; password: string }): void {
  machine.transfer.upstream.set(`docker.io/library/nginx@${imageDigest}`, {
    digest: imageDigest,
    manifests: 2,
    ...(credential === undefined ? {} : { credential }),
  });
}

async function start(wanted: AcrImportRequest): Promise<RunningAcrImport> {
  const started = await machine.acr.startImport(wanted, signal);
  if (started.kind !== "running") throw new Error("expected it to run");
  return started;
}

async function settle(path: string): Promise<AcrImportState> {
  for (let asked = 0; asked < 1000; asked++) {
    const state = await machine.acr.checkImport(path, signal);
    if (state.kind !== "running") return state;
  }
  throw new Error("the import does not end");
}

describe("imports", () => {
  it("hands the import over and follows it to its end, one question at a time", async () => {
    offer();
    const started = await start(request);
    expect(started.path).toMatch(
      /^\/subscriptions\/.*\/operationStatuses\/registries-.*\?api-version=2025-11-01$/,
    );
    expect(await settle(started.path)).toEqual({ kind: "done" });
    expect(machine.transfer.target.get("library/nginx:1.27.1")).toBe(imageDigest);
  });

  it("brings a manifest in by its digest alone when the target has no tag", async () => {
    offer();
    const { path } = await start({ ...request, target: { repository: "library/nginx" } });
    expect(await settle(path)).toEqual({ kind: "done" });
    expect(machine.transfer.target).toEqual(new Map([[`library/nginx@${imageDigest}`, imageDigest]]));
  });

  it("asks at most once beside the POST when starting, and once when checking", async () => {
    offer();
    machine.arm.faults.import = { kind: "hang" };
    const { path } = await start(request);
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

  it("believes an answer without an operation only when it is final", async () => {
    machine.arm.faults.answer = () => ({ status: 200 });
    expect(await machine.acr.startImport(request, signal)).toEqual({ kind: "done" });
    machine.arm.faults.answer = () => ({ status: 202 });
    await failureOf(() => machine.acr.startImport(request, signal), "protocol");
  });

  it("follows an operation that is named by Azure-AsyncOperation alone", async () => {
    const path = "/subscriptions/1/operationStatuses/1?api-version=2025-11-01";
    const headers = { "Azure-AsyncOperation": `${machine.arm.url}${path}`, "Retry-After": "3" };
    machine.arm.faults.answer = () => ({ status: 202, headers });
    expect(await machine.acr.startImport(request, signal)).toEqual({
      kind: "running",
      path,
      checkAfterMs: 3000,
    });
  });

  it("does not wait for a lock that somebody has put on the registry", async () => {
    const error = { code: "ScopeLocked", message: "the scope cannot perform write operation" };
    machine.arm.faults.answer = () => ({ status: 409, body: { error } });
    await failureOf(() => machine.acr.startImport(request, signal), "conflict");
  });

  it("passes the upstream's credential to the service", async () => {
    offer({ username: "reader", password: "s3cret" });
    const credential = { username: "reader", password: "s3cret" };
    const { path } = await start({ ...request, source: { ...source, credential } });
    expect(await settle(path)).toEqual({ kind: "done" });
  });

  it("replaces a tag only by Force", async () => {
    offer();
    machine.transfer.target.set("library/nginx:1.27.1", otherDigest);
    const kept = await start(request);
    expect(await settle(kept.path)).toMatchObject({
      kind: "failed",
      text: /already exists in target registry/,
    });
    const replaced = await start({ ...request, mode: "Force" });
    expect(await settle(replaced.path)).toEqual({ kind: "done" });
    expect(machine.transfer.target.get("library/nginx:1.27.1")).toBe(imageDigest);
  });

  it("calls an operation that the service does not know forgotten", async () => {
    const { path } = await start(request);
    const state = await machine.acr.checkImport(path.replace(/registries-[^?]*/, "registries-0"), signal);
    expect(state).toEqual({ kind: "forgotten" });
  });

  it.each([
    ["a date", new Date(Date.now() + 30_000).toUTCString(), 20_000, 30_000],
    ["nonsense", "soon", 10_000, 10_000],
    ["seconds", "7", 7000, 7000],
  ])("waits as Retry-After says: %s", async (_name, header, atLeast, atMost) => {
    const { path } = await start(request);
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

  it("waits as Retry-After says where an answer does not name the operation again", async () => {
    const { path } = await start(request);
    machine.arm.faults.answer = () => ({ status: 202, headers: { "Retry-After": "7" } });
    expect(await machine.acr.checkImport(path, signal)).toEqual({
      kind: "running",
      path,
      checkAfterMs: 7000,
    });
  });

  it.each([
    [
      "ARM's error",
      { error: { code: "Conflict", message: "Tag a:1 already exists" } },
      "Conflict: Tag a:1 already exists",
    ],
    ["another shape", { message: "no" }, '{"message":"no"}'],
    [
      "a login in a URL",
      { error: { code: "X", message: "GET https://reader:s3cret@x.example/y failed" } },
      "X: GET https://x.example/y failed",
    ],
    [
      "control characters and signed URLs",
      { error: { code: "X", message: "\u001b[31mGET https://x.blob/y?sig=abc\r\nfailed" } },
      "X: [31mGET https://x.blob/y?... failed",
    ],
  ])("passes on the text of a failed import: %s", async (_name, body, text) => {
    const { path } = await start(request);
    machine.arm.faults.answer = () => ({ status: 400, body });
    expect(await machine.acr.checkImport(path, signal)).toEqual({ kind: "failed", text });
  });

  it.each([
    ["succeeded", { status: "Succeeded" }, { kind: "done" }],
    ["failed", { status: "Failed", error: { code: "A", message: "b" } }, { kind: "failed", text: "A: b" }],
    ["in progress", { status: "InProgress" }, { kind: "running", checkAfterMs: 10_000 }],
  ])("believes the status in a 200's body: %s", async (_name, body, expected) => {
    const { path } = await start(request);
    machine.arm.faults.answer = () => ({ status: 200, body });
    expect(await machine.acr.checkImport(path, signal)).toMatchObject(expected);
  });

  it.each([
    ["another host", "https://example.com/operation?api-version=2025-11-01"],
    ["another port", "https://127.0.0.1:1/operation"],
    ["another scheme", "http://127.0.0.1/operation"],
  ])("case 53: refuses a Location on %s", async (_name, location) => {
    machine.arm.faults.location = location;
    await failureOf(() => machine.acr.startImport(request, signal), "blocked");
    expect(machine.answered).toEqual(["Registries_ImportImage 202"]);
  });

  it("case 53: sends nothing to a Location off ARM, above all no token", async () => {
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
    await failureOf(() => machine.acr.startImport(request, signal), "blocked");
    expect((await fetch(`${elsewhere.origin}/reachable`)).status).toBe(200);
    await elsewhere.close();
    await rm(dir, { recursive: true });
    expect(received).toEqual(["GET /reachable"]);
  });

  it("refuses a kept path that leads off ARM", async () => {
    await failureOf(() => machine.acr.checkImport("//example.com/operation", signal), "blocked");
    expect(machine.answered).toEqual([]);
  });
});
