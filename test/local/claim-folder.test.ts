import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { claimFolder, emptyFolder, folderFailure } from "../../local/claim-folder.ts";
import { failureOf } from "../support/failures.ts";

// The test runner's own parent lives as long as this test.
const living = process.ppid;
// Beyond what Linux gives out by default.
const dead = 2 ** 22 + 1;
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "wharfgate-claim-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const owner = async () => Number(await readFile(join(dir, "claim"), "utf8"));

describe("claimFolder", () => {
  it.each([
    { name: "a folder that is not there", prepare: () => rm(dir, { recursive: true }) },
    { name: "an empty one", prepare: async () => {} },
    { name: "one whose owner was killed", prepare: () => writeFile(join(dir, "claim"), String(dead)) },
    { name: "one whose claim was cut off by a full disk", prepare: () => writeFile(join(dir, "claim"), "") },
  ])("takes $name", async ({ prepare }) => {
    await prepare();
    await claimFolder(dir);
    expect(await owner()).toBe(process.pid);
  });

  it("leaves one that is in use, and names the process and the way out", async () => {
    await writeFile(join(dir, "claim"), String(living));
    const { message } = await failureOf(() => claimFolder(dir), "invalid");
    expect(message).toContain(`runs already from ${dir}, as process ${living}`);
    expect(message).toContain(`delete ${join(dir, "claim")}`);
    expect(await owner()).toBe(living);
  });

  it.each([
    { name: "a file", path: "file" },
    { name: "a folder below a file", path: "file/data" },
  ])("says that it cannot use $name", async ({ path }) => {
    await writeFile(join(dir, "file"), "");
    const { message } = await failureOf(() => claimFolder(join(dir, path)), "invalid");
    expect(message).toMatch(/the data folder .*file.* cannot be used .*use another --data folder/);
  });
});

describe("emptyFolder", () => {
  it("forgets what Wharfgate has made, also what a broken start left, and keeps the claim", async () => {
    await claimFolder(dir);
    for (const name of ["registry", "storage", "inbox"])
      await mkdir(join(dir, name, "deep"), { recursive: true });
    for (const name of ["ports.json", "running.json.17"]) await writeFile(join(dir, name), "{}");
    await emptyFolder(dir);
    expect(await readdir(dir)).toEqual(["claim"]);
  });

  it("deletes nothing where something of somebody else lies", async () => {
    await claimFolder(dir);
    await mkdir(join(dir, "registry"));
    for (const name of ["a.doc", "b.doc", "c.doc", "thesis.doc"]) await writeFile(join(dir, name), "");
    const { message } = await failureOf(() => emptyFolder(dir), "invalid");
    expect(message).toContain(
      `has not made: ${["a", "b", "c"].map((name) => join(dir, `${name}.doc`)).join(", ")} and 1 more`,
    );
    expect(await readdir(dir)).toEqual(["a.doc", "b.doc", "c.doc", "registry", "thesis.doc"]);
  });
});

describe("folderFailure", () => {
  const of = (code: string, path?: string) => Object.assign(new Error(`${code}: went wrong`), { code, path });
  it.each([
    {
      name: "a full disk",
      error: of("ENOSPC"),
      says: "the disk of the data folder /data is full: make room",
    },
    { name: "a used-up quota", error: of("EDQUOT", "/data/x"), says: "is full" },
    {
      name: "a file that may not be written",
      error: of("EACCES", "/data/x"),
      says: "cannot be used (EACCES: went wrong)",
    },
    { name: "the folder itself", error: of("EROFS", "/data"), says: "use another --data folder" },
    { name: "a file elsewhere", error: of("EACCES", "/database/x"), says: undefined },
    { name: "what has to do with no file", error: new Error("x"), says: undefined },
  ])("of $name", ({ error, says }) => {
    const message = folderFailure(error, "/data")?.message;
    expect(message).toEqual(says === undefined ? undefined : expect.stringContaining(says));
  });
});
