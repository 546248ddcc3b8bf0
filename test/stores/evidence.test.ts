import { describe, expect, it } from "vitest";
import { type Evidence, evidenceOf } from "../../shared/documents/evidence.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import type { PlacedEvidence } from "../../shared/stores/evidence.ts";
import { collect } from "../support/collect.ts";
import { digestNamed, makeRecord, targetHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const repository = { host: targetHost, path: "mirror/app" };

function evidence(parts: Partial<ImportRecord> = {}): Evidence {
  const endedAt = new Date("2026-11-22T10:05:00.000Z");
  return evidenceOf(makeRecord({ state: "done", endedAt, ...parts }), {
    outcome: "done",
    app: "0.3.0",
    was: "imported",
  });
}

const referrer = evidence({
  digest: digestNamed("signature"),
  target: repository,
  subject: digestNamed("1.0.0"),
});

describe("the evidence", () => {
  it("is kept as it is, and a repeat leaves what the first try has written", async () => {
    const { evidence: store } = storage.open().stores;
    const first = evidence({ hop: 1 });
    await store.add(first, never);
    await store.add({ ...first, endedAt: "2026-11-22T11:00:00.000Z" }, never);
    expect(await collect(store.ofTag(repository, "1.0.0", never))).toEqual([first]);
  });

  it("of a tag is all that the tag has been, and of no other tag or repository", async () => {
    const { evidence: store } = storage.open().stores;
    const before = evidence({ digest: digestNamed("a") });
    const after = evidence({ digest: digestNamed("b"), seenAt: new Date("2026-11-23T10:00:00.000Z") });
    const again = { ...before, hop: 5, endedAt: "2026-11-24T10:00:00.000Z" };
    const others = [
      evidence({ tag: "1.0.0-rc" }),
      evidence({ tag: "1.0.00" }),
      evidence({ tag: "1.0.0", target: { host: targetHost, path: "mirror/apps", tag: "1.0.0" } }),
      referrer,
    ];
    for (const each of [after, ...others, again, before]) await store.add(each, never);
    expect(await collect(store.ofTag(repository, "1.0.0", never))).toEqual([before, again, after]);
    expect(await collect(store.beside(after, never))).toEqual([before, again, after]);
  });

  it("of an image's referrers is found by the image", async () => {
    const { evidence: store } = storage.open().stores;
    await store.add(evidence(), never);
    await store.add(referrer, never);
    expect(await collect(store.referrersOf(repository, digestNamed("1.0.0"), never))).toEqual([referrer]);
    expect(await collect(store.referrersOf(repository, digestNamed("signature"), never))).toEqual([]);
  });

  it("of cosign's tags is found by the tag and by the image, once however often it was seen first", async () => {
    const { evidence: store } = storage.open().stores;
    const subject = digestNamed("1.0.0");
    const tag = `sha256-${subject.slice(7)}.sig`;
    const target = { host: targetHost, path: "mirror/app", tag };
    const signature = evidence({ digest: digestNamed("sig"), tag, target, subject });
    await store.add(signature, never);
    await store.add({ ...signature, seenAt: "2026-11-23T00:00:00.000Z" }, never);
    await store.add(referrer, never);
    expect(await collect(store.ofTag(repository, tag, never))).toEqual([signature]);
    expect(
      (await collect(store.referrersOf(repository, subject, never))).map((each) => each.digest).sort(),
    ).toEqual([signature.digest, referrer.digest].sort());
  });

  it("of a digest is found in its repository, and anywhere", async () => {
    const { evidence: store } = storage.open().stores;
    const elsewhere = evidence({ target: { host: targetHost, path: "other/app", tag: "1.0.0" } });
    for (const each of [evidence(), evidence({ tag: "2.0.0" }), elsewhere]) await store.add(each, never);
    const digest = digestNamed("1.0.0");
    expect(await collect(store.ofDigest(repository, digest, never))).toEqual([evidence()]);
    const found = await collect(store.anywhere(digest, never));
    expect(found.map(({ target }) => target).sort()).toEqual([
      "target.example/mirror/app",
      "target.example/other/app",
    ]);
  });

  it("goes on behind any place, in the same order, each row once", async () => {
    const { evidence: store } = storage.open().stores;
    for (let at = 0; at < 9; at += 1) {
      const target = { host: targetHost, path: `mirror/app${at % 3}`, tag: `1.0.${at}` };
      await store.add(evidence({ tag: `1.0.${at}`, target }), never);
    }
    const all = await collect(store.all({}, { signal: never }));
    expect(all).toHaveLength(9);
    for (const [index, { place }] of all.entries())
      expect(await collect(store.all({}, { after: place, signal: never }))).toEqual(all.slice(index + 1));
  });

  it.each<{ readonly name: string; readonly filter: object; readonly tags: readonly string[] }>([
    {
      name: "by the time of their end",
      filter: { since: new Date("2026-11-23T00:00:00.000Z") },
      tags: ["b", "c"],
    },
    { name: "by watch", filter: { watch: "default/app" }, tags: ["a", "b"] },
    {
      name: "by both",
      filter: { since: new Date("2026-11-23T00:00:00.000Z"), watch: "default/app" },
      tags: ["b"],
    },
    { name: "by a watch that tries to be a filter", filter: { watch: "x' or watch ne 'y" }, tags: [] },
  ])("is chosen $name", async ({ filter, tags }) => {
    const { evidence: store } = storage.open().stores;
    await store.add(evidence({ tag: "a" }), never);
    await store.add(evidence({ tag: "b", endedAt: new Date("2026-11-23T00:00:00.000Z") }), never);
    const watch = { group: "other", name: "app" };
    await store.add(evidence({ tag: "c", watch, endedAt: new Date("2026-11-24T00:00:00.000Z") }), never);
    const found: PlacedEvidence[] = await collect(store.all(filter, { signal: never }));
    expect(found.map((each) => each.evidence.tag).sort()).toEqual(tags);
  });
});
