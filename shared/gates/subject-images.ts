import type { Descriptor } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parsePlatform } from "../model/platform.ts";
import { choosePlatforms } from "../registry/chosen-platforms.ts";
import type { Registry } from "../registry/registry.ts";
import type { GateSubject } from "./gate.ts";

/** One image that is brought in. */
export interface SubjectImage {
  readonly digest: Digest;
  /** The indexes that name it, outermost first; empty for an image that is no index's child. */
  readonly within: readonly Digest[];
}

const deepest = 3;
const mostImages = 200;

/** The imported image itself, or the children of its index that are brought in. */
export async function imagesOf(
  subject: Pick<GateSubject, "source" | "only">,
  registry: Registry,
  signal: AbortSignal,
): Promise<readonly SubjectImage[]> {
  const { path } = subject.source;
  const only = subject.only.length === 0 ? undefined : subject.only.map(parsePlatform);
  const found = new Map<Digest, SubjectImage>();
  await take(subject.source.digest, []);
  return [...found.values()];

  async function take(digest: Digest, within: readonly Digest[]): Promise<void> {
    const manifest = await registry.getManifest(path, digest, signal);
    if (manifest === undefined)
      throw new Failure("not-found", `${registry.host}/${path}@${digest} does not exist upstream any more`);
    if (manifest.kind === "image") {
      found.set(digest, { digest, within });
      return;
    }
    if (within.length === deepest) throw tooLarge(`is nested deeper than ${deepest} levels`);
    // By the very choice that the copy makes: what is brought in unseen would be let in unseen.
    for (const child of choosePlatforms(manifest.manifests, only)) {
      if (isAttestation(child)) continue;
      if (isIndex(child)) await take(child.digest, [...within, digest]);
      else found.set(child.digest, { digest: child.digest, within: [...within, digest] });
      if (found.size > mostImages) throw tooLarge(`names more than ${mostImages} images`);
    }
  }

  function tooLarge(why: string): Failure {
    return new Failure("too-large", `the index ${registry.host}/${path}@${subject.source.digest} ${why}`);
  }
}

function isIndex({ mediaType }: Descriptor): boolean {
  return mediaType.includes("index") || mediaType.includes("manifest.list");
}

/** https://docs.docker.com/build/metadata/attestations/attestation-storage/: runs nowhere, and has no findings of its own. */
function isAttestation({ platform, annotations }: Descriptor): boolean {
  return (
    platform?.os === "unknown" &&
    platform.architecture === "unknown" &&
    annotations?.["vnd.docker.reference.type"] === "attestation-manifest"
  );
}
