import { createHash } from "node:crypto";
import { type ImportRecord, isOpen } from "../../documents/import-record.ts";
import type { FollowMessage } from "../../documents/messages.ts";
import { watchKey } from "../../documents/watch-id.ts";
import { type Failure, toFailure } from "../../model/failure.ts";
import { digestTagsOf } from "../../registry/cosign-tags.ts";
import type { Watches } from "../../stores/watches.ts";
import { eventOf } from "../events/import-events.ts";
import { urgencyOf } from "../import/admit-import.ts";
import { retryDelaysMs } from "../import/import-decision.ts";
import { openPace, type Pace, type PacePorts } from "../pace/pace.ts";
import { pacedBy } from "../pace/paced.ts";
import { isFrom, pauseAskedBy } from "../pace/upstream-pause.ts";
import { ownLooks } from "./ask-for-referrers.ts";
import { imagesOfWatch } from "./current-images.ts";
import { type LookOptions, type LookPorts, lookForReferrers } from "./look-for-referrers.ts";

export interface FollowPorts extends LookPorts, PacePorts {
  readonly watches: Watches;
  readonly channels: readonly string[];
}

export interface FollowResult {
  /** `later`: the message comes again, for what is left. `ended`: there is nothing to look at. */
  readonly kind: "looked" | "later" | "ended";
  readonly images: number;
  readonly ordered: number;
  readonly refused: number;
}

const imagesAtOnce = 100;
const dayMs = 24 * 3_600_000;
const askAgainMs = 60_000;
const requestsOfImage = 8;
// Whoever publishes a version signs it minutes later: one more look, an hour after the image, before that of the next day.
const nextLookMs = 3_600_000;

/**
 * Looks for what refers to images that are in: to one that was just brought in, or once a day to all of a watch and to those that
 * were asked for by name, since signatures arrive late. What is found is ordered as imports of their own. Everything is harmless to repeat.
 */
export async function followReferrers(
  message: FollowMessage,
  ports: FollowPorts,
  signal: AbortSignal,
): Promise<FollowResult> {
  const work =
    message.kind === "image" ? await oneImage(message, ports, signal) : await ofWatch(message, ports, signal);
  const nothing = { images: 0, ordered: 0, refused: 0 };
  if (work === "early") {
    await ports.queues.follow({ ...message, tries: message.tries + 1 }, { signal, delayMs: askAgainMs });
    return { kind: "later", ...nothing };
  }
  const [first] = work.images;
  if (first === undefined) return { kind: "ended", ...nothing };
  const { host } = first.source;
  const requests = message.kind === "image" ? requestsOfImage : work.images.length * 2 + 1;
  const own = message.kind === "image" && message.looks < ownLooks;
  const urgency = own ? urgencyOf(first) : "poll";
  const pace = await openPace({ host, urgency, requests, connections: 4 }, ports, signal);
  if (pace.kind === "put-off") {
    await ports.queues.follow(message, { signal, delayMs: waitUntil(pace.until, ports) });
    return { kind: "later", ...nothing };
  }
  try {
    return await lookAtAll(message, { work, pace }, ports, signal);
  } finally {
    await pace.close(signal);
  }
}

interface Work {
  readonly images: readonly ImportRecord[];
  readonly left: "more" | "none";
  readonly options: Omit<LookOptions, "passing">;
}

const nothingToDo: Work = {
  images: [],
  left: "none",
  options: { wanted: [], known: async () => undefined },
};

/** `early`: its import has not been written down yet. Should its worker have died, the import goes on and asks for this anew. */
async function oneImage(
  { watch, key, tries }: Extract<FollowMessage, { kind: "image" }>,
  { ledger }: FollowPorts,
  signal: AbortSignal,
): Promise<Work | "early"> {
  const entry = await ledger.get(watch, key, signal);
  if (entry === undefined) return nothingToDo;
  const image = entry.record;
  if (isOpen(image)) return tries < retryDelaysMs.length ? "early" : nothingToDo;
  if (image.state !== "done") return nothingToDo;
  const known = async (referrer: string) => (await ledger.get(watch, referrer, signal))?.record;
  return { images: [image], left: "none", options: { wanted: image.handling.referrers, known } };
}

async function ofWatch(
  { watch: id, after = "" }: Extract<FollowMessage, { kind: "watch" }>,
  { watches, ledger }: FollowPorts,
  signal: AbortSignal,
): Promise<Work> {
  const [row] = await watches.some([id], signal);
  if (row?.kind !== "watch" || row.watch.enabled === "no") return nothingToDo;
  const wanted = row.watch.handling.referrers;
  if (wanted.length === 0) return nothingToDo;
  const { images, referrers } = await imagesOfWatch(id, ledger, signal);
  const due = images.filter(({ key }) => key > after);
  return {
    images: due.slice(0, imagesAtOnce),
    left: due.length > imagesAtOnce ? "more" : "none",
    options: { wanted, known: async (key) => referrers.get(key) },
  };
}

async function lookAtAll(
  message: FollowMessage,
  { work, pace }: { readonly work: Work; readonly pace: Pace },
  ports: FollowPorts,
  signal: AbortSignal,
): Promise<FollowResult> {
  const registries = pacedBy(pace, ports.registries);
  const looking: LookPorts = { ...ports, registries };
  const total = { images: 0, ordered: 0, refused: 0 };
  const tagsOf = createTagLists(registries, signal);
  let reached = message;
  for (const image of work.images) {
    try {
      const turn = Math.floor(ports.now().getTime() / dayMs);
      const passing = message.kind === "watch" && { passing: { tags: await tagsOf(image), turn } };
      const looked = await lookForReferrers(image, { ...work.options, ...passing }, looking, signal);
      total.images += 1;
      total.ordered += looked.ordered;
      total.refused += looked.refused;
      if (isToBeSeenAgain(message, image) && looked.ordered + looked.known === 0) {
        const next = { ...message, looks: message.looks + 1, tries: 0 };
        await ports.queues.follow(next, { signal, delayMs: nextLookMs });
      }
      if (looked.beyond > 0) await tell(image, tooMany(looked.beyond), ports, signal);
    } catch (error) {
      const failure = toFailure(error, "looking for referrers");
      if (failure.code === "internal" || failure.code === "canceled") throw failure;
      const delayMs = await delayAfter(failure, { image, tries: reached.tries, pace }, ports, signal);
      if (delayMs !== undefined) {
        const tries = pace.putOff === undefined ? reached.tries + 1 : reached.tries;
        await ports.queues.follow({ ...reached, tries }, { signal, delayMs });
        return { kind: "later", ...total };
      }
      await tell(image, `what refers to it could not be looked for: ${failure.message}`, ports, signal);
    }
    if (reached.kind === "watch") reached = { ...reached, after: image.key, tries: 0 };
  }
  if (work.left === "none") return { kind: "looked", ...total };
  await ports.queues.follow(reached, { signal });
  return { kind: "later", ...total };
}

/** What a watch's first look found has been there for a while, and is seen again the next day only. */
function isToBeSeenAgain(
  message: FollowMessage,
  { sighting }: ImportRecord,
): message is Extract<FollowMessage, { kind: "image" }> {
  return message.kind === "image" && message.looks + 1 < ownLooks && sighting?.by !== "first";
}

/** One list for each repository of a message, and what the upstream refuses about it for all its images. */
function createTagLists(registries: LookPorts["registries"], signal: AbortSignal) {
  const lists = new Map<string, Promise<ReadonlySet<string>>>();
  return ({ source: { host, path }, credential }: ImportRecord) => {
    const name = `${host}/${path} ${credential}`;
    const list =
      lists.get(name) ?? registries.open(host, credential).listTags(path, signal).then(digestTagsOf);
    lists.set(name, list);
    return list;
  };
}

/** Milliseconds until the next try; undefined when it is of no use, or there have been enough. */
async function delayAfter(
  failure: Failure,
  { image, tries, pace }: { readonly image: ImportRecord; readonly tries: number; readonly pace: Pace },
  ports: FollowPorts,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { host } = image.source;
  if (pace.putOff !== undefined) return waitUntil(pace.putOff.until, ports);
  const delay = failure.transient ? retryDelaysMs[tries] : undefined;
  const pauseMs = isFrom(host, failure) ? pauseAskedBy(failure) : undefined;
  if (pauseMs !== undefined) {
    const { until } = await ports.hosts.pauseFor(host, pauseMs, signal);
    return delay === undefined ? undefined : Math.max(delay, waitUntil(until, ports));
  }
  return delay === undefined ? undefined : Math.max(delay, failure.retryAfterMs ?? 0);
}

function waitUntil(until: Date, { now }: Pick<FollowPorts, "now">): number {
  return Math.max(1000, until.getTime() - now().getTime());
}

function tooMany(beyond: number): string {
  return `so much refers to it that ${beyond} signatures, attestations and the like were left out; 200 come in with an image`;
}

/** Once a day for each image, while it lasts. */
async function tell(
  image: ImportRecord,
  what: string,
  { ledger, queues, now }: FollowPorts,
  signal: AbortSignal,
): Promise<void> {
  const at = now().toISOString();
  const partition = watchKey(image.watch);
  const reason = `The image is in, but ${what}`;
  const event = {
    ...eventOf({ ...image, reason }, "failed"),
    key: createHash("sha256")
      .update(`${image.key} referrers ${at.slice(0, 10)}`)
      .digest("hex"),
    at,
  };
  await ledger.announce(partition, { event, channels: image.notify }, signal);
  await queues.notify({ kind: "relay", partition }, { signal });
}
