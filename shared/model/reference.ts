import { type Digest, parseDigest, printable } from "./digest.ts";
import { Failure } from "./failure.ts";

/** A repository on a registry: `{ host: "docker.io", path: "library/nginx" }`. Host is lower case, port kept. */
export interface Repository {
  readonly host: string;
  readonly path: string;
}

/** A repository with what it points at: a tag, a digest, both, or neither. */
export interface Reference extends Repository {
  readonly tag?: string;
  readonly digest?: Digest;
}

// Grammars: OCI distribution specification 1.1, "Pulling manifests"; 255 is the limit that registries share.
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const pathPattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const hostPattern =
  /^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/;
const maxPathLength = 255;

export function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Throws `invalid` for a tag outside the grammar. */
export function parseTag(text: string): string {
  if (isTag(text)) return text;
  throw new Failure(
    "invalid",
    `"${printable(text)}" is not a tag: a letter, digit or _ first, then letters, digits, . _ -, at most 128 characters`,
  );
}

export function isRepositoryPath(text: string): boolean {
  return text.length <= maxPathLength && pathPattern.test(text);
}

export function parseRepositoryPath(text: string): string {
  if (isRepositoryPath(text)) return text;
  throw new Failure(
    "invalid",
    `"${printable(text)}" is not a repository: lower-case letters and digits, parted by . _ - or /, at most ${maxPathLength} characters`,
  );
}

/**
 * A registry's `host[:port]` by the one name that it has here, so that no other spelling passes by what is said of it: in lower
 * case, without the port 443, addresses as URLs have them (`0x7f.1` is `127.0.0.1`); `index.docker.io` and
 * `registry-1.docker.io` are `docker.io`.
 */
export function parseHost(text: string): string {
  const lower = text.toLowerCase();
  // URLs know better what a port and an address are: 65536, 1.2.3.999, [::.].
  const named = hostPattern.test(lower) ? URL.parse(`https://${lower}`)?.host : undefined;
  if (named === undefined)
    throw new Failure("invalid", `"${printable(text)}" is not a registry host: expected host or host:port`);
  // Without its port, a reference would not take such a name for a host.
  const host = /:[0-9]+$/.test(lower) && !isHostName(named) ? `${named}:443` : named;
  return host === "index.docker.io" || host === "registry-1.docker.io" || host === "registry.hub.docker.com"
    ? "docker.io"
    : host;
}

/** Whether a reference that begins with it names a registry by it. */
function isHostName(first: string): boolean {
  return first.includes(".") || first.includes(":") || first === "localhost";
}

/**
 * Reads `[host[:port]/]path[:tag][@digest]` as Docker does: the first part is a host only with a dot, a colon or as
 * `localhost`; without a host it is docker.io, where one-part names live under `library/`.
 */
export function parseReference(text: string): Reference {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0];
  if (scheme !== undefined) {
    throw new Failure(
      "invalid",
      `"${printable(text)}" begins with ${scheme}: leave it out, a reference begins with the registry's host`,
    );
  }
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : parseDigest(text.slice(at + 1));
  const named = at < 0 ? text : text.slice(0, at);
  const slash = named.indexOf("/");
  const first = slash < 0 ? "" : named.slice(0, slash);
  const hasHost = isHostName(first);
  const host = hasHost ? parseHost(first) : "docker.io";
  const rest = hasHost ? named.slice(slash + 1) : named;
  const colon = rest.indexOf(":");
  const tag = colon < 0 ? undefined : parseTag(rest.slice(colon + 1));
  const bare = colon < 0 ? rest : rest.slice(0, colon);
  const path = parseRepositoryPath(host === "docker.io" && !bare.includes("/") ? `library/${bare}` : bare);
  return { host, path, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** As `parseReference`, but refuses a tag or digest. */
export function parseRepository(text: string): Repository {
  const { host, path, tag, digest } = parseReference(text);
  if (tag !== undefined || digest !== undefined) {
    throw new Failure("invalid", `"${printable(text)}" names a tag or digest: expected a repository alone`);
  }
  return { host, path };
}

export function formatRepository({ host, path }: Repository): string {
  return `${host}/${path}`;
}

export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return `${formatRepository(reference)}${tag}${digest}`;
}
