import { describe, expect, it } from "vitest";
import { parseColumnChange, parsePlanRequest } from "../../shared/documents/plan-request.ts";
import { failureOf } from "../support/failures.ts";

describe("a plan's request", () => {
  it.each([
    ["a watch", { watch: "web" }, { watch: { group: "default", name: "web" } }],
    [
      "a changed watch",
      { watch: "a/b", with: { Keep: "3" } },
      { watch: { group: "a", name: "b" }, with: { Keep: "3" } },
    ],
    ["a row", { columns: { Source: "a.example/b" } }, { columns: { Source: "a.example/b" } }],
    [
      "an allowance of reads",
      { watch: "web", reads: 0 },
      { watch: { group: "default", name: "web" }, reads: 0 },
    ],
  ])("is read: %s", (_, body, request) => {
    expect(parsePlanRequest(body).request).toEqual(request);
  });

  it.each([
    ["nothing more", {}, { taken: 100, skipped: 5 }],
    ["more examples", { top: 50 }, { taken: 100, skipped: 50 }],
    ["everything", { explain: true }, { taken: 1000, skipped: 1000 }],
  ])("asks for %s", (_, options, detail) => {
    expect(parsePlanRequest({ watch: "web", ...options }).detail).toEqual(detail);
  });

  it.each([
    ["no object", [], /it must be an object/],
    ["neither a watch nor columns", {}, /neither a "watch" nor "columns"/],
    ["a change of nothing", { with: { Keep: "3" } }, /neither/],
    ["an unknown field", { watch: "web", wiht: {} }, /wiht/],
    ["a column that is no text", { watch: "web", with: { Keep: 3 } }, /"with.Keep"/],
    ["too many examples", { watch: "web", top: 101 }, /"top"/],
    ["a bad name", { watch: "A/b" }, /not usable/],
  ])("is refused: %s", async (_, body, message) => {
    expect((await failureOf(async () => parsePlanRequest(body), "invalid")).message).toMatch(message);
  });
});

describe("a column's change", () => {
  it.each([
    ["Tags=semver >=1.27 <2", ["Tags", "semver >=1.27 <2"]],
    [" Keep = 3 ", ["Keep", "3"]],
    ["Keep=", ["Keep", ""]],
  ])("%s", (text, change) => {
    expect(parseColumnChange(text)).toEqual(change);
  });

  it.each(["Keep", "=3", ""])("refuses %j", async (text) => {
    await failureOf(async () => parseColumnChange(text), "invalid");
  });
});
