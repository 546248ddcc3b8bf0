import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { createCopy } from "../../shared/methods/copy.ts";
import type { ImportOrder } from "../../shared/methods/method.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { parsePlatform } from "../../shared/model/platform.ts";
import { copyImage } from "../../shared/registry/copy-image.ts";
import { createKnownBlobs } from "../../shared/registry/known-blobs.ts";
import { type CuttingRelay, startCuttingRelay } from "../support/cutting-relay.ts";
import { type RegistryPeer, run, startDockerRegistry } from "../support/docker-registry.ts";
import { makeBlob, makeImage, makeIndex, noise, type TestImage } from "../support/images.ts";
import { describeWithPeers } from "../support/peers.ts";
import { loopbackRegistries, never } from "../support/registries.ts";

const layer = (seed: string, length: number) =>
  makeBlob(gzipSync(noise(seed, length)), "application/vnd.oci.image.layer.v1.tar+gzip");
const base = layer("base", 300_000);
const amd64 = makeImage([base, layer("amd64", 3_000_000)], "amd64");
const arm64 = makeImage([base, layer("arm64", 100_000)], "arm64");
const index: TestImage = { manifest: makeIndex([amd64.manifest, arm64.manifest]), blobs: [] };
const { digest } = index.manifest.descriptor;

describeWithPeers("copies between real registries", ["docker-registry", "skopeo", "htpasswd"], (programs) => {
  let upstream: RegistryPeer;
  let target: RegistryPeer;
  let registries: ClosableRegistries;
  let folder: string;
  const relays: CuttingRelay[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "wharfgate-peer-test-"));
    [upstream, target] = await Promise.all([startDockerRegistry(programs), startDockerRegistry(programs)]);
    registries = loopbackRegistries();
    const registry = registries.open(upstream.host);
    for (const { descriptor, bytes } of [...amd64.blobs, ...arm64.blobs]) {
      const upload = await registry.startUpload("demo/app", never);
      await upload.commit(descriptor.digest, never, bytes);
    }
    for (const { manifest } of [amd64, arm64])
      await registry.putManifest("demo/app", manifest.descriptor.digest, manifest, never);
    await registry.putManifest("demo/app", "1.0", index.manifest, never);
  });

  afterAll(async () => {
    await registries.close();
    await Promise.all(relays.map((relay) => relay.close()));
    await Promise.all([upstream.stop(), target.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  const skopeo = (...args: readonly string[]) => run(programs.skopeo, ["--insecure-policy", ...args]);
  const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
  const rawDigest = (host: string, name: string) =>
    digestOf(skopeo("inspect", "--raw", "--tls-verify=false", `docker://${host}/${name}`));
  const order = (source: Digest, path: string, more: Partial<ImportOrder> = {}): ImportOrder => ({
    key: digestOf(path).slice(7),
    source: { host: upstream.host, path: "demo/app", digest: source },
    target: { host: target.host, path, tag: "1.0" },
    existing: "keep",
    ...more,
  });

  async function relayTo({ host }: RegistryPeer): Promise<CuttingRelay> {
    const relay = await startCuttingRelay(Number(host.split(":")[1]));
    relays.push(relay);
    return relay;
  }

  // Docker's registry gives up a session that broke, so that the blob is sent anew.
  it.each<[string, "up" | "down", readonly number[], number]>([
    ["at the beginning of a large blob", "up", [500_000], 64],
    ["near its end", "up", [2_900_000], 64],
    ["again and again, in segments", "up", [400_000, 700_000, 1_100_000], 1],
  ])("is whole when the target breaks off %s", async (name, way, cuts, mebibytes) => {
    const relay = await relayTo(target);
    relay.cutAfter(way, ...cuts);
    const toRepository = `broken/${name.replaceAll(/[^a-z]+/g, "-")}`;
    const result = await copyImage(
      {
        from: registries.open(upstream.host),
        fromRepository: "demo/app",
        to: registries.open(relay.host),
        toRepository,
        digest,
        tag: "1.0",
      },
      { signal: never, segmentBytes: mebibytes * 1024 * 1024, concurrency: 1 },
    );
    expect(result.kind).toBe("complete");
    expect(relay.cuts).toBe(cuts.length);
    skopeo(
      "copy",
      "--all",
      ...plain,
      `docker://${target.host}/${toRepository}:1.0`,
      `dir:${join(folder, toRepository.slice(7))}`,
    );
    expect(rawDigest(target.host, `${toRepository}:1.0`)).toBe(digest);
  });

  it("is whole when the source breaks off, and reads on where it was", async () => {
    const relay = await relayTo(upstream);
    relay.cutAfter("down", 1_500_000, 1_000_000);
    const copy = { from: registries.open(relay.host), fromRepository: "demo/app", digest, tag: "1.0" };
    const result = await copyImage(
      { ...copy, to: registries.open(target.host), toRepository: "broken/source" },
      { signal: never, concurrency: 1 },
    );
    expect(result).toMatchObject({ kind: "complete", blobs: 5 });
    expect(relay.cuts).toBe(2);
    expect(rawDigest(target.host, "broken/source:1.0")).toBe(digest);
  });

  it.each([
    ["OCI with zstd", "zstd", ["--format=oci", "--dest-compress-format=zstd"]],
    ["OCI with gzip", "gzip", ["--format=oci", "--dest-compress-format=gzip"]],
    ["a Docker list of schema 2", "schema2", ["--format=v2s2"]],
  ])("takes what skopeo wrote, %s, and skopeo reads it back", async (_name, path, options) => {
    const source = makeImage([makeBlob(noise(path, 50_000))]);
    const registry = registries.open(upstream.host);
    for (const { descriptor, bytes } of source.blobs) {
      const upload = await registry.startUpload("demo/plain", never);
      await upload.commit(descriptor.digest, never, bytes);
    }
    await registry.putManifest("demo/plain", source.manifest.descriptor.digest, source.manifest, never);
    await registry.putManifest("demo/plain", path, makeIndex([source.manifest]), never);
    const name = `written/${path}`;
    const from = `docker://${upstream.host}/demo/plain:${path}`;
    skopeo("copy", "--all", ...plain, ...options, from, `docker://${upstream.host}/${name}:1.0`);
    const written = rawDigest(upstream.host, `${name}:1.0`);
    const wanted = order(written, name, { source: { host: upstream.host, path: name, digest: written } });
    expect(await createCopy({ registries }).start(wanted, never)).toMatchObject({ kind: "done" });
    expect(rawDigest(target.host, `${name}:1.0`)).toBe(written);
    const back = `dir:${join(folder, `back-${path}`)}`;
    skopeo("copy", "--all", "--src-tls-verify=false", `docker://${target.host}/${name}:1.0`, back);
    const kind = (await registries.open(target.host).getManifest(name, "1.0", never))?.descriptor.mediaType;
    expect(kind).toBe(path === "schema2" ? mediaTypes.dockerList : mediaTypes.ociIndex);
  });

  it("reads common blobs once for images that are copied at once", async () => {
    const known = createKnownBlobs();
    const names = ["at-once/a", "at-once/b", "at-once/c"];
    const results = await Promise.all(
      names.map((toRepository) =>
        copyImage(
          {
            from: registries.open(upstream.host),
            fromRepository: "demo/app",
            to: registries.open(target.host),
            toRepository,
            digest,
            tag: "1.0",
          },
          { signal: never, known },
        ),
      ),
    );
    expect(results.reduce((sum, { blobs }) => sum + blobs, 0)).toBe(5);
    for (const name of names) expect(rawDigest(target.host, `${name}:1.0`)).toBe(digest);
  });

  it("says in one answer that it does not take an index in part", async () => {
    const method = createCopy({ registries });
    const part = order(digest, "sparse", { only: [parsePlatform("linux/arm64")] });
    const progress = await method.start(part, never);
    expect(progress).toMatchObject({ kind: "refused", code: "unsupported" });
    expect(progress).toHaveProperty(
      "reason",
      expect.stringMatching(
        /does not take an index of which only a part comes along \(linux\/arm64\): bring the image in whole/,
      ),
    );
    expect(await registries.open(target.host).headManifest("sparse", "1.0", never)).toBeUndefined();
  });

  it("brings a child in by its digest alone", async () => {
    const child = arm64.manifest.descriptor.digest;
    const untagged = order(child, "untagged", { target: { host: target.host, path: "untagged" } });
    expect(await createCopy({ registries }).start(untagged, never)).toMatchObject({ kind: "done" });
    expect(rawDigest(target.host, `untagged@${child}`)).toBe(child);
  });
});
