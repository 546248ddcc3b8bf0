import { describe, expect, it } from "vitest";
import { parseWatch } from "../../shared/documents/watch.ts";
import { staleSystem, staleWatches } from "../../shared/steps/poll/staleness.ts";
import { emptyState, type WatchState } from "../../shared/stores/watch-states.ts";
import type { WatchRow } from "../../shared/stores/watches.ts";

const at = (time: string): Date => new Date(`2026-11-22T${time}:00.000Z`);
const columns = { Source: "up.example/library/app", Tags: "semver *" };

function row(
  parts: { readonly Schedule?: string; readonly Enabled?: boolean } = {},
  changedAt = at("00:00"),
): WatchRow {
  return { kind: "watch", watch: parseWatch("default", "app", { ...columns, ...parts }), changedAt, columns };
}

const rejected: WatchRow = {
  kind: "rejected",
  group: "default",
  name: "bad",
  reason: "?",
  changedAt: at("00:00"),
  columns: {},
};
const { revision } = parseWatch("default", "app", columns);
const putOff = (since: Date) => ({
  unchecked: { since, until: at("13:00"), reason: "The upstream asked for a pause." },
});
const failing = (since: Date, scope?: "tags") => ({
  trouble: { code: "unavailable", reason: "503", since, ...(scope && { scope }) },
});

describe("a watch", () => {
  it.each<[string, WatchRow, Partial<WatchState> | undefined, Date | undefined]>([
    ["that was checked is fresh, however long ago it changed", row(), {}, undefined],
    ["put off for an hour is not stale yet", row(), putOff(at("11:00")), undefined],
    ["put off for longer is stale", row(), putOff(at("10:59")), at("10:59")],
    [
      "that is checked daily may miss three days",
      row({ Schedule: "every 1d" }),
      putOff(at("00:01")),
      undefined,
    ],
    ["by cron goes by its gaps", row({ Schedule: "0 0 * * * *" }), putOff(at("09:01")), undefined],
    [
      "by cron for longer than three gaps is stale",
      row({ Schedule: "0 0 * * * *" }),
      putOff(at("08:59")),
      at("08:59"),
    ],
    ["that cannot be checked is stale", row(), failing(at("10:00")), at("10:00")],
    ["with one bad tag is checked", row(), failing(at("10:00"), "tags"), undefined],
    [
      "that could not be checked before it was put off is stale since then",
      row(),
      { ...failing(at("09:00")), ...putOff(at("10:00")) },
      at("09:00"),
    ],
    ["that was never polled is stale since it was saved", row({}, at("10:00")), undefined, at("10:00")],
    [
      "that was changed and not polled since is stale",
      row({}, at("10:00")),
      { revision: "old" },
      at("10:00"),
    ],
    ["that was changed just now is fresh", row({}, at("11:30")), { revision: "old" }, undefined],
    ["that is disabled is never stale", row({ Enabled: false }), putOff(at("01:00")), undefined],
    ["that cannot be read is told elsewhere", rejected, undefined, undefined],
  ])("%s", (_, watch, state, since) => {
    const states = new Map(
      state === undefined ? [] : [["up.example default~app", { ...emptyState, revision, ...state }]],
    );
    const found = [...staleWatches([watch], { states, now: at("12:00") }).values()];
    expect(found.map((stale) => stale.since)).toEqual(since === undefined ? [] : [since]);
  });

  it("says since when, why, that it is not the same as no updates, and what to do", () => {
    const states = new Map([["up.example default~app", { ...emptyState, revision, ...putOff(at("10:00")) }]]);
    const [stale] = staleWatches([row()], { states, now: at("12:00") }).values();
    expect(stale?.reason).toBe(
      "Not checked since 2026-11-22 10:00 UTC: The upstream asked for a pause. This is not the same as no updates. A credential in the watch raises most limits; so does a longer Schedule, or WHARFGATE_LIMITS.",
    );
  });
});

describe("all watches", () => {
  const tick = (time: string) => ({ at: at(time), recordedAt: at(time) });
  it.each<[string, readonly WatchRow[], Parameters<typeof staleSystem>[1], string | undefined]>([
    [
      "are fresh while the schedule runs",
      [row()],
      { tick: tick("11:50"), oldestPollMs: undefined, now: at("12:00") },
      undefined,
    ],
    [
      "are stale when it does not",
      [row()],
      { tick: tick("11:44"), oldestPollMs: undefined, now: at("12:00") },
      "Not checked since 2026-11-22 11:44 UTC: The schedule has not run.",
    ],
    [
      "are stale when it never has",
      [row({}, at("11:00"))],
      { tick: undefined, oldestPollMs: undefined, now: at("12:00") },
      "Not checked since 2026-11-22 11:00 UTC: The schedule has not run.",
    ],
    [
      "are fresh while messages wait as long as one may be put off",
      [row()],
      { tick: tick("12:00"), oldestPollMs: 90 * 60_000, now: at("12:00") },
      undefined,
    ],
    [
      "are stale when messages wait for longer",
      [row()],
      { tick: tick("12:00"), oldestPollMs: 91 * 60_000, now: at("12:00") },
      "Not checked since 2026-11-22 10:29 UTC: Poll messages wait in the queue and are not processed.",
    ],
    [
      "are none, and none is stale",
      [rejected, row({ Enabled: false })],
      { tick: undefined, oldestPollMs: undefined, now: at("12:00") },
      undefined,
    ],
  ])("%s", (_, rows, state, reason) => {
    const stale = staleSystem(rows, state);
    if (reason === undefined) expect(stale).toBeUndefined();
    else expect(stale?.reason).toContain(`${reason} This is not the same as no updates.`);
  });
});
