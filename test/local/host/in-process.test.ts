import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startHost } from "../../../local/host/start-host.ts";
import { appRoot } from "./running-host.ts";

describe("startHost", () => {
  it("runs an app in this process, and again after it was closed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "wharfgate-host-"));
    process.env.RECORD_FILE = join(folder, "record.jsonl");
    const env: Record<string, string | undefined> = {
      AzureWebJobsStorage: "UseDevelopmentStorage=true",
      OUTPUT_QUEUE: "output",
      TAKEN: "given",
    };
    for (const round of [1, 2]) {
      const host = await startHost({ root: appRoot, main: "functions/http.mjs", env, log: () => undefined });
      expect(host.functions, `round ${round}`).toContain("guarded");
      expect(env).toMatchObject({ FROM_SETTINGS: "settings", TAKEN: "given" });
      const { default: key = "" } = host.keys.functionKeys;
      const response = await fetch(`${host.url}/api/guarded`, { headers: { "x-functions-key": key } });
      expect([response.status, await response.text()]).toEqual([200, "in"]);
      expect(host.coldStartMs).toBeGreaterThan(0);
      await host.close();
      await expect(fetch(host.url)).rejects.toThrow("fetch failed");
    }
    rmSync(folder, { recursive: true });
  });
});
