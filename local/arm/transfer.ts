import type { Credential } from "../../shared/model/credential.ts";
import type { Manifest } from "../../shared/model/descriptor.ts";
import type { Digest } from "../../shared/model/digest.ts";

/** Moves images for the stand-in, as Azure's service or an agent's copy tool would. Throws `Failure`. */
export interface Transfer {
  inspect(
    source: TransferSource,
    signal: AbortSignal,
  ): Promise<{
    readonly digest: Digest /** Children of an index, at any depth. */;
    readonly manifests: number;
  }>;
  /** What a tag of the own registry points at; undefined when it does not exist. */
  targetDigest(
    target: { readonly repository: string; readonly tag: string },
    signal: AbortSignal,
  ): Promise<Digest | undefined>;
  /** A manifest of an upstream; undefined when it does not exist. */
  read(source: TransferSource, signal: AbortSignal): Promise<Manifest | undefined>;
  /** Those of the own registry. */
  repositories(): Promise<readonly string[]>;
  /** All platforms, bit for bit. A target without a tag gets the manifest by its digest. */
  copy(
    source: TransferSource,
    target: { readonly repository: string; readonly tag?: string },
    signal: AbortSignal,
  ): Promise<void>;
}

export interface TransferSource {
  readonly host: string;
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
  readonly credential?: Credential;
}
