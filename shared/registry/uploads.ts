import type { HttpAnswer } from "../http/client.ts";
import { type Digest, parseDigest } from "../model/digest.ts";
import { parseRepositoryPath } from "../model/reference.ts";
import { repositoryScope } from "./authorizer.ts";
import { largestUploadAnswer, openUpload } from "./blob-upload.ts";
import type { BlobUpload } from "./registry.ts";
import type { Session, SessionRequest } from "./session.ts";

/** Source: OCI distribution specification 1.1, end-4a and end-11. */
export async function startUpload(
  session: Session,
  { repository, signal }: { repository: string; signal: AbortSignal },
): Promise<BlobUpload> {
  const scopes = [repositoryScope(repository, "pull,push")];
  const url = session.url(repository, "blobs/uploads/");
  return openUpload(session, { scopes, answer: await post(session, { url, scopes, expect: [202], signal }) });
}

export async function mountBlob(
  session: Session,
  options: { repository: string; digest: Digest; from: string; signal: AbortSignal },
): Promise<{ readonly kind: "mounted" } | { readonly kind: "upload"; readonly upload: BlobUpload }> {
  const { repository, digest, from, signal } = options;
  const scopes = [
    repositoryScope(repository, "pull,push"),
    repositoryScope(parseRepositoryPath(from), "pull"),
  ];
  const url = session.url(repository, "blobs/uploads/");
  url.search = `?${new URLSearchParams({ mount: parseDigest(digest), from })}`;
  const answer = await post(session, { url, scopes, expect: [201, 202], signal });
  if (answer.status === 201) return { kind: "mounted" };
  return { kind: "upload", upload: openUpload(session, { scopes: scopes.slice(0, 1), answer }) };
}

function post(
  session: Session,
  request: Pick<SessionRequest, "url" | "scopes" | "expect" | "signal">,
): Promise<HttpAnswer> {
  // Without a body undici sends Content-Length: 0, which some registries insist on.
  return session.read({ method: "POST", maxBytes: largestUploadAnswer, ...request });
}
