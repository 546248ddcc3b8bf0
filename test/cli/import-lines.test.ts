import { describe, expect, it } from "vitest";
import { exitCodes } from "../../cli/exit-codes.ts";
import { exitCodeOf, goesByFile, importLines } from "../../cli/import-lines.ts";
import { defaultHandling } from "../../shared/documents/handling.ts";
import { describeImport } from "../../shared/steps/import/import-view.ts";
import { makeRecord } from "../support/records.ts";

const here = describeImport(makeRecord({ state: "done" }));
const forSite = makeRecord({
  method: "bundle",
  state: "running",
  handling: { ...defaultHandling, site: "factory-7" },
  why: "the next wharfgate bundle export --site factory-7 holds it",
});
const underWay = describeImport(forSite);

describe("an import on the command line", () => {
  it.each([
    ["done", here, "waited", exitCodes.ok],
    ["at a gate", { ...here, state: "waiting" }, "waited", exitCodes.waiting],
    ["failed", { ...here, state: "failed" }, "waited", exitCodes.failed],
    ["under way, and left to itself", { ...here, state: "running" }, "left", exitCodes.ok],
    ["for a site, and ready for its bundle", underWay, "waited", exitCodes.waiting],
    ["for a site, and left to itself", underWay, "left", exitCodes.ok],
    ["for a site, and acknowledged", { ...underWay, state: "done" }, "waited", exitCodes.ok],
  ] as const)("that is %s has its exit code", (_name, view, how, code) => {
    expect(exitCodeOf(view, how)).toBe(code);
  });

  it("by a method that chose another one names that one, and says why", () => {
    const lines = importLines({ ...here, method: "auto", via: "copy", why: "acr-import refused it" });
    expect(lines.join("\n")).toMatch(/^method +auto, by copy: acr-import refused it$/m);
    expect(importLines(here).join("\n")).toMatch(/^method +copy$/m);
  });

  it("for a site names the site, and what to do next, and not the target that it never reaches", () => {
    expect(goesByFile(underWay)).toBe(true);
    expect(goesByFile({ ...here, state: "running" })).toBe(false);
    const lines = importLines(underWay).join("\n");
    expect(lines).toMatch(/^site +factory-7$/m);
    expect(lines).toMatch(/^there +mirror\/app:1\.0\.0$/m);
    expect(lines).toMatch(/^next +the next wharfgate bundle export --site factory-7 holds it$/m);
    expect(lines).not.toContain("target.example");
    expect(importLines(here).join("\n")).toMatch(/^target +target\.example\/mirror\/app:1\.0\.0$/m);
  });
});
