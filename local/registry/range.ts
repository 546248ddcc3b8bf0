/** Which bytes of a blob a GET asks for; both ends included. */
export type WantedRange =
  | { readonly kind: "whole" }
  | { readonly kind: "part"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

/**
 * Reads a Range header against a blob of `size` bytes. What is malformed, or asks for several ranges at once, gets the
 * whole blob, as RFC 7233 section 3.1 lets a server do; a range that ends before it starts gets 416 (RFC 9110, 14.2).
 */
export function parseRange(header: string | undefined, size: number): WantedRange {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.replaceAll(" ", "") ?? "");
  const first = match?.[1] ?? "";
  const last = match?.[2] ?? "";
  if (first === "" && last === "") return { kind: "whole" };
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? { kind: "unsatisfiable" } : { kind: "part", start: size - suffix, end: size - 1 };
  }
  const start = Number(first);
  const end = Math.min(last === "" ? size - 1 : Number(last), size - 1);
  return start > end ? { kind: "unsatisfiable" } : { kind: "part", start, end };
}

/**
 * Reads the Content-Range of an upload's chunk, `<start>-<end>` (OCI distribution specification 1.1, "Pushing a blob in
 * chunks") or `bytes <start>-<end>/<size>` as HTTP has it; undefined when it is neither.
 */
export function parseChunkRange(
  header: string,
): { readonly start: number; readonly length: number } | undefined {
  const match = /^(?:bytes )?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header);
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = Number(match[2]);
  return end < start ? undefined : { start, length: end - start + 1 };
}
