import { expect, it } from "vitest";
import { createLiveLog } from "../../local/live-log.ts";

const view = {
  state: "done",
  source: "u/a:1",
  target: "r/a:1",
  method: "copy",
  digest: `sha256:${"ab".repeat(32)}`,
};
const polled = { polled: 0, ordered: 0, moved: 0, troubled: 0, deferred: 0 };

it.each([
  ["a poll with orders", "poll", { ...polled, polled: 3, ordered: 10 }, "poll    3 watches: 10 to import"],
  ["a quiet poll", "poll", { ...polled, polled: 1 }, "poll    1 watch: nothing new"],
  [
    "a watch in trouble",
    "poll",
    { ...polled, troubled: 1 },
    "poll    1 watch: 1 in trouble (see wharfgate status)",
  ],
  ["a moved tag", "poll", { ...polled, polled: 2, moved: 1 }, "poll    2 watches: 1 moved upstream, held"],
  ["a paused host", "poll", { ...polled, deferred: 2, until: "T" }, "poll    2 watches: 2 put off until T"],
  [
    "a proof",
    "import",
    { kind: "advanced", import: view },
    "import  r/a:1 proven sha256:abababababab…  from u/a:1 by copy",
  ],
  [
    "a proof by a method that chose another one",
    "import",
    { kind: "advanced", import: { ...view, method: "auto", via: "acr-import" } },
    "import  r/a:1 proven sha256:abababababab…  from u/a:1 by auto: acr-import",
  ],
  [
    "a failure",
    "import",
    { import: { ...view, state: "failed", reason: "gone" } },
    "import  u/a:1 by copy: failed: gone",
  ],
  ["a running import", "import", { import: { ...view, state: "running" } }, undefined],
  [
    "a message sent",
    "notify",
    { kind: "sent", channel: "ops", events: 1 },
    "notify  ops: one message for 1 event",
  ],
  [
    "a notification put off",
    "notify",
    { kind: "put-off", channel: "ops", reason: "500" },
    "notify  ops: put off: 500",
  ],
  ["the schedule", "schedule", { watches: 3, due: 0, messages: 0 }, undefined],
])("tells %s", (_, name, result, expected) => {
  const lines: string[] = [];
  const log = createLiveLog((line) => lines.push(line));
  log("debug", `functions: 2026-11-22T05:13:06.000Z info ${name}: ${JSON.stringify(result)}`);
  expect(lines.map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, ""))).toEqual(
    expected === undefined ? [] : [expected],
  );
});

it("passes warnings on and drops the rest", () => {
  const lines: string[] = [];
  const log = createLiveLog((line) => lines.push(line));
  log("info", "functions: info poll succeeded in 3 ms");
  log("warn", "the disk is full");
  log("debug", "functions: 2026-11-22T05:13:06.000Z error import failed: no luck");
  expect(lines).toEqual([
    expect.stringMatching(/ warn: the disk is full$/),
    expect.stringMatching(/ error: import failed: no luck$/),
  ]);
});
