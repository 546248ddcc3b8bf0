import type { Watch } from "../../documents/watch.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import type { Digest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { CountedReads } from "../../registry/counted.ts";
import type { Registry } from "../../registry/registry.ts";
import { faultsOfOneTag } from "../poll/ask-upstream.ts";
import type { Wanted } from "./plan-compare.ts";

/** How a tag that would come in stands at both ends. */
export type Arrival =
  /** `import`: it would be brought in. `present`: the target has it. `conflict`: the target has another image there. */
  | { readonly fate: "import" | "present" | "conflict"; readonly digest: Digest }
  /** Upstream has no such image: a tracked tag that is not there yet, or one that went since the listing. */
  | { readonly fate: "missing" }
  /** Upstream cannot answer for this tag. */
  | { readonly fate: "unreadable"; readonly reason: string }
  /** Not asked for: there are too many, or upstream wants a pause. */
  | { readonly fate: "unasked" };

/** The target as a plan asks it. */
export interface PlanTarget extends Pick<Registry, "headManifest" | "getManifest" | "headBlob"> {
  /** Why it could not be asked; absent while it answers. */
  readonly trouble: Failure | undefined;
}

/** A plan without the target's answers is worth more than none: after a failure everything counts as lacking there. */
export function openPlanTarget(target: Registry): PlanTarget {
  let trouble: Failure | undefined;
  const ask = async <T>(question: () => Promise<T | undefined>): Promise<T | undefined> => {
    if (trouble !== undefined) return undefined;
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof Failure) || error.code === "canceled" || error.code === "internal") throw error;
      trouble ??= error;
      return undefined;
    }
  };
  return {
    get trouble() {
      return trouble;
    },
    headManifest: (...args) => ask(() => target.headManifest(...args)),
    getManifest: (...args) => ask(() => target.getManifest(...args)),
    headBlob: (...args) => ask(() => target.headBlob(...args)),
  };
}

export interface ArrivalPorts {
  readonly source: CountedReads["registry"];
  readonly target: PlanTarget;
}

/** HEADs cost no pulls, but time: so many tags are asked for. */
export const mostTags = 200;
const questionsAtOnce = 4;

/** Asks both ends by HEAD: upstream for a tag's digest, the target for what it has. Keyed by tag, in the order of `wanted`. */
export async function askArrivals(
  wanted: readonly Wanted[],
  { watch, source, target }: ArrivalPorts & { readonly watch: Watch },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Arrival>> {
  let limited = false;
  const ask = async ({ tag, how }: Wanted): Promise<Arrival> => {
    if (limited) return { fate: "unasked" };
    const found = await source.headManifest(watch.source.path, tag, signal);
    if (found === undefined) return { fate: "missing" };
    const { digest } = found;
    const place = watch.target(watch.source, tag);
    const held = await target.headManifest(place.path, place.tag, signal);
    if (held?.digest === digest) return { fate: "present", digest };
    return { fate: held !== undefined && how === "version" ? "conflict" : "import", digest };
  };
  const asked = await mapConcurrent(wanted.slice(0, mostTags), questionsAtOnce, async (each) => {
    try {
      return [each.tag, await ask(each)] as const;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.code === "rate-limited") limited = true;
      else if (!faultsOfOneTag.has(error.code)) throw error;
      else return [each.tag, { fate: "unreadable", reason: error.message }] as const;
      return [each.tag, { fate: "unasked" }] as const;
    }
  });
  const rest = wanted.slice(mostTags).map(({ tag }) => [tag, { fate: "unasked" }] as const);
  return new Map<string, Arrival>([...asked, ...rest]);
}
