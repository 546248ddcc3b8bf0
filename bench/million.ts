import { createHash } from "node:crypto";
import { printGoals } from "./figures.ts";
import { reportsOf, runPeer, startServer, verify } from "./rig.ts";
import { newestOf } from "./upstream-tags.ts";

/* One repository with a million tags, in pages and in one answer: listed, and judged, without holding others up. */

const million = 1_000_000;
const upstream = await startServer("upstream.ts");
try {
  for (const [how, name] of [
    ["in pages of 1,000", `t${million}`],
    ["in one answer", `whole/t${million}`],
  ] as const) {
    const listed = await runPeer("wharfgate.mjs", "list", upstream.host, name, 1);
    const polled = await runPeer("wharfgate.mjs", "poll", upstream.host, name, 1);
    const [list] = reportsOf({ outputs: [listed.output] });
    const [poll] = reportsOf({ outputs: [polled.output] });
    if (list === undefined || poll === undefined) throw new Error("a run without a report");
    verify("the listing", list.hash === hashOf(String(million)));
    verify("the poll", poll.hash === hashOf(newestOf(`${name}/r0`)));
    for (const [what, report] of [
      ["listed", list],
      ["listed and judged", poll],
    ] as const) {
      printGoals(`a million tags ${how}, ${what}`, [
        { name: "MiB at most", measured: report.maxRssMib, atMost: 512 },
        { name: "ms of CPU in one turn of the event loop at most", measured: report.busyMs, atMost: 100 },
        { name: "ms of delay of the event loop at most", measured: report.delayMs, atMost: 100 },
        { name: "CPU s", measured: report.cpuSeconds },
      ]);
    }
  }
} finally {
  upstream.stop();
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
