import { z } from "zod";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { readRequestBody } from "./request-body.ts";
import { parseWatchPath, type WatchId } from "./watch-id.ts";

/** A question about a row that is stored, or about one that is not: `POST /api/plan`, `wharfgate plan`. */
export interface PlanRequest {
  readonly watch?: WatchId;
  /** A whole row: a new one, or one to take the place of `watch`. */
  readonly columns?: Columns;
  /** Columns to lay over the row; an empty text takes a column away. */
  readonly with?: Columns;
  /** Manifests to read at upstream for their sizes, at most. */
  readonly reads?: number;
}

export type Columns = Readonly<Record<string, string>>;

/** How much of a plan is told: so many tags of each verdict and each reason. */
export interface PlanDetail {
  readonly taken: number;
  readonly skipped: number;
}

const columns = z.record(z.string().max(64), z.string().max(4000));

const schema = z.strictObject({
  watch: z.string().max(130).optional(),
  columns: columns.optional(),
  with: columns.optional(),
  reads: z.int().min(0).max(5000).optional(),
  explain: z.boolean().optional(),
  top: z.int().min(0).max(100).optional(),
});

const example = '{"watch":"default/nginx","with":{"Tags":"semver >=1.27 <2"}}';
const defaultTop = 5;
const mostTaken = 100;
const mostExplained = 1000;

/** Reads the body of `POST /api/plan`. Throws `invalid`, naming the field. */
export function parsePlanRequest(body: unknown): {
  readonly request: PlanRequest;
  readonly detail: PlanDetail;
} {
  const asked = readRequestBody(schema, body, example);
  const { watch, columns: row, with: change, explain, top = defaultTop, reads } = asked;
  if (watch === undefined && row === undefined) {
    throw new Failure("invalid", `it names neither a "watch" nor "columns" to plan with`, { example });
  }
  return {
    request: {
      ...(watch === undefined ? {} : { watch: parseWatchPath(watch) }),
      ...(row === undefined ? {} : { columns: row }),
      ...(change === undefined ? {} : { with: change }),
      ...(reads === undefined ? {} : { reads }),
    },
    detail:
      explain === true
        ? { taken: mostExplained, skipped: mostExplained }
        : { taken: mostTaken, skipped: top },
  };
}

/** Reads `Tags=semver >=1.27 <2`, as `--with` takes it; what follows the first `=` is the text. Throws `invalid`. */
export function parseColumnChange(text: string): readonly [column: string, value: string] {
  const at = text.indexOf("=");
  const column = text.slice(0, Math.max(0, at)).trim();
  if (column !== "") return [column, text.slice(at + 1).trim()];
  throw new Failure(
    "invalid",
    `"${printable(text)}" is not a change of a column: write for example --with 'Tags=semver >=1.27 <2', or --with Keep= to take Keep away`,
  );
}
