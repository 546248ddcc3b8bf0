import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readHostSettings, readLocalValues, readMainGlob } from "../../../local/host/settings.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "wharfgate-settings-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (file: string, value: unknown): void =>
  writeFileSync(join(root, file), typeof value === "string" ? value : JSON.stringify(value));

describe("host.json", () => {
  it("has the real host's defaults", () => {
    write("host.json", { version: "2.0" });
    expect(readHostSettings(root)).toEqual({
      routePrefix: "api",
      functionTimeoutMs: 30 * 60_000,
      queues: {
        batchSize: 16,
        newBatchThreshold: 8,
        maxDequeueCount: 5,
        maxPollingIntervalMs: 60_000,
        visibilityTimeoutMs: 0,
      },
    });
  });

  it("sets all that this host acts on, and may hold more", () => {
    write("host.json", {
      version: "2.0",
      functionTimeout: "-1",
      logging: { logLevel: {} },
      extensions: {
        http: { routePrefix: "/v1/" },
        queues: {
          batchSize: 32,
          newBatchThreshold: 0,
          maxDequeueCount: 1,
          maxPollingInterval: "00:00:02",
          visibilityTimeout: "00:01:30.5",
        },
      },
    });
    expect(readHostSettings(root)).toEqual({
      routePrefix: "v1",
      functionTimeoutMs: Number.POSITIVE_INFINITY,
      queues: {
        batchSize: 32,
        newBatchThreshold: 0,
        maxDequeueCount: 1,
        maxPollingIntervalMs: 2_000,
        visibilityTimeoutMs: 90_500,
      },
    });
  });

  const queues = (value: unknown) => ({ version: "2.0", extensions: { queues: value } });
  const refused: readonly [name: string, value: unknown, message: string][] = [
    ["another version", { version: "1.0" }, '"version" must be "2.0"'],
    ["no version", {}, '"version" must be "2.0"'],
    ["text that is not JSON", "{", "is not JSON"],
    ["a list", "[]", "the document must be an object"],
    ["a batch over 32", queues({ batchSize: 33 }), "batchSize must be a number from 1 to 32"],
    ["a count in quotes", queues({ maxDequeueCount: "5" }), "maxDequeueCount must be a number"],
    [
      "an interval that is no time",
      queues({ maxPollingInterval: "2s" }),
      "maxPollingInterval must be a time",
    ],
    ["61 seconds", queues({ visibilityTimeout: "00:00:61" }), "visibilityTimeout must be a time"],
    ["messages that are not base64", queues({ messageEncoding: "none" }), 'messageEncoding must be "base64"'],
    ["a custom handler", { version: "2.0", customHandler: {} }, '"customHandler" is not supported'],
    [
      "a prefix with parameters",
      { version: "2.0", extensions: { http: { routePrefix: "{a}" } } },
      "routePrefix",
    ],
  ];
  it.each(refused)("refuses %s", (_, value, message) => {
    write("host.json", value);
    expect(() => readHostSettings(root)).toThrow(message);
  });

  it("must exist", () => {
    expect(() => readHostSettings(root)).toThrow("There is no");
  });
});

describe("local.settings.json", () => {
  it("gives its values, none when it does not exist", () => {
    expect(readLocalValues(root)).toEqual({});
    write("local.settings.json", { IsEncrypted: false, Values: { A: "1" }, Host: {} });
    expect(readLocalValues(root)).toEqual({ A: "1" });
  });

  const refused: readonly [name: string, value: unknown, message: string][] = [
    ["encrypted values", { IsEncrypted: true, Values: { A: "x" } }, "is encrypted"],
    ["values that are no strings", { Values: { A: 1 } }, "Values.A must be a string"],
    ["values that are a list", { Values: [] }, "Values must be an object"],
  ];
  it.each(refused)("refuses %s", (_, value, message) => {
    write("local.settings.json", value);
    expect(() => readLocalValues(root)).toThrow(message);
  });
});

describe("package.json", () => {
  it("gives main, and must have one", () => {
    write("package.json", { main: "dist/functions/*.js" });
    expect(readMainGlob(root)).toBe("dist/functions/*.js");
    write("package.json", {});
    expect(() => readMainGlob(root)).toThrow('has no "main"');
  });
});
