import type { Event, EventKind } from "../model/event.ts";
import { plain } from "./inert.ts";
import { type Item, toItem } from "./item.ts";

/** How much it presses: `critical` needs somebody now, `warning` a decision, `good` nothing. */
export type Tone = "critical" | "warning" | "good";

/** What a message says, in plain inert lines, whatever it is rendered as. */
export interface Summary {
  readonly title: string;
  readonly tone: Tone;
  /** When it happened: `2026-11-22 03:40 UTC`, or a span. */
  readonly when: string;
  /** Most urgent first; never empty. */
  readonly sections: readonly Section[];
  /** The one item of a message about one event; its name is in the title already. */
  readonly only?: Item;
}

export interface Section {
  /** `Failed imports`. */
  readonly heading: string;
  /** One word for a row of counts: `failed`. */
  readonly label: string;
  readonly tone: Tone;
  /** What it means and what is to do; absent where the heading says it all. */
  readonly note?: string;
  readonly items: readonly Item[];
}

/** Groups events by kind, most urgent first, and words them; events of one kind keep their order. */
export function summarize(events: readonly Event[]): Summary {
  const groups = wordings.flatMap(({ kind, ...wording }) => {
    const members = events.filter((event) => event.kind === kind);
    return members.length === 0 ? [] : [{ ...wording, members }];
  });
  const sections = groups.map(({ heading, label, tone, note, members }) => ({
    heading,
    label,
    tone,
    ...(note === undefined ? {} : { note }),
    items: members.map(toItem),
  }));
  const only = events.length === 1 ? sections[0]?.items[0] : undefined;
  const title =
    only === undefined
      ? groups
          .map(({ one, many, members: { length } }) => `${length} ${length === 1 ? one : many}`)
          .join(", ")
      : `${groups[0]?.single}: ${only.name}`;
  const tone = tones.find((candidate) => sections.some((section) => section.tone === candidate)) ?? "good";
  return { title, tone, when: span(events), sections, ...(only === undefined ? {} : { only }) };
}

const tones: readonly Tone[] = ["critical", "warning", "good"];

interface Wording {
  readonly kind: EventKind;
  readonly heading: string;
  readonly label: string;
  /** Starts the title of a message about one event. */
  readonly single: string;
  readonly tone: Tone;
  readonly note?: string;
  /** After a count: `1 import failed`. */
  readonly one: string;
  readonly many: string;
}

/** In the order of urgency. */
const wordings: readonly Wording[] = [
  {
    kind: "failed",
    heading: "Failed imports",
    label: "failed",
    single: "Import failed",
    tone: "critical",
    one: "import failed",
    many: "imports failed",
  },
  {
    kind: "moved",
    heading: "Moved tags",
    label: "moved",
    single: "Tag moved upstream",
    tone: "warning",
    note: "Upstream serves other content under a tag that was imported before. Your registry keeps what it has; nothing was overwritten.",
    one: "tag moved upstream",
    many: "tags moved upstream",
  },
  {
    kind: "denied",
    heading: "Denied imports",
    label: "denied",
    single: "Import denied",
    tone: "critical",
    note: "A gate did not let these in; nothing was imported.",
    one: "import denied",
    many: "imports denied",
  },
  {
    kind: "waiting",
    heading: "Waiting for you",
    label: "waiting",
    single: "Import waits for you",
    tone: "warning",
    note: "Nothing of it comes in before somebody decides.",
    one: "import waits for somebody",
    many: "imports wait for somebody",
  },
  {
    kind: "drifted",
    heading: "Changed at the target",
    label: "drifted",
    single: "Changed at the target",
    tone: "warning",
    note: "Your registry no longer serves what was imported under these tags.",
    one: "tag changed at the target",
    many: "tags changed at the target",
  },
  {
    kind: "watch-failing",
    heading: "Watches that cannot be checked",
    label: "unchecked",
    single: "Watch cannot be checked",
    tone: "critical",
    note: "New versions of these go unseen until this is mended.",
    one: "watch cannot be checked",
    many: "watches cannot be checked",
  },
  {
    kind: "stale",
    heading: "Checks that are out of date",
    label: "stale",
    single: "Not checked for long",
    tone: "critical",
    note: "This is not the same as no updates: new versions of these go unseen.",
    one: "check out of date",
    many: "checks out of date",
  },
  {
    kind: "dead-letter",
    heading: "Messages not processed",
    label: "unprocessed",
    single: "Message not processed",
    tone: "critical",
    note: "Set aside after its last try. It is kept in the table deadletters.",
    one: "message not processed",
    many: "messages not processed",
  },
  {
    kind: "watch-rejected",
    heading: "Rejected watches",
    label: "rejected",
    single: "Watch rejected",
    tone: "warning",
    note: "This row of the table of watches cannot be read and is not followed until it is mended. The others go on.",
    one: "watch rejected",
    many: "watches rejected",
  },
  {
    kind: "repaired",
    heading: "Repaired at the target",
    label: "repaired",
    single: "Repaired at the target",
    tone: "good",
    note: "These tags had been changed or removed in your registry and are again what was imported.",
    one: "tag repaired at the target",
    many: "tags repaired at the target",
  },
  {
    kind: "removed",
    heading: "Removed by retention",
    label: "removed",
    single: "Removed by retention",
    tone: "good",
    note: "Somebody reviewed the proposal and applied it. These are gone from your registry.",
    one: "image removed by retention",
    many: "images removed by retention",
  },
  {
    kind: "imported",
    heading: "Imported images",
    label: "imported",
    single: "Imported",
    tone: "good",
    one: "image imported",
    many: "images imported",
  },
  {
    kind: "updated",
    heading: "Updated tags",
    label: "updated",
    single: "Updated",
    tone: "good",
    one: "tag updated",
    many: "tags updated",
  },
];

/** `2026-11-22 03:40 UTC`, `2026-11-22 03:12 to 03:40 UTC`, or with both days. */
function span(events: readonly Event[]): string {
  const times = events.map(({ at }) => plain(at).slice(0, 16).replace("T", " ")).sort();
  const first = times[0] ?? "";
  const last = times.at(-1) ?? "";
  if (first === last) return `${last} UTC`;
  return `${first} to ${last.slice(0, 10) === first.slice(0, 10) ? last.slice(11) : last} UTC`;
}
