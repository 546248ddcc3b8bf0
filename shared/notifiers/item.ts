import { shortDigest } from "../model/digest.ts";
import type { Event } from "../model/event.ts";
import { plain, webLink } from "./inert.ts";

/** One event in inert lines. */
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

/** Words one event; every text becomes one inert line. */
export function toItem(event: Event): Item {
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
    ...digestFact(otherDigest[kind] ?? "Before", previousDigest),
    ...digestFact(moved ? "Upstream" : "Digest", digest),
  ];
}

const otherDigest: Partial<Readonly<Record<Event["kind"], string>>> = {
  moved: "Held",
  drifted: "Found",
  repaired: "Replaced",
};

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
