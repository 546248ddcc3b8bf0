import { type Digest, parseDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { repositoryScope } from "./authorizer.ts";
import type { Session } from "./session.ts";
import { lockedCode, ociErrorCode, statusFailure } from "./status-failure.ts";

interface Target {
  readonly repository: string;
  readonly digest: Digest;
  readonly signal: AbortSignal;
}

/** Source: OCI distribution specification 1.1, end-9 ("Deleting Manifests"). */
export async function deleteManifest(
  session: Session,
  { repository, digest, signal }: Target,
): Promise<"deleted" | "absent"> {
  const answer = await session.read({
    method: "DELETE",
    url: session.url(repository, `manifests/${parseDigest(digest)}`),
    scopes: [repositoryScope(repository, "delete")],
    expect: [200, 202, 204, 404, 405],
    maxBytes: 64 * 1024,
    signal,
  });
  if (answer.status === 404) return "absent";
  if (answer.status < 300) return "deleted";
  if (ociErrorCode(answer.body) === lockedCode)
    throw statusFailure(answer, { method: "DELETE", now: new Date(), registry: session.host });
  throw new Failure(
    "unsupported",
    `${session.host} does not delete: it is switched off there. At docker-registry set storage.delete.enabled to true, or REGISTRY_STORAGE_DELETE_ENABLED=true, and start it again`,
    { context: { host: session.host } },
  );
}
