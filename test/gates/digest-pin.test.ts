import { expect, it } from "vitest";
import { strictest } from "../../shared/gates/demands.ts";
import { digestPin } from "../../shared/gates/digest-pin.ts";
import { digestNamed } from "../support/records.ts";
import { ask, theDigest } from "./subject.ts";

const other = digestNamed("other");

it.each([
  { name: "no pins", pin: undefined, verdict: { kind: "off" } },
  { name: "its own digest", pin: theDigest, verdict: { kind: "passed" } },
  {
    name: "another digest",
    pin: other,
    verdict: {
      kind: "denied",
      reason: `1.0.0 has the digest ${theDigest}, and is pinned to ${other}`,
      next: expect.stringContaining("Find out why upstream has another image"),
    },
  },
  {
    name: "pins of other tags",
    pin: "unlisted" as const,
    verdict: {
      kind: "denied",
      reason: expect.stringContaining("is not pinned to any"),
      next: expect.stringContaining(`add 1.0.0@${theDigest} to the pins`),
    },
  },
])("with $name says $verdict.kind", async ({ pin, verdict }) => {
  expect((await ask(digestPin, { demands: { ...(pin && { pin }) } })).verdict).toMatchObject(verdict);
});

it.each([
  { name: "nobody pins", one: undefined, two: undefined, pin: undefined },
  { name: "one pins", one: theDigest, two: undefined, pin: theDigest },
  { name: "the other pins", one: undefined, two: theDigest, pin: theDigest },
  { name: "both pin alike", one: theDigest, two: theDigest, pin: theDigest },
  { name: "they disagree", one: theDigest, two: other, pin: "unlisted" },
  { name: "one has it unlisted", one: "unlisted" as const, two: theDigest, pin: "unlisted" },
])("watch and policy together: $name", ({ one, two, pin }) => {
  const demand = (each: typeof one) => ({ verify: [], ...(each && { pin: each }) });
  expect(strictest(demand(one), demand(two)).pin).toBe(pin);
});
