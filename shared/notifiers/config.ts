import type { z } from "zod";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** Parses a channel's configuration; a failure names the first wrong field, never its value, and gives the example. */
export function parseConfig<Config>(schema: z.ZodType<Config>, config: unknown, example: string): Config {
  const result = schema.safeParse(config);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join(".");
  const where = field === undefined || field === "" ? "" : `${printable(field)}: `;
  const problem = printable(issue?.message ?? "not as expected");
  throw new Failure("invalid", `${where}${problem}; write for example ${example}`);
}
