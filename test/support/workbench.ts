import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import type { LoopbackServer } from "../../local/loopback-server.ts";
import { type AnsweredRequest, startRegistry } from "../../local/registry/registry.ts";
import { type App, createApp } from "../../shared/app.ts";
import { readSettings } from "../../shared/settings.ts";
import { type MemoryUpstream, startMemoryUpstream } from "./memory-upstream.ts";
import { createPump, type Pump } from "./pump.ts";

/** The app by method `copy`, between an upstream in memory and a registry on disk, on a real Azurite. */
export interface Workbench extends AsyncDisposable {
  readonly app: App;
  readonly upstream: MemoryUpstream;
  readonly target: LoopbackServer;
  readonly azurite: Azurite;
  readonly pump: Pump;
  /** Requests that the target has answered. */
  readonly atTarget: AnsweredRequest[];
}

export async function startWorkbench(): Promise<Workbench> {
  const root = await mkdtemp(join(tmpdir(), "wharfgate-workbench-"));
  const atTarget: AnsweredRequest[] = [];
  const [azurite, upstream, target] = await Promise.all([
    startAzurite({ data: "memory", log: () => {} }),
    startMemoryUpstream(),
    startRegistry({ root, access: { kind: "anonymous" }, onRequest: (request) => atTarget.push(request) }),
  ]);
  const app = createApp(
    readSettings({
      AzureWebJobsStorage: azurite.connectionString,
      WHARFGATE_TARGET: `http://${target.host}=127.0.0.0/8`,
      WHARFGATE_UPSTREAMS: `http://${upstream.host}=127.0.0.0/8`,
    }),
  );
  return {
    app,
    upstream,
    target,
    azurite,
    atTarget,
    pump: createPump(azurite.connectionString, app),
    [Symbol.asyncDispose]: async () => {
      await app.close();
      await Promise.all([upstream.close(), target.close(), azurite.stop(0)]);
      await rm(root, { recursive: true, force: true });
    },
  };
}
