import { describe, expect, it } from "vitest";
import { allowList } from "../../shared/gates/allow-list.ts";
import { parseNamePattern } from "../../shared/gates/name-pattern.ts";
import { parsePolicy } from "../../shared/gates/policy-document.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed } from "../support/records.ts";
import { ask, makeSubject } from "./subject.ts";

const noFiles = () => {
  throw new Error("there are no files");
};
const parse = (document: unknown) => parsePolicy(JSON.stringify(document), noFiles);
const scanned = { kind: "scan", maxAge: "7d", severity: "high" };
const pinned = digestNamed("pinned");

describe("a pattern of names", () => {
  it.each([
    {
      pattern: "docker.io/library/*",
      yes: ["docker.io/library/nginx"],
      no: ["docker.io/library/a/b", "docker.io/nginx"],
    },
    {
      pattern: "ghcr.io/**",
      yes: ["ghcr.io/a", "ghcr.io/a/b/c"],
      no: ["ghcr.io", "xghcr.io/a", "docker.io/ghcr.io/a"],
    },
    { pattern: "**", yes: ["a", "a/b", ""], no: [] },
    {
      pattern: "*/library/ng*x",
      yes: ["docker.io/library/nginx", "q.io/library/ngx"],
      no: ["a/b/library/nginx", "q.io/library/nginx2"],
    },
    {
      pattern: "**/nginx",
      yes: ["docker.io/library/nginx", "/nginx"],
      no: ["docker.io/library/nginx2", "nginx"],
    },
    {
      pattern: "registry.corp:5443/team-*/**",
      yes: ["registry.corp:5443/team-a/x"],
      no: ["registry-corp:5443/team-a/x"],
    },
    { pattern: "a/***b", yes: ["a/b", "a/x/yb"], no: ["a/c"] },
  ])("$pattern", ({ pattern, yes, no }) => {
    const { matches } = parseNamePattern("source", pattern);
    expect(yes.filter((name) => !matches(name))).toEqual([]);
    expect(no.filter((name) => matches(name))).toEqual([]);
  });

  it.each([
    ["**", "docker.io/library/*", true],
    ["docker.io/**", "docker.io/library/*", true],
    ["docker.io/library/*", "docker.io/library/nginx", true],
    ["docker.io/library/*", "docker.io/library/n*", true],
    ["docker.io/*/*", "docker.io/**", false],
    ["docker.io/library/*", "docker.io/**", false],
    ["docker.io/library/*", "docker.io/library/**", false],
    ["docker.io/library/n*", "docker.io/library/*", false],
    ["docker.io/library/nginx", "docker.io/library/nginx", true],
  ])("%s covers %s: %s", (one, other, covers) => {
    expect(parseNamePattern("x", one).covers(parseNamePattern("x", other))).toBe(covers);
  });

  it("is no slower for a name that almost matches", () => {
    const { matches } = parseNamePattern("source", `${"**a".repeat(60)}b`);
    expect(matches("a".repeat(400))).toBe(false);
  });
});

describe("a policy", () => {
  const policy = parse({
    rules: [
      { source: "docker.io/library/nginx", watch: "lab/*" },
      { source: "docker.io/library/nginx", pins: { "1.27.1": pinned }, cooldown: "12h strict" },
      { source: "docker.io/library/*", cooldown: "3d", approval: "major", verify: ["scanned", "scanned"] },
      { source: "ghcr.io/**", approval: "never", pins: { "1": pinned }, pinned: "required", note: "ours" },
      { watch: "trusted/*" },
    ],
    verifiers: { scanned },
  });
  const on = (name: string, tag = "1.27.1", watch = "default/app") => {
    const [host = "", ...path] = name.split("/");
    return policy.demandsOn({ source: { host, path: path.join("/") }, tag, watch });
  };

  it.each([
    { name: "of the first rule that matches", asked: on("docker.io/library/nginx", "1", "lab/web"), rule: 0 },
    {
      name: "of a pinned tag",
      asked: on("docker.io/library/nginx"),
      rule: 1,
      demands: { pin: pinned, cooldown: { minutes: 720, first: "strict" } },
    },
    {
      name: "of a tag that is not pinned where that is not required",
      asked: on("docker.io/library/nginx", "1.27.2"),
      rule: 1,
      demands: { cooldown: { minutes: 720, first: "strict" } },
    },
    {
      name: "of all that a rule may demand",
      asked: on("docker.io/library/redis"),
      rule: 2,
      demands: { cooldown: { minutes: 4320, first: "exempt" }, approval: "major", verify: ["scanned"] },
    },
    { name: "of a required pin", asked: on("ghcr.io/a/b", "2"), rule: 3, demands: { pin: "unlisted" } },
    { name: "of a group's watches", asked: on("quay.io/a/b", "2", "trusted/x"), rule: 4 },
  ])("has the demands $name", ({ asked, rule, demands = {} }) => {
    expect(asked).toEqual({
      verify: [],
      ...demands,
      rule: expect.stringContaining(`the policy lets it in by rule ${rule + 1} (`),
    });
  });

  it("has none where no rule matches", () => {
    expect(on("quay.io/a/b")).toBeUndefined();
    expect(on("docker.io/library/nginx/evil")).toBeUndefined();
    expect(parse({ rules: [] }).demandsOn(makeSubject())).toBeUndefined();
  });

  it.each([
    { name: "what is not JSON", json: "{", says: "it is not JSON" },
    { name: "a list", json: "[]", says: "it must be an object" },
    { name: "no rules", json: "{}", says: '"rules" is missing: it must be a list' },
    { name: "an unknown part", json: '{"rules":[],"rulez":[]}', says: 'it has the unknown field "rulez"' },
    { name: "a field twice", json: '{"rules":[],"rules":[]}', says: 'the field "rules" is given twice' },
    { name: "a rule that is none", rule: "x", says: "rules.0: it must be an object" },
    {
      name: "a rule for nothing",
      rule: { cooldown: "3d" },
      says: 'rules.0 has neither "source" nor "watch"',
    },
    {
      name: "an unknown field",
      rule: { source: "**", cooldwon: "3d" },
      says: 'rules.0: it has the unknown field "cooldwon"',
    },
    {
      name: "a wrong time",
      rule: { source: "**", cooldown: "3" },
      says: 'rules.0: Cooldown "3" is not a time',
    },
    {
      name: "a wrong word",
      rule: { source: "**", approval: "sometimes" },
      says: 'rules.0: "approval" must be "never" or "always" or "major"',
    },
    {
      name: "a pin without a digest",
      rule: { source: "**", pins: { a: "1" } },
      says: 'rules.0: "1" is not a digest',
    },
    {
      name: "a pin of no tag",
      rule: { source: "**", pins: { "a b": pinned } },
      says: 'rules.0: "a b" is not a tag',
    },
    {
      name: "a source without a host",
      rule: { source: "nginx" },
      says: 'rules.0: source "nginx" names no registry',
    },
    { name: "a host alone", rule: { source: "docker.io" }, says: "write docker.io/library/nginx" },
    { name: "capital letters", rule: { source: "docker.io/Library/*" }, says: "is not a pattern" },
    {
      name: "another name of a registry",
      rule: { source: "index.docker.io/library/nginx" },
      says: 'rules.0: source "index.docker.io/library/nginx" matches nothing, since references call that registry docker.io',
    },
    {
      name: "a port that is left out in references",
      rule: { source: "ghcr.io:443/**" },
      says: "call that registry ghcr.io",
    },
    {
      name: "the same of many registries",
      rule: { source: "*.ghcr.io:443/**" },
      says: "call that registry *.ghcr.io",
    },
    {
      name: "an address in another spelling",
      rule: { source: "127.1:5000/a/*" },
      says: "call that registry 127.0.0.1:5000",
    },
    {
      name: "a short name of Docker Hub",
      rule: { source: "docker.io/nginx" },
      says: "are called docker.io/library/nginx",
    },
    {
      name: "a wildcard that Docker Hub's names are too long for",
      rule: { source: "docker.io/*" },
      says: "are called docker.io/library/*",
    },
    {
      name: "a tag in the source",
      rule: { source: "docker.io/library/nginx:1.*" },
      says: 'matches nothing, since "library/nginx:1.*" is no repository',
    },
    { name: "a slash at the end", rule: { source: "ghcr.io/acme/" }, says: '"acme/" is no repository' },
    { name: "two slashes", rule: { source: "ghcr.io/acme//*" }, says: '"acme//*" is no repository' },
    { name: "a group alone", rule: { watch: "lab" }, says: 'rules.0: watch "lab" matches no watch' },
    { name: "manual with a name", rule: { watch: "manual/*" }, says: 'watch "manual/*" matches no watch' },
    { name: "a watch of three parts", rule: { watch: "a/b/c" }, says: 'watch "a/b/c" matches no watch' },
    { name: "a watch with a dot", rule: { watch: "lab/a.b*" }, says: 'watch "lab/a.b*" matches no watch' },
    {
      name: "a verifier that is not there",
      rule: { source: "**", verify: ["acme"] },
      says: 'rules.0.verify names "acme", and "verifiers" has only scanned',
    },
    {
      name: "a verifier that is none",
      json: '{"rules":[],"verifiers":{"a":{}}}',
      says: "verifiers.a.kind must be",
    },
  ])("with $name is refused", async ({ says, ...wrong }) => {
    const json =
      "json" in wrong ? (wrong.json ?? "") : JSON.stringify({ rules: [wrong.rule], verifiers: { scanned } });
    const { message } = await failureOf(() => parsePolicy(json, noFiles), "invalid");
    expect(message).toMatch(/^The policy cannot be used: /);
    expect(message).toContain(says);
  });

  it.each([
    { source: "**" },
    { source: "**/nginx" },
    { source: "*/*" },
    { source: "docker.io/**" },
    { source: "docker.io/*/*" },
    { source: "docker.io/library/n*x-*" },
    { source: "ghcr.io/acme/app-**" },
    { source: "*.azurecr.io/**" },
    { source: "localhost/a" },
    { source: "registry.corp:80/a" },
    { source: "[::1]:5000/**" },
    { watch: "*" },
    { watch: "**" },
    { watch: "lab/**" },
    { watch: "l*-b/*" },
    { watch: "manual" },
  ])("takes the patterns of $source$watch", (rule) => {
    expect(parse({ rules: [rule] }).demandsOn).toBeTypeOf("function");
  });

  it.each([
    { name: "the same again", rules: [{ source: "docker.io/library/*" }, { source: "docker.io/library/*" }] },
    {
      name: "a wider one before",
      rules: [{ source: "docker.io/**" }, { source: "docker.io/library/nginx" }],
    },
    {
      name: "one for every watch before",
      rules: [{ source: "ghcr.io/a/*" }, { source: "ghcr.io/a/b", watch: "x/*" }],
    },
  ])("tells of a rule that never applies: $name", async ({ rules }) => {
    const { message } = await failureOf(() => parse({ rules }), "invalid");
    expect(message).toContain("rule 2 (source");
    expect(message).toContain("never applies, since rule 1");
  });

  it("names all that is wrong, each with its rule", async () => {
    const rules = [
      { source: "**" },
      { source: "ghcr.io/a/b", frob: 1 },
      { source: "ghcr.io/a/c", cooldown: "x" },
      { source: "ghcr.io/a/d", verify: ["q"] },
    ];
    const { message } = await failureOf(() => parse({ rules }), "invalid");
    for (const part of [
      'rules.1: it has the unknown field "frob"',
      'rules.2: Cooldown "x"',
      'rules.3.verify names "q"',
      "rule 4 (source ghcr.io/a/d) never applies",
    ])
      expect(message).toContain(part);
  });

  it("may have the narrower rule first", () => {
    parse({ rules: [{ source: "ghcr.io/a/b", watch: "x/*" }, { source: "ghcr.io/a/*" }, { source: "**" }] });
  });
});

describe("the gate allow-list", () => {
  it.each([
    {
      name: "no policy",
      policy: undefined,
      verdict: { kind: "passed", reason: "up.example is a configured upstream, and there is no policy" },
    },
    {
      name: "a rule",
      policy: parse({ rules: [{ source: "up.example/**" }] }),
      verdict: { kind: "passed", reason: "the policy lets it in by rule 1 (source up.example/**)" },
    },
    {
      name: "no rule for it",
      policy: parse({ rules: [{ source: "up.example/other/*" }] }),
      verdict: {
        kind: "denied",
        reason: "no rule of the policy names up.example/library/app:1.0.0 for default/app",
        next: expect.stringContaining("have a rule for it added"),
      },
    },
  ])("with $name", async ({ policy, verdict }) => {
    expect((await ask(allowList, { ...(policy && { policy }) })).verdict).toMatchObject(verdict);
  });
});
