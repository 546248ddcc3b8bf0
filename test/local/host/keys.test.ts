import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { opens, readOrCreateKeys } from "../../../local/host/keys.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wharfgate-keys-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the keys file", () => {
  it("is made with random keys for its owner alone, and kept", () => {
    const file = join(folder, "deep", "keys.json");
    const keys = readOrCreateKeys(file);
    expect(keys.masterKey).toMatch(/^[\w-]{43}$/);
    expect(keys.functionKeys.default).not.toBe(keys.masterKey);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readOrCreateKeys(file)).toEqual(keys);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(keys);
  });

  it.each([
    ["no JSON", "secret-but-not-json"],
    ["null", "null"],
    ["no master key", "{}"],
    ["an empty master key", '{"masterKey":""}'],
    ["function keys that are no strings", '{"masterKey":"secret","functionKeys":{"a":1}}'],
    ["a list of functions' keys", '{"masterKey":"secret","functions":{"poll":{"a":""}}}'],
  ])("is refused with %s, without quoting it", (_, text) => {
    const file = join(folder, "keys.json");
    writeFileSync(file, text);
    expect(() => readOrCreateKeys(file)).toThrow(/must hold/);
    expect(() => readOrCreateKeys(file)).not.toThrow(/secret/);
  });
});

describe("a function's own key", () => {
  const keys = { masterKey: "m", functionKeys: { default: "f" }, functions: { poll: { default: "p" } } };
  it.each([
    ["opens its function", "poll", "p", true],
    ["opens no other", "import", "p", false],
    ["is not needed beside the host's", "poll", "f", true],
  ])("%s", (_, name, key, expected) => {
    expect(opens(keys, { name, level: "function", key })).toBe(expected);
  });
});
