import { type ImportRecord, openedAgain } from "../../documents/import-record.ts";
import { lastDecision } from "../../gates/decision.ts";
import type { Descriptor } from "../../model/descriptor.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { parsePlatform, satisfies } from "../../model/platform.ts";
import { digestTagsOf } from "../../registry/cosign-tags.ts";
import { findReferrers, type Referrer } from "../../registry/find-referrers.ts";
import type { Registries, Registry } from "../../registry/registry.ts";
import type { Ledger, NewEntry } from "../../stores/ledger.ts";
import type { Queues } from "../../stores/queues.ts";
import { eventOf } from "../events/import-events.ts";
import { type EvidencePort, recordEvidence } from "../import/record-evidence.ts";
import { referrerRecord, refusedRecord } from "./referrer-records.ts";

export interface LookPorts extends EvidencePort {
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly registries: Registries;
  readonly openTarget: (host: string) => Registry;
  readonly now: () => Date;
}

export interface LookOptions {
  readonly wanted: ImportRecord["handling"]["referrers"];
  /** The import of a referrer, by its key. */
  readonly known: (key: string) => Promise<ImportRecord | undefined>;
  /**
   * For a look in passing: the repository's tags, and which of an index's children is asked for this time. Without it all are.
   */
  readonly passing?: { readonly tags: ReadonlySet<string>; readonly turn: number };
}

export interface Looked {
  readonly ordered: number;
  /** What was ordered before. */
  readonly known: number;
  readonly refused: number;
  /** How many more there are than are brought in with one image. */
  readonly beyond: number;
}

// For more of them one list of tags costs less than asking for each.
const fewSubjects = 4;
const mostChildren = 64;

/**
 * Looks for what refers to an image that is in, and orders what is not in yet, or is no longer as upstream has it: each an
 * import of its own. What must not be brought in is written down with the reason, and told.
 */
export async function lookForReferrers(
  image: ImportRecord,
  { wanted, known, passing }: LookOptions,
  ports: LookPorts,
  signal: AbortSignal,
): Promise<Looked> {
  const { host, path } = image.source;
  const registry = ports.registries.open(host, image.credential);
  const children = await childrenOf(image, ports, signal);
  const asked = passing === undefined ? children : childAt(children, passing.turn);
  const subjects = [image.digest, ...asked];
  const tags =
    passing?.tags ??
    (subjects.length > fewSubjects ? digestTagsOf(await registry.listTags(path, signal)) : undefined);
  const unsent: ImportRecord[] = [];
  const target = createTargetLook(image, ports, signal);
  const { wanted: found, ...rest } = await findReferrers(
    {
      registry,
      repository: path,
      subjects,
      byTag: children.filter((child) => !asked.includes(child)),
      wanted,
      ...(tags && { tags }),
      isKnown: async (referrer) => {
        const record = await known(referrerRecord(image, referrer, { now: ports.now() }).key);
        if (record === undefined) return false;
        if (record.state === "pending" && record.hop === 0) unsent.push(record);
        // What a site has cannot be asked from here: its receipt told.
        if (record.state === "done") return record.method === "bundle" || target.has(referrer);
        return !again.has(record.state) || lastDecision(record.decisions, "refuse") !== undefined;
      },
    },
    signal,
  );
  const orders = found.map((referrer) => referrerRecord(image, referrer, { now: ports.now() }));
  const refused = rest.refused.map((referrer) => refusedRecord(image, referrer, { now: ports.now() }));
  await settle(image, { orders, refused, unsent }, ports, signal);
  return { ordered: orders.length, known: rest.known, refused: refused.length, beyond: rest.beyond };
}

const again: ReadonlySet<ImportRecord["state"]> = new Set(["failed", "overtaken", "removed"]);

/** Of an index those that are brought in; what BuildKit puts beside them has no platform and is looked at with none. */
async function childrenOf(
  { source, target, digest, handling, platforms, method, credential }: ImportRecord,
  { openTarget, registries }: LookPorts,
  signal: AbortSignal,
): Promise<readonly Digest[]> {
  const [registry, { path }] =
    method === "bundle"
      ? [registries.open(source.host, credential), source]
      : [openTarget(target.host), target];
  const manifest = await registry.getManifest(path, digest, signal);
  const only = handling.platforms === "only" ? platforms.map(parsePlatform) : undefined;
  const isIn = ({ platform }: Descriptor) =>
    platform?.os !== "unknown" &&
    (only === undefined || only.some((each) => platform !== undefined && satisfies(platform, each)));
  return (manifest?.manifests ?? [])
    .filter(isIn)
    .slice(0, mostChildren)
    .map((child) => child.digest);
}

function childAt(children: readonly Digest[], turn: number): readonly Digest[] {
  const child = children[turn % Math.max(1, children.length)];
  return child === undefined ? [] : [child];
}

/** Whether the target has a referrer as upstream has it: under cosign's tag, or in the list of what refers to its subject. */
function createTargetLook(
  { target: { host, path } }: ImportRecord,
  { openTarget }: LookPorts,
  signal: AbortSignal,
): { has(referrer: Referrer): Promise<boolean> } {
  const lists = new Map<Digest, Promise<readonly Descriptor[]>>();
  return {
    async has({ digest, subject, tag, place }) {
      const target = openTarget(host);
      if (place === "tag") return (await target.headManifest(path, tag, signal))?.digest === digest;
      const list = lists.get(subject) ?? target.listReferrers(path, subject, signal);
      lists.set(subject, list);
      return (await list).some((each) => each.digest === digest);
    },
  };
}

interface Findings {
  readonly orders: readonly ImportRecord[];
  readonly refused: readonly ImportRecord[];
  /** In the ledger already, but perhaps without a message: whoever ordered them may have died in between. */
  readonly unsent: readonly ImportRecord[];
}

async function settle(
  image: ImportRecord,
  { orders, refused, unsent }: Findings,
  { ledger, queues, evidence }: LookPorts,
  signal: AbortSignal,
): Promise<void> {
  for (const record of refused) await recordEvidence(record, {}, { evidence }, signal);
  const entries = [
    ...orders.map((record): NewEntry => ({ record })),
    ...refused.map(
      (record): NewEntry => ({
        record,
        announce: { event: eventOf(record, "denied"), channels: record.notify },
      }),
    ),
  ];
  const added = new Set((await ledger.add(entries, signal)).map(({ key }) => key));
  for (const record of [...orders, ...unsent]) {
    const hop = added.has(record.key) ? record.hop : await reopen(record, ledger, signal);
    if (hop === undefined) continue;
    await queues.import({ watch: record.watch, key: record.key, hop }, { signal });
  }
  if (refused.length > 0) {
    const partition = `${image.watch.group}~${image.watch.name}`;
    await queues.notify({ kind: "relay", partition }, { signal });
  }
}

/** Returns the hop that its message must name; undefined when somebody else has it in hand. */
async function reopen(
  record: ImportRecord,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<number | undefined> {
  const entry = await ledger.get(record.watch, record.key, signal);
  if (entry === undefined) return undefined;
  if (entry.record.state === "pending") return entry.record.hop;
  if (!again.has(entry.record.state) && entry.record.state !== "done") return undefined;
  const next = openedAgain(entry.record, record);
  try {
    await ledger.update(entry, next, { signal });
    return next.hop;
  } catch (error) {
    if (error instanceof Failure && error.code === "conflict") return undefined;
    throw error;
  }
}
