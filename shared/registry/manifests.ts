import type { HttpAnswer } from "../http/client.ts";
import { type Descriptor, type Manifest, manifestMediaTypes } from "../model/descriptor.ts";
import { algorithmOf, type Digest, digestOf, isDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseTag } from "../model/reference.ts";
import { repositoryScope } from "./authorizer.ts";
import { assertManifestMediaType, bareMediaType, largestManifest, parseManifest } from "./parse-manifest.ts";
import type { Session } from "./session.ts";

const accept = manifestMediaTypes.join(", ");

interface Target {
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
  readonly signal: AbortSignal;
}

/** Falls back to GET, which costs a pull, only for a registry whose HEAD leaves out the digest or the length. */
export async function headManifest(session: Session, target: Target): Promise<Descriptor | undefined> {
  return describe(session, target, await askHead(session, target));
}

/**
 * The digest that a tag has. A registry whose entity tags are digests, as Docker's, need not read the manifest for `likely`: it
 * answers 304. Source: RFC 9110, section 13.1.2.
 */
export async function digestAt(
  session: Session,
  { likely, ...target }: Target & { readonly likely: Digest },
): Promise<Digest | undefined> {
  const answer = await askHead(session, target, { "if-none-match": `"${likely}"` });
  return answer.status === 304 ? likely : (await describe(session, target, answer))?.digest;
}

function askHead(
  session: Session,
  target: Target,
  condition?: { readonly "if-none-match": string },
): Promise<HttpAnswer> {
  return session.read({
    method: "HEAD",
    url: manifestUrl(session, target),
    scopes: [repositoryScope(target.repository, "pull")],
    headers: { accept, ...condition },
    expect: [200, 404, 405, ...(condition === undefined ? [] : [304])],
    maxBytes: 0,
    signal: target.signal,
  });
}

async function describe(
  session: Session,
  target: Target,
  answer: HttpAnswer,
): Promise<Descriptor | undefined> {
  if (answer.status === 404) return undefined;
  const digest = answer.header("docker-content-digest");
  const size = answer.header("content-length") ?? "";
  if (answer.status === 405 || digest === undefined || !/^[0-9]{1,15}$/.test(size)) {
    return (await getManifest(session, target))?.descriptor;
  }
  assertSame(answer, { reference: target.reference, digest });
  return {
    mediaType: assertManifestMediaType(bareMediaType(answer.header("content-type"))),
    digest: checkedDigest(answer, digest),
    size: Number(size),
  };
}

export async function getManifest(session: Session, target: Target): Promise<Manifest | undefined> {
  return (await readManifest(session, target)).manifest;
}

/** With the registry's own mark of what stands there, where it gives one: for a write on that condition. */
export async function readManifest(
  session: Session,
  target: Target,
): Promise<{ readonly manifest: Manifest | undefined; readonly etag?: string }> {
  const { repository, reference, signal } = target;
  const answer = await session.read({
    method: "GET",
    url: manifestUrl(session, target),
    scopes: [repositoryScope(repository, "pull")],
    headers: { accept },
    expect: [200, 404],
    maxBytes: largestManifest,
    signal,
  });
  if (answer.status === 404) return { manifest: undefined };
  const said = answer.header("docker-content-digest");
  const claimed = isDigest(reference)
    ? reference
    : said === undefined
      ? undefined
      : checkedDigest(answer, said);
  const digest = digestOf(answer.body, claimed === undefined ? "sha256" : algorithmOf(claimed));
  assertSame(answer, { reference, digest });
  if (said !== undefined && digestOf(answer.body, algorithmOf(checkedDigest(answer, said))) !== said) {
    throw mismatch(answer);
  }
  const manifest = parseManifest(answer.body, { contentType: answer.header("content-type"), digest });
  const etag = answer.header("etag");
  // A weak one does not tell which bytes: RFC 9110, 8.8.1.
  return { manifest, ...(etag !== undefined && /^"[\x21\x23-\x7e]{1,200}"$/.test(etag) && { etag }) };
}

export async function putManifest(
  session: Session,
  target: Target & {
    readonly manifest: Manifest;
    /** `if-match` or `if-none-match`; what a registry that heeds it refuses by 412. */
    readonly condition?: Readonly<Record<string, string>>;
  },
): Promise<Digest> {
  const { repository, manifest, condition, signal } = target;
  const { digest, mediaType } = manifest.descriptor;
  const answer = await session.read({
    method: "PUT",
    url: manifestUrl(session, target),
    scopes: [repositoryScope(repository, "pull,push")],
    headers: { "content-type": mediaType, ...condition },
    body: manifest.bytes,
    expect: [200, 201, 202],
    maxBytes: 1024 * 1024,
    signal,
  });
  const stored = answer.header("docker-content-digest");
  if (stored !== undefined && isDigest(stored) && algorithmOf(stored) !== algorithmOf(digest)) {
    if (digestOf(manifest.bytes, algorithmOf(stored)) !== stored) throw mismatch(answer);
    return digest;
  }
  if (stored !== undefined && stored !== digest) throw mismatch(answer);
  return digest;
}

function manifestUrl(session: Session, { repository, reference }: Target): URL {
  return session.url(repository, `manifests/${isDigest(reference) ? reference : parseTag(reference)}`);
}

function checkedDigest(answer: HttpAnswer, text: string): Digest {
  if (isDigest(text)) return text;
  throw new Failure("protocol", `${answer.url.host} sent a Docker-Content-Digest that is not a digest`);
}

/** A tag may be at any digest; a digest must be itself. */
function assertSame(answer: HttpAnswer, { reference, digest }: { reference: string; digest: string }): void {
  if (isDigest(reference) && reference !== digest) throw mismatch(answer);
}

function mismatch({ url }: HttpAnswer): Failure {
  return new Failure("integrity", `${url.host}${url.pathname}: the manifest does not match its digest`, {
    context: { host: url.host },
  });
}
