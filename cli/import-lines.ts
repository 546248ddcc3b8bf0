import type { ImportView } from "../shared/steps/import/import-view.ts";
import { exitCodes } from "./exit-codes.ts";
import { table } from "./output.ts";

/** `waited`: until its end, or until nothing more could be waited for. */
export function exitCodeOf(view: ImportView, how: "waited" | "left"): number {
  const { state } = view;
  if (state === "waiting") return exitCodes.waiting;
  if (how === "waited" && goesByFile(view)) return exitCodes.waiting;
  const under = how === "left" && (state === "pending" || state === "running");
  return state === "done" || under ? exitCodes.ok : exitCodes.failed;
}

/** It has passed its gates, and waits for the site's receipt. */
export function goesByFile({ state, site }: ImportView): boolean {
  return state === "running" && site !== undefined;
}

export function importLines(view: ImportView): string[] {
  const { state, source, digest, target, method, reason, link, transfer, site, why } = view;
  const work = view.via === undefined || view.via === method ? method : `${method}, by ${view.via}`;
  const done =
    site === undefined ? "done: the target has this digest" : "done: the site's receipt tells of it";
  const rows = [
    ["state", state === "done" ? done : state],
    ["source", source],
    ["digest", digest],
    ...(site === undefined
      ? [["target", target]]
      : [
          ["site", site],
          ["there", target.replace(/^[^/]+\//, "")],
        ]),
    ["method", site === undefined && why !== undefined ? `${work}: ${why}` : work],
    ...(why !== undefined && site !== undefined && state === "running" ? [["next", why]] : []),
    ...(transfer === undefined ? [] : [["moved", transfer]]),
    ...(view.gates ?? []).map(({ gate, verdict, reason: why }) => [gate, `${verdict}: ${why}`]),
    ...(reason === undefined ? [] : [["reason", reason]]),
    ...(link === undefined ? [] : [["log", link]]),
    ...(view.subject === undefined ? [] : [["came with", view.subject]]),
    ...(view.referrers ?? []).map((each) => ["refers to it", `${each.target} ${each.state}`]),
  ];
  return table(rows);
}
