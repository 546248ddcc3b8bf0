import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Failure } from "../model/failure.ts";

/**
 * Whether a body with this Content-Encoding is to be unpacked. Throws `protocol` for anything but one gzip: we ask for
 * identity, and a stack of encodings is a known way to exhaust a client (CVE-2022-32206).
 */
export function isGzip(encoding: string | readonly string[] | undefined, place: () => string): boolean {
  if (encoding === undefined) return false;
  const name = String(encoding).trim().toLowerCase();
  if (name === "" || name === "identity") return false;
  if (name === "gzip" || name === "x-gzip") return true;
  throw new Failure("protocol", `${place()}: the answer has a content encoding that was not asked for`);
}

/** The body as it was before Content-Encoding. Throws as `isGzip`, and lets go of the body then. */
export function decodeContent(
  body: Readable,
  encoding: string | readonly string[] | undefined,
  place: () => string,
): Readable {
  try {
    // Errors of either side reach the reader through the gunzip stream, which pipeline destroys with them.
    return isGzip(encoding, place) ? pipeline(body, createGunzip(), () => {}) : body;
  } catch (error) {
    body.on("error", () => {}).destroy();
    throw error;
  }
}
