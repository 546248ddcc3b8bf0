import type { Command } from "commander";
import { printable, shortDigest } from "../shared/model/digest.ts";
import type { Status } from "../shared/steps/status.ts";
import { run } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { table } from "./output.ts";

/** `wharfgate status [--check]`. */
export function addStatusCommand(program: Command): void {
  program
    .command("status")
    .description("watches, imports, queues, and what needs attention")
    .option("--check", `exit with ${exitCodes.attention} when something needs attention`)
    .action(
      run(async ({ app, output, signal }, { check }: { readonly check?: boolean }) => {
        const status = await app.status(signal);
        output.result(status, () => toLines(status));
        return check && status.overall === "attention" ? exitCodes.attention : exitCodes.ok;
      }),
    );
}

function toLines(status: Status): string[] {
  const { imports, referrers, queues, watches, stopped, attention, lastTick } = status;
  const counts = (values: Readonly<Record<string, number>>) =>
    Object.entries(values)
      .filter(([, value]) => value > 0)
      .map(([name, value]) => `${value} ${name}`)
      .join(", ") || "none";
  return [
    `Schedule last ran ${lastTick ?? "never"}`,
    `Imports: ${counts(imports)}`,
    ...(Object.values(referrers).some((count) => count > 0)
      ? [`Signatures, attestations, SBOMs and the like: ${counts(referrers)}`]
      : []),
    `Queued:  ${counts(queues)}`,
    "",
    ...(watches.length === 0
      ? ["No watches yet. Add one: wharfgate watch add docker.io/library/nginx --tags 'semver >=1.27 <2'"]
      : table([
          ["WATCH", "SOURCE", "STATE", "TAGS"],
          ...watches.map(({ watch, source = "", state, tags }) => [watch, source, state, String(tags)]),
        ])),
    "",
    ...stopped.flatMap(({ state, name, digest, reason }) => [
      `${state} ${name} ${shortDigest(digest)}`,
      `  ${printable(reason, 1000)}`,
    ]),
    ...(stopped.length === 0 ? [] : [""]),
    ...(attention.length === 0
      ? ["Nothing needs attention."]
      : ["Needs attention:", ...attention.map((line) => `  ${line}`)]),
  ];
}
