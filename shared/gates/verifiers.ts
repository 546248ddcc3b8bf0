import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { scanVerifier } from "./scan-verifier.ts";
import { signatureVerifier } from "./signature-verifier.ts";
import type { Verifier } from "./verifier.ts";
import type { VerifierContext, VerifierMember } from "./verifier-member.ts";

// Every kind of verifier. A new one is one file and one line here, and the gate that asks it.
const members: readonly VerifierMember[] = [
  signatureVerifier, //
  scanVerifier,
];

const namePattern = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
const mostVerifiers = 200;

/** Reads `verifiers` of the policy document. `readText` reads files relative to it. Throws `invalid`, naming the field. */
export function parseVerifiers(
  raw: unknown,
  readText: VerifierContext["readText"],
): ReadonlyMap<string, Verifier> {
  if (raw === undefined) return new Map();
  if (!isRecord(raw)) {
    throw new Failure("invalid", 'verifiers must be an object of names, such as {"acme": {…}}');
  }
  const names = Object.keys(raw);
  if (names.length > mostVerifiers)
    throw new Failure("invalid", `verifiers has ${names.length} entries: at most ${mostVerifiers} are taken`);
  const found = new Map<string, Verifier>();
  const open: string[] = [];
  const verifier = (name: string): Verifier => {
    const known = found.get(name);
    if (known !== undefined) return known;
    if (!Object.hasOwn(raw, name))
      throw new Failure("invalid", `the policy has no verifier "${printable(name)}"`);
    if (open.includes(name)) throw new Failure("invalid", `verifiers.${printable(name)} refers to itself`);
    open.push(name);
    const parsed = parseVerifier(name, raw[name], { readText, verifier });
    open.pop();
    found.set(name, parsed);
    return parsed;
  };
  for (const name of names) verifier(name);
  return found;
}

/** Throws `invalid`, naming the field. */
export function parseVerifier(name: string, raw: unknown, context: VerifierContext): Verifier {
  if (!namePattern.test(name)) {
    throw new Failure(
      "invalid",
      `verifiers: "${printable(name)}" is not a name: use lower-case letters, digits and -, at most 64 characters`,
    );
  }
  if (!isRecord(raw)) throw new Failure("invalid", `verifiers.${name} must be an object with a "kind"`);
  const kind = Object.hasOwn(raw, "kind") ? raw.kind : undefined;
  const member = members.find((each) => each.kind === kind);
  if (member !== undefined) return member.parse(name, raw, context);
  const kinds = members.map((each) => `"${each.kind}"`).join(" or ");
  throw new Failure("invalid", `verifiers.${name}.kind must be ${kinds}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
