import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { alphabetical } from "./alphabetical.ts";
import { calver } from "./calver.ts";
import { exact } from "./exact.ts";
import { loose } from "./loose.ts";
import { number } from "./number.ts";
import type { Policy, PolicyMember } from "./policy.ts";
import { semver } from "./semver.ts";

const members: readonly PolicyMember[] = [
  semver, //
  loose,
  calver,
  number,
  alphabetical,
  exact,
];

/** Reads a watch's `Tags` column: a scheme and its range, `semver >=1.27 <2`. Throws `invalid`. */
export function parsePolicy(text: string): Policy {
  const trimmed = text.trim();
  const kind = /^\S*/.exec(trimmed)?.[0] ?? "";
  const member = members.find((candidate) => candidate.kind === kind);
  if (member !== undefined) return member.parse(trimmed.slice(kind.length).trim());
  const expected = `the scheme must be one of ${members.map((candidate) => candidate.kind).join(", ")}`;
  const problem = kind === "" ? "Tags is empty" : `Tags starts with "${printable(kind)}"`;
  throw new Failure("invalid", `${problem}: ${expected}; write for example "semver >=1.27 <2"`);
}
