import { Failure } from "../model/failure.ts";
import type { ImportOrder, Method, Progress } from "./method.ts";
import type { MethodMember, MethodPorts } from "./method-member.ts";
import type { Receipts } from "./receipts.ts";

// The acknowledgement sends a message of its own: this is for one that got lost.
const checkAfterMs = 24 * 3_600_000;

/**
 * A file brings it to a site that no network reaches: the import waits for `wharfgate bundle export`, for somebody who
 * carries the file, and for the receipt that they bring back, which is the proof.
 */
export const bundle = {
  kind: "bundle",
  pulls:
    "`wharfgate bundle export` pulls what the site lacks, against the credential's quota, or without one against that of its outgoing address",
  create({ receipts }: MethodPorts) {
    if (receipts === undefined)
      throw new Failure("internal", "the method bundle was opened without receipts");
    return createBundle(receipts);
  },
} as const satisfies MethodMember;

function createBundle(receipts: Receipts): Method {
  return {
    proof: "receipt",
    // A receipt may tell of it already: an earlier bundle held the same image.
    start: advance,
    check: (order, _operation, signal) => advance(order, signal),
    // Nothing goes on between calls.
    cancel: async () => {},
  };

  async function advance(order: ImportOrder, signal: AbortSignal): Promise<Progress> {
    const { site, target, source } = order;
    if (site === undefined) {
      return {
        kind: "refused",
        code: "invalid",
        reason: "the method bundle needs to know for which site: set the watch's column Site",
      };
    }
    const { path: repository, tag } = target;
    const image = { repository, digest: source.digest, ...(tag !== undefined && { tag }) };
    const told = await receipts.outcomeOf(site, image, signal);
    if (told !== undefined && told.outcome !== "refused") return { kind: "done", receipt: told.receipt };
    // What a site refused goes into the next bundle: its receipt has told what the site lacks.
    const next = `the next wharfgate bundle export --site ${site} holds it, and the site's receipt will prove it (wharfgate bundle acknowledge)`;
    const refusal = told && `the site ${site} refused it: ${told.reason ?? "its receipt does not say why"}; `;
    return {
      kind: "running",
      operation: { site },
      checkAfterMs,
      deadline: "none",
      why: `${refusal ?? ""}${next}`,
    };
  }
}
