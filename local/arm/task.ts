import type { Digest } from "../../shared/model/digest.ts";
import { parseDigest } from "../../shared/model/digest.ts";
import {
  parseReference,
  parseRepositoryPath,
  parseTag,
  type Reference,
} from "../../shared/model/reference.ts";

/** The one task that the stand-in can run: a copy tool in the own registry, pinned by digest, with two values. */
export interface CopyTask {
  readonly tool: { readonly repository: string; readonly digest: Digest };
  readonly stepTimeoutSeconds: number;
  readonly existing: "keep" | "replace";
}

// Exactly this text. The service hands the command line to a shell: anything looser here would hide what a
// shell makes of it.
const pattern =
  /^version: v1\.1\.0\nstepTimeout: ([1-9]\d{0,4})\nsteps:\n {2}- cmd: \$Registry\/([^@\s]+)@(\S+) copy( --no-clobber)? \{\{\.Values\.source\}\} \$Registry\/\{\{\.Values\.target\}\}\n$/;

/** Undefined for any other task. */
export function parseCopyTask(yaml: string): CopyTask | undefined {
  const [, seconds, repository, digest, keep] = pattern.exec(yaml) ?? [];
  if (seconds === undefined || repository === undefined || digest === undefined) return undefined;
  return {
    tool: { repository: parseRepositoryPath(repository), digest: parseDigest(digest) },
    stepTimeoutSeconds: Number(seconds),
    existing: keep === undefined ? "replace" : "keep",
  };
}

/**
 * Reads the values that the task names. Throws `invalid` for what a shell or the tool would not take as one
 * image name.
 */
export function readValues(values: readonly { readonly name: string; readonly value: string }[]): {
  readonly source: Reference;
  readonly target: { readonly repository: string; readonly tag: string };
} {
  const named = (name: string) => values.find((value) => value.name === name)?.value ?? "";
  const [repository = "", tag = "", ...rest] = named("target").split(":");
  return {
    source: parseReference(named("source")),
    target: { repository: parseRepositoryPath(repository), tag: parseTag([tag, ...rest].join(":")) },
  };
}
