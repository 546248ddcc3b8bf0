import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificate } from "../test/support/certificate.ts";
import { printGoals } from "./figures.ts";
import { inTurns, program, reportsOf, runPeer, runPinned, startServer, verify } from "./rig.ts";
import { newestOf } from "./upstream-tags.ts";

/* A poll over TLS at a distance of 30 ms, beside curl fetching the same pages. */

const rounds = 3;
const [name, count] = ["t1000", 200];
const eachWayMs = 15;

const folder = await mkdtemp(join(tmpdir(), "wharfgate-bench-"));
const certificate = await makeCertificate();
const upstream = await startServer("upstream.ts", JSON.stringify(certificate));
const relay = await startServer("relay.ts", String(upstream.port), String(eachWayMs));
const curl = program("curl");
try {
  const ca = join(folder, "ca.pem");
  await writeFile(ca, certificate.cert);
  const pages = Array.from(
    { length: count },
    (_, at) => `url = "https://${relay.host}/v2/${name}/r${at}/tags/list?n=1000"\noutput = "-"`,
  );
  const list = join(folder, "pages");
  await writeFile(list, pages.join("\n"));
  const options = [
    "--no-progress-meter",
    "--fail",
    "--cacert",
    ca,
    "--header",
    "Authorization: Bearer floor",
  ];
  const { ours, theirs } = await inTurns(rounds, {
    ours: () => runPeer("wharfgate.mjs", "poll", relay.host, name, count, ca),
    theirs:
      curl === undefined
        ? undefined
        : () => runPinned(curl, ...options, "--parallel", "--parallel-max", "16", "--config", list),
  });
  const answers = Array.from({ length: count }, (_, at) => newestOf(`${name}/r${at}`));
  const right = createHash("sha256").update(answers.join("\n")).digest("hex");
  const reports = reportsOf(ours);
  verify(
    "Wharfgate",
    reports.every(({ hash }) => hash === right),
  );
  const figures = [
    { name: "s, process start and sign-in included", measured: ours.wallSeconds },
    { name: "MiB at most", measured: Math.max(...reports.map(({ maxRssMib }) => maxRssMib)), atMost: 130 },
  ];
  if (theirs === undefined) process.stdout.write("left out: curl is not installed\n");
  else {
    const all = (output: string) => answers.every((answer) => output.includes(`"${answer}"`));
    verify("curl", theirs.outputs.every(all));
    figures.push({
      name: "time / curl with 16 in parallel, the token given to it",
      measured: ours.wallSeconds / theirs.wallSeconds,
      atMost: 2,
    });
  }
  printGoals(`poll: ${count} repositories of 1,000 tags, TLS at ${2 * eachWayMs} ms`, figures);
} finally {
  relay.stop();
  upstream.stop();
  await rm(folder, { recursive: true, force: true });
}
