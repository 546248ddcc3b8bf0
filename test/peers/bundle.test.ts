import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { digestOf } from "../../shared/model/digest.ts";
import type { LayoutFiles } from "../../shared/registry/layout/layout-files.ts";
import { openFolder } from "../../shared/registry/layout/read-folder.ts";
import { openTar } from "../../shared/registry/layout/read-tar.ts";
import { readBlob } from "../../shared/registry/read-blob.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { importBundle } from "../../shared/steps/bundle/import-bundle.ts";
import { readForeignLayout } from "../../shared/steps/bundle/read-foreign-layout.ts";
import { type BundleBench, createBundleBench, siteName } from "../support/bundle-bench.ts";
import { type RegistryPeer, run, startDockerRegistry } from "../support/docker-registry.ts";
import { makeBlob, makeImage, makeIndex, noise, type TestImage } from "../support/images.ts";
import { describeWithPeers } from "../support/peers.ts";
import { loopbackRegistries, never } from "../support/registries.ts";

// Compressed already, so that skopeo leaves them as they are.
const layer = (seed: string, length: number) =>
  makeBlob(gzipSync(noise(seed, length)), "application/vnd.oci.image.layer.v1.tar+gzip");
const base = layer("base", 400_000);
const children = [
  makeImage([base, layer("amd64", 90_000)], "amd64"),
  makeImage([base, layer("arm64", 80_000)], "arm64"),
];
const index: TestImage = { manifest: makeIndex(children.map(({ manifest }) => manifest)), blobs: [] };
const newer = makeImage([base, layer("newer", 50_000)], "amd64");
const { digest } = index.manifest.descriptor;

describeWithPeers(
  "bundles beside skopeo and docker-registry",
  ["docker-registry", "skopeo", "htpasswd"],
  (programs) => {
    let bench: BundleBench;
    let peer: RegistryPeer;
    let registries: ClosableRegistries;
    let site: Registry;
    const full = () => join(bench.folder, "full.tar");
    const delta = () => join(bench.folder, "delta.tar");
    const skopeo = (...args: readonly string[]) => run(programs.skopeo, ["--insecure-policy", ...args]);
    const toSite = (from: string, name: string) =>
      skopeo("copy", "--all", "--dest-tls-verify=false", from, `docker://${peer.host}/${name}`);
    const rawOf = (from: string, ...options: string[]) =>
      digestOf(skopeo("inspect", "--raw", ...options, from));

    beforeAll(async () => {
      bench = await createBundleBench();
      peer = await startDockerRegistry(programs);
      registries = loopbackRegistries();
      site = registries.open(peer.host);
      for (const child of children) bench.target.put("mirror/app", child);
      await bench.imported("mirror/app", "1.0.0", index);
      await bench.export({ watches: ["default/app"], kind: "full" }, full());
    });
    afterAll(async () => {
      await registries.close();
      await peer.stop();
      bench.close();
    });

    it("is read by skopeo, digest by digest, when it is full", async () => {
      expect(rawOf(`oci-archive:${full()}:mirror/app:1.0.0`)).toBe(digest);
      const inspected = JSON.parse(
        skopeo("inspect", `--override-arch=arm64`, `oci-archive:${full()}:mirror/app:1.0.0`),
      );
      expect(inspected).toMatchObject({
        Architecture: "arm64",
        Layers: [base.descriptor.digest, children[1]?.blobs[2]?.descriptor.digest],
      });
      toSite(`oci-archive:${full()}:mirror/app:1.0.0`, "skopeo/app:1.0.0");
      expect((await site.headManifest("skopeo/app", "1.0.0", never))?.digest).toBe(digest);
    });

    it("brings the same digests into docker-registry, where skopeo finds them", async () => {
      const receipt = await bench.import(full(), site);
      expect(receipt.images.map(({ outcome }) => outcome)).toEqual(["imported"]);
      expect(rawOf(`docker://${peer.host}/mirror/app:1.0.0`, "--tls-verify=false")).toBe(digest);
      for (const { blobs } of children) {
        for (const { descriptor, bytes } of blobs) {
          const read = await readBlob(site, { repository: "mirror/app", blob: descriptor }, never);
          expect(read.equals(bytes)).toBe(true);
        }
      }
      await bench.acknowledge(receipt);
    });

    it("mounts what the site has in another repository, and is read by skopeo as far as it goes", async () => {
      await bench.imported("other/app", "2.0.0", newer);
      const exported = await bench.export({ images: ["other/app:2.0.0"] }, delta());
      expect(exported).toMatchObject({ kind: "delta", blobs: { included: 2, leftOut: 1 } });
      const name = `oci-archive:${delta()}:other/app:2.0.0`;
      expect(rawOf(name)).toBe(newer.manifest.descriptor.digest);
      expect(JSON.parse(skopeo("inspect", name)).Architecture).toBe("amd64");
      expect(() => skopeo("copy", name, `oci:${join(bench.folder, "lacking")}:1`)).toThrow(/no such file/);
      const receipt = await bench.import(delta(), site);
      expect(receipt).toMatchObject({ moved: { blobs: 2, skipped: 1 }, images: [{ outcome: "imported" }] });
      expect(rawOf(`docker://${peer.host}/other/app:2.0.0`, "--tls-verify=false")).toBe(
        newer.manifest.descriptor.digest,
      );
    });

    it.each<[string, (at: string) => string, (path: string) => Promise<LayoutFiles>]>([
      ["oci-archive", (at) => `oci-archive:${at}:from/skopeo:3`, (path) => openTar(path, never)],
      ["oci", (at) => `oci:${at}:from/skopeo:3`, openFolder],
      ["oci-archive with a tag alone", (at) => `oci-archive:${at}:3`, (path) => openTar(path, never)],
    ])("brings in what skopeo wrote as %s", async (kind, nameAt, open) => {
      const at = join(bench.folder, kind.replaceAll(" ", "-"));
      skopeo("copy", "--all", `oci-archive:${full()}:mirror/app:1.0.0`, nameAt(at));
      const files = await open(at);
      const repository = `from/${kind.replaceAll(" ", "-")}`;
      const order = await readForeignLayout(files, {
        site: siteName,
        repository,
        existing: "keep",
        signal: never,
      });
      const { images } = await importBundle(
        order,
        { registry: site, now: () => new Date(), told: () => {} },
        never,
      );
      await files.close();
      expect(images).toMatchObject([{ repository, tag: "3", outcome: "imported" }]);
      expect(rawOf(`docker://${peer.host}/${repository}:3`, "--tls-verify=false")).toBe(digest);
    });
  },
);
