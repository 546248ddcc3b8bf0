import { parseTag } from "../model/reference.ts";
import { type Attributes, attributesUrl } from "./attributes.ts";
import { repositoryScope } from "./authorizer.ts";
import type { Session } from "./session.ts";
import { lockedCode, ociErrorCode, statusFailure } from "./status-failure.ts";

interface Target {
  readonly repository: string;
  readonly tag: string;
  readonly signal: AbortSignal;
}

const maxBytes = 64 * 1024;

/**
 * ACR takes a tag away at an endpoint of its own; at the specification's it knows digests alone.
 * Source: OCI distribution specification 1.1, "Deleting tags".
 */
export async function deleteTag(
  session: Session,
  attributes: Attributes,
  { repository, tag, signal }: Target,
): Promise<"deleted" | "absent" | "by-digest"> {
  const target = { repository, reference: parseTag(tag), signal };
  const own = (await attributes.lockOf(target)) === "none";
  const answer = await session.read({
    method: "DELETE",
    url: own ? session.url(repository, `manifests/${target.reference}`) : attributesUrl(session, target),
    scopes: [repositoryScope(repository, "delete")],
    expect: own ? [200, 202, 204, 400, 404, 405] : [200, 202, 404],
    maxBytes,
    signal,
  });
  if (answer.status === 404) return "absent";
  if (answer.status < 300) return "deleted";
  if (ociErrorCode(answer.body) === lockedCode)
    throw statusFailure(answer, { method: "DELETE", now: new Date(), registry: session.host });
  return "by-digest";
}
