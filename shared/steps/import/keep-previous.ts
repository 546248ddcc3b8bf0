import type { ImportRecord } from "../../documents/import-record.ts";
import type { KeptTag } from "../../documents/target-care.ts";
import type { Clock } from "../../model/clock.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference, isTag } from "../../model/reference.ts";
import { tagsOf } from "../../model/tag-list.ts";
import type { Registry } from "../../registry/registry.ts";

export interface KeepPorts {
  readonly openTarget: (host: string) => Registry;
  readonly now: Clock;
}

/**
 * Before a tracked tag moves at the target: what it has is tagged with the day as well, `stable-20261124`, or with the minute
 * where the day's tag has another digest. No bytes move. What was kept by an earlier try is found again. Undefined when the tag
 * does not move.
 */
export async function keepPrevious(
  record: ImportRecord,
  { openTarget, now }: KeepPorts,
  signal: AbortSignal,
): Promise<KeptTag | undefined> {
  const { host, path, tag } = record.target;
  if (record.handling.previous === "drop" || record.existing === "keep" || record.repair !== undefined)
    return undefined;
  if (tag === undefined) return undefined;
  const registry = openTarget(host);
  const manifest = await registry.getManifest(path, tag, signal);
  if (manifest === undefined || manifest.descriptor.digest === record.digest) return undefined;
  const { digest } = manifest.descriptor;
  const at = now();
  const place = await freeTag(registry, { path, tag, digest, at }, signal);
  if (place.kind === "free") await registry.putManifest(path, place.tag, manifest, signal);
  return { tag: place.tag, digest, at };
}

interface Place {
  readonly kind: "kept" | "free";
  readonly tag: string;
}

async function freeTag(
  registry: Registry,
  { path, tag, digest, at }: { path: string; tag: string; digest: Digest; at: Date },
  signal: AbortSignal,
): Promise<Place> {
  const [day, minute] = datedTags(tag, at);
  const digestOf = async (reference: string) =>
    (await registry.headManifest(path, reference, signal))?.digest;
  const today = await digestOf(day);
  if (today === undefined) return { kind: "free", tag: day };
  if (today === digest) return { kind: "kept", tag: day };
  // An earlier try may have kept it in an earlier minute.
  const minutes = [...tagsOf(await registry.listTags(path, signal))].filter(
    (other) => other.startsWith(`${day}-`) && /^\d{4}$/.test(other.slice(day.length + 1)),
  );
  for (const other of minutes) if ((await digestOf(other)) === digest) return { kind: "kept", tag: other };
  if (!minutes.includes(minute)) return { kind: "free", tag: minute };
  const name = formatReference({ host: registry.host, path, tag: minute });
  throw new Failure(
    "unavailable",
    `${name} has another digest already: what ${tag} has now is kept in a minute`,
  );
}

/** `stable-20261124` and `stable-20261124-1015`, in UTC. Throws `invalid` for a tag that has no room for it. */
export function datedTags(tag: string, at: Date): readonly [day: string, minute: string] {
  const digits = at.toISOString().replace(/\D/g, "");
  const day = `${tag}-${digits.slice(0, 8)}`;
  const minute = `${day}-${digits.slice(8, 12)}`;
  if (isTag(minute)) return [day, minute];
  throw new Failure(
    "invalid",
    `The tag ${tag} is too long to keep what it had before as ${day}: have another Target, or Previous=drop`,
  );
}

/** The tag of which this one may keep an earlier digest; undefined for one that is not dated. */
export function floatingTagOf(tag: string): string | undefined {
  return /^(.+?)-\d{8}(?:-\d{4})?$/.exec(tag)?.[1];
}
