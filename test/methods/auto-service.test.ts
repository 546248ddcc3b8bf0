import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseAgentPoolConfig } from "../../shared/methods/agent-pool-config.ts";
import { createMethods } from "../../shared/methods/members.ts";
import type { ImportOrder, Method, Operation, Progress } from "../../shared/methods/method.ts";
import { otherDigest } from "../local/memory-transfer.ts";
import { loginServer, type OneMachineArm, startOneMachineArm } from "../local/one-machine-arm.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";
import { never } from "../support/registries.ts";
import { oneCredential } from "./ports.ts";

// Against the real SDK and the stand-in's faults; what `auto` decides in general is in auto.test.ts.

const minute = 60_000;
const image = makeImage([makeBlob("one")]);
const { digest } = image.manifest.descriptor;
const order: ImportOrder = {
  key: "0".repeat(64),
  source: { host: "docker.io", path: "library/nginx", digest },
  target: { host: loginServer, path: "mirror/nginx", tag: "1.27.1" },
  existing: "keep",
};

let machine: OneMachineArm;
let upstream: MemoryRegistry;
let target: MemoryRegistry;
let now: number;

beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());
beforeEach(() => {
  machine.clear();
  now = Date.parse("2026-11-01T12:00:00Z");
  upstream = createMemoryRegistry("docker.io");
  target = createMemoryRegistry(loginServer);
  upstream.put("library/nginx", image);
  machine.transfer.upstream.set(`docker.io/library/nginx@${digest}`, { digest, manifests: 1 });
});

function open(pool = "pool"): Method {
  return createMethods({
    registries: { open: (host) => (host === loginServer ? target : upstream) },
    credentials: oneCredential,
    now: () => new Date(now),
    acr: machine.acr,
    agentPool: parseAgentPoolConfig({ pool, copyTool: `tools/crane@${otherDigest}` }),
  }).open("auto");
}

/** Follows to the end; `each` may change the world between two looks. */
async function follow(method: Method, each: (progress: Progress) => void = () => {}): Promise<Progress> {
  let progress = await method.start(order, never);
  for (let asked = 0; progress.kind === "running" && asked < 1000; asked++) {
    each(progress);
    const kept = JSON.parse(JSON.stringify(progress.operation)) as Operation;
    progress = await method.check(order, kept, never);
  }
  return progress;
}

describe("auto at Azure's side", () => {
  it("is done by the service when nothing is wrong", async () => {
    expect(await follow(open())).toEqual({ kind: "done", via: "acr-import", why: "the first choice" });
  });

  it.each([
    ["the catch-all", "Error copying blobs."],
    ["missing ranges", "The remote server may not be RFC 7233 compliant"],
    ["access denied to its addresses", "Access to docker.io denied"],
    ["a limit of manifests that it counts otherwise", "The image exceeds the maximum of 50 manifests"],
  ])("goes to the pool after the service's refusal: %s", async (_name, text) => {
    machine.arm.faults.import = { kind: "fail", text };
    expect(await follow(open())).toMatchObject({
      kind: "done",
      via: "agent-pool",
      why: expect.stringContaining(text),
    });
    expect(machine.answered).toContain("Registries_ScheduleRun 200");
  });

  it("case 52: goes to the pool when an import is Running for ever", async () => {
    machine.arm.faults.import = { kind: "hang" };
    const end = await follow(open(), () => {
      now += 10 * minute;
    });
    expect(end).toMatchObject({
      kind: "done",
      via: "agent-pool",
      why: "acr-import had not ended after 30 min",
    });
  });

  it("case 55: goes to copy when the pool never starts the run", async () => {
    machine.arm.faults.import = { kind: "fail", text: "Error copying blobs." };
    const end = await follow(open("empty"), () => {
      now += 6 * minute;
    });
    expect(end).toMatchObject({
      kind: "done",
      via: "copy",
      why: expect.stringMatching(/did not start it, nor did any other run, in 10 min/),
    });
    expect(machine.answered).toContain("Runs_Cancel 200");
    expect(target.manifests.get("mirror/nginx:1.27.1")?.descriptor.digest).toBe(digest);
  });

  it("case 53: stops at a Location off ARM, which people must see", async () => {
    machine.arm.faults.location = "https://example.com/operation";
    expect(await follow(open())).toMatchObject({ kind: "refused", code: "blocked", via: "acr-import" });
    expect(machine.answered).not.toContain("Registries_ScheduleRun 200");
  });

  it.each([
    ["9", 9000],
    [undefined, undefined],
  ] as const)("case 54: waits when ARM is busy, Retry-After %s", async (retryAfter, retryAfterMs) => {
    machine.arm.faults.answer = (operation) =>
      operation === "Registries_ImportImage"
        ? { status: 503, ...(retryAfter && { headers: { "Retry-After": retryAfter } }) }
        : undefined;
    const failure = await failureOf(() => open().start(order, never), "unavailable");
    expect(failure.retryAfterMs).toBe(retryAfterMs);
  });

  it.each([
    ["429 toomanyrequests: You have reached your pull rate limit", "rate-limited"],
    ["Error: docker.io answered UNAUTHORIZED: authentication required", "unauthorized"],
    ["MANIFEST_UNKNOWN: manifest unknown", "not-found"],
  ])("tries nothing else after %s", async (text, code) => {
    machine.arm.faults.import = { kind: "fail", text };
    expect(await follow(open())).toMatchObject({ kind: "refused", code, via: "acr-import" });
    expect(machine.answered).not.toContain("Registries_ScheduleRun 200");
  });
});
