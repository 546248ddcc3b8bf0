// Puts what the function app runs, and nothing else, into dist/package. JavaScript, so that it runs on whatever Node
// azd finds.
import { execSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const stage = join(root, "dist", "package");

rmSync(stage, { recursive: true, force: true });
// Compiled anew: dist/ itself may hold modules whose source is gone.
run(
  "npm exec -- tsc -p tsconfig.build.json --outDir dist/package/dist --tsBuildInfoFile dist/package/.tsbuildinfo",
  root,
);
for (const rest of [".tsbuildinfo", "dist/cli", "dist/local"]) {
  rmSync(join(stage, rest), { recursive: true, force: true });
}
for (const file of ["host.json", "package.json", "package-lock.json", ".funcignore"]) {
  cpSync(join(root, file), join(stage, file));
}
run("npm ci --omit=dev --ignore-scripts --no-audit --no-fund", stage);

/** @param {string} command @param {string} cwd */
function run(command, cwd) {
  execSync(command, { cwd, stdio: "inherit" });
}
