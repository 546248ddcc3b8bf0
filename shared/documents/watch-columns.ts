import type { MethodKind } from "../methods/members.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { defaultTarget } from "./target-template.ts";

export type WatchColumn = keyof typeof columns;

/** Every column: what it holds, for error messages and for `watch add --help`. */
export const columns = {
  Source: "upstream repository, such as docker.io/library/nginx",
  Tags: 'scheme and range: "semver >=1.27 <2" or "exact 1.27.1,1.28.0"; schemes are semver, loose, calver, number, alphabetical, exact',
  Include: "RE2 pattern that the whole tag must match",
  Exclude: "RE2 pattern that the whole tag must not match",
  Extract: 'RE2 pattern for what the scheme reads: "build-([0-9]+)" or "(.*)-b([0-9]+) => $1.$2"',
  Family: 'suffixes to follow, each by itself: "plain, -alpine, -alpine*"; empty means plain, no suffix',
  Prereleases: 'include, exclude (the default) or labels: "rc,beta"',
  Keep: "how many of the newest versions to follow in each family, 1 to 10000; empty means all",
  KeepPer: "of what Keep keeps the newest: all (the default), major or minor",
  Verbatim: "tags that are always followed as versions when upstream has them: 1.20.3,1.21.0",
  Track: "floating tags to follow by digest: latest,stable",
  Platforms:
    'platforms that an image must offer: "linux/amd64,linux/arm64"; "only linux/amd64" brings in no others (method copy)',
  Target: `repository and tag at the target; default ${defaultTarget}`,
  Method: "auto, acr-import, agent-pool, cache-rule, copy or bundle; empty means the app's default",
  Pins: "digests that tags must have, 1.27.1@sha256:…; with any, a tag without one is denied",
  Cooldown:
    "how long a version waits after our first sight of it: 3d, 36h; 3d strict for what the first poll finds, too",
  Approval: "never (the default), always or major: whether a person must approve first",
  Verify: "verifiers of the policy that must all pass: acme-signed,trivy",
  Referrers:
    "none (the default), all, or of signatures,attestations,sboms: brought in with the image, also later",
  Nondistributable: "leave (the default) or bring: layers that only their owner may distribute",
  Lock: "open (the default) or locked: whether imported tags are locked at the target",
  Previous: "drop (the default) or keep: the digest that a tracked tag had before, under a dated tag",
  Drift: "report (the default) or repair: imported tags that were changed at the target",
  Site: "disconnected site that bundles are for",
  Schedule: 'when to poll, in UTC: "every 15m" (the default) or six-field cron',
  Credential: "reference to the upstream's credential: env:NAME, keyvault:vault/secret or entra",
  Notify: "channels to tell: ops,security; empty means all",
  Enabled: "true (the default) or false",
  Note: "anything, for people",
  ManagedBy: "who writes this row, such as git",
} as const;

/** What is wrong with a column by its name or type; its text is judged by its parser. */
export function columnProblems(column: string, value: unknown): string[] {
  if (Object.hasOwn(columns, column)) {
    return typeof value === "string" || typeof value === "boolean" || typeof value === "number"
      ? []
      : [`${column} has the type ${typeof value}: expected text`];
  }
  const [close] = Object.keys(columns)
    // A name may come from anybody, and be as long as they please.
    .filter((known) => Math.abs(known.length - column.length) <= 2)
    .map((known) => ({ known, edits: editsBetween(known, column) }))
    .filter(({ edits }) => edits <= 2)
    .sort((a, b) => a.edits - b.edits);
  const hint =
    close === undefined
      ? `known columns: ${Object.keys(columns).join(", ")}`
      : `did you mean ${close.known}?`;
  return [`"${printable(column)}" is not a column of a watch: ${hint}`];
}

/** Levenshtein's distance, whatever the case: letters to put in, take out or change. */
function editsBetween(a: string, b: string): number {
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 1; at <= to.length; at += 1) {
      const changed = (row[at - 1] ?? 0) + (letter === to[at - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

export function parseList(text: string): string[] {
  const items = text.split(",").map((item) => item.trim());
  if (items.some((item) => item === ""))
    throw new Failure("invalid", `"${printable(text)}" has an empty item between commas`);
  return [...new Set(items)];
}

export function parseKeep(text: string): number {
  const keep = Number(text);
  if (/^\d+$/.test(text) && keep >= 1 && keep <= 10_000) return keep;
  throw new Failure("invalid", `Keep must be a whole number from 1 to 10000, not "${printable(text)}"`);
}

export function parseEnabled(text: string): "yes" | "no" {
  if (/^(true|yes)$/i.test(text)) return "yes";
  if (/^(false|no)$/i.test(text)) return "no";
  throw new Failure("invalid", `Enabled must be true or false, not "${printable(text)}"`);
}

const credentialPattern =
  /^(?:env:[A-Z][A-Z0-9_]{0,63}|keyvault:[a-z][a-z0-9-]{1,22}[a-z0-9]\/[A-Za-z0-9-]{1,127}|entra)$/;

/** `env:NAME`, `keyvault:vault/secret` or `entra`: the secret itself never stands in a row. */
export function parseCredentialReference(text: string): string {
  if (credentialPattern.test(text)) return text;
  throw new Failure(
    "invalid",
    "Credential must be a reference, never the secret itself: env:DOCKERHUB (the setting WHARFGATE_CREDENTIAL_DOCKERHUB), keyvault:vault/secret, or entra",
  );
}

/**
 * The app's Entra ID token goes along with the requests of a copy alone, which is then the method unless told otherwise, and
 * which `auto` chooses then: Azure's own services are not given it. Throws `invalid`.
 */
export function methodFor(
  method: MethodKind | undefined,
  credential: string | undefined,
): MethodKind | undefined {
  if (credential !== "entra" || method === "copy" || method === "auto") return method;
  if (method === undefined) return "copy";
  throw new Failure(
    "invalid",
    `Method ${method} cannot use the Credential entra: leave Method out, or make it copy`,
  );
}

export function parseChannelName(text: string): string {
  if (/^[a-z][a-z0-9-]{0,31}$/.test(text)) return text;
  throw new Failure(
    "invalid",
    `"${printable(text)}" is not a channel name: a lower-case letter, then letters, digits, hyphens`,
  );
}
