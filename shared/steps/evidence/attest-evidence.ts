import {
  type Attestation,
  attest,
  bundleType,
  predicateType,
  verifyAttestation,
} from "../../documents/attestation.ts";
import type { Evidence } from "../../documents/evidence.ts";
import { type Digest, printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { formatReference, parseReference } from "../../model/reference.ts";
import { pushReferrer } from "../../registry/push-referrer.ts";
import { readBlob } from "../../registry/read-blob.ts";
import type { SigningKey, VerifyingKey } from "../../signing/signing-key.ts";
import type { Audit } from "../../stores/audit.ts";
import { type FindEvidencePorts, findEvidence, parseImage } from "./find-evidence.ts";

export interface AttestPorts extends FindEvidencePorts {
  readonly audit: Audit;
  readonly signingKey?: SigningKey | undefined;
}

/** The signed evidence of one image. */
export interface Attested {
  readonly image: string;
  /** A sigstore bundle: JSON. */
  readonly bundle: string;
  /** The referrer that holds it at the target, where it was attached. */
  readonly attachedAs?: string;
}

// An attestation is a page of text; whatever is much larger is none of ours.
const largestBundle = 1024 * 1024;
const mostAttestations = 100;

/**
 * Signs what is on record of an image which the registry has right now, and attaches it there if asked to. Throws `invalid` without
 * a key, `conflict` when the registry does not have what is on record.
 */
export async function attestEvidence(
  asked: string,
  { attach, actor }: { readonly attach: "attach" | "keep"; readonly actor: string },
  ports: AttestPorts,
  signal: AbortSignal,
): Promise<Attested> {
  const { signingKey } = ports;
  if (signingKey === undefined) {
    throw new Failure(
      "invalid",
      "WHARFGATE_SIGNING_KEY is not set: the file with the private key that signs attestations",
    );
  }
  const { image, record } = await onRecord(asked, ports, signal);
  const bundle = attest(record, signingKey);
  if (attach === "keep") return { image, bundle };
  await ports.audit.record({ actor, action: "attest", subject: image, at: ports.now() }, signal);
  const { host, path } = parseReference(record.target);
  const registry = ports.openTarget(host);
  const subject = await registry.headManifest(path, record.digest, signal);
  if (subject === undefined) throw new Failure("not-found", `${image} is gone from the registry`);
  const referrer = await pushReferrer(
    registry,
    path,
    {
      type: bundleType,
      content: Buffer.from(bundle),
      // As cosign writes them: https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md
      annotations: {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": predicateType,
      },
      subject,
    },
    signal,
  );
  return { image, bundle, attachedAs: formatReference({ host, path, digest: referrer.digest }) };
}

async function onRecord(
  asked: string,
  ports: AttestPorts,
  signal: AbortSignal,
): Promise<{ readonly image: string; readonly record: Evidence }> {
  const { images } = await findEvidence(asked, ports, signal);
  const [image, another] = images;
  if (another !== undefined)
    throw new Failure(
      "invalid",
      `${printable(asked)} names ${images.length} images: name one, such as ${another.image}`,
    );
  if (image?.verdict === "on-record" && image.record !== undefined)
    return { image: image.image, record: image.record };
  throw new Failure(
    "conflict",
    `Nothing was signed. ${image?.image ?? asked}: ${image?.summary ?? "not on record"}`,
  );
}

/**
 * Verifies the attestations that are attached to an image at the target; the newest good one is the answer. Throws `not-found` when there
 * is none, `blocked` when none is signed by the key or all are about another image.
 */
export async function verifyAttached(
  asked: string,
  trusted: readonly VerifyingKey[],
  { openTarget, targetHost }: Pick<FindEvidencePorts, "openTarget" | "targetHost">,
  signal: AbortSignal,
): Promise<Attestation> {
  const { host, path, tag, digest } = parseImage(asked, targetHost);
  const image = formatReference({ host, path, ...(tag !== undefined && { tag }), ...(digest && { digest }) });
  const registry = openTarget(host);
  const found = await registry.headManifest(path, digest ?? tag ?? "", signal);
  if (found === undefined) throw new Failure("not-found", `${image} is not in the registry`);
  const good: Attestation[] = [];
  const bad: Failure[] = [];
  const bundles = await attachedBundles(registry, { path, digest: found.digest }, signal);
  for (const [index, bundle] of bundles.entries()) {
    try {
      const attestation = verifyAttestation(bundle, trusted, `attestation ${index + 1} of ${image}`);
      if (attestation.subject !== found.digest)
        throw new Failure("blocked", `attestation ${index + 1} of ${image} is about ${attestation.subject}`);
      good.push(attestation);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      bad.push(error);
    }
  }
  const newest = good.sort((a, b) => b.evidence.endedAt.localeCompare(a.evidence.endedAt))[0];
  if (newest !== undefined) return newest;
  throw bad[0] ?? new Failure("not-found", `No attestation of Wharfgate is attached to ${image}`);
}

async function attachedBundles(
  registry: ReturnType<FindEvidencePorts["openTarget"]>,
  { path, digest }: { readonly path: string; readonly digest: Digest },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const bundles: string[] = [];
  const referrers = await registry.listReferrers(path, digest, signal);
  for (const { digest: referrer } of referrers.slice(-mostAttestations)) {
    const manifest = await registry.getManifest(path, referrer, signal);
    if (manifest?.annotations?.["dev.sigstore.bundle.predicateType"] !== predicateType) continue;
    const layer = manifest.blobs.find(({ mediaType }) => mediaType === bundleType);
    if (layer === undefined || layer.size > largestBundle) continue;
    const bytes = await readBlob(registry, { repository: path, blob: layer }, signal);
    bundles.push(bytes.toString("utf8"));
  }
  return bundles;
}
