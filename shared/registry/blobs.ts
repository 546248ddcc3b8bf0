import type { HttpStream } from "../http/client.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { type Digest, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { repositoryScope } from "./authorizer.ts";
import type { Session } from "./session.ts";
import { transferDeadlineMs } from "./transfer-time.ts";
import { type BlobHash, createBlobHash, verifiedBlob, withoutFirst } from "./verified-blob.ts";

export async function headBlob(
  session: Session,
  { repository, digest, signal }: { repository: string; digest: Digest; signal: AbortSignal },
): Promise<number | undefined> {
  const answer = await session.read({
    method: "HEAD",
    url: session.url(repository, `blobs/${parseDigest(digest)}`),
    scopes: [repositoryScope(repository, "pull")],
    expect: [200, 404],
    maxBytes: 0,
    signal,
  });
  if (answer.status === 404) return undefined;
  const said = answer.header("docker-content-digest");
  if (said !== undefined && said !== digest) {
    throw new Failure("integrity", `${answer.url.host}${answer.url.pathname}: another blob is there`);
  }
  const size = answer.header("content-length") ?? "";
  if (/^[0-9]{1,15}$/.test(size)) return Number(size);
  throw new Failure(
    "protocol",
    `${answer.url.host}${answer.url.pathname}: HEAD does not tell the blob's size`,
  );
}

export async function getBlob(
  session: Session,
  options: {
    readonly repository: string;
    readonly descriptor: Descriptor;
    readonly signal: AbortSignal;
    readonly offset?: number;
    readonly hash?: BlobHash;
  },
): Promise<AsyncIterable<Uint8Array>> {
  const { repository, descriptor, signal, offset = 0, hash } = options;
  const { size, digest } = descriptor;
  const url = session.url(repository, `blobs/${parseDigest(digest)}`);
  const answer = await session.stream({
    method: "GET",
    url,
    scopes: [repositoryScope(repository, "pull")],
    headers: rangeOf(offset),
    expect: offset === 0 ? [200] : [200, 206],
    maxBytes: size + 1,
    deadlineMs: transferDeadlineMs(size),
    signal,
  });
  return layerBody(answer, { descriptor, offset, hash, place: `${url.host}${url.pathname}` });
}

/** Asks for the bytes from `offset` on. */
export function rangeOf(offset: number): Record<string, string> {
  return offset === 0 ? {} : { range: `bytes=${offset}-` };
}

/** The bytes from `offset` on of an answer with the whole blob, or with that range of it; checked. */
export function layerBody(
  answer: HttpStream,
  {
    descriptor,
    offset,
    place = `${answer.url.host}${answer.url.pathname}`,
    hash = offset === 0 ? createBlobHash(descriptor.digest) : undefined,
  }: {
    readonly descriptor: Descriptor;
    readonly offset: number;
    readonly hash: BlobHash | undefined;
    readonly place?: string;
  },
): AsyncIterable<Uint8Array> {
  const { digest, size } = descriptor;
  const whole = offset === 0 ? answer.body : withoutFirst(answer.body, offset);
  const body = answer.status === 206 ? rangeBody(answer, { offset, place }) : whole;
  return verifiedBlob(body, { digest, size, offset, hash, place });
}

function rangeBody(answer: HttpStream, { offset, place }: { offset: number; place: string }) {
  const [, first] = /^bytes ([0-9]+)-/.exec(answer.header("content-range") ?? "") ?? [];
  if (first !== undefined && Number(first) === offset) return answer.body;
  answer.discard();
  throw new Failure("protocol", `${place}: the registry sent another range than byte ${offset} on`);
}
