import { describe, expect, it } from "vitest";
import { parseWatch } from "../../shared/documents/watch.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import { announceTrouble, shrinkage, troubleOf } from "../../shared/steps/poll/watch-trouble.ts";
import { emptyState } from "../../shared/stores/watch-states.ts";
import { never } from "../support/registries.ts";
import { createStepBench } from "../support/step-bench.ts";

const watch = parseWatch("default", "app", { Source: "up.example/library/app", Tags: "semver *" });

describe("a listing that shrinks", () => {
  it.each([
    { before: 0, now: 0, believed: true },
    { before: 19, now: 0, believed: true },
    { before: 20, now: 10, believed: true },
    { before: 20, now: 9, believed: false },
    { before: 1000, now: 500, believed: true },
    { before: 1001, now: 500, believed: false },
    { before: 1000, now: 0, believed: false },
    { before: 10, now: 1000, believed: true },
  ])("case 10: from $before to $now tags is believed: $believed", ({ before, now, believed }) => {
    const tags = Array.from({ length: now }, (_, at) => `${at}`);
    const doubt = shrinkage(watch, { ...emptyState, listed: before }, tagListOf([tagPageOf(tags)]));
    expect(doubt === undefined).toBe(believed);
    if (!believed) expect(doubt?.message).toContain(`listed ${before} tags before and ${now} now`);
  });
});

describe("a trouble", () => {
  it.each<{ readonly code: FailureCode; readonly told: boolean }>([
    { code: "not-found", told: true },
    { code: "unauthorized", told: true },
    { code: "protocol", told: true },
    { code: "too-large", told: true },
    { code: "unavailable", told: false },
    { code: "timeout", told: false },
    { code: "network", told: false },
  ])("$code is told to people: $told", async ({ code, told }) => {
    const bench = createStepBench();
    const trouble = troubleOf(new Failure(code, "why"), bench.now());
    for (let time = 0; time < 2; time += 1) {
      await announceTrouble(watch, { ...trouble, slot: new Date(0) }, bench.ports, never);
      await bench.drain();
    }
    const events = bench.channel.sent.flatMap((message) => message.events);
    expect(events.map(({ kind, reason }) => `${kind}: ${reason}`)).toEqual(
      told ? ["watch-failing: why"] : [],
    );
  });
});
