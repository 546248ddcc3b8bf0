import type { z } from "zod";
import { Failure } from "../model/failure.ts";
import { schemaProblem } from "../model/schema-words.ts";

/**
 * The body of an HTTP request by its schema, or what a command makes one of. Throws `invalid`, naming the first field that is
 * wrong, with an example.
 */
export function readRequestBody<T>(schema: z.ZodType<T>, body: unknown, example: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new Failure("invalid", schemaProblem(result.error, body), { example });
}
