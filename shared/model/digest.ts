import { createHash } from "node:crypto";
import { Failure } from "./failure.ts";

declare const brand: unique symbol;

/**
 * A content digest `algorithm:hex`, checked: sha256 (64 hex digits) or sha512 (128), lower case.
 * Source: OCI image specification, descriptor.md#digests.
 */
export type Digest = string & { readonly [brand]: "Digest" };

export type DigestAlgorithm = "sha256" | "sha512";

const pattern = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** Throws `invalid` for anything else, before it can reach a URL or a path. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new Failure(
    "invalid",
    `"${printable(text)}" is not a digest: expected sha256:<64 hex digits> or sha512:<128 hex digits>`,
  );
}

export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.startsWith("sha512:") ? "sha512" : "sha256";
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

export function digestOf(bytes: Uint8Array | string, algorithm: DigestAlgorithm = "sha256"): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}` as Digest;
}

/** First 12 hex digits with an ellipsis, for people. */
export function shortDigest(digest: string): string {
  const hex = digest.slice(digest.indexOf(":") + 1);
  return `${digest.slice(0, digest.indexOf(":") + 1)}${hex.slice(0, 12)}…`;
}

/** Untrusted text made fit for a message: one line, printable ASCII, at most so many characters. */
export function printable(text: string, most = 120): string {
  const safe = text.replace(/[^\x20-\x7e]/g, "?");
  return safe.length > most ? `${safe.slice(0, most - 3)}...` : safe;
}
