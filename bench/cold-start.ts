import { spawn } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { startAzurite } from "../local/azurite.ts";
import { median, print } from "./figures.ts";

const root = resolve(import.meta.dirname, "..");
const runs = 7;

/**
 * Starts the compiled app under the functions host in a new process, as a scaled-out instance would: milliseconds from the
 * start of the process until all functions are registered.
 */
async function coldStart(
  connectionString: string,
): Promise<{ readonly ms: number; readonly functions: number }> {
  const child = spawn(
    process.execPath,
    [join(root, "dist/local/host/main.js"), "--app", root, "--port", "0", "--quiet"],
    {
      env: { ...process.env, AzureWebJobsStorage: connectionString },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  try {
    for await (const chunk of child.stdout) {
      const ready = JSON.parse(String(chunk)) as {
        readonly coldStartMs: number;
        readonly functions: readonly string[];
      };
      return { ms: ready.coldStartMs, functions: ready.functions.length };
    }
    throw new Error("the functions host ended before it was ready");
  } finally {
    child.kill();
  }
}

/** Without the compile cache, which grows with what was run. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("."))
    .map((name) => statSync(join(folder, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
}

const azurite = await startAzurite({ data: "memory", log: () => {} });
try {
  await coldStart(azurite.connectionString);
  const results = [];
  for (let run = 0; run < runs; run += 1) results.push(await coldStart(azurite.connectionString));
  print("cold start", {
    functions: results[0]?.functions ?? 0,
    "ms until registered (median)": median(results.map(({ ms }) => ms)),
    "ms (goal)": 400,
    "KiB of dist/functions and dist/shared": Math.round(
      (sizeOf(join(root, "dist/functions")) + sizeOf(join(root, "dist/shared"))) / 1024,
    ),
    "KiB of dist": Math.round(sizeOf(join(root, "dist")) / 1024),
  });
} finally {
  await azurite.stop(0);
}
