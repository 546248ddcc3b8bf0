import type { AgentPoolConfig } from "./agent-pool-config.ts";
import type { ImportOrder } from "./method.ts";

/** Seconds that a copy may run: the run's and the step's limit. A step's own default would be 600. */
export const copyTaskSeconds = 7200;

/**
 * The task of every copy. A `cmd` step is a shell's command line with the docker socket at hand, so nothing
 * of the order is in this text: source and target are values, which come from parsed references.
 * `--no-clobber` leaves a target tag that exists.
 * Source: https://learn.microsoft.com/azure/container-registry/container-registry-tasks-reference-yaml
 */
export function copyTask(
  { repository, digest }: AgentPoolConfig["copyTool"],
  existing: ImportOrder["existing"],
): string {
  const copy = existing === "keep" ? "copy --no-clobber" : "copy";
  return [
    "version: v1.1.0",
    `stepTimeout: ${copyTaskSeconds}`,
    "steps:",
    `  - cmd: $Registry/${repository}@${digest} ${copy} {{.Values.source}} $Registry/{{.Values.target}}`,
    "",
  ].join("\n");
}
