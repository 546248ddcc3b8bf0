import { describe, expect, it } from "vitest";
import { evidenceOf } from "../../shared/documents/evidence.ts";
import { defaultHandling } from "../../shared/documents/handling.ts";
import { formatImportId, type ImportRecord } from "../../shared/documents/import-record.ts";
import { Failure } from "../../shared/model/failure.ts";
import { type EvidenceAnswer, findEvidence } from "../../shared/steps/evidence/find-evidence.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed, makeRecord, targetHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

const image = "mirror/app:1.0.0";
const hourMs = 3_600_000;
const at = new Date("2026-11-22T09:00:00.000Z");
const passed = { gate: "allow-list", verdict: "passed", reason: "a rule names it", at } as const;

describe("asked for an image", () => {
  it("that Wharfgate brought in and the registry has, the record tells everything", async () => {
    const bench = createStepBench();
    await bring(bench);
    expect(await ask(bench, image)).toEqual({
      asked: image,
      complete: true,
      images: [
        {
          image: "target.example/mirror/app:1.0.0",
          verdict: "on-record",
          summary: "Brought in by Wharfgate, and the registry has this very digest now.",
          now: { digest: digestNamed("1.0.0"), at: bench.now().toISOString() },
          record: expect.objectContaining({
            outcome: "done",
            source: "up.example/library/app",
            tag: "1.0.0",
            digest: digestNamed("1.0.0"),
            requestedBy: "watch",
            proof: expect.objectContaining({ was: "imported" }),
            gates: [expect.objectContaining({ gate: "allow-list", verdict: "passed" })],
          }),
          history: [],
          referrers: [],
        },
      ],
    });
  });

  it.each<{
    readonly name: string;
    readonly since: (bench: StepBench) => unknown;
    readonly verdict: string;
    readonly summary: string;
  }>([
    {
      name: "that somebody has overwritten since",
      since: ({ target }) => target.tags.set(image, digestNamed("foreign")),
      verdict: "differs",
      summary: `DIFFERS FROM THE RECORD: the registry has ${digestNamed("foreign")} now, which Wharfgate has not brought in`,
    },
    {
      name: "that somebody has deleted since",
      since: ({ target }) => target.tags.delete(image),
      verdict: "gone",
      summary: "On record, but the registry does not have it now.",
    },
    {
      name: "at a registry that does not answer",
      since: ({ target }) => target.faults.set("head", new Failure("network", "no route to target.example")),
      verdict: "unknown",
      summary: "nobody knows whether the registry has it now: no route to target.example",
    },
  ])("$name, it says so plainly", async ({ since, verdict, summary }) => {
    const bench = createStepBench();
    await bring(bench);
    since(bench);
    const answer = await ask(bench, image);
    expect(answer.complete).toBe(false);
    expect(answer.images).toMatchObject([
      { verdict, summary: expect.stringContaining(summary), record: { outcome: "done" } },
    ]);
  });

  it("that was never brought in, it says so", async () => {
    const bench = createStepBench();
    bench.target.tags.set(image, digestNamed("foreign"));
    for (const asked of [image, `mirror/app@${digestNamed("foreign")}`, digestNamed("foreign")]) {
      expect(await ask(bench, asked)).toMatchObject({
        complete: false,
        images: [{ verdict: "no-record", summary: expect.stringContaining("Not brought in by Wharfgate.") }],
      });
    }
  });

  it("that was denied, it says so, and why", async () => {
    const bench = createStepBench();
    bench.gates.verdict = () => ({ kind: "denied", reason: "no rule names it", next: "Ask" });
    await bring(bench);
    expect((await ask(bench, image)).images).toMatchObject([
      {
        verdict: "no-record",
        summary: expect.stringMatching(
          /^Not brought in by Wharfgate: default\/app:1\.0\.0 was denied by the gate allow-list at 2026-/,
        ),
        imports: [{ name: "default/app:1.0.0", state: "denied", next: "Ask" }],
        history: [{ outcome: "denied", reason: "no rule names it. Ask", gates: [{ verdict: "denied" }] }],
      },
    ]);
  });

  it.each<{
    readonly name: string;
    readonly parts: Partial<ImportRecord>;
    readonly verdict?: string;
    readonly summary: string;
    readonly next: string;
  }>([
    {
      name: "waits at a gate",
      parts: {
        state: "waiting",
        gates: [
          passed,
          { gate: "approval", verdict: "waiting", reason: "a person must approve", at, on: "person" },
        ],
        reason: "a person must approve. Let it in: wharfgate approve default/app:1.0.0",
      },
      summary: "waits at the gate approval since 2026-11-22T09:00:00.000Z, past allow-list.",
      next: "Let it in: wharfgate approve default/app:1.0.0",
    },
    {
      name: "waits for its turn after a failure",
      parts: { reason: "no route to up.example", attempts: 1 },
      summary: "waits for its turn; seen first at 2026-11-22T10:00:00.000Z.",
      next: "It goes on by itself",
    },
    {
      name: "is running",
      parts: { state: "running", startedAt: at, method: "auto", via: "copy", gates: [passed] },
      summary: "is being brought in by copy since 2026-11-22T09:00:00.000Z.",
      next: "It goes on by itself",
    },
    {
      name: "is under way to a site",
      parts: {
        state: "running",
        startedAt: at,
        method: "bundle",
        handling: { ...defaultHandling, site: "plant-7" },
        why: "the next wharfgate bundle export --site plant-7 holds it",
      },
      summary: "is under way to the site plant-7 since 2026-11-22T09:00:00.000Z.",
      next: "the next wharfgate bundle export --site plant-7 holds it",
    },
    {
      name: "is held",
      parts: { state: "held", endedAt: at, reason: "Upstream re-pushed it." },
      summary: "is held since 2026-11-22T09:00:00.000Z, for a person to decide.",
      next: 'wharfgate accept default/app:1.0.0 --reason "..."',
    },
    {
      name: "has failed",
      parts: { state: "failed", endedAt: at, reason: "no route to up.example (given up after 6 tries)" },
      verdict: "no-record",
      summary: "failed at 2026-11-22T09:00:00.000Z.",
      next: "wharfgate retry default/app:1.0.0",
    },
    {
      name: "was refused by a person",
      parts: {
        state: "denied",
        endedAt: at,
        decisions: [{ kind: "refuse", by: "ann", at }],
        reason: "Refused by ann",
      },
      verdict: "no-record",
      summary: "was refused by ann at 2026-11-22T09:00:00.000Z.",
      next: "It does not come in any more",
    },
    {
      name: "was overtaken",
      parts: { state: "overtaken", endedAt: at, reason: "latest moved on" },
      verdict: "no-record",
      summary: "was overtaken at 2026-11-22T09:00:00.000Z.",
      next: "wharfgate retry default/app:1.0.0",
    },
    {
      name: "came in before there was evidence",
      parts: { state: "done", endedAt: at },
      verdict: "no-record",
      summary: "came in at 2026-11-22T09:00:00.000Z by the ledger, before evidence was kept.",
      next: "ask for the import anew",
    },
  ])(
    "whose import $name, it says so, with the next step",
    async ({ parts, verdict = "not-yet", summary, next }) => {
      const bench = createStepBench();
      const record = makeRecord(parts);
      const other = makeRecord({ target: { host: targetHost, path: "other/app", tag: "1.0.0" } });
      await bench.stores.ledger.add([{ record }, { record: other }], never);
      for (const asked of [image, `mirror/app@${record.digest}`, "default/app:1.0.0"]) {
        const { complete, images } = await ask(bench, asked);
        expect(complete).toBe(false);
        expect(images[0]).toMatchObject({
          verdict,
          summary: expect.stringContaining(`default/app:1.0.0 ${summary}`),
          imports: [{ state: record.state, name: "default/app:1.0.0", next: expect.stringContaining(next) }],
        });
        expect(images.length).toBe(asked.startsWith("default/") ? 2 : 1);
      }
      expect((await ask(bench, record.digest)).images[0]?.imports).toHaveLength(2);
    },
  );

  it("that somebody has deleted, the import that repairs it is told", async () => {
    const bench = createStepBench();
    const record = await bring(bench);
    bench.target.tags.delete(image);
    const [entry] = await collect(bench.stores.ledger.ofWatch(record.watch, never));
    if (entry === undefined) throw new Error("there is an entry");
    await bench.stores.ledger.update(entry, { ...entry.record, state: "pending" }, { signal: never });
    expect((await ask(bench, image)).images[0]).toMatchObject({
      verdict: "gone",
      summary: expect.stringContaining("does not have it now. default/app:1.0.0 waits for its turn"),
      imports: [{ state: "pending" }],
    });
  });

  it("as the import that brought it in is called, or by its id, it is found, and the registry's own name goes first", async () => {
    const bench = createStepBench();
    const record = await bring(bench);
    for (const asked of ["default/app:1.0.0", "app:1.0.0", formatImportId(record)]) {
      const { complete, images } = await ask(bench, asked);
      expect({ complete, image: images[0]?.image }).toEqual({
        complete: true,
        image: "target.example/mirror/app:1.0.0",
      });
    }
    await bring(bench, { target: { host: targetHost, path: "default/app", tag: "1.0.0" } });
    expect((await ask(bench, "default/app:1.0.0")).images.map((each) => each.image)).toEqual([
      "target.example/default/app:1.0.0",
    ]);
    await failureOf(() => ask(bench, `default.app.${"0".repeat(64)}`), "not-found");
  });

  it("under a floating tag, the digests before are told, newest first, and one that was set back is seen", async () => {
    const bench = createStepBench();
    const target = { host: targetHost, path: "mirror/app", tag: "latest" };
    for (const content of ["a", "b", "c"]) {
      await bring(bench, { tag: "latest", target, existing: "replace", digest: digestNamed(content) });
      bench.pass(hourMs);
    }
    const { images } = await ask(bench, "mirror/app:latest");
    expect(images[0]?.record?.digest).toBe(digestNamed("c"));
    expect(images[0]?.history.map(({ digest }) => digest)).toEqual([digestNamed("b"), digestNamed("a")]);
    bench.target.tags.set("mirror/app:latest", digestNamed("a"));
    expect((await ask(bench, "mirror/app:latest")).images[0]).toMatchObject({
      verdict: "differs",
      summary: expect.stringContaining("somebody else set the tag back"),
    });
  });

  it("under a dated tag that keeps what a floating one had, how that came in is told", async () => {
    const bench = createStepBench();
    const handling = { ...defaultHandling, previous: "keep" } as const;
    const parts = {
      tag: "latest",
      target: { host: targetHost, path: "mirror/app", tag: "latest" },
      existing: "replace",
      handling,
    } as const;
    for (const content of ["a", "b"]) {
      await bring(bench, { ...parts, digest: digestNamed(content) });
      bench.pass(hourMs);
    }
    const dated = "mirror/app:latest-20261122";
    expect(await ask(bench, dated)).toMatchObject({
      complete: true,
      images: [{ verdict: "on-record", record: { targetTag: "latest", digest: digestNamed("a") } }],
    });
    bench.target.tags.set(dated, digestNamed("foreign"));
    expect((await ask(bench, dated)).images[0]).toMatchObject({ verdict: "differs" });
    bench.target.tags.set("mirror/app:latest-20261121", digestNamed("a"));
    expect((await ask(bench, "mirror/app:latest-20261121")).images[0]).toMatchObject({
      verdict: "no-record",
    });
  });

  it("that was there already, it does not say that Wharfgate brought it in", async () => {
    const bench = createStepBench();
    bench.target.tags.set(image, digestNamed("1.0.0"));
    await bring(bench);
    expect((await ask(bench, image)).images[0]).toMatchObject({
      verdict: "on-record",
      summary: "Passed by Wharfgate, which found it there, and the registry has this very digest now.",
      record: { proof: { was: "present" } },
    });
  });

  it("that is in more repositories than it looks at, it does not say that all is well", async () => {
    const bench = createStepBench();
    for (let at = 0; at < 21; at += 1)
      await bring(bench, { target: { host: targetHost, path: `copy/app${at}`, tag: "1.0.0" } });
    const { complete, images } = await ask(bench, digestNamed("1.0.0"));
    expect([complete, images.length]).toEqual([false, 21]);
    expect(images[20]).toMatchObject({
      verdict: "unknown",
      summary: expect.stringContaining("in 1 repositories more, which were not looked at"),
    });
  });

  it("that retention has removed, it is gone; and one that was pushed again is not taken for ours", async () => {
    const bench = createStepBench();
    const record = await bring(bench);
    const removed = { ...record, state: "removed", hop: 2, endedAt: bench.now() } as const;
    bench.pass(hourMs);
    await bench.stores.evidence.add(
      evidenceOf({ ...removed, endedAt: bench.now() }, { outcome: "removed", app: "0.3.0" }),
      never,
    );
    bench.target.tags.delete(image);
    expect((await ask(bench, image)).images[0]).toMatchObject({
      verdict: "gone",
      summary: expect.stringContaining("it was removed at"),
    });
    bench.target.tags.set(image, record.digest);
    expect((await ask(bench, image)).images[0]).toMatchObject({ verdict: "differs" });
  });

  it("its signatures and attestations are told with it", async () => {
    const bench = createStepBench();
    await bring(bench);
    const signature = makeRecord({
      digest: digestNamed("signature"),
      target: { host: targetHost, path: "mirror/app" },
      subject: digestNamed("1.0.0"),
      endedAt: bench.now(),
    });
    await bench.stores.evidence.add(
      evidenceOf(signature, { outcome: "done", app: "0.3.0", was: "imported" }),
      never,
    );
    const { images } = await ask(bench, image);
    expect(images[0]?.referrers).toMatchObject([{ digest: digestNamed("signature") }]);
  });

  it("by digest, it is found in its repository, and without one in all of them", async () => {
    const bench = createStepBench();
    await bring(bench);
    await bring(bench, { target: { host: targetHost, path: "other/app", tag: "1.0.0" } });
    const digest = digestNamed("1.0.0");
    expect(await ask(bench, `target.example/mirror/app@${digest}`)).toMatchObject({
      complete: true,
      images: [{ image: `target.example/mirror/app@${digest}`, verdict: "on-record" }],
    });
    const { images } = await ask(bench, digest);
    expect(images.map((each) => each.image).sort()).toEqual([
      `target.example/mirror/app@${digest}`,
      `target.example/other/app@${digest}`,
    ]);
  });

  it.each([
    { asked: "mirror/app", message: "target.example/mirror/app names no image: add a tag or a digest" },
    { asked: "https://target.example/mirror/app:1", message: "begins with https://" },
    { asked: "mirror/app:<script>", message: "is not a tag" },
    { asked: "sha256:12", message: "" },
  ])('as "$asked", it asks for a better name', async ({ asked, message }) => {
    const bench = createStepBench();
    if (message !== "")
      expect((await failureOf(() => ask(bench, asked), "invalid")).message).toContain(message);
    else expect((await ask(bench, asked)).images[0]).toMatchObject({ verdict: "no-record" });
  });
});

function ask(bench: StepBench, asked: string): Promise<EvidenceAnswer> {
  return findEvidence(asked, bench.ports, never);
}

/** One import, from the ledger to its end. */
async function bring(bench: StepBench, parts: Partial<ImportRecord> = {}): Promise<ImportRecord> {
  const record = makeRecord({ seenAt: bench.now(), ...parts });
  await bench.stores.ledger.add([{ record }], never);
  await bench.stores.queues.import({ watch: record.watch, key: record.key, hop: 0 }, { signal: never });
  await bench.drain();
  return record;
}
