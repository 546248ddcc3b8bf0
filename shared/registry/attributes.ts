import type { HttpAnswer } from "../http/client.ts";
import { isDigest } from "../model/digest.ts";
import { parseRepositoryPath, parseTag } from "../model/reference.ts";
import { repositoryScope } from "./authorizer.ts";
import { isRecord } from "./parse-descriptor.ts";
import type { Lock } from "./registry.ts";
import type { Session } from "./session.ts";
import { ociErrorCode, statusFailure } from "./status-failure.ts";

interface Target {
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
  readonly signal: AbortSignal;
}

/**
 * The attributes that Azure Container Registry keeps of tags and manifests.
 * Source: Azure/azure-rest-api-specs, data-plane/Azure.ContainerRegistry/stable/2021-07-01.
 */
export interface Attributes {
  lockOf(target: Target): Promise<Lock | "none">;
  set(target: Target, lock: Lock): Promise<"set" | "none">;
}

const maxBytes = 64 * 1024;
// What ACR says of what it does not have; another registry does not know the path itself.
const absentCodes: ReadonlySet<string> = new Set(["TAG_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_UNKNOWN"]);

export function createAttributes(session: Session): Attributes {
  let known: "unasked" | "none" = "unasked";

  return {
    async lockOf(target) {
      if (known === "none") return "none";
      const answer = await session.read({
        method: "GET",
        url: attributesUrl(session, target),
        scopes: [repositoryScope(target.repository, "metadata_read")],
        expect: [200, 400, 404, 405],
        maxBytes,
        signal: target.signal,
      });
      if (isAbsent(answer)) return "open";
      // A registry with a web page answers with it to whatever path it does not know.
      const attributes = answer.status === 200 ? parsed(answer) : undefined;
      if (attributes === undefined) {
        known = "none";
        return "none";
      }
      // Either of them keeps what is locked from being deleted: https://github.com/Azure/acr/issues/561
      return attributes.deleteEnabled && attributes.writeEnabled ? "open" : "locked";
    },

    async set(target, lock) {
      if (known === "none") return "none";
      const value = lock === "open";
      const answer = await session.read({
        method: "PATCH",
        url: attributesUrl(session, target),
        scopes: [repositoryScope(target.repository, "metadata_write,metadata_read")],
        headers: { "content-type": "application/json" },
        body: Buffer.from(JSON.stringify({ deleteEnabled: value, writeEnabled: value })),
        expect: [200, 400, 404, 405],
        maxBytes,
        signal: target.signal,
      });
      if (answer.status === 200 && parsed(answer) !== undefined) return "set";
      if (isAbsent(answer))
        throw statusFailure(answer, { method: "PATCH", now: new Date(), registry: session.host });
      known = "none";
      return "none";
    },
  };
}

export function attributesUrl(session: Session, { repository, reference }: Omit<Target, "signal">): URL {
  const kind = isDigest(reference) ? `_manifests/${reference}` : `_tags/${parseTag(reference)}`;
  return new URL(`${session.origin}/acr/v1/${parseRepositoryPath(repository)}/${kind}`);
}

function isAbsent({ status, body }: HttpAnswer): boolean {
  return status === 404 && absentCodes.has(ociErrorCode(body) ?? "");
}

interface Changeable {
  readonly deleteEnabled: boolean;
  readonly writeEnabled: boolean;
}

/** By hand: a schema library would cost every process that talks to a registry 100 ms and 15 MiB. */
function parsed({ body }: HttpAnswer): Changeable | undefined {
  try {
    const document: unknown = JSON.parse(body.toString("utf8"));
    const described = isRecord(document) ? (document.tag ?? document.manifest) : undefined;
    const attributes = isRecord(described) ? described.changeableAttributes : undefined;
    if (!isRecord(attributes)) return undefined;
    const { deleteEnabled, writeEnabled } = attributes;
    if (typeof deleteEnabled !== "boolean" || typeof writeEnabled !== "boolean") return undefined;
    return { deleteEnabled, writeEnabled };
  } catch {
    return undefined;
  }
}
