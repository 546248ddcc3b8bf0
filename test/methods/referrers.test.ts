import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ArmServer, startArm } from "../../local/arm/arm.ts";
import { openArmCache } from "../../local/arm/cache.ts";
import { createCachePulls } from "../../local/arm/cache-pulls.ts";
import { createRegistryTransfer } from "../../local/arm/registry-transfer.ts";
import { type IdentityServer, startIdentity } from "../../local/identity.ts";
import { startRegistry } from "../../local/registry/registry.ts";
import { type ClosableRegistries, createRegistries } from "../../shared/auth/registries.ts";
import { createAcr } from "../../shared/azure/acr.ts";
import { createCredential } from "../../shared/azure/identity.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { parseAgentPoolConfig } from "../../shared/methods/agent-pool-config.ts";
import { parseCredentialSets } from "../../shared/methods/cache-rule-logins.ts";
import { createMethods, type MethodKind } from "../../shared/methods/members.ts";
import type { Credentials } from "../../shared/model/credential.ts";
import type { Manifest } from "../../shared/model/descriptor.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { fallbackTagOf } from "../../shared/registry/cosign-tags.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { getImport } from "../../shared/steps/status/list-imports.ts";
import { makeBlob, makeImage, makeIndex, type TestImage } from "../support/images.ts";
import { createImportBench } from "../support/import-bench.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../support/local-registry.ts";
import { artifactTypes, makeCosignSignature, makeReferrer } from "../support/referrers.ts";
import { never } from "../support/registries.ts";

const resourceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/group/providers/Microsoft.ContainerRegistry/registries/myregistry";
const secret = { username: "reader", password: "s3cret-of-upstream" };
const vault = "https://vault.example/secrets/";
const secrets: Readonly<Record<string, string>> = {
  [`${vault}user`]: secret.username,
  [`${vault}password`]: secret.password,
};
const credentials: Credentials = { resolve: async () => secret };

let dir: string;
let upstream: RegistryUnderTest;
let target: RegistryUnderTest;
let inner: Awaited<ReturnType<typeof startRegistry>>;
let identity: IdentityServer;
let arm: ArmServer;
const opened: ClosableRegistries[] = [];

function openRegistries(of: Credentials): ClosableRegistries {
  const rules = parseHostRules("http://127.0.0.1:*=127.0.0.0/8");
  const registries = createRegistries({ rules, credentials: of });
  opened.push(registries);
  return registries;
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "wharfgate-referrers-"));
  upstream = await startRegistryUnderTest({ kind: "basic", ...secret });
  const cache = await openArmCache({ secret: async (identifier) => secrets[identifier] });
  const cachePulls = createCachePulls(cache);
  target = await startRegistryUnderTest({ kind: "anonymous" }, { pullThrough: cachePulls });
  // The service's own way into its registry, where cache rules keep nobody out.
  inner = await startRegistry({ root: target.root, access: { kind: "anonymous" } });
  identity = await startIdentity();
  Object.assign(process.env, identity.environment);
  arm = await startArm({
    dir,
    registry: { resourceId, loginServer: target.host },
    transfer: createRegistryTransfer({
      upstreams: openRegistries,
      target: openRegistries(credentials).open(inner.host),
    }),
    cache,
    cachePulls,
    pools: { pool: 2 },
    accepts: identity.accepts,
    retryAfterSeconds: 0,
    log: () => {},
  });
  setDefaultCACertificates([...getCACertificates("default"), arm.caPem]);
});
afterAll(async () => {
  await Promise.all(opened.map((registries) => registries.close()));
  await arm.close();
  await identity.close();
  await upstream.close();
  await inner.close();
  await target.close();
  await rm(dir, { recursive: true });
});

async function push(registry: Registry, { manifest, blobs }: TestImage, tag?: string): Promise<void> {
  for (const { descriptor, bytes } of blobs) {
    const upload = await registry.startUpload("suite/one", never);
    await upload.commit(descriptor.digest, never, bytes);
  }
  await registry.putManifest("suite/one", tag ?? manifest.descriptor.digest, manifest, never);
}

// Every method that brings manifests in by their digest alone.
const kinds: readonly MethodKind[] = ["acr-import", "agent-pool", "copy", "cache-rule", "auto"];

describe.each(kinds)("%s", (kind) => {
  it("brings an image with what refers to it, to its children and to its referrers", async () => {
    const registries = openRegistries(credentials);
    const source = registries.open(upstream.host, "env:UPSTREAM");
    const [amd64, arm64] = [
      makeImage([makeBlob(`${kind} amd64`)]),
      makeImage([makeBlob(`${kind} arm64`)], "arm64"),
    ];
    const index: TestImage = { manifest: makeIndex([amd64.manifest, arm64.manifest]), blobs: [] };
    const on = (manifest: Manifest, artifactType: string) =>
      makeReferrer(manifest.descriptor, { artifactType });
    const sbom = on(index.manifest, artifactTypes.spdx);
    const onSbom = on(sbom.manifest, artifactTypes.notation);
    const onChild = on(arm64.manifest, artifactTypes.inToto);
    const cosign = makeCosignSignature(index.manifest.descriptor, "a", "b");
    const cosignTag = `${fallbackTagOf(index.manifest.descriptor.digest)}.sig`;
    for (const each of [amd64, arm64, index, sbom, onSbom, onChild]) await push(source, each);
    await push(source, index, kind);
    await push(source, cosign, cosignTag);

    const there = openRegistries(credentials).open(target.host);
    const methods = createMethods({
      registries,
      credentials,
      now: () => new Date(),
      acr: createAcr({
        resourceId,
        credential: createCredential({ source: "managed-identity" }),
        armEndpoint: arm.url,
      }),
      credentialSets: parseCredentialSets(`${upstream.host}=upstream;${vault}user;${vault}password`),
      agentPool: parseAgentPoolConfig({ pool: "pool", copyTool: `tools/crane@${digestOf("crane")}` }),
    });
    const bench = createImportBench({ registries, target: there, methodOf: (each) => methods.open(each) });
    const path = `mirror/${kind}`;
    const id = await bench.bring({
      source: `${upstream.host}/suite/one:${kind}`,
      target: `${path}:{tag}`,
      method: kind,
      credential: "env:UPSTREAM",
      referrers: ["all"],
    });

    const { state, referrers = [] } = await getImport(id, bench.stores.ledger, never);
    expect(state).toBe("done");
    expect(referrers.map(({ state, digest, reason }) => [state, digest, reason]).sort()).toEqual(
      [sbom, onSbom, onChild, cosign]
        .map(({ manifest }) => ["done", manifest.descriptor.digest, undefined])
        .sort(),
    );
    const listed = async ({ manifest }: TestImage) =>
      (await there.listReferrers(path, manifest.descriptor.digest, never)).map(({ digest }) => digest);
    expect(await listed(index)).toEqual([sbom.manifest.descriptor.digest]);
    expect(await listed(sbom)).toEqual([onSbom.manifest.descriptor.digest]);
    expect(await listed(arm64)).toEqual([onChild.manifest.descriptor.digest]);
    expect((await there.headManifest(path, cosignTag, never))?.digest).toBe(
      cosign.manifest.descriptor.digest,
    );
  });
});
