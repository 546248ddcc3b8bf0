import type { Evidence } from "../../documents/evidence.ts";
import { formatWatchId, manualWatch, parseWatchPath } from "../../documents/watch-id.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { EvidenceFilter, EvidencePlace, EvidenceStore } from "../../stores/evidence.ts";

export interface EvidencePage {
  readonly evidence: readonly Evidence[];
  /** What `after` takes to go on; absent at the end. */
  readonly next?: string;
}

const defaultTop = 500;
const maxTop = 1000;

/** Which evidence is asked for, as people write it: `since` is a day or a moment in UTC. Throws `invalid`. */
export function parseEvidenceFilter({
  since,
  watch,
}: {
  readonly since?: string | undefined;
  readonly watch?: string | undefined;
}): EvidenceFilter {
  return {
    ...(since !== undefined && { since: parseMoment(since) }),
    ...(watch !== undefined && {
      watch: watch === manualWatch.group ? watch : formatWatchId(parseWatchPath(watch)),
    }),
  };
}

/** Row after row, in an order that never changes: by target repository, tag and first sight. */
export async function* exportEvidence(
  filter: EvidenceFilter,
  { evidence }: { readonly evidence: EvidenceStore },
  signal: AbortSignal,
): AsyncGenerator<Evidence> {
  for await (const each of evidence.all(filter, { signal })) yield each.evidence;
}

/** The same by pages, for the query of a request. Throws `invalid`. */
export async function exportPage(
  query: Readonly<Record<string, string>>,
  { evidence }: { readonly evidence: EvidenceStore },
  signal: AbortSignal,
): Promise<EvidencePage> {
  const { code: _, since, watch, after, top = String(defaultTop), ...others } = query;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    throw new Failure("invalid", `"${printable(unknown)}" is not known: use since, watch, after or top`);
  if (!/^\d{1,4}$/.test(top) || Number(top) < 1 || Number(top) > maxTop)
    throw new Failure("invalid", `top must be a whole number from 1 to ${maxTop}, not "${printable(top)}"`);
  const place = after === undefined ? {} : { after: parsePlace(after) };
  const rows: Evidence[] = [];
  let last: EvidencePlace | undefined;
  for await (const each of evidence.all(parseEvidenceFilter({ since, watch }), { ...place, signal })) {
    if (rows.length === Number(top)) return { evidence: rows, ...(last && { next: formatPlace(last) }) };
    rows.push(each.evidence);
    last = each.place;
  }
  return { evidence: rows };
}

function formatPlace({ partition, row }: EvidencePlace): string {
  return Buffer.from(`${partition}/${row}`).toString("base64url");
}

function parsePlace(text: string): EvidencePlace {
  const [partition = "", row = ""] = Buffer.from(text, "base64url").toString("utf8").split("/");
  if (/^[0-9a-f]{64}$/.test(partition) && /^[\x21-\x7e]{1,512}$/.test(row)) return { partition, row };
  throw new Failure("invalid", `after="${printable(text)}" is not the "next" of a page`);
}

function parseMoment(text: string): Date {
  const moment = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  if (/^\d{4}-\d{2}-\d{2}(?:T[\d:.]+Z)?$/.test(text) && !Number.isNaN(moment.getTime())) return moment;
  throw new Failure(
    "invalid",
    `since must be a day or a moment in UTC, such as 2026-11-01 or 2026-11-01T12:00:00Z, not "${printable(text)}"`,
  );
}
