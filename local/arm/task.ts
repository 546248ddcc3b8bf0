import type { Digest } from "../../shared/model/digest.ts";
import { parseDigest, printable } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
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
  /** Without a tag: a copy that is kept by the source's digest alone. */
  readonly target: { readonly repository: string; readonly tag?: string };
} {
  const named = (name: string) => values.find((value) => value.name === name)?.value ?? "";
  const source = parseReference(named("source"));
  const target = named("target");
  const [path = "", digest] = target.split("@", 2);
  if (digest !== undefined) {
    if (target !== `${path}@${digest}` || parseDigest(digest) !== source.digest) {
      throw new Failure("invalid", `the target "${printable(target)}" has another digest than the source`);
    }
    return { source, target: { repository: parseRepositoryPath(path) } };
  }
  const [repository = "", tag = "", ...rest] = path.split(":");
  return {
    source,
    target: { repository: parseRepositoryPath(repository), tag: parseTag([tag, ...rest].join(":")) },
  };
}
