import { shortDigest } from "../shared/model/digest.ts";
import { plain } from "../shared/notifiers/inert.ts";
import type { Status } from "../shared/steps/status/status.ts";
import { attentionOf, type StoppedImport } from "../shared/steps/status/stopped-imports.ts";
import { table } from "./output.ts";

// Reasons are told in full: a cut one convinces nobody.
const longest = 4000;

/** The state of everything; what stands still is told once, by who must do something about it. */
export function statusLines(status: Status): string[] {
  const { imports, referrers, forSites, queues, watches, stopped, attention, lastTick } = status;
  const counts = (values: Readonly<Record<string, number>>) =>
    Object.entries(values)
      .filter(([, value]) => value > 0)
      .map(([name, value]) => `${value} ${name}`)
      .join(", ") || "none";
  const needy = stopped.filter(({ on }) => on === "person");
  // These are told with their digests below.
  const told = new Set(attentionOf(needy));
  const pressing = [
    ...attention.filter((line) => !told.has(line)).map((line) => `  ${plain(line, longest)}`),
    ...needy.flatMap(stoppedLines),
  ];
  return [
    `Schedule last ran ${lastTick ?? "never"}`,
    `Imports: ${counts(imports)}`,
    ...(Object.values(referrers).some((count) => count > 0)
      ? [`Signatures, attestations, SBOMs and the like: ${counts(referrers)}`]
      : []),
    ...Object.entries(forSites).map(
      ([site, count]) =>
        `For ${site}: ${count} wait for its next bundle or receipt (wharfgate bundle export --site ${site} …)`,
    ),
    `Queued:  ${counts(queues)}`,
    "",
    ...(watches.length === 0
      ? ["No watches yet. Add one: wharfgate watch add docker.io/library/nginx --tags 'semver >=1.27 <2'"]
      : table([
          ["WATCH", "SOURCE", "STATE", "TAGS"],
          ...watches.map(({ watch, source = "", state, tags }) => [watch, source, state, String(tags)]),
        ])),
    "",
    ...section(
      "Waiting, and looked at again by itself:",
      stopped.filter(({ on }) => on === "time").flatMap(stoppedLines),
    ),
    ...(pressing.length === 0 ? ["Nothing needs attention."] : ["Needs attention:", ...pressing]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines, ""];
}

function stoppedLines({ state, name, digest, reason }: StoppedImport): string[] {
  return [`  ${state} ${name} ${shortDigest(digest)}`, `    ${plain(reason, longest)}`];
}
