import { beforeEach, describe, expect, it } from "vitest";
import type { Manifest } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { type CopyOptions, copyImage } from "../../shared/registry/copy-image.ts";
import { createKnownBlobs } from "../../shared/registry/known-blobs.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, makeManifest, noise, type TestImage } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";
import { never } from "../support/registries.ts";

const shared = makeBlob(noise("shared", 5000));
const amd64 = makeImage([shared, makeBlob(noise("amd64", 3000))], "amd64");
const arm64 = makeImage([shared, makeBlob(noise("arm64", 3000))], "arm64");
const index: TestImage = { manifest: makeIndex([amd64.manifest, arm64.manifest]), blobs: [] };
const large = makeImage([makeBlob(noise("large", 10_000))]);

let from: MemoryRegistry;
let to: MemoryRegistry;
beforeEach(() => {
  from = createMemoryRegistry("upstream.example");
  to = createMemoryRegistry("private.example");
  for (const image of [amd64, arm64, index, large]) from.put("app", image);
});

const copy = (
  image: { manifest: Manifest },
  options: Partial<CopyOptions & { tag: string; toRepository: string }> = {},
) => {
  const { tag = "1.0", toRepository = "mirror/app", ...rest } = options;
  const route = {
    from,
    fromRepository: "app",
    to,
    toRepository,
    digest: image.manifest.descriptor.digest,
    tag,
  };
  return copyImage(route, { signal: never, chunkBytes: 4096, ...rest });
};
const verbs = (registry: MemoryRegistry, verb: string) =>
  registry.calls.filter((call) => call.startsWith(`${verb} `));
const broken = (code: FailureCode = "network", context: Record<string, number> = {}) =>
  new Failure(code, "broken", { context });
const network = broken();

/** All of the image is at the target, byte for byte. */
function expectWhole(...images: readonly TestImage[]): void {
  for (const { manifest, blobs } of images) {
    const stored = to.manifests.get(`mirror/app@${manifest.descriptor.digest}`);
    expect(Buffer.from(stored?.bytes ?? []).equals(Buffer.from(manifest.bytes))).toBe(true);
    for (const { descriptor, bytes } of blobs) {
      expect(to.blobs.get(`mirror/app@${descriptor.digest}`)?.equals(bytes)).toBe(true);
    }
  }
}

describe("copyImage", () => {
  it("copies all platforms, each blob once, children before the index, the tag last", async () => {
    const result = await copy(index);
    expectWhole(amd64, arm64, index);
    const configs = amd64.blobs[0]?.bytes.length ?? 0;
    expect(result).toEqual({ kind: "complete", bytes: 11_000 + 2 * configs, blobs: 5, skipped: 0 });
    const puts = verbs(to, "putManifest").map((call) => call.split(" ")[2]);
    const { digest } = index.manifest.descriptor;
    expect(new Set(puts.slice(0, 2))).toEqual(
      new Set([amd64, arm64].map(({ manifest }) => manifest.descriptor.digest)),
    );
    expect(puts.slice(2)).toEqual([digest, "1.0"]);
    expect(to.calls.indexOf(verbs(to, "putManifest")[0] ?? "")).toBeGreaterThan(
      to.calls.lastIndexOf(verbs(to, "commit").at(-1) ?? ""),
    );
  });

  it("asks one question when the tag is there already", async () => {
    await copy(index);
    to.calls.length = 0;
    from.calls.length = 0;
    expect(await copy(index)).toEqual({ kind: "complete", bytes: 0, blobs: 0, skipped: 0 });
    expect([to.calls, from.calls]).toEqual([["headManifest mirror/app 1.0"], []]);
  });

  it("sets another tag without asking the source", async () => {
    await copy(index);
    from.calls.length = 0;
    await copy(index, { tag: "latest" });
    expect(from.calls).toEqual([]);
    expect(to.manifests.get("mirror/app:latest")?.descriptor.digest).toBe(index.manifest.descriptor.digest);
  });

  it("does not send what the target has", async () => {
    await copy(amd64, { tag: "amd64" });
    from.calls.length = 0;
    expect(await copy(index)).toMatchObject({ blobs: 2, skipped: 1 });
    expect(verbs(from, "getBlob").length).toBe(2);
    expectWhole(amd64, arm64, index);
  });

  it("mounts what is known to be in another repository of the target", async () => {
    const known = createKnownBlobs();
    await copy(amd64, { toRepository: "mirror/other", known });
    to.calls.length = 0;
    expect(await copy(amd64, { known })).toMatchObject({ blobs: 0, skipped: 3 });
    expect(verbs(to, "mountBlob").length).toBe(3);
    expectWhole(amd64);
  });

  it("sends the blob when the mount is answered with an upload, or not at all", async () => {
    const known = createKnownBlobs();
    for (const { descriptor } of amd64.blobs) known.add(descriptor.digest, "mirror/gone");
    to.failNext("mountBlob", broken("forbidden"));
    expect(await copy(amd64, { known })).toMatchObject({ blobs: 3, skipped: 0 });
    expectWhole(amd64);
  });

  it("mounts within one registry", async () => {
    to = from;
    expect(await copy(amd64)).toMatchObject({ blobs: 0, skipped: 3 });
    expectWhole(amd64);
  });

  it("copies without a tag", async () => {
    const { digest } = amd64.manifest.descriptor;
    await copyImage(
      { from, fromRepository: "app", to, toRepository: "mirror/app", digest },
      { signal: never },
    );
    expect([...to.manifests.keys()]).toEqual([`mirror/app@${digest}`]);
  });

  it("sends a small blob in one request and a large one in chunks", async () => {
    await copy(large);
    const config = large.blobs[0]?.bytes.length ?? 0;
    expect(new Set([...verbs(to, "write"), ...verbs(to, "commit")])).toEqual(
      new Set([
        `commit mirror/app 0+${config}`,
        "write mirror/app 0+4096",
        "write mirror/app 4096+4096",
        "write mirror/app 8192+1808",
        "commit mirror/app 10000+0",
      ]),
    );
    expectWhole(large);
  });

  it("has no more uploads open than it may", async () => {
    const many = makeImage(Array.from({ length: 12 }, (_, at) => makeBlob(noise(`${at}`, 6000))));
    from.put("app", many);
    await copy(many, { concurrency: 3 });
    expect(to.highest.uploads).toBe(3);
    expectWhole(many);
  });

  it("passes a foreign layer over", async () => {
    const layer = makeBlob("foreign", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
    const plain = makeImage([shared]);
    const manifest = makeManifest({
      schemaVersion: 2,
      mediaType: plain.manifest.descriptor.mediaType,
      config: plain.blobs[0]?.descriptor,
      layers: [{ ...layer.descriptor, urls: ["https://elsewhere.example/layer"] }],
    });
    from.put("app", { manifest, blobs: plain.blobs });
    expect(await copy({ manifest })).toMatchObject({ kind: "complete", blobs: 1, skipped: 1 });
  });
});

describe("a copy that meets faults", () => {
  it("reads on where the source broke", async () => {
    from.partBytes = 6000;
    from.failNext("getBlob", undefined, network, network);
    await copy(large, { concurrency: 1 });
    const offsets = verbs(from, "getBlob").map((call) => call.split(" ").at(-1));
    expect(offsets).toEqual(["0", "0", "6000", "10000"]);
    expectWhole(large);
  });

  it("sends on where the target broke", async () => {
    to.partBytes = 1000;
    to.failNext("write", network);
    await copy(large);
    expect(verbs(to, "write")).toEqual([
      "write mirror/app 0+4096",
      "write mirror/app 1000+3096",
      "write mirror/app 4096+4096",
      "write mirror/app 8192+1808",
    ]);
    expect(verbs(from, "getBlob").length).toBe(2);
    expectWhole(large);
  });

  it("begins the blob anew when the upload is lost", async () => {
    to.failNext("write", network);
    to.failNext("resume", broken("not-found"));
    await copy(large);
    expect(verbs(to, "startUpload").length).toBe(3);
    expectWhole(large);
  });

  it.each([
    ["the end of a small blob", 16_384],
    ["the end of a large blob", 4096],
  ])("tries %s again", async (_name, chunkBytes) => {
    to.failNext("commit", network, network);
    await copy(large, { chunkBytes });
    expectWhole(large);
  });

  it("notices that the end got through although its answer did not", async () => {
    to.failNext("commit", broken("network", { stored: 1 }));
    await copy(large, { concurrency: 1 });
    expect(verbs(to, "commit").length).toBe(2);
    expectWhole(large);
  });

  it("gives up after some tries, without a tag", async () => {
    from.partBytes = 100;
    from.failNext("getBlob", ...Array<Failure>(30).fill(network));
    await failureOf(() => copy(large), "network");
    expect(to.manifests.size).toBe(0);
    expect(verbs(from, "getBlob").length).toBeLessThan(12);
  });

  it.each<[string, FailureCode, number | undefined]>([
    ["a right that is missing", "forbidden", undefined],
    ["too many requests", "rate-limited", undefined],
    ["a long wait", "unavailable", 60_000],
  ])("does not try again on %s", async (_name, code, retryAfterMs) => {
    const failure = new Failure(code, "no", retryAfterMs === undefined ? {} : { retryAfterMs });
    from.failNext("getBlob", failure, failure);
    expect(await failureOf(() => copy(large, { concurrency: 1 }), code)).toBe(failure);
    expect(verbs(from, "getBlob").length).toBe(1);
  });

  it("does not commit bytes of another digest", async () => {
    const layer = large.blobs[1]?.descriptor.digest;
    from.blobs.set(`app@${layer}`, noise("evil", 10_000));
    await failureOf(() => copy(large), "integrity");
    expect([to.manifests.size, to.blobs.has(`mirror/app@${layer}`)]).toEqual([0, false]);
  });

  it("sets no tag when a manifest fails, and goes on from there", async () => {
    to.failNext("putManifest", broken("unavailable"));
    await failureOf(() => copy(index), "unavailable");
    expect(to.manifests.size).toBe(0);
    from.calls.length = 0;
    expect(await copy(index)).toMatchObject({ blobs: 0, skipped: 5 });
    expect(verbs(from, "getBlob")).toEqual([]);
    expectWhole(amd64, arm64, index);
  });

  it("ends when it is canceled", async () => {
    const controller = new AbortController();
    from.onCall = (call) => {
      if (call.startsWith("getBlob")) controller.abort();
    };
    await failureOf(() => copy(large, { signal: controller.signal }), "canceled");
    expect(to.manifests.size).toBe(0);
  });

  it("pauses between blobs, and goes on in the next call", async () => {
    const pause = new AbortController();
    to.onCall = (call) => {
      if (call.startsWith("commit")) pause.abort();
    };
    const first = await copy(index, { pause: pause.signal, concurrency: 1 });
    expect(first).toMatchObject({ kind: "paused", blobs: 1 });
    expect(to.manifests.size).toBe(0);
    expect(await copy(index)).toMatchObject({ kind: "complete", blobs: 4, skipped: 1 });
    expectWhole(amd64, arm64, index);
  });
});

describe("a tag that has another digest", () => {
  beforeEach(() => to.put("mirror/app", large, "1.0"));

  it("is kept, with nothing moved", async () => {
    const failure = await failureOf(() => copy(index), "conflict");
    expect(failure.message).toContain("private.example/mirror/app:1.0");
    expect([from.calls.length, to.calls.length]).toEqual([0, 1]);
  });

  it("is replaced on demand", async () => {
    await copy(index, { existing: "replace" });
    expect(to.manifests.get("mirror/app:1.0")?.descriptor.digest).toBe(index.manifest.descriptor.digest);
  });

  it("is kept when it was set while we copied", async () => {
    to.manifests.delete("mirror/app:1.0");
    to.onCall = (call) => {
      if (call.startsWith("putManifest")) to.put("mirror/app", large, "1.0");
    };
    await failureOf(() => copy(index), "conflict");
    expect(to.manifests.get("mirror/app:1.0")?.descriptor.digest).toBe(large.manifest.descriptor.digest);
  });
});

describe("a tree that is not in order", () => {
  it.each<[string, () => Manifest, FailureCode]>([
    ["does not exist", () => makeIndex([]), "not-found"],
    ["lacks a child", () => put(makeIndex([amd64.manifest, makeImage([]).manifest])), "not-found"],
    [
      "has a child of another size",
      () => put(makeIndex([{ ...amd64.manifest, descriptor: { ...amd64.manifest.descriptor, size: 1 } }])),
      "integrity",
    ],
    ["is nested too deep", () => put(nested(4)), "too-large"],
    ["names itself", selfNaming, "too-large"],
  ])("fails when it %s", async (_name, make, code) => {
    await failureOf(() => copy({ manifest: make() }), code);
    expect(to.manifests.size).toBe(0);
  });

  it("is taken at three levels of indexes", async () => {
    const manifest = put(nested(3));
    expect(await copy({ manifest })).toMatchObject({ kind: "complete", blobs: 3 });
  });

  it("is refused by a target that does not take sparse indexes, without a storm", async () => {
    to.failNext("putManifest", broken("unsupported"));
    await failureOf(() => copy(amd64), "unsupported");
    expect(verbs(to, "putManifest").length).toBe(1);
  });

  function put(manifest: Manifest): Manifest {
    from.put("app", { manifest, blobs: [] });
    return manifest;
  }

  function nested(levels: number): Manifest {
    return levels === 0 ? amd64.manifest : makeIndex([put(nested(levels - 1))]);
  }

  /** Not possible with true digests: a registry client that was fooled must not loop all the same. */
  function selfNaming(): Manifest {
    const digest: Digest = digestOf("itself");
    const honest = makeIndex([amd64.manifest]);
    const descriptor = { ...honest.descriptor, digest };
    return put({ ...honest, descriptor, manifests: [descriptor] });
  }
});
