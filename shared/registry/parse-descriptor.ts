import type { Descriptor } from "../model/descriptor.ts";
import { isDigest, printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Platform } from "../model/platform.ts";
import { respeltField } from "./json-keys.ts";

/** Reads an OCI content descriptor. Throws `protocol`, naming `where` in the manifest it is. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isRecord(value)) throw malformed(where, "is not an object");
  assertFieldNames(value);
  const { mediaType, digest, size, platform, artifactType, annotations, urls } = value;
  if (typeof mediaType !== "string" || mediaType === "") throw malformed(where, "has no mediaType");
  if (typeof digest !== "string" || !isDigest(digest)) throw malformed(where, "has no proper digest");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) {
    throw malformed(where, "has no proper size");
  }
  const parsedPlatform = parsePlatformObject(platform);
  return {
    mediaType,
    digest,
    size,
    ...(parsedPlatform === undefined ? {} : { platform: parsedPlatform }),
    ...(typeof artifactType === "string" ? { artifactType } : {}),
    ...(isRecord(annotations) ? { annotations: onlyStrings(annotations) } : {}),
    ...(Array.isArray(urls) ? { urls: urls.filter((url) => typeof url === "string") } : {}),
  };
}

/** Throws `protocol` for a field in other letters, which other readers would take for the field itself. */
export function assertFieldNames(record: Record<string, unknown>): void {
  const respelt = respeltField(record);
  if (respelt === undefined) return;
  throw new Failure("protocol", `the manifest is ambiguous: the key "${printable(respelt)}"`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsePlatformObject(value: unknown): Platform | undefined {
  if (!isRecord(value)) return undefined;
  assertFieldNames(value);
  const { os, architecture, variant } = value;
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return { os, architecture, ...(typeof variant === "string" && variant !== "" ? { variant } : {}) };
}

/** Annotations, without the values that are none. */
export function onlyStrings(record: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function malformed(where: string, why: string): Failure {
  return new Failure("protocol", `the manifest is malformed: ${where} ${why}`);
}
