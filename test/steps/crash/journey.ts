import { collect } from "../../support/collect.ts";
import { upstreamHost } from "../../support/records.ts";
import { never } from "../../support/registries.ts";
import { createStepBench, type StepBench } from "../../support/step-bench.ts";

/** What happens to one watch (`up.example/library/app` to `m:{tag}`), and what must come of it whenever a worker dies. */
export interface Journey {
  readonly name: string;
  readonly columns: Readonly<Record<string, string>>;
  /** How things stand when the watch is added: what methods, gates and channels will say. */
  readonly given?: readonly Happening[];
  /** What happens, one thing after another; everything comes to rest after each. */
  readonly happens: readonly Happening[];
  /** Tags at the target in the end, with the name of their content. */
  readonly target: Readonly<Record<string, string>>;
  /** What people were told, in any order: `imported 1.0.0`. */
  readonly told: readonly string[];
}

/** A person's request that a crash cut short is made again: it must be harmless, too. */
export type Happening = (bench: StepBench) => unknown;

/** Lets the schedule find what has happened, thing by thing, and all come to rest in between. */
export async function travel(
  { columns, given = [], happens }: Journey,
  crash?: { readonly when: "before" | "after"; readonly effect: number },
): Promise<StepBench> {
  const bench = createStepBench();
  const source = `${upstreamHost}/library/app`;
  const row = { Source: source, Schedule: "every 15m", Target: "m:{tag}", ...columns };
  await bench.stores.watches.put({ group: "default", name: "app" }, row, { signal: never, existing: "keep" });
  for (const happening of given) await happening(bench);
  if (crash !== undefined) bench.crash(crash.when, crash.effect);
  for (const happening of happens) {
    await again(bench, async () => happening(bench));
    bench.pass(15 * 60_000);
    await again(bench, () => bench.schedule());
    await bench.drain();
    // What a dead worker left comes to light by the sweep, at the latest.
    for (let time = 0; time < 3; time += 1) {
      bench.pass(11 * 60_000);
      await again(bench, () => bench.schedule());
      await again(bench, () => bench.sweep());
      await bench.drain();
    }
  }
  return bench;
}

/** A timer's next minute comes, and a person asks again. */
async function again(bench: StepBench, call: () => Promise<unknown>): Promise<void> {
  const crashedBefore = bench.crashed;
  try {
    await call();
  } catch (error) {
    if (crashedBefore || !bench.crashed) throw error;
    bench.revive();
    bench.pass(60_000);
    await call();
  }
}

export interface Outcome {
  readonly target: Readonly<Record<string, string>>;
  readonly told: readonly string[];
  /** What is listed at the target as referring to something there. */
  readonly attached: readonly string[];
  /** Events that went out under the key of another message. */
  readonly repeatedUnderNewKey: number;
  /** Each import in the ledger, with its end. */
  readonly ledger: readonly string[];
  /** Each row of evidence, with the end that it tells of. */
  readonly evidence: readonly string[];
  /** Whatever is not at rest: open imports, full outboxes, notifications that are due. */
  readonly unfinished: readonly string[];
}

export async function outcomeOf({ target, channel, stores }: StepBench): Promise<Outcome> {
  const events = new Map(
    channel.sent.flatMap((message) => message.events.map((event) => [event.key, event])),
  );
  // A message that goes out twice has the same key and the same events both times.
  const messages = new Map(channel.sent.map((message) => [message.key, message]));
  const told = [...messages.values()].reduce((sum, message) => sum + message.events.length, 0);
  const imports = await collect(stores.ledger.all(never));
  const open = await collect(stores.ledger.open(never));
  const evidence = await collect(stores.evidence.all({}, { signal: never }));
  const outboxes = await stores.ledger.waitingOutboxes(-1, never);
  const due = await stores.deliveries.open("ops", never);
  return {
    target: Object.fromEntries(target.tags),
    told: [...events.values()].map(({ kind, tag = "-" }) => `${kind} ${tag}`).sort(),
    attached: [...target.attached].sort(),
    repeatedUnderNewKey: told - events.size,
    ledger: imports.map(({ record }) => `${record.tag} ${record.digest} ${record.state}`).sort(),
    evidence: evidence.map(({ evidence: { outcome, tag, digest } }) => `${tag} ${digest} ${outcome}`).sort(),
    unfinished: [
      ...open.map(({ record }) => `${record.tag} is ${record.state}`),
      ...[...outboxes].map((partition) => `the outbox of ${partition} is not empty`),
      ...due.map(({ event, state }) => `${event.kind} is ${state}`),
    ],
  };
}
