import { abortFailure } from "../http/network-failure.ts";
import type { Descriptor } from "../model/descriptor.ts";
import type { BlobRoute } from "./copy-route.ts";
import { findBlob, learnMounts } from "./find-blob.ts";
import { isForeign } from "./foreign-layers.ts";
import type { BlobUpload } from "./registry.ts";
import { createTries } from "./retry.ts";
import { resumeUpload, sendBlob } from "./send-blob.ts";
import { type BlobHash, createBlobHash } from "./verified-blob.ts";

export interface BlobCall {
  readonly signal: AbortSignal;
  /** Once it fires, what is under way is finished and no more is begun. */
  readonly pause?: AbortSignal;
  /** What to do about a blob that another copy brings at this moment. */
  readonly elsewhere: "wait" | "leave";
}

/** `skipped`: it was there, or was mounted. `left`: another copy brings it, or the time is up. */
export type BlobOutcome = "skipped" | "moved" | "left";

/** Brings one blob to the target: by nothing at all when it is there, by a mount, or by a transfer. */
export async function copyBlob(route: BlobRoute, blob: Descriptor, call: BlobCall): Promise<BlobOutcome> {
  const { known } = route;
  if (isForeign(blob) && route.foreign === undefined) return "skipped";
  // What is known to be somewhere is there at once: nobody has to wait for that.
  while (known.find(blob.digest) === undefined) {
    const end = known.begin(blob.digest);
    if (end !== undefined) return bring(route, blob, call).finally(end);
    if (call.elsewhere === "leave" || call.pause?.aborted === true) return "left";
    await until(known.ended(blob.digest), call);
  }
  return bring(route, blob, call);
}

async function bring(route: BlobRoute, blob: Descriptor, call: BlobCall): Promise<BlobOutcome> {
  const { known, toRepository } = route;
  const half = known.unpark(blob.digest, toRepository);
  const found = half === undefined ? await findBlob(route, blob, call.signal) : undefined;
  if (found?.kind !== "there") {
    const begun = half ?? (found?.upload && { upload: found.upload, hash: createBlobHash(blob.digest) });
    if ((await transfer(route, { blob, begun, call })) === "paused") return "left";
    await learnMounts(route, blob, call.signal);
  }
  known.add(blob.digest, toRepository);
  return found?.kind === "there" ? "skipped" : "moved";
}

interface Transfer {
  readonly blob: Descriptor;
  readonly begun: { readonly upload: BlobUpload; readonly hash: BlobHash } | undefined;
  readonly call: BlobCall;
}

/** Breaks within an upload session are mended in `sendBlob`; one that is lost is begun anew here. */
async function transfer(route: BlobRoute, { blob, begun, call }: Transfer): Promise<"sent" | "paused"> {
  const { to, toRepository, known } = route;
  const { signal, pause } = call;
  const tries = createTries();
  let half = begun;
  for (;;) {
    try {
      if (half !== undefined && half.hash.bytes > 0) {
        if ((await resumeUpload({ blob, ...half, signal })) === "lost") half = undefined;
      }
      half ??= {
        upload: await to.startUpload(toRepository, signal),
        hash: createBlobHash(blob.digest),
      };
      const sending = { blob, ...half, tries, signal, ...(pause === undefined ? {} : { pause }) };
      const outcome = await sendBlob(route, sending);
      if (outcome === "paused") known.park({ digest: blob.digest, repository: toRepository, ...half });
      if (outcome !== "lost") return outcome;
      half = undefined;
    } catch (error) {
      if (signal.aborted && half !== undefined && half.hash.bytes > 0) {
        known.park({ digest: blob.digest, repository: toRepository, ...half });
      }
      await tries.next(error, signal);
      half = undefined;
    }
  }
}

/** Waits for `work`, but not beyond the signals. */
async function until(work: Promise<void>, { signal, pause }: BlobCall): Promise<void> {
  const waiting = new AbortController();
  const ended = new Promise<void>((resolve) => {
    for (const each of [signal, pause]) {
      if (each?.aborted === true) resolve();
      each?.addEventListener("abort", () => resolve(), { once: true, signal: waiting.signal });
    }
  });
  await Promise.race([work, ended]);
  waiting.abort();
  if (signal.aborted) throw abortFailure(signal.reason, "copying");
}
