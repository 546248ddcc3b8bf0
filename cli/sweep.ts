import type { Command } from "commander";
import { plain } from "../shared/notifiers/inert.ts";
import type { WatchLook } from "../shared/steps/drift/look-at-target.ts";
import type { Swept } from "../shared/steps/sweep/request-sweep.ts";
import { run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { counted } from "./output.ts";

// Reasons are told in full: a cut one convinces nobody.
const longest = 1000;

/** `wharfgate sweep [watch]`. */
export function addSweepCommand(program: Command): void {
  program
    .command("sweep [watch]")
    .description(
      "look at the target now for what was imported, as the timer does once a day: is it there, unchanged and whole?",
    )
    .option("--check", `exit with ${exitCodes.attention} when something has changed there`)
    .action(
      run(async ({ app, output, signal, actor }, watch: string | undefined, { check }: Options) => {
        const swept = await app.requestSweep(watch === undefined ? {} : { watch }, actor, signal);
        output.result(swept, () => toLines(swept));
        if (swept.watches.some(({ unasked }) => unasked !== undefined)) return exitCodes.failed;
        const drifted = swept.watches.some((each) => each.drifted.length > 0);
        return check === true && drifted ? exitCodes.attention : exitCodes.ok;
      }),
    );
}

interface Options {
  readonly check?: boolean;
}

function toLines({ watches, passedOver, revived = 0 }: Swept): string[] {
  return [
    ...watches.flatMap(linesOf),
    ...passedOver.map(({ watch, reason }) => `${watch}: passed over, ${plain(reason, longest)}`),
    ...(revived === 0 ? [] : [`${counted(revived, "lost message")} sent again`]),
    ...(watches.length + passedOver.length === 0 ? ["There are no watches, and nothing to look for."] : []),
  ];
}

function linesOf({ watch, looked, drifted, unasked }: WatchLook): string[] {
  if (looked === 0) return [`${watch}: nothing has come in yet that could be looked for at the target`];
  const changed =
    drifted.length === 0 ? "none is known to have changed" : `${drifted.length} changed at the target`;
  const result = unasked === undefined && drifted.length === 0 ? "all as they came in" : changed;
  return [
    `${watch}: ${counted(looked, "imported image")} looked for, ${result}`,
    ...drifted.map(({ reason }) => `  ! ${plain(reason, longest)}`),
    ...(unasked === undefined
      ? []
      : [`  ? ${unasked.count} could not be asked for: ${plain(unasked.reason, longest)}`]),
  ];
}
