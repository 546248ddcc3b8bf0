import { createHash, timingSafeEqual } from "node:crypto";
import type { Access } from "./access.ts";

export interface BasicCredential {
  readonly username: string;
  readonly password: string;
}

/** One user, who may do all; nobody else may do anything. */
export function createBasicAccess(owner: BasicCredential): Access {
  return {
    authorize: (request) =>
      isSame(parseBasic(request.headers.authorization), owner)
        ? { kind: "granted" }
        : { kind: "challenge", header: 'Basic realm="Wharfgate local registry", charset="UTF-8"' },
    answer: async () => false,
  };
}

/** Reads an `Authorization: Basic` header; undefined for any other. Source: RFC 7617. */
export function parseBasic(header: string | undefined): BasicCredential | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** Whether `given` is `expected`, in a time that tells nothing of either. */
export function isSame(given: BasicCredential | undefined, expected: BasicCredential): boolean {
  const hash = ({ username, password }: BasicCredential) =>
    createHash("sha256")
      .update(JSON.stringify([username, password]))
      .digest();
  return given !== undefined && timingSafeEqual(hash(given), hash(expected));
}
