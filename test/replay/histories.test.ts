import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { writePollMessage } from "../../shared/documents/messages.ts";
import { memoryRepository } from "../support/memory-upstream.ts";
import { startWorkbench } from "../support/workbench.ts";

interface History {
  readonly steps: readonly { readonly t: number; readonly set: Readonly<Record<string, string>> }[];
}

interface Replay {
  readonly name: string;
  readonly columns: Readonly<Record<string, string>>;
  /** The oracle's own reading of the same policy. */
  readonly policy: {
    readonly least: readonly [number, number];
    readonly keep: number;
    readonly track: readonly string[];
  };
}

const replays: readonly Replay[] = [
  {
    name: "nginx",
    columns: { Tags: "semver >=1.9", Keep: "4", Track: "mainline" },
    policy: { least: [1, 9], keep: 4, track: ["mainline"] },
  },
  {
    name: "node",
    columns: { Tags: "semver >=18", Keep: "6" },
    policy: { least: [18, 0], keep: 6, track: [] },
  },
  {
    name: "php",
    columns: { Tags: "semver >=7.4", Keep: "5" },
    policy: { least: [7, 4], keep: 5, track: [] },
  },
  {
    name: "traefik",
    columns: { Tags: "semver >=2", Keep: "3", Track: "latest" },
    policy: { least: [2, 0], keep: 3, track: ["latest"] },
  },
];

it.concurrent.for(replays)(
  "replays $name: each version once, no step missed, moved tags held",
  { timeout: 300_000 },
  async ({ name, columns, policy }) => {
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

    for (const [index, step] of readHistory(name).steps.entries()) {
      for (const [tag, id] of Object.entries(step.set)) upstream.tags.set(tag, id);
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
          if (polls > 2 * policy.keep) mustBeHeld.add(`${tag} ${digest}`);
        }
      }
      for (const tag of movedFor.keys()) if (!selected.includes(tag)) movedFor.delete(tag);
      for (const tag of policy.track) {
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
    expect(Object.fromEntries(policy.track.map((tag) => [tag, writes(tag)]))).toEqual(
      Object.fromEntries(policy.track.map((tag) => [tag, trackedDigests.get(tag)?.length ?? 0])),
    );
    const expected = new Set([...wanted, ...policy.track.filter((tag) => trackedDigests.has(tag))]);
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
    expect(wanted.size).toBeGreaterThan(30);
  },
);

const accept = { accept: "application/vnd.oci.image.manifest.v1+json" };

/** The policy by brute force, without anything of the product: three plain numbers with or without v, newest first. */
function oracle(tags: readonly string[], { least, keep, track }: Replay["policy"]): string[] {
  const versions = tags.flatMap((tag) => {
    const match = /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(tag);
    return match === null || track.includes(tag) ? [] : [{ tag, numbers: match.slice(1).map(Number) }];
  });
  const inRange = versions.filter(
    ({ numbers: [major = 0, minor = 0] }) => major > least[0] || (major === least[0] && minor >= least[1]),
  );
  inRange.sort((a, b) => {
    for (let at = 0; at < 3; at += 1) {
      const difference = (b.numbers[at] ?? 0) - (a.numbers[at] ?? 0);
      if (difference !== 0) return difference;
    }
    return a.tag.length - b.tag.length;
  });
  const unique = inRange.filter(({ numbers }, at) => String(inRange[at - 1]?.numbers) !== String(numbers));
  return unique.slice(0, keep).map(({ tag }) => tag);
}

function readHistory(name: string): History {
  const file = join(import.meta.dirname, "../fixtures/tag-histories", `${name}.json.gz`);
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as History;
}
