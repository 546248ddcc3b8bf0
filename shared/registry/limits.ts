import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";
import { countsPulls } from "./hosts.ts";

/** What all workers together may ask of one upstream host. */
export interface HostLimits {
  readonly requestsPerSecond?: number;
  /** Connections at once, over all workers. */
  readonly connections?: number;
  /** Share of the upstream's own quota, 0 to 1, that polls leave to imports; imports of watches leave half of it to people. */
  readonly reserve: number;
  /** What the upstream's quota counts: `pulls` are manifests by GET alone, so that a poll (list and HEAD) costs none. */
  readonly counts: "requests" | "pulls";
}

export interface Limits {
  of(host: string): HostLimits;
}

const defaultReserve = 0.2;

/**
 * What is known of public registries; a setting for a host replaces the values that it names. Docker Hub is not among them:
 * it counts pulls, which it tells of itself, and has an abuse limit of thousands of requests a minute, which ends in 429.
 * https://docs.docker.com/docker-hub/usage/pulls/
 */
const knownLimits: Readonly<Record<string, Partial<HostLimits>>> = {
  // "A few requests per second per IP, with some bursting": https://access.redhat.com/solutions/6218921
  "quay.io": { requestsPerSecond: 5 },
};

const example = `"docker.io reserve=20%; quay.io rps=2 concurrency=4; *.corp rps=50"`;
const mostConnections = 1000;

/**
 * Reads entries parted by semicolons or line ends, each a host and what holds for it:
 * `host[:port]|*.suffix|* [rps=N] [concurrency=N] [reserve=N%] [unlimited]`. The most exact entry speaks for a host.
 * Throws `invalid`.
 */
export function parseLimits(text: string): Limits {
  const rules = new Map<string, Partial<HostLimits>>();
  for (const entry of text.split(/[;\n]/)) {
    if (entry.trim() === "") continue;
    const [pattern = "", ...words] = entry.trim().split(/[\s,]+/);
    const name = parsePattern(entry, pattern);
    if (rules.has(name)) throw invalid(entry, "names a host that another entry has already");
    if (words.length === 0) throw invalid(entry, "sets nothing");
    rules.set(name, parseWords(entry, words));
  }
  return {
    of: (host) => ({
      reserve: defaultReserve,
      counts: countsPulls(host) ? "pulls" : "requests",
      ...knownLimits[host],
      ...find(rules, host),
    }),
  };
}

export const defaultLimits: Limits = parseLimits("");

function find(rules: ReadonlyMap<string, Partial<HostLimits>>, host: string): Partial<HostLimits> {
  const exact = rules.get(host);
  if (exact !== undefined) return exact;
  const name = host.replace(/:[0-9]+$/, "");
  for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
    const wide = rules.get(`*${name.slice(dot)}`);
    if (wide !== undefined) return wide;
  }
  return rules.get("*") ?? {};
}

function parsePattern(entry: string, pattern: string): string {
  if (pattern === "*") return pattern;
  if (/^\*(?:\.[a-z0-9-]+)+$/i.test(pattern)) return pattern.toLowerCase();
  try {
    return parseHost(pattern);
  } catch {
    throw invalid(entry, `begins with "${printable(pattern)}", which is not a host, *.suffix or *`);
  }
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] | undefined };

function parseWords(entry: string, words: readonly string[]): Partial<HostLimits> {
  const limits: Partial<Mutable<HostLimits>> = {};
  for (const word of words) {
    const [, name, value = ""] = /^(rps|concurrency|reserve)=(.+)$/.exec(word) ?? [];
    if (word === "unlimited") {
      // Takes back what is known of the host, too.
      limits.requestsPerSecond = undefined;
      limits.connections = undefined;
    } else if (name === "rps") {
      limits.requestsPerSecond = parseNumber(value, { least: 0.01, most: 10_000 }) ?? fail(entry, word);
    } else if (name === "concurrency") {
      const connections = parseNumber(value, { least: 1, most: mostConnections });
      limits.connections = Number.isInteger(connections) ? connections : fail(entry, word);
    } else if (name === "reserve" && value.endsWith("%")) {
      limits.reserve = (parseNumber(value.slice(0, -1), { least: 0, most: 99 }) ?? fail(entry, word)) / 100;
    } else fail(entry, word);
  }
  return limits as Partial<HostLimits>;
}

function parseNumber(
  text: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  const value = Number(text);
  return /^[0-9]{1,6}(?:\.[0-9]{1,3})?$/.test(text) && value >= least && value <= most ? value : undefined;
}

function fail(entry: string, word: string): never {
  throw invalid(
    entry,
    `has "${printable(word)}" where rps= (0.01 to 10000), concurrency= (1 to ${mostConnections}), reserve= (0% to 99%) or unlimited is expected`,
  );
}

function invalid(entry: string, why: string): Failure {
  return new Failure(
    "invalid",
    `the limit "${printable(entry.trim())}" ${why}; a correct list is ${example}`,
  );
}
