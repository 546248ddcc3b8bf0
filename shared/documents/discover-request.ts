import { z } from "zod";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** Which repositories of a registry to look for: `POST /api/discover`, or `wharfgate watch discover`. */
export interface DiscoverRequest {
  /** `registry.corp:5443`, or with a path that the repositories begin with: `registry.corp:5443/team/*`. */
  readonly source: string;
  /** RE2 patterns that the whole repository, without the host, must or must not match. */
  readonly include?: string;
  readonly exclude?: string;
  /** The group that new watches go into. */
  readonly group: string;
  /** Columns of the new watches beside Source and ManagedBy; Credential is used to list, too. */
  readonly columns: Readonly<Record<string, string>>;
  readonly add: "yes" | "no";
}

const schema = z.strictObject({
  source: z.string().max(600),
  include: z.string().max(600).optional(),
  exclude: z.string().max(600).optional(),
  group: z.string().max(63).default("discovered"),
  columns: z.record(z.string().max(64), z.string().max(4000)).default({}),
  add: z.boolean().default(false),
});

const example = '{"source":"registry.corp:5443/team/*","columns":{"Tags":"semver *"},"add":true}';

/** Throws `invalid`, naming the field. */
export function parseDiscoverRequest(body: unknown): DiscoverRequest {
  const result = schema.safeParse(body);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue?.path.length ? `"${printable(issue.path.join("."))}": ` : "";
    throw new Failure(
      "invalid",
      `The request cannot be used: ${where}${issue?.message ?? "unknown shape"}. Example: ${example}`,
    );
  }
  const { include, exclude, add, ...rest } = result.data;
  return {
    ...rest,
    add: add ? "yes" : "no",
    ...(include === undefined ? {} : { include }),
    ...(exclude === undefined ? {} : { exclude }),
  };
}
