import { algorithmOf, digestOf } from "../../../shared/model/digest.ts";
import { readBody } from "../body.ts";
import { forgetManifest, keepManifest } from "../keep-manifest.ts";
import { assertDeletable, assertManifestDeletable, assertWritable } from "../locks.ts";
import { parsePushedManifest } from "../manifest.ts";
import type { RepositoryName } from "../names.ts";
import { OciError } from "../oci-error.ts";
import { type HeldManifest, pullThrough } from "../pull-through.ts";
import type { ManifestReference } from "../route.ts";
import { type Call, sendBytes, sendEmpty } from "./call.ts";

export interface ManifestTarget {
  readonly repository: RepositoryName;
  readonly reference: ManifestReference;
}

/** What the specification asks a registry to take at least, and others at most. */
const maxManifestBytes = 4 * 1024 * 1024;

/** GET and HEAD of a manifest. */
export async function pullManifest(call: Call, target: ManifestTarget): Promise<void> {
  const found = await find(call, target);
  if (found === undefined) throw unknown(target);
  const { digest, bytes } = found;
  const { mediaType } = parsePushedManifest(bytes);
  sendBytes(call, bytes, { "Content-Type": mediaType, "Docker-Content-Digest": digest, ETag: `"${digest}"` });
}

export async function pushManifest(call: Call, { repository, reference }: ManifestTarget): Promise<void> {
  const bytes = await readBody(call.request, maxManifestBytes);
  const digest = digestOf(bytes, reference.kind === "digest" ? algorithmOf(reference.digest) : "sha256");
  if (reference.kind === "digest" && reference.digest !== digest) {
    throw new OciError(400, "DIGEST_INVALID", `the manifest's digest is ${digest}, not ${reference.digest}`);
  }
  if (reference.kind === "tag") await assertWritable(call.store, repository, reference.tag);
  const contentType = call.request.headers["content-type"];
  if (contentType === undefined)
    throw new OciError(400, "MANIFEST_INVALID", "a manifest needs a Content-Type");
  const { subject } = await keepManifest(call.store, { repository, digest, bytes, contentType });
  if (reference.kind === "tag") await call.store.tags.put(repository, reference.tag, digest);
  sendEmpty(call, 201, {
    Location: `/v2/${repository}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    ...(subject === undefined ? {} : { "OCI-Subject": subject }),
  });
}

/** By tag, only the tag goes; by digest, the manifest with all its tags. */
export async function deleteManifest(call: Call, target: ManifestTarget): Promise<void> {
  const { repository, reference } = target;
  if (reference.kind === "tag") {
    await assertDeletable(call.store, repository, { tag: reference.tag });
    if (!(await call.store.tags.remove(repository, reference.tag))) throw unknown(target);
  } else {
    await assertManifestDeletable(call.store, repository, reference.digest);
    if (!(await forgetManifest(call.store, { repository, digest: reference.digest }))) throw unknown(target);
  }
  sendEmpty(call, 202);
}

async function find(
  { request, store, pullThrough: from }: Call,
  { repository, reference }: ManifestTarget,
): Promise<HeldManifest | undefined> {
  const digest =
    reference.kind === "digest" ? reference.digest : await store.tags.get(repository, reference.tag);
  const bytes = digest && (await store.manifests.get(repository, digest));
  const own = digest === undefined || bytes === undefined ? undefined : { digest, bytes };
  const filled = from?.find(repository);
  if (filled === undefined) return own;
  return pullThrough(filled, { reference, own, purpose: request.method === "GET" ? "keep" : "look" });
}

function unknown({ repository, reference }: ManifestTarget): OciError {
  const name = reference.kind === "tag" ? reference.tag : reference.digest;
  return new OciError(404, "MANIFEST_UNKNOWN", `${repository} has no manifest ${name}`);
}
