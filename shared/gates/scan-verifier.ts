import { z } from "zod";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { type ScanVerifier, type SignatureVerifier, severities } from "./verifier.ts";
import { readConfig, type VerifierContext, type VerifierMember } from "./verifier-member.ts";

const schema = z.strictObject({
  kind: z.literal("scan"),
  maxAge: z.string().max(20),
  severity: z.enum(severities),
  ignoreUnfixed: z.boolean().optional(),
  from: z.enum(["uploaded", "referrer", "any"]).optional(),
  signedBy: z.string().max(64).optional(),
});

const example = '{"kind":"scan","maxAge":"7d","severity":"high"}';

/** By a report of a scanner: not too old, and without findings that are too severe. */
export const scanVerifier = {
  kind: "scan",
  parse(name, raw, context): ScanVerifier {
    const config = readConfig(name, raw, { schema, example });
    const where = `verifiers.${name}`;
    const {
      severity,
      ignoreUnfixed = false,
      signedBy,
      from = signedBy === undefined ? "uploaded" : "referrer",
    } = config;
    if (signedBy !== undefined && from === "uploaded") {
      throw new Failure(
        "invalid",
        `${where}.signedBy: uploaded reports are not signed; leave it out, or write "from": "referrer" or "any"`,
      );
    }
    return {
      kind: "scan",
      name,
      maxAgeMs: parseAge(`${where}.maxAge`, config.maxAge),
      severity,
      counts: ignoreUnfixed ? "fixed" : "all",
      from,
      ...(signedBy === undefined ? {} : { signedBy: signer(`${where}.signedBy`, signedBy, context) }),
    };
  },
} as const satisfies VerifierMember;

function signer(where: string, name: string, { verifier }: VerifierContext): SignatureVerifier {
  const found = verifier(name);
  if (found.kind === "signature") return found;
  throw new Failure("invalid", `${where}: "${printable(name)}" is a verifier of another kind than signature`);
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

function parseAge(where: string, text: string): number {
  const [, amount, unit] = /^([1-9][0-9]{0,3})([hd])$/.exec(text) ?? [];
  const ms = Number(amount) * (unitMs[unit ?? ""] ?? Number.NaN);
  if (ms <= 366 * 86_400_000) return ms;
  throw new Failure("invalid", `${where} must be hours or days, such as 12h or 7d, of a year at most`);
}
