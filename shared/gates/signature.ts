import { type Digest, printable, shortDigest } from "../model/digest.ts";
import { createEvidenceReader } from "./evidence.ts";
import type { GateSubject, Verdict } from "./gate.ts";
import type { GateMember } from "./gate-member.ts";
import { awaitEvidence } from "./late-evidence.ts";
import { findSigned, type Signed } from "./signatures.ts";
import { imagesOf } from "./subject-images.ts";
import type { SignatureVerifier } from "./verifier.ts";

/** Whoever must have signed the very digest has done so. Also says so when a verifier is demanded that does not exist. */
export const signature = {
  kind: "signature",
  create: ({ registries, policy, now }) => ({
    async check(subject, signal) {
      const { verify } = subject.demands;
      const unknown = verify.find((name) => !policy.verifiers.has(name));
      if (unknown !== undefined) return noVerifier(unknown);
      const verifiers = verify
        .map((name) => policy.verifiers.get(name))
        .filter((verifier) => verifier?.kind === "signature");
      if (verifiers.length === 0) return { kind: "off" };
      const registry = registries.open(subject.source.host, subject.credential);
      const reader = createEvidenceReader(registry, subject.source.path);
      const passed: string[] = [];
      for (const verifier of verifiers) {
        const digests = new Set([subject.source.digest]);
        if (verifier.covers === "children")
          for (const { digest } of await imagesOf(subject, registry, signal)) digests.add(digest);
        const by = new Set<string>();
        for (const digest of digests) {
          const signed = await findSigned(verifier, digest, { reader, signal });
          if (signed.kind !== "good") return stop(signed, { verifier, digest, subject, at: now() });
          by.add(signed.by);
        }
        passed.push(passedBy(verifier, [...by].join(" and ")));
      }
      return { kind: "passed", reason: passed.join("; ") };
    },
  }),
} as const satisfies GateMember;

function noVerifier(name: string): Verdict {
  return {
    kind: "denied",
    reason: `the verifier "${printable(name)}" is demanded, and the policy has none of that name`,
    next: `Add "${printable(name)}" to the policy's "verifiers", or take it out of the watch's Verify or the policy's rule; then retry the import`,
  };
}

function passedBy({ name, predicateType }: SignatureVerifier, by: string): string {
  const what = predicateType === undefined ? "signed" : `attested (${printable(predicateType)})`;
  return `${name}: ${what} by ${by}`;
}

/** Signatures are made after the image: none yet is waited for, a bad one is not. */
function stop(
  signed: Exclude<Signed, { kind: "good" }>,
  { verifier, digest, subject, at }: StopContext,
): Verdict {
  const what = verifier.predicateType === undefined ? "signature" : "attestation";
  const place = digest === subject.source.digest ? "the image" : `its child ${shortDigest(digest)}`;
  if (signed.kind === "bad") {
    return {
      kind: "denied",
      reason: `${verifier.name}: no ${what} of ${place} is good: ${signed.reasons.slice(0, 5).join("; ")}`,
      next: `Find out at upstream who signs the image and how; if the verifier "${verifier.name}" is wrong, have the policy mended, then retry the import`,
    };
  }
  const others = signed.others.slice(0, 5).join("; ");
  return awaitEvidence(subject, at, {
    reason: `${verifier.name}: there is no ${what} of ${place} at upstream${others === "" ? "" : ` (but ${others})`}`,
    next: `It is looked for again by itself; if upstream does not sign, take "${verifier.name}" out of what is demanded, then retry the import`,
  });
}

interface StopContext {
  readonly verifier: SignatureVerifier;
  readonly digest: Digest;
  readonly subject: GateSubject;
  readonly at: Date;
}
