import { defaultHandling } from "../../shared/documents/handling.ts";
import { type ImportRecord, importKey } from "../../shared/documents/import-record.ts";
import { noDemands } from "../../shared/gates/demands.ts";
import { type Manifest, mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import type { Event } from "../../shared/model/event.ts";

export const upstreamHost = "up.example";
export const targetHost = "target.example";

/** The digest of made-up content, the same for the same name. */
export function digestNamed(name: string): Digest {
  return digestOf(`content ${name}`);
}

/** A pending import of `up.example/library/app:1.0.0`, with `parts` laid over. */
export function makeRecord(parts: Partial<ImportRecord> = {}): ImportRecord {
  const tag = parts.tag ?? "1.0.0";
  const what = {
    source: { host: upstreamHost, path: "library/app" },
    tag,
    digest: digestNamed(tag),
    target: { host: targetHost, path: "mirror/app", tag },
    ...parts,
  };
  return {
    watch: { group: "default", name: "app" },
    key: importKey(what),
    state: "pending",
    method: "copy",
    existing: "keep",
    platforms: [],
    notify: ["ops"],
    requestedBy: "watch",
    seenAt: new Date("2026-11-22T10:00:00.000Z"),
    hop: 0,
    attempts: 0,
    handling: defaultHandling,
    demands: noDemands,
    gates: [],
    decisions: [],
    operations: [],
    ...what,
  };
}

export function makeEvent(key: string, parts: Partial<Event> = {}): Event {
  return { key, kind: "imported", at: "2026-11-22T10:00:00.000Z", watch: "default/app", ...parts };
}

/** Has a registry of tags list something that refers to `subject` in its repository `library/app`. */
export function referTo(
  { manifests }: { readonly manifests: Map<string, Partial<Manifest>> },
  what: { readonly subject: Digest; readonly name: string; readonly artifactType: string },
): void {
  const { subject, name, artifactType } = what;
  const descriptor = (digest: Digest) => ({ mediaType: mediaTypes.ociManifest, digest, size: 100 });
  const digest = digestNamed(name);
  manifests.set(`library/app@${digest}`, {
    kind: "image",
    descriptor: { ...descriptor(digest), artifactType },
    subject: descriptor(subject),
  });
}
