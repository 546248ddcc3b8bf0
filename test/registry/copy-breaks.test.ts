import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { type CopyOptions, copyImage } from "../../shared/registry/copy-image.ts";
import { createKnownBlobs } from "../../shared/registry/known-blobs.ts";
import { parseLimits } from "../../shared/registry/limits.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { type CuttingRelay, startCuttingRelay } from "../support/cutting-relay.ts";
import { makeBlob, makeImage, noise } from "../support/images.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../support/local-registry.ts";
import { loopbackRegistries, never } from "../support/registries.ts";

const size = 3_000_000;
const image = makeImage([makeBlob(noise("large", size))]);
const [, layer] = image.blobs;
const { digest } = image.manifest.descriptor;

let [upstream, target]: RegistryUnderTest[] = [];
let registries: ClosableRegistries;
const relays: CuttingRelay[] = [];
beforeAll(async () => {
  [upstream, target] = await Promise.all([
    startRegistryUnderTest({ kind: "anonymous" }),
    startRegistryUnderTest({ kind: "anonymous" }),
  ]);
  registries = loopbackRegistries();
  const source = registries.open(upstream.host);
  for (const { descriptor, bytes } of image.blobs) {
    await (await source.startUpload("app", never)).commit(descriptor.digest, never, bytes);
  }
  await source.putManifest("app", "1.0", image.manifest, never);
});
afterAll(async () => {
  await registries.close();
  await Promise.all(relays.map((relay) => relay.close()));
  await Promise.all([upstream?.close(), target?.close()]);
});

async function relayTo(registry: RegistryUnderTest | undefined): Promise<CuttingRelay> {
  const relay = await startCuttingRelay(Number(registry?.host.split(":")[1]), { as: "server" });
  relays.push(relay);
  return relay;
}

/** Copies; returns from where the layer was read, each time, and whether all of it has arrived. */
async function copy(
  hosts: { from?: string; to?: string },
  toRepository: string,
  options: Partial<CopyOptions>,
) {
  const source = registries.open(hosts.from ?? upstream?.host ?? "");
  const offsets: number[] = [];
  const from: Registry = {
    ...source,
    getBlob(repository, descriptor, reading) {
      if (descriptor.digest === layer?.descriptor.digest) offsets.push(reading.offset ?? 0);
      return source.getBlob(repository, descriptor, reading);
    },
  };
  const to = registries.open(hosts.to ?? target?.host ?? "");
  const result = await copyImage(
    { from, fromRepository: "app", to, toRepository, digest, tag: "1.0" },
    { signal: never, concurrency: 1, ...options },
  );
  expect(result.kind).toBe("complete");
  const direct = registries.open(target?.host ?? "");
  expect((await direct.headManifest(toRepository, "1.0", never))?.digest).toBe(digest);
  const parts: Uint8Array[] = [];
  if (layer !== undefined) {
    for await (const part of await direct.getBlob(toRepository, layer.descriptor, { signal: never }))
      parts.push(Buffer.from(part));
  }
  expect(Buffer.concat(parts).equals(layer?.bytes ?? Buffer.alloc(0))).toBe(true);
  return offsets;
}

it("stays within the connections that each host allows", async () => {
  const wide = makeImage(Array.from({ length: 12 }, (_, at) => makeBlob(noise(`wide ${at}`, 200_000))));
  const source = registries.open(upstream?.host ?? "");
  for (const { descriptor, bytes } of wide.blobs) {
    await (await source.startUpload("wide", never)).commit(descriptor.digest, never, bytes);
  }
  await source.putManifest("wide", "1.0", wide.manifest, never);
  const [up, down] = await Promise.all([relayTo(upstream), relayTo(target)]);
  const bounded = loopbackRegistries({
    limits: parseLimits(`${up.host} concurrency=3; ${down.host} concurrency=4`),
  });
  const known = createKnownBlobs();
  const results = await Promise.all(
    ["wide/a", "wide/b"].map((toRepository) =>
      copyImage(
        {
          from: bounded.open(up.host),
          fromRepository: "wide",
          to: bounded.open(down.host),
          toRepository,
          digest: wide.manifest.descriptor.digest,
          tag: "1.0",
        },
        { signal: never, concurrency: 12, known },
      ),
    ),
  );
  await bounded.close();
  expect(results.map(({ kind }) => kind)).toEqual(["complete", "complete"]);
  expect(results.reduce((sum, { blobs }) => sum + blobs, 0)).toBe(13);
  expect(up.highest).toBeLessThanOrEqual(3);
  expect(down.highest).toBeLessThanOrEqual(4);
});

describe("a copy over connections that break", () => {
  it.each<[string, readonly number[], number]>([
    ["once", [1_000_000], 64],
    ["near the end", [2_990_000], 64],
    ["twice", [800_000, 900_000], 64],
    ["between segments and within", [1_050_000, 500_000], 1],
  ])("goes on at the target where it was, when they break %s", async (name, cuts, mebibytes) => {
    const relay = await relayTo(target);
    relay.cutAfter("up", ...cuts);
    const repository = `up/${name.replaceAll(" ", "-")}`;
    const offsets = await copy({ to: relay.host }, repository, { segmentBytes: mebibytes * 1024 * 1024 });
    expect(relay.cuts).toBe(cuts.length);
    // Where the target has all that was read, nothing is read again.
    for (const [at, offset] of offsets.entries()) {
      expect(offset).toBeGreaterThanOrEqual(at === 0 ? 0 : (offsets[at - 1] ?? 0) + 1);
    }
  });

  it.each<[string, readonly number[]]>([
    ["in the first bytes", [500]],
    ["in the middle", [1_500_000]],
    ["again and again", [700_000, 700_000, 700_000]],
    ["at the end", [size + 100]],
  ])("reads on at the source where it was, when they break %s", async (name, cuts) => {
    const relay = await relayTo(upstream);
    // The sign-in, the tree and the configuration come over other connections, or are small.
    relay.cutAfter("down", ...cuts.map((each) => Math.max(each, 2_000)));
    const offsets = await copy({ from: relay.host }, `down/${name.replaceAll(" ", "-")}`, {});
    expect(relay.cuts).toBe(cuts.length);
    expect(offsets[0]).toBe(0);
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
  });
});
