import type { Descriptor } from "../model/descriptor.ts";
import type { Registry } from "./registry.ts";
import { createTries } from "./retry.ts";
import type { BlobHash } from "./verified-blob.ts";

/** A blob's bytes from `offset` on, read on by range where a read broke. The hash has seen what comes before. */
export async function* readOn(
  from: Pick<Registry, "getBlob">,
  { repository, blob }: { readonly repository: string; readonly blob: Descriptor },
  options: { readonly offset: number; readonly hash: BlobHash; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { hash, signal } = options;
  const tries = createTries();
  let { offset } = options;
  for (;;) {
    try {
      for await (const piece of await from.getBlob(repository, blob, { signal, offset, hash })) {
        offset += piece.length;
        yield piece;
      }
      return;
    } catch (error) {
      await tries.next(error, signal);
    }
  }
}
