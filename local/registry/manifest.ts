import { z } from "zod";
import { manifestMediaTypes, mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, isDigest, printable } from "../../shared/model/digest.ts";
import { OciError } from "./oci-error.ts";

// Not the client's parser in shared/registry, on purpose: in the end-to-end tests each of the two judges the other.

/** What a registry must know of a manifest to keep it. */
export interface PushedManifest {
  readonly mediaType: string;
  /** Blobs that must be there first: config and layers, without those that live elsewhere. */
  readonly blobs: readonly Digest[];
  /** Manifests that must be there first: the children of an index. */
  readonly children: readonly Digest[];
  readonly subject?: Digest;
  /** As the referrers API must show it: an image's falls back to its config's media type. */
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

const digest = z.custom<Digest>((value) => typeof value === "string" && isDigest(value), "not a digest");
const mediaType = z.string().max(255);
const descriptor = z.object({
  mediaType,
  digest,
  size: z.number().int().nonnegative(),
  urls: z.array(z.string()).optional(),
});
const shared = {
  schemaVersion: z.literal(2),
  mediaType: mediaType.optional(),
  artifactType: mediaType.optional(),
  subject: descriptor.nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
};
// Go clients write an empty list as null.
const descriptors = z
  .array(descriptor)
  .nullable()
  .transform((list) => list ?? []);
const imageShape = z.object({
  ...shared,
  config: descriptor,
  layers: descriptors,
  manifests: z.never().optional(),
});
const indexShape = z.object({
  ...shared,
  manifests: descriptors,
  layers: z.never().optional(),
  config: z.never().optional(),
});

const indexTypes: readonly string[] = [mediaTypes.ociIndex, mediaTypes.dockerList];

/**
 * Reads a manifest that came under `contentType`, or, without it, one that is already stored. 400 MANIFEST_INVALID when
 * it is neither image nor index, both (CVE-2021-41190), or not what its Content-Type says; 415 UNSUPPORTED for other
 * media types.
 */
export function parsePushedManifest(bytes: Uint8Array, contentType?: string): PushedManifest {
  const json = parseJson(bytes);
  const type = mediaTypeOf(json, contentType);
  const result = (indexTypes.includes(type) ? indexShape : imageShape).safeParse(json);
  if (!result.success) throw invalid(describe(result.error));
  const { subject, annotations } = result.data;
  const artifactType = result.data.artifactType ?? result.data.config?.mediaType;
  return {
    mediaType: type,
    blobs: [result.data.config, ...(result.data.layers ?? [])]
      .filter((blob) => blob !== undefined)
      .filter((blob) => !livesElsewhere(blob))
      .map((blob) => blob.digest),
    children: (result.data.manifests ?? []).map((child) => child.digest),
    ...(subject ? { subject: subject.digest } : {}),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations ? { annotations } : {}),
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw invalid("it is not JSON in UTF-8");
  }
}

function mediaTypeOf(json: unknown, contentType: string | undefined): string {
  const own = z.object({ mediaType: mediaType.optional() }).safeParse(json).data?.mediaType;
  const given = contentType?.split(";")[0]?.trim().toLowerCase();
  if (own !== undefined && given !== undefined && own !== given) {
    throw invalid(`its mediaType is "${printable(own)}", its Content-Type "${printable(given)}"`);
  }
  const type = own ?? given ?? guessed(json);
  if (manifestMediaTypes.includes(type)) return type;
  throw new OciError(
    415,
    "UNSUPPORTED",
    `manifests of type "${printable(type)}" are not kept here: push one of ${manifestMediaTypes.join(", ")}`,
  );
}

// Only OCI lets mediaType be absent; Docker's types require it.
function guessed(json: unknown): string {
  return typeof json === "object" && json !== null && "manifests" in json
    ? mediaTypes.ociIndex
    : mediaTypes.ociManifest;
}

function livesElsewhere(blob: {
  readonly mediaType: string;
  readonly urls?: readonly string[] | undefined;
}): boolean {
  return (
    (blob.urls?.length ?? 0) > 0 ||
    blob.mediaType.includes(".nondistributable.") ||
    blob.mediaType.includes(".foreign.")
  );
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue === undefined ? "it has another shape" : `${issue.path.join(".")}: ${issue.message}`;
}

function invalid(reason: string): OciError {
  return new OciError(400, "MANIFEST_INVALID", `the manifest cannot be kept: ${printable(reason)}`);
}
