import { expect, it } from "vitest";
import type { Progress } from "../../shared/methods/method.ts";
import { Failure } from "../../shared/model/failure.ts";
import { collect } from "../support/collect.ts";
import { digestNamed, upstreamHost } from "../support/records.ts";
import { never } from "../support/registries.ts";
import { createStepBench, type StepBench } from "../support/step-bench.ts";

interface Journey {
  readonly name: string;
  readonly columns: Readonly<Record<string, string>>;
  /** What upstream has, one set of tags after another, a schedule's run after each. */
  readonly published: readonly Readonly<Record<string, string>>[];
  readonly method?: readonly (() => Progress)[];
  readonly channelFaults?: readonly (Failure | undefined)[];
  readonly target: Readonly<Record<string, string>>;
  readonly told: readonly string[];
}

const running: Progress = { kind: "running", operation: { id: "op" }, checkAfterMs: 10_000 };

const journeys: readonly Journey[] = [
  {
    name: "two versions",
    columns: { Tags: "semver >=1" },
    published: [{ "1.0.0": "a", "1.1.0": "b" }],
    target: { "1.0.0": "a", "1.1.0": "b" },
    told: ["imported 1.0.0", "imported 1.1.0"],
  },
  {
    name: "a version that takes its time",
    columns: { Tags: "semver >=1" },
    published: [{ "1.0.0": "a" }],
    method: [() => running, () => running],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a version that fails in passing, and a channel that does",
    columns: { Tags: "semver >=1" },
    published: [{ "1.0.0": "a" }],
    method: [
      () => {
        throw new Failure("unavailable", "503");
      },
    ],
    channelFaults: [new Failure("unavailable", "503")],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0"],
  },
  {
    name: "a floating tag that goes and comes back",
    columns: { Track: "latest" },
    published: [{ latest: "a" }, { latest: "b" }, { latest: "a" }],
    target: { latest: "a" },
    told: ["updated latest", "updated latest", "updated latest"],
  },
  {
    name: "a version that is pushed anew",
    columns: { Tags: "semver >=1" },
    published: [{ "1.0.0": "a" }, { "1.0.0": "b" }],
    target: { "1.0.0": "a" },
    told: ["imported 1.0.0", "moved 1.0.0"],
  },
  {
    name: "a watch that cannot be followed",
    columns: { Tags: "semver >=1", Approval: "sometimes" },
    published: [{ "1.0.0": "a" }],
    target: {},
    told: ["watch-rejected -"],
  },
];

it.each(journeys)(
  "a worker that dies before any one effect loses nothing and tells nothing twice: $name",
  async (journey) => {
    const whole = await travel(journey, undefined);
    const wanted = outcomeOf(whole);
    expect(wanted).toEqual(expectedOf(journey));
    let at = 0;
    for (;;) {
      const bench = await travel(journey, at);
      if (!bench.crashed) break;
      const last = `a crash before effect ${at}, after: ${bench.effects.slice(0, at).slice(-4).join(", ")}`;
      expect({ last, ...outcomeOf(bench) }).toEqual({ last, ...wanted });
      expect(await unfinished(bench), last).toEqual([]);
      at += 1;
    }
    expect(at).toBeGreaterThan(9);
  },
);

/** Lets the schedule find what was published, step by step, and everything come to rest in between. */
async function travel(journey: Journey, crashAt: number | undefined): Promise<StepBench> {
  const bench = createStepBench();
  const row = {
    Source: `${upstreamHost}/library/app`,
    Schedule: "every 15m",
    Target: "m:{tag}",
    ...journey.columns,
  };
  await bench.stores.watches.put({ group: "default", name: "app" }, row, { signal: never, existing: "keep" });
  bench.method.next.push(...(journey.method ?? []));
  bench.channel.faults.push(...(journey.channelFaults ?? []));
  if (crashAt !== undefined) bench.crashBefore(crashAt);
  for (const tags of journey.published) {
    for (const [tag, content] of Object.entries(tags)) {
      bench.upstream.tags.set(`library/app:${tag}`, digestNamed(content));
    }
    bench.pass(15 * 60_000);
    await runTimer(bench);
    await bench.drain();
    // What a dead worker left comes to light by the sweep, at the latest.
    for (let time = 0; time < 3; time += 1) {
      bench.pass(11 * 60_000);
      await runTimer(bench);
      await bench.sweep();
      await bench.drain();
    }
  }
  return bench;
}

/** A timer's function is not tried again after a crash: its next minute comes. */
async function runTimer(bench: StepBench): Promise<void> {
  try {
    await bench.schedule();
  } catch (error) {
    if (!bench.crashed) throw error;
    bench.revive();
    bench.pass(60_000);
    await bench.schedule();
  }
}

function outcomeOf({ target, channel }: StepBench) {
  const events = new Map(
    channel.sent.flatMap((message) => message.events.map((event) => [event.key, event])),
  );
  const told = [...events.values()].map(({ kind, tag = "-" }) => `${kind} ${tag}`).sort();
  // A message that goes out twice has the same key and the same events both times.
  const messages = new Set(channel.sent.map(({ key }) => key));
  const keys = [...messages].flatMap(
    (key) => channel.sent.find((message) => message.key === key)?.events ?? [],
  );
  return { target: Object.fromEntries(target.tags), told, repeatedUnderNewKey: keys.length - events.size };
}

function expectedOf({ target, told }: Journey) {
  const tags = Object.entries(target).map(([tag, content]) => [`m:${tag}`, digestNamed(content)]);
  return { target: Object.fromEntries(tags), told: [...told].sort(), repeatedUnderNewKey: 0 };
}

/** Whatever is not at rest: open imports, full outboxes, notifications that are due. */
async function unfinished({ stores }: StepBench): Promise<string[]> {
  const open = await collect(stores.ledger.open(never));
  const outboxes = await stores.ledger.waitingOutboxes(-1, never);
  const due = await stores.deliveries.open("ops", never);
  return [
    ...open.map(({ record }) => `${record.tag} is ${record.state}`),
    ...[...outboxes].map((partition) => `the outbox of ${partition} is not empty`),
    ...due.map(({ event, state }) => `${event.kind} is ${state}`),
  ];
}
