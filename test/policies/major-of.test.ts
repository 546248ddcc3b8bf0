import { expect, it } from "vitest";
import { parseWatch } from "../../shared/documents/watch.ts";
import { majorOf } from "../../shared/policies/major-of.ts";

const rulesOf = (columns: Readonly<Record<string, string>>) =>
  parseWatch("default", "app", { Source: "up.example/app", ...columns }).rules;

it.each([
  { columns: { Tags: "semver >=1" }, tag: "2.1.0", major: 2 },
  { columns: { Tags: "semver >=1" }, tag: "v10.1.0-alpine", major: 10 },
  { columns: { Tags: "semver >=1" }, tag: "3.0.0-rc.1", major: 3 },
  { columns: { Tags: "semver >=1" }, tag: "latest", major: undefined },
  { columns: { Tags: "semver >=1" }, tag: "2.1", major: undefined },
  { columns: { Tags: "loose >=1" }, tag: "2.1", major: 2 },
  { columns: { Tags: "loose >=1", Extract: "release-([0-9.]+)" }, tag: "release-4.2", major: 4 },
  { columns: { Tags: "loose >=1", Extract: "release-([0-9.]+)" }, tag: "4.2", major: undefined },
  { columns: { Tags: "calver *" }, tag: "2024.04", major: undefined },
  { columns: { Tags: "number *" }, tag: "12", major: undefined },
  { columns: { Tags: "exact 1.0.0" }, tag: "1.0.0", major: undefined },
  { columns: { Track: "latest" }, tag: "latest", major: undefined },
])("the major version of $tag by $columns is $major", ({ columns, tag, major }) => {
  expect(majorOf(tag, rulesOf(columns))).toBe(major);
});
