import { z } from "zod";
import { type Digest, isDigest, printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseRepositoryPath, parseTag } from "../model/reference.ts";

/** Schemas for the parts that signed documents have in common. */
export const digestText = z.custom<Digest>(
  (value) => typeof value === "string" && isDigest(value),
  "no digest",
);
export const repositoryText = z.custom<string>(
  (value) => passes(value, parseRepositoryPath),
  "no repository",
);
export const tagText = z.custom<string>((value) => passes(value, parseTag), "no tag");
export const siteText = z.string().regex(/^[a-z0-9-]{1,63}$/);
export const timeText = z.iso.datetime();
export const byteCount = z.int().min(0);

/** A statement by its schema. Throws `protocol`, naming the first field that is wrong. */
export function readStatement<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const where = issue?.path.length ? `"${printable(issue.path.join("."))}": ` : "";
  throw new Failure("protocol", `${what} cannot be read: ${where}${issue?.message ?? "unknown shape"}`);
}

function passes(value: unknown, parse: (text: string) => string): boolean {
  try {
    return typeof value === "string" && parse(value) === value;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}
