import { shortDigest } from "../model/digest.ts";
import type { Event, EventKind } from "../model/event.ts";
import { plain, webLink } from "./inert.ts";

/** How much it presses: `critical` needs somebody now, `warning` a decision, `good` nothing. */
export type Tone = "critical" | "warning" | "good";

/** What a message says, in plain inert lines, whatever it is rendered as. */
export interface Summary {
  readonly title: string;
  readonly tone: Tone;
  /** When it happened: `2026-11-22 03:40 UTC`, or a span. */
  readonly when: string;
  /** Most urgent first; never empty. */
  readonly sections: readonly Section[];
  /** The one item of a message about one event; its name is in the title already. */
  readonly only?: Item;
}

export interface Section {
  /** `Failed imports`. */
  readonly heading: string;
  /** One word for a row of counts: `failed`. */
  readonly label: string;
  readonly tone: Tone;
  /** What it means and what is to do; absent where the heading says it all. */
  readonly note?: string;
  readonly items: readonly Item[];
}

export interface Item {
  /** What it is about: `nginx:1.27.1`. */
  readonly name: string;
  /** Where from, where to, which content. */
  readonly facts: readonly Fact[];
  /** How, how long, for which watch: short enough to stand in one line. */
  readonly asides: readonly Fact[];
  readonly reason?: string;
  readonly link?: string;
}

export interface Fact {
  readonly label: string;
  readonly value: string;
  /** A digest's beginning, where there is no room for all of it. */
  readonly short?: string;
}

/** Groups events by kind, most urgent first, and words them; events of one kind keep their order. */
export function summarize(events: readonly Event[]): Summary {
  const groups = wordings.flatMap(({ kind, ...wording }) => {
    const members = events.filter((event) => event.kind === kind);
    return members.length === 0 ? [] : [{ ...wording, members }];
  });
  const sections = groups.map(({ heading, label, tone, note, members }) => ({
    heading,
    label,
    tone,
    ...(note === undefined ? {} : { note }),
    items: members.map(toItem),
  }));
  const only = events.length === 1 ? sections[0]?.items[0] : undefined;
  const title =
    only === undefined
      ? groups.map(({ count, members }) => count(members.length)).join(", ")
      : `${groups[0]?.single}: ${only.name}`;
  const tone = tones.find((candidate) => sections.some((section) => section.tone === candidate)) ?? "good";
  return { title, tone, when: span(events), sections, ...(only === undefined ? {} : { only }) };
}

const tones: readonly Tone[] = ["critical", "warning", "good"];

interface Wording {
  readonly kind: EventKind;
  readonly heading: string;
  readonly label: string;
  /** Starts the title of a message about one event. */
  readonly single: string;
  readonly tone: Tone;
  readonly note?: string;
  count(n: number): string;
}

/** In the order of urgency. */
const wordings: readonly Wording[] = [
  {
    kind: "failed",
    heading: "Failed imports",
    label: "failed",
    single: "Import failed",
    tone: "critical",
    count: (n) => `${n} ${n === 1 ? "import" : "imports"} failed`,
  },
  {
    kind: "moved",
    heading: "Moved tags",
    label: "moved",
    single: "Tag moved upstream",
    tone: "warning",
    note: "Upstream serves other content under a tag that was imported before. Your registry keeps what it has; nothing was overwritten.",
    count: (n) => `${n} ${n === 1 ? "tag" : "tags"} moved upstream`,
  },
  {
    kind: "dead-letter",
    heading: "Messages not processed",
    label: "unprocessed",
    single: "Message not processed",
    tone: "critical",
    note: "Set aside after its last try. It is kept and can be replayed.",
    count: (n) => `${n} ${n === 1 ? "message" : "messages"} not processed`,
  },
  {
    kind: "watch-rejected",
    heading: "Rejected watches",
    label: "rejected",
    single: "Watch rejected",
    tone: "warning",
    note: "This row of the table of watches cannot be read and is not followed until it is mended. The others go on.",
    count: (n) => `${n} ${n === 1 ? "watch" : "watches"} rejected`,
  },
  {
    kind: "imported",
    heading: "Imported images",
    label: "imported",
    single: "Imported",
    tone: "good",
    count: (n) => `${n} ${n === 1 ? "image" : "images"} imported`,
  },
  {
    kind: "updated",
    heading: "Updated tags",
    label: "updated",
    single: "Updated",
    tone: "good",
    count: (n) => `${n} ${n === 1 ? "tag" : "tags"} updated`,
  },
];

function toItem(event: Event): Item {
  const link = webLink(event.link);
  return {
    name: nameOf(event),
    facts: factsOf(event),
    asides: asidesOf(event),
    ...(event.reason === undefined ? {} : { reason: plain(event.reason, 600) }),
    ...(link === undefined ? {} : { link }),
  };
}

function nameOf({ source, tag, target, watch }: Event): string {
  if (source === undefined) return plain(target ?? watch ?? "unknown");
  // As Docker itself shortens them.
  const familiar = source.replace(/^docker\.io\/(?:library\/)?/, "");
  return plain(tag === undefined ? familiar : `${familiar}:${tag}`);
}

function factsOf({ kind, source, target, digest, previousDigest }: Event): Fact[] {
  const moved = kind === "moved";
  return [
    ...fact("Source", source),
    ...fact("Target", target),
    ...digestFact(moved ? "Held" : "Before", previousDigest),
    ...digestFact(moved ? "Upstream" : "Digest", digest),
  ];
}

function asidesOf(event: Event): Fact[] {
  const { method, elapsedMs, watch } = event;
  const took = elapsedMs === undefined ? undefined : duration(elapsedMs);
  const isNamed = event.source !== undefined || event.target !== undefined;
  return [...fact("Method", method), ...fact("Took", took), ...fact("Watch", isNamed ? watch : undefined)];
}

function fact(label: string, value: string | undefined): Fact[] {
  return value === undefined ? [] : [{ label, value: plain(value) }];
}

function digestFact(label: string, digest: string | undefined): Fact[] {
  return digest === undefined ? [] : [{ label, value: plain(digest), short: plain(shortDigest(digest)) }];
}

/** `0.9 s`, `42 s`, `3 min 12 s`, `2 h 5 min`. */
function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (milliseconds < 9_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** `2026-11-22 03:40 UTC`, `2026-11-22 03:12 to 03:40 UTC`, or with both days. */
function span(events: readonly Event[]): string {
  const times = events.map(({ at }) => plain(at).slice(0, 16).replace("T", " ")).sort();
  const first = times[0] ?? "";
  const last = times.at(-1) ?? "";
  if (first === last) return `${last} UTC`;
  return `${first} to ${last.slice(0, 10) === first.slice(0, 10) ? last.slice(11) : last} UTC`;
}
