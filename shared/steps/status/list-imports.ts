import { type ImportRecord, importStates, parseImportId } from "../../documents/import-record.ts";
import { parseWatchPath, type WatchId } from "../../documents/watch-id.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { Ledger } from "../../stores/ledger.ts";
import {
  describeImport,
  describeReferrer,
  type ImportView,
  type ReferrerView,
} from "../import/import-view.ts";

/** One import by its id. Throws `not-found`. */
export async function getImport(id: string, ledger: Ledger, signal: AbortSignal): Promise<ImportView> {
  const parsed = parseImportId(id);
  const entry = parsed && (await ledger.get(parsed.watch, parsed.key, signal));
  if (entry !== undefined) {
    const { record } = entry;
    const view = describeImport(record);
    if (!mayHaveReferrers(record)) return view;
    return { ...view, referrers: await referrersOf(record, ledger, signal) };
  }
  throw new Failure("not-found", `There is no import "${printable(id)}"`);
}

/** What refers to an image is looked for once it is in. */
function mayHaveReferrers({ state, subject, handling }: ImportRecord): boolean {
  return state === "done" && subject === undefined && handling.referrers.length > 0;
}

async function referrersOf(
  { watch, digest, target }: ImportRecord,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<readonly ReferrerView[]> {
  const found: ReferrerView[] = [];
  for await (const { record } of ledger.ofWatch(watch, signal))
    if (record.subject === digest && record.target.path === target.path) found.push(describeReferrer(record));
  return found;
}

export interface ImportList {
  /** Newest first. */
  readonly imports: readonly ImportView[];
  /** How many match, of which `imports` holds the newest `top`. */
  readonly total: number;
}

const defaultTop = 100;
const maxTop = 1000;

/** Imports, newest first, by `watch` (group/name), `state` and `top` (at most 1000). Throws `invalid` for anything else. */
export async function listImports(
  query: Readonly<Record<string, string>>,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<ImportList> {
  const { watch, state, top } = parseQuery(query);
  const found: ImportView[] = [];
  for await (const { record } of watch === undefined ? ledger.all(signal) : ledger.ofWatch(watch, signal)) {
    if (state === undefined || record.state === state) found.push(describeImport(record));
  }
  found.sort((a, b) => b.seenAt.localeCompare(a.seenAt));
  return { imports: found.slice(0, top), total: found.length };
}

interface Query {
  readonly watch?: WatchId;
  readonly state?: string;
  readonly top: number;
}

function parseQuery({
  code: _,
  watch,
  state,
  top = String(defaultTop),
  ...others
}: Readonly<Record<string, string>>): Query {
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new Failure("invalid", `"${printable(unknown)}" is not a filter: use watch, state or top`);
  }
  if (state !== undefined && !importStates.some((each) => each === state)) {
    throw new Failure(
      "invalid",
      `state must be one of ${importStates.join(", ")}, not "${printable(state)}"`,
    );
  }
  if (!/^\d{1,4}$/.test(top) || Number(top) < 1 || Number(top) > maxTop) {
    throw new Failure("invalid", `top must be a whole number from 1 to ${maxTop}, not "${printable(top)}"`);
  }
  return {
    top: Number(top),
    ...(watch === undefined
      ? {}
      : { watch: watch === "manual" ? { group: "manual", name: "requests" } : parseWatchPath(watch) }),
    ...(state === undefined ? {} : { state }),
  };
}
