import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { median, print } from "./figures.ts";

const root = resolve(import.meta.dirname, "..");
const runs = 5;

interface Start {
  /** Seconds from the start of the process to the first import that is proven at the target. */
  readonly firstProof: number;
  readonly allProofs: number;
  /** MiB of all processes together once all is imported. Rss counts shared pages in each, Pss once. */
  readonly rss: number;
  readonly rssWithNpm: number;
  readonly pss: number;
}

const imports = 10;

/** `npm start` on an empty data folder, npm and all, until the demo's ten imports are proven. */
async function start(): Promise<Start> {
  const dir = await mkdtemp(join(tmpdir(), "wharfgate-bench-"));
  const started = performance.now();
  const child = spawn("npm", ["start", "--", "--data", dir], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
    // A process group of its own, which gets the Ctrl-C as from a terminal.
    detached: true,
  });
  const ended = new Promise((done) => child.once("exit", done));
  const proofs: number[] = [];
  try {
    for await (const chunk of child.stdout) {
      for (const _ of String(chunk).matchAll(/ proven sha256:/g))
        proofs.push((performance.now() - started) / 1000);
      if (proofs.length >= imports) break;
    }
    const tree = await processTree(child.pid ?? 0);
    const memory = await Promise.all(
      tree.map(async ({ pid, owner }) => ({ owner, ...(await memoryOf(pid)) })),
    );
    const own = memory.filter(({ owner }) => owner === "wharfgate");
    return {
      firstProof: proofs[0] ?? Number.NaN,
      allProofs: proofs.at(-1) ?? Number.NaN,
      rss: own.reduce((sum, { rss }) => sum + rss, 0),
      rssWithNpm: memory.reduce((sum, { rss }) => sum + rss, 0),
      pss: memory.reduce((sum, { pss }) => sum + pss, 0),
    };
  } finally {
    process.kill(-(child.pid ?? 0), "SIGINT");
    await ended;
    await rm(dir, { recursive: true, force: true });
  }
}

/** All processes below `pid`, itself included, with whether they are npm's own (npm and its shell). */
async function processTree(pid: number): Promise<Process[]> {
  const command = await readFile(`/proc/${pid}/cmdline`, "utf8");
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
  const below =
    children === ""
      ? []
      : await Promise.all(children.split(/\s+/).map((child) => processTree(Number(child))));
  return [{ pid, owner: /^(?:npm|sh)\b/.test(command) ? "npm" : "wharfgate" }, ...below.flat()];
}

interface Process {
  readonly pid: number;
  readonly owner: "npm" | "wharfgate";
}

async function memoryOf(pid: number): Promise<{ readonly rss: number; readonly pss: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1024;
  return { rss: mib("Rss"), pss: mib("Pss") };
}

const results: Start[] = [];
for (let run = 0; run < runs; run += 1) results.push(await start());
print("npm start, after npm ci", {
  "s to the first verified import (median)": median(results.map(({ firstProof }) => firstProof)),
  "s (goal)": 5,
  "s to all ten, agent pool included (median)": median(results.map(({ allProofs }) => allProofs)),
  "MiB of Wharfgate's processes, Rss (median)": Math.round(median(results.map(({ rss }) => rss))),
  "MiB with npm itself, Rss (median)": Math.round(median(results.map(({ rssWithNpm }) => rssWithNpm))),
  "MiB with npm itself, Pss (median)": Math.round(median(results.map(({ pss }) => pss))),
  "MiB (goal)": 400,
});
