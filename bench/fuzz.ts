import { fuzz } from "./fuzz/run.ts";
import { targets } from "./fuzz/targets.ts";

/** `npm run fuzz [-- <inputs for each target> [<target>]]`: a million each, some minutes. Ends with 1 on a fault or a goal missed. */
const inputs = Number(process.argv[2] ?? 1_000_000);
const only = process.argv[3];
const goalMs = 50;
const seed = 20_261_124;

process.stdout.write(`fuzz: ${inputs} inputs for each target, seed ${seed}\n`);
process.stdout.write(
  `${"target".padEnd(18)} ${"faults".padStart(7)} ${"goal".padStart(5)} ${"slowest ms".padStart(11)} ${"goal".padStart(5)} ${"taken".padStart(8)} ${"seconds".padStart(8)}\n`,
);
for (const target of targets) {
  if (only !== undefined && target.name !== only) continue;
  const started = performance.now();
  const { taken, slowest, slowestInput, fault } = fuzz(target, { inputs, seed });
  const figures = [
    String(fault === undefined ? 0 : 1).padStart(7),
    "0".padStart(5),
    slowest.toFixed(1).padStart(11),
    `<${goalMs}`.padStart(5),
    String(taken).padStart(8),
    ((performance.now() - started) / 1000).toFixed(1).padStart(8),
  ];
  process.stdout.write(`${target.name.padEnd(18)} ${figures.join(" ")}\n`);
  if (fault !== undefined) process.stdout.write(`  fault: ${fault}\n`);
  if (slowest >= goalMs) process.stdout.write(`  slowest: ${slowestInput}\n`);
  if (fault !== undefined || slowest >= goalMs) process.exitCode = 1;
}
