import { expect, it } from "vitest";
import { writePollMessage } from "../../shared/documents/messages.ts";
import { memoryRepository } from "../support/memory-upstream.ts";
import { startWorkbench } from "../support/workbench.ts";
import { readHistory } from "./history.ts";
import { oracle } from "./oracle.ts";
import { rows } from "./rows.ts";

/** What came before these last steps is there at the first poll: each step costs a poll, imports and a real registry's work. */
const lastSteps = 25;

it.concurrent.for(rows.filter(({ imports }) => imports === "yes"))(
  "replays $history: each version once, no step missed, moved tags held, tracked ones updated",
  { timeout: 300_000 },
  async ({ history: name, columns, policy }) => {
    await using bench = await startWorkbench();
    const { app, upstream, pump, atTarget } = bench;
    const signal = AbortSignal.timeout(240_000);
    const watch = { group: "replay", name };
    await app.stores.watches.put(
      watch,
      {
        Source: `${upstream.host}/${memoryRepository}`,
        ...columns,
        Schedule: "every 1m",
        Target: "app:{tag}",
      },
      { signal, existing: "replace" },
    );

    const wanted = new Set<string>();
    const firstSeen = new Map<string, string>();
    const trackedDigests = new Map<string, string[]>();
    /** For each followed version: how many polls have passed since upstream moved it to the digest that it has now. */
    const mustBeHeld = new Set<string>();
    const movedFor = new Map<string, { readonly digest: string; readonly polls: number }>();

    const { track = [] } = policy;
    const { steps } = readHistory(name);
    for (const [index, step] of steps.entries()) {
      for (const [tag, id] of Object.entries(step.set)) upstream.tags.set(tag, id);
      if (index < steps.length - lastSteps) continue;
      const slot = new Date(index * 60_000);
      await app.poll(writePollMessage({ host: upstream.host, slot, watches: [watch] }), signal);
      await pump.drain();

      const selected = oracle([...upstream.tags.keys()], policy);
      for (const tag of selected) {
        const digest = upstream.digestOfId(upstream.tags.get(tag) ?? "");
        wanted.add(tag);
        if (!firstSeen.has(tag)) firstSeen.set(tag, digest);
        if (digest === firstSeen.get(tag)) movedFor.delete(tag);
        else {
          const before = movedFor.get(tag);
          const polls = before?.digest === digest ? before.polls + 1 : 1;
          movedFor.set(tag, { digest, polls });
          // One followed version is asked for again at each poll, in turns: by now its turn has come.
          if (polls > 2 * selected.length) mustBeHeld.add(`${tag} ${digest}`);
        }
      }
      for (const tag of movedFor.keys()) if (!selected.includes(tag)) movedFor.delete(tag);
      for (const tag of track) {
        const id = upstream.tags.get(tag);
        if (id === undefined) continue;
        const digests = trackedDigests.get(tag) ?? [];
        const digest = upstream.digestOfId(id);
        if (digests.at(-1) !== digest) digests.push(digest);
        trackedDigests.set(tag, digests);
      }
    }

    expect(pump.failures).toEqual([]);
    const tagged = Map.groupBy(
      atTarget.filter(
        ({ method, url, status }) =>
          method === "PUT" && status === 201 && /\/manifests\/(?!sha256:)/.test(url),
      ),
      ({ url }) => url.slice(url.lastIndexOf("/") + 1),
    );
    const writes = (tag: string) => tagged.get(tag)?.length ?? 0;
    expect([...wanted].filter((tag) => writes(tag) !== 1)).toEqual([]);
    expect(Object.fromEntries(track.map((tag) => [tag, writes(tag)]))).toEqual(
      Object.fromEntries(track.map((tag) => [tag, trackedDigests.get(tag)?.length ?? 0])),
    );
    const expected = new Set([...wanted, ...track.filter((tag) => trackedDigests.has(tag))]);
    expect([...tagged.keys()].filter((tag) => !expected.has(tag))).toEqual([]);
    for (const [tag, digest] of firstSeen) {
      const response = await fetch(`${bench.target.origin}/v2/app/manifests/${tag}`, {
        method: "HEAD",
        headers: accept,
      });
      expect([tag, response.headers.get("docker-content-digest")]).toEqual([tag, digest]);
    }

    const held = new Set<string>();
    for await (const { record } of app.stores.ledger.ofWatch(watch, signal)) {
      if (record.state === "held") {
        held.add(`${record.tag} ${record.digest}`);
        expect(record.previousDigest).toBe(firstSeen.get(record.tag));
      } else expect([record.tag, record.state]).toEqual([record.tag, "done"]);
    }
    expect([...mustBeHeld].filter((moved) => !held.has(moved))).toEqual([]);
    // Something came in after the first poll, too.
    expect(atTarget.length).toBeGreaterThan(0);
    expect(wanted.size).toBeGreaterThan(track.length);
  },
);

const accept = { accept: "application/vnd.oci.image.manifest.v1+json" };
