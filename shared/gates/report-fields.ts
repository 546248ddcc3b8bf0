import { isDigest } from "../model/digest.ts";
import { type Severity, severities } from "./verifier.ts";

/** As reports write it, in whatever letters; undefined for what is no severity. */
export function severityOf(text: unknown): Severity | undefined {
  return typeof text === "string" ? severities.find((each) => each === text.toLowerCase()) : undefined;
}

/** RFC 3339, whatever its fraction of a second. */
export function dateOf(text: unknown): Date | undefined {
  if (typeof text !== "string" || !rfc3339.test(text)) return undefined;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

/** Digests of `repository@sha256:…`, and of a bare digest. */
export function digestsIn(references: unknown): readonly string[] {
  if (!Array.isArray(references)) return [];
  return references.slice(0, mostReferences).flatMap((reference) => {
    const digest = typeof reference === "string" ? reference.slice(reference.lastIndexOf("@") + 1) : "";
    return isDigest(digest) ? [digest] : [];
  });
}

const mostReferences = 100;
