import { createHash } from "node:crypto";
import type { Values } from "../azure/tables.ts";
import { parseCooldown } from "../gates/cooldown.ts";
import { type MethodKind, parseMethodKind } from "../methods/members.ts";
import { Failure } from "../model/failure.ts";
import type { Platform } from "../model/platform.ts";
import { parseRepository, type Repository } from "../model/reference.ts";
import { hasMajors } from "../policies/major-of.ts";
import { needsList, type Rules } from "../policies/rules.ts";
import { parsePins, parseVerify, type WatchGates } from "./gate-columns.ts";
import {
  defaultHandling,
  type Handling,
  oneOf,
  parsePlatforms,
  parseReferrers,
  parseSite,
} from "./handling.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import { defaultTarget, parseTarget, type TargetTemplate } from "./target-template.ts";
import {
  columnProblems,
  columns,
  methodFor,
  parseChannelName,
  parseCredentialReference,
  parseEnabled,
  parseList,
  type WatchColumn,
} from "./watch-columns.ts";
import { parseWatchId, type WatchId } from "./watch-id.ts";
import { type ReadColumn, readRules } from "./watch-rules.ts";

/** One row of the table `watches`, parsed: which upstream repository to follow, which tags, where to and how. */
export interface Watch extends WatchId {
  readonly source: Repository;
  readonly rules: Rules;
  /** Platforms that an image must offer; it is brought in whole unless `handling.platforms` is `only`. */
  readonly platforms: readonly Platform[];
  readonly target: TargetTemplate;
  readonly gates: WatchGates;
  readonly handling: Handling;
  /** Absent: the app's default method. */
  readonly method?: MethodKind;
  readonly schedule: Schedule;
  readonly credential?: string;
  /** Channel names; absent: all configured channels. */
  readonly notify?: readonly string[];
  readonly enabled: "yes" | "no";
  readonly note?: string;
  readonly managedBy?: string;
  /** Hash of the columns that decide what is imported and how: a change of them makes the watch look at everything anew. */
  readonly revision: string;
}

/** Throws `invalid` with every problem of the row in one message, each with its column. */
export function parseWatch(group: string, name: string, row: Values): Watch {
  const problems: string[] = [];
  const read = <T>(column: WatchColumn, parse: (text: string) => T): T | undefined => {
    const text = String(row[column] ?? "").trim();
    if (text === "") return undefined;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      problems.push(error.message.startsWith(column) ? error.message : `${column}: ${error.message}`);
      return undefined;
    }
  };

  for (const column of Object.keys(row)) problems.push(...columnProblems(column, row[column]));
  const id = attempt(() => parseWatchId(group, name), problems);
  const source = read("Source", parseRepository);
  const rules = readRules(read, problems);
  const platforms = read("Platforms", parsePlatforms);
  const gates = readGates(read);
  const handling = { ...readHandling(read), platforms: platforms?.mode ?? defaultHandling.platforms };
  const target = read("Target", parseTarget) ?? parseTarget(defaultTarget);
  const asked = read("Method", parseMethodKind);
  const schedule = read("Schedule", parseSchedule) ?? { kind: "every", minutes: 15 };
  const credential = read("Credential", parseCredentialReference);
  const method = attempt(() => methodFor(asked, credential), problems);
  if (method === "bundle" && handling.site === undefined)
    problems.push(`Site is missing, which Method bundle needs: ${columns.Site}`);
  const notify = read("Notify", (text) => parseList(text).map(parseChannelName));
  const enabled = read("Enabled", parseEnabled) ?? "yes";
  const note = read("Note", (text) => text);
  const managedBy = read("ManagedBy", (text) => text);

  if (source === undefined && String(row.Source ?? "").trim() === "") {
    problems.unshift(`Source is missing: ${columns.Source}`);
  }
  if (handling.lock === "locked" && rules.track.length > 0) {
    problems.push("Lock locked and Track contradict each other: a tag that is followed has to move");
  }
  if (method === "cache-rule" && (handling.previous === "keep" || handling.drift === "repair")) {
    problems.push(
      "Method cache-rule goes with neither Previous keep nor Drift repair: its repository has what upstream has, and nobody else may push to it",
    );
  }
  if (gates.approval === "major" && problems.length === 0 && !hasMajors(rules.policy)) {
    problems.push(
      "Approval is major, and Tags names no scheme that tells major versions: make it always or never, or use semver or loose",
    );
  }
  if (!needsList(rules) && rules.track.length === 0 && problems.length === 0) {
    problems.push(
      `Tags, Verbatim and Track are all empty, so nothing would be chosen. Tags: ${columns.Tags}`,
    );
  }
  if (problems.length > 0 || id === undefined || source === undefined) {
    throw new Failure("invalid", bounded(problems.join("; ")), { context: { group, name } });
  }
  return {
    ...id,
    source,
    rules,
    platforms: platforms?.list ?? [],
    target,
    gates,
    handling,
    schedule,
    enabled,
    revision: revisionOf(row),
    ...(method === undefined ? {} : { method }),
    ...(credential === undefined ? {} : { credential }),
    ...(notify === undefined ? {} : { notify }),
    ...(note === undefined ? {} : { note }),
    ...(managedBy === undefined ? {} : { managedBy }),
  };
}

function readGates(read: ReadColumn): WatchGates {
  const cooldown = read("Cooldown", parseCooldown);
  return {
    pins: read("Pins", parsePins) ?? new Map(),
    approval:
      read("Approval", (text) => oneOf("Approval", ["never", "always", "major"] as const, text)) ?? "never",
    verify: read("Verify", parseVerify) ?? [],
    ...(cooldown && { cooldown }),
  };
}

function readHandling(read: ReadColumn): Handling {
  const word = <Word extends string>(column: WatchColumn, words: readonly [Word, ...Word[]]): Word =>
    read(column, (text) => oneOf(column, words, text)) ?? words[0];
  const site = read("Site", parseSite);
  return {
    ...defaultHandling,
    referrers: read("Referrers", parseReferrers) ?? [],
    nondistributable: word("Nondistributable", ["leave", "bring"]),
    lock: word("Lock", ["open", "locked"]),
    previous: word("Previous", ["drop", "keep"]),
    drift: word("Drift", ["report", "repair"]),
    ...(site !== undefined && { site }),
  };
}

// What fits into a column of a table, a card and a reader's patience.
const maxReason = 4000;

function bounded(text: string): string {
  return text.length <= maxReason ? text : `${text.slice(0, maxReason - 1)}…`;
}

function attempt<T>(parse: () => T, problems: string[]): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

const selecting: readonly WatchColumn[] = [
  "Source",
  "Tags",
  "Include",
  "Exclude",
  "Prereleases",
  "Keep",
  "Track",
  "Extract",
  "Family",
  "KeepPer",
  "Verbatim",
  "Platforms",
  "Target",
  "Method",
  "Credential",
  "Pins",
  "Cooldown",
  "Approval",
  "Verify",
  "Referrers",
  "Nondistributable",
  "Lock",
  "Previous",
  "Site",
];

function revisionOf(row: Values): string {
  const text = JSON.stringify(selecting.map((column) => String(row[column] ?? "").trim()));
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
