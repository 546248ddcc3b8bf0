import { defaultHandling } from "../../documents/handling.ts";
import { type ImportRecord, importKey, siteOf } from "../../documents/import-record.ts";
import { noDemands } from "../../gates/demands.ts";
import type { Referrer } from "../../registry/find-referrers.ts";

/**
 * Pure: the import of what refers to an image, on the image's own way and word. Only cosign's tags may be moved at the target:
 * a further signature makes another manifest under the same tag.
 */
export function referrerRecord(
  image: ImportRecord,
  { digest, tag, place }: Referrer,
  { now }: { readonly now: Date },
): ImportRecord {
  const { watch, source, target, method, notify, requestedBy, credential, handling } = image;
  const { host, path } = target;
  const what = { source, tag, digest, target: { host, path, ...(place === "tag" && { tag }) } };
  return {
    ...what,
    watch,
    key: importKey({ ...what, site: siteOf(image) }),
    subject: image.digest,
    state: "pending",
    method,
    existing: place === "tag" ? "replace" : "keep",
    platforms: [],
    notify,
    requestedBy,
    seenAt: now,
    hop: 0,
    attempts: 0,
    handling: { ...defaultHandling, ...(handling.site !== undefined && { site: handling.site }) },
    demands: noDemands,
    gates: [],
    decisions: [],
    operations: [],
    ...(credential !== undefined && { credential }),
  };
}

/**
 * Pure: the record that says why a referrer is not brought in, so that it is told once and not read again. It counts as seen since
 * its image came in.
 */
export function refusedRecord(
  image: ImportRecord,
  referrer: Referrer & { readonly reason: string },
  { now }: { readonly now: Date },
): ImportRecord {
  const reason = `${referrer.reason}. It is not brought in; the image is.`;
  return {
    ...referrerRecord(image, referrer, { now }),
    // Its row in the evidence is named by this: a look that is repeated after a crash leaves one.
    seenAt: image.endedAt ?? image.seenAt,
    state: "denied",
    endedAt: now,
    reason: reason.charAt(0).toUpperCase() + reason.slice(1),
  };
}
