import type { Policy, PolicyMember, Verdict } from "./policy.ts";
import { parseSemverRange } from "./semver-range.ts";
import { compareVersions, readVersion, type Version } from "./version.ts";

/**
 * Semantic versions, strictly X.Y.Z with an optional v. A prerelease is chosen only with `prereleases: "include"` and within
 * the bounds that `parseSemverRange` describes. Numbers that look like dates do not beat the versions that a range means.
 */
export const semver: PolicyMember = {
  kind: "semver",
  parse(text, { prereleases }) {
    const range = parseSemverRange(text);
    const policy: Policy<Version> = {
      judge(tag) {
        const version = readVersion(tag);
        if (version === undefined) return skip("not-a-version", whyNotVersion(tag));
        if (!range.has(version)) return skip("out-of-range", `${tag} is outside ${text}`);
        if (isDateBesideVersions(version.major, range.greatestMajor)) {
          return skip("out-of-range", `${tag} looks like a date, and ${text} names no such number`);
        }
        if (version.prerelease.length > 0 && prereleases === "exclude") {
          return skip("prerelease", whyPrerelease(tag, version.prerelease.join(".")));
        }
        return { kind: "candidate", key: version };
      },
      compare: (a, b) => compareVersions(b, a),
    };
    return policy;
  },
};

const firstYear = 1900;

/** Repositories that once used dates keep them: 2021.12.16 would beat 10.11.4 for ever in `>=10` (wud#866). */
function isDateBesideVersions(major: number, greatestMajor: number): boolean {
  return major >= firstYear && greatestMajor > 0 && greatestMajor < firstYear;
}

function whyNotVersion(tag: string): string {
  if (/^v?[0-9]+(?:\.[0-9]+)?(?:-|$)/.test(tag))
    return `${tag} has fewer than the three numbers of a semantic version`;
  if (/^v?[0-9]+(?:\.[0-9]+){3}/.test(tag))
    return `${tag} has more than the three numbers of a semantic version`;
  if (/^v?(?:[0-9]+\.){0,2}0[0-9]/.test(tag))
    return `${tag} has a leading zero, which semantic versions do not allow`;
  return `${tag} is not a semantic version (X.Y.Z)`;
}

const prereleaseWord = /^(?:alpha|beta|rc|pre|preview|dev|canary|nightly|snapshot|ea|m[0-9]|[0-9])/i;

function whyPrerelease(tag: string, suffix: string): string {
  return prereleaseWord.test(suffix)
    ? `${tag} is a prerelease, and Prereleases is exclude`
    : `${tag} reads as a prerelease; if -${suffix} is a variant that you want, set Prereleases to include and narrow it by Include`;
}

function skip(reason: "not-a-version" | "out-of-range" | "prerelease", detail: string): Verdict<Version> {
  return { kind: "skipped", reason, detail };
}
