import { type Descriptor, type Manifest, manifestMediaTypes, mediaTypes } from "../model/descriptor.ts";
import { type Digest, printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { ambiguousKey } from "./json-keys.ts";
import { assertFieldNames, isRecord, onlyStrings, parseDescriptor } from "./parse-descriptor.ts";

/** The bound that registries share. Source: OCI distribution specification 1.1, "Pushing Manifests". */
export const largestManifest = 4 * 1024 * 1024;

/**
 * Reads the bytes of an OCI or Docker manifest or index. `contentType` is the registry's word and must agree with the
 * document. Throws `protocol` for what is malformed or ambiguous, `unsupported` for schema 1 and other documents.
 */
export function parseManifest(
  bytes: Uint8Array,
  { contentType, digest }: { readonly contentType: string | undefined; readonly digest: Digest },
): Manifest {
  const document = parseDocument(bytes);
  const mediaType = agreedMediaType(document, contentType);
  const index = mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
  assertOneKind(document, index);
  return {
    kind: index ? "index" : "image",
    descriptor: descriptorOf(document, { mediaType, digest, size: bytes.length }),
    bytes,
    manifests: index ? descriptors(document, "manifests") : [],
    blobs: index ? [] : [parseDescriptor(document.config, "config"), ...descriptors(document, "layers")],
    ...(document.subject === undefined || document.subject === null
      ? {}
      : { subject: parseDescriptor(document.subject, "subject") }),
    ...(isRecord(document.annotations) ? { annotations: onlyStrings(document.annotations) } : {}),
  };
}

/** A media type that we can import, without its parameters. Throws `unsupported`. */
export function assertManifestMediaType(mediaType: string): string {
  if (manifestMediaTypes.includes(mediaType)) return mediaType;
  if (mediaType === mediaTypes.dockerSchema1 || mediaType === mediaTypes.dockerSchema1Signed) throw schema1();
  throw new Failure(
    "unsupported",
    `"${printable(mediaType)}" is not the media type of an OCI or Docker image or index`,
  );
}

export function bareMediaType(contentType: string | undefined): string {
  return (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function parseDocument(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let document: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    document = JSON.parse(text);
  } catch (error) {
    throw new Failure("protocol", "the manifest is not JSON", { cause: error });
  }
  if (!isRecord(document)) throw new Failure("protocol", "the manifest is not a JSON object");
  const ambiguous = ambiguousKey(text);
  if (ambiguous !== undefined) {
    throw new Failure("protocol", `the manifest is ambiguous: the key "${printable(ambiguous)}"`);
  }
  assertFieldNames(document);
  return document;
}

// What servers say that do not know: the document decides then.
const vague: ReadonlySet<string> = new Set([
  "",
  "application/json",
  "application/octet-stream",
  "text/plain",
]);

function agreedMediaType(document: Record<string, unknown>, contentType: string | undefined): string {
  if (document.schemaVersion === 1) throw schema1();
  if (document.schemaVersion !== 2) {
    throw new Failure("protocol", "the manifest is malformed: schemaVersion is not 2");
  }
  const inside = typeof document.mediaType === "string" ? document.mediaType : "";
  const outside = bareMediaType(contentType);
  if (inside !== "" && !vague.has(outside) && inside !== outside) {
    throw new Failure(
      "protocol",
      `the manifest says that it is "${printable(inside)}", the registry that it is "${printable(outside)}"`,
    );
  }
  return assertManifestMediaType(vague.has(outside) ? inside : outside);
}

/** CVE-2021-41190: a document with the fields of both kinds is two images under one digest. */
function assertOneKind(document: Record<string, unknown>, index: boolean): void {
  const strangers = index ? ["layers", "config", "fsLayers"] : ["manifests", "fsLayers"];
  const stranger = strangers.find((name) => Object.hasOwn(document, name));
  if (stranger === undefined) return;
  throw new Failure(
    "protocol",
    `the manifest is ambiguous: an ${index ? "index" : "image"} with "${stranger}"`,
  );
}

function descriptorOf(
  document: Record<string, unknown>,
  known: { mediaType: string; digest: Digest; size: number },
): Descriptor {
  const { artifactType } = document;
  return { ...known, ...(typeof artifactType === "string" ? { artifactType } : {}) };
}

function descriptors(document: Record<string, unknown>, field: "manifests" | "layers"): Descriptor[] {
  const list = document[field];
  if (!Array.isArray(list)) throw new Failure("protocol", `the manifest is malformed: no "${field}" list`);
  return list.map((value, at) => parseDescriptor(value, `${field}[${at}]`));
}

function schema1(): Failure {
  return new Failure(
    "unsupported",
    "the image is in Docker's schema 1 format, which registries no longer take: it has to be built anew upstream",
  );
}
