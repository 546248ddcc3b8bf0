import { z } from "zod";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { isRepositoryPath, parseHost } from "../model/reference.ts";
import { type Pattern, parsePattern } from "../policies/pattern.ts";
import { readRequestBody } from "./request-body.ts";
import { parseCredentialReference } from "./watch-columns.ts";
import { parseWatchId } from "./watch-id.ts";

/** Which repositories of a registry to look for: `POST /api/discover`, or `wharfgate watch discover`. */
export interface DiscoverRequest {
  readonly host: string;
  /** What the repositories begin with: empty, or a path with a slash at its end. */
  readonly prefix: string;
  /** For the whole repository, without the host. */
  readonly include?: Pattern;
  readonly exclude?: Pattern;
  /** The group that new watches go into. */
  readonly group: string;
  /** Columns of the new watches beside Source and ManagedBy. */
  readonly columns: Readonly<Record<string, string>>;
  /** The new watches' own, which the catalogue is read with, too. */
  readonly credential?: string;
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
  const { source, include, exclude, group, columns, add } = readRequestBody(schema, body, example);
  const { Credential } = columns;
  return {
    ...parseSource(source),
    group: parseWatchId(group, "name").group,
    columns,
    add: add ? "yes" : "no",
    ...(include === undefined ? {} : { include: parsePattern("include", include) }),
    ...(exclude === undefined ? {} : { exclude: parsePattern("exclude", exclude) }),
    ...(Credential === undefined ? {} : { credential: parseCredentialReference(Credential) }),
  };
}

/** `registry.corp:5443`, or with a path that the repositories begin with: `registry.corp:5443/team/*`. */
function parseSource(source: string): { readonly host: string; readonly prefix: string } {
  const slash = source.indexOf("/");
  const host = parseHost(slash < 0 ? source : source.slice(0, slash));
  const path = slash < 0 ? "" : source.slice(slash + 1).replace(/\/?\*?$/, "");
  if (path === "") return { host, prefix: "" };
  if (isRepositoryPath(path)) return { host, prefix: `${path}/` };
  throw new Failure(
    "invalid",
    `the path of "${printable(source)}" is none that repositories begin with: expected registry.corp:5443/team/*; for more use include and exclude`,
  );
}
