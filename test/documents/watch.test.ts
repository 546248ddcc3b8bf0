import { describe, expect, it } from "vitest";
import type { Values } from "../../shared/azure/tables.ts";
import { defaultHandling } from "../../shared/documents/handling.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { columns } from "../../shared/documents/watch-columns.ts";
import { plain } from "../../shared/policies/families.ts";
import { failureOf } from "../support/failures.ts";

const least = { Source: "nginx", Tags: "semver >=1.27" };
const parse = (row: Values) => parseWatch("web", "nginx", { ...least, ...row });
const reasonOf = async (row: Values): Promise<string> =>
  (await failureOf(() => parse(row), "invalid")).message;

describe("a watch", () => {
  it("has sensible defaults", () => {
    expect(parse({})).toEqual({
      group: "web",
      name: "nginx",
      source: { host: "docker.io", path: "library/nginx" },
      rules: {
        track: [],
        verbatim: [],
        families: [plain],
        prereleases: "exclude",
        keepPer: "all",
        policy: expect.anything(),
      },
      platforms: [],
      target: expect.any(Function),
      gates: { pins: new Map(), approval: "never", verify: [] },
      handling: defaultHandling,
      schedule: { kind: "every", minutes: 15 },
      enabled: "yes",
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it("reads what it demands of its imports, and how they are kept", () => {
    const digest = `sha256:${"a".repeat(64)}`;
    const { gates, handling, platforms } = parse({
      Pins: `1.27.1@${digest}`,
      Cooldown: "3d strict",
      Approval: "Major",
      Verify: "acme-signed, trivy",
      Referrers: "signatures, sboms",
      Platforms: "only linux/amd64",
      Nondistributable: "bring",
      Lock: "locked",
      Previous: "keep",
      Drift: "repair",
      Site: "factory-7",
    });
    expect(gates).toEqual({
      pins: new Map([["1.27.1", digest]]),
      cooldown: { minutes: 4320, first: "strict" },
      approval: "major",
      verify: ["acme-signed", "trivy"],
    });
    expect(handling).toEqual({
      referrers: ["signatures", "sboms"],
      platforms: "only",
      nondistributable: "bring",
      lock: "locked",
      previous: "keep",
      drift: "repair",
      site: "factory-7",
    });
    expect(platforms).toEqual([{ os: "linux", architecture: "amd64" }]);
  });

  it("reads every column", () => {
    const watch = parse({
      Source: "registry.example:5000/team/app",
      Tags: "exact 1.0.0,1.1.0",
      Include: "1\\..*",
      Exclude: ".*-rc",
      Prereleases: "include",
      Keep: "3",
      Track: "latest, stable,latest",
      Platforms: "linux/amd64, linux/arm64/v8",
      Target: "mirror/{name}",
      Method: "agent-pool",
      Schedule: "every 6h",
      Credential: "env:HUB_1",
      Notify: "ops,on-call",
      Enabled: "No",
      Note: " for the shop ",
      ManagedBy: "git",
    });
    expect(watch).toMatchObject({
      source: { host: "registry.example:5000", path: "team/app" },
      rules: { track: ["latest", "stable"], keep: 3 },
      platforms: [
        { os: "linux", architecture: "amd64" },
        { os: "linux", architecture: "arm64", variant: "v8" },
      ],
      method: "agent-pool",
      schedule: { kind: "every", minutes: 360 },
      credential: "env:HUB_1",
      notify: ["ops", "on-call"],
      enabled: "no",
      note: "for the shop",
      managedBy: "git",
    });
    expect([watch.rules.include?.test("1.0"), watch.rules.include?.test("x1.0")]).toEqual([true, false]);
    expect([watch.rules.exclude?.test("1-rc"), watch.rules.exclude?.test("1-rc1")]).toEqual([true, false]);
    expect(watch.target(watch.source, "1.0")).toEqual({ path: "mirror/app", tag: "1.0" });
  });

  it.each<{ readonly name: string; readonly row: Values }>([
    { name: "a number", row: { Keep: 3 } },
    { name: "text with spaces around it", row: { Keep: " 3 " } },
  ])("takes Keep as $name", ({ row }) => {
    expect(parse(row).rules.keep).toBe(3);
  });

  it.each([
    { text: true, enabled: "yes" },
    { text: false, enabled: "no" },
    { text: "TRUE", enabled: "yes" },
    { text: "no", enabled: "no" },
    { text: "", enabled: "yes" },
  ])("takes Enabled $text as $enabled", ({ text, enabled }) => {
    expect(parse({ Enabled: text }).enabled).toBe(enabled);
  });

  it("takes empty columns for absent ones, also those that are not supported yet", () => {
    const blank = Object.fromEntries(Object.keys(columns).map((column) => [column, " "]));
    expect(parse({ ...blank, ...least })).toEqual({
      ...parse({}),
      target: expect.any(Function),
      rules: expect.anything(),
    });
  });

  it("needs no Tags when it names tags in Track or Verbatim", () => {
    expect(parse({ Tags: "", Track: "latest" }).rules).toMatchObject({ track: ["latest"], verbatim: [] });
    expect(parse({ Tags: "", Verbatim: "1.0.0, 1.1.0" }).rules).toMatchObject({
      verbatim: ["1.0.0", "1.1.0"],
    });
  });
});

it.each([
  ["entra", undefined, "copy"],
  ["entra", "copy", "copy"],
  ["entra", "auto", "auto"],
  ["env:HUB", undefined, undefined],
  ["keyvault:ops/hub", "acr-import", "acr-import"],
])("a row with the credential %s and the method %s goes by %s", (Credential, Method, method) => {
  const row = { Source: "other.azurecr.io/app", Tags: "semver *", Credential, ...(Method && { Method }) };
  expect(parseWatch("default", "app", row)).toMatchObject({ credential: Credential });
  expect(parseWatch("default", "app", row).method).toBe(method);
});

describe("a bad row", () => {
  it.each<{ readonly row: Values; readonly reason: string }>([
    {
      row: { Source: "" },
      reason: "Source is missing: upstream repository, such as docker.io/library/nginx",
    },
    {
      row: { Source: "nginx:1.27" },
      reason: 'Source: "nginx:1.27" names a tag or digest: expected a repository alone',
    },
    { row: { Source: "NGINX" }, reason: 'Source: "library/NGINX" is not a repository' },
    { row: { Source: "https://docker.io/nginx" }, reason: "Source: " },
    { row: { Source: "a/../b" }, reason: 'Source: "a/../b" is not a repository' },
    { row: { Tags: "" }, reason: "Tags, Verbatim and Track are all empty, so nothing would be chosen" },
    {
      row: { Tags: ">=1.27" },
      reason: 'Tags starts with ">=1.27": the scheme must be one of semver, loose, calver',
    },
    { row: { Tags: "semver one" }, reason: "Tags: " },
    { row: { Include: "(" }, reason: 'Include "(" is not an RE2 pattern' },
    { row: { Exclude: "(?=x)" }, reason: 'Exclude "(?=x)" is not an RE2 pattern' },
    { row: { Prereleases: "maybe 1" }, reason: 'not "maybe 1"' },
    { row: { Prereleases: "rc,,beta" }, reason: 'such as "rc,beta"' },
    { row: { Extract: "(" }, reason: 'Extract "(" is not an RE2 pattern' },
    { row: { Extract: "(.*) => $2" }, reason: "names group 2, and the pattern has 1" },
    { row: { Family: "alpine" }, reason: '"alpine" in Family is not a family' },
    { row: { Family: "-alpine", Tags: "exact 1" }, reason: "leave Family empty and use Include" },
    { row: { KeepPer: "patch" }, reason: 'KeepPer must be all, major or minor, not "patch"' },
    { row: { KeepPer: "minor" }, reason: "KeepPer is minor and Keep is empty: set Keep" },
    { row: { KeepPer: "major", Keep: 1, Tags: "number *" }, reason: "has no major and minor versions" },
    { row: { KeepPer: "major", Keep: 1, Tags: "exact 1" }, reason: "has no major and minor versions" },
    { row: { Verbatim: "1.0, x y" }, reason: 'Verbatim: "x y" is not a tag' },
    { row: { Verbatim: "1.0", Track: "1.0" }, reason: "1.0 is in Verbatim" },
    { row: { Keep: 0 }, reason: 'Keep must be a whole number from 1 to 10000, not "0"' },
    { row: { Keep: "1.5" }, reason: 'not "1.5"' },
    { row: { Keep: "10001" }, reason: 'not "10001"' },
    { row: { Track: "latest,,x" }, reason: 'Track: "latest,,x" has an empty item between commas' },
    { row: { Track: "la test" }, reason: 'Track: "la test" is not a tag' },
    {
      row: { Platforms: "linux" },
      reason: 'Platforms: "linux" is not a platform: expected os/architecture[/variant]',
    },
    { row: { Target: "mirror/{path}" }, reason: 'Target: "{path}" is not a placeholder' },
    { row: { Target: "mirror:latest" }, reason: "would put every version under one tag" },
    {
      row: { Method: "rsync" },
      reason:
        'Method: "rsync" is not a method: must be one of acr-import, agent-pool, cache-rule, bundle, copy, auto',
    },
    { row: { Schedule: "hourly" }, reason: 'Schedule: The schedule "hourly" cannot be used' },
    {
      row: { Credential: "hunter2" },
      reason: "Credential must be a reference, never the secret itself: env:DOCKERHUB",
    },
    { row: { Credential: "keyvault:ops/hub/old" }, reason: "Credential must be a reference" },
    {
      row: { Credential: "entra", Method: "acr-import" },
      reason: "Method acr-import cannot use the Credential entra",
    },
    { row: { Notify: "ops,On-Call" }, reason: 'Notify: "On-Call" is not a channel name' },
    { row: { Enabled: "on" }, reason: 'Enabled must be true or false, not "on"' },
    {
      row: { Approval: "sometimes" },
      reason: 'Approval must be never or always or major, not "sometimes"',
    },
    { row: { Verify: "Cosign!" }, reason: "is not the name of a verifier" },
    { row: { Pins: "1.0" }, reason: "has no digest" },
    { row: { Referrers: "sigs" }, reason: "Referrers must be signatures or attestations or sboms or all" },
    { row: { Lock: "yes" }, reason: "Lock must be open or locked" },
    { row: { Method: "cache-rule", Previous: "keep" }, reason: "cache-rule goes with neither Previous keep" },
    { row: { Method: "cache-rule", Drift: "repair" }, reason: "cache-rule goes with neither Previous keep" },
    { row: { Lock: "locked", Track: "latest" }, reason: "Lock locked and Track contradict each other" },
    { row: { Site: "A" }, reason: "is not a name" },
    { row: { Cooldown: "3" }, reason: 'Cooldown "3" is not a time of up to a year' },
    { row: { Tgs: "semver *" }, reason: '"Tgs" is not a column of a watch: did you mean Tags?' },
    { row: { source: "nginx" }, reason: '"source" is not a column of a watch: did you mean Source?' },
    { row: { Platfroms: "x" }, reason: "did you mean Platforms?" },
    { row: { Tack: "x" }, reason: "did you mean Track?" },
    { row: { Colour: "x" }, reason: '"Colour" is not a column of a watch: known columns: Source, Tags,' },
    { row: { "Bad\r\nColumn": "x" }, reason: '"Bad??Column" is not a column' },
  ])("$row says $reason", async ({ row, reason }) => {
    expect(await reasonOf(row)).toContain(reason);
  });

  it("never shows what stands where a credential's reference should", async () => {
    expect(await reasonOf({ Credential: "hunter2" })).not.toContain("hunter2");
  });

  it("names all of its problems at once, each with its column", async () => {
    const reason = await reasonOf({
      Source: "",
      Keep: 0,
      Method: "x",
      Approval: "sometimes",
      Sorce: "y",
      Tags: "semver",
    });
    const columns = ["Source is missing", "Sorce", "Approval", "Keep", "Method"];
    for (const column of columns) expect(reason).toContain(column);
    expect(reason.split("; ").length).toBeGreaterThanOrEqual(columns.length);
    const { message } = await failureOf(() => parseWatch("Web", "x y", { Source: "" }), "invalid");
    expect(message).toMatch(/Source is missing.*group \(PartitionKey\) "Web"/);
  });

  it("has a reason of at most 4000 characters", async () => {
    const many = Object.fromEntries(Array.from({ length: 240 }, (_, at) => [`Wrong${at}`, "x"]));
    const reason = await reasonOf({ Keep: 0, ...many });
    expect(reason).toHaveLength(4000);
    expect(reason.endsWith("…")).toBe(true);
  });
});

describe("a watch's revision", () => {
  it.each<{ readonly name: string; readonly row: Values; readonly same: boolean }>([
    { name: "nothing", row: {}, same: true },
    { name: "spaces around a value", row: { Tags: " semver >=1.27 " }, same: true },
    { name: "Schedule", row: { Schedule: "every 1h" }, same: true },
    { name: "Note, Notify and ManagedBy", row: { Note: "x", Notify: "ops", ManagedBy: "git" }, same: true },
    { name: "Credential", row: { Credential: "env:HUB" }, same: false },
    { name: "Source", row: { Source: "redis" }, same: false },
    { name: "Tags", row: { Tags: "semver >=1.28" }, same: false },
    { name: "Keep", row: { Keep: 2 }, same: false },
    { name: "Track", row: { Track: "latest" }, same: false },
    { name: "Verbatim", row: { Verbatim: "1.0.0" }, same: false },
    { name: "Extract", row: { Extract: "v(.*)" }, same: false },
    { name: "Family", row: { Family: "-alpine" }, same: false },
    { name: "KeepPer", row: { Keep: 2, KeepPer: "minor" }, same: false },
    { name: "Prereleases", row: { Prereleases: "rc" }, same: false },
    { name: "Platforms", row: { Platforms: "linux/amd64" }, same: false },
    { name: "Target", row: { Target: "m/{name}" }, same: false },
    { name: "Method", row: { Method: "copy" }, same: false },
  ])("after a change of $name is the same: $same", ({ row, same }) => {
    expect(parse(row).revision === parse({}).revision).toBe(same);
  });
});
