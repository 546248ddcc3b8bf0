import type { ImportRecord } from "../../documents/import-record.ts";
import { shortName } from "../../documents/import-record.ts";
import { formatReference } from "../../model/reference.ts";

type Held = Pick<ImportRecord, "source" | "tag" | "watch">;

/** What people are told of a moved tag, with the two things that they may do. */
export function heldReason(held: Held, { before }: { readonly before: "kept" | "absent" }): string {
  const target =
    before === "kept"
      ? "The target keeps what it has."
      : "The one before was not in yet, and does not come in any more: the target has neither.";
  const name = formatReference({ ...held.source, tag: held.tag });
  return `Upstream re-pushed ${name} with another digest. ${target} Find out why. ${heldNext(held)}`;
}

/** The two ways out of being held. */
export function heldNext(held: Held): string {
  const name = shortName(held);
  return `To take the new one: wharfgate accept ${name} --reason "..."; to turn it down for good: wharfgate refuse ${name} --reason "..."`;
}
