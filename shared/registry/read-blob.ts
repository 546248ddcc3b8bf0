import type { Descriptor } from "../model/descriptor.ts";
import type { Registry } from "./registry.ts";

/** A small blob whole; whoever calls has looked at its size. Pieces are copied: one is valid until the next is asked for. */
export async function readBlob(
  registry: Pick<Registry, "getBlob">,
  { repository, blob }: { readonly repository: string; readonly blob: Descriptor },
  signal: AbortSignal,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of await registry.getBlob(repository, blob, { signal }))
    pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
