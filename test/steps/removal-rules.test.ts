import { describe, expect, it } from "vitest";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import type { KeepRule } from "../../shared/documents/proposal.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { manualWatch } from "../../shared/documents/watch-id.ts";
import { parsePattern } from "../../shared/policies/pattern.ts";
import {
  type RuleContext,
  type Superseded,
  supersededBy,
  whyItStays,
} from "../../shared/steps/retention/removal-rules.ts";
import { digestNamed, makeRecord, targetHost } from "../support/records.ts";

const day = 24 * 3_600_000;
const now = new Date("2026-11-22T10:00:00.000Z");
const ago = (days: number) => new Date(now.getTime() - days * day);
const done = (parts: Partial<ImportRecord> = {}) => makeRecord({ state: "done", endedAt: ago(30), ...parts });
const atTarget = (tags: Readonly<Record<string, string>>) =>
  new Map(Object.entries(tags).map(([tag, name]) => [tag, digestNamed(name)]));

describe("what is superseded", () => {
  const kept = [{ tag: "stable-20261101", digest: digestNamed("old"), at: ago(21) }];
  it.each<{
    readonly name: string;
    readonly records: readonly ImportRecord[];
    readonly tags: Readonly<Record<string, string>>;
    readonly known: Readonly<Record<string, string>>;
    readonly superseded: readonly string[];
    readonly followed?: number;
  }>([
    {
      name: "a tag that is not followed any more",
      records: [done()],
      tags: { "1.0.0": "1.0.0" },
      known: {},
      superseded: ["tag 1.0.0"],
    },
    {
      name: "no tag that is followed",
      records: [done()],
      tags: { "1.0.0": "1.0.0" },
      known: { "1.0.0": "1.0.0" },
      superseded: [],
      followed: 1,
    },
    {
      name: "no followed tag whose new digest is not in yet",
      records: [done()],
      tags: { "1.0.0": "1.0.0" },
      known: { "1.0.0": "newer" },
      superseded: [],
      followed: 1,
    },
    {
      name: "no tag that is gone, with its manifest a matter of its digest",
      records: [done()],
      tags: {},
      known: {},
      superseded: ["digest"],
    },
    {
      name: "no tag that somebody has overwritten",
      records: [done()],
      tags: { "1.0.0": "foreign" },
      known: {},
      superseded: ["digest"],
    },
    {
      name: "the digest that a floating tag had before",
      records: [
        done({ tag: "stable", digest: digestNamed("old") }),
        done({ tag: "stable", digest: digestNamed("new") }),
      ],
      tags: { stable: "new" },
      known: { stable: digestNamed("new") },
      superseded: ["digest"],
      followed: 1,
    },
    {
      name: "a dated tag, and not its digest by itself",
      records: [
        done({ tag: "stable", digest: digestNamed("old") }),
        done({ tag: "stable", digest: digestNamed("new"), keptAs: kept }),
      ],
      tags: { stable: "new", "stable-20261101": "old" },
      known: { stable: digestNamed("new") },
      superseded: ["dated stable-20261101"],
      followed: 1,
    },
    {
      name: "no dated tag that has another digest now",
      records: [done({ tag: "stable", digest: digestNamed("new"), keptAs: kept })],
      tags: { stable: "new", "stable-20261101": "foreign" },
      known: { stable: digestNamed("new") },
      superseded: [],
      followed: 1,
    },
    {
      name: "nothing that is not in: held, failed, removed before, or a referrer, which goes with its image",
      records: [
        ...(["held", "failed", "removed", "running"] as const).map((state) => done({ state })),
        done({ subject: digestNamed("x") }),
      ],
      tags: { "1.0.0": "1.0.0" },
      known: {},
      superseded: [],
    },
  ])("is $name", ({ records, tags, known, superseded, followed = 0 }) => {
    const found = supersededBy(records, { tags: atTarget(tags), known: new Map(Object.entries(known)) });
    expect(found.superseded.map(({ kind, tag }) => [kind, tag].join(" ").trim())).toEqual(superseded);
    expect(found.followed).toBe(followed);
  });
});

describe("a superseded image", () => {
  const watch = parseWatch("default", "app", { Source: "up.example/library/app", Tags: "semver *" });
  const item: Superseded = {
    record: done(),
    kind: "tag",
    tag: "1.0.0",
    digest: digestNamed("1.0.0"),
    since: ago(8),
  };
  const context: RuleContext = {
    watch,
    claims: [item.record],
    followed: new Map([["default~app", new Map()]]),
    retained: [],
    graceMs: 7 * day,
    lock: undefined,
    registryLock: "open",
    site: "none",
    now,
  };
  const lock = {
    target: { host: targetHost, path: "mirror/app", tag: "1.0.0" },
    digest: item.digest,
    by: "ledger",
    at: ago(9),
  } as const;
  const other = { group: "team", name: "other" };

  it.each<{
    readonly name: string;
    readonly item?: Partial<Superseded>;
    readonly context?: Partial<RuleContext>;
    readonly rule: KeepRule | "none";
  }>([
    { name: "that nothing keeps", rule: "none" },
    { name: "that came in 6 days ago", item: { since: ago(6) }, rule: "young" },
    { name: "that came in 7 days ago", item: { since: ago(7) }, rule: "none" },
    { name: "that Wharfgate has locked", context: { lock: { ...lock, state: "locked" } }, rule: "locked" },
    { name: "that was unlocked", context: { lock: { ...lock, state: "unlocked" } }, rule: "none" },
    { name: "that is locked at the registry", context: { registryLock: "locked" }, rule: "locked" },
    { name: "at a registry without locks", context: { registryLock: "none" }, rule: "none" },
    {
      name: "that a pattern names",
      context: { retained: [parsePattern("x", "mirror/.*:1\\..*")] },
      rule: "excluded",
    },
    {
      name: "that a pattern names in part",
      context: { retained: [parsePattern("x", "mirror/app:1")] },
      rule: "none",
    },
    { name: "that its site has not acknowledged", context: { site: "awaited" }, rule: "awaited" },
    { name: "that its site has", context: { site: "arrived" }, rule: "none" },
    {
      name: "that somebody asked for by name",
      context: { claims: [item.record, done({ watch: manualWatch })] },
      rule: "wanted",
    },
    {
      name: "that another watch follows",
      context: {
        claims: [done({ watch: other })],
        followed: new Map([["team~other", new Map([["1.0.0", "x"]])]]),
      },
      rule: "wanted",
    },
    {
      name: "of another watch that cannot be read",
      context: { claims: [done({ watch: other })] },
      rule: "wanted",
    },
    {
      name: "that another watch does not follow any more, either",
      context: { claims: [done({ watch: other })], followed: new Map([["team~other", new Map()]]) },
      rule: "none",
    },
    {
      name: "whose tag another import will have",
      context: { claims: [makeRecord({ state: "waiting", digest: digestNamed("x"), watch: other })] },
      rule: "under-way",
    },
    {
      name: "whose digest another import will have under another tag",
      context: {
        claims: [
          makeRecord({
            state: "running",
            digest: item.digest,
            target: { host: targetHost, path: "mirror/app", tag: "x" },
          }),
        ],
      },
      rule: "under-way",
    },
    {
      name: "in a repository into which a method brings something at this moment",
      context: { claims: [makeRecord({ tag: "2.0.0", state: "running", operation: { runId: "r" } })] },
      rule: "under-way",
    },
    {
      name: "in a repository for which a worker holds another import",
      context: { claims: [makeRecord({ tag: "2.0.0", lease: "worker" })] },
      rule: "under-way",
    },
    {
      name: "in a repository for which a file is on its way to a site, or another import waits",
      context: {
        claims: [
          makeRecord({ tag: "2.0.0", state: "running", operation: { site: "plant-7" }, method: "bundle" }),
          makeRecord({ tag: "2.1.0", state: "waiting" }),
        ],
      },
      rule: "none",
    },
  ])("$name: $rule", ({ item: parts, context: changed, rule }) => {
    const why = whyItStays({ ...item, ...parts }, { ...context, ...changed });
    expect(why?.rule ?? "none").toBe(rule);
    if (why !== undefined) expect(why.reason).not.toBe("");
  });
});
