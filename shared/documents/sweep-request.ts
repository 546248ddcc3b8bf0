import { z } from "zod";
import { readRequestBody } from "./request-body.ts";
import { parseWatchPath, type WatchId } from "./watch-id.ts";

const schema = z.strictObject({ watch: z.string().max(130).optional() });

const example = '{"watch":"default/nginx"}, or {} for all of them';

/** The watch that is to be looked at: `POST /api/sweep`, or `wharfgate sweep`; undefined for all. Throws `invalid`. */
export function parseSweepRequest(body: unknown): WatchId | undefined {
  const { watch } = readRequestBody(schema, body, example);
  return watch === undefined ? undefined : parseWatchPath(watch);
}
