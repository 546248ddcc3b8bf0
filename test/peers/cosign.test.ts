import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { createGates } from "../../shared/gates/members.ts";
import { openPolicy } from "../../shared/gates/policy.ts";
import { parseVerifiers } from "../../shared/gates/verifiers.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { type CosignCase, cosignFixture, cosignImage, manifestOf } from "../gates/cosign-fixture.ts";
import { type RegistryPeer, startDockerRegistry } from "../support/docker-registry.ts";
import { makeBlob } from "../support/images.ts";
import { describeWithPeers } from "../support/peers.ts";
import { loopbackRegistries, never } from "../support/registries.ts";

describeWithPeers(
  "what cosign wrote, at Debian's docker-registry",
  ["docker-registry", "htpasswd"],
  (programs) => {
    let peer: RegistryPeer;
    let registries: ClosableRegistries;
    beforeAll(async () => {
      peer = await startDockerRegistry(programs);
      registries = loopbackRegistries();
    });
    afterAll(async () => {
      await registries.close();
      await peer.stop();
    });

    it.each(cosignFixture.cases)("$by: $what by $key, $format", async (tried) => {
      const registry = registries.open(peer.host);
      const repository = `acme/${cosignFixture.cases.indexOf(tried)}`;
      await write(registry, repository, tried);
      const predicateType =
        tried.what === "attestation"
          ? { predicateType: "https://cosign.sigstore.dev/attestation/vuln/v1" }
          : {};
      const verifiers = parseVerifiers(
        { acme: { kind: "signature", key: cosignFixture.keys[tried.key], ...predicateType } },
        () => "",
      );
      const gates = createGates({
        registries,
        policy: { ...openPolicy, verifiers },
        reports: { find: async () => undefined },
        now: () => new Date("2026-11-25T12:00:00Z"),
      });
      const { results } = await gates.pass(
        {
          source: { host: peer.host, path: repository, digest: cosignImage },
          tag: "1.0.0",
          target: { host: "target.example", path: "app" },
          watch: "default/app",
          requestedBy: "schedule",
          seenAt: new Date("2026-11-25T00:00:00Z"),
          demands: { verify: ["acme"] },
          decisions: [],
          only: [],
        },
        never,
      );
      expect(results).toContainEqual(expect.objectContaining({ gate: "signature", verdict: "passed" }));
    });
  },
);

/** As cosign left it: blobs, manifests, then the tags that name them. */
async function write(registry: Registry, repository: string, tried: CosignCase): Promise<void> {
  for (const text of [...Object.values(cosignFixture.blobs), ...Object.values(tried.blobs)]) {
    const { descriptor, bytes } = makeBlob(text);
    await (await registry.startUpload(repository, never)).commit(descriptor.digest, never, bytes);
  }
  for (const text of [cosignFixture.image, ...Object.values(tried.manifests)]) {
    const manifest = manifestOf(text);
    await registry.putManifest(repository, manifest.descriptor.digest, manifest, never);
  }
  for (const [tag, text] of Object.entries(tried.tags))
    await registry.putManifest(repository, tag, manifestOf(text), never);
}
