import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createMethods } from "../../shared/methods/members.ts";
import type { ImportOrder, Method, Progress } from "../../shared/methods/method.ts";
import { Failure } from "../../shared/model/failure.ts";
import { imageDigest, otherDigest } from "../local/memory-transfer.ts";
import { loginServer, type OneMachineArm, startOneMachineArm } from "../local/one-machine-arm.ts";
import { noRegistries, oneCredential } from "./ports.ts";

const signal = AbortSignal.timeout(60_000);
let machine: OneMachineArm;
let method: Method;

beforeAll(async () => {
  machine = await startOneMachineArm();
  method = createMethods({
    registries: noRegistries,
    credentials: oneCredential,
    now: () => new Date(),
    acr: machine.acr,
  }).open("acr-import");
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => {
  for (const fault of Object.keys(machine.arm.faults)) delete machine.arm.faults[fault as "import"];
  machine.transfer.upstream.clear();
  machine.transfer.target.clear();
  machine.transfer.copies.length = 0;
});

const order: ImportOrder = {
  key: "0".repeat(64),
  source: { host: "docker.io", path: "library/nginx", digest: imageDigest },
  target: { host: loginServer, path: "mirror/nginx", tag: "1.27.1" },
  existing: "keep",
};

function offer(
  image: { manifests?: number; credential?: { username: string; password: string } } = {},
): void {
  machine.transfer.upstream.set(`docker.io/library/nginx@${imageDigest}`, {
    digest: imageDigest,
    manifests: 2,
    ...image,
  });
}

async function follow(wanted: ImportOrder): Promise<Progress> {
  let progress = await method.start(wanted, signal);
  for (let asked = 0; progress.kind === "running" && asked < 1000; asked++) {
    progress = await method.check(wanted, progress.operation, signal);
  }
  return progress;
}

describe("acr-import", () => {
  it("imports by digest under the tag", async () => {
    offer();
    expect(await follow(order)).toEqual({ kind: "done" });
    expect(machine.transfer.copies).toEqual([
      `docker.io/library/nginx@${imageDigest} -> mirror/nginx:1.27.1`,
    ]);
  });

  it("resolves the credential that the order names, for the source's host", async () => {
    offer({ credential: { username: "reader", password: "s3cret" } });
    expect(await follow({ ...order, credential: "env:HUB" })).toEqual({ kind: "done" });
  });

  it.each([
    ["that there is not", { ...order, credential: "env:NOWHERE" }, "unauthorized"],
    [
      "for another host",
      { ...order, credential: "env:HUB", source: { ...order.source, host: "quay.io" } },
      "blocked",
    ],
  ] as const)("refuses a credential %s", async (_name, wanted, code) => {
    expect(await follow(wanted)).toMatchObject({ kind: "refused", code });
  });

  it("leaves a tag that exists, and is done, so that the proof decides", async () => {
    offer();
    machine.transfer.target.set("mirror/nginx:1.27.1", otherDigest);
    expect(await follow(order)).toEqual({ kind: "done" });
    expect(machine.transfer.target.get("mirror/nginx:1.27.1")).toBe(otherDigest);
  });

  it("replaces a tag where the order says so", async () => {
    offer();
    machine.transfer.target.set("mirror/nginx:1.27.1", otherDigest);
    expect(await follow({ ...order, existing: "replace" })).toEqual({ kind: "done" });
    expect(machine.transfer.target.get("mirror/nginx:1.27.1")).toBe(imageDigest);
  });

  it("is refused as unsupported beyond 50 manifests", async () => {
    offer({ manifests: 51 });
    const progress = await follow(order);
    expect(progress).toMatchObject({ kind: "refused", code: "unsupported" });
    expect(progress).toHaveProperty("reason", expect.stringContaining("agent-pool"));
  });

  it("is refused as not-found when the source is gone", async () => {
    expect(await follow(order)).toMatchObject({ kind: "refused", code: "not-found" });
  });

  it("refuses a target on another registry before asking for anything", async () => {
    const wanted = { ...order, target: { ...order.target, host: "other.azurecr.io" } };
    expect(await follow(wanted)).toMatchObject({ kind: "refused", code: "invalid" });
    expect(machine.transfer.copies).toEqual([]);
  });

  it("goes on running while the service hangs", async () => {
    machine.arm.faults.import = { kind: "hang" };
    const started = await method.start(order, signal);
    if (started.kind !== "running") throw new Error("expected it to run");
    const checked = await method.check(order, started.operation, signal);
    expect(checked).toMatchObject({ kind: "running", operation: started.operation });
    await method.cancel(order, started.operation, signal);
  });

  it("throws what may pass, refuses what will not", async () => {
    machine.arm.faults.answer = () => ({ status: 503 });
    await expect(method.start(order, signal)).rejects.toMatchObject({ code: "unavailable" });
    machine.arm.faults.answer = () => ({
      status: 403,
      body: { error: { code: "AuthorizationFailed", message: "no role" } },
    });
    expect(await method.start(order, signal)).toMatchObject({ kind: "refused", code: "forbidden" });
  });

  it("is done when the service has forgotten the operation, so that the proof decides", async () => {
    const started = await method.start(order, signal);
    if (started.kind !== "running") throw new Error("expected it to run");
    const path = String(started.operation.path).replace(/registries-[^?]*/, "registries-0");
    expect(await method.check(order, { path }, signal)).toEqual({ kind: "done" });
  });

  it.each([
    ["a tag that exists", "Tag mirror/nginx:1.27.1 already exists in target registry.", undefined],
    ["UNAUTHORIZED", "Error: docker.io answered UNAUTHORIZED: authentication required", "unauthorized"],
    ["denied", "Access to myother.azurecr.io denied", "forbidden"],
    ["403", "Operation registries-1 failed. Resource /x Forbidden", "forbidden"],
    [
      "Docker Hub's limit",
      "429 toomanyrequests: You have reached your unauthenticated pull rate limit",
      "rate-limited",
    ],
    ["a limit within the catch-all", "Error copying blobs: toomanyrequests", "rate-limited"],
    ["the catch-all", "Error copying blobs.", "unavailable"],
    ["a registry's own JSON", '{"errors":[{"code":"UNAUTHORIZED","message":"docs/login"}]}', "unauthorized"],
    [
      "a lock at the target",
      "The operation is disallowed on this registry, repository or image.",
      "conflict",
    ],
    ["missing ranges", "The remote server may not be RFC 7233 compliant", "unsupported"],
    ["too many manifests", "The image exceeds the maximum of 50 manifests", "unsupported"],
    ["a missing manifest", "MANIFEST_UNKNOWN: manifest unknown", "not-found"],
    ["a missing manifest in words", `manifest for nginx@${imageDigest} not found`, "not-found"],
    ["a timeout", "i/o timeout", "timeout"],
    ["no name", "dial tcp: lookup registry.example: no such host", "network"],
    ["something new", "The moon is in the wrong phase", "unavailable"],
    [
      "a deadline at a manifest",
      `Error: GET https://quay.io/v2/app/manifests/${imageDigest}: context deadline exceeded`,
      "timeout",
    ],
    ["a deadline, in few words", "reading the manifest: context deadline exceeded", "timeout"],
    [
      "a repository whose name has such words",
      `Error: GET https://quay.io/v2/kuadrant/limitador/manifests/${imageDigest}: connection reset by peer`,
      "network",
    ],
    [
      "a repository named for its trouble",
      "Error copying blobs of quay.io/demo/not-found-notfound:1",
      "unavailable",
    ],
    ["a limit in a path", `Error: quay.io/limit/app/manifests/${imageDigest}: unexpected EOF`, "network"],
    ["digits of a digest", "Failure at sha256:4040140342940401", "unavailable"],
  ])("tells failures on the poll apart: %s", async (_name, text, code) => {
    machine.arm.faults.import = { kind: "fail", text };
    const progress = await follow(order);
    if (code === undefined) return expect(progress).toEqual({ kind: "done" });
    expect(progress).toMatchObject({ kind: "refused", code, reason: expect.stringContaining(text) });
  });

  it("names the setting when no registry is configured", () => {
    const methods = createMethods({
      registries: noRegistries,
      credentials: oneCredential,
      now: () => new Date(),
    });
    expect(() => methods.open("acr-import")).toThrow(/WHARFGATE_ACR_ID/);
    expect(() => methods.open("acr-import")).toThrow(Failure);
  });
});
