import type { Challenge } from "../http/challenge.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { AuthPorts } from "./auth-member.ts";

/** Where a bearer challenge says that tokens are to be had. */
export interface Realm {
  readonly url: URL;
  readonly service: string | undefined;
  /** Scopes that the registry asks for, beside those that we know. */
  readonly scopes: readonly string[];
  /** Whether this token service may be given the registry's credentials. */
  readonly trust: "credentials" | "anonymous";
}

/**
 * Reads realm, service and scope. Credentials go to the registry's own host name, or to a token host that is pinned for
 * this registry. Throws `blocked` for plain http under an https registry and for a user name in the realm.
 * Source: distribution, spec/auth/token.
 */
export function parseRealm(
  challenge: Challenge,
  registry: Pick<AuthPorts, "host" | "origin" | "tokenHosts" | "quirks">,
): Realm {
  const { host, tokenHosts } = registry;
  const text = challenge.parameters.get("realm") ?? "";
  const url = URL.parse(text);
  if (url === null) throw new Failure("protocol", `${host} names no token service in its challenge`);
  const origin = new URL(registry.origin);
  const secure = url.protocol === "https:" || (url.protocol === "http:" && origin.protocol === "http:");
  if (!secure) {
    throw new Failure(
      "blocked",
      `${host} wants tokens to be fetched over ${url.protocol}//, which is not https`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new Failure("blocked", `${host} names a token service with a user name in its URL`);
  }
  url.hash = "";
  const pinned = url.hostname === origin.hostname || tokenHosts.includes(url.host);
  return {
    url,
    service: serviceOf(challenge),
    scopes: registry.quirks.challengeScope === undefined ? scopesOf(challenge) : [],
    trust: pinned ? "credentials" : "anonymous",
  };
}

export function serviceOf(challenge: Challenge): string | undefined {
  return printableParameter(challenge, "service");
}

/** What the registry asks for in its own words: ACR wants `metadata_read` for a tag list, where others want `pull`. */
export function scopesOf(challenge: Challenge): readonly string[] {
  return (printableParameter(challenge, "scope") ?? "").split(" ").filter((scope) => scope !== "");
}

function printableParameter(challenge: Challenge, name: string): string | undefined {
  const value = challenge.parameters.get(name);
  if (value === undefined || /^[\x20-\x7e]{0,1024}$/.test(value)) return value;
  throw new Failure("protocol", `the challenge has an improper ${name}: "${printable(value)}"`);
}
