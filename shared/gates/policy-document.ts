import { z } from "zod";
import { type Digest, parseDigest, printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseTag } from "../model/reference.ts";
import { schemaProblem } from "../model/schema-words.ts";
import { ambiguousKey } from "../registry/json-keys.ts";
import { parseCooldown } from "./cooldown.ts";
import type { Cooldown } from "./demands.ts";
import { createPolicy, type Policy, type Rule } from "./policy.ts";
import { parseSourcePattern, parseWatchPattern } from "./rule-patterns.ts";
import type { VerifierContext } from "./verifier-member.ts";
import { parseVerifiers } from "./verifiers.ts";

const mostRules = 1000;
const text = (most: number) => z.string().min(1).max(most);

const document = z.strictObject({
  rules: z.array(z.unknown()).max(mostRules),
  verifiers: z.unknown().optional(),
});

const ruleSchema = z.strictObject({
  source: text(400).optional(),
  watch: text(130).optional(),
  cooldown: text(40).optional(),
  approval: z.enum(["never", "always", "major"]).optional(),
  verify: z.array(text(64)).max(50).optional(),
  pins: z.record(z.string(), z.string()).optional(),
  pinned: z.literal("required").optional(),
  note: z.string().max(1000).optional(),
});

const example = '{"rules":[{"source":"docker.io/library/*","cooldown":"3d","approval":"major"}]}';

/**
 * Reads the policy's JSON. `readText` reads files that verifiers name. Throws `invalid` with every problem, each with its rule and
 * field.
 */
export function parsePolicy(json: string, readText: VerifierContext["readText"]): Policy {
  const raw = parseJson(json);
  const read = document.safeParse(raw);
  if (!read.success) throw wrong(`${schemaProblem(read.error, raw)}; write for example ${example}`);
  const problems: string[] = [];
  const verifiers = attempt(() => parseVerifiers(read.data.verifiers, readText), problems);
  const rules = read.data.rules.map((each, at) => attempt(() => parseRule(each, at), problems));
  for (const [at, rule] of rules.entries()) {
    const unknown = verifiers && rule?.verify.find((name) => !verifiers.has(name));
    if (unknown !== undefined) {
      const known = [...(verifiers?.keys() ?? [])].join(", ");
      problems.push(
        `rules.${at}.verify names "${printable(unknown)}", and "verifiers" has ${known === "" ? "none" : `only ${printable(known, 300)}`}`,
      );
    }
    const earlier = rules.slice(0, at).findIndex((before) => before && rule && covers(before, rule));
    if (earlier >= 0) {
      problems.push(
        `rule ${at + 1} (${rule?.name}) never applies, since rule ${earlier + 1} (${rules[earlier]?.name}) comes first and matches all of it: put the narrower rule first`,
      );
    }
  }
  if (problems.length > 0 || verifiers === undefined) throw wrong(problems.join("; "));
  return createPolicy(
    rules.filter((rule) => rule !== undefined),
    verifiers,
  );
}

function parseJson(json: string): unknown {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch {
    throw wrong(`it is not JSON; write for example ${example}`);
  }
  const twice = ambiguousKey(json);
  if (twice !== undefined) throw wrong(`the field "${printable(twice)}" is given twice in one object`);
  return raw;
}

function parseRule(raw: unknown, at: number): Rule {
  const result = ruleSchema.safeParse(raw);
  if (!result.success) throw new Failure("invalid", `rules.${at}: ${schemaProblem(result.error, raw)}`);
  const { source, watch, cooldown, approval = "never", verify = [], pins = {}, pinned } = result.data;
  if (source === undefined && watch === undefined) {
    throw new Failure(
      "invalid",
      `rules.${at} has neither "source" nor "watch", so that nobody sees what it is for: for all sources write "source":"**"`,
    );
  }
  const named = [
    ...(source === undefined ? [] : [`source ${source}`]),
    ...(watch === undefined ? [] : [`watch ${watch}`]),
  ].join(", ");
  const wait = cooldown === undefined ? undefined : within(at, () => parseCooldown(cooldown));
  return {
    name: named,
    source: within(at, () => parseSourcePattern(source ?? "**")),
    watch: within(at, () => parseWatchPattern(watch ?? "**")),
    approval,
    verify: [...new Set(verify)],
    pins: within(at, () => parsePins(pins)),
    others: pinned === "required" ? "denied" : "let-in",
    ...(wait && { cooldown: wait satisfies Cooldown }),
  };
}

function parsePins(pins: Readonly<Record<string, string>>): ReadonlyMap<string, Digest> {
  return new Map(Object.entries(pins).map(([tag, digest]) => [parseTag(tag), parseDigest(digest)]));
}

function covers(before: Rule, rule: Rule): boolean {
  return before.source.covers(rule.source) && before.watch.covers(rule.watch);
}

function within<T>(at: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) throw new Failure(error.code, `rules.${at}: ${error.message}`);
    throw error;
  }
}

function attempt<T>(read: () => T, problems: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    problems.push(error.message);
    return undefined;
  }
}

function wrong(what: string): Failure {
  return new Failure("invalid", `The policy cannot be used: ${what}`);
}
