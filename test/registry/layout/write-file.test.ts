import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../../shared/model/digest.ts";
import { Failure } from "../../../shared/model/failure.ts";
import { planTar, type TarFile, tarBytes } from "../../../shared/registry/layout/plan-tar.ts";
import { dropPartial, partialSuffix, writeTarFile } from "../../../shared/registry/layout/write-file.ts";
import { verifiedBlob } from "../../../shared/registry/verified-blob.ts";
import { collect } from "../../support/collect.ts";
import { failureOf } from "../../support/failures.ts";
import { noise } from "../../support/images.ts";
import { never } from "../../support/registries.ts";
import { tarOf } from "../../support/tar.ts";

let folder = "";
let path = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wharfgate-write-"));
  path = join(folder, "bundle.tar");
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Bytes that were asked of the sources. */
let fetched = 0;

function source(name: string, bytes: Buffer, given: Buffer = bytes): TarFile {
  const digest = digestOf(bytes);
  return {
    name,
    size: bytes.length,
    digest,
    open: async ({ offset, hash }) =>
      verifiedBlob(pieces(given.subarray(offset)), { digest, size: bytes.length, offset, hash, place: name }),
  };
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 100) {
    const piece = bytes.subarray(at, at + 100);
    fetched += piece.length;
    yield piece;
  }
}

const contents = {
  first: noise("first", 30),
  second: noise("second", 1300),
  empty: Buffer.alloc(0),
  last: noise("last", 512),
};
const names = Object.keys(contents) as (keyof typeof contents)[];
const plan = planTar(names.map((name) => source(name, contents[name])));
const whole = tarOf(names.map((name) => ({ name, content: contents[name] })));

/** Around each boundary of blocks and files, and some between them. */
const lengths = Array.from({ length: whole.length + 1 }, (_, at) => at).filter(
  (at) =>
    [0, 1, 511].includes(at % 512) ||
    [30, 1300].some((end) => Math.abs((at % 1024) - (end % 1024)) < 2) ||
    at % 97 === 0,
);

describe("a planned tar file", () => {
  it("is known to the byte", async () => {
    const parts = await collect(tarBytes(plan, { from: 0 }, never));
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
    expect(plan.size).toBe(whole.length);
  });

  it("goes on from any byte, also where nothing can be read back", async () => {
    for (let from = 0; from <= whole.length; from += 1) {
      const parts = await collect(tarBytes(plan, { from }, never));
      expect(Buffer.concat(parts).equals(whole.subarray(from)), `from ${from}`).toBe(true);
    }
  });

  it("is written whole, and stands under its name only then", async () => {
    expect(await writeTarFile(path, plan, never)).toBe(0);
    expect(readFileSync(path).equals(whole)).toBe(true);
    expect(existsSync(path + partialSuffix)).toBe(false);
  });

  it("that broke off after any byte is gone on with, and fetches what is missing alone", async () => {
    const total = names.reduce((sum, name) => sum + contents[name].length, 0);
    for (const length of lengths) {
      writeFileSync(path + partialSuffix, whole.subarray(0, length));
      fetched = 0;
      const kept = await writeTarFile(path, plan, never);
      expect(readFileSync(path).equals(whole), `after ${length}`).toBe(true);
      const had = plan.entries.reduce(
        (sum, { bodyAt, file }) => sum + Math.min(Math.max(0, length - bodyAt), file.size),
        0,
      );
      expect(fetched, `after ${length}`).toBe(total - had);
      expect(kept).toBeLessThanOrEqual(plan.size);
    }
  });

  it("whose beginning was spoilt anywhere is mended", async () => {
    for (let at = 0; at < whole.length; at += 61) {
      for (const length of [at + 1, whole.length]) {
        const spoilt = Buffer.from(whole.subarray(0, length));
        spoilt[at] = (spoilt[at] ?? 0) ^ 0xff;
        writeFileSync(path + partialSuffix, spoilt);
        await writeTarFile(path, plan, never);
        expect(readFileSync(path).equals(whole), `spoilt at ${at} of ${length}`).toBe(true);
      }
    }
  });

  it("of other contents is begun anew", async () => {
    writeFileSync(path + partialSuffix, whole);
    const other = planTar([source("other", noise("other", 900))]);
    await writeTarFile(path, other, never);
    expect(readFileSync(path).equals(tarOf([{ name: "other", content: noise("other", 900) }]))).toBe(true);
  });

  it.each([
    ["other bytes", noise("wrong", 1300)],
    ["too few bytes", contents.second.subarray(0, 1299)],
    ["too many bytes", Buffer.concat([contents.second, Buffer.alloc(1)])],
  ])("is not written with %s than promised", async (_name, given) => {
    rmSync(path, { force: true });
    await dropPartial(path);
    const lying = planTar([source("first", contents.first), source("second", contents.second, given)]);
    await failureOf(() => writeTarFile(path, lying, never), "integrity");
    expect(existsSync(path)).toBe(false);
    const honest = planTar([source("first", contents.first), source("second", contents.second)]);
    await writeTarFile(path, honest, never);
    expect(existsSync(path)).toBe(true);
  });

  it("keeps what it has when its source breaks, and goes on later", async () => {
    rmSync(path, { force: true });
    await dropPartial(path);
    const broken: TarFile = {
      ...source("second", contents.second),
      open: async () =>
        (async function* () {
          yield contents.second.subarray(0, 700);
          throw new Failure("network", "it broke");
        })(),
    };
    await failureOf(() => writeTarFile(path, planTar([broken]), never), "network");
    fetched = 0;
    await writeTarFile(path, planTar([source("second", contents.second)]), never);
    expect(fetched).toBe(600);
    expect(existsSync(path)).toBe(true);
  });

  it("tells where it cannot be written", async () => {
    await failureOf(() => writeTarFile(join(folder, "none/bundle.tar"), plan, never), "invalid");
  });

  it("may have files beyond what eleven octal digits hold, and names beyond a header", async () => {
    const huge: TarFile = { ...source("huge", contents.first), size: 9 * 1024 ** 3 };
    const [entry] = planTar([huge]).entries;
    expect(entry?.end).toBe(512 + 9 * 1024 ** 3);
    expect(entry?.header.subarray(124, 136).toString("hex")).toBe("800000000000000240000000");
    const [long] = planTar([source(`blobs/sha512/${"b".repeat(128)}`, contents.first)]).entries;
    expect(long?.bodyAt).toBe(3 * 512);
  });
});
