import { webLink } from "./inert.ts";
import type { Item } from "./item.ts";
import type { Summary } from "./summary.ts";

/** The plain text alternative of a mail, complete: full digests, every event. */
export function renderText(summary: Summary, statusUrl: string | undefined): string {
  const link = webLink(statusUrl);
  const sections = summary.sections.flatMap(({ heading, note, items }) => [
    `${heading.toUpperCase()} (${items.length})`,
    ...(note === undefined ? [] : [note]),
    "",
    ...items.flatMap((item) => [...lines(item), ""]),
  ]);
  const foot = link === undefined ? [] : [`Status: ${link}`];
  return [summary.title, summary.when, "", ...sections, "-- ", "Sent by Wharfgate", ...foot, ""].join("\n");
}

function lines({ name, reason, facts, asides, link }: Item): string[] {
  return [
    `* ${name}`,
    ...(reason === undefined ? [] : [`  ${reason}`]),
    ...[...facts, ...asides].map(({ label, value }) => `  ${`${label}:`.padEnd(10)}${value}`),
    ...(link === undefined ? [] : [`  ${"Log:".padEnd(10)}${link}`]),
  ];
}
