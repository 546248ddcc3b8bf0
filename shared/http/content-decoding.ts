import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Failure } from "../model/failure.ts";

/**
 * The body as it was before Content-Encoding. Throws `protocol` for anything but one gzip: we ask for identity, and a
 * stack of encodings is a known way to exhaust a client (CVE-2022-32206).
 */
export function decodeContent(body: Readable, encoding: string | undefined, place: string): Readable {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity") return body;
  if (name !== "gzip" && name !== "x-gzip") {
    body.on("error", () => {}).destroy();
    throw new Failure("protocol", `${place}: the answer has a content encoding that was not asked for`);
  }
  // Errors of either side reach the reader through the gunzip stream, which pipeline destroys with them.
  return pipeline(body, createGunzip(), () => {});
}
