import type { FailureCode } from "../model/failure.ts";
import type { ImportOrder } from "./method.ts";

/** The methods that `auto` chooses from, in the order in which it tries them. */
export const ways = ["acr-import", "agent-pool", "copy"] as const;
export type Way = (typeof ways)[number];

interface Facts {
  readonly order: Pick<ImportOrder, "only" | "nondistributable" | "credential">;
  /** Those of the image at its source, its index included; more than 50 are not counted to the end. */
  readonly manifests?: number;
}

// https://learn.microsoft.com/azure/container-registry/container-registry-import-images#limitations
export const mostManifests = 50;

/** Pure: which of the configured methods can do an order, and why the first of them is the first. */
export function candidates(
  configured: readonly Way[],
  { order, manifests = 0 }: Facts,
): { readonly ways: readonly Way[]; readonly why: string } {
  const only = copyOnly(order);
  if (only !== undefined) return { ways: configured.filter((way) => way === "copy"), why: only };
  if (!configured.includes("acr-import")) {
    const [first] = configured;
    return { ways: configured, why: `of the configured methods ${first} is the first` };
  }
  if (manifests <= mostManifests) return { ways: configured, why: "the first choice" };
  return {
    ways: configured.filter((way) => way !== "acr-import"),
    why: `the image has more than ${mostManifests} manifests, which is the most that acr-import takes`,
  };
}

function copyOnly({ only, nondistributable, credential }: Facts["order"]): string | undefined {
  if (only !== undefined) return "only copy leaves platforms out";
  if (nondistributable === "bring") return "only copy brings nondistributable layers in";
  if (credential === "entra") return "only copy can use the app's own Entra ID identity";
  return undefined;
}

// Of the rest, some say the same whoever asks (gone, a bad login, a tag in the way, a limit), and some a person must see first.
const mended: ReadonlySet<FailureCode> = new Set([
  "unsupported",
  "forbidden",
  "unavailable",
  "network",
  "timeout",
  "protocol",
  "too-large",
  "invalid",
]);

/** Whether what one method was refused with may not concern another. */
export function mendsElsewhere(code: FailureCode): boolean {
  return mended.has(code);
}
