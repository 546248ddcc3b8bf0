import { shortDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Registry } from "../registry/registry.ts";
import { createEvidenceReader } from "./evidence.ts";
import type { GateSubject, Verdict } from "./gate.ts";
import type { GateMember, GatePorts } from "./gate-member.ts";
import { awaitEvidence } from "./late-evidence.ts";
import { type Candidate, type CandidateSources, candidatesFor, type ImageToScan } from "./scan-candidates.ts";
import { type Judgement, judgeReports } from "./scan-judgement.ts";
import { imagesOf } from "./subject-images.ts";
import type { ScanVerifier } from "./verifier.ts";

/** A scanner has looked at each image that is brought in, lately, and found nothing too bad. */
export const scan = {
  kind: "scan",
  create: ({ registries, policy, reports, now }) => ({
    async check(subject, signal) {
      const verifiers = subject.demands.verify
        .map((name) => policy.verifiers.get(name))
        .filter((verifier) => verifier?.kind === "scan");
      if (verifiers.length === 0) return { kind: "off" };
      const registry = registries.open(subject.source.host, subject.credential);
      const images = await imagesToScan(subject, registry, signal);
      if (images.length === 0) return noImages;
      const reader = createEvidenceReader(registry, subject.source.path);
      const passed: string[] = [];
      for (const verifier of verifiers) {
        const good: Extract<Judgement, { kind: "good" }>[] = [];
        for (const image of images) {
          const judged = await judgeImage(image, verifier, { reader, reports, signal, now });
          if (judged.kind !== "good") return stop(judged, { image, verifier, subject, at: now() });
          good.push(judged);
        }
        passed.push(passedBy(verifier, good));
      }
      return { kind: "passed", reason: passed.join("; ") };
    },
  }),
} as const satisfies GateMember;

const noImages: Verdict = {
  kind: "denied",
  reason: "the index names no image that would be brought in, so that there is nothing to have a report of",
  next: "Look at the watch's Platforms and at what upstream offers, then retry the import",
};

/** What must have a report of its own: each image that is brought in, with the ID that scanners know it by. */
export async function imagesToScan(
  subject: Pick<GateSubject, "source" | "only">,
  registry: Registry,
  signal: AbortSignal,
): Promise<readonly ImageToScan[]> {
  const { path } = subject.source;
  const found: ImageToScan[] = [];
  for (const image of await imagesOf(subject, registry, signal)) {
    const manifest = await registry.getManifest(path, image.digest, signal);
    const config = manifest?.blobs[0]?.digest;
    if (config === undefined) {
      throw new Failure(
        "not-found",
        `${registry.host}/${path}@${image.digest} does not exist upstream any more`,
      );
    }
    found.push({ ...image, config });
  }
  return found;
}

async function judgeImage(
  image: ImageToScan,
  verifier: ScanVerifier,
  { now, ...sources }: CandidateSources & Pick<GatePorts, "now">,
): Promise<Judgement> {
  const candidates: Candidate[] = [];
  for await (const candidate of candidatesFor(image, verifier, sources)) candidates.push(candidate);
  return judgeReports(image, verifier, { candidates, now: now() });
}

function passedBy(
  { name, severity }: ScanVerifier,
  good: readonly Extract<Judgement, { kind: "good" }>[],
): string {
  const oldest = new Date(Math.min(...good.map(({ createdAt }) => createdAt.getTime()))).toISOString();
  const by = [...new Set(good.map((each) => each.by))].join(" and ");
  const reports =
    good.length === 1
      ? `the report of ${oldest} has`
      : `${good.length} reports, the oldest of ${oldest}, have`;
  return `${name}: ${reports} no finding of severity ${severity} or worse (${by})`;
}

interface StopContext {
  readonly image: ImageToScan;
  readonly verifier: ScanVerifier;
  readonly subject: GateSubject;
  readonly at: Date;
}

function stop(
  judged: Exclude<Judgement, { kind: "good" }>,
  { image, verifier, subject, at }: StopContext,
): Verdict {
  const { name, from } = verifier;
  const place =
    image.digest === subject.source.digest ? "the image" : `its child ${shortDigest(image.digest)}`;
  const upload = `upload a report: wharfgate scan add report.json --digest ${image.digest}`;
  if (judged.kind === "bad") {
    const next =
      from === "referrer" ? "Ask upstream for a newer image or report" : `Scan the image anew and ${upload}`;
    return {
      kind: "denied",
      reason: `${name}: of ${place}, ${judged.reason}`,
      next: `${next}; then retry the import`,
    };
  }
  const others = judged.others.slice(0, 5).join("; ");
  return awaitEvidence(subject, at, {
    reason: `${name}: there is no scan report of ${place}${others === "" ? "" : ` (but ${others})`}`,
    next:
      from === "referrer"
        ? `It is looked for again by itself; if upstream has none, take "${name}" out of what is demanded, then retry the import`
        : `Scan the image and ${upload}; it is looked for again by itself`,
  });
}
