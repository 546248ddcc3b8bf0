import { beforeEach, describe, expect, it } from "vitest";
import { createAuto } from "../../shared/methods/auto.ts";
import type { Way } from "../../shared/methods/auto-choice.ts";
import type { ImportOrder, Method, Operation, Progress } from "../../shared/methods/method.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, type TestImage } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";
import { never } from "../support/registries.ts";

const image = makeImage([makeBlob("one")]);
const order: ImportOrder = {
  key: "0".repeat(64),
  source: { host: "upstream.example", path: "app", digest: image.manifest.descriptor.digest },
  target: { host: "private.example", path: "mirror/app", tag: "1.0" },
  existing: "keep",
};

type Answer = Progress | Failure;

let upstream: MemoryRegistry;
let target: MemoryRegistry;
let now: number;
let configured: readonly Way[];
let calls: string[];
/** What the methods answer, in turn; `done` when nothing is left. */
let answers: Partial<Record<Way, Answer[]>>;

beforeEach(() => {
  upstream = createMemoryRegistry("upstream.example");
  target = createMemoryRegistry("private.example");
  upstream.put("app", image);
  now = Date.parse("2026-11-01T12:00:00Z");
  configured = ["acr-import", "agent-pool", "copy"];
  calls = [];
  answers = {};
});

function open(kind: string): Method {
  const way = configured.find((each) => each === kind);
  if (way === undefined) throw new Failure("invalid", `${kind} needs a setting`);
  const answer = (call: string): Progress => {
    calls.push(`${way} ${call}`);
    const next = answers[way]?.shift() ?? { kind: "done" };
    if (next instanceof Failure) throw next;
    return next;
  };
  return {
    start: async () => answer("start"),
    check: async (_order, operation) => answer(`check ${JSON.stringify(operation)}`),
    cancel: async (_order, operation) => {
      calls.push(`${way} cancel ${JSON.stringify(operation)}`);
    },
  };
}

function auto(): Method {
  return createAuto({
    open,
    now: () => new Date(now),
    registries: { open: (host) => (host === upstream.host ? upstream : target) },
    hangLimitMs: 30 * 60_000,
  });
}

const running = (operation: Operation = { path: "/op", n: 7 }): Progress => ({
  kind: "running",
  operation,
  checkAfterMs: 10_000,
});
const refused = (code: FailureCode, reason = "because"): Progress => ({ kind: "refused", code, reason });

/** An index of `children` images, itself not counted. */
function offerIndex(children: number): ImportOrder {
  const images = Array.from({ length: children }, (_, at) => makeImage([makeBlob(`child ${at}`)]));
  const index = putIndex(images);
  return { ...order, source: { ...order.source, digest: index.manifest.descriptor.digest } };
}

function putIndex(children: readonly TestImage[]): TestImage {
  const index: TestImage = { manifest: makeIndex(children.map(({ manifest }) => manifest)), blobs: [] };
  for (const each of [...children, index]) upstream.put("app", each);
  return index;
}

describe("auto chooses", () => {
  it.each<[string, readonly Way[], Partial<ImportOrder>, Way, RegExp]>([
    ["the service first", ["acr-import", "agent-pool", "copy"], {}, "acr-import", /first choice/],
    ["what is configured", ["agent-pool", "copy"], {}, "agent-pool", /of the configured methods agent-pool/],
    ["copy where there is no ACR", ["copy"], {}, "copy", /of the configured methods copy/],
    [
      "copy to leave platforms out",
      ["acr-import", "agent-pool", "copy"],
      { only: [{ os: "linux", architecture: "arm64" }] },
      "copy",
      /only copy leaves platforms out/,
    ],
    [
      "copy for nondistributable layers",
      ["acr-import", "copy"],
      { nondistributable: "bring" },
      "copy",
      /only copy brings nondistributable/,
    ],
    [
      "copy for the Entra ID identity",
      ["acr-import", "agent-pool", "copy"],
      { credential: "entra" },
      "copy",
      /Entra ID/,
    ],
  ])("%s, and says why", async (_name, settings, wish, via, why) => {
    configured = settings;
    const progress = await auto().start({ ...order, ...wish }, never);
    expect(progress).toEqual({ kind: "done", via, why: expect.stringMatching(why) });
    expect(calls).toEqual([`${via} start`]);
  });

  it.each([
    ["49 platforms and their index", 49, "acr-import"],
    ["50 platforms and their index", 50, "agent-pool"],
    ["200 platforms", 200, "agent-pool"],
  ] as const)("case 20: by the number of manifests, %s", async (_name, children, via) => {
    const large = offerIndex(children);
    expect(await auto().start(large, never)).toMatchObject({ kind: "done", via });
    if (via === "agent-pool")
      expect(await auto().start(large, never)).toHaveProperty("why", expect.stringMatching(/more than 50/));
  });

  it("counts those of nested indexes, and reads no further than it needs", async () => {
    const inner = Array.from({ length: 3 }, (_, at) => {
      const images = Array.from({ length: 30 }, (__, n) => makeImage([makeBlob(`${at}.${n}`)]));
      return putIndex(images);
    });
    const outer = putIndex(inner);
    const nested = { ...order, source: { ...order.source, digest: outer.manifest.descriptor.digest } };
    expect(await auto().start(nested, never)).toMatchObject({ via: "agent-pool" });
    expect(upstream.calls.filter((call) => call.startsWith("getManifest"))).toHaveLength(3);
  });

  it("costs an image without an index a HEAD, and nothing where the service is not asked", async () => {
    await auto().start(order, never);
    expect(upstream.calls.map((call) => call.split(" ")[0])).toEqual(["headManifest"]);
    upstream.calls.length = 0;
    configured = ["copy"];
    await auto().start(order, never);
    expect(upstream.calls).toEqual([]);
  });

  it("is refused when upstream lost the image, and asks no method", async () => {
    const source = { ...order.source, digest: makeImage([]).manifest.descriptor.digest };
    expect(await auto().start({ ...order, source }, never)).toMatchObject({
      kind: "refused",
      code: "not-found",
    });
    expect(calls).toEqual([]);
  });
});

describe("auto goes on to the next", () => {
  it.each<FailureCode>(["unsupported", "forbidden", "unavailable", "network", "timeout", "too-large"])(
    "after a refusal that may not concern it: %s",
    async (code) => {
      answers = { "acr-import": [running(), refused(code, "Access to x denied")] };
      const method = auto();
      const first = await method.start(order, never);
      if (first.kind !== "running") throw new Error("expected it to run");
      expect(first).toMatchObject({ via: "acr-import", why: "the first choice" });
      expect(await method.check(order, first.operation, never)).toEqual({
        kind: "done",
        via: "agent-pool",
        why: "acr-import was refused: Access to x denied",
      });
      expect(calls).toEqual([
        "acr-import start",
        'acr-import check {"path":"/op","n":7}',
        "agent-pool start",
      ]);
    },
  );

  it.each<FailureCode>([
    "not-found",
    "conflict",
    "unauthorized",
    "rate-limited",
    "integrity",
    "blocked",
    "canceled",
  ])("but not after one that it would meet too, or that a person must see: %s", async (code) => {
    answers = { "acr-import": [refused(code)] };
    expect(await auto().start(order, never)).toMatchObject({ kind: "refused", code, via: "acr-import" });
    expect(calls).toEqual(["acr-import start"]);
  });

  it("tells what each said when the last is refused too", async () => {
    answers = {
      "acr-import": [refused("unavailable", "Error copying blobs.")],
      "agent-pool": [running({ runId: "ca1" }), refused("network", "no such host")],
      copy: [refused("forbidden", "403")],
    };
    const method = auto();
    const first = await method.start(order, never);
    if (first.kind !== "running") throw new Error("expected it to run");
    expect(first.via).toBe("agent-pool");
    const kept = JSON.parse(JSON.stringify(first.operation)) as Operation;
    expect(await method.check(order, kept, never)).toEqual({
      kind: "refused",
      code: "forbidden",
      via: "copy",
      why: "agent-pool was refused: no such host",
      reason:
        "acr-import was refused: Error copying blobs.; then agent-pool was refused: no such host; then copy was refused: 403",
    });
  });

  it("only to what is configured", async () => {
    configured = ["acr-import", "copy"];
    answers = { "acr-import": [refused("unsupported")] };
    expect(await auto().start(order, never)).toMatchObject({ kind: "done", via: "copy" });
  });

  it("when the one at work is not configured any more", async () => {
    answers = { "agent-pool": [running()] };
    configured = ["agent-pool", "copy"];
    const first = await auto().start(order, never);
    if (first.kind !== "running") throw new Error("expected it to run");
    configured = ["copy"];
    expect(await auto().check(order, first.operation, never)).toMatchObject({
      kind: "done",
      via: "copy",
      why: expect.stringMatching(/settings are gone/),
    });
  });

  it("throws what may pass, and goes on later from where it was", async () => {
    answers = {
      "acr-import": [running(), refused("unavailable"), refused("unavailable")],
      "agent-pool": [new Failure("unavailable", "ARM answered 503", { retryAfterMs: 5000 })],
    };
    const method = auto();
    const first = await method.start(order, never);
    if (first.kind !== "running") throw new Error("expected it to run");
    const failure = await failureOf(() => method.check(order, first.operation, never), "unavailable");
    expect(failure.retryAfterMs).toBe(5000);
    expect(await method.check(order, first.operation, never)).toMatchObject({
      kind: "done",
      via: "agent-pool",
    });
  });
});

describe("an import that the service does not end", () => {
  const minutes = (count: number) => count * 60_000;
  let method: Method;
  let operation: Operation;

  beforeEach(async () => {
    answers = { "acr-import": [running(), running(), running()] };
    method = auto();
    const first = await method.start(order, never);
    if (first.kind !== "running") throw new Error("expected it to run");
    operation = first.operation;
    calls.length = 0;
  });

  it("is waited for until the limit", async () => {
    now += minutes(30) - 1;
    expect(await method.check(order, operation, never)).toMatchObject({ kind: "running", operation });
    expect(calls).toEqual(['acr-import check {"path":"/op","n":7}']);
  });

  it("case 52: is left to the next method then", async () => {
    now += minutes(30);
    expect(await method.check(order, operation, never)).toEqual({
      kind: "done",
      via: "agent-pool",
      why: "acr-import had not ended after 30 min",
    });
    expect(calls).toEqual([
      'acr-import check {"path":"/op","n":7}',
      'acr-import cancel {"path":"/op","n":7}',
      "agent-pool start",
    ]);
  });

  it("is left to the next method then, also when it cannot be asked about", async () => {
    answers["acr-import"] = Array.from({ length: 3 }, () => new Failure("network", "ARM is out of reach"));
    now += minutes(30) - 1;
    await failureOf(() => method.check(order, operation, never), "network");
    now += 1;
    expect(await method.check(order, operation, never)).toMatchObject({
      kind: "done",
      via: "agent-pool",
      why: "acr-import had not ended after 30 min",
    });
    configured = ["acr-import"];
    await failureOf(() => method.check(order, operation, never), "network");
  });

  it("is done when the target has it after all", async () => {
    target.put("mirror/app", image, "1.0");
    now += minutes(30);
    expect(await method.check(order, operation, never)).toMatchObject({ kind: "done", via: "acr-import" });
    expect(calls).toEqual(['acr-import check {"path":"/op","n":7}']);
  });

  it("is looked for by its digest when the target has no tag", async () => {
    target.put("mirror/app", image);
    now += minutes(30);
    const { tag: _, ...untagged } = order.target;
    const found = await method.check({ ...order, target: untagged }, operation, never);
    expect(found).toMatchObject({ kind: "done", via: "acr-import" });
  });

  it("is waited for by its deadline where nothing else is configured", async () => {
    configured = ["acr-import"];
    now += minutes(60);
    expect(await method.check(order, operation, never)).toMatchObject({ kind: "running", operation });
  });
});

describe("auto's operation", () => {
  it("is given up by the method at work", async () => {
    answers = { "acr-import": [running()] };
    const first = await auto().start(order, never);
    if (first.kind !== "running") throw new Error("expected it to run");
    await auto().cancel(order, first.operation, never);
    expect(calls.at(-1)).toBe('acr-import cancel {"path":"/op","n":7}');
  });

  it("stays small however long the reasons are", async () => {
    configured = ["acr-import", "agent-pool", "copy"];
    answers = {
      "acr-import": [refused("unavailable", "x".repeat(5000))],
      "agent-pool": [refused("unavailable", "y".repeat(5000))],
      copy: [running()],
    };
    const progress = await auto().start(order, never);
    expect(JSON.stringify(progress.kind === "running" && progress.operation).length).toBeLessThan(2500);
  });

  it("of another method is a defect", async () => {
    await expect(auto().check(order, { path: "/op" }, never)).resolves.toMatchObject({
      kind: "refused",
      code: "internal",
    });
  });
});
