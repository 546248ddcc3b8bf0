import type { Digest } from "../model/digest.ts";

/** A report that our own people have uploaded for an image. */
export interface UploadedReport {
  readonly bytes: Uint8Array;
  readonly by: string;
  readonly at: Date;
  /** When it was made, in the uploader's words, for reports that do not say. */
  readonly createdAt?: Date;
}

/** Uploaded reports by the digests of the images they are about. */
export interface ScanReports {
  /** The last one that was uploaded. `digest` is of a manifest, or of an image's config. */
  find(digest: Digest, signal: AbortSignal): Promise<UploadedReport | undefined>;
}
