import type { z } from "zod";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** The body of an HTTP request by its schema. Throws `invalid`, naming the first field that is wrong, with an example. */
export function readRequestBody<T>(schema: z.ZodType<T>, body: unknown, example: string): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.length ? `"${printable(issue.path.join("."))}": ` : "";
  throw new Failure(
    "invalid",
    `The request cannot be used: ${where}${issue?.message ?? "unknown shape"}. Example: ${example}`,
  );
}
