import { type ImportRecord, isOpen, shortName } from "../../documents/import-record.ts";
import { lastDecision } from "../../gates/decision.ts";
import { printable } from "../../model/digest.ts";
import { heldNext } from "../events/held-reason.ts";
import { describeImport, type ImportView } from "../import/import-view.ts";

/** An import of an image that is not in by it. */
export interface StandingImport extends ImportView {
  /** As people name it to decide about it: `group/name:tag`. */
  readonly name: string;
  /** What may be done about it, or what becomes of it by itself. */
  readonly next: string;
}

/** Why an image is not in, by the imports that the ledger has of it. */
export interface Standing {
  /** `not-yet`: one of them may still bring it in, by itself or when somebody decides. `no-record`: none will. */
  readonly verdict: "not-yet" | "no-record";
  /** Where the foremost stands, as the rest of a sentence about the image; undefined when there is none. */
  readonly summary?: string;
  /** Those that may still come in first, then the newest. */
  readonly imports: readonly StandingImport[];
}

const mostTold = 20;

/** Pure. */
export function standingOf(records: readonly ImportRecord[]): Standing {
  const sorted = records.toSorted(
    (a, b) => Number(mayComeIn(b)) - Number(mayComeIn(a)) || b.seenAt.getTime() - a.seenAt.getTime(),
  );
  const [first] = sorted;
  return {
    verdict: first !== undefined && mayComeIn(first) ? "not-yet" : "no-record",
    ...(first && { summary: `${shortName(first)} ${placeOf(first)}` }),
    imports: sorted
      .slice(0, mostTold)
      .map((record) => ({ ...describeImport(record), name: shortName(record), next: nextOf(record) })),
  };
}

/** By itself, or by a person's word. */
export function mayComeIn(record: ImportRecord): boolean {
  return isOpen(record) || record.state === "held";
}

function placeOf(record: ImportRecord): string {
  const { state, gates, seenAt, startedAt, endedAt, method, via, decisions, handling } = record;
  const since = (date: Date | undefined) => (date === undefined ? "" : ` since ${date.toISOString()}`);
  const at = endedAt === undefined ? "" : ` at ${endedAt.toISOString()}`;
  const passed = gates.filter(({ verdict }) => verdict === "passed").map(({ gate }) => gate);
  const past = passed.length === 0 ? "" : `, past ${passed.join(", ")}`;
  const last = gates.at(-1);
  switch (state) {
    case "pending":
      return `waits for its turn; seen first at ${seenAt.toISOString()}`;
    case "waiting":
      return `waits at the gate ${last?.gate ?? "?"}${since(last?.at)}${past}`;
    case "running":
      if (handling.site !== undefined) return `is under way to the site ${handling.site}${since(startedAt)}`;
      return `is being brought in by ${via ?? method}${since(startedAt)}`;
    case "held":
      return `is held${since(endedAt)}, for a person to decide`;
    case "denied": {
      const refused = lastDecision(decisions, "refuse");
      if (refused !== undefined) return `was refused by ${printable(refused.by)}${at}`;
      return `was denied by the gate ${last?.gate ?? "?"}${at}${past}`;
    }
    case "failed":
      return `failed${at}`;
    case "overtaken":
      return `was overtaken${at}`;
    case "removed":
      return `was removed${at}`;
    case "done":
      return `came in${at} by the ledger, before evidence was kept`;
  }
}

function nextOf(record: ImportRecord): string {
  const { state, reason = "", gates, decisions, dueAt } = record;
  const name = shortName(record);
  switch (state) {
    case "pending":
      return "It goes on by itself";
    case "running":
      // Somebody carries a file; the method says which.
      return (record.handling.site === undefined ? undefined : record.why) ?? "It goes on by itself";
    case "held":
      return heldNext(record);
    case "waiting":
    case "denied": {
      if (lastDecision(decisions, "refuse") !== undefined) return "It does not come in any more";
      const said = gates.at(-1)?.reason;
      // The ledger's reason is what the gate said, and then what to do.
      const rest = said !== undefined && reason.startsWith(said) ? reason.slice(said.length) : "";
      const step = rest.replace(/^[.!?]?\s+/, "");
      if (step !== "") return step;
      return dueAt === undefined
        ? `Try it again: wharfgate retry ${name}`
        : `It is looked at again at ${dueAt.toISOString()}`;
    }
    case "failed":
      return `Try it again: wharfgate retry ${name}`;
    case "overtaken":
      return `Only if it is wanted after all: wharfgate retry ${name}`;
    case "removed":
      return "It comes in again when its watch chooses it, or somebody asks for it";
    case "done":
      return "To have it on record, remove the tag at the target and ask for the import anew";
  }
}
