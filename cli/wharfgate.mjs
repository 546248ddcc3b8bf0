#!/usr/bin/env node
// The command's file, committed with its executable bit: what the compiler writes has none.
import { spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 19)) {
  await import("./compile-cache.mjs");
  await import("../dist/cli/main.js");
} else startWithOwnNode();

/** `npx` finds the project's own Node by itself; whoever runs this file with an older one gets it too. */
function startWithOwnNode() {
  const own = join(import.meta.dirname, "../node_modules/node/bin/node");
  const child = spawn(own, [import.meta.filename, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal's Ctrl-C reaches the child by itself.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
  child.on("error", () => {
    process.stderr.write(
      `wharfgate: Node ${process.versions.node} is too old, and the project's own is not there: run npm ci\n`,
    );
    process.exitCode = 2;
  });
}
