import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startArm } from "../../local/arm/arm.ts";
import { createRegistryTransfer } from "../../local/arm/registry-transfer.ts";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { type FunctionsProcess, startFunctions } from "../../local/functions-process.ts";
import { startIdentity } from "../../local/identity.ts";
import { startInbox } from "../../local/inbox/inbox.ts";
import { type AnsweredRequest, startRegistry } from "../../local/registry/registry.ts";
import { type App, createApp } from "../../shared/app.ts";
import { createRegistries } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { readSettings } from "../../shared/settings.ts";
import { collect } from "../support/collect.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { memoryRepository, startMemoryUpstream } from "../support/memory-upstream.ts";

const seed = 20_261_122;
const kills = 50;
const versionsPerWatch = 30;
/** A life of the worker ends within so many requests or answers seen at storage and target. */
const longestLife = 160;
const resourceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/crash/providers/Microsoft.ContainerRegistry/registries/crash";

it("survives 50 kills: every version imported, none twice, no notification lost", {
  timeout: 400_000,
}, async () => {
  await using bench = await startCrashBench();
  const random = mulberry32(seed);
  const signal = AbortSignal.timeout(380_000);
  const versions = Array.from({ length: versionsPerWatch }, (_, index) => `1.${index}.0`);
  for (const version of versions) bench.upstream.tags.set(version, `id ${version}`);
  for (const method of ["copy", "acr-import"]) {
    const columns = {
      Source: `${bench.upstream.host}/${memoryRepository}`,
      Tags: "semver *",
      Target: `${method}/app:{tag}`,
      Method: method,
      Schedule: "every 1m",
    };
    await bench.app.stores.watches.put({ group: "crash", name: method }, columns, {
      signal,
      existing: "replace",
    });
  }

  let lives = 0;
  for (; lives < kills; lives += 1) await bench.liveAndDie(1 + Math.floor(random() * longestLife));
  const worker = await bench.start();
  await worker.trigger("schedule");
  const wanted = versions.length * 2;
  await expect.poll(() => countDone(bench.app, signal), { timeout: 120_000, interval: 500 }).toBe(wanted);
  await expect
    .poll(
      async () => {
        await worker.trigger("sweep");
        return bench.announced().size;
      },
      { timeout: 60_000, interval: 1000 },
    )
    .toBe(wanted);
  await worker.stop();

  expect(bench.killed).toBe(kills);
  const written = Map.groupBy(
    bench.atTarget.filter(
      ({ method, url, status }) => method === "PUT" && status === 201 && /\/manifests\/1\./.test(url),
    ),
    ({ url }) => url,
  );
  expect([...written].filter(([, writes]) => writes.length > 1).map(([url]) => url)).toEqual([]);
  // A worker that dies during a write does not see its answer, and neither do we: what counts is what is there.
  expect(await bench.tagsAtTarget()).toBe(wanted);
  // And each import has left its evidence, once.
  const evidence = await collect(bench.app.evidence.export({}, signal));
  expect(new Set(evidence.map((each) => each.import)).size).toBe(wanted);
  expect(evidence.map(({ outcome }) => outcome)).toEqual(Array.from({ length: wanted }, () => "done"));
});

async function countDone(app: App, signal: AbortSignal): Promise<number> {
  const { imports } = await app.listImports({ top: "1000" }, signal);
  expect(imports.filter(({ state }) => state === "failed" || state === "held")).toEqual([]);
  return imports.filter(({ state }) => state === "done").length;
}

async function startCrashBench() {
  const dir = await mkdtemp(join(tmpdir(), "wharfgate-crash-"));
  const atTarget: AnsweredRequest[] = [];
  const [azurite, upstream, identity, inbox] = await Promise.all([
    startAzurite({ data: "memory", log: () => {} }),
    startMemoryUpstream(),
    startIdentity(),
    startInbox({ dir: join(dir, "inbox"), log: () => {} }),
  ]);
  const registry = await startRegistry({
    root: join(dir, "registry"),
    access: { kind: "anonymous" },
    onRequest: (request) => atTarget.push(request),
  });
  let worker: FunctionsProcess | undefined;
  let left = Number.POSITIVE_INFINITY;
  let killed = 0;
  const watchpoint = () => {
    if (worker === undefined || left === 0) return left !== 0;
    left -= 1;
    if (left > 0) return true;
    process.kill(worker.pid, "SIGKILL");
    killed += 1;
    return false;
  };
  const proxies = await Promise.all(
    [azurite.blobEndpoint, azurite.queueEndpoint, azurite.tableEndpoint, registry.origin].map((url) =>
      startCountingProxy(new URL(url), watchpoint),
    ),
  );
  const [blobs, queues, tables, target] = proxies.map(({ host }) => host) as [string, string, string, string];
  const rules = parseHostRules("http://127.0.0.1:*=127.0.0.0/8");
  const arm = await startArm({
    dir,
    registry: { resourceId, loginServer: target },
    transfer: createRegistryTransfer({
      upstreams: (credentials) => createRegistries({ rules, credentials }),
      target: createRegistries({ rules, credentials: noCredentials }).open(registry.host),
    }),
    pools: {},
    accepts: identity.accepts,
    retryAfterSeconds: 0,
    log: () => {},
  });
  const settings = (storage: string) => ({
    AzureWebJobsStorage: storage,
    WHARFGATE_TARGET: `http://${target}=127.0.0.0/8`,
    WHARFGATE_UPSTREAMS: `http://${upstream.host}=127.0.0.0/8`,
    WHARFGATE_ACR_ID: resourceId,
    WHARFGATE_ARM_ENDPOINT: arm.url,
    WHARFGATE_CHANNEL_OPS: JSON.stringify({
      kind: "email",
      smtp: inbox.smtpUrl,
      from: "a@localhost",
      to: ["b@localhost"],
    }),
    WHARFGATE_LEASE: "2",
    WHARFGATE_NOTIFY_WINDOW: "0",
    NODE_EXTRA_CA_CERTS: arm.caFile,
    ...identity.environment,
  });
  const start = () =>
    startFunctions({
      port: 0,
      keysFile: join(dir, "keys.json"),
      environment: settings(throughProxies(azurite, { blobs, queues, tables })),
      leaseMs: 1000,
      log: () => {},
    });
  const app = createApp(readSettings(settings(azurite.connectionString)));
  return {
    app,
    upstream,
    atTarget,
    start,
    /** Targets that mails have named as imported. */
    announced: () =>
      new Set(
        inbox
          .messages()
          .flatMap((each) => (each.kind === "mail" ? (each.mail.text.match(namedTarget) ?? []) : [])),
      ),
    /** How many tags the target has, of both methods' repositories. */
    tagsAtTarget: async () => {
      const lists = ["copy/app", "acr-import/app"].map(async (repository) => {
        const answer = await fetch(`${registry.origin}/v2/${repository}/tags/list`);
        return ((await answer.json()) as { tags: string[] }).tags.length;
      });
      return (await Promise.all(lists)).reduce((sum, tags) => sum + tags, 0);
    },
    get killed() {
      return killed;
    },
    /** Starts the worker, gives it work, and kills it at the given request or answer. */
    liveAndDie: async (requests: number) => {
      worker = await start();
      left = requests;
      // The schedule's own request may be the last.
      await worker.trigger("schedule").catch(() => {});
      await worker.exited;
      worker = undefined;
      left = Number.POSITIVE_INFINITY;
    },
    [Symbol.asyncDispose]: async () => {
      await app.close();
      for (const server of [...proxies, registry, upstream, identity, arm, inbox]) await server.close();
      await azurite.stop(0);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const namedTarget = /(?:copy|acr-import)\/app:1\.\d+\.0/g;

const noCredentials = {
  resolve: async () => {
    throw new Error("nothing here asks for a credential");
  },
};

function throughProxies(
  azurite: Azurite,
  hosts: { readonly blobs: string; readonly queues: string; readonly tables: string },
): string {
  const move = (endpoint: string, host: string) => {
    const url = new URL(endpoint);
    url.host = host;
    return url.href.replace(/\/$/, "");
  };
  return azurite.connectionString
    .replace(azurite.blobEndpoint, move(azurite.blobEndpoint, hosts.blobs))
    .replace(azurite.queueEndpoint, move(azurite.queueEndpoint, hosts.queues))
    .replace(azurite.tableEndpoint, move(azurite.tableEndpoint, hosts.tables));
}

/** A small seeded generator of numbers from 0 to 1, so that a failing run can be repeated. */
function mulberry32(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
