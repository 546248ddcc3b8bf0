import { createHash } from "node:crypto";
import { digestOf } from "../shared/model/digest.ts";
import { printGoals } from "./figures.ts";
import { countsOf, inTurns, type Medians, reportsOf, runPeer, startServer, verify } from "./rig.ts";

/* The digest of one floating tag in each of many repositories, against a plain loop of fetch. */

const rounds = 3;
const [name, count] = ["t10", 500];
const upstream = await startServer("upstream.ts");
try {
  await countsOf(upstream.host);
  const first = await runPeer("wharfgate.mjs", "digest", upstream.host, name, count);
  const { requests, connections } = await countsOf(upstream.host);
  const { ours, loop } = await inTurns(rounds, {
    ours: () => runPeer("wharfgate.mjs", "digest", upstream.host, name, count),
    loop: () => runPeer("fetch-loop.mjs", upstream.host, name, count),
  });
  verify("Wharfgate", isRight({ outputs: [first.output, ...ours.outputs] }));
  verify("the loop", isRight(loop));
  printGoals(`digests: one tag in each of ${count} repositories`, [
    { name: "CPU s", measured: ours.cpuSeconds },
    { name: "requests per repository, tokens and 401 included", measured: requests / count, atMost: 1.1 },
    { name: "connections", measured: connections, atMost: 32 },
    { name: "CPU / a plain fetch loop", measured: ours.cpuSeconds / loop.cpuSeconds, atMost: 0.4 },
    {
      name: "MiB at most",
      measured: Math.max(...reportsOf(ours).map(({ maxRssMib }) => maxRssMib)),
      atMost: 130,
    },
  ]);
} finally {
  upstream.stop();
}

function isRight(runs: Pick<Medians, "outputs">): boolean {
  const digests = Array.from({ length: count }, (_, at) => digestOf(`${name}/r${at}:latest`));
  const right = createHash("sha256").update(digests.join("\n")).digest("hex");
  return reportsOf(runs).every(({ hash }) => hash === right);
}
