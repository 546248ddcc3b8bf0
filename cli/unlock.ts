import type { Command } from "commander";
import { run } from "./command.ts";

/** `wharfgate unlock <image> --reason`. */
export function addUnlockCommand(program: Command): void {
  program
    .command("unlock <image>")
    .description(
      "take Wharfgate's lock from a tag at the target: repository:tag, or group/name:tag of its import",
    )
    .requiredOption("--reason <text>", "why, for the audit")
    .action(
      run(async ({ app, output, signal, actor }, image: string, { reason }: { readonly reason: string }) => {
        const unlocked = await app.unlock({ image, reason }, actor, signal);
        output.result(unlocked, () => [
          `${unlocked.image} (${unlocked.digest}) may be changed and removed again.`,
        ]);
      }),
    );
}
