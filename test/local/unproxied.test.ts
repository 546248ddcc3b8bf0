import { expect, it } from "vitest";
import { unproxied } from "../../local/unproxied.ts";

it.each([
  ["nothing", {}, { NO_PROXY: "127.0.0.1,localhost" }],
  ["a list", { NO_PROXY: "corp.example, localhost" }, { NO_PROXY: "corp.example,localhost,127.0.0.1" }],
  [
    "the lower-case name, which goes first",
    { NO_PROXY: "a.example", no_proxy: "b.example" },
    { NO_PROXY: "b.example,127.0.0.1,localhost", no_proxy: "b.example,127.0.0.1,localhost" },
  ],
])("adds this machine to %s", (_name, environment, expected) => {
  expect(unproxied(environment)).toEqual(expected);
});
