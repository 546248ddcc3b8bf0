import type { Evidence } from "../documents/evidence.ts";
import type { Clock } from "../model/clock.ts";
import { type Digest, isDigest, parseDigest, shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { formatReference, parseReference, type Reference } from "../model/reference.ts";
import type { Registry } from "../registry/registry.ts";
import type { EvidenceStore } from "../stores/evidence.ts";

export interface FindEvidencePorts {
  readonly evidence: EvidenceStore;
  readonly openTarget: (host: string) => Registry;
  readonly targetHost: string;
  readonly now: Clock;
}

/** What is known of one image at the target, and whether the registry has this very image now. */
export interface ImageEvidence {
  /** As it was looked up: `registry.example/mirror/app:1.0.0`. */
  readonly image: string;
  /**
   * `on-record`: brought in by Wharfgate, and the registry has this digest now. `by-receipt`: a disconnected site has signed that
   * it came in there, and its registry cannot be asked. `differs`: it has another one. `gone`: it has none.
   * `unknown`: it could not be asked. `no-record`: not brought in by Wharfgate.
   */
  readonly verdict: "on-record" | "by-receipt" | "differs" | "gone" | "unknown" | "no-record";
  /** The same in a sentence, with what it means. */
  readonly summary: string;
  /** What a HEAD at the registry gave just now. */
  readonly now?: { readonly digest?: Digest; readonly at: string };
  /** How it came in last. */
  readonly record?: Evidence;
  /** What else is on record of this tag or digest, newest first: previous digests, denials, removals. */
  readonly history: readonly Evidence[];
  /** Signatures, attestations and the like that came in with it. */
  readonly referrers: readonly Evidence[];
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
 * Answers for `registry/repo:tag`, `repo:tag` (at the target), `repo@sha256:…`, or a bare digest, which is looked for in all
 * repositories. Throws `invalid` for anything else.
 */
export async function findEvidence(
  asked: string,
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<EvidenceAnswer> {
  const images = isDigest(asked)
    ? await anywhere(asked, ports, signal)
    : [await ofReference(parseImage(asked, ports.targetHost), ports, signal)];
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
  return describe(reference, rows, ports, signal);
}

async function anywhere(
  digest: Digest,
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<ImageEvidence[]> {
  const rows = await collected(ports.evidence.anywhere(digest, signal));
  const repositories = Map.groupBy(rows, ({ target }) => target);
  if (repositories.size === 0)
    return [nothingOf(digest, `No repository of the record has ${shortDigest(digest)}.`)];
  const found: ImageEvidence[] = [];
  for (const [target, those] of [...repositories].slice(0, mostRepositories))
    found.push(await describe({ ...parseReference(target), digest }, those, ports, signal));
  return found;
}

async function describe(
  reference: Reference,
  rows: readonly Evidence[],
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<ImageEvidence> {
  const image = formatReference(reference);
  const [latest] = rows;
  if (latest === undefined) return nothingOf(image, "The record has nothing under this name.");
  const record = rows.find(({ outcome }) => outcome === "done");
  const history = rows.filter((row) => row !== record).slice(0, mostHistory);
  const { now, verdict, summary } = await compare(reference, { latest, record, rows }, ports, signal);
  const subject = record ?? latest;
  const referrers = await collected(
    ports.evidence.referrersOf(reference, parseDigest(subject.digest), signal),
  );
  return { image, verdict, summary, ...(now && { now }), ...(record && { record }), history, referrers };
}

interface Rows {
  readonly rows: readonly Evidence[];
  readonly latest: Evidence;
  readonly record: Evidence | undefined;
}

/** What the registry has now, against what is on record. */
async function compare(
  reference: Reference,
  { rows, latest, record }: Rows,
  ports: FindEvidencePorts,
  signal: AbortSignal,
): Promise<Pick<ImageEvidence, "verdict" | "summary" | "now">> {
  if (record === undefined) {
    const summary = `Not brought in by Wharfgate: it was ${latest.outcome} at ${latest.endedAt}.`;
    return { verdict: "no-record", summary };
  }
  if (record.proof?.receipt !== undefined) {
    const summary = `On record, by ${record.proof.by}: nobody can ask that site's registry from here.`;
    return { verdict: "by-receipt", summary };
  }
  const head = await askRegistry(reference, ports, signal);
  if (head.kind === "unknown") return { verdict: "unknown", summary: head.reason };
  const { now } = head;
  if (latest.outcome === "removed" && now.digest !== undefined) {
    const summary = `DIFFERS FROM THE RECORD: it was removed at ${latest.endedAt}, and the registry has ${now.digest} now: somebody else pushed it.`;
    return { verdict: "differs", now, summary };
  }
  if (now.digest === record.digest) {
    return {
      verdict: "on-record",
      now,
      summary: "Brought in by Wharfgate, and the registry has this very digest now.",
    };
  }
  if (now.digest === undefined) {
    const removed = latest.outcome === "removed" ? `: it was removed at ${latest.endedAt}` : "";
    return { verdict: "gone", now, summary: `On record, but the registry does not have it now${removed}.` };
  }
  const earlier = rows.find(({ outcome, digest }) => outcome === "done" && digest === now.digest);
  const what =
    earlier === undefined
      ? "which Wharfgate has not brought in under this name: somebody else pushed it"
      : `which Wharfgate brought in at ${earlier.endedAt}, before the one on record: somebody else set the tag back`;
  return {
    verdict: "differs",
    now,
    summary: `DIFFERS FROM THE RECORD: the registry has ${now.digest} now, ${what}.`,
  };
}

async function askRegistry(
  { host, path, tag, digest }: Reference,
  { openTarget, now }: FindEvidencePorts,
  signal: AbortSignal,
): Promise<
  | { readonly kind: "answered"; readonly now: NonNullable<ImageEvidence["now"]> }
  | { readonly kind: "unknown"; readonly reason: string }
> {
  try {
    const found = await openTarget(host).headManifest(path, digest ?? tag ?? "", signal);
    return { kind: "answered", now: { at: now().toISOString(), ...(found && { digest: found.digest }) } };
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "canceled") throw error;
    return {
      kind: "unknown",
      reason: `On record, but nobody knows whether the registry has it now: ${error.message}`,
    };
  }
}

function nothingOf(image: string, found: string): ImageEvidence {
  return {
    image,
    verdict: "no-record",
    summary: `Not brought in by Wharfgate. ${found} An image of one platform has its index's record: ask by tag or by the index's digest.`,
    history: [],
    referrers: [],
  };
}

/** Newest first. */
async function collected(rows: AsyncIterable<Evidence>): Promise<readonly Evidence[]> {
  const found: Evidence[] = [];
  for await (const row of rows) found.push(row);
  return found.sort((a, b) => b.endedAt.localeCompare(a.endedAt));
}
