import type { Evidence } from "../../documents/evidence.ts";
import { type ImportRecord, parseImportId } from "../../documents/import-record.ts";
import { type Digest, isDigest, parseDigest, printable, shortDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference, parseReference, type Reference } from "../../model/reference.ts";
import type { EvidenceStore } from "../../stores/evidence.ts";
import type { ImageAtTarget, Ledger } from "../../stores/ledger.ts";
import { targetsNamed } from "../decide/find-import.ts";
import { floatingTagOf } from "../import/keep-previous.ts";
import { type Compared, type ComparePorts, compareTarget, type TargetNow } from "./compare-target.ts";
import { mayComeIn, type Standing, type StandingImport, standingOf } from "./standing-imports.ts";

export interface FindEvidencePorts extends ComparePorts {
  readonly evidence: EvidenceStore;
  readonly ledger: Ledger;
  readonly targetHost: string;
}

/** What is known of one image at the target, and whether the registry has this very image now. */
export interface ImageEvidence {
  /** As it was looked up: `registry.example/mirror/app:1.0.0`. */
  readonly image: string;
  /**
   * `on-record`: brought in by Wharfgate, and the registry has this digest now. `by-receipt`: a disconnected site has signed that
   * it came in there, and its registry cannot be asked. `differs`: it has another one. `gone`: it has none.
   * `unknown`: it could not be asked. `not-yet`: not brought in so far, and an import of it is under way, waits or is held.
   * `no-record`: not brought in by Wharfgate.
   */
  readonly verdict: Compared["verdict"] | Standing["verdict"];
  /** The same in a sentence, with what it means. */
  readonly summary: string;
  /** What a HEAD at the registry gave just now. */
  readonly now?: TargetNow;
  /** How it came in last. */
  readonly record?: Evidence;
  /** What else is on record of this tag or digest, newest first: previous digests, denials, removals. */
  readonly history: readonly Evidence[];
  /** Signatures, attestations and the like that came in with it. */
  readonly referrers: readonly Evidence[];
  /**
   * Where the registry does not have what is on record: the ledger's imports of it that have not brought it in, those that still
   * may first. Absent when there is none.
   */
  readonly imports?: readonly StandingImport[];
}

/** `complete`: every image that was found is on record, and the registry has it, or the site has signed for it. */
export interface EvidenceAnswer {
  readonly asked: string;
  readonly complete: boolean;
  readonly images: readonly ImageEvidence[];
}

const answered: ReadonlySet<ImageEvidence["verdict"]> = new Set(["on-record", "by-receipt"]);

// An auditor's patience, and a bound for the answer.
const mostHistory = 100;
const mostRepositories = 20;

/**
 * Answers for `registry/repo:tag`, `repo:tag` (at the target), `repo@sha256:…`, a bare digest, which is looked for in all
 * repositories, or an import as people name it. Throws `invalid` for anything else.
 */
export async function findEvidence(
  asked: string,
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<EvidenceAnswer> {
  const images = isDigest(asked) ? await anywhere(asked, ports, signal) : await ofName(asked, ports, signal);
  return { asked, complete: images.every(({ verdict }) => answered.has(verdict)), images };
}

/** As people write images of their own registry: without a host it is the target, and nothing goes under `library/`. */
export function parseImage(text: string, targetHost: string): Reference {
  const first = text.slice(0, Math.max(0, text.indexOf("/")));
  const reference = parseReference(/[.:]|^localhost$/.test(first) ? text : `${targetHost}/${text}`);
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  throw new Failure(
    "invalid",
    `${formatReference(reference)} names no image: add a tag or a digest, such as :1.0.0`,
  );
}

/** What names no image at the target may be the name of an import: `group/name:tag`. */
async function ofName(
  asked: string,
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<readonly ImageEvidence[]> {
  const image =
    parseImportId(asked) === undefined
      ? await ofReference(parseImage(asked, ports.targetHost), ports, signal)
      : undefined;
  if (image !== undefined && !isUnheardOf(image)) return [image];
  const found: ImageEvidence[] = [];
  for (const target of await targetsNamed(asked, ports.ledger, signal))
    found.push(await ofReference(target, ports, signal));
  if (found.length > 0) return found;
  if (image !== undefined) return [image];
  throw new Failure("not-found", `There is no import "${printable(asked)}"`);
}

function isUnheardOf({ verdict, history, imports }: ImageEvidence): boolean {
  return verdict === "no-record" && history.length === 0 && imports === undefined;
}

async function ofReference(
  reference: Reference,
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<ImageEvidence> {
  const { host, path, tag, digest } = reference;
  const repository = { host, path };
  const rows = await collected(
    digest === undefined
      ? ports.evidence.ofTag(repository, tag ?? "", signal)
      : ports.evidence.ofDigest(repository, digest, signal),
  );
  const told = rows.length > 0 ? rows : await keptUnder(reference, ports, signal);
  return describe(reference, told, ports, signal);
}

/** How the digest came in that a floating tag had before, and that is kept under this dated tag. */
async function keptUnder(
  { tag = "", ...repository }: Reference,
  { evidence }: FindEvidencePorts,
  signal: AbortSignal,
): Promise<readonly Evidence[]> {
  const floating = floatingTagOf(tag);
  if (floating === undefined) return [];
  const rows = await collected(evidence.ofTag(repository, floating, signal));
  const kept = rows.flatMap(({ keptAs = [] }) => keptAs).find((each) => each.tag === tag);
  return rows.filter(({ outcome, digest }) => outcome === "done" && digest === kept?.digest);
}

async function anywhere(
  digest: Digest,
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<ImageEvidence[]> {
  const rows = await collected(ports.evidence.anywhere(digest, signal));
  const repositories = Map.groupBy(rows, ({ target }) => target);
  if (repositories.size === 0) {
    const imports = await importsOf({ digest }, ports.ledger, signal);
    return [nothingOf(digest, `No repository of the record has ${shortDigest(digest)}.`, imports)];
  }
  const found: ImageEvidence[] = [];
  for (const [target, those] of [...repositories].slice(0, mostRepositories))
    found.push(await describe({ ...parseReference(target), digest }, those, ports, signal));
  const [next] = [...repositories.keys()].slice(mostRepositories);
  if (next === undefined) return found;
  const summary = `It is on record in ${repositories.size - mostRepositories} repositories more, which were not looked at: ask for each by name, as here.`;
  const image = formatReference({ ...parseReference(next), digest });
  return [...found, { image, verdict: "unknown", summary, history: [], referrers: [] }];
}

async function describe(
  reference: Reference,
  rows: readonly Evidence[],
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<ImageEvidence> {
  const image = formatReference(reference);
  const [latest] = rows;
  const done = rows.filter(({ outcome }) => outcome === "done");
  // What a site has under the same name is another matter, unless the target was never given anything.
  const record = done.find(({ site }) => site === undefined) ?? done[0];
  if (latest === undefined || record === undefined) {
    const imports = await importsOf(atTarget(reference), ports.ledger, signal);
    const found =
      latest === undefined
        ? "The record has nothing under this name."
        : `It was ${latest.outcome} at ${latest.endedAt}.`;
    return { ...nothingOf(image, found, imports), history: rows.slice(0, mostHistory) };
  }
  const history = rows.filter((row) => row !== record).slice(0, mostHistory);
  const { now, verdict, summary } = await compareTarget(reference, { latest, record, rows }, ports, signal);
  const referrers = await collected(
    ports.evidence.referrersOf(reference, parseDigest(record.digest), signal),
  );
  const told = { image, ...(now && { now }), record, history, referrers } as const;
  if (verdict !== "differs" && verdict !== "gone") return { ...told, verdict, summary };
  const imports = (await importsOf(atTarget(reference), ports.ledger, signal)).filter(mayComeIn);
  const standing = standingOf(imports);
  if (standing.summary === undefined) return { ...told, verdict, summary };
  return { ...told, verdict, summary: `${summary} ${standing.summary}.`, imports: standing.imports };
}

function atTarget({ host, path, tag, digest }: Reference): ImageAtTarget {
  const repository = { host, path };
  return digest === undefined ? { repository, tag: tag ?? "" } : { repository, digest };
}

async function importsOf(
  image: ImageAtTarget,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<readonly ImportRecord[]> {
  const found: ImportRecord[] = [];
  for await (const { record } of ledger.toImage(image, signal)) found.push(record);
  return found;
}

function nothingOf(image: string, found: string, records: readonly ImportRecord[]): ImageEvidence {
  const { verdict, summary, imports } = standingOf(records);
  const known = { image, verdict, history: [], referrers: [] } as const;
  if (summary === undefined) {
    const hint = "An image of one platform has its index's record: ask by tag or by the index's digest.";
    return { ...known, summary: `Not brought in by Wharfgate. ${found} ${hint}` };
  }
  const more = imports.length === 1 ? "" : ` There are ${imports.length} imports of it in all.`;
  const unrecorded = imports[0]?.state === "done" ? "Not on record" : "Not brought in by Wharfgate";
  const so = verdict === "not-yet" ? "Not in yet" : unrecorded;
  return { ...known, summary: `${so}: ${summary}.${more}`, imports };
}

/** Newest first. */
async function collected(rows: AsyncIterable<Evidence>): Promise<readonly Evidence[]> {
  const found: Evidence[] = [];
  for await (const row of rows) found.push(row);
  return found.sort((a, b) => b.endedAt.localeCompare(a.endedAt));
}
