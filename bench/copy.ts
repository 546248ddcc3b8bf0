import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { loopbackRegistries } from "../test/support/registries.ts";
import { type Seeded, seed } from "./copy-images.ts";
import { type CopyPeer, copyPeers } from "./copy-peers.ts";
import { type Figure, median, printGoals } from "./figures.ts";
import { type BenchRegistry, startBenchRegistry } from "./registry.ts";
import { program, type Run, runTimed, verify } from "./rig.ts";

/*
 * Copies from one docker-registry to another, both on memory-backed storage, by ourselves and by others: `copy.ts [GB] [images]
 * [small images] [others]`. 3 GB takes some minutes; `others` names those to compare with, all by default.
 */

const [gigabytes = "3", images = "30", small = "1000", others] = process.argv.slice(2);
const cores = 2;
/** A program that is started for each image needs no 600 of them to show what one costs. */
const sample = 60;
const rounds = 5;

const registry = program("docker-registry");
if (registry === undefined) {
  process.stdout.write("left out: docker-registry is not installed\n");
} else {
  const folder = await mkdtemp(join(tmpdir(), "wharfgate-bench-"));
  try {
    const peers = copyPeers(folder, others?.split(","));
    await fewLarge(registry, { folder, peers });
    await manySmall(registry, { folder, peers });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Contest {
  readonly folder: string;
  readonly peers: readonly CopyPeer[];
}

interface Measured extends Run {
  /** Processor time of both registries. */
  readonly registrySeconds: number;
  readonly requests: number;
  readonly readBytes: number;
}

async function fewLarge(docker: string, { folder, peers }: Contest): Promise<void> {
  const source = await startBenchRegistry(docker);
  try {
    const shape = {
      images: Number(images),
      bytes: Number(gigabytes) * 1e9,
      layers: 10,
      shared: 5,
      bases: 3,
    };
    const seeded = await seed(source.host, shape);
    const list = await listOf(folder, seeded);
    const ours = await fresh(docker, async (target) => {
      const run = await measured([source, target], () => copyByUs(source, target, list));
      await verifyAll("Wharfgate", target, seeded);
      return run;
    });
    const theirs: { readonly name: string; readonly run: Measured }[] = [];
    for (const { name, commandsFor } of peers) {
      const run = await fresh(docker, async (target) => {
        const command = commandsFor(source.host, target.host, seeded.images);
        const taken = await measured([source, target], () => runTimed("bash", "-c", command));
        await verifyAll(name, target, seeded);
        return taken;
      });
      theirs.push({ name, run });
    }
    const { maxRssMib } = JSON.parse(ours.output) as { maxRssMib: number };
    const figures: Figure[] = [
      { name: "s", measured: ours.wallSeconds },
      { name: "CPU s of ours", measured: ours.cpuSeconds },
      { name: "CPU s of the registries", measured: ours.registrySeconds },
      {
        name: `time / the registries' own CPU over ${cores} cores`,
        measured: ours.wallSeconds / (ours.registrySeconds / cores),
        atMost: 1.4,
      },
      {
        name: "bytes read at the source / the distinct blobs",
        measured: (ours.readBytes - seeded.manifestBytes) / seeded.blobBytes,
        atMost: 1.01,
      },
      { name: "requests", measured: ours.requests },
      { name: "MiB at most", measured: maxRssMib, atMost: 200 },
      ...theirs.flatMap(({ name, run }): Figure[] => [
        { name: `${name}: s`, measured: run.wallSeconds },
        { name: `${name}: CPU s`, measured: run.cpuSeconds },
        { name: `${name}: bytes read / the distinct blobs`, measured: run.readBytes / seeded.blobBytes },
        { name: `${name}: requests`, measured: run.requests },
      ]),
    ];
    if (theirs.length > 0) {
      const best = Math.min(...theirs.map(({ run }) => run.wallSeconds));
      const fewest = Math.min(...theirs.map(({ run }) => run.requests));
      figures.push(
        { name: "time / the best peer's", measured: ours.wallSeconds / best, atMost: 0.65 },
        { name: "requests / the fewest of a peer", measured: ours.requests / fewest, atMost: 0.7 },
      );
    }
    const size = (seeded.blobBytes / 1e9).toFixed(1);
    printGoals(`copy: ${images} images of two platforms, ${size} GB in ${seeded.blobs} blobs`, figures);
    printLoad();
  } finally {
    await source.stop();
  }
}

async function manySmall(docker: string, { folder, peers }: Contest): Promise<void> {
  const source = await startBenchRegistry(docker);
  try {
    const count = Number(small);
    const shape = { images: count, bytes: count * 8_000, layers: 2, shared: 1, bases: 10 };
    const seeded = await seed(source.host, shape);
    await fresh(docker, async (target) => {
      const list = await listOf(folder, seeded);
      const first = await measured([source, target], () => copyByUs(source, target, list));
      await verifyAll("Wharfgate", target, seeded);
      printGoals(`copy: ${count} small images of two platforms, all digests equal`, [
        { name: "s", measured: first.wallSeconds, atMost: 180 },
        { name: "requests per image", measured: first.requests / count },
      ]);

      await nothingNew({ folder, peers }, { source, target, seeded });
    });
  } finally {
    await source.stop();
  }
}

interface Copied {
  readonly source: BenchRegistry;
  readonly target: BenchRegistry;
  readonly seeded: Seeded;
}

/** In turns, as one run of a second or two says little. */
async function nothingNew({ folder, peers }: Contest, { source, target, seeded }: Copied): Promise<void> {
  const known = { ...seeded, images: seeded.images.slice(0, 600) };
  const list = await listOf(folder, known);
  const looks: Measured[] = [];
  const theirs = peers.map(({ name, commandsFor, startsFor }) => {
    const images = startsFor === "all" ? known.images : known.images.slice(0, sample);
    const command = commandsFor(source.host, target.host, images);
    return { name, images, command, seconds: [] as number[] };
  });
  for (let round = 0; round < rounds; round++) {
    looks.push(await measured([source, target], () => copyByUs(source, target, list)));
    for (const { images, command, seconds } of theirs) {
      if (round > 0 && images.length < known.images.length) continue;
      const { wallSeconds } = await runTimed("bash", "-c", command);
      seconds.push((wallSeconds * known.images.length) / images.length);
    }
  }
  const ours = median(looks.map(({ wallSeconds }) => wallSeconds));
  const floor = median(looks.map(({ registrySeconds }) => registrySeconds)) / cores;
  const requests = Math.max(...looks.map((look) => look.requests));
  printGoals(`copy: ${known.images.length} images, nothing new, median of ${rounds}`, [
    { name: "s, process start included", measured: ours },
    { name: "CPU s of ours", measured: median(looks.map(({ cpuSeconds }) => cpuSeconds)) },
    { name: `s, the registries' own CPU over ${cores} cores`, measured: floor },
    { name: "requests per image", measured: requests / known.images.length, atMost: 2 },
    ...theirs.flatMap(({ name, images, seconds }): Figure[] => {
      const goal = name === "regsync" ? 1.2 : name === "skopeo" ? 1 / 40 : undefined;
      const from = images.length < known.images.length ? `, from ${images.length} images` : "";
      return [
        { name: `${name}: s${from}`, measured: median(seconds) },
        {
          name: `time / ${name}'s`,
          measured: ours / median(seconds),
          ...(goal !== undefined && { atMost: goal }),
        },
        ...(name === "skopeo"
          ? [{ name: "the registries' own CPU over the cores / skopeo's", measured: floor / median(seconds) }]
          : []),
      ];
    }),
  ]);
  printLoad();
}

/** Gives `work` an empty target. */
async function fresh<T>(docker: string, work: (target: BenchRegistry) => Promise<T>): Promise<T> {
  const target = await startBenchRegistry(docker);
  try {
    return await work(target);
  } finally {
    await target.stop();
  }
}

async function listOf(folder: string, { images }: Pick<Seeded, "images">): Promise<string> {
  const path = join(folder, "images.json");
  await writeFile(path, JSON.stringify({ images }));
  return path;
}

function copyByUs(source: BenchRegistry, target: BenchRegistry, list: string): Promise<Run> {
  const script = join(import.meta.dirname, "peers/wharfgate-copy.mjs");
  return runTimed(process.execPath, script, source.host, target.host, list);
}

async function measured(
  [source, target]: readonly [BenchRegistry, BenchRegistry],
  run: () => Promise<Run>,
): Promise<Measured> {
  const state = async () => ({
    cpu: (await source.cpuSeconds()) + (await target.cpuSeconds()),
    source: await source.counts(),
    target: await target.counts(),
  });
  const before = await state();
  const taken = await run();
  const after = await state();
  return {
    ...taken,
    registrySeconds: after.cpu - before.cpu,
    requests: after.source.requests - before.source.requests + after.target.requests - before.target.requests,
    readBytes: after.source.bytes - before.source.bytes,
  };
}

async function verifyAll(who: string, target: BenchRegistry, { images }: Seeded): Promise<void> {
  const registries = loopbackRegistries();
  const registry = registries.open(target.host);
  const { signal } = new AbortController();
  for (const { path, digest } of images) {
    const found = await registry.headManifest(path, "1.0", signal);
    verify(`${who}: ${path}`, found?.digest === digest);
  }
  await registries.close();
}

function printLoad(): void {
  process.stdout.write(
    `  load ${loadavg()
      .map((value) => value.toFixed(1))
      .join(", ")}\n`,
  );
}
