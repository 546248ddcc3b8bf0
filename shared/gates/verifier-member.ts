import type { z } from "zod";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Verifier } from "./verifier.ts";

/** What a verifier's configuration may refer to. */
export interface VerifierContext {
  /** Text of a file, by its path relative to the policy's. Throws `invalid`. */
  readonly readText: (path: string) => string;
  /** Another verifier of the policy. Throws `invalid`. */
  readonly verifier: (name: string) => Verifier;
}

export interface VerifierMember {
  readonly kind: Verifier["kind"];
  /** Throws `invalid`, naming the field. */
  parse(name: string, raw: unknown, context: VerifierContext): Verifier;
}

/** A verifier's configuration by its schema; the failure names the first field that is wrong, never its value. */
export function readConfig<T>(
  name: string,
  raw: unknown,
  { schema, example }: { readonly schema: z.ZodType<T>; readonly example: string },
): T {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = [name, ...(issue?.path ?? [])].map((part) => printable(String(part))).join(".");
  throw new Failure(
    "invalid",
    `verifiers.${where}: ${printable(issue?.message ?? "not as expected")}; write for example ${example}`,
  );
}
