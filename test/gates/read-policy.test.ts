import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { readPolicy } from "../../shared/gates/read-policy.ts";
import { failureOf } from "../support/failures.ts";
import { makeSubject } from "./subject.ts";

const folder = await mkdtemp(join(tmpdir(), "wharfgate-policy-"));
const path = join(folder, "policy.json");
afterAll(() => rm(folder, { recursive: true }));

it("is read inline or from a file", async () => {
  const json = '{"rules":[{"source":"up.example/**","approval":"always"}]}';
  await writeFile(path, json);
  for (const setting of [json, path])
    expect(readPolicy(setting).demandsOn(makeSubject())).toMatchObject({ approval: "always" });
});

it("that is not there, or has an error, is told", async () => {
  const gone = await failureOf(() => readPolicy(join(folder, "none.json")), "invalid");
  expect(gone.message).toContain("none.json cannot be read");
  await writeFile(path, " ".repeat(4 * 1024 * 1024 + 1));
  expect((await failureOf(() => readPolicy(path), "invalid")).message).toContain("at most 4194304 are read");
  await writeFile(path, "{");
  expect((await failureOf(() => readPolicy(path), "invalid")).message).toContain("it is not JSON");
});
