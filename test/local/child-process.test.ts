import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startChild } from "../../local/child-process.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "wharfgate-child-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const log = (): undefined => undefined;
function script(name: string, source: string): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, source);
  return file;
}

describe("a child process", () => {
  it("is ready when its output says so, and gives what it said", async () => {
    const child = await startChild({
      name: "child",
      script: script("says", 'console.log("first"); console.log("ready 42"); setInterval(() => {}, 1000);'),
      args: [],
      ready: (line) => /^ready (\d+)$/.exec(line)?.[1],
      log,
    });
    expect(child.ready).toBe("42");
    await child.stop();
  });

  it("that ends too early fails with what it wrote to stderr", async () => {
    const ended = startChild({
      name: "child",
      script: script("ends", 'console.error("the reason"); process.exitCode = 3;'),
      args: [],
      ready: () => undefined,
      log,
    });
    await expect(ended).rejects.toMatchObject({
      code: "unavailable",
      message: "child ended with code 3 before it was ready. It said: the reason",
    });
  });

  it("that never gets ready is ended and said", async () => {
    const slow = startChild({
      name: "child",
      script: script("slow", "setInterval(() => {}, 1000);"),
      args: [],
      ready: () => undefined,
      readyWithinMs: 300,
      log,
    });
    await expect(slow).rejects.toMatchObject({ code: "timeout" });
  });

  it("that ignores SIGTERM is killed after the grace", async () => {
    const child = await startChild({
      name: "child",
      script: script(
        "stubborn",
        'process.on("SIGTERM", () => {}); console.log("ready"); setInterval(() => {}, 1000);',
      ),
      args: [],
      ready: () => true,
      log,
    });
    expect(await child.stop(100)).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("ends when its parent is killed", async () => {
    const grandchild = script("grandchild", 'console.log("ready"); setInterval(() => {}, 1000);');
    const module_ = fileURLToPath(new URL("../../local/child-process.ts", import.meta.url));
    const parent = await startChild({
      name: "parent",
      script: script(
        "parent",
        `import { startChild } from ${JSON.stringify(module_)};
         const child = await startChild({ name: "grandchild", script: ${JSON.stringify(grandchild)}, args: [], ready: () => true, log: () => {} });
         console.log(child.pid);`,
      ),
      args: [],
      ready: (line) => Number(line),
      log,
    });
    expect(isAlive(parent.ready)).toBe(true);
    process.kill(parent.pid, "SIGKILL");
    await parent.exited;
    await expect.poll(() => isAlive(parent.ready), { timeout: 10_000 }).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
