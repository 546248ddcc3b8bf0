import { describe, expect, it } from "vitest";
import { digestOf } from "../../shared/model/digest.ts";
import { createKnownBlobs } from "../../shared/registry/known-blobs.ts";

describe("known blobs", () => {
  it("tells where a blob was seen last", () => {
    const known = createKnownBlobs();
    const digest = digestOf("a");
    expect(known.find(digest)).toBeUndefined();
    known.add(digest, "one");
    known.add(digest, "two");
    expect(known.find(digest)).toBe("two");
  });

  it("forgets what it has not seen for longest", () => {
    const known = createKnownBlobs();
    const digests = Array.from({ length: 20_001 }, (_, at) => digestOf(`${at}`));
    const [first = digestOf(""), second = digestOf("")] = digests;
    for (const digest of digests.slice(0, 20_000)) known.add(digest, "app");
    known.add(first, "app");
    known.add(digests.at(-1) ?? first, "app");
    expect([known.find(first), known.find(second)]).toEqual(["app", undefined]);
  });
});
