import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { user } from "../support/registries.ts";
import { carries } from "../support/scripted-server.ts";
import { basicAuthorization } from "./hostile.ts";

/** The faults to withstand: listings, content, networks, state, injection. Most have their tests in this folder. */
const wanted = Array.from({ length: 63 }, (_, at) => at + 1);

/** Numbers of `wanted` that no title, nor a table that makes titles, begins with. */
function missingFrom(sources: readonly string[]): number[] {
  const found = new Set(
    sources.flatMap((text) =>
      [...text.matchAll(/["`]case (\d+)(?=[":])/g)].map(([, number]) => Number(number)),
    ),
  );
  return wanted.filter((number) => !found.has(number));
}

const root = join(import.meta.dirname, "..");
const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".test.ts") && !name.endsWith("cases.test.ts"))
  .map((name) => readFileSync(join(root, name), "utf8"));

it("every fault to withstand has a test of its number", () => {
  expect(missingFrom(sources)).toEqual([]);
});

it("a number without a test is noticed", () => {
  const without = sources.map((text) => text.replaceAll("case 36", "case x"));
  expect(missingFrom(without)).toEqual([36]);
  expect(missingFrom(['it("case 10: a", …)', "in case 2: b"])).toEqual(
    wanted.filter((number) => number !== 10),
  );
});

it.each([
  ["as it is", `x=${user.password}&y`],
  ["in Basic", basicAuthorization],
  ["in base64 of something larger", Buffer.from(`{"auth":"${user.password}"}`).toString("base64url")],
  ["in a request's JSON", JSON.stringify({ headers: { authorization: basicAuthorization } })],
])("a password that leaks %s would be seen", (_name, text) => {
  expect([carries(text, user.password), carries("Bearer anonymous", user.password)]).toEqual([true, false]);
});
