import type { Manifest } from "../../shared/model/descriptor.ts";
import type { Digest } from "../../shared/model/digest.ts";
import type { RepositoryName } from "./names.ts";
import type { ManifestReference } from "./route.ts";

/** Fills repositories from elsewhere when they are pulled from. */
export interface PullThrough {
  /** Undefined for a repository that is filled by pushes, as usual. */
  find(repository: RepositoryName): Filled | undefined;
}

/** A repository that is filled from elsewhere; nobody pushes to it. */
export interface Filled {
  /** What fills it, for messages: `cache rule 'hub'`. */
  readonly by: string;
  /**
   * What there is elsewhere just now; undefined when there is nothing. `keep` has it brought in whole, which may take longer
   * than the answer. Throws `OciError`.
   */
  read(reference: string, purpose: "look" | "keep"): Promise<Manifest | undefined>;
  /** Ends when what is on its way in has come in, or has failed to. */
  settled(): Promise<void>;
}

export interface HeldManifest {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** A manifest of a filled repository: its own while nothing newer is elsewhere, or elsewhere cannot be reached. */
export async function pullThrough(
  filled: Filled,
  { reference, purpose, own }: Pull,
): Promise<HeldManifest | undefined> {
  if (reference.kind === "digest" && own !== undefined) return own;
  const name = reference.kind === "tag" ? reference.tag : reference.digest;
  try {
    const found = await filled.read(name, own === undefined ? purpose : "look");
    if (found === undefined || found.descriptor.digest === own?.digest) return own;
    if (own !== undefined && purpose === "keep") await filled.read(name, "keep");
    return { digest: found.descriptor.digest, bytes: found.bytes };
  } catch (error) {
    if (own !== undefined) return own;
    throw error;
  }
}

export interface Pull {
  readonly reference: ManifestReference;
  readonly purpose: "look" | "keep";
  /** What the repository holds. */
  readonly own: HeldManifest | undefined;
}
