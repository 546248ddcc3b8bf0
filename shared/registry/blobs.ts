import type { Hash } from "node:crypto";
import type { HttpStream } from "../http/client.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { type Digest, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { repositoryScope } from "./authorizer.ts";
import type { Session } from "./session.ts";
import { transferDeadlineMs } from "./transfer-time.ts";
import { hashFor, verifiedBlob, withoutFirst } from "./verified-blob.ts";

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
    readonly hash?: Hash;
  },
): Promise<AsyncIterable<Uint8Array>> {
  const { repository, descriptor, signal, offset = 0 } = options;
  const { size, digest } = descriptor;
  const url = session.url(repository, `blobs/${parseDigest(digest)}`);
  const place = `${url.host}${url.pathname}`;
  const hash = options.hash ?? (offset === 0 ? hashFor(digest) : undefined);
  const answer = await session.stream({
    method: "GET",
    url,
    scopes: [repositoryScope(repository, "pull")],
    ...(offset === 0 ? {} : { headers: { range: `bytes=${offset}-` } }),
    expect: offset === 0 ? [200] : [200, 206],
    maxBytes: size + 1,
    deadlineMs: transferDeadlineMs(size),
    signal,
  });
  const body =
    answer.status === 206 ? rangeBody(answer, { offset, place }) : withoutFirst(answer.body, offset);
  return verifiedBlob(body, { digest, size, offset, hash, place });
}

function rangeBody(answer: HttpStream, { offset, place }: { offset: number; place: string }) {
  const [, first] = /^bytes ([0-9]+)-/.exec(answer.header("content-range") ?? "") ?? [];
  if (first !== undefined && Number(first) === offset) return answer.body;
  answer.discard();
  throw new Failure("protocol", `${place}: the registry sent another range than byte ${offset} on`);
}
