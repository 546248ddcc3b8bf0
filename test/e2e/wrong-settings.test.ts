import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "wharfgate-wrong-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Runs a command to its end, with one more setting. */
function run(setting: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const main = join(root, "cli/wharfgate.mjs");
  const options = { cwd: root, env: { ...process.env, ...setting } };
  return new Promise<{ readonly code: unknown; readonly output: string }>((done) => {
    execFile(process.execPath, [main, "--data", dir, ...args], options, (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });
}

it("up ends at once and says which setting is wrong, instead of running without doing anything", async () => {
  const { code, output } = await run({ WHARFGATE_LIMITS: "quay.io rps=fast" }, "up");
  expect(code).toBe(2);
  expect(output).toContain('WHARFGATE_LIMITS: the limit "quay.io rps=fast"');
  expect(output).not.toContain("ready after");
  expect(await readdir(dir)).not.toContain("claim");
});

it("a command says which folder it looked into when nothing runs from it", async () => {
  const { code, output } = await run({}, "status");
  expect([code, output]).toEqual([2, expect.stringContaining(`Nothing runs from the data folder ${dir}`)]);
});

it("tells its version", async () => {
  const { code, output } = await run({}, "--version");
  expect([code, output]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
});
