import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FailureCode } from "../../../shared/model/failure.ts";
import { openTar } from "../../../shared/registry/layout/read-tar.ts";
import { tarHeader } from "../../../shared/registry/layout/tar-header.ts";
import { failureOf } from "../../support/failures.ts";
import { never } from "../../support/registries.ts";
import { paxRecords, type TarPart, tarEnd, tarOf, tarPart, withSum } from "../../support/tar.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wharfgate-tar-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(bytes: Buffer): string {
  const path = join(folder, "test.tar");
  writeFileSync(path, bytes);
  return path;
}

async function contentsOf(bytes: Buffer): Promise<Record<string, string>> {
  const files = await openTar(fileOf(bytes), never);
  const found: Record<string, string> = {};
  for (const name of files.names) {
    const parts: Uint8Array[] = [];
    for await (const part of files.read(name, { offset: 0, signal: never })) parts.push(part);
    found[name] = Buffer.concat(parts).toString();
  }
  await files.close();
  return found;
}

const long = `blobs/sha512/${"a".repeat(128)}`;
const file: TarPart = { name: "index.json", content: "{}" };

describe("a tar file", () => {
  it.each<[string, Buffer, Record<string, string>]>([
    ["nothing", tarOf([]), {}],
    [
      "files",
      tarOf([file, { name: "oci-layout", content: "x".repeat(1025) }]),
      { "index.json": "{}", "oci-layout": "x".repeat(1025) },
    ],
    ["an empty file", tarOf([{ name: "empty" }, file]), { empty: "", "index.json": "{}" }],
    ["a leading ./", tarOf([{ name: "./index.json", content: "{}" }]), { "index.json": "{}" }],
    [
      "folders",
      tarOf([
        { name: "./", type: "5" },
        { name: "blobs/", type: "5" },
        { name: "blobs/sha256", type: "5" },
        file,
      ]),
      { "index.json": "{}" },
    ],
    [
      "a name beyond 100 bytes, by pax as we write it",
      tarOf([{ name: long, content: "x" }]),
      { [long]: "x" },
    ],
    [
      "a name beyond 100 bytes, by GNU's own entry",
      tarOf([
        { name: "././@LongLink", type: "L", content: `${long}\0` },
        { name: long.slice(0, 90), content: "x" },
      ]),
      { [long]: "x" },
    ],
    [
      "path and size by pax, with keys that do not matter",
      tarOf([
        { name: "pax", type: "x", content: paxRecords({ mtime: "1.5", path: "index.json", size: "2" }) },
        { name: "cut", content: "{}", size: 2 },
      ]),
      { "index.json": "{}" },
    ],
    [
      "a type of old writers",
      Buffer.concat([
        withSum(Buffer.from(tarPart(file).subarray(0, 512).fill(0, 156, 157))),
        tarPart(file).subarray(512),
        tarEnd,
      ]),
      { "index.json": "{}" },
    ],
    ["a record that is filled up", tarOf([file], Buffer.alloc(10_240 - 1024)), { "index.json": "{}" }],
  ])("with %s is read", async (_name, bytes, expected) => {
    expect(await contentsOf(bytes)).toEqual(expected);
  });

  it("of GNU tar, in each of its formats, is read", async () => {
    mkdirSync(join(folder, "in/blobs/sha512"), { recursive: true });
    writeFileSync(join(folder, "in", long), "x");
    writeFileSync(join(folder, "in/index.json"), "{}");
    for (const format of ["gnu", "pax", "posix"]) {
      const path = join(folder, "gnu.tar");
      execFileSync("tar", ["-C", join(folder, "in"), `--format=${format}`, "-cf", path, "."]);
      const files = await openTar(path, never);
      expect([...files.names].sort()).toEqual([long, "index.json"]);
      await files.close();
    }
  });

  it("is read from any byte of a file on", async () => {
    const files = await openTar(fileOf(tarOf([{ name: "a", content: "0123456789" }])), never);
    const parts: Uint8Array[] = [];
    for await (const part of files.read("a", { offset: 7, signal: never })) parts.push(part);
    expect(Buffer.concat(parts).toString()).toBe("789");
    await failureOf(async () => files.read("b", { offset: 0, signal: never }), "not-found");
    await files.close();
  });

  const header = (change: (block: Buffer) => void): Buffer => {
    const block = Buffer.from(tarHeader("index.json", 0));
    change(block);
    return Buffer.concat([withSum(block), tarEnd]);
  };
  it.each<[string, Buffer, FailureCode]>([
    ["an upward path", tarOf([{ name: "../index.json" }]), "blocked"],
    ["an upward path within", tarOf([{ name: "blobs/../../x" }]), "blocked"],
    ["an absolute path", tarOf([{ name: "/etc/passwd" }]), "blocked"],
    ["a backslash", tarOf([{ name: "..\\x" }]), "blocked"],
    ["a dot within", tarOf([{ name: "blobs/./x" }]), "blocked"],
    ["an empty part", tarOf([{ name: "blobs//x" }]), "blocked"],
    ["a newline in a name", tarOf([{ name: "a\nb" }]), "blocked"],
    ["an empty name", tarOf([{ name: "" }]), "blocked"],
    [
      "an upward path by pax",
      tarOf([{ name: "pax", type: "x", content: paxRecords({ path: "../x" }) }, { name: "x" }]),
      "blocked",
    ],
    ["an upward folder", tarOf([{ name: "../", type: "5" }]), "blocked"],
    ["a hard link", tarOf([{ name: "a", type: "1", link: "/etc/passwd" }]), "blocked"],
    ["a symbolic link", tarOf([{ name: "a", type: "2", link: "index.json" }]), "blocked"],
    [
      "a link with a long name",
      tarOf([
        { name: "l", type: "K", content: "target\0" },
        { name: "a", type: "2" },
      ]),
      "blocked",
    ],
    ["a character device", tarOf([{ name: "a", type: "3" }]), "blocked"],
    ["a block device", tarOf([{ name: "a", type: "4" }]), "blocked"],
    ["a named pipe", tarOf([{ name: "a", type: "6" }]), "blocked"],
    ["a sparse file", tarOf([{ name: "a", type: "S" }]), "blocked"],
    [
      "a sparse file by pax",
      tarOf([{ name: "pax", type: "x", content: paxRecords({ "GNU.sparse.major": "1" }) }, { name: "a" }]),
      "unsupported",
    ],
    [
      "a header for all that follows",
      tarOf([{ name: "g", type: "g", content: paxRecords({ path: "x" }) }, file]),
      "blocked",
    ],
    ["an unknown type", tarOf([{ name: "a", type: "Z" }]), "blocked"],
    ["a name twice", tarOf([file, file]), "blocked"],
    ["a name twice in two spellings", tarOf([file, { name: "./index.json" }]), "blocked"],
    ["a folder with contents", tarOf([{ name: "a/", type: "5", content: "x" }]), "protocol"],
    ["a wrong sum", Buffer.concat([tarHeader("a", 0).fill(1, 100, 101), tarEnd]), "protocol"],
    ["no tar at all", Buffer.alloc(4096, "no tar"), "protocol"],
    ["a name that is not UTF-8", header((block) => block.fill(0xff, 0, 4)), "protocol"],
    ["a size that is no number", header((block) => block.write("12x", 124)), "protocol"],
    ["a negative size", header((block) => block.fill(0xff, 124, 136)), "too-large"],
    [
      "a size beyond all numbers",
      header((block) => block.fill(0xff, 125, 136).fill(0x80, 124, 125)),
      "too-large",
    ],
    ["a size beyond its end", tarOf([{ name: "a", content: "x", size: 5000 }]), "protocol"],
    ["a size of eight exabytes", tarOf([{ name: "a", size: Number.MAX_SAFE_INTEGER }]), "protocol"],
    [
      "a pax size that is none",
      tarOf([{ name: "p", type: "x", content: paxRecords({ size: "-1" }) }, { name: "a" }]),
      "protocol",
    ],
    [
      "a pax header that is none",
      tarOf([{ name: "p", type: "x", content: "99 path=x\n" }, { name: "a" }]),
      "protocol",
    ],
    [
      "a pax header that leads nowhere",
      tarOf([{ name: "p", type: "x", content: "0 path=x\n" }, { name: "a" }]),
      "protocol",
    ],
    [
      "a pax header of a megabyte",
      tarOf([{ name: "p", type: "x", content: Buffer.alloc(1024 * 1024) }, { name: "a" }]),
      "too-large",
    ],
    ["a long name for nothing", tarOf([{ name: "l", type: "L", content: "name\0" }]), "protocol"],
    ["one block for an end", tarOf([file], Buffer.alloc(512)), "protocol"],
    ["no end", tarOf([file], Buffer.alloc(0)), "protocol"],
    [
      "a zero block before the end",
      tarOf([file], Buffer.concat([Buffer.alloc(512), tarPart(file), tarEnd])),
      "blocked",
    ],
    ["a second tar file after its end", Buffer.concat([tarOf([file]), tarOf([{ name: "b" }])]), "blocked"],
    [
      "something behind a file, before the next",
      tarOf([file, { name: "b" }]).fill("x", 1023, 1024),
      "blocked",
    ],
    ["megabytes after its end", tarOf([file], Buffer.alloc(2 * 1024 * 1024)), "blocked"],
  ])("with %s is refused", async (_name, bytes, code) => {
    const { message } = await failureOf(() => openTar(fileOf(bytes), never), code);
    expect(message).toContain("test.tar");
  });

  it("is refused wherever it breaks off", async () => {
    const whole = tarOf([file, { name: long, content: "x".repeat(700) }, { name: "b" }]);
    for (let length = 0; length < whole.length; length += 1) {
      await failureOf(() => openTar(fileOf(whole.subarray(0, length)), never), "protocol");
    }
  });

  it("of a million tiny files is refused before it is read to its end", async () => {
    const header = (at: number) => tarHeader(`blobs/sha256/${at}`, 0);
    const many = Buffer.concat(Array.from({ length: 200_100 }, (_, at) => header(at)));
    const { message } = await failureOf(() => openTar(fileOf(many), never), "too-large");
    expect(message).toContain("more than 100000 files");
  });

  it("that is not there is told so", async () => {
    await failureOf(() => openTar(join(folder, "none.tar"), never), "invalid");
  });
});
