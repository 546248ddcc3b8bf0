import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startChild } from "../../../local/child-process.ts";
import { startHost } from "../../../local/host/start-host.ts";
import { appRoot, mainScript } from "./running-host.ts";

const unreachable =
  "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/a;";
const env = { AzureWebJobsStorage: unreachable, OUTPUT_QUEUE: "output", TICK: "0 0 0 1 1 *" };
const log = (): undefined => undefined;

describe("a host refuses to run", () => {
  const refused: readonly [name: string, module: string, message: RegExp][] = [
    [
      "a trigger that it cannot serve",
      "bad/blob-trigger",
      /Function blobs uses the trigger "blobTrigger", .* use http, timer or queue/,
    ],
    ["an input binding", "bad/table-input", /Function rows uses the input binding "table"/],
    [
      "an output binding other than http and queue",
      "bad/table-output",
      /Function rows uses the output binding "table"/,
    ],
    ["a retry policy", "bad/retry", /Function retried uses a retry policy/],
    ["a bad function name", "bad/bad-name", /"1st" is not a function name/],
    ["two functions of one name", "bad/twice", /Two functions have the name Twice/],
    ["a bad schedule", "bad/bad-schedule", /The timer schedule "@daily" cannot be used: it has 1 fields/],
    ["a route with constraints", "bad/route", /Function typed: the route "a\/\{id:int\}" is not supported/],
    ["a missing connection", "bad/no-connection", /Function work: the setting Elsewhere is missing/],
    ["a missing setting", "functions/queue", /Function \w+: the setting (WORK|RELAY)_QUEUE is missing/],
    ["a module that throws", "bad/throws", /throws\.mjs could not be loaded: cannot even be loaded/],
    ["an app without functions", "bad/none", /No functions were found/],
    ["a glob that matches nothing", "bad/nowhere", /No file matches .*nowhere\.mjs: build the app first/],
    [
      "storage that cannot be reached",
      "functions/timer",
      /reading the status of timer (tick|at-start): ECONNREFUSED/,
    ],
  ];
  it.each(refused)("%s", async (_, module, message) => {
    await expect(startHost({ root: appRoot, main: `${module}.mjs`, env, log })).rejects.toThrow(message);
  });

  it("a folder without host.json", async () => {
    await expect(startHost({ root: "/", env, log })).rejects.toThrow("There is no /host.json");
  });
});

describe("a host whose port is taken", () => {
  const taken = createServer();
  beforeAll(() => new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve)));
  afterAll(() => new Promise((resolve) => taken.close(resolve)));

  it("says so", async () => {
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const started = startHost({ root: appRoot, main: "functions/http.mjs", port, env, log });
    await expect(started).rejects.toThrow(`port ${port} on 127.0.0.1 is taken`);
  });

  it("takes another one when it is only the usual one", async () => {
    const address = taken.address();
    const usual = typeof address === "object" && address !== null ? address.port : 0;
    const host = await startHost({ root: appRoot, main: "functions/http.mjs", port: { usual }, env, log });
    expect((await fetch(`${host.url}/`)).status).toBeLessThan(500);
    expect(host.port).not.toBe(usual);
    await host.close();
  });
});

describe.concurrent("the host's process ends with code 1 for", () => {
  const calls: readonly [name: string, args: readonly string[], message: RegExp][] = [
    ["an unknown option", ["--unknown"], /ended with code 1 .* Unknown option '--unknown'.* Usage: /],
    ["a port that is no number", ["--port", "x"], /ended with code 1 .* --port must be a whole number/],
    // In a process of its own: the library never forgets this setting.
    [
      "an app that streams HTTP",
      ["--app", appRoot, "--main", "bad/stream.mjs"],
      /ended with code 1 .* enableHttpStream/,
    ],
  ];
  it.each(calls)("%s", async (_, args, message) => {
    const started = startChild({ name: "the host", script: mainScript, args, ready: () => true, log });
    await expect(started).rejects.toThrow(message);
  });
});
