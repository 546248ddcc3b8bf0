import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { Digest } from "../model/digest.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { Repository } from "../model/reference.ts";
import { type Pattern, parsePattern } from "../policies/pattern.ts";
import type { ImportRecord } from "./import-record.ts";
import { readRequestBody } from "./request-body.ts";
import { parseWatchPath, type WatchId } from "./watch-id.ts";

/** What retention would remove at the target, for people to review. It removes nothing until it is applied. */
export interface Proposal {
  readonly id: string;
  readonly at: Date;
  readonly by: string;
  /** What it was asked about: `group/name`, `group/*`, or all watches. */
  readonly scope: string;
  readonly state: "proposed" | "applying" | "applied";
  readonly items: number;
  /** Of the manifests that would go and what they name, each once; layers that others share are freed by the registry only with the last. */
  readonly bytes: number;
  /** Why watches were passed over, and the like. */
  readonly notes: readonly string[];
  /** Imports that the watches follow at present. */
  readonly followed: number;
  readonly appliedBy?: string;
  readonly appliedAt?: Date;
  readonly endedAt?: Date;
}

/** One tag to remove, or one digest that no tag has any more. */
export interface ProposalItem {
  readonly number: number;
  readonly watch: WatchId;
  /** Of the import that brought the digest in. */
  readonly key: string;
  /** `dated`: kept by `Previous`. `digest`: a tracked tag had it once. */
  readonly kind: "tag" | "dated" | "digest";
  readonly target: Repository & { readonly tag?: string };
  readonly digest: Digest;
  /** All that goes with it: its own manifest first, then what it names and what refers to it. */
  readonly manifests: readonly Digest[];
  readonly bytes: number;
  readonly reason: string;
  /** `removing`: begun, so that what is missing at the target is our own doing. */
  readonly outcome?: "removing" | "removed" | "skipped" | "failed";
  /** Why it was skipped or failed. */
  readonly why?: string;
}

/** A superseded import that stays, and why. */
export interface KeptItem {
  readonly target: string;
  readonly digest: string;
  readonly rule: KeepRule;
  readonly reason: string;
}

export const keepRules = [
  "young", // came in lately
  "locked",
  "excluded", // by WHARFGATE_RETAIN or --keep-also
  "wanted", // another watch follows it, or somebody asked for it by name
  "under-way", // an import of the same tag is under way
  "awaited", // its disconnected site has not got it yet
  "shared-tag", // another tag, which stays, has its digest
  "in-use", // something that stays names it, or is referred to by it
] as const;

export type KeepRule = (typeof keepRules)[number];

export interface ProposalRequest {
  /** Undefined: all watches. */
  readonly scope?: { readonly group: string; readonly name?: string };
  readonly keepAlso: readonly Pattern[];
}

const schema = z.strictObject({
  watch: z.string().max(130).optional(),
  keepAlso: z.array(z.string().max(600)).max(50).optional(),
});

/** Throws `invalid`, naming the field. */
export function parseProposalRequest(body: unknown): ProposalRequest {
  const { watch, keepAlso = [] } = readRequestBody(
    schema,
    body,
    '{"watch":"default/*","keepAlso":["mirror/base:.*"]}',
  );
  return {
    ...(watch !== undefined && { scope: parseScope(watch) }),
    keepAlso: keepAlso.map((text) => parseRetained("keepAlso", text)),
  };
}

/** A pattern for `repository:tag` at the target, without its host. */
export function parseRetained(name: string, text: string): Pattern {
  if (text.includes(":")) return parsePattern(name, text);
  throw new Failure(
    "invalid",
    `${name} "${printable(text)}" has no colon: expected a pattern for repository:tag, such as mirror/base:.*`,
  );
}

function parseScope(text: string): NonNullable<ProposalRequest["scope"]> {
  const group = /^([^/]+)\/\*$/.exec(text)?.[1];
  if (group === undefined) return parseWatchPath(text);
  // Checked as a group would be.
  return { group: parseWatchPath(`${group}/x`).group };
}

/** Sorts by time. */
export function newProposalId(at: Date): string {
  return `${at.toISOString().replace(/\D/g, "").slice(0, 14)}-${randomUUID().slice(0, 8)}`;
}

/** Throws `not-found` for what cannot be one. */
export function parseProposalId(text: string): string {
  if (/^\d{14}-[0-9a-f]{8}$/.test(text)) return text;
  throw new Failure(
    "not-found",
    `"${printable(text)}" is not a proposal: list them by wharfgate retention list`,
  );
}

/** Whether an import is the one that an item is about, and as it was when it was proposed. */
export function isStill({ digest }: Pick<ProposalItem, "digest">, record: ImportRecord | undefined): boolean {
  return record?.state === "done" && record.digest === digest;
}
