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

// Docker takes the last three for an image's, too (ImageTypes in moby's distribution/registry.go).
const imageConfigs: ReadonlySet<string> = new Set([
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
  "application/octet-stream",
  "application/json",
  "text/html",
]);
const imageLayer = /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./;

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
    const parts = await partsOf(manifest, question, signal);
    if (parts === undefined)
      return refuse(`it is an index of more than ${mostChildren} manifests, or of indexes`);
    if (parts.some(isRunnable))
      return refuse(
        "it could be run as an image, and no gate has looked at it: it is imported by its own name",
      );
    const bytes = parts.reduce((sum, { descriptor, blobs }) => sum + descriptor.size + sizeOf(blobs), 0);
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

/** The manifest itself and, of an index, its children; undefined for an index that is none of a referrer. */
async function partsOf(
  manifest: Manifest,
  { registry, repository }: JudgeQuestion,
  signal: AbortSignal,
): Promise<readonly Manifest[] | undefined> {
  const parts = [manifest];
  if (manifest.manifests.length > mostChildren) return undefined;
  for (const { digest } of manifest.manifests) {
    const child = await registry.getManifest(repository, digest, signal);
    if (child?.kind === "index") return undefined;
    if (child !== undefined) parts.push(child);
  }
  return parts;
}

/** Signatures have an image's config, too, and files their tar layers: only both together make an image. */
function isRunnable({ blobs: [config, ...layers] }: Manifest): boolean {
  return (
    config !== undefined &&
    imageConfigs.has(config.mediaType) &&
    layers.some(({ mediaType }) => imageLayer.test(mediaType))
  );
}

function sizeOf(blobs: readonly Descriptor[]): number {
  return blobs.reduce((sum, { size }) => sum + size, 0);
}

export function isWanted(kinds: Iterable<ReferrerKind>, { wanted }: Pick<JudgeQuestion, "wanted">): boolean {
  return wanted.includes("all") || [...kinds].some((kind) => wanted.includes(kind));
}
