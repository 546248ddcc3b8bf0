import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ClosableRegistries, createRegistries } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { createCopy } from "../../shared/methods/copy.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { copyImage } from "../../shared/registry/copy-image.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { type Certificate, makeCertificate } from "../support/certificate.ts";
import { type RegistryPeer, run, startDockerRegistry } from "../support/docker-registry.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, noise, type TestImage } from "../support/images.ts";
import { describeWithPeers } from "../support/peers.ts";
import { never, user } from "../support/registries.ts";

// Compressed already, so that skopeo leaves them as they are.
const layer = (seed: string, length: number) =>
  makeBlob(gzipSync(noise(seed, length)), "application/vnd.oci.image.layer.v1.tar+gzip");
const base = layer("base", 300_000);
const amd64 = makeImage([base, layer("amd64", 2_500_000)], "amd64");
const arm64 = makeImage([base, layer("arm64", 100_000)], "arm64");
const index: TestImage = { manifest: makeIndex([amd64.manifest, arm64.manifest]), blobs: [] };
const { digest } = index.manifest.descriptor;

async function push(
  registry: Registry,
  repository: string,
  image: TestImage,
  reference: string,
): Promise<void> {
  for (const { descriptor, bytes } of image.blobs) {
    const upload = await registry.startUpload(repository, never);
    await upload.write(bytes.subarray(0, bytes.length >> 1), never);
    await upload.commit(descriptor.digest, never, bytes.subarray(bytes.length >> 1));
  }
  await registry.putManifest(repository, reference, image.manifest, never);
}

describeWithPeers("Debian's docker-registry", ["docker-registry", "skopeo", "htpasswd"], (programs) => {
  let certificate: Certificate;
  let upstream: RegistryPeer;
  let target: RegistryPeer;
  let registries: ClosableRegistries;
  let folder: string;

  beforeAll(async () => {
    certificate = await makeCertificate();
    folder = mkdtempSync(join(tmpdir(), "wharfgate-peer-test-"));
    writeFileSync(join(folder, "ca.crt"), certificate.cert);
    [upstream, target] = await Promise.all([
      startDockerRegistry(programs),
      startDockerRegistry(programs, { tls: certificate, login: user }),
    ]);
    registries = createRegistries({
      rules: parseHostRules(`http://${upstream.host}=127.0.0.0/8 ${target.host}=127.0.0.0/8`),
      credentials: { resolve: async () => user },
      ca: certificate.cert,
    });
    const registry = registries.open(upstream.host);
    await push(registry, "demo/app", amd64, amd64.manifest.descriptor.digest);
    await push(registry, "demo/app", arm64, arm64.manifest.descriptor.digest);
    for (const tag of ["1.0.0", "latest"]) await push(registry, "demo/app", index, tag);
  });

  afterAll(async () => {
    await registries.close();
    await Promise.all([upstream.stop(), target.stop()]);
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ["the likely one", digest],
    ["another one", digestOf("other")],
  ])("tells the digest of a tag when it is %s", async (_name, likely) => {
    const registry = registries.open(upstream.host);
    expect(await registry.digestAt("demo/app", "1.0.0", { likely, signal: never })).toBe(digest);
  });

  // Its policy file is not part of every machine.
  const skopeo = (...args: readonly string[]) => run(programs.skopeo, ["--insecure-policy", ...args]);
  const login = ["--creds", `${user.username}:${user.password}`];
  const trust = () => ["--cert-dir", folder];
  const openTarget = () => registries.open(target.host, "env:TARGET");

  it("lists what was pushed", async () => {
    const registry = registries.open(upstream.host);
    expect([...tagsOf(await registry.listTags("demo/app", never))].toSorted()).toEqual(["1.0.0", "latest"]);
    await failureOf(() => registry.listTags("demo/none", never), "not-found");
    expect(await registry.headManifest("demo/app", "latest", never)).toMatchObject({ digest });
    expect(await registry.headManifest("demo/app", "none", never)).toBeUndefined();
    expect(await registry.listReferrers("demo/app", digest, never)).toEqual([]);
  });

  it("lists what skopeo pushed", async () => {
    const layout = join(folder, "pushed");
    const url = `docker://${upstream.host}/demo/app:1.0.0`;
    skopeo("copy", "--all", "--src-tls-verify=false", url, `oci:${layout}:1.0.0`);
    skopeo(
      "copy",
      "--all",
      "--dest-tls-verify=false",
      `oci:${layout}:1.0.0`,
      `docker://${upstream.host}/demo/pushed:2.0`,
    );
    const registry = registries.open(upstream.host);
    expect([...tagsOf(await registry.listTags("demo/pushed", never))]).toEqual(["2.0"]);
    expect((await registry.getManifest("demo/pushed", "2.0", never))?.descriptor.digest).toBe(digest);
  });

  it("lists its repositories, also in pages", async () => {
    const names = await registries.open(upstream.host).listRepositories(never);
    expect(names.toSorted()).toEqual(["demo/app", "demo/pushed"]);
    const paged = await fetch(`${upstream.origin}/v2/_catalog?n=1`);
    expect(paged.headers.get("link")).toContain('rel="next"');
    expect(await openTarget().listRepositories(never)).toEqual([]);
  });

  it("copies into a registry with TLS and htpasswd, from which skopeo pulls the same digests", async () => {
    const route = {
      from: registries.open(upstream.host),
      fromRepository: "demo/app",
      to: openTarget(),
      toRepository: "mirror/app",
      digest,
      tag: "1.0.0",
    };
    const result = await copyImage(route, { signal: never, segmentBytes: 1_000_000 });
    expect(result).toMatchObject({ kind: "complete", blobs: 5, skipped: 0 });

    const layout = join(folder, "pulled");
    const url = `docker://${target.host}/mirror/app:1.0.0`;
    expect(digestOf(skopeo("inspect", "--raw", ...trust(), ...login, url))).toBe(digest);
    skopeo(
      "copy",
      "--all",
      "--src-cert-dir",
      folder,
      "--src-creds",
      `${user.username}:${user.password}`,
      url,
      `oci:${layout}`,
    );
    for (const { descriptor, bytes } of [...amd64.blobs, ...arm64.blobs]) {
      const [algorithm = "", hex = ""] = descriptor.digest.split(":");
      expect(readFileSync(join(layout, "blobs", algorithm, hex)).equals(bytes)).toBe(true);
    }
  });

  it("copies nothing twice, and mounts what another repository has", async () => {
    const method = createCopy({ registries, targetCredential: "env:TARGET" });
    const order = (path: string, tag: string) => ({
      key: "0".repeat(64),
      source: { host: upstream.host, path: "demo/app", digest },
      target: { host: target.host, path, tag },
      existing: "keep" as const,
    });
    expect(await method.start(order("mirror/app", "1.0.1"), never)).toMatchObject({ kind: "done" });
    expect(await method.start(order("mirror/second", "1.0.0"), never)).toMatchObject({ kind: "done" });
    expect(await method.start(order("mirror/third", "1.0.0"), never)).toMatchObject({ kind: "done" });
    expect((await openTarget().headManifest("mirror/third", "1.0.0", never))?.digest).toBe(digest);
  });

  it("reads a blob by range", async () => {
    const [, , large] = amd64.blobs;
    if (large === undefined) throw new Error("the image has no layer");
    const parts: Uint8Array[] = [];
    const options = { signal: never, offset: 2_400_000 };
    for await (const part of await registries
      .open(upstream.host)
      .getBlob("demo/app", large.descriptor, options)) {
      parts.push(part);
    }
    expect(Buffer.concat(parts).equals(large.bytes.subarray(2_400_000))).toBe(true);
  });

  it("resumes an upload where it stopped", async () => {
    const blob = makeBlob(noise("resumed", 50_000));
    const upload = await openTarget().startUpload("mirror/resumed", never);
    await upload.write(blob.bytes.subarray(0, 20_000), never);
    await upload.resume(never);
    expect(upload.offset).toBe(20_000);
    await upload.commit(blob.descriptor.digest, never, blob.bytes.subarray(20_000));
    expect(await openTarget().headBlob("mirror/resumed", blob.descriptor.digest, never)).toBe(50_000);
  });

  it("refuses a sparse index clearly", async () => {
    await failureOf(
      () => openTarget().putManifest("mirror/sparse", "1", index.manifest, never),
      "unsupported",
    );
  });

  it("cannot be read without its credential", async () => {
    await failureOf(() => registries.open(target.host).listTags("mirror/app", never), "unauthorized");
  });

  it("cannot be read without its certificate", async () => {
    const wary = createRegistries({
      rules: parseHostRules(`${target.host}=127.0.0.0/8`),
      credentials: { resolve: async () => user },
    });
    await failureOf(() => wary.open(target.host, "env:TARGET").listTags("mirror/app", never), "blocked");
    await wary.close();
  });
});
