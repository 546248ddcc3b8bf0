import { type Evidence, sourceOf, targetOf } from "../shared/documents/evidence.ts";
import { plain } from "../shared/notifiers/inert.ts";
import type { EvidenceAnswer, ImageEvidence } from "../shared/steps/evidence/find-evidence.ts";
import type { StandingImport } from "../shared/steps/evidence/standing-imports.ts";

const labelWidth = 9;
const narrowest = 40;
// Long enough for every reason that is kept.
const longest = 4000;
const mostListed = 20;
const mostStanding = 5;

/** What the record says of an image, in lines that fit a terminal. All that others wrote is made inert. */
export function evidenceLines({ images }: EvidenceAnswer, columns: number): string[] {
  const wrap = wrapAt(Math.max(columns, narrowest));
  return images.flatMap((image, index) => [...(index === 0 ? [] : [""]), ...linesOf(image, wrap)]);
}

type Wrap = (label: string, text: string) => string[];

function linesOf(image: ImageEvidence, wrap: Wrap): string[] {
  const { verdict, summary, now, record, history, referrers, imports = [] } = image;
  const others = history.filter((each) => !imports.some((standing) => isOf(each, standing)));
  return [
    ...wrap("image", image.image),
    ...wrap(verdict === "on-record" || verdict === "by-receipt" ? "ok" : "NO", summary),
    ...(record === undefined ? [] : recordLines(record, wrap)),
    ...(now === undefined ? [] : wrap("now", `${now.digest ?? "not in the registry"} (HEAD at ${now.at})`)),
    ...imports.slice(0, mostStanding).flatMap((standing) => standingLines(standing, wrap)),
    ...(imports.length > mostStanding
      ? wrap("import", `and ${imports.length - mostStanding} more: --json tells all`)
      : []),
    ...listed(others, "earlier", (each) => `${each.outcome} ${each.endedAt}: ${earlier(each, record)}`, wrap),
    ...listed(referrers, "with it", (each) => `${each.outcome} ${each.endedAt}: ${each.digest}`, wrap),
  ];
}

/** Whether the row tells what the import itself tells already. */
function isOf(row: Evidence, { importId, endedAt }: StandingImport): boolean {
  return row.import === importId && row.endedAt === endedAt;
}

/** Where an import stands that has not brought the image in: what the gates said, what it waits for, what to do. */
function standingLines(standing: StandingImport, wrap: Wrap): string[] {
  const { name, state, digest, source, watch, requestedBy, seenAt, gates = [], decisions = [] } = standing;
  const { dueAt, transfer, next, link, importId } = standing;
  const reason = reasonBeside(standing);
  return [
    ...wrap("import", `${name} ${state}`),
    ...wrap("digest", digest),
    ...wrap("from", source),
    ...wrap("asked by", watch === requestedBy ? watch : `${requestedBy} (${watch})`),
    ...wrap("seen", seenAt),
    ...gates.flatMap(({ gate, verdict, reason: said, at }) =>
      wrap("gate", `${gate} ${verdict} ${at}: ${said}`),
    ),
    ...decisions.flatMap(({ decision, by, at, reason: said }) =>
      wrap("decision", `${decision} by ${by} ${at}${said === undefined ? "" : `: ${said}`}`),
    ),
    ...(transfer === undefined ? [] : wrap("moved", transfer)),
    ...(reason === undefined ? [] : wrap("reason", reason)),
    ...(dueAt === undefined ? [] : wrap("again", `looked at ${dueAt}, or earlier`)),
    ...wrap("next", next),
    ...(link === undefined ? [] : wrap("log", link)),
    ...wrap("id", importId),
  ];
}

/** The ledger's reason without what the last gate's line and the next step tell anyway. */
function reasonBeside({ reason, next, gates = [] }: StandingImport): string | undefined {
  if (reason === undefined) return undefined;
  const rest = (reason.endsWith(next) ? reason.slice(0, -next.length) : reason).trim();
  const last = gates.at(-1);
  const told = last !== undefined && last.verdict !== "passed" && rest.startsWith(last.reason);
  return rest === "" || told ? undefined : rest;
}

function recordLines(record: Evidence, wrap: Wrap): string[] {
  const { proof, bytes, via, why, startedAt, reason, link } = record;
  const work = via === undefined || via === record.method ? record.method : `${record.method}, by ${via}`;
  return [
    ...wrap("digest", record.digest),
    ...wrap("from", sourceOf(record)),
    ...wrap("to", targetOf(record)),
    ...wrap(
      "asked by",
      record.watch === record.requestedBy ? record.watch : `${record.requestedBy} (${record.watch})`,
    ),
    ...wrap("seen", record.seenAt),
    ...(startedAt === undefined ? [] : wrap("started", startedAt)),
    ...wrap("came in", `${record.endedAt}${bytes === undefined ? "" : `, ${bytes.moved} bytes`}`),
    ...wrap("method", why === undefined ? work : `${work}: ${why}`),
    ...record.operations.flatMap((operation) => wrap("work", operation)),
    ...(record.onlyPlatforms ? wrap("only", record.platforms.join(", ")) : []),
    ...(proof === undefined ? [] : wrap("proof", proofOf(proof))),
    ...(record.gates.length === 0 ? wrap("gates", "none was asked") : []),
    ...record.gates.flatMap(({ gate, verdict, reason: said, at }) =>
      wrap("gate", `${gate} ${verdict} ${at}: ${said}`),
    ),
    ...(record.decisions.length === 0 ? wrap("approved", "nobody had to") : []),
    ...record.decisions.flatMap(({ kind, by, at, reason: said }) =>
      wrap("decision", `${kind} by ${by} ${at}${said === undefined ? "" : `: ${said}`}`),
    ),
    ...(record.repaired === undefined ? [] : wrap("repaired", repairOf(record.repaired))),
    ...(record.locked === undefined ? [] : wrap("locked", `by the ${record.locked}`)),
    ...(record.keptAs ?? []).flatMap(({ tag, digest }) => wrap("before", `${digest}, kept as ${tag}`)),
    ...(record.previousDigest === undefined ? [] : wrap("before", record.previousDigest)),
    ...(reason === undefined ? [] : wrap("reason", reason)),
    ...(link === undefined ? [] : wrap("log", link)),
    ...wrap("import", record.import),
  ];
}

function proofOf({ at, by, was }: NonNullable<Evidence["proof"]>): string {
  return `${by} at ${at}${was === "present" ? ", where it was already" : ""}`;
}

function repairOf({ kind, found }: NonNullable<Evidence["repaired"]>): string {
  return `it was ${kind}${found === undefined ? "" : `, with ${found} in its place`}`;
}

/** An earlier digest, or what else became of this one. */
function earlier({ digest, outcome, reason }: Evidence, record: Evidence | undefined): string {
  const what = digest === record?.digest ? "the same digest" : digest;
  return outcome === "done" || reason === undefined ? what : `${what}: ${reason}`;
}

function listed<T>(items: readonly T[], label: string, text: (item: T) => string, wrap: Wrap): string[] {
  const rest = items.length - mostListed;
  return [
    ...items.slice(0, mostListed).flatMap((item) => wrap(label, text(item))),
    ...(rest > 0 ? wrap(label, `and ${rest} more: --json tells all`) : []),
  ];
}

/** Label and text side by side; what does not fit goes on below. A word is never broken, so that ids and digests can be copied. */
function wrapAt(columns: number): Wrap {
  const room = columns - labelWidth;
  return (label, text) => {
    const lines: string[] = [];
    let rest = plain(text, longest);
    while (rest.length > room) {
      const within = rest.lastIndexOf(" ", room);
      const end = within > 0 ? within : rest.indexOf(" ", room);
      if (end < 0) break;
      lines.push(rest.slice(0, end));
      rest = rest.slice(end).trimStart();
    }
    lines.push(rest);
    return lines.map((line, index) => `${(index === 0 ? label : "").padEnd(labelWidth)}${line}`.trimEnd());
  };
}
