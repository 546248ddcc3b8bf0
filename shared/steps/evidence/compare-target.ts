import type { Evidence } from "../../documents/evidence.ts";
import type { Clock } from "../../model/clock.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { Reference } from "../../model/reference.ts";
import type { Registry } from "../../registry/registry.ts";

/** What the registry has now, against what is on record. */
export interface Compared {
  readonly verdict: "on-record" | "by-receipt" | "differs" | "gone" | "unknown";
  readonly summary: string;
  readonly now?: TargetNow;
}

/** What a HEAD at the registry gave. */
export interface TargetNow {
  readonly digest?: Digest;
  readonly at: string;
}

export interface ComparePorts {
  readonly openTarget: (host: string) => Registry;
  readonly now: Clock;
}

/** `record`: how it came in last; `latest`: what became of it since; `rows`: all that is on record of it, newest first. */
export async function compareTarget(
  reference: Reference,
  {
    rows,
    latest,
    record,
  }: { readonly rows: readonly Evidence[]; readonly latest: Evidence; readonly record: Evidence },
  ports: ComparePorts,
  signal: AbortSignal,
): Promise<Compared> {
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
    const how =
      record.proof?.was === "present"
        ? "Passed by Wharfgate, which found it there"
        : "Brought in by Wharfgate";
    const summary = `${how}, and the registry has this very digest now.`;
    return { verdict: "on-record", now, summary };
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
  { openTarget, now }: ComparePorts,
  signal: AbortSignal,
): Promise<
  | { readonly kind: "answered"; readonly now: TargetNow }
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
