import { defineConfig } from "vitest/config";
import type { Reporter } from "vitest/node";

/** One plain line at the end, for whoever reads the output by machine. */
const closingLine: Reporter = {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state: string) => tests.filter((test) => test.result().state === state).length;
    // A file that could not be loaded has no tests to fail.
    const broken = modules.filter(
      (module) => module.state() === "failed" && module.errors().length > 0,
    ).length;
    process.stdout.write(`\n${count("passed")} passed, ${count("failed") + broken} failed\n`);
  },
};

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default", closingLine],
  },
});
