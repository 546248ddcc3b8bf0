import { type Digest, shortDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { CopySource } from "../../registry/copy-route.ts";
import type { LayoutContents } from "../../registry/layout/open-layout.ts";
import type { Registry } from "../../registry/registry.ts";

/**
 * What a bundle's images are copied from: its file, and for the blobs that it leaves out the repository of the site's own
 * registry where they are, should that not mount them.
 */
export function bundleSource(
  { contents, assumes }: { readonly contents: LayoutContents; readonly assumes: ReadonlyMap<Digest, string> },
  site: Pick<Registry, "host" | "getManifest" | "getBlob">,
): CopySource {
  const lacks = (digest: Digest): Failure => {
    const assumed = assumes.get(digest);
    return new Failure(
      "not-found",
      assumed === undefined
        ? `neither the bundle nor the registry has ${shortDigest(digest)}`
        : `the registry ${site.host} lacks ${shortDigest(digest)}, which the bundle leaves out since the last receipt found it in ${assumed}: acknowledge this import's receipt and export again, or export with --full`,
    );
  };
  return {
    host: contents.host,
    getManifest: async (repository, reference, signal) => {
      const manifest = await contents.getManifest(repository, reference, signal);
      if (manifest !== undefined) return manifest;
      const digest = reference as Digest;
      const elsewhere = assumes.get(digest);
      const found = elsewhere && (await site.getManifest(elsewhere, digest, signal));
      if (found) return found;
      throw lacks(digest);
    },
    getBlob: async (repository, descriptor, options) => {
      const { digest } = descriptor;
      if (contents.has(digest)) return contents.getBlob(repository, descriptor, options);
      const elsewhere = assumes.get(digest);
      if (elsewhere === undefined) throw lacks(digest);
      try {
        return await site.getBlob(elsewhere, descriptor, options);
      } catch (error) {
        if (error instanceof Failure && error.code === "not-found") throw lacks(digest);
        throw error;
      }
    },
  };
}
