import { describe, expect, it } from "vitest";
import { parseImportId } from "../../shared/documents/import-record.ts";
import { bundle } from "../../shared/methods/bundle.ts";
import { Failure } from "../../shared/model/failure.ts";
import { selectForSite } from "../../shared/steps/bundle/select-for-site.ts";
import { importStep } from "../../shared/steps/import/import.ts";
import { type Asked, requestImport } from "../../shared/steps/import/request-import.ts";
import { requestPoll } from "../../shared/steps/poll/request-poll.ts";
import { oneCredential } from "../methods/ports.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const source = `${upstreamHost}/library/app:1.0.0`;

describe("an import asked for by hand", () => {
  it("resolves the digest, is audited, imported and told", async () => {
    const bench = withUpstream();
    const id = await ask(bench, { body: { source } });
    expect(id).toMatch(/^manual\.requests\.[0-9a-f]{64}$/);
    await bench.drain();
    expect(await records(bench)).toMatchObject([
      {
        state: "done",
        tag: "1.0.0",
        digest: digestNamed("a"),
        requestedBy: "someone",
        target: { host: "target.example", path: "up.example/library/app", tag: "1.0.0" },
      },
    ]);
    expect(bench.channel.sent[0]?.events).toMatchObject([{ kind: "imported", watch: "manual" }]);
    expect(bench.effects.indexOf("audit insert")).toBe(0);
  });

  it("is told until when its upstream must not be asked, and asks nothing", async () => {
    const bench = withUpstream();
    await bench.stores.hosts.pauseFor(upstreamHost, 90_000, never);
    const failure = await failureOf(() => ask(bench, { body: { source } }), "rate-limited");
    expect(failure.retryAfterMs).toBe(90_000);
    expect(failure.message).toBe(
      "up.example is not asked before 2026-11-22T10:01:30.000Z: The upstream asked for a pause.",
    );
    expect(bench.upstream.calls).toEqual([]);
    expect(await records(bench)).toEqual([]);
  });

  it("case 33: pauses its upstream for all by a 429, a minute when it does not say how long", async () => {
    const bench = withUpstream();
    bench.upstream.faults.set("head", new Failure("rate-limited", "429"));
    const failure = await failureOf(() => ask(bench, { body: { source } }), "rate-limited");
    expect(failure.retryAfterMs).toBe(60_000);
    expect(await bench.stores.hosts.pauseOf(upstreamHost, never)).toMatchObject({
      until: new Date(bench.now().getTime() + 60_000),
    });
  });

  it("refuses a digest under a tag that has another one upstream", async () => {
    const bench = withUpstream();
    bench.upstream.tags.set("library/app:2.0.0", digestNamed("b"));
    const body = { source: `${upstreamHost}/library/app:2.0.0@${digestNamed("a")}` };
    const { message } = await failureOf(() => ask(bench, { body }), "invalid");
    expect(message).toContain(`library/app:2.0.0 has the digest ${digestNamed("b")} upstream`);
    expect(await records(bench)).toEqual([]);
  });

  it("takes a digest alone with a target that names a tag", async () => {
    const bench = withUpstream();
    const body = {
      source: `${upstreamHost}/library/app@${digestNamed("a")}`,
      target: "tools/app:fixed",
      method: "agent-pool",
    };
    await ask(bench, { body });
    await bench.drain();
    expect(await records(bench)).toMatchObject([{ state: "done", tag: "fixed", method: "agent-pool" }]);
    expect(bench.target.tags.get("tools/app:fixed")).toBe(digestNamed("a"));
  });

  it("that upstream does not have is not found, and leaves nothing but the audit", async () => {
    const bench = withUpstream();
    const { message } = await failureOf(
      () => ask(bench, { body: { source: `${upstreamHost}/library/app:9` } }),
      "not-found",
    );
    expect(message).toBe(
      "up.example/library/app:9 does not exist upstream, or may not be seen without a credential",
    );
    expect(await records(bench)).toEqual([]);
    expect(bench.effects).toEqual(["audit insert"]);
  });

  it.each(["done", "failed", "held"] as const)("is opened again when it is %s", async (state) => {
    const bench = withUpstream();
    if (state === "failed")
      bench.method.next.push(() => ({ kind: "refused", code: "forbidden", reason: "no" }));
    if (state === "held") bench.target.tags.set("up.example/library/app:1.0.0", digestNamed("foreign"));
    const id = await ask(bench, { body: { source } });
    await bench.drain();
    expect(await records(bench)).toMatchObject([{ state }]);
    bench.target.tags.clear();
    expect(await ask(bench, { body: { source }, actor: "another" })).toBe(id);
    await bench.drain();
    expect(await records(bench)).toMatchObject([{ state: "done", requestedBy: "another" }]);
    expect(bench.target.tags.get("up.example/library/app:1.0.0")).toBe(digestNamed("a"));
  });

  it("goes on as it is when it is under way", async () => {
    const bench = withUpstream();
    bench.method.next.push(() => ({ kind: "running", operation: { id: "op" }, checkAfterMs: 60_000 }));
    const id = await ask(bench, { body: { source } });
    await bench.drain({ forMs: 0 });
    expect(await ask(bench, { body: { source }, actor: "another" })).toBe(id);
    await bench.drain();
    expect(bench.method.calls.filter((call) => call === "start")).toHaveLength(1);
    expect(await records(bench)).toMatchObject([{ state: "done", requestedBy: "someone" }]);
  });
});

describe("an idempotency key", () => {
  const idempotencyKey = "0b2f";

  it("gives the same import for the same body, also after the upstream tag moved", async () => {
    const bench = withUpstream();
    const id = await ask(bench, { body: { source }, idempotencyKey });
    bench.upstream.tags.set("library/app:1.0.0", digestNamed("b"));
    bench.effects.length = 0;
    expect(await ask(bench, { body: { source }, idempotencyKey })).toBe(id);
    expect(bench.effects).toEqual([]);
    expect(await ask(bench, { body: { source } })).not.toBe(id);
    expect(await ask(bench, { body: { source }, idempotencyKey: "other" })).not.toBe(id);
  });

  it("of another body is a conflict", async () => {
    const bench = withUpstream();
    await ask(bench, { body: { source }, idempotencyKey });
    await failureOf(() => ask(bench, { body: { source, target: "x:{tag}" }, idempotencyKey }), "conflict");
    expect(await records(bench)).toHaveLength(1);
  });

  it("gives one import to two requests at once", async () => {
    const bench = withUpstream();
    const ids = await Promise.all([1, 2, 3].map(() => ask(bench, { body: { source }, idempotencyKey })));
    expect(new Set(ids).size).toBe(1);
    await bench.drain();
    expect(bench.method.calls).toEqual(["start"]);
  });

  it("gives the first one's import to a request that lost the race after the tag moved", async () => {
    const bench = withUpstream();
    let move = true;
    bench.upstream.onCall = async () => {
      if (!move) return;
      move = false;
      const first = await ask(bench, { body: { source }, idempotencyKey });
      expect(first).toMatch(/^manual/);
      bench.upstream.tags.set("library/app:1.0.0", digestNamed("b"));
    };
    const second = await ask(bench, { body: { source }, idempotencyKey });
    bench.upstream.onCall = () => {};
    expect(await ask(bench, { body: { source }, idempotencyKey })).toBe(second);
    expect((await bench.stores.requests.get(idempotencyKey, never))?.importId).toBe(second);
  });

  it.each([
    { name: "empty", idempotencyKey: "" },
    { name: "with spaces", idempotencyKey: "a b" },
    { name: "with a line break", idempotencyKey: "a\r\nb" },
    { name: "beyond ASCII", idempotencyKey: "é" },
    { name: "of 201 characters", idempotencyKey: "x".repeat(201) },
  ])("is refused when it is $name", async ({ idempotencyKey }) => {
    const bench = withUpstream();
    await failureOf(() => ask(bench, { body: { source }, idempotencyKey }), "invalid");
    expect(bench.effects).toEqual([]);
  });
});

describe("a poll asked for by hand", () => {
  const id = { group: "default", name: "app" };
  const row = { Source: `${upstreamHost}/library/app`, Tags: "semver *" };

  it("is audited and sent", async () => {
    const bench = createStepBench();
    await bench.stores.watches.put(id, row, { signal: never, existing: "keep" });
    bench.effects.length = 0;
    await requestPoll(id, "someone", bench.ports, never);
    expect(bench.effects).toEqual(["audit insert", "send poll"]);
    expect(bench.waiting("poll")).toMatchObject([{ host: upstreamHost, watches: ["default~app"] }]);
  });

  it.each([
    { name: "is not there", columns: undefined, code: "not-found", message: "There is no watch default/app" },
    {
      name: "is disabled",
      columns: { ...row, Enabled: "no" },
      code: "invalid",
      message: "is disabled: set Enabled to true",
    },
    {
      name: "is rejected",
      columns: { ...row, Keep: 0 },
      code: "invalid",
      message: "cannot be followed: Keep must be",
    },
  ] as const)("of a watch that $name is refused", async ({ columns, code, message }) => {
    const bench = createStepBench();
    if (columns !== undefined)
      await bench.stores.watches.put(id, columns, { signal: never, existing: "keep" });
    const failure = await failureOf(() => requestPoll(id, "someone", bench.ports, never), code);
    expect(failure.message).toContain(message);
    expect(bench.queued).toEqual([]);
  });
});

describe("a request for an import", () => {
  it("that names a credential which is not configured is refused before anything is written", async () => {
    const bench = withUpstream();
    const checkCredential = (reference: string, host: string) => {
      throw new Failure("invalid", `no ${reference} for ${host}`);
    };
    const body = { source: `${upstreamHost}/library/app:1.0.0`, credential: "env:HUBB" };
    const asked = () => requestImport({ body, actor: "x" }, { ...bench.ports, checkCredential }, never);
    expect((await failureOf(asked, "invalid")).message).toBe(`no env:HUBB for ${upstreamHost}`);
    expect([bench.effects, bench.upstream.calls]).toEqual([[], []]);
  });

  it("with a digest is pinned to it", async () => {
    const bench = withUpstream();
    const digest = digestNamed("a");
    await ask(bench, { body: { source: `${upstreamHost}/library/app:1.0.0@${digest}` } });
    await ask(bench, { body: { source: `${upstreamHost}/library/app@${digest}`, target: "tools/app:2" } });
    await ask(bench, { body: { source: `${upstreamHost}/library/app:1.0.0`, target: "other:{tag}" } });
    const found = (await records(bench)).map(({ demands, sighting }) => ({ pin: demands.pin, sighting }));
    expect(found).toHaveLength(3);
    expect(found).toEqual(
      expect.arrayContaining([
        { pin: digest, sighting: { by: "asked" } },
        { pin: digest, sighting: { by: "asked", named: "digest" } },
        { pin: undefined, sighting: { by: "asked" } },
      ]),
    );
  });

  it("for a disconnected site waits for its receipt, beside the import into the target and that for another site", async () => {
    const bench = withUpstream();
    const site = { publicKey: "PEM", addedBy: "ops", addedAt: bench.now().toISOString() };
    for (const name of ["factory-7", "factory-8"])
      await bench.stores.sites.put({ name, ...site }, { signal: never, existing: "keep" });
    const ids = [
      await ask(bench, { body: { source } }),
      await ask(bench, { body: { source, site: "factory-7", referrers: ["signatures"] } }),
      await ask(bench, { body: { source, site: "factory-8", method: "bundle" } }),
    ];
    expect(new Set(ids).size).toBe(3);
    expect(await ask(bench, { body: { source, site: "factory-7" } })).toBe(ids[1]);
    const found = (await records(bench)).map(({ method, handling }) => [method, handling.site]);
    expect(found.toSorted()).toEqual([
      ["bundle", "factory-7"],
      ["bundle", "factory-8"],
      ["copy", undefined],
    ]);
    const wanted = { site: "factory-7", watches: [], images: [] };
    expect(await selectForSite(wanted, bench.stores.ledger, never)).toEqual([]);
    const method = bundle.create({
      registries: bench.ports.registries,
      credentials: oneCredential,
      now: bench.now,
      receipts: bench.stores.sites,
    });
    const [, id = ""] = ids;
    const { watch, key } = parseImportId(id) ?? {};
    if (watch === undefined || key === undefined) throw new Error("no id");
    await importStep({ watch, key, hop: 0 }, { ...bench.ports, methodOf: () => method }, never);
    expect(await selectForSite(wanted, bench.stores.ledger, never)).toMatchObject([
      {
        state: "running",
        requestedBy: "someone",
        handling: { site: "factory-7", referrers: ["signatures"] },
      },
    ]);
  });

  it.each([
    [
      "a site that is not known",
      { site: "factory-9" },
      "There is no site factory-9: add it by wharfgate site add",
    ],
    ["a site that is no name", { site: "Factory 9" }, "lower-case letters"],
    ["a site by another method", { site: "factory-9", method: "copy" }, "by the method bundle, not by copy"],
    ["no site by the method bundle", { method: "bundle" }, "--site"],
  ])("for %s is refused, and says what to do", async (_name, parts, says) => {
    const bench = withUpstream();
    const { message } = await failureOf(() => ask(bench, { body: { source, ...parts } }), "invalid");
    expect(message).toContain(says);
    expect(await records(bench)).toEqual([]);
  });

  it("without a site is refused where the app's own method is bundle", async () => {
    const bench = withUpstream();
    const ports = { ...bench.ports, defaultMethod: "bundle" } as const;
    const asked = () => requestImport({ body: { source }, actor: "x" }, ports, never);
    await failureOf(asked, "invalid");
  });

  it("for what a person refused is refused, and says who did", async () => {
    const bench = withUpstream();
    const body = { source: `${upstreamHost}/library/app:1.0.0` };
    await ask(bench, { body });
    const [record] = await records(bench);
    const entry = record && (await bench.stores.ledger.get(record.watch, record.key, never));
    if (entry === undefined) throw new Error("no such import");
    const decisions = [{ kind: "refuse", by: "sec", at: bench.now() }] as const;
    await bench.stores.ledger.update(
      entry,
      { ...entry.record, state: "denied", decisions },
      { signal: never },
    );
    const { message } = await failureOf(() => ask(bench, { body }), "conflict");
    expect(message).toContain("with this digest was refused by sec on 2026-11-22T10:00:00.000Z");
  });
});

function withUpstream(): StepBench {
  const bench = createStepBench();
  bench.upstream.tags.set("library/app:1.0.0", digestNamed("a"));
  return bench;
}

function ask(bench: StepBench, asked: Partial<Asked> & Pick<Asked, "body">): Promise<string> {
  return requestImport({ actor: "someone", ...asked }, bench.ports, never);
}

async function records({ stores }: StepBench) {
  return (await collect(stores.ledger.all(never))).map(({ record }) => record);
}
