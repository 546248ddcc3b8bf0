import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import type { LoopbackServer } from "../../local/loopback-server.ts";
import { startRegistry } from "../../local/registry/registry.ts";
import { type App, createApp } from "../../shared/app.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { writePollMessage } from "../../shared/documents/messages.ts";
import type { WatchId } from "../../shared/documents/watch-id.ts";
import { readSettings } from "../../shared/settings.ts";
import type { PollResult } from "../../shared/steps/poll/poll.ts";
import type { WatchState } from "../../shared/stores/watch-states.ts";
import { createPump } from "../support/pump.ts";
import { never, user } from "../support/registries.ts";
import { type ScriptedServer, sightings, startScriptedServer } from "../support/scripted-server.ts";

/** The whole app on real storage, between an upstream that a test scripts and a real registry. */
export interface HostileApp {
  readonly upstream: ScriptedServer;
  readonly app: App;
  /** Another worker on the same storage. */
  another(): App;
  /** Saves the watch `safety/app` on the upstream's repository `app`. */
  watch(columns: Readonly<Record<string, string>>): Promise<unknown>;
  poll(by?: App): Promise<PollResult>;
  /** Processes what is in the queues. */
  drain(): Promise<void>;
  /** `tag state`, sorted. */
  ledger(): Promise<string[]>;
  records(): Promise<ImportRecord[]>;
  state(): Promise<WatchState | undefined>;
  /** The digest of a tag of the target's `mirror/app`. */
  held(tag: string): Promise<string | null>;
  /** What was sent to channels so far, as JSON. */
  told(): string;
}

export function useHostileApp(): HostileApp {
  let azurite: Azurite;
  let root: string;
  let target: LoopbackServer;
  let upstream: ScriptedServer;
  let channel: ScriptedServer;
  let apps: App[] = [];
  let turn = 0;
  let count = 0;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "wharfgate-safety-"));
    [azurite, target] = await Promise.all([
      startAzurite({ data: "memory", log: () => {} }),
      startRegistry({ root, access: { kind: "anonymous" } }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([target.close(), azurite.stop(0)]);
    // The registry may still be putting away what was cut off.
    await rm(root, { recursive: true, force: true, maxRetries: 10 });
  });
  beforeEach(async () => {
    count += 1;
    [upstream, channel] = await Promise.all([startScriptedServer(), startScriptedServer()]);
    channel.always("POST /hook", { status: 202 });
    apps = [open()];
  });
  afterEach(async () => {
    await Promise.all(apps.map((app) => app.close()));
    const leaks = sightings(channel, user.password);
    await Promise.all([upstream.finish(), channel.finish()]);
    if (leaks.length > 0) throw new Error(`the channel saw the password: ${leaks.join("; ")}`);
  });

  const open = (): App =>
    createApp(
      readSettings({
        AzureWebJobsStorage: azurite.connectionString,
        WHARFGATE_TARGET: `http://${target.host}=127.0.0.0/8`,
        WHARFGATE_UPSTREAMS: `http://${upstream.host}=127.0.0.0/8`,
        WHARFGATE_CREDENTIAL_ROBOT: JSON.stringify({ host: upstream.host, ...user }),
        WHARFGATE_CHANNEL_OPS: JSON.stringify({ kind: "teams", webhookUrl: `${channel.origin}/hook` }),
        WHARFGATE_NOTIFY_WINDOW: "0",
      }),
    );
  const app = (): App => {
    const [first] = apps;
    if (first === undefined) throw new Error("the app is there within tests only");
    return first;
  };
  const id = (): WatchId => ({ group: "safety", name: `app-${count}` });
  const records = async (): Promise<ImportRecord[]> => {
    const found: ImportRecord[] = [];
    for await (const { record } of app().stores.ledger.ofWatch(id(), never)) found.push(record);
    return found;
  };

  return {
    get upstream() {
      return upstream;
    },
    get app() {
      return app();
    },
    another: () => {
      const other = open();
      apps.push(other);
      return other;
    },
    watch: (columns) =>
      app().stores.watches.put(
        id(),
        {
          Source: `${upstream.host}/app`,
          Credential: "env:ROBOT",
          Target: `mirror/app-${count}:{tag}`,
          ...columns,
        },
        { signal: never, existing: "replace" },
      ),
    poll: (by = app()) => {
      turn += 1;
      return by.poll(
        writePollMessage({ host: upstream.host, slot: new Date(turn * 900_000), watches: [id()] }),
        never,
      );
    },
    drain: async () => void (await createPump(azurite.connectionString, app()).drain()),
    records,
    ledger: async () => (await records()).map(({ tag, state }) => `${tag} ${state}`).sort(),
    state: async () => {
      const states = await app().stores.states.all(never);
      return states.get(`${upstream.host} safety~app-${count}`);
    },
    held: async (tag) => {
      const response = await fetch(`${target.origin}/v2/mirror/app-${count}/manifests/${tag}`, {
        method: "HEAD",
        headers: {
          accept: "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json",
        },
      });
      return response.headers.get("docker-content-digest");
    },
    told: () => channel.received.map(({ body }) => body.toString()).join("\n"),
  };
}
