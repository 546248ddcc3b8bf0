// `npm start`: compiles when a source is newer than what was compiled, then runs `wharfgate up` in this same process.
import "./compile-cache.mjs";
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";

const root = resolve(import.meta.dirname, "..");
const compiled = join(root, "dist/.tsbuildinfo");

if (isStale()) {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
process.argv.splice(2, 0, "up");
await import("../dist/cli/main.js");

function isStale() {
  const built = statSync(compiled, { throwIfNoEntry: false })?.mtimeMs;
  if (built === undefined) return true;
  const sources = ["functions", "shared", "cli", "local"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
      join(root, folder, name),
    ),
  );
  return sources.some((file) => file.endsWith(".ts") && statSync(file).mtimeMs > built);
}
