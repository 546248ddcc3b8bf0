import { describe, expect, it } from "vitest";
import { parseChunkRange, parseRange } from "../../../local/registry/range.ts";

describe("parseRange, of a blob of 100 bytes", () => {
  it.each([
    ["no header", undefined],
    ["an empty one", ""],
    ["another unit", "items=0-1"],
    ["no bounds", "bytes=-"],
    ["letters", "bytes=a-b"],
    ["a negative start", "bytes=-5-9"],
    ["several ranges", "bytes=0-1,5-6"],
  ])("gives the whole for %s", (_name, header) => {
    expect(parseRange(header, 100)).toEqual({ kind: "whole" });
  });

  it.each([
    ["the first byte", "bytes=0-0", 0, 0],
    ["a middle part", "bytes=10-19", 10, 19],
    ["an open end", "bytes=90-", 90, 99],
    ["an end past the last byte", "bytes=90-5000", 90, 99],
    ["the last bytes", "bytes=-10", 90, 99],
    ["more last bytes than there are", "bytes=-5000", 0, 99],
    ["an end of many digits", `bytes=1-${"9".repeat(400)}`, 1, 99],
    ["spaces", "bytes = 10 - 19", 10, 19],
  ])("gives a part for %s", (_name, header, start, end) => {
    expect(parseRange(header, 100)).toEqual({ kind: "part", start, end });
  });

  it.each([
    ["a start past the last byte", "bytes=100-", 100],
    ["an end before its start", "bytes=50-0", 100],
    ["no last bytes", "bytes=-0", 100],
    ["anything of an empty blob", "bytes=0-", 0],
    ["last bytes of an empty blob", "bytes=-1", 0],
  ])("cannot satisfy %s", (_name, header, size) => {
    expect(parseRange(header, size)).toEqual({ kind: "unsatisfiable" });
  });
});

describe("parseChunkRange", () => {
  it.each([
    ["as OCI writes it", "0-9", { start: 0, length: 10 }],
    ["as HTTP writes it", "bytes 10-19/100", { start: 10, length: 10 }],
    ["of unknown size", "bytes 10-19/*", { start: 10, length: 10 }],
    ["one byte", "5-5", { start: 5, length: 1 }],
    ["backwards", "9-0", undefined],
    ["without end", "9-", undefined],
    ["negative", "-1-5", undefined],
    ["not a number", "a-b", undefined],
    ["too many digits", `0-${"9".repeat(30)}`, undefined],
  ])("reads a range %s", (_name, header, expected) => {
    expect(parseChunkRange(header)).toEqual(expected);
  });
});
