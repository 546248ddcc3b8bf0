import { describe, expect, it } from "vitest";
import { shapeOf } from "../../../shared/policies/detect/tag-shape.ts";
import { parseExtract } from "../../../shared/policies/extract.ts";

describe("a tag's shape", () => {
  it.each([
    ["RELEASE.2024-06-13T22-53-53Z", "RELEASE.{time}Z", "calver", "2024.06.13.225353"],
    ["build-20240613225353", "build-{time}", "number", "20240613225353"],
    ["nightly-20240613-225353", "nightly-{time}", "number", "20240613225353"],
    ["noble-20240613.1", "noble-{date}", "calver", "20240613.1"],
    ["nightly-2024-06-13", "nightly-{date}", "calver", "2024-06-13"],
    ["main-1a2b3c4-1718318033", "main-{commit}-{seconds}", "number", "1718318033"],
    ["main-1718318033-1a2b3c4", "main-{seconds}-{commit}", "number", "1718318033"],
    ["main-g1a2b3c4-1718318033123", "main-{commit}-{seconds}", "number", "1718318033123"],
    ["build-1234", "build-{number}", "number", "1234"],
    ["release-1.27.4", "release-{version}", "semver", "1.27.4"],
    ["release-v1.27", "release-{version}", "loose", "v1.27"],
    ["1.27.4-1a2b3c4", "{version}-{commit}", "semver", "1.27.4"],
    ["v1.27.4-12-g1a2b3c4", "{version}-{number}-{commit}", "loose", "v1.27.4.12"],
    ["app-1.27.4-build3", "app-{version}-build{number}", "loose", "1.27.4.3"],
    ["17.0-20240612", "{version}-{date}", "loose", "17.0.20240612"],
    ["rel_2_05", "rel_{number}_{number}", "loose", "2.05"],
    ["app-10.0.1.4-3", "app-{version}-{number}", "loose", "10.0.1.4"],
    ["app-1.27.4-rc.3", "app-{version}-rc.{number}", "semver", "1.27.4"],
  ])("of %s is %s, to be read by %s", (tag, text, scheme, key) => {
    const shape = shapeOf(tag);
    expect(shape).toMatchObject({ text, scheme });
    expect(parseExtract(shape?.extract ?? "").from(tag)).toBe(key);
  });

  it.each(["latest", "alpine-slim", "deadbeef", "main-deadbee", `1.2.3${"-deadbee1".repeat(13)}`])(
    "of %s says nothing",
    (tag) => {
      expect(shapeOf(tag)).toBeUndefined();
    },
  );

  it.each([
    ["its own word alone", "release-1.2.3", "releaseX1.2.3"],
    ["its own dots", "RELEASE.2024-06-13T22-53-53Z", "RELEASEx2024-06-13T22-53-53Z"],
    ["no longer tag", "build-12", "build-12-amd64"],
  ])("takes in %s", (_, tag, other) => {
    expect(parseExtract(shapeOf(tag)?.extract ?? "").from(other)).toBeUndefined();
  });

  it("is the same for the tags of one line, and of one kind for lines that differ in their first word", () => {
    const [a, b, c] = ["noble-20240613", "noble-20240701.1", "jammy-20240613"].map(shapeOf);
    expect(b).toEqual(a);
    expect(c?.text).not.toBe(a?.text);
    expect(c?.kind).toBe(a?.kind);
  });
});
