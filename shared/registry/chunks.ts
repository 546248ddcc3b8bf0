/**
 * Gathers pieces of any size into chunks of `chunkBytes`, the last one shorter. A chunk is valid until the next one is
 * asked for: all share one buffer, which is never larger than the whole (`size` bytes).
 */
export async function* inChunks(
  pieces: AsyncIterable<Uint8Array>,
  { chunkBytes, size }: { readonly chunkBytes: number; readonly size: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(chunkBytes, size)));
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + buffer.length - filled);
      buffer.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled === buffer.length) {
        yield buffer;
        filled = 0;
      }
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}
