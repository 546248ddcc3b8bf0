import { z } from "zod";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseReference, type Repository } from "../model/reference.ts";
import { readRequestBody } from "./request-body.ts";

/** A locked tag at the target that somebody wants to change: `POST /api/unlock`, or `wharfgate unlock`. */
export interface UnlockRequest {
  readonly target: Repository & { readonly tag: string };
  readonly reason: string;
}

const schema = z.strictObject({
  image: z.string().max(600),
  reason: z.string().trim().min(1).max(500),
});

const example = '{"image":"registry.example/mirror/nginx:1.27.1","reason":"replaced by a rebuilt image"}';

/** Throws `invalid`, naming the field. */
export function parseUnlockRequest(body: unknown, targetHost: string): UnlockRequest {
  const { image, reason } = readRequestBody(schema, body, example);
  const { host, path, tag, digest } = parseReference(image);
  if (host === targetHost && tag !== undefined && digest === undefined)
    return { target: { host, path, tag }, reason };
  throw new Failure(
    "invalid",
    `"${printable(image)}" is not a tag at the target: expected ${targetHost}/repository:tag`,
  );
}
