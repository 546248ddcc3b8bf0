import {
  type Block,
  densityFor,
  renderDetails,
  renderItem,
  renderSectionHead,
  run,
  runs,
} from "./card-parts.ts";
import { webLink } from "./inert.ts";
import type { Item } from "./item.ts";
import type { Summary, Tone } from "./summary.ts";

/** What a Workflows webhook takes: one attachment, an Adaptive Card 1.5. */
export interface CardMessage {
  readonly type: "message";
  readonly attachments: readonly [
    {
      readonly contentType: "application/vnd.microsoft.card.adaptive";
      readonly contentUrl: null;
      readonly content: Block;
    },
  ];
}

// Teams takes 28 KB; the rest is for what a flow wraps around the card.
const maxBytes = 27_000;

/**
 * Renders a summary; what does not fit is counted in a last line. Foreign texts stand only in text runs, which know no Markdown,
 * links or mentions, so there is nothing to escape. Source: https://adaptivecards.io/explorer/TextRun.html
 */
export function renderCard(summary: Summary, statusUrl: string | undefined): CardMessage {
  const head = header(summary);
  const actions = buttons(summary, webLink(statusUrl));
  if (summary.only !== undefined) return message([...head, ...single(summary, summary.only)], actions);
  const total = summary.sections.reduce((sum, { items }) => sum + items.length, 0);
  const reserved = bytes(message([...head, more(total, total)], actions));
  const { blocks, shown } = fill(summary, maxBytes - reserved);
  return message([...head, ...blocks, ...(shown < total ? [more(total - shown, total)] : [])], actions);
}

const headerStyles: Readonly<Record<Tone, string>> = {
  critical: "attention",
  warning: "warning",
  good: "good",
};

function message(body: readonly Block[], actions: readonly Block[]): CardMessage {
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.5",
    msteams: { width: "Full" },
    body,
    ...(actions.length === 0 ? {} : { actions }),
  };
  return {
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }],
  };
}

/** A tinted band with the title, and a row of counts when there is more than one kind. */
function header({ title, tone, when, sections }: Summary): Block[] {
  const band = {
    type: "Container",
    style: headerStyles[tone],
    bleed: true,
    items: [
      runs([run("Wharfgate", { size: "Small", weight: "Bolder" }), run(`  ·  ${when}`, { size: "Small" })]),
      { ...runs([run(title, { size: "Large", weight: "Bolder" })]), spacing: "Small" },
    ],
  };
  if (sections.length < 2) return [band];
  // One text, which a phone wraps between the counts; columns would be narrower there than their words.
  const counts = sections.flatMap(({ label, tone: own, items }) => [
    run(String(items.length), { size: "ExtraLarge", weight: "Bolder", color: headerStyles[own] }),
    run(`\u00A0${label} \u00A0 `, { size: "Small", isSubtle: true }),
  ]);
  return [band, { ...runs(counts), spacing: "Medium" }];
}

/** The title says what and which already; a link becomes a button. */
function single({ sections }: Summary, { link: _, ...item }: Item): Block[] {
  const note = sections[0]?.note;
  const explanation = note === undefined ? [] : [runs([run(note, { size: "Small", isSubtle: true })])];
  return [...explanation, { type: "Container", spacing: "Medium", items: renderDetails(item, "full") }];
}

/** Takes items in their order while they fit; a section whose first item does not fit is left out. */
function fill({ sections }: Summary, budget: number): { blocks: readonly Block[]; shown: number } {
  const density = densityFor(sections);
  const blocks: Block[] = [];
  let left = budget;
  let shown = 0;
  for (const section of sections) {
    const items: Block[] = [];
    const head = renderSectionHead(section);
    left -= bytes(head);
    for (const item of section.items) {
      const block = renderItem(item, density);
      left -= bytes(block) + 1;
      if (left < 0) break;
      items.push(block);
    }
    shown += items.length;
    if (items.length > 0) blocks.push({ ...head, items: [...head.items, ...items] });
    if (left < 0) break;
  }
  return { blocks, shown };
}

function more(hidden: number, total: number): Block {
  const text = `and ${hidden} more of ${total}, not shown because a card is limited to 28 KB`;
  return { ...runs([run(text, { isSubtle: true })]), separator: true, spacing: "Medium" };
}

function buttons({ only }: Summary, statusUrl: string | undefined): Block[] {
  return [
    ...(only?.link === undefined ? [] : [{ type: "Action.OpenUrl", title: "Open log", url: only.link }]),
    ...(statusUrl === undefined ? [] : [{ type: "Action.OpenUrl", title: "Open Wharfgate", url: statusUrl }]),
  ];
}

function bytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
