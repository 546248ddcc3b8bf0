import { createHash } from "node:crypto";
import { printGoals } from "./figures.ts";
import {
  buildGoPeers,
  countsOf,
  inTurns,
  type Medians,
  memoryOf,
  program,
  reportsOf,
  runPeer,
  runPinned,
  startServer,
  verify,
} from "./rig.ts";
import { newestOf } from "./upstream-tags.ts";

/* What a poll costs: list all tags of many repositories, choose the newest in ^3.2.0. Ratios of CPU time within one run. */

const rounds = 3;
/** A program for one repository needs no 500 runs to show what one of them costs. */
const commands = 50;

const upstream = await startServer("upstream.ts");
const go = await buildGoPeers();
const skopeo = program("skopeo");
for (const [name, path] of Object.entries({ go: go.paths?.list, skopeo }))
  if (path === undefined) process.stdout.write(`left out: ${name} is not installed\n`);

try {
  await manySmall();
  await fewLarge();
} finally {
  upstream.stop();
  await go.remove();
}

async function manySmall(): Promise<void> {
  const [name, count, more] = ["t1000", 500, 2500];
  const { paths } = go;
  await countsOf(upstream.host);
  const first = await runPeer("wharfgate.mjs", "poll", upstream.host, name, count);
  const { requests, connections } = await countsOf(upstream.host);
  const times = await inTurns(rounds, {
    ours: () => runPeer("wharfgate.mjs", "poll", upstream.host, name, count),
    floor: () => runPeer("floor.mjs", upstream.host, name, count),
    oursMore: () => runPeer("wharfgate.mjs", "poll", upstream.host, name, more),
    floorMore: () => runPeer("floor.mjs", upstream.host, name, more),
    library: paths && (() => runPinned(paths.list, upstream.host, name, String(count))),
  });
  verify("Wharfgate", isRight({ outputs: [first.output, ...times.ours.outputs] }, name, count));
  verify("Wharfgate over more", isRight(times.oursMore, name, more));
  const marginal = (less: Medians, all: Medians) => (all.cpuSeconds - less.cpuSeconds) / (more - count);
  const ours = times.ours.cpuSeconds;
  const each = ours / count;
  const figures = [
    { name: "CPU s", measured: ours },
    { name: "requests per repository, tokens and 401 included", measured: requests / count, atMost: 1.1 },
    { name: "connections", measured: connections },
    { name: "CPU of the floor: the same bytes thrown away", measured: times.floor.cpuSeconds },
    {
      name: "marginal CPU of a repository / the floor's",
      measured: marginal(times.ours, times.oursMore) / marginal(times.floor, times.floorMore),
      atMost: 5,
    },
    { name: "MiB at most", measured: rss(times.ours), atMost: 130 },
    { name: `MiB at most, ${more} repositories, with Node's defaults`, measured: rss(times.oursMore) },
    {
      name: `MiB at most, ${more} repositories, with the flags of npm start`,
      measured: await memoryOf("poll", upstream.host, name, more),
      atMost: 130,
    },
  ];
  if (times.library !== undefined) {
    verify("go-containerregistry", isRight(times.library, name, count));
    const measured = ours / times.library.cpuSeconds;
    figures.push({
      name: "CPU / go-containerregistry and Masterminds in one process",
      measured,
      atMost: 0.8,
    });
  }
  if (paths !== undefined) {
    const measured = each / (await commandCpu("crane", [paths.crane, "ls"], { name, tags: 1000 }));
    figures.push({ name: "CPU / crane ls, for each repository", measured, atMost: 0.15 });
  }
  if (skopeo !== undefined) {
    const command = [skopeo, "list-tags", "--tls-verify=false"];
    const measured = each / (await commandCpu("skopeo", command, { name, tags: 1000, prefix: "docker://" }));
    figures.push({ name: "CPU / skopeo list-tags, for each repository", measured, atMost: 0.15 });
  }
  printGoals(`poll: ${count} repositories of 1,000 tags`, figures);
}

async function fewLarge(): Promise<void> {
  const [name, count] = ["t50000", 50];
  const times = await inTurns(rounds, {
    ours: () => runPeer("wharfgate.mjs", "poll", upstream.host, name, count),
    floor: () => runPeer("floor.mjs", upstream.host, name, count),
  });
  verify("Wharfgate", isRight(times.ours, name, count));
  const ours = times.ours.cpuSeconds;
  const figures = [
    { name: "CPU s", measured: ours },
    {
      name: "CPU / the floor's: the same bytes thrown away",
      measured: ours / times.floor.cpuSeconds,
      atMost: 5,
    },
    { name: "MiB at most, with Node's defaults", measured: rss(times.ours) },
    {
      name: "MiB at most, with the flags of npm start",
      measured: await memoryOf("poll", upstream.host, name, count),
      atMost: 130,
    },
  ];
  if (go.paths !== undefined) {
    const { list, crane } = go.paths;
    const cpu = await commandCpu("crane", [crane, "ls"], { name, tags: 50_000 });
    figures.push({ name: "CPU / crane ls", measured: ours / count / cpu, atMost: 0.35 });
    const library = await runPinned(list, upstream.host, name, String(count));
    verify("go-containerregistry", isRight({ outputs: [library.output] }, name, count));
    figures.push({
      name: "CPU / go-containerregistry and Masterminds in one process",
      measured: ours / library.cpuSeconds,
      atMost: 1,
    });
  }
  printGoals(`poll: ${count} repositories of 50,000 tags`, figures);
}

/** CPU seconds of a program that lists one repository, from many runs one after the other. */
async function commandCpu(
  who: string,
  command: readonly string[],
  { name, tags, prefix = "" }: { readonly name: string; readonly tags: number; readonly prefix?: string },
): Promise<number> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell's.
  const loop = 'for at in $(seq 0 "$1"); do "${@:4}" "$2$3/r$at" || exit 1; done';
  const source = `${prefix}${upstream.host}/`;
  const run = await runPinned("bash", "-c", loop, "bash", String(commands - 1), source, name, ...command);
  for (let at = 0; at < commands; at++)
    verify(who, new RegExp(`(?:^|")${newestOf(`${name}/r${at}`)}(?:"|$)`, "m").test(run.output));
  // One tag a line, and in JSON some lines around them.
  const lines = run.output.trim().split("\n").length / commands;
  verify(who, lines >= tags && lines < tags + 10);
  return run.cpuSeconds / commands;
}

function isRight(runs: Pick<Medians, "outputs">, name: string, count: number): boolean {
  const answers = Array.from({ length: count }, (_, at) => newestOf(`${name}/r${at}`));
  const right = createHash("sha256").update(answers.join("\n")).digest("hex");
  return reportsOf(runs).every(({ hash }) => hash === right);
}

function rss(runs: Medians): number {
  return Math.max(...reportsOf(runs).map(({ maxRssMib }) => maxRssMib));
}
