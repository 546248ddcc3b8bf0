import { expect, it } from "vitest";
import { table } from "../../cli/output.ts";

it("aligns columns by their widest cell", () => {
  expect(
    table([
      ["a", "tag", "x"],
      ["long", "t", "y"],
    ]),
  ).toEqual(["a     tag  x", "long  t    y"]);
});

it("lets one very long cell overflow its own row only", () => {
  const long = "s".repeat(77);
  expect(
    table([
      ["1.0.0", "version"],
      [long, "artifact"],
    ]),
  ).toEqual(["1.0.0  version", `${long}  artifact`]);
});

it("shows what was cut, in ASCII", () => {
  expect(table([["sha256:ab…", "x"]])).toEqual(["sha256:ab...  x"]);
});

it("makes control characters and escapes inert", () => {
  expect(table([["\u001b[31mred\u0007", "\u202Eevil"]])).toEqual(["?[31mred?  ?evil"]);
});
