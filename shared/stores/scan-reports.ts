import type { Blobs } from "../azure/blobs.ts";
import { largestReport } from "../gates/read-scan-report.ts";
import type { ScanReports, UploadedReport } from "../gates/scan-reports.ts";
import { type Digest, digestOf, hexOf, isDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/**
 * Container `scan-reports`: each report once, by its own digest, and for each image that it is about a note which report is
 * the last one.
 */
export interface ScanReportStore extends ScanReports {
  /** Keeps the report for each of the digests; a later one takes its place. Returns the digest of the report itself. */
  add(digests: readonly Digest[], report: UploadedReport, signal: AbortSignal): Promise<Digest>;
}

const largestNote = 4096;

export function createScanReports(blobs: Blobs): ScanReportStore {
  return {
    add: async (digests, { bytes, by, at, createdAt }, signal) => {
      const report = digestOf(bytes);
      await blobs.put(reportName(report), bytes, signal);
      const note = { v: 1, report, by, at, ...(createdAt && { createdAt }) };
      for (const digest of digests)
        await blobs.put(noteName(digest), Buffer.from(JSON.stringify(note)), signal);
      return report;
    },
    find: async (digest, signal) => {
      const text = await blobs.read(noteName(digest), { maxBytes: largestNote, signal });
      if (text === undefined) return undefined;
      const { report, ...note } = readNote(digest, text);
      const bytes = await blobs.read(reportName(report), { maxBytes: largestReport, signal });
      if (bytes === undefined) throw spoilt(digest, "the report itself is gone");
      if (digestOf(bytes) !== report) throw spoilt(digest, "the report is not the one that was uploaded");
      return { bytes, ...note };
    },
  };
}

function reportName(digest: Digest): string {
  return `reports/${hexOf(digest)}.json`;
}

function noteName(digest: Digest): string {
  return `images/${hexOf(digest)}.json`;
}

function readNote(digest: Digest, text: Buffer): Omit<UploadedReport, "bytes"> & { readonly report: Digest } {
  let note: unknown;
  try {
    note = JSON.parse(text.toString("utf8"));
  } catch {
    throw spoilt(digest, "its note is not JSON");
  }
  const { report, by, at, createdAt }: Record<string, unknown> = { ...Object(note) };
  const time = new Date(String(at));
  const made = createdAt === undefined ? undefined : new Date(String(createdAt));
  if (typeof report !== "string" || !isDigest(report) || Number.isNaN(time.getTime()))
    throw spoilt(digest, "its note is malformed");
  return { report, by: String(by), at: time, ...(made && { createdAt: made }) };
}

function spoilt(digest: Digest, why: string): Failure {
  return new Failure(
    "invalid",
    `the scan report of ${digest} cannot be used: ${why}; upload it again by wharfgate scan add`,
  );
}
