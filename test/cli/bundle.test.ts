import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSiteRegistry } from "../../cli/site-registry.ts";
import { openSiteState, requireNewer, requireRegistry } from "../../cli/site-state.ts";
import { readSigningKey, readVerifyingKey } from "../../shared/signing/signing-key.ts";
import { failureOf } from "../support/failures.ts";
import { user } from "../support/registries.ts";

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wharfgate-cli-bundle-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    execFile(process.execPath, [main, ...args], { cwd: folder }, (error, stdout, stderr) => {
      done({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr });
    });
  });
}

describe("wharfgate bundle", () => {
  it("makes a pair of keys, the private one for its owner alone, and never over another", async () => {
    const made = await run("--json", "bundle", "keygen", "--out", "key.pem");
    expect(made.code).toBe(0);
    const key = readSigningKey(join(folder, "key.pem"));
    expect(JSON.parse(made.stdout)).toEqual({ private: "key.pem", public: "key.pub.pem", id: key.public.id });
    expect(readVerifyingKey(join(folder, "key.pub.pem")).id).toBe(key.public.id);
    expect(statSync(join(folder, "key.pem")).mode & 0o777).toBe(0o600);
    const before = readFileSync(join(folder, "key.pem"));
    expect(await run("bundle", "keygen", "--out", "key.pem")).toMatchObject({ code: 2 });
    expect(readFileSync(join(folder, "key.pem")).equals(before)).toBe(true);
  });

  const site = ["--site", "factory-7", "--registry", "http://127.0.0.1:1"];
  it.each<[string, readonly string[], RegExp]>([
    ["without a key to trust", ["bundle", "import", "b.tar", ...site], /--trust hub\.pub\.pem/],
    [
      "without a key of its own, but a receipt",
      ["bundle", "import", "b.tar", ...site, "--receipt", "r.json"],
      /--key/,
    ],
    ["of a file that is not there", ["bundle", "import", "none.tar", ...site], /none\.tar" cannot be read/],
    [
      "for a site that is no name",
      ["bundle", "import", "b.tar", "--site", "A_b", "--registry", "r.example"],
      /not a name/,
    ],
    [
      "into a registry that is none",
      ["bundle", "import", "b.tar", "--site", "a", "--registry", "r"],
      /does not name one registry/,
    ],
    [
      "with a private key to trust",
      ["bundle", "import", "b.tar", ...site, "--trust", "key.pem"],
      /not to be given away/,
    ],
    ["without a place to write to", ["bundle", "export", "--site", "a"], /Nothing runs|--out/],
  ])("refuses to import or export %s", async (_name, args, says) => {
    writeFileSync(join(folder, "b.tar"), Buffer.alloc(1024));
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(says)]);
  });
});

describe("what a site remembers", () => {
  const created = "2026-11-24T10:00:00Z";
  it("lets newer bundles in, and the same one again", async () => {
    const state = openSiteState(join(folder, "state"));
    expect(await state.last("a r")).toBeUndefined();
    await state.remember("a r", { id: "one", sequence: 1 });
    await state.remember("b r", { id: "other", sequence: 9 });
    const last = await openSiteState(join(folder, "state")).last("a r");
    expect(last).toEqual({ id: "one", sequence: 1 });
    requireNewer({ id: "one", sequence: 1, created }, last);
    requireNewer({ id: "two", sequence: 2, created }, last);
    requireNewer({ id: "two", sequence: 2, created }, undefined);
  });

  it.each([
    ["an older one", { id: "zero", sequence: 0 }, "--force imports it all the same"],
    ["another one of the same number", { id: "two", sequence: 1 }, "two were made with the same signing key"],
  ])("keeps %s out", async (_name, bundle, says) => {
    const { message } = await failureOf(
      () => requireNewer({ ...bundle, created }, { id: "one", sequence: 1 }),
      "conflict",
    );
    expect(message).toContain(says);
  });

  it.each(["{", "null", "[]", '{"a r":7}', '{"a r":{"id":"x","sequence":"9"}}'])(
    "is not guessed at when it is damaged: %s",
    async (text) => {
      const state = openSiteState(folder);
      writeFileSync(join(folder, "bundles.json"), text);
      await failureOf(() => state.last("a r"), "invalid");
    },
  );

  it("is one import's at a time", async () => {
    const state = openSiteState(join(folder, "claimed"));
    const release = await state.claim();
    const { message } = await failureOf(() => state.claim(), "conflict");
    expect(message).toContain("another import is under way");
    await release();
    await (await state.claim())();
  });

  it("must have a folder that can be made", async () => {
    writeFileSync(join(folder, "file"), "");
    await failureOf(() => openSiteState(join(folder, "file/state")).claim(), "invalid");
  });
});

describe("a bundle that leaves out what a registry has", () => {
  it("is for that registry alone", async () => {
    const basis = { receipt: "a".repeat(64), registry: "one.corp" };
    requireRegistry({ basis }, "one.corp");
    requireRegistry({}, "other.corp");
    const { message } = await failureOf(() => requireRegistry({ basis }, "other.corp"), "conflict");
    expect(message).toContain("export with --full");
  });
});

describe("a site's registry", () => {
  it("may be at a private address, with a login from the environment", async () => {
    const { registries, host } = openSiteRegistry("registry.corp:5443", {
      WHARFGATE_CREDENTIAL_SITE: JSON.stringify({ host: "registry.corp:5443", ...user }),
    });
    expect(host).toBe("registry.corp:5443");
    expect(registries.open(host, "env:SITE").host).toBe(host);
    await failureOf(() => registries.open("other.corp"), "blocked");
    await registries.close();
  });

  it("needs settings that can be read", async () => {
    await failureOf(() => openSiteRegistry("r.corp:5443", { WHARFGATE_CREDENTIAL_SITE: "x" }), "invalid");
  });
});
