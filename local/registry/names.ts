import { randomUUID } from "node:crypto";
import { type Digest, isDigest, printable } from "../../shared/model/digest.ts";
import { isTag, parseRepositoryPath } from "../../shared/model/reference.ts";
import { OciError } from "./oci-error.ts";

declare const brand: unique symbol;

// Branded, so that only checked names can become part of a path on disk.
export type RepositoryName = string & { readonly [brand]: "RepositoryName" };
export type TagName = string & { readonly [brand]: "TagName" };
export type UploadId = string & { readonly [brand]: "UploadId" };

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** 400 NAME_INVALID for anything outside the grammar of repository names. */
export function parseRepositoryName(text: string): RepositoryName {
  try {
    return parseRepositoryPath(text) as RepositoryName;
  } catch {
    throw new OciError(400, "NAME_INVALID", `"${printable(text)}" is not a repository name`);
  }
}

/** 400 DIGEST_INVALID for anything but a whole sha256 or sha512 digest. */
export function parseDigestName(text: string): Digest {
  if (isDigest(text)) return text;
  throw new OciError(
    400,
    "DIGEST_INVALID",
    `"${printable(text)}" is not a digest: expected sha256:<64 hex digits> or sha512:<128 hex digits>`,
  );
}

export function parseTagName(text: string): TagName {
  if (isTag(text)) return text as TagName;
  throw new OciError(400, "TAG_INVALID", `"${printable(text)}" is not a tag`);
}

/** 404 BLOB_UPLOAD_UNKNOWN for an id that this registry cannot have given. */
export function parseUploadId(text: string): UploadId {
  if (uuid.test(text)) return text as UploadId;
  throw new OciError(404, "BLOB_UPLOAD_UNKNOWN", "no such upload session: start a new one");
}

export function newUploadId(): UploadId {
  return randomUUID() as string as UploadId;
}
