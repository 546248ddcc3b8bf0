import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { claimPath } from "../../../shared/registry/layout/claim-path.ts";
import { failureOf } from "../../support/failures.ts";

let folder = "";
let path = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wharfgate-claim-"));
  path = join(folder, "bundle.tar");
});
afterAll(() => rmSync(folder, { recursive: true }));

const noteOf = (pid: number, host = hostname()) =>
  writeFileSync(`${path}.lock`, JSON.stringify({ pid, host }));
/** The number of a process that has ended. */
const ended = () => spawnSync(process.execPath, ["-e", ""]).pid;

describe("a claimed path", () => {
  it("is nobody else's until it is let go", async () => {
    const release = await claimPath(path, "another export");
    const { message } = await failureOf(() => claimPath(path, "another export"), "conflict");
    expect(message).toContain(`another export is under way with ${path}, by process ${process.pid}`);
    expect(message).toContain(`remove ${path}.lock`);
    await release();
    expect(existsSync(`${path}.lock`)).toBe(false);
    await (await claimPath(path, "another export"))();
  });

  it.each<[string, () => void]>([
    ["a process that has ended", () => noteOf(ended())],
    ["a process of our number that has ended", () => noteOf(process.pid)],
    [
      "a process whose number another one has now",
      () =>
        writeFileSync(`${path}.lock`, JSON.stringify({ pid: process.ppid, host: hostname(), started: "1" })),
    ],
    ["a process that died while it wrote the note", () => writeFileSync(`${path}.lock`, '{"pid":')],
  ])("is taken over from %s", async (_name, leave) => {
    leave();
    const release = await claimPath(path, "another export");
    await failureOf(() => claimPath(path, "another export"), "conflict");
    await release();
  });

  it.each<[string, () => void]>([
    ["a process that runs", () => noteOf(process.ppid)],
    ["a process of another machine", () => noteOf(ended(), "elsewhere")],
  ])("is left to %s", async (_name, leave) => {
    leave();
    await failureOf(() => claimPath(path, "another export"), "conflict");
    rmSync(`${path}.lock`);
  });

  it("must be in a folder that is there", async () => {
    const { message } = await failureOf(() => claimPath(join(folder, "none/x"), "another export"), "invalid");
    expect(message).toContain("its folder does not exist");
  });
});
