import type { HttpAnswer } from "../http/client.ts";
import { retryAfterMs } from "../http/retry-after.ts";
import { Failure, type FailureCode } from "../model/failure.ts";

/** How ACR refuses a change of what is locked, with the status 405: https://github.com/Azure/acr-cli/issues/70 */
export const lockedCode = "REGISTRY_DISALLOWED_OPERATION";

/**
 * The `Failure` for an answer that is not what was asked for. Of the body it takes the error code alone (OCI distribution
 * specification 1.1, "Error Codes"): messages of others may hold anything.
 */
export function statusFailure(
  answer: HttpAnswer,
  {
    method,
    now,
    registry,
    refused,
  }: {
    readonly method: string;
    readonly now: Date;
    readonly registry?: string;
    /** What to do when the registry wants a right that we lack. */
    readonly refused?: string | undefined;
  },
): Failure {
  const errorCode = ociErrorCode(answer.body);
  const code = byErrorCode.get(errorCode ?? "") ?? byStatus(answer.status);
  const waitMs = retryAfterMs(answer.header("retry-after"), now);
  const place = `${method} ${answer.url.origin}${answer.url.pathname}`;
  const said = errorCode === undefined ? `${answer.status}` : `${answer.status} ${errorCode}`;
  const general = byAdvice.get(errorCode ?? "") ?? advices[code];
  const advice =
    refused === undefined || (code !== "unauthorized" && code !== "forbidden")
      ? general
      : `${general}; where a right is missing, ${refused}`;
  return new Failure(
    code,
    `${place}: the registry says ${said}${advice === undefined ? "" : `: ${advice}`}`,
    {
      context: {
        host: answer.url.host,
        status: answer.status,
        ...(registry === undefined ? {} : { registry }),
      },
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    },
  );
}

export function ociErrorCode(body: Uint8Array): string | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    const errors = isObject(parsed) && Array.isArray(parsed.errors) ? parsed.errors : [];
    const first: unknown = errors[0];
    const code = isObject(first) ? first.code : undefined;
    return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined;
  } catch {
    // Not JSON: a proxy's page, or a plain text such as Docker Hub's abuse limit.
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function byStatus(status: number): FailureCode {
  if (status >= 500 && status <= 599) return status === 501 ? "unsupported" : "unavailable";
  return statusCodes.get(status) ?? "protocol";
}

const statusCodes: ReadonlyMap<number, FailureCode> = new Map([
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "not-found"],
  [405, "unsupported"],
  [408, "timeout"],
  [409, "conflict"],
  [412, "conflict"],
  [413, "too-large"],
  // An upload that is at another offset than ours.
  [416, "conflict"],
  [429, "rate-limited"],
]);

const byErrorCode: ReadonlyMap<string, FailureCode> = new Map([
  ["TOOMANYREQUESTS", "rate-limited"],
  ["UNSUPPORTED", "unsupported"],
  ["DIGEST_INVALID", "integrity"],
  ["SIZE_INVALID", "integrity"],
  ["NAME_INVALID", "invalid"],
  ["TAG_INVALID", "invalid"],
  ["MANIFEST_INVALID", "invalid"],
  // Some registries do not take an index without all of its manifests.
  ["MANIFEST_BLOB_UNKNOWN", "unsupported"],
  [lockedCode, "conflict"],
]);

const byAdvice: ReadonlyMap<string, string> = new Map([
  [
    "MANIFEST_BLOB_UNKNOWN",
    "it does not take a manifest without all that the manifest names (a sparse index)",
  ],
  [lockedCode, "the repository, tag or manifest is locked there, or the registry is read-only"],
]);

const advices: Partial<Record<FailureCode, string>> = {
  unauthorized: "the image may not exist, or needs another credential",
  forbidden: "the credential lacks the right, or a network rule of the registry keeps us out",
  "rate-limited": "too many requests; a credential raises most limits",
};
