import type { Watch } from "../../documents/watch.ts";
import { type MethodKind, pullsOf } from "../../methods/members.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { countsPulls } from "../../registry/hosts.ts";
import { type ImageToMeasure, type Measured, measureImages } from "../../registry/measure-images.ts";
import type { LowQuota } from "../../stores/hosts.ts";
import { type Arrival, type ArrivalPorts, mostTags } from "./plan-arrivals.ts";

/** What it takes to bring a plan's images in. */
export interface Cost {
  /** Different images to bring in: two tags with one digest are one image. */
  readonly images: number;
  /** Those whose manifests were read; `bytes` are theirs. */
  readonly measured: number;
  /** `at-least`: not all tags were asked for, or not all manifests read; `notes` say why. */
  readonly certainty: "exact" | "at-least";
  /** To move; layers that images share count once. */
  readonly bytes: number;
  /** Further bytes of these images that the target has already. */
  readonly presentBytes: number;
  readonly pulls: Pulls;
  readonly notes: readonly string[];
}

/** What the imports will cost upstream. `about` is reckoned from the images that were read. */
export interface Pulls {
  readonly kind: "exact" | "about" | "at-least";
  /** One for each image of one platform, as Docker Hub counts. */
  readonly count: number;
  /** GETs of manifests, those of indexes included. */
  readonly manifests: number;
  /** Who pulls, and against which quota. */
  readonly basis: string;
}

const mostImages = 50;
// An anonymous quota is 100 pulls in six hours, and the plan must leave most of it for the images.
const readsWherePullsCount = 25;
const readsElsewhere = 1000;

/** How many manifests a plan reads at an upstream unless it is told otherwise; none while its quota is low. */
export function defaultReads(host: string, low: LowQuota | undefined): number {
  if (low !== undefined) return 0;
  return countsPulls(host) ? readsWherePullsCount : readsElsewhere;
}

export interface CostQuestion extends ArrivalPorts {
  readonly watch: Watch;
  readonly method: MethodKind;
  /** Manifests to read at upstream, at most. */
  readonly reads: number;
}

export async function costOf(
  arrivals: ReadonlyMap<string, Arrival>,
  { watch, method, reads, source, target }: CostQuestion,
  signal: AbortSignal,
): Promise<Cost> {
  const images = imagesOf(arrivals, watch);
  const unasked = [...arrivals.values()].filter(({ fate }) => fate === "unasked").length;
  const notes: string[] = [];
  const measured = await attempt(
    () =>
      measureImages(
        images.slice(0, mostImages),
        { from: source, to: target, reads, platforms: watch.platforms },
        signal,
      ),
    notes,
  );
  const tags = tagsByDigest(arrivals);
  notes.push(...measured.unreadable.map(({ digest, reason }) => `${tags.get(digest)}: ${reason}.`));
  if (unasked > 0)
    notes.push(
      `${unasked} further tags were not asked for: a plan asks for ${mostTags} at most, and stops at a 429.`,
    );
  if (target.trouble !== undefined)
    notes.push(`The target could not be asked what it has: ${target.trouble.message}.`);
  if (watch.handling.referrers.length > 0 && images.length > 0)
    notes.push(
      `What refers to the images comes on top (${watch.handling.referrers.join(", ")}): it is looked for once they are in.`,
    );
  const unread = images.length - measured.images - measured.unreadable.length;
  if (unread > 0) notes.push(whyUnread(unread, { reads, host: watch.source.host }));
  return {
    images: images.length,
    measured: measured.images,
    certainty: notes.length === 0 ? "exact" : "at-least",
    bytes: measured.bytes,
    presentBytes: measured.presentBytes,
    pulls: { ...estimate(measured, images.length + unasked), basis: pullsOf(method) },
    notes,
  };
}

function imagesOf(arrivals: ReadonlyMap<string, Arrival>, watch: Watch): ImageToMeasure[] {
  const images = new Map<Digest, ImageToMeasure>();
  for (const [tag, arrival] of arrivals) {
    if (arrival.fate !== "import") continue;
    const toRepository = watch.target(watch.source, tag).path;
    images.set(arrival.digest, { digest: arrival.digest, fromRepository: watch.source.path, toRepository });
  }
  return [...images.values()];
}

function tagsByDigest(arrivals: ReadonlyMap<string, Arrival>): ReadonlyMap<Digest, string> {
  return new Map(
    [...arrivals].flatMap(([tag, arrival]) => ("digest" in arrival ? [[arrival.digest, tag]] : [])),
  );
}

const nothing: Measured = {
  images: 0,
  bytes: 0,
  presentBytes: 0,
  manifests: 0,
  platforms: 0,
  unreadable: [],
};

/** A plan without its bytes is worth more than none. */
async function attempt(measure: () => Promise<Measured>, notes: string[]): Promise<Measured> {
  try {
    return await measure();
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "internal" || error.code === "canceled") throw error;
    notes.push(`The bytes could not be measured: ${error.message}`);
    return nothing;
  }
}

function whyUnread(
  unread: number,
  { reads, host }: { readonly reads: number; readonly host: string },
): string {
  const price = countsPulls(host) ? `, since each costs a pull at ${host}` : "";
  return `Images that were not read: ${unread}. This plan may read ${reads} manifests of ${mostImages} images at most${price}.`;
}

function estimate(
  { images: measured, manifests, platforms }: Measured,
  images: number,
): Pick<Pulls, "kind" | "count" | "manifests"> {
  if (measured === 0) {
    return { kind: images === 0 ? "exact" : "at-least", count: images, manifests: images };
  }
  if (measured === images) return { kind: "exact", count: platforms, manifests };
  const scale = images / measured;
  return { kind: "about", count: Math.round(platforms * scale), manifests: Math.round(manifests * scale) };
}
