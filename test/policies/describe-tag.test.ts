import { describe, expect, it } from "vitest";
import { describeTag } from "../../shared/policies/describe-tag.ts";

describe("describeTag", () => {
  it.each([
    ["1.27.4", { v: "no", numbers: [1, 27, 4], prerelease: "", family: "" }],
    ["v1.27.4-alpine3.20", { v: "yes", numbers: [1, 27, 4], prerelease: "", family: "-alpine3.20" }],
    ["1.27.0-rc1-alpine", { numbers: [1, 27, 0], prerelease: "rc1", family: "-alpine" }],
    ["1.27.0-rc.1-2-debian-12-r3", { prerelease: "rc.1-2", family: "-debian-12-r3" }],
    ["3.13.0rc2-slim", { numbers: [3, 13, 0], prerelease: "rc2", family: "-slim" }],
    ["3.17.0_rc1", { numbers: [3, 17, 0], prerelease: "rc1", family: "" }],
    ["17.0.9_9-jdk-focal", { numbers: [17, 0, 9], prerelease: "", family: "_9-jdk-focal" }],
    ["26.1.3.Final", { numbers: [26, 1, 3], prerelease: "", family: ".Final" }],
    ["10.0.20348.2402", { numbers: [10, 0, 20348, 2402], count: 4 }],
    ["1.2.3.4.5", { numbers: [1, 2, 3, 4], count: 5 }],
    ["2024.04.01", { numbers: [2024, 4, 1], widths: [4, 2, 2] }],
    ["20240401", { numbers: [20240401], widths: [8], count: 1 }],
    ["22-jdk-windowsservercore-ltsc2022", { numbers: [22], platform: "windowsservercore-ltsc2022" }],
    ["1.2.3-linux-arm64", { family: "-linux-arm64", platform: "linux-arm64" }],
    ["1.2.3-arm64v8", { family: "-arm64v8", platform: "arm64v8" }],
    ["1.2.3-earth", { prerelease: "", family: "-earth" }],
    ["1.2.3-ea.4", { prerelease: "ea.4", family: "" }],
    ["2.6.17-32bit", { prerelease: "", family: "-32bit" }],
    ["1.2.3-b", { prerelease: "", family: "-b" }],
    ["1.2.3-b2", { prerelease: "b2", family: "" }],
    ["1.2.3-10-alpine", { prerelease: "10", family: "-alpine" }],
  ])("reads %s", (tag, parts) => {
    expect(describeTag(tag)).toMatchObject({ kind: "version", ...parts });
  });

  it.each([
    ["latest", { kind: "name" }],
    ["latest-amd64", { kind: "name", platform: "amd64" }],
    ["8u302-b08-jdk-focal", { kind: "name" }],
    ["9f2c1ab", { kind: "commit-id" }],
    ["sha-9f2c1ab", { kind: "commit-id" }],
    [`sha256-${"a".repeat(64)}.sig`, { kind: "artifact" }],
    ["1.0+x", { kind: "invalid" }],
    ["", { kind: "invalid" }],
  ])("tells %s", (tag, description) => {
    expect(describeTag(tag)).toEqual(description);
  });
});
