import type { Fact, Item } from "./item.ts";
import type { Section, Tone } from "./summary.ts";

/** An element of a card, as JSON. */
export type Block = Readonly<Record<string, unknown>>;

export interface SectionBlock extends Block {
  readonly type: "Container";
  readonly items: readonly Block[];
}

const fullAtMost = 5;
const colors: Readonly<Record<Tone, string>> = { critical: "attention", warning: "warning", good: "good" };
const marks: Readonly<Record<Tone, string>> = { critical: "✕", warning: "▲", good: "✓" };

/** A piece of text without Markdown. Hosts may still expand `{{DATE(…)}}`, so double braces are parted. */
export function run(text: string, style: Block = {}): Block {
  return { type: "TextRun", text: text.replace(/\{(?=\{)/g, "{ "), ...style };
}

export function runs(inlines: readonly Block[]): Block {
  return { type: "RichTextBlock", inlines };
}

export function renderSectionHead({ heading, tone, note, items }: Section): SectionBlock {
  const title = runs([
    run(`${marks[tone]}  ${heading}`, { weight: "Bolder", color: colors[tone] }),
    run(`  ${items.length}`, { isSubtle: true }),
  ]);
  const explanation =
    note === undefined ? [] : [{ ...runs([run(note, { size: "Small", isSubtle: true })]), spacing: "None" }];
  const frame = { separator: true, spacing: "Medium" };
  return { type: "Container", ...frame, items: [title, ...explanation] };
}

/** `full`: one line per fact. `compact`: the name and one line, with the reason between them if there is one. */
export type Density = "full" | "compact";

export function densityFor(sections: readonly Section[]): Density {
  return sections.reduce((sum, { items }) => sum + items.length, 0) <= fullAtMost ? "full" : "compact";
}

export function renderItem(item: Item, density: Density): Block {
  const name = runs([run(item.name, { weight: "Bolder" })]);
  const spacing = density === "full" ? "Medium" : "Small";
  return { type: "Container", spacing, items: [name, ...renderDetails(item, density)] };
}

/** An item without its name. */
export function renderDetails(item: Item, density: Density): Block[] {
  const reason = item.reason === undefined ? [] : [{ ...runs([run(item.reason)]), spacing: "None" }];
  const rows = density === "full" ? item.facts.map(factRow) : [];
  return [...reason, ...rows, ...lastLine(item, density)];
}

/** As a FactSet looks; a FactSet itself would render the value as Markdown. */
function factRow({ label, value, short }: Fact): Block {
  const column = (width: string, inline: Block) => ({ type: "Column", width, items: [runs([inline])] });
  return {
    type: "ColumnSet",
    spacing: "None",
    columns: [
      column("64px", run(label, { size: "Small", isSubtle: true })),
      column("stretch", run(short ?? value, { size: "Small" })),
    ],
  };
}

function lastLine({ facts, asides, link }: Item, density: Density): Block[] {
  const digests = density === "full" ? [] : facts.filter(({ short }) => short !== undefined);
  const texts = [
    ...digests.map(({ label, short }) => (digests.length === 1 ? `${short}` : `${label} ${short}`)),
    ...asides.map(({ value }) => value),
  ];
  const log = { size: "Small", selectAction: { type: "Action.OpenUrl", url: link } };
  const inlines = [
    ...(texts.length === 0 ? [] : [run(texts.join("  ·  "), { size: "Small", isSubtle: true })]),
    ...(link === undefined ? [] : [run("  "), run("Open log", log)]),
  ];
  return inlines.length === 0 ? [] : [{ ...runs(inlines), spacing: "None" }];
}
