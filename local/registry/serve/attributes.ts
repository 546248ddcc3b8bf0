import { z } from "zod";
import type { Digest } from "../../../shared/model/digest.ts";
import { readBody } from "../body.ts";
import { assertDeletable } from "../locks.ts";
import { parsePushedManifest } from "../manifest.ts";
import type { RepositoryName, TagName } from "../names.ts";
import { OciError } from "../oci-error.ts";
import type { Enabled, Subject } from "../store/attributes.ts";
import { type Call, sendEmpty, sendJson } from "./call.ts";

export interface TagSubject {
  readonly repository: RepositoryName;
  readonly tag: TagName;
}

export interface ManifestSubject {
  readonly repository: RepositoryName;
  readonly digest: Digest;
}

const flag = z.boolean().optional();
const changes = z.strictObject({
  deleteEnabled: flag,
  writeEnabled: flag,
  listEnabled: flag,
  readEnabled: flag,
});

/** Shapes: Azure/azure-rest-api-specs, data-plane/Azure.ContainerRegistry/stable/2021-07-01. */
export async function showTag(call: Call, { repository, tag }: TagSubject): Promise<void> {
  const digest = await call.store.tags.get(repository, tag);
  if (digest === undefined) throw new OciError(404, "TAG_UNKNOWN", `${repository} has no tag ${tag}`);
  const changeableAttributes = await call.store.attributes.get(repository, { tag });
  sendJson(call, {
    registry: call.request.headers.host,
    imageName: repository,
    tag: { name: tag, digest, signed: false, changeableAttributes },
  });
}

export async function showManifest(call: Call, { repository, digest }: ManifestSubject): Promise<void> {
  const bytes = await call.store.manifests.get(repository, digest);
  if (bytes === undefined)
    throw new OciError(404, "MANIFEST_UNKNOWN", `${repository} has no manifest ${digest}`);
  const changeableAttributes = await call.store.attributes.get(repository, { digest });
  sendJson(call, {
    registry: call.request.headers.host,
    imageName: repository,
    manifest: { digest, mediaType: parsePushedManifest(bytes).mediaType, changeableAttributes },
  });
}

export async function changeTag(call: Call, subject: TagSubject): Promise<void> {
  if ((await call.store.tags.get(subject.repository, subject.tag)) !== undefined)
    await change(call, subject.repository, { tag: subject.tag });
  await showTag(call, subject);
}

export async function changeManifest(call: Call, subject: ManifestSubject): Promise<void> {
  if (await call.store.manifests.has(subject.repository, subject.digest))
    await change(call, subject.repository, { digest: subject.digest });
  await showManifest(call, subject);
}

/** The tag alone goes. */
export async function deleteTag(call: Call, { repository, tag }: TagSubject): Promise<void> {
  await assertDeletable(call.store, repository, { tag });
  if (!(await call.store.tags.remove(repository, tag)))
    throw new OciError(404, "TAG_UNKNOWN", `${repository} has no tag ${tag}`);
  sendEmpty(call, 202);
}

async function change(call: Call, repository: RepositoryName, subject: Subject): Promise<void> {
  const asked = changes.safeParse(await readJson(call));
  if (!asked.success)
    throw new OciError(
      400,
      "UNSUPPORTED",
      "expected deleteEnabled, writeEnabled, listEnabled or readEnabled, each true or false",
    );
  const set = Object.entries(asked.data).filter(([, value]) => value !== undefined);
  const before = await call.store.attributes.get(repository, subject);
  const after: Enabled = { ...before, ...Object.fromEntries(set) };
  await call.store.attributes.put(repository, subject, after);
}

async function readJson(call: Call): Promise<unknown> {
  try {
    return JSON.parse(Buffer.from(await readBody(call.request, 64 * 1024)).toString("utf8")) as unknown;
  } catch (error) {
    if (error instanceof OciError) throw error;
    return undefined;
  }
}
