import { ContainerClient } from "@azure/storage-blob";
import { describe } from "vitest";
import { type Rig, rigTest, until } from "./running-host.ts";

const everySecond = "* * * * * *";
const isoSeconds = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$/;

const it = rigTest();

const ticks = (rig: Rig, count: number) =>
  until(`${count} ticks`, () => rig.entries("tick", "begin").length >= count);

/** The status blob of a timer, where the real host keeps it. */
async function statusBlob({ storage, hostId }: Rig, name: string) {
  const container = new ContainerClient(storage, "azure-webjobs-hosts");
  for await (const { name: path } of container.listBlobsFlat({ prefix: `timers/${hostId}/` })) {
    if (path.includes(`.${name}/`)) return container.getBlockBlobClient(path);
  }
  throw new Error(`no status of ${name}`);
}

async function setStatus(rig: Rig, name: string, status: Readonly<Record<string, string>>): Promise<void> {
  const text = JSON.stringify(status);
  await (await statusBlob(rig, name)).upload(text, text.length);
}

describe.concurrent("a timer function", () => {
  it("runs again and again without state when its occurrences are less than a minute apart", async ({
    rig,
    expect,
  }) => {
    await rig.start({ env: { TICK: everySecond } });
    await ticks(rig, 2);
    expect(rig.entries("tick", "begin")[0]?.timer).toEqual({
      schedule: { adjustForDST: true },
      scheduleStatus: null,
      isPastDue: false,
    });
    await expect(statusBlob(rig, "tick")).rejects.toThrow("no status");
  });

  it("goes on after a failure", async ({ rig }) => {
    await rig.start({ env: { TICK: everySecond, TICK_FAILS: "1" } });
    await ticks(rig, 2);
  });

  it("never overlaps itself", async ({ rig, expect }) => {
    await rig.start({ env: { TICK: everySecond, TICK_TAKES: "1500" } });
    await ticks(rig, 2);
    const events = rig.entries("tick").map(({ event }) => event);
    expect(events.slice(0, 3)).toEqual(["begin", "end", "begin"]);
  });

  it("runs at start when it says runOnStartup, others do not", async ({ rig, expect }) => {
    await rig.start();
    const { timer } = await until("it has run", () => rig.entries("at-start")[0]);
    expect(timer).toMatchObject({
      isPastDue: false,
      scheduleStatus: { last: "0001-01-01T00:00:00+00:00", next: expect.stringMatching(isoSeconds) },
    });
    expect(rig.entries("tick")).toEqual([]);
  });

  it("makes one catch-up call after a pause, whatever was missed, and remembers it", async ({
    rig,
    expect,
  }) => {
    const env = { TICK: "0 0 0 * * *" };
    const first = await rig.start({ env });
    await until("it has a status", () => statusBlob(rig, "tick").catch(() => undefined));
    await first.child.stop();
    await setStatus(rig, "tick", {
      Last: "2026-01-01T00:00:00.000Z",
      Next: "2026-01-02T00:00:00.000Z",
      LastUpdated: "2026-01-01T00:00:00.000Z",
    });
    const second = await rig.start({ env });
    await ticks(rig, 1);
    expect(rig.entries("tick", "begin")[0]?.timer).toMatchObject({
      isPastDue: true,
      scheduleStatus: { last: "2026-01-01T00:00:00+00:00", next: "2026-01-02T00:00:00+00:00" },
    });
    await until("it is remembered", async () => {
      const status = (await (await statusBlob(rig, "tick")).downloadToBuffer()).toString();
      return !status.includes("2026-01-01T00:00:00");
    });
    await second.child.stop();
    await rig.start({ env });
    await until("the others have run", () => rig.entries("at-start").length >= 3);
    expect(rig.entries("tick", "begin")).toHaveLength(1);
  });

  it("makes the call again when the worker was killed in the middle of it", async ({ rig, expect }) => {
    const env = { TICK: "0 0 0 * * *", TICK_TAKES: "20000" };
    const first = await rig.start({ env });
    await until("it has a status", () => statusBlob(rig, "tick").catch(() => undefined));
    await first.child.stop();
    await setStatus(rig, "tick", {
      Last: "2026-01-01T00:00:00.000Z",
      Next: "2026-01-02T00:00:00.000Z",
      LastUpdated: "2026-01-01T00:00:00.000Z",
    });
    const second = await rig.start({ env });
    await ticks(rig, 1);
    process.kill(second.child.pid, "SIGKILL");
    await second.child.exited;
    await rig.start({ env });
    await ticks(rig, 2);
    expect(rig.entries("tick", "begin")[1]?.timer).toMatchObject({ isPastDue: true });
  });
});
