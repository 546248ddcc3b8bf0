import { ContainerClient } from "@azure/storage-blob";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { type Bench, createBench, until } from "./running-host.ts";

const everySecond = "* * * * * *";
const isoSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/;

let azurite: Azurite;
let bench: Bench;

beforeAll(async () => {
  azurite = await startAzurite({ data: "memory", log: () => undefined });
});
afterAll(() => azurite.stop());
beforeEach(() => {
  bench = createBench(azurite);
});
afterEach(() => bench.dispose());

const ticks = (count: number) =>
  until(`${count} ticks`, () => bench.entries("tick", "begin").length >= count);

/** The status blob of a timer, where the real host keeps it. */
async function statusBlob(name: string) {
  const container = new ContainerClient(azurite.connectionString, "azure-webjobs-hosts");
  for await (const { name: path } of container.listBlobsFlat({ prefix: `timers/${hostId()}/` })) {
    if (path.includes(`.${name}/`)) return container.getBlockBlobClient(path);
  }
  throw new Error(`no status of ${name}`);
}

function hostId(): string {
  return bench.work.name.replace(/^work-/, "");
}

async function setStatus(name: string, status: Readonly<Record<string, string>>): Promise<void> {
  const text = JSON.stringify(status);
  await (await statusBlob(name)).upload(text, text.length);
}

describe("a timer function", () => {
  it("runs again and again without state when its occurrences are less than a minute apart", async () => {
    await bench.start({ env: { TICK: everySecond } });
    await ticks(2);
    expect(bench.entries("tick", "begin")[0]?.timer).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: null,
      isPastDue: false,
    });
    await expect(statusBlob("tick")).rejects.toThrow("no status");
  });

  it("goes on after a failure", async () => {
    await bench.start({ env: { TICK: everySecond, TICK_FAILS: "1" } });
    await ticks(2);
  });

  it("never overlaps itself", async () => {
    await bench.start({ env: { TICK: everySecond, TICK_TAKES: "1500" } });
    await ticks(2);
    const events = bench.entries("tick").map(({ event }) => event);
    expect(events.slice(0, 3)).toEqual(["begin", "end", "begin"]);
  });

  it("runs at start when it says runOnStartup, others do not", async () => {
    await bench.start();
    const { timer } = await until("it has run", () => bench.entries("at-start")[0]);
    expect(timer).toMatchObject({
      isPastDue: false,
      scheduleStatus: { last: "0001-01-01T00:00:00+00:00", next: expect.stringMatching(isoSeconds) },
    });
    expect(bench.entries("tick")).toEqual([]);
  });

  it("makes one catch-up call after a pause, whatever was missed, and remembers it", async () => {
    const env = { TICK: "0 0 0 * * *" };
    const first = await bench.start({ env });
    await until("it has a status", () => statusBlob("tick").catch(() => undefined));
    await first.child.stop();
    await setStatus("tick", {
      Last: "2026-01-01T00:00:00.000Z",
      Next: "2026-01-02T00:00:00.000Z",
      LastUpdated: "2026-01-01T00:00:00.000Z",
    });
    const second = await bench.start({ env });
    await ticks(1);
    expect(bench.entries("tick", "begin")[0]?.timer).toMatchObject({
      isPastDue: true,
      scheduleStatus: { last: "2026-01-01T00:00:00+00:00", next: "2026-01-02T00:00:00+00:00" },
    });
    await until("it is remembered", async () => {
      const status = (await (await statusBlob("tick")).downloadToBuffer()).toString();
      return !status.includes("2026-01-01T00:00:00");
    });
    await second.child.stop();
    await bench.start({ env });
    await until("the others have run", () => bench.entries("at-start").length >= 3);
    expect(bench.entries("tick", "begin")).toHaveLength(1);
  });

  it("makes the call again when the worker was killed in the middle of it", async () => {
    const env = { TICK: "0 0 0 * * *", TICK_TAKES: "20000" };
    const first = await bench.start({ env });
    await until("it has a status", () => statusBlob("tick").catch(() => undefined));
    await first.child.stop();
    await setStatus("tick", {
      Last: "2026-01-01T00:00:00.000Z",
      Next: "2026-01-02T00:00:00.000Z",
      LastUpdated: "2026-01-01T00:00:00.000Z",
    });
    const second = await bench.start({ env });
    await ticks(1);
    process.kill(second.child.pid, "SIGKILL");
    await second.child.exited;
    await bench.start({ env });
    await ticks(2);
    expect(bench.entries("tick", "begin")[1]?.timer).toMatchObject({ isPastDue: true });
  });
});
