import { beforeAll, describe, expect, it } from "vitest";
import type { SiteReceipt } from "../../shared/documents/site-receipt.ts";
import type { Sites } from "../../shared/stores/sites.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const added = { publicKey: "PEM", addedBy: "ops", addedAt: "2026-11-24T10:00:00.000Z" };
const digest = digestNamed("one");
const keep = { signal: never, existing: "keep" } as const;
const refuse = { signal: never, doubtful: "refuse" } as const;

const receiptOf = (parts: Partial<SiteReceipt>): SiteReceipt => ({
  v: 1,
  id: "a".repeat(64),
  site: "one",
  registry: "site.example",
  startedAt: "2026-11-24T10:00:00.000Z",
  endedAt: "2026-11-24T11:00:00.000Z",
  moved: { bytes: 0, blobs: 0, skipped: 0 },
  images: [{ repository: "mirror/app", tag: "1", digest, outcome: "imported" }],
  inventory: [{ repository: "mirror/app", tags: [{ tag: "1", digest }], manifests: [digest], blobs: [] }],
  ...parts,
});

describe("sites", () => {
  let sites: Sites;
  beforeAll(() => {
    sites = storage.open().stores.sites;
  });

  it("are added once, and given another key when that is asked for", async () => {
    expect(await sites.get("one", never)).toBeUndefined();
    expect(await sites.put({ name: "one", ...added }, keep)).toBe("added");
    expect(await sites.put({ name: "one", ...added, publicKey: "OTHER" }, keep)).toBe("exists");
    expect(await sites.get("one", never)).toEqual({ name: "one", ...added, sequence: 0 });
    expect(await sites.nextSequence("one", never)).toBe(1);
    const replace = { signal: never, existing: "replace" } as const;
    expect(await sites.put({ name: "one", ...added, publicKey: "OTHER" }, replace)).toBe("replaced");
    expect(await sites.get("one", never)).toEqual({ name: "one", ...added, publicKey: "OTHER", sequence: 1 });
  });

  it("give no two bundles the same number", async () => {
    await sites.put({ name: "busy", ...added }, keep);
    const numbers = await Promise.all(Array.from({ length: 5 }, () => sites.nextSequence("busy", never)));
    expect(numbers.toSorted()).toEqual([1, 2, 3, 4, 5]);
    await failureOf(() => sites.nextSequence("nowhere", never), "not-found");
  });

  it("keep what a receipt says, and the inventory of the last one", async () => {
    const before = await sites.get("one", never);
    expect(before && (await sites.inventory(before, never))).toBeUndefined();
    const first = receiptOf({ bundle: { id: "b".repeat(64), sequence: 1 } });
    expect(await sites.acknowledge(first, refuse)).toBe("new");
    expect(await sites.acknowledge(first, refuse)).toBe("known");
    const site = await sites.get("one", never);
    const { id, endedAt, registry } = first;
    expect(site?.receipt).toEqual({ id, endedAt, registry, sequence: 1 });
    expect(site && (await sites.inventory(site, never))).toEqual(first.inventory);
    const image = { repository: "mirror/app", tag: "1", digest };
    expect(await sites.outcomeOf("one", image, never)).toEqual({ outcome: "imported", receipt: first.id });
    expect(await sites.outcomeOf("one", { ...image, digest: digestNamed("two") }, never)).toBeUndefined();
    expect(await sites.outcomeOf("busy", image, never)).toBeUndefined();

    const refused = { ...image, outcome: "refused", reason: "full" } as const;
    const later = receiptOf({
      id: "c".repeat(64),
      endedAt: "2026-11-25T11:00:00.000Z",
      images: [refused],
      inventory: [],
    });
    expect(await sites.acknowledge(later, refuse)).toBe("new");
    expect(await sites.outcomeOf("one", image, never)).toEqual({
      outcome: "refused",
      reason: "full",
      receipt: later.id,
    });
    await failureOf(() => sites.acknowledge(first, refuse), "conflict");
    // What a site had before is forgotten.
    await failureOf(async () => site && sites.inventory(site, never), "not-found");
  });

  it("are listed", async () => {
    expect((await sites.all(never)).map(({ name }) => name)).toEqual(["busy", "one"]);
  });
});
