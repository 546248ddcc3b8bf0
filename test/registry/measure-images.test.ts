import { beforeEach, describe, expect, it } from "vitest";
import { Failure } from "../../shared/model/failure.ts";
import { parsePlatform } from "../../shared/model/platform.ts";
import { type Measured, measureImages } from "../../shared/registry/measure-images.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, noise, type TestBlob, type TestImage } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";
import { never } from "../support/registries.ts";

const base = makeBlob(noise("base", 50_000));
const amd64 = makeImage([base, makeBlob(noise("amd64", 3000))], "amd64");
const arm64 = makeImage([base, makeBlob(noise("arm64", 2000))], "arm64");
const index: TestImage = { manifest: makeIndex([amd64.manifest, arm64.manifest]), blobs: [] };
const other = makeImage([base, makeBlob(noise("other", 1000))]);
const foreign: TestBlob = {
  ...makeBlob("windows", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
  descriptor: {
    ...makeBlob("windows", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip").descriptor,
    urls: ["https://layers.example/windows"],
  },
};
const windows = makeImage([foreign]);

let from: MemoryRegistry;
let to: MemoryRegistry;
beforeEach(() => {
  from = createMemoryRegistry("upstream.example");
  to = createMemoryRegistry("private.example");
  for (const image of [amd64, arm64, index, other, windows]) from.put("app", image);
});

function measure(
  images: readonly TestImage[],
  reads = 100,
  platforms: readonly string[] = [],
): Promise<Measured> {
  const wanted = images.map(({ manifest }) => ({
    fromRepository: "app",
    toRepository: "mirror/app",
    digest: manifest.descriptor.digest,
  }));
  return measureImages(wanted, { from, to, reads, platforms: platforms.map(parsePlatform) }, never);
}

/** Bytes of manifests and of different blobs. */
function bytesOf(...images: readonly TestImage[]): number {
  const parts = images.flatMap(({ manifest, blobs }) => [manifest, ...blobs]);
  const sizes = new Map(parts.map(({ descriptor }) => [descriptor.digest, descriptor.size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

describe("measureImages", () => {
  it("counts an index, its platforms and their blobs, shared ones once", async () => {
    expect(await measure([index])).toEqual({
      images: 1,
      bytes: bytesOf(index, amd64, arm64),
      presentBytes: 0,
      manifests: 3,
      platforms: 2,
      unreadable: [],
    });
  });

  it("counts what two images share once", async () => {
    const { bytes, images, platforms } = await measure([index, other]);
    expect([bytes, images, platforms]).toEqual([bytesOf(index, amd64, arm64, other), 2, 3]);
    expect(bytes).toBeLessThan(bytesOf(index, amd64, arm64) + bytesOf(other));
  });

  it("leaves out the blobs that the target has, and says how much that is", async () => {
    to.blobs.set(`mirror/app@${base.descriptor.digest}`, base.bytes);
    const { bytes, presentBytes } = await measure([other]);
    expect([bytes, presentBytes]).toEqual([bytesOf(other) - base.bytes.length, base.bytes.length]);
  });

  it("moves nothing of an image that the target has, and reads nothing of it upstream", async () => {
    for (const image of [amd64, arm64, index]) to.put("mirror/app", image);
    expect(await measure([index])).toMatchObject({ images: 1, bytes: 0, manifests: 0, platforms: 0 });
    expect(from.calls).toEqual([]);
  });

  it("does not count a layer that is never moved", async () => {
    const { bytes } = await measure([windows]);
    expect(bytes).toBe(bytesOf(windows) - foreign.descriptor.size);
  });

  it.each([
    ["none", 0, 0, 0],
    ["too few for the index's platforms: they are not begun", 2, 0, 1],
    ["enough for the index alone", 3, 1, 3],
    ["enough for both", 4, 2, 4],
  ])("reads within its allowance: %s", async (_, reads, images, calls) => {
    expect((await measure([index, other], reads)).images).toBe(images);
    expect(from.calls.length).toBe(calls);
  });

  it.each([
    ["an index that offers it", index, "linux/arm64", 1, []],
    ["an index that does not", index, "linux/s390x", 0, ["lacks linux/s390x and would not be imported"]],
    ["a single image", other, "linux/amd64", 0, ["lacks linux/amd64 and would not be imported"]],
  ])("looks for a demanded platform: %s", async (_, image, platform, images, reasons) => {
    const measured = await measure([image], 100, [platform]);
    expect([measured.images, measured.unreadable.map(({ reason }) => reason)]).toEqual([images, reasons]);
    if (images === 0) expect(measured.bytes).toBe(0);
  });

  it("goes on after an image that cannot be read, and says why", async () => {
    from.failNext("getManifest", new Failure("unsupported", "schema 1"));
    expect(await measure([index, other])).toMatchObject({
      images: 1,
      unreadable: [{ digest: index.manifest.descriptor.digest, reason: "schema 1" }],
    });
  });

  it("passes a passing failure on", async () => {
    from.failNext("getManifest", new Failure("rate-limited", "429"));
    await failureOf(() => measure([index]), "rate-limited");
  });
});
