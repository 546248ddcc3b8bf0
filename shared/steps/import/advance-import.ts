import type { ImportRecord } from "../../documents/import-record.ts";
import { type MethodKind, readsThrough } from "../../methods/members.ts";
import type { ImportOrder, Method, Operation, Progress } from "../../methods/method.ts";
import type { Clock } from "../../model/clock.ts";
import { shortDigest } from "../../model/digest.ts";
import { Failure, toFailure } from "../../model/failure.ts";
import { missingPlatforms } from "../../model/missing-platforms.ts";
import { formatPlatform, type Platform, parsePlatform } from "../../model/platform.ts";
import { formatReference } from "../../model/reference.ts";
import { fallbackTagOf } from "../../registry/cosign-tags.ts";
import type { Registries, Registry } from "../../registry/registry.ts";
import { heldNext } from "../events/held-reason.ts";
import { accountOf, type Outcome } from "./import-outcome.ts";
import { missingParts } from "./missing-parts.ts";

export interface AdvancePorts {
  readonly registries: Registries;
  /** Opens the target registry with the app's own credential for it. */
  readonly openTarget: (host: string) => Registry;
  readonly methodOf: (kind: MethodKind) => Method;
  readonly now: Clock;
}

/**
 * Does what comes next for an import: look at the target first, then start its method, or ask how its operation stands.
 * `began` tells whether an earlier hop may already have started it, so that its success is ours to announce.
 */
export async function advance(
  record: ImportRecord,
  { began }: { readonly began: "before" | "now" },
  ports: AdvancePorts,
  signal: AbortSignal,
): Promise<Outcome> {
  const method = ports.methodOf(record.method);
  const order = orderOf(record);
  if (record.operation === undefined) {
    // First, so that no record says that an image has platforms which nobody has looked for.
    await requirePlatforms(record, ports, signal);
    const unasked = readsThrough(record.method) || method.proof === "receipt";
    const settled = unasked ? undefined : await lookAtTarget(record, ports, signal);
    if (settled?.kind === "proven")
      return { kind: "proven", how: began === "before" ? "imported" : "present" };
    if (settled !== undefined) return settled;
    const waited = began === "before" || record.reason !== undefined || record.repair !== undefined;
    if (waited && (await movedOn(record, ports, signal))) {
      const name = formatReference({ ...record.source, tag: record.tag });
      return {
        kind: "overtaken",
        reason: `${name} has another digest by now, which has an import of its own`,
      };
    }
    return conclude(record, await method.start(order, signal), ports, signal);
  }
  if (record.deadline !== undefined && ports.now() > record.deadline) {
    const settled = readsThrough(record.method) ? undefined : await lookAtTarget(record, ports, signal);
    if (settled !== undefined) return settled;
    const left = await giveUp(method, { order, operation: record.operation }, signal);
    const failure = new Failure(
      "timeout",
      `${record.method} did not finish by ${record.deadline.toISOString()}, and the target does not have the image${left}`,
    );
    return { kind: "failed", failure };
  }
  return conclude(record, await method.check(order, record.operation, signal), ports, signal);
}

/** What cannot be canceled may go on, and is done again all the same: its deadline is over either way. */
async function giveUp(
  method: Method,
  { order, operation }: { readonly order: ImportOrder; readonly operation: Operation },
  signal: AbortSignal,
): Promise<string> {
  try {
    await method.cancel(order, operation, signal);
    return "";
  } catch (error) {
    const failure = toFailure(error, "canceling it");
    if (failure.code === "internal" || failure.code === "canceled") throw failure;
    return `; it could not be canceled: ${failure.message}`;
  }
}

/** Whether an import that was put off, waited, or mends its tag would set a floating tag back to what it was then. */
export async function movedOn(
  { existing, repair, source, tag, digest, credential }: ImportRecord,
  { registries }: Pick<AdvancePorts, "registries">,
  signal: AbortSignal,
): Promise<boolean> {
  if ((repair?.existing ?? existing) === "keep") return false;
  const found = await registries.open(source.host, credential).headManifest(source.path, tag, signal);
  return found !== undefined && found.digest !== digest;
}

function orderOf(record: ImportRecord): ImportOrder {
  const { host, path } = record.target;
  return {
    key: record.key,
    source: { ...record.source, digest: record.digest },
    // Under a tag that is there, methods would find nothing to do.
    target: record.repair?.kind === "incomplete" ? { host, path } : record.target,
    existing: record.existing,
    nondistributable: record.handling.nondistributable,
    ...(record.handling.platforms === "only" && { only: record.platforms.map(parsePlatform) }),
    ...(record.credential === undefined ? {} : { credential: record.credential }),
    ...(record.handling.site === undefined ? {} : { site: record.handling.site }),
  };
}

/** A method's word is not enough: "done" needs the digest at the target. */
async function conclude(
  record: ImportRecord,
  progress: Progress,
  ports: AdvancePorts,
  signal: AbortSignal,
): Promise<Outcome> {
  const account = accountOf(progress);
  if (progress.kind === "running") return progress;
  if (progress.kind === "done" && progress.receipt !== undefined)
    return { kind: "proven", how: "imported", receipt: progress.receipt, ...account };
  if (progress.kind === "refused") {
    // What a service says of its own read of the source is the upstream's word.
    const context = progress.code === "rate-limited" ? { registry: record.source.host } : {};
    return { kind: "failed", failure: new Failure(progress.code, progress.reason, { context }), ...account };
  }
  const settled = await lookAtTarget(record, ports, signal);
  if (settled?.kind === "held") return settled;
  if (settled !== undefined) return { ...settled, ...account };
  const target = formatReference(record.target);
  const failure = new Failure(
    "unavailable",
    `${record.method} said done, but ${target} does not have ${shortDigest(record.digest)}${record.repair?.kind === "incomplete" ? " with all that its index names" : ""}`,
  );
  return { kind: "failed", failure, ...account };
}

type Settled = Extract<Outcome, { kind: "proven" | "held" }>;

/** The digest proof: `proven` when the target tag has the digest, `held` when it has another one that must stay. */
async function lookAtTarget(
  record: ImportRecord,
  ports: AdvancePorts,
  signal: AbortSignal,
): Promise<Settled | undefined> {
  const { host, path, tag } = record.target;
  const registry = ports.openTarget(host);
  const found = await registry.headManifest(path, tag ?? record.digest, signal);
  if (found?.digest === record.digest) {
    const mended =
      record.repair?.kind !== "incomplete" || (await missingParts(record, registry, signal)).length === 0;
    if (mended && record.subject !== undefined && tag === undefined) await attach(record, registry, signal);
    return mended ? { kind: "proven", how: "imported" } : undefined;
  }
  if (found === undefined || record.existing === "replace") return undefined;
  return {
    kind: "held",
    previousDigest: found.digest,
    reason: `${formatReference(record.target)} is there already with another digest and was not overwritten. Upstream may have re-pushed the tag, or somebody pushed to the target: compare the two. ${heldNext(record)}`,
  };
}

/** A referrer is in only when it is found by what it refers to, whichever method has brought it. */
async function attach(
  { target: { path }, digest, tag }: ImportRecord,
  target: Registry,
  signal: AbortSignal,
): Promise<void> {
  const manifest = await target.getManifest(path, digest, signal);
  const subject = manifest?.subject?.digest;
  if (manifest === undefined) return;
  // Only a person who retries what was refused comes here with another one.
  if (subject === undefined || fallbackTagOf(subject) !== tag)
    throw new Failure("integrity", `${shortDigest(digest)} does not refer to what upstream lists it for`);
  await target.attachReferrer(path, manifest, signal);
}

async function requirePlatforms(
  record: ImportRecord,
  ports: AdvancePorts,
  signal: AbortSignal,
): Promise<void> {
  const wanted = record.platforms.map(parsePlatform);
  if (wanted.length === 0) return;
  const { host, path } = record.source;
  const manifest = await ports.registries
    .open(host, record.credential)
    .getManifest(path, record.digest, signal);
  if (manifest === undefined) {
    throw new Failure(
      "not-found",
      `${formatReference({ ...record.source, digest: record.digest })} is gone from upstream`,
    );
  }
  const offered = manifest.manifests.flatMap(({ platform }): Platform[] =>
    platform === undefined ? [] : [platform],
  );
  const missing = missingPlatforms(manifest, wanted);
  if (missing.length === 0) return;
  const has =
    manifest.kind === "image"
      ? "it is a single image without an index"
      : `it offers ${offered.map(formatPlatform).join(", ")}`;
  throw new Failure(
    "invalid",
    `${formatReference({ ...record.source, tag: record.tag })} lacks ${missing.map(formatPlatform).join(", ")}: ${has}. Nothing was imported`,
  );
}
