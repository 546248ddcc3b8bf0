import { z } from "zod";
import { readRequestBody } from "./request-body.ts";

/** A locked tag at the target that somebody wants to change: `POST /api/unlock`, or `wharfgate unlock`. */
export interface UnlockRequest {
  /** As somebody names it; may be the name of its import. */
  readonly image: string;
  readonly reason: string;
}

const schema = z.strictObject({
  image: z.string().max(600),
  reason: z.string().trim().min(1).max(500),
});

const example = '{"image":"mirror/nginx:1.27.1","reason":"replaced by a rebuilt image"}';

/** Throws `invalid`, naming the field. */
export function parseUnlockRequest(body: unknown): UnlockRequest {
  return readRequestBody(schema, body, example);
}
