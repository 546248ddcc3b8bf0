import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type OneMachineArm, startOneMachineArm } from "../local/one-machine-arm.ts";
import { failureOf } from "../support/failures.ts";

const signal = AbortSignal.timeout(60_000);
let machine: OneMachineArm;

beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => machine.clear());

const run = { pool: "pool", task: "version: v1.1.0\n", values: {}, timeoutSeconds: 300 } as const;

describe("runs", () => {
  it("queues at a pool without agents, tells the queue's length, and can be canceled", async () => {
    const scheduled = await machine.acr.scheduleRun({ ...run, pool: "empty" }, signal);
    expect(scheduled.status).toBe("Queued");
    expect(await machine.acr.queueLength("empty", signal)).toBe(1);
    await machine.acr.cancelRun(scheduled.id, signal);
    expect((await machine.acr.getRun(scheduled.id, signal)).status).toBe("Canceled");
    expect(await machine.acr.queueLength("empty", signal)).toBe(0);
  });

  it("tells whether a pool is at work, or was since then", async () => {
    const before = new Date(Date.now() - 1000);
    const works = (since: Date, pool = "POOL") => machine.acr.hasWorkedSince(pool, since, signal);
    await machine.acr.scheduleRun({ ...run, pool: "empty" }, signal);
    expect(await works(before, "empty")).toBe(false);
    machine.arm.faults.run = { kind: "fail", text: "no" };
    const { id } = await machine.acr.scheduleRun(run, signal);
    await expect.poll(async () => (await machine.acr.getRun(id, signal)).status).toBe("Failed");
    expect(await works(before)).toBe(true);
    expect(await works(before, "empty")).toBe(false);
    expect(await works(new Date(Date.now() + 60_000))).toBe(false);
    machine.arm.faults.run = { kind: "hang" };
    const hanging = await machine.acr.scheduleRun(run, signal);
    expect(await works(new Date(Date.now() + 60_000))).toBe(true);
    await machine.acr.cancelRun(hanging.id, signal);
  });

  it("reads the end of a long log only", async () => {
    machine.arm.faults.run = { kind: "fail", text: `${"x".repeat(100_000)} the last words` };
    const { id } = await machine.acr.scheduleRun(run, signal);
    await expect.poll(async () => (await machine.acr.getRun(id, signal)).status).toBe("Failed");
    const log = await machine.acr.readRunLog(id, signal);
    expect(log.length).toBeLessThanOrEqual(8192);
    expect(log).toMatch(/the last words\n.*\nRun ID: \w+ failed$/);
  });

  it("refuses a pool that does not exist", async () => {
    await failureOf(() => machine.acr.scheduleRun({ ...run, pool: "nowhere" }, signal), "invalid");
    await failureOf(() => machine.acr.queueLength("nowhere", signal), "not-found");
  });
});
