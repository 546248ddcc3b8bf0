import type { HttpAnswer } from "../http/client.ts";
import { isDigest, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Scope } from "./authorizer.ts";
import type { BlobUpload, UploadBody } from "./registry.ts";
import type { Session, SessionRequest } from "./session.ts";
import { transferDeadlineMs } from "./transfer-time.ts";

/** In bytes, errors included. */
export const largestUploadAnswer = 1024 * 1024;
/** Chunks are held in memory whole, so that they can be sent again. */
const largestMinChunk = 64 * 1024 * 1024;

/**
 * The session that a POST opened, at the location that it gave and each later answer renews.
 * Source: OCI distribution specification 1.1, "Pushing a blob in chunks".
 */
export function openUpload(
  session: Session,
  { scopes, answer }: { scopes: readonly Scope[]; answer: HttpAnswer },
): BlobUpload {
  let location = locationOf(answer);
  let offset = 0;
  const minChunkBytes = minChunkOf(answer);

  return {
    get offset() {
      return offset;
    },
    minChunkBytes,

    async write(chunk, signal) {
      if (!(chunk instanceof Uint8Array)) return patch(chunk, signal);
      const end = offset + chunk.length;
      while (offset < end) await patch(chunk.subarray(chunk.length - (end - offset)), signal);
    },

    async resume(signal) {
      const status = await send({ method: "GET", url: location, expect: [200, 204], signal });
      const confirmed = confirmedOf(status) ?? 0;
      // Docker's registry says 0-0 for no byte and for one byte alike.
      offset = confirmed === 1 && offset === 0 ? 0 : confirmed;
      if (status.header("location") !== undefined) location = locationOf(status);
    },

    async commit(digest, signal, tail) {
      const url = new URL(
        `${location.href}${location.search === "" ? "?" : "&"}digest=${parseDigest(digest)}`,
      );
      const body = tail ?? new Uint8Array();
      const bytes = lengthOf(body);
      const answer = await send({ method: "PUT", url, body, expect: [201, 204], signal });
      const stored = answer.header("docker-content-digest");
      if (stored !== undefined && isDigest(stored) && stored !== digest) {
        throw new Failure("integrity", `${session.host} stored a blob under another digest than ${digest}`);
      }
      offset += bytes;
    },
  };

  async function patch(body: UploadBody, signal: AbortSignal): Promise<void> {
    const end = offset + lengthOf(body);
    const patched = await send({ method: "PATCH", url: location, body, expect: [202, 204], signal });
    const confirmed = confirmedOf(patched) ?? end;
    location = locationOf(patched);
    if (confirmed <= offset || confirmed > end) {
      throw new Failure("protocol", `${session.host} confirms ${confirmed} bytes of an upload, not ${end}`);
    }
    offset = confirmed;
  }

  function send(
    request: Pick<SessionRequest, "method" | "url" | "expect" | "signal"> & { readonly body?: UploadBody },
  ): Promise<HttpAnswer> {
    const length = request.body === undefined ? 0 : lengthOf(request.body);
    const headers: Record<string, string> = {};
    if (length > 0) headers["content-type"] = "application/octet-stream";
    if (length > 0 && (request.method === "PATCH" || offset > 0)) {
      headers["content-range"] = `${offset}-${offset + length - 1}`;
    }
    return session.read({
      scopes,
      headers,
      maxBytes: largestUploadAnswer,
      // The target may hash and move the whole blob before it answers.
      deadlineMs: transferDeadlineMs(request.method === "PUT" ? (offset + length) / 4 + length : length),
      ...request,
    });
  }
}

function lengthOf(body: UploadBody): number {
  return body instanceof Uint8Array ? body.length : body.bytes;
}

/** Taken as it is given, query included; another origin gets no Authorization from the session. */
function locationOf(answer: HttpAnswer): URL {
  const base = answer.url;
  const url = URL.parse(answer.header("location") ?? "", base.href);
  if (url === null || answer.header("location") === undefined) {
    throw new Failure("protocol", `${base.host} opened an upload without saying where`);
  }
  if (base.protocol === "https:" && url.protocol !== "https:") {
    throw new Failure(
      "blocked",
      `${base.host} wants an upload over ${url.protocol}// while it is read over https: its proxy must pass X-Forwarded-Proto on`,
    );
  }
  url.hash = "";
  return url;
}

/** `Range: 0-1023` means 1,024 bytes; some send `bytes=0-1023`. */
function confirmedOf(answer: HttpAnswer): number | undefined {
  const [, last] = /^(?:bytes=)?0-([0-9]{1,15})$/.exec(answer.header("range")?.trim() ?? "") ?? [];
  return last === undefined ? undefined : Number(last) + 1;
}

function minChunkOf(answer: HttpAnswer): number {
  const bytes = Number(answer.header("oci-chunk-min-length") ?? 0);
  if (Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= largestMinChunk) return bytes;
  throw new Failure(
    "unsupported",
    `${answer.url.host} wants upload chunks of more than ${largestMinChunk} bytes`,
  );
}
