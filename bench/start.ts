import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { lowMemoryFlags } from "../local/child-process.ts";
import { median, print } from "./figures.ts";

const main = resolve(import.meta.dirname, "../dist/cli/main.js");
const runs = 5;

interface Start {
  /** Seconds from the start of the process to the first import that is proven at the target. */
  readonly firstProof: number;
  readonly allProofs: number;
  /** MiB of all processes together once all is imported. Rss counts shared pages in each, Pss once. */
  readonly rss: number;
  readonly pss: number;
}

const imports = 10;

/** `wharfgate up` on an empty data folder, until the demo's ten imports are proven. */
async function start(): Promise<Start> {
  const dir = await mkdtemp(join(tmpdir(), "wharfgate-bench-"));
  const started = performance.now();
  const child = spawn(process.execPath, [...lowMemoryFlags, main, "--data", dir, "up"], {
    stdio: ["ignore", "pipe", "inherit"],
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
    const memory = await Promise.all(tree.map(memoryOf));
    return {
      firstProof: proofs[0] ?? Number.NaN,
      allProofs: proofs.at(-1) ?? Number.NaN,
      rss: memory.reduce((sum, { rss }) => sum + rss, 0),
      pss: memory.reduce((sum, { pss }) => sum + pss, 0),
    };
  } finally {
    child.kill("SIGINT");
    await ended;
    await rm(dir, { recursive: true, force: true });
  }
}

async function processTree(pid: number): Promise<number[]> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim();
  const below =
    children === ""
      ? []
      : await Promise.all(children.split(/\s+/).map((child) => processTree(Number(child))));
  return [pid, ...below.flat()];
}

async function memoryOf(pid: number): Promise<{ readonly rss: number; readonly pss: number }> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const mib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1024;
  return { rss: mib("Rss"), pss: mib("Pss") };
}

const results: Start[] = [];
for (let run = 0; run < runs; run += 1) results.push(await start());
print("npm start, after the build", {
  "s to the first verified import (median)": median(results.map(({ firstProof }) => firstProof)),
  "s (goal)": 5,
  "s to all ten, agent pool included (median)": median(results.map(({ allProofs }) => allProofs)),
  "MiB of all processes, Rss (median)": Math.round(median(results.map(({ rss }) => rss))),
  "MiB of all processes, Pss (median)": Math.round(median(results.map(({ pss }) => pss))),
  "MiB (goal)": 400,
});
