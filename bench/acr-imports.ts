import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { startArm } from "../local/arm/arm.ts";
import { createRegistryTransfer } from "../local/arm/registry-transfer.ts";
import { startAzurite } from "../local/azurite.ts";
import { startIdentity } from "../local/identity.ts";
import { startRegistry } from "../local/registry/registry.ts";
import { createApp } from "../shared/app.ts";
import { createRegistries } from "../shared/auth/registries.ts";
import { createStorageClients } from "../shared/azure/storage.ts";
import { parseHostRules } from "../shared/http/host-rules.ts";
import { readSettings } from "../shared/settings.ts";
import { type QueueName, queueNames } from "../shared/stores/queues.ts";
import { createOciClient, imageManifest } from "../test/support/oci-client.ts";
import { median, printGoals } from "./figures.ts";

const watches = 10;
const tagsOfEach = 50;
const imports = watches * tagsOfEach;
/** As many as host.json lets one instance take at a time, and process. */
const batch = 16;
const atOnce = 24;
/** As Azure asks for. */
const retryAfterSeconds = 10;
const nameOf = (watch: number) => `app${watch}`;
const resourceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/bench/providers/Microsoft.ContainerRegistry/registries/bench12";

const dir = await mkdtemp(join(tmpdir(), "wharfgate-imports-"));
const [azurite, identity, upstream, target] = await Promise.all([
  startAzurite({ data: "memory", log: () => {} }),
  startIdentity(),
  startRegistry({ root: join(dir, "upstream"), access: { kind: "anonymous" } }),
  startRegistry({ root: join(dir, "target"), access: { kind: "anonymous" } }),
]);
Object.assign(process.env, identity.environment);
const rules = parseHostRules("http://127.0.0.1:*=127.0.0.0/8");
const upstreams = createRegistries({
  rules,
  credentials: { resolve: () => Promise.reject(new Error("none")) },
});
/** Operations that ARM has answered, by name. */
const asked = new Map<string, number>();
const arm = await startArm({
  dir,
  registry: { resourceId, loginServer: target.host },
  transfer: createRegistryTransfer({ upstreams: () => upstreams, target: upstreams.open(target.host) }),
  pools: {},
  accepts: identity.accepts,
  retryAfterSeconds,
  log: (_level, _message, facts) => {
    const operation = String(facts?.operation);
    asked.set(operation, (asked.get(operation) ?? 0) + 1);
    if (asked.get("Registries_ImportImage") === imports) allUnderWay.resolve();
  },
});
// None ends before the last has begun: so they are all under way at one time.
const allUnderWay = Promise.withResolvers<void>();
arm.faults.import = { kind: "wait", until: allUnderWay.promise };
setDefaultCACertificates([...getCACertificates("default"), arm.caPem]);
const app = createApp(
  readSettings({
    AzureWebJobsStorage: azurite.connectionString,
    WHARFGATE_TARGET: `http://${target.host}=127.0.0.0/8`,
    WHARFGATE_TARGET_CREDENTIAL: "env:NONE",
    WHARFGATE_CREDENTIAL_NONE: JSON.stringify({ host: target.host, username: "any", password: "any" }),
    WHARFGATE_UPSTREAMS: `http://${upstream.host}=127.0.0.0/8`,
    WHARFGATE_ACR_ID: resourceId,
    WHARFGATE_ARM_ENDPOINT: arm.url,
    WHARFGATE_NOTIFY_WINDOW: "0",
    ...identity.environment,
  }),
);
const storage = createStorageClients(
  { kind: "connection-string", connectionString: azurite.connectionString },
  () => {
    throw new Error("a connection string needs no identity");
  },
);
const queues = queueNames.map((name) => ({
  name,
  client: storage.queue(name),
}));

/** Images of one layer, which those of a repository share. */
async function publish(): Promise<void> {
  const client = createOciClient(upstream.origin);
  for (let watch = 0; watch < watches; watch++) {
    const repository = `bench/${nameOf(watch)}`;
    const config = await client.pushBlob(repository, JSON.stringify({ architecture: "amd64", os: "linux" }));
    const layer = await client.pushBlob(repository, "layer");
    for (let tag = 0; tag < tagsOfEach; tag++) {
      const body = imageManifest({
        config,
        layers: [layer],
        annotations: { watch: nameOf(watch), tag: String(tag) },
      });
      await client.pushManifest(repository, `1.0.${tag}`, { body });
    }
  }
}

interface Followed {
  /** Milliseconds of each, by queue. */
  readonly invocations: Readonly<Record<QueueName, readonly number[]>>;
  readonly failed: number;
}

interface Message {
  readonly messageText: string;
  readonly messageId: string;
  readonly popReceipt: string;
}

/** Plays the Functions host: takes messages in batches as they can be seen, until all imports have ended. */
async function follow(signal: AbortSignal): Promise<Followed> {
  const invocations = Object.fromEntries(
    queueNames.map((name): [QueueName, number[]] => [name, []]),
  ) as Record<QueueName, number[]>;
  const underWay = new Set<Promise<void>>();
  let done = 0;
  let failed = 0;
  const process = async (queue: (typeof queues)[number], message: Message): Promise<void> => {
    const started = performance.now();
    const body: unknown = JSON.parse(Buffer.from(message.messageText, "base64").toString());
    const result = await app[queue.name](body, signal);
    invocations[queue.name].push(performance.now() - started);
    await queue.client.deleteMessage(message.messageId, message.popReceipt);
    if (!("kind" in result) || result.kind !== "advanced") return;
    if (result.import.state === "done") done += 1;
    if (result.import.state === "failed" || result.import.state === "held") failed += 1;
  };
  while (done + failed < imports && !signal.aborted) {
    const before = underWay.size;
    for (const queue of queues) {
      const numberOfMessages = Math.min(batch, atOnce - underWay.size);
      if (numberOfMessages <= 0) break;
      const options = { numberOfMessages, visibilityTimeout: 120 };
      for (const message of (await queue.client.receiveMessages(options)).receivedMessageItems) {
        const running = process(queue, message).finally(() => underWay.delete(running));
        underWay.add(running);
      }
    }
    if (underWay.size >= atOnce) await Promise.race(underWay);
    else if (underWay.size === before) await wait(250);
  }
  await Promise.all(underWay);
  return { invocations, failed };
}

try {
  const signal = AbortSignal.timeout(600_000);
  await publish();
  for (const { client } of queues) await client.createIfNotExists();
  for (let watch = 0; watch < watches; watch++) {
    const id = { group: "bench", name: nameOf(watch) };
    const columns = { Source: `${upstream.host}/bench/${id.name}`, Tags: "semver *", Schedule: "every 1d" };
    await app.stores.watches.put(id, columns, { signal, existing: "replace" });
    await app.stores.queues.poll({ host: upstream.host, slot: new Date(), watches: [id] }, { signal });
  }
  const started = performance.now();
  const { invocations, failed } = await follow(signal);
  const seconds = (performance.now() - started) / 1000;
  const all = Object.values(invocations).flat();
  printGoals(`${imports} acr-imports at a time, from the poll to their end by messages`, [
    { name: "longest invocation, s", measured: Math.max(...all) / 1000, atMost: 5 },
    ...(["poll", "import", "notify"] as const).map((name) => ({
      name: `longest invocation of ${name}, s`,
      measured: Math.max(...invocations[name]) / 1000,
    })),
    { name: "invocation, s (median)", measured: median(all) / 1000 },
    { name: "imports that did not end as done", measured: failed, atMost: 0 },
    { name: "messages", measured: all.length },
    { name: "messages per import", measured: all.length / imports },
    { name: "questions to ARM about operations", measured: asked.get("OperationResults_Get") ?? 0 },
    { name: "s, all stand-ins' work included", measured: seconds },
  ]);
} finally {
  await app.close();
  await upstreams.close();
  await arm.close();
  await Promise.all([upstream.close(), target.close(), identity.close(), azurite.stop(0)]);
  await rm(dir, { recursive: true, force: true });
}
