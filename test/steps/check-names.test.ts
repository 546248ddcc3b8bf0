import { describe, expect, it } from "vitest";
import type { Values } from "../../shared/azure/tables.ts";
import { parseWatch } from "../../shared/documents/watch.ts";
import { openPolicy } from "../../shared/gates/policy.ts";
import { parsePolicy } from "../../shared/gates/policy-document.ts";
import { Failure } from "../../shared/model/failure.ts";
import { generateKeyPair } from "../../shared/signing/signing-key.ts";
import { checkNames, type NamePorts } from "../../shared/steps/watches/check-names.ts";
import { failureOf } from "../support/failures.ts";
import { never } from "../support/registries.ts";
import { createStepBench } from "../support/step-bench.ts";

const scan = { kind: "scan", maxAge: "7d", severity: "high" };
const policy = parsePolicy(
  JSON.stringify({ rules: [{ source: "**" }], verifiers: { scanned: scan, "acme-scan": scan } }),
  () => "",
);

async function check(row: Values, parts: Partial<NamePorts> = {}): Promise<readonly string[]> {
  const { ports } = createStepBench();
  const site = { name: "plant-7", publicKey: generateKeyPair().publicPem, addedBy: "ann", addedAt: "" };
  await ports.sites.put(site, { signal: never, existing: "keep" });
  const watch = parseWatch("default", "app", { Source: "up.example/library/app", Tags: "semver *", ...row });
  return checkNames(watch, { ...ports, policy, ...parts }, never);
}

describe("what a row names", () => {
  it("passes when there is all of it", async () => {
    const row = { Verify: "acme-scan,scanned", Notify: "ops", Method: "bundle", Site: "plant-7" };
    expect(await check(row)).toEqual([]);
    expect(await check({})).toEqual([]);
    expect(await check(row, { settingsOf: "command" })).toEqual([]);
  });

  it.each<{
    readonly name: string;
    readonly row: Values;
    readonly ports?: Partial<NamePorts>;
    readonly says: string;
  }>([
    {
      name: "a verifier",
      row: { Verify: "scanned,acme" },
      says: 'Verify: the policy has no verifier "acme", there is acme-scan, scanned: add it to "verifiers" of WHARFGATE_POLICY',
    },
    {
      name: "a verifier where there is no policy",
      row: { Verify: "acme" },
      ports: { policy: openPolicy },
      says: 'Verify: the policy has no verifier "acme", there is none yet',
    },
    {
      name: "a channel",
      row: { Notify: "ops,night-shift" },
      says: 'Notify: there is no channel "night-shift", there is ops: add it by the setting WHARFGATE_CHANNEL_NIGHT_SHIFT',
    },
    {
      name: "a site",
      row: { Method: "bundle", Site: "plant-8" },
      ports: { settingsOf: "command" },
      says: 'Site: there is no site "plant-8", there is plant-7: add it by wharfgate site add plant-8 --key plant-8.pub.pem',
    },
    {
      name: "a credential",
      row: { Credential: "env:HUB" },
      ports: {
        checkCredential: () => {
          throw new Failure("invalid", "There is no credential env:HUB: set WHARFGATE_CREDENTIAL_HUB");
        },
      },
      says: "There is no credential env:HUB: set WHARFGATE_CREDENTIAL_HUB",
    },
    {
      name: "one of several, by a command that has some",
      row: { Verify: "acme", Notify: "nobody" },
      ports: { settingsOf: "command" },
      says: 'has no verifier "acme", there is acme-scan, scanned: add it to "verifiers" of WHARFGATE_POLICY (docs/verification.md); Notify: there is no channel "nobody"',
    },
  ])("is refused when there is no such thing: $name", async ({ row, ports, says }) => {
    expect((await failureOf(() => check(row, ports), "invalid")).message).toContain(says);
  });

  it("is doubted where a command has no settings of the kind, and the deployed app may", async () => {
    const ports = { settingsOf: "command", policy: openPolicy, channels: [] } as const;
    expect(await check({ Verify: "acme", Notify: "ops" }, ports)).toEqual([
      expect.stringContaining('cannot tell whether the app\'s policy has a verifier "acme"'),
      expect.stringContaining("cannot tell whether the app has WHARFGATE_CHANNEL_OPS"),
    ]);
    await failureOf(() => check({ Verify: "acme" }, { ...ports, settingsOf: "app" }), "invalid");
  });
});
