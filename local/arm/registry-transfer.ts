import { createHash } from "node:crypto";
import type { Credential, Credentials } from "../../shared/model/credential.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { isDigest, shortDigest } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { copyImage } from "../../shared/registry/copy-image.ts";
import { createKnownBlobs } from "../../shared/registry/known-blobs.ts";
import type { Registries, Registry } from "../../shared/registry/registry.ts";
import type { Transfer, TransferSource } from "./transfer.ts";

export interface RegistryTransferOptions {
  /** Opens upstreams. The credentials are those that came with each request, by references of our own. */
  readonly upstreams: (credentials: Credentials) => Registries;
  readonly target: Registry;
}

/** Moves images with the product's own registry client. */
export function createRegistryTransfer({ upstreams, target }: RegistryTransferOptions): Transfer {
  const { credentials, referenceFor } = createHeldCredentials();
  const registries = upstreams(credentials);
  const known = createKnownBlobs();
  const open = ({ host, credential }: TransferSource): Registry =>
    registries.open(host, credential === undefined ? undefined : referenceFor(host, credential));

  return {
    async inspect(source, signal) {
      const registry = open(source);
      const { digest } = await getManifest(registry, source, signal);
      return { digest, manifests: await countManifests(registry, { ...source, reference: digest }, signal) };
    },

    read: (source, signal) => open(source).getManifest(source.repository, source.reference, signal),

    repositories: () => target.listRepositories(AbortSignal.timeout(20_000)),

    async targetDigest({ repository, tag }, signal) {
      return (await target.headManifest(repository, tag, signal))?.digest;
    },

    async copy(source, { repository, tag }, signal) {
      const from = open(source);
      const { digest } = isDigest(source.reference)
        ? { digest: source.reference }
        : await getManifest(from, source, signal);
      await copyImage(
        {
          from,
          fromRepository: source.repository,
          to: target,
          toRepository: repository,
          digest,
          ...(tag === undefined ? {} : { tag }),
        },
        // Whoever asked has looked at the tag already, as its mode says.
        { signal, existing: "replace", known },
      );
    },
  };
}

async function getManifest(
  registry: Registry,
  { host, repository, reference }: TransferSource,
  signal: AbortSignal,
) {
  const manifest = await registry.getManifest(repository, reference, signal);
  if (manifest !== undefined) return { ...manifest, digest: manifest.descriptor.digest };
  const name = isDigest(reference) ? shortDigest(reference) : reference;
  throw new Failure("not-found", `${host}/${repository} has no manifest ${name}`);
}

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];

/** Children at any depth; an image alone is one. */
async function countManifests(
  registry: Registry,
  source: TransferSource,
  signal: AbortSignal,
): Promise<number> {
  const { kind, manifests } = await getManifest(registry, source, signal);
  if (kind === "image") return 1;
  let count = 0;
  for (const { mediaType, digest } of manifests) {
    const nested = indexTypes.includes(mediaType);
    count += nested ? await countManifests(registry, { ...source, reference: digest }, signal) : 1;
  }
  return count;
}

/**
 * The registry client asks for credentials by reference; those of requests have none, so they get one by
 * their content.
 */
function createHeldCredentials() {
  const held = new Map<string, { readonly host: string; readonly credential: Credential }>();
  const credentials: Credentials = {
    async resolve(reference, host) {
      const found = held.get(reference);
      if (found?.host === host) return found.credential;
      throw new Failure("unauthorized", `no credential came along for ${host}`);
    },
  };
  return {
    credentials,
    referenceFor(host: string, credential: Credential): string {
      const content = JSON.stringify([host, credential.username, credential.password]);
      const reference = `request:${createHash("sha256").update(content).digest("hex")}`;
      held.set(reference, { host, credential });
      return reference;
    },
  };
}
