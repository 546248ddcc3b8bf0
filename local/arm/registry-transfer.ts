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
      const manifest = await getManifest(registry, source, signal);
      const manifests = await countManifests(registry, { ...source, reference: manifest.digest }, signal);
      return { digest: manifest.digest, manifests };
    },

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
