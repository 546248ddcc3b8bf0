import { beforeEach, describe, expect, it } from "vitest";
import { type Manifest, mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { parsePlatform } from "../../shared/model/platform.ts";
import { beginCopy, leftBytesOf } from "../../shared/registry/begun-copies.ts";
import { type CopyOptions, copyImage } from "../../shared/registry/copy-image.ts";
import type { ImageCopy } from "../../shared/registry/copy-route.ts";
import { createKnownBlobs } from "../../shared/registry/known-blobs.ts";
import type { ForeignLayers } from "../../shared/registry/registry.ts";
import { createBlobHash, verifiedBlob } from "../../shared/registry/verified-blob.ts";
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
  options: Partial<CopyOptions & { tag: string; toRepository: string } & Pick<ImageCopy, "only">> = {},
) => {
  const { tag = "1.0", toRepository = "mirror/app", only, ...rest } = options;
  const route = {
    from,
    fromRepository: "app",
    to,
    toRepository,
    digest: image.manifest.descriptor.digest,
    tag,
    ...(only === undefined ? {} : { only }),
  };
  return copyImage(route, { signal: never, segmentBytes: 4096, ...rest });
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
    expect(new Set(puts.slice(0, 2))).toEqual(
      new Set([amd64, arm64].map(({ manifest }) => manifest.descriptor.digest)),
    );
    const { digest } = index.manifest.descriptor;
    expect(puts.slice(2)).toEqual([digest, "1.0"]);
    expect(to.manifests.get("mirror/app:1.0")?.descriptor.digest).toBe(digest);
    expect(to.calls.indexOf(verbs(to, "putManifest")[0] ?? "")).toBeGreaterThan(
      to.calls.lastIndexOf(verbs(to, "commit").at(-1) ?? ""),
    );
  });

  it("stores the root by its tag alone at a target that has shown what it makes of digests", async () => {
    const known = createKnownBlobs();
    await copy(index, { known });
    to.calls.length = 0;
    await copy(large, { known, tag: "2" });
    expect(verbs(to, "putManifest")).toEqual(["putManifest mirror/app 2"]);
    expectWhole(large);
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

  it("sends a small blob in one request and a large one in segments", async () => {
    await copy(large);
    const config = large.blobs[0]?.bytes.length ?? 0;
    expect(new Set([...verbs(to, "write"), ...verbs(to, "commit")])).toEqual(
      new Set([
        `commit mirror/app 0+${config}`,
        "write mirror/app 0+4096",
        "write mirror/app 4096+4096",
        "commit mirror/app 8192+1808",
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
});

describe("a foreign layer", () => {
  const layer = makeBlob(noise("foreign", 2500), "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
  const plain = makeImage([shared]);
  const urls = ["https://elsewhere.example/layer"];
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: plain.manifest.descriptor.mediaType,
    config: plain.blobs[0]?.descriptor,
    layers: [{ ...layer.descriptor, urls }],
  });
  const image = { manifest, blobs: plain.blobs.slice(0, 1) };
  const asked: string[] = [];
  const elsewhere: ForeignLayers = {
    async getLayer(registry, descriptor, { offset = 0, hash }) {
      asked.push(`${registry} ${descriptor.urls?.join()} ${offset}`);
      const { digest, size } = descriptor;
      const seen = hash ?? createBlobHash(digest);
      return verifiedBlob(one(), { digest, size, offset, hash: seen, place: "elsewhere" });
      async function* one() {
        yield layer.bytes.subarray(offset);
      }
    },
  };
  beforeEach(() => {
    asked.length = 0;
    from.put("app", image);
  });

  it("is passed over", async () => {
    expect(await copy(image)).toMatchObject({ kind: "complete", blobs: 1, skipped: 1 });
    expect(asked).toEqual([]);
  });

  it("comes from where its urls say, when it is asked for and the source has it not", async () => {
    expect(await copy(image, { foreign: elsewhere })).toMatchObject({ kind: "complete", blobs: 2 });
    expect(asked).toEqual(["upstream.example https://elsewhere.example/layer 0"]);
    expectWhole({ manifest, blobs: [...image.blobs, layer] });
  });

  it("comes from the source when that has it", async () => {
    from.put("app", { manifest, blobs: [layer] });
    await copy(image, { foreign: elsewhere });
    expect(asked).toEqual([]);
    expectWhole({ manifest, blobs: [...image.blobs, layer] });
  });

  it("is not asked for elsewhere when the source is merely busy", async () => {
    from.failNext("getBlob", undefined, network);
    from.put("app", { manifest, blobs: [layer] });
    await copy(image, { foreign: elsewhere, concurrency: 1 });
    expect(asked).toEqual([]);
  });

  it("fails when nobody has it, without a tag", async () => {
    await failureOf(() => copy(image, { foreign: "source" }), "not-found");
    expect(to.manifests.size).toBe(0);
  });
});

describe("platforms alone", () => {
  const attestation = (about: Manifest) => ({
    ...makeImage([makeBlob(`about ${about.descriptor.digest}`)]),
    about,
  });
  const [aboutAmd64, aboutArm64] = [attestation(amd64.manifest), attestation(arm64.manifest)];
  const described = ({ manifest, about }: ReturnType<typeof attestation>) => ({
    ...manifest.descriptor,
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": about.descriptor.digest,
    },
  });
  const child = (image: TestImage, architecture: string) => ({
    ...image.manifest.descriptor,
    platform: { os: "linux", architecture },
  });
  const indexOf = (manifests: readonly unknown[]) =>
    makeManifest({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const whole = {
    manifest: indexOf([
      child(amd64, "amd64"),
      child(arm64, "arm64"),
      described(aboutAmd64),
      described(aboutArm64),
    ]),
    blobs: [],
  };
  const nested = { manifest: indexOf([{ ...whole.manifest.descriptor }]), blobs: [] };
  const only = (...names: readonly string[]) => ({ only: names.map(parsePlatform) });
  const digests = () => [...to.manifests.keys()].filter((key) => key.includes("@")).toSorted();
  const keys = (...manifests: readonly Manifest[]) =>
    manifests.map(({ descriptor }) => `mirror/app@${descriptor.digest}`).toSorted();

  beforeEach(() => {
    to.requires.manifests = "nothing";
    for (const image of [whole, nested, aboutAmd64, aboutArm64]) from.put("app", image);
  });

  it("come with what is about them, and the index stays as it is", async () => {
    expect(await copy(whole, only("linux/arm64"))).toMatchObject({ kind: "complete" });
    expect(digests()).toEqual(keys(arm64.manifest, aboutArm64.manifest, whole.manifest));
    expect(to.manifests.get("mirror/app:1.0")?.descriptor.digest).toBe(whole.manifest.descriptor.digest);
    expect([...to.blobs.keys()].some((key) => key.includes(amd64.blobs[0]?.descriptor.digest ?? "?"))).toBe(
      false,
    );
  });

  it("come out of an index within the index", async () => {
    await copy(nested, only("linux/amd64"));
    expect(digests()).toEqual(keys(amd64.manifest, aboutAmd64.manifest, whole.manifest, nested.manifest));
  });

  it("are added to those that are there", async () => {
    await copy(whole, only("linux/arm64"));
    await copy(whole, only("linux/amd64"));
    expect(digests()).toEqual(
      keys(amd64.manifest, arm64.manifest, aboutAmd64.manifest, aboutArm64.manifest, whole.manifest),
    );
  });

  it("are completed by a whole copy under another tag", async () => {
    await copy(nested, only("linux/arm64"));
    await copy(nested, { tag: "whole" });
    expectWhole(amd64, arm64);
    expect(to.manifests.has("mirror/app:whole")).toBe(true);
  });

  it("are no reason to look at a single image", async () => {
    expect(await copy(large, only("linux/arm64"))).toMatchObject({ kind: "complete", blobs: 2 });
  });

  it("must all be offered", async () => {
    const failure = await failureOf(() => copy(whole, only("linux/amd64", "linux/s390x")), "invalid");
    expect(failure.message).toMatch(/lacks linux\/s390x: it offers linux\/amd64, linux\/arm64/);
    expect(to.manifests.size).toBe(0);
  });

  it.each<[string, FailureCode]>([
    ["MANIFEST_BLOB_UNKNOWN", "unsupported"],
    ["MANIFEST_UNKNOWN", "not-found"],
  ])("are refused once, in words that help, by a target that says %s", async (_name, code) => {
    to.failNext("putManifest", undefined, undefined, broken(code));
    const failure = await failureOf(() => copy(whole, only("linux/amd64")), "unsupported");
    expect(failure.message).toMatch(
      /private\.example\/mirror\/app .* \(linux\/amd64\): bring the image in whole/,
    );
    expect(verbs(to, "putManifest").length).toBe(3);
    expect(to.manifests.has("mirror/app:1.0")).toBe(false);
  });
});

describe("copies that go on at once", () => {
  it("read a common blob once, and mount it", async () => {
    const known = createKnownBlobs();
    const results = await Promise.all(
      ["one", "two", "three"].map((name) => copy(index, { toRepository: `mirror/${name}`, known })),
    );
    expect(results.map(({ kind }) => kind)).toEqual(Array(3).fill("complete"));
    expect(verbs(from, "getBlob").length).toBe(5);
    for (const name of ["one", "two", "three"]) {
      for (const { descriptor } of [...amd64.blobs, ...arm64.blobs]) {
        expect(to.blobs.has(`mirror/${name}@${descriptor.digest}`)).toBe(true);
      }
    }
  });

  it("take a blob over from one that fails", async () => {
    const known = createKnownBlobs();
    const leaving = new AbortController();
    from.onCall = (call) => {
      if (call.startsWith("getBlob")) leaving.abort();
    };
    const first = failureOf(
      () => copy(amd64, { toRepository: "mirror/left", known, signal: leaving.signal, concurrency: 1 }),
      "canceled",
    );
    await Promise.all([first, copy(amd64, { known, concurrency: 1 })]);
    expectWhole(amd64);
  });

  it("do not wait for another beyond their time", async () => {
    const known = createKnownBlobs();
    const held = amd64.blobs.map(({ descriptor }) => known.begin(descriptor.digest));
    const pause = new AbortController();
    const copying = copy(amd64, { known, pause: pause.signal });
    pause.abort();
    expect(await copying).toMatchObject({ kind: "paused", blobs: 0 });
    for (const end of held) end?.();
    expect(await copy(amd64, { known })).toMatchObject({ kind: "complete", blobs: 3 });
  });

  it("learn from the first blob whether a mount tells what is there", async () => {
    const known = createKnownBlobs();
    await copy(amd64, { known, concurrency: 1 });
    expect([verbs(to, "headBlob").length, verbs(to, "mountBlob").length]).toEqual([1, 3]);
    to.calls.length = 0;
    expect(await copy(index, { known, tag: "2" })).toMatchObject({ blobs: 2 });
    expect(verbs(to, "headBlob")).toEqual([]);
  });
});

describe("a copy that goes on in its process", () => {
  it("pauses within a blob, and neither reads nor sends anything twice", async () => {
    const [known, begun] = [createKnownBlobs(), beginCopy()];
    const pause = new AbortController();
    to.onCall = (call) => {
      if (call.startsWith("write mirror/app 4096")) pause.abort();
    };
    const options = { known, begun, concurrency: 1 };
    expect(await copy(large, { ...options, pause: pause.signal })).toMatchObject({
      kind: "paused",
      bytes: 8192 + (large.blobs[0]?.bytes.length ?? 0),
    });
    expect(leftBytesOf(begun)).toBe(10_000 - 8192);
    for (const registry of [from, to]) registry.calls.length = 0;
    expect(await copy(large, options)).toMatchObject({ kind: "complete", bytes: 10_000 - 8192 });
    expect(from.calls).toEqual([`getBlob app ${large.blobs[1]?.descriptor.digest} 8192`]);
    expect(to.calls).toEqual([
      "resume mirror/app",
      "commit mirror/app 8192+1808",
      `putManifest mirror/app ${large.manifest.descriptor.digest}`,
      "headManifest mirror/app 1.0",
      "putManifest mirror/app 1.0",
    ]);
    expectWhole(large);
  });

  it("goes on within the blob that it broke off", async () => {
    const [known, begun] = [createKnownBlobs(), beginCopy()];
    const limit = new AbortController();
    to.partBytes = 2000;
    to.failNext("write", broken("timeout"));
    to.onCall = (call) => {
      if (call.startsWith("resume")) limit.abort();
    };
    await failureOf(() => copy(large, { known, begun, concurrency: 1, signal: limit.signal }), "canceled");
    from.calls.length = 0;
    await copy(large, { known, begun });
    expect(from.calls).toEqual([`getBlob app ${large.blobs[1]?.descriptor.digest} 2000`]);
    expectWhole(large);
  });
});

describe("a copy that meets faults", () => {
  it("reads on where the source broke, within the same upload", async () => {
    from.partBytes = 6000;
    from.failNext("getBlob", undefined, network);
    await copy(large, { concurrency: 1 });
    const offsets = verbs(from, "getBlob").map((call) => call.split(" ").at(-1));
    expect(offsets).toEqual(["0", "0", "6000"]);
    expect(verbs(to, "resume")).toEqual([]);
    expectWhole(large);
  });

  it("sends on where the target broke", async () => {
    // It confirms less than it was sent: that much is read again, and no more.
    to.partBytes = 1500;
    to.failNext("write", network);
    await copy(large);
    expect(verbs(to, "write")).toEqual([
      "write mirror/app 0+4096",
      "write mirror/app 1500+4096",
      "write mirror/app 5596+4096",
    ]);
    const layer = large.blobs[1]?.descriptor.digest ?? "";
    const offsets = verbs(from, "getBlob").filter((call) => call.includes(layer));
    expect(offsets.map((call) => call.split(" ").at(-1))).toEqual(["0", "1500"]);
    expectWhole(large);
  });

  it("begins the blob anew when the upload is lost", async () => {
    to.partBytes = 1000;
    to.failNext("write", network);
    to.failNext("resume", broken("not-found"));
    await copy(large, { concurrency: 1 });
    const layer = large.blobs[1]?.descriptor.digest ?? "";
    const offsets = verbs(from, "getBlob").filter((call) => call.includes(layer));
    expect(offsets.map((call) => call.split(" ").at(-1))).toEqual(["0", "0"]);
    expect(verbs(to, "write")[1]).toBe("write mirror/app 0+4096");
    expectWhole(large);
  });

  it.each([
    ["the end of a small blob", 16_384],
    ["the end of a large blob", 4096],
  ])("tries %s again", async (_name, segmentBytes) => {
    to.failNext("commit", network, network);
    await copy(large, { segmentBytes });
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
    expect([...to.manifests.keys()].filter((key) => key.endsWith(":1.0"))).toEqual([]);
    from.calls.length = 0;
    expect(await copy(index)).toMatchObject({ blobs: 0 });
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
