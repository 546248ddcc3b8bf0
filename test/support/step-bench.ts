import type { Queue } from "../../shared/azure/queues.ts";
import type { Table, Values } from "../../shared/azure/tables.ts";
import {
  parseFollowMessage,
  parseImportMessage,
  parseNotifyMessage,
  parsePollMessage,
  parseRetentionMessage,
} from "../../shared/documents/messages.ts";
import { createGates } from "../../shared/gates/members.ts";
import { openPolicy } from "../../shared/gates/policy.ts";
import type { Method } from "../../shared/methods/method.ts";
import type { Sleep } from "../../shared/model/clock.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { Notifier } from "../../shared/notifiers/notifier.ts";
import type { Pattern } from "../../shared/policies/pattern.ts";
import { defaultLimits } from "../../shared/registry/limits.ts";
import { createSeenQuotas } from "../../shared/registry/seen-quotas.ts";
import { notify } from "../../shared/steps/events/notify.ts";
import { bury } from "../../shared/steps/import/bury.ts";
import { importStep } from "../../shared/steps/import/import.ts";
import { poll } from "../../shared/steps/poll/poll.ts";
import { schedule } from "../../shared/steps/poll/schedule.ts";
import { followReferrers } from "../../shared/steps/referrers/follow-referrers.ts";
import { applyRemoval } from "../../shared/steps/retention/apply-removal.ts";
import { siteHas } from "../../shared/steps/retention/removal-claims.ts";
import { sweep } from "../../shared/steps/sweep/sweep.ts";
import type { QueueName } from "../../shared/stores/queues.ts";
import { createStores, type Stores } from "../../shared/stores/stores.ts";
import { createMemoryBlobs } from "./memory-blobs.ts";
import { createMemoryTable } from "./memory-table.ts";
import { targetHost, upstreamHost } from "./records.ts";
import { never } from "./registries.ts";
import { createScriptedRegistry, type ScriptedRegistry } from "./scripted-registry.ts";
import {
  createScriptedChannel,
  createScriptedGates,
  createScriptedMethod,
  type Effect,
  type ScriptedChannel,
  type ScriptedGates,
  type ScriptedMethod,
} from "./scripted-ways.ts";

/** One message in a queue; `visibleAt` by the bench's clock. */
interface Queued {
  readonly queue: QueueName;
  readonly body: object;
  readonly sentAt: number;
  readonly visibleAt: number;
}

/** All steps between an upstream, a target, a method and channels that do what a test tells them, with a clock of its own. */
export interface StepBench {
  readonly stores: Stores;
  readonly upstream: ScriptedRegistry;
  readonly target: ScriptedRegistry;
  readonly method: ScriptedMethod;
  readonly channel: ScriptedChannel;
  readonly gates: ScriptedGates;
  readonly ports: ReturnType<typeof createPorts>;
  readonly queued: Queued[];
  /** Everything that changed something outside the worker, in order: `images replace`, `send import`, `method start`. */
  readonly effects: string[];
  /** What each hop of an import came to, in which state: `pending proven`. */
  readonly hops: string[];
  /** Changes of an import's state in the ledger, each as often as it happened: `new pending`, `pending done`. */
  readonly changes: string[];
  /** Steps that ended in a failure, other than by a crash. */
  readonly failures: Failure[];
  now(): Date;
  pass(ms: number): void;
  /** What is in a queue, whether it can be seen or not. */
  waiting(queue: QueueName): readonly unknown[];
  /** Processes messages until none is left, letting the time pass that delayed ones wait for. */
  drain(options?: { readonly forMs?: number }): Promise<void>;
  schedule(): ReturnType<typeof schedule>;
  sweep(): ReturnType<typeof sweep>;
  /** The worker dies at its effect of that number (from 0), and another takes its place 10 minutes later. */
  crash(when: "before" | "after", effect: number): void;
  readonly crashed: boolean;
  /** Another worker takes a dead one's place; for messages `drain` does that. */
  revive(): void;
}

/** The queue host's lease on a message: after it, a dead worker's message is seen again. */
const messageLeaseMs = 600_000;

class Crash extends Error {}

export function createStepBench(): StepBench {
  let time = Date.parse("2026-11-22T10:00:00.000Z");
  let count = 0;
  let crashAt = Number.POSITIVE_INFINITY;
  let crashWhen: "before" | "after" = "before";
  let dead = false;
  let crashed = false;
  const effects: string[] = [];
  const hops: string[] = [];
  const changes: string[] = [];
  const queued: Queued[] = [];
  const failures: Failure[] = [];
  const now = (): Date => new Date(time);

  const alive = (): void => {
    if (dead) throw new Crash("a dead worker does nothing");
  };
  const effect: Effect = async (name, run) => {
    alive();
    const last = count === crashAt;
    if (last && crashWhen === "before") die(name);
    count += 1;
    effects.push(name);
    try {
      return await run();
    } finally {
      if (last) die(name);
    }
  };
  const die = (effect: string): never => {
    dead = true;
    crashed = true;
    throw new Crash(`the worker died ${crashWhen} ${effect}`);
  };
  const table = (name: string): Table => {
    const inner = name === "images" ? noteStates(createMemoryTable(now), changes) : createMemoryTable(now);
    return {
      get: async (key, signal) => {
        alive();
        return inner.get(key, signal);
      },
      query: inner.query,
      scan: inner.scan,
      insert: (key, values, signal) => effect(`${name} insert`, () => inner.insert(key, values, signal)),
      upsert: (key, values, signal) => effect(`${name} upsert`, () => inner.upsert(key, values, signal)),
      replace: (row, values, signal) => effect(`${name} replace`, () => inner.replace(row, values, signal)),
      remove: (key, signal) => effect(`${name} remove`, () => inner.remove(key, signal)),
      transact: (writes, signal) => effect(`${name} transact`, () => inner.transact(writes, signal)),
    };
  };
  const queue = (name: string): Queue => ({
    send: (body, { delayMs = 0 }) =>
      effect(`send ${name}`, async () => {
        queued.push({
          queue: name as QueueName,
          body,
          sentAt: time,
          visibleAt: time + Math.ceil(delayMs / 1000) * 1000,
        });
      }),
    length: async () => queued.filter((each) => each.queue === name).length,
    oldestMs: async () => {
      const visible = queued.filter((each) => each.queue === name && each.visibleAt <= time);
      return visible.length === 0 ? undefined : time - Math.min(...visible.map(({ sentAt }) => sentAt));
    },
  });

  const upstream = createScriptedRegistry(upstreamHost);
  const target = createScriptedRegistry(targetHost);
  upstream.onCall = alive;
  target.onCall = alive;
  target.onWrite = effect;
  const method = createScriptedMethod({ upstream, target }, effect);
  const channel = createScriptedChannel(effect);
  const gates = createScriptedGates(now);
  const stores = createStores({
    table,
    queue,
    blobs: (name) => createMemoryBlobs(name),
    leaseMs: 300_000,
  });
  const ports = createPorts(stores, {
    upstream,
    target,
    method,
    channel,
    gates,
    now,
    sleep: async (ms) => {
      time += ms;
    },
  });

  const revive = (): void => {
    dead = false;
    crashAt = Number.POSITIVE_INFINITY;
  };
  const run = async ({ queue: name, body }: Queued): Promise<void> => {
    if (name === "poll") await poll(parsePollMessage(body), ports, never);
    if (name === "import") {
      const result = await importStep(parseImportMessage(body), ports, never);
      if (result.kind === "advanced") hops.push(`${result.from} ${result.outcome}`);
    }
    if (name === "follow") await followReferrers(parseFollowMessage(body), ports, never);
    if (name === "notify") await notify(parseNotifyMessage(body), ports, never);
    if (name === "retention") await applyRemoval(parseRetentionMessage(body), ports, never);
  };
  const process = async (message: Queued, tries: number): Promise<void> => {
    try {
      await run(message);
    } catch (error) {
      if (dead) {
        revive();
        queued.push({ ...message, visibleAt: time + messageLeaseMs });
      } else if (!(error instanceof Failure)) throw error;
      else {
        failures.push(error);
        if (tries < 5) {
          time += 10_000;
          await process(message, tries + 1);
        } else await bury(message.queue, message.body, ports, never);
      }
    }
  };

  return {
    stores,
    upstream,
    target,
    method,
    channel,
    gates,
    ports,
    queued,
    effects,
    hops,
    changes,
    failures,
    now,
    pass: (ms) => {
      time += ms;
    },
    waiting: (name) => queued.filter((each) => each.queue === name).map(({ body }) => body),
    drain: async ({ forMs = 24 * 3_600_000 } = {}) => {
      const until = time + forMs;
      for (;;) {
        queued.sort((a, b) => a.visibleAt - b.visibleAt);
        const next = queued[0];
        if (next === undefined) return;
        if (next.visibleAt > until) {
          time = until;
          return;
        }
        queued.shift();
        time = Math.max(time, next.visibleAt);
        await process(next, 1);
      }
    },
    schedule: () => schedule(ports, never),
    sweep: () => sweep(ports, never),
    crash: (when, at) => {
      count = 0;
      crashAt = at;
      crashWhen = when;
      crashed = false;
    },
    get crashed() {
      return crashed;
    },
    revive,
  };
}

/** The table of imports, whose changes of state are noted once they are written. */
function noteStates(table: Table, changes: string[]): Table {
  const states = new Map<string, unknown>();
  const note = (row: string, { state }: Values): void => {
    if (state === undefined || states.get(row) === state) return;
    changes.push(`${states.get(row) ?? "new"} ${state}`);
    states.set(row, state);
  };
  return {
    ...table,
    replace: async (row, values, signal) => {
      const etag = await table.replace(row, values, signal);
      note(row.row, values);
      return etag;
    },
    transact: async (writes, signal) => {
      await table.transact(writes, signal);
      for (const write of writes) if (write.kind !== "delete") note(write.key.row, write.values);
    },
  };
}

function createPorts(
  stores: Stores,
  {
    upstream,
    target,
    method,
    channel,
    gates,
    now,
    sleep,
  }: Pick<StepBench, "upstream" | "target" | "method" | "channel" | "gates" | "now"> & {
    readonly sleep: Sleep;
  },
) {
  const registries = { open: (host: string) => (host === target.host ? target : upstream) };
  return {
    ...stores,
    registries,
    openTarget: () => target,
    methodOf: (): Method => method,
    checkCredential: () => {},
    settingsOf: "app",
    policy: openPolicy,
    gates: gates.before(
      createGates({ registries, policy: openPolicy, reports: { find: async () => undefined }, now }),
    ),
    channel: (name: string): Notifier | undefined => (name === "ops" ? channel : undefined),
    channels: ["ops"] as readonly string[],
    targetHost: target.host,
    defaultMethod: "copy",
    retained: [] as readonly Pattern[],
    graceMs: 0,
    followMs: 30 * 24 * 3_600_000,
    siteHas: siteHas(stores.sites),
    windowMs: 30_000,
    leaseMs: 300_000,
    deadlineMs: 7_200_000,
    random: () => 0.5,
    limits: defaultLimits,
    quotas: createSeenQuotas(),
    sleep,
    now,
  } as const;
}
