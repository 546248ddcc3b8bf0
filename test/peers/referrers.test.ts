import { afterAll, beforeAll, expect, it } from "vitest";
import { type ClosableRegistries, createRegistries } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { createCopy } from "../../shared/methods/copy.ts";
import { fallbackTagOf } from "../../shared/registry/cosign-tags.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { getImport } from "../../shared/steps/status/list-imports.ts";
import { type RegistryPeer, startDockerRegistry } from "../support/docker-registry.ts";
import { makeBlob, makeImage, type TestImage } from "../support/images.ts";
import { createImportBench } from "../support/import-bench.ts";
import { describeWithPeers } from "../support/peers.ts";
import { artifactTypes, makeCosignSignature, makeReferrer } from "../support/referrers.ts";
import { loopbackRegistries, never } from "../support/registries.ts";

const image = makeImage([makeBlob("layer")]);
const { descriptor } = image.manifest;
const tag = fallbackTagOf(descriptor.digest);
const reports = Array.from({ length: 12 }, (_, at) =>
  makeReferrer(descriptor, { artifactType: artifactTypes.scan, content: `report ${at}` }),
);
const cosign = makeCosignSignature(descriptor, "a");

async function push(registry: Registry, { manifest, blobs }: TestImage, name?: string): Promise<void> {
  for (const blob of blobs) {
    const upload = await registry.startUpload("demo/app", never);
    await upload.commit(blob.descriptor.digest, never, blob.bytes);
  }
  await registry.putManifest("demo/app", name ?? manifest.descriptor.digest, manifest, never);
}

// It has no referrers API: clients keep the index under the fallback tag.
describeWithPeers("referrers at Debian's docker-registry", ["docker-registry", "htpasswd"], (programs) => {
  let upstream: RegistryPeer;
  let target: RegistryPeer;
  let registries: ClosableRegistries;

  beforeAll(async () => {
    [upstream, target] = await Promise.all([startDockerRegistry(programs), startDockerRegistry(programs)]);
    registries = createRegistries({
      rules: parseHostRules("http://127.0.0.1:*=127.0.0.0/8"),
      credentials: { resolve: async () => ({ username: "u", password: "p" }) },
      // Nobody else writes there.
      sleep: async () => {},
    });
    await push(registries.open(upstream.host), image, "1.0.0");
    await push(registries.open(upstream.host), cosign, `${tag}.sig`);
    for (const report of reports) await push(registries.open(upstream.host), report);
  });
  afterAll(async () => {
    await registries.close();
    await Promise.all([upstream.stop(), target.stop()]);
  });

  const listed = async (host: string, path: string) =>
    (await registries.open(host).listReferrers(path, descriptor.digest, never))
      .map(({ digest }) => digest)
      .sort();
  const all = reports.map(({ manifest }) => manifest.descriptor.digest).sort();

  it("are all listed when they are attached at once", async () => {
    const registry = registries.open(upstream.host);
    expect(await listed(upstream.host, "demo/app")).toEqual([]);
    await Promise.all(reports.map(({ manifest }) => registry.attachReferrer("demo/app", manifest, never)));
    expect(await listed(upstream.host, "demo/app")).toEqual(all);
  });

  it("are all listed when several processes attach them at once, who know nothing of each other", async () => {
    const { descriptor: subject } = makeImage([makeBlob("another layer")]).manifest;
    const many = Array.from({ length: 24 }, (_, at) =>
      makeReferrer(subject, { artifactType: artifactTypes.scan, content: `from one of them ${at}` }),
    );
    for (const each of many) await push(registries.open(upstream.host), each);
    // Each has a session of its own, and with it turns of its own.
    const processes = [1, 2, 3, 4].map(() => loopbackRegistries());
    await Promise.all(
      many.map(({ manifest }, at) =>
        processes[at % processes.length]?.open(upstream.host).attachReferrer("demo/app", manifest, never),
      ),
    );
    const found = await registries.open(upstream.host).listReferrers("demo/app", subject.digest, never);
    expect(found.map(({ digest }) => digest).sort()).toEqual(
      many.map(({ manifest }) => manifest.descriptor.digest).sort(),
    );
    await Promise.all(processes.map((each) => each.close()));
  });

  it("come in with their image, and are listed there as they are upstream", async () => {
    const copy = createCopy({ registries });
    const bench = createImportBench({
      registries,
      target: registries.open(target.host),
      methodOf: () => copy,
    });
    const id = await bench.bring({
      source: `${upstream.host}/demo/app:1.0.0`,
      target: "mirror/app:{tag}",
      referrers: ["all"],
    });
    const { state, referrers = [] } = await getImport(id, bench.stores.ledger, never);
    expect([state, referrers.length, referrers.filter((each) => each.state === "done").length]).toEqual([
      "done",
      13,
      13,
    ]);
    expect(await listed(target.host, "mirror/app")).toEqual(all);
    const types = await registries.open(target.host).getManifest("mirror/app", tag, never);
    expect(new Set(types?.manifests.map(({ artifactType }) => artifactType))).toEqual(
      new Set([artifactTypes.scan]),
    );
    const signed = await registries.open(target.host).headManifest("mirror/app", `${tag}.sig`, never);
    expect(signed?.digest).toBe(cosign.manifest.descriptor.digest);
  });
});
