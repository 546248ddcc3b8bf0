import type { Descriptor, Manifest } from "../model/descriptor.ts";
import { type Digest, shortDigest } from "../model/digest.ts";
import { Failure, type FailureCode } from "../model/failure.ts";
import type { CosignSuffix } from "./cosign-tags.ts";
import { kindsOf, type ReferrerKind } from "./referrer-kinds.ts";
import type { Registry } from "./registry.ts";

/** A manifest that is said to refer to `subject`. */
export interface CandidateReferrer {
  readonly digest: Digest;
  readonly subject: Digest;
  readonly place: "tag" | "digest";
  readonly suffix?: CosignSuffix;
}

export interface JudgeQuestion {
  readonly registry: Pick<Registry, "host" | "getManifest">;
  readonly repository: string;
  readonly wanted: readonly (ReferrerKind | "all")[];
}

const mostChildren = 16;
const largestBytes = 128 * 1024 * 1024;

export type Judgement =
  | { readonly kind: "wanted"; readonly kinds: ReadonlySet<ReferrerKind>; readonly bytes: number }
  | { readonly kind: "refused"; readonly reason: string };

// What is wrong with the manifest itself, and will be tomorrow.
const lasting: ReadonlySet<FailureCode> = new Set([
  "integrity",
  "protocol",
  "unsupported",
  "invalid",
  "too-large",
]);

/** Undefined for what is not wanted, or was gone when it was asked for. */
export async function judgeReferrer(
  { digest, subject, place, suffix }: CandidateReferrer,
  question: JudgeQuestion,
  signal: AbortSignal,
): Promise<Judgement | undefined> {
  const { registry, repository } = question;
  try {
    const manifest = await registry.getManifest(repository, digest, signal);
    if (manifest === undefined) return undefined;
    const said = manifest.subject?.digest;
    if (said !== subject && (place === "digest" || said !== undefined)) {
      const other = said === undefined ? "to nothing" : `to ${shortDigest(said)}`;
      return refuse(`${registry.host} lists it for ${shortDigest(subject)}, but it refers ${other}`);
    }
    const kinds = kindsOf(manifest, suffix);
    if (!isWanted(kinds, question)) return undefined;
    const bytes = await bytesOf(manifest, question, signal);
    if (bytes === undefined)
      return refuse(`it is an index of more than ${mostChildren} manifests, or of indexes`);
    if (bytes > largestBytes) {
      return refuse(`it has ${bytes} bytes, and at most ${largestBytes} are brought in with an image`);
    }
    return { kind: "wanted", kinds, bytes };
  } catch (error) {
    if (!(error instanceof Failure) || !lasting.has(error.code)) throw error;
    return refuse(error.message);
  }
}

function refuse(reason: string): Judgement {
  return { kind: "refused", reason };
}

async function bytesOf(
  { kind, descriptor, blobs, manifests }: Manifest,
  { registry, repository }: JudgeQuestion,
  signal: AbortSignal,
): Promise<number | undefined> {
  const own = descriptor.size + sizeOf(blobs);
  if (kind === "image") return own;
  if (manifests.length > mostChildren) return undefined;
  let sum = own;
  for (const { digest } of manifests) {
    const child = await registry.getManifest(repository, digest, signal);
    if (child?.kind === "index") return undefined;
    sum += (child?.descriptor.size ?? 0) + sizeOf(child?.blobs ?? []);
  }
  return sum;
}

function sizeOf(blobs: readonly Descriptor[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

export function isWanted(kinds: Iterable<ReferrerKind>, { wanted }: Pick<JudgeQuestion, "wanted">): boolean {
  return wanted.includes("all") || [...kinds].some((kind) => wanted.includes(kind));
}
