import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cannotWrite, writeWhole } from "../../../shared/registry/layout/whole-file.ts";
import { failureOf } from "../../support/failures.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "wharfgate-whole-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("a file that is written whole", () => {
  it("takes the place of what was there, and leaves nothing beside it", async () => {
    const path = join(folder, "receipt.json");
    writeFileSync(path, "before");
    await writeWhole(path, "after");
    expect(readFileSync(path, "utf8")).toBe("after");
    expect(readdirSync(folder)).toEqual(["receipt.json"]);
  });

  it("leaves what was there when it cannot be written", async () => {
    const path = join(folder, "folder");
    mkdirSync(join(path, "full"), { recursive: true });
    await failureOf(() => writeWhole(path, "text"), "invalid");
    expect(readdirSync(folder)).toEqual(["folder"]);
    const { message } = await failureOf(() => writeWhole(join(folder, "none/x"), "text"), "invalid");
    expect(message).toContain("its folder does not exist");
  });

  it.each([
    ["ENOSPC", "its disk is full: make room, then give the same command again"],
    ["EDQUOT", "the quota of its disk is used up"],
    ["EFBIG", "FAT ends at 4 GiB"],
    ["EROFS", "its disk is read-only"],
    ["EIO", "i/o error, write"],
  ])("tells what is wrong at %s", (code, says) => {
    const error = Object.assign(new Error("i/o error, write"), { code });
    const { message } = cannotWrite("stick/bundle.tar", error);
    expect(message).toContain('the file "stick/bundle.tar" cannot be written: ');
    expect(message).toContain(says);
  });
});
