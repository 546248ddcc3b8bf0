import { describe } from "vitest";
import { countOf, encode, rigTest, until } from "./running-host.ts";

const it = rigTest();

describe.concurrent("a host that ends", () => {
  it("by SIGTERM: lets what runs finish, deletes its message, and exits with 0", async ({ rig, expect }) => {
    await rig.work.create();
    await rig.work.sendMessage(encode({ do: "wait", ms: 1_000 }));
    const { child, url } = await rig.start();
    await until("it runs", () => rig.entries("work", "begin")[0]);
    process.kill(child.pid, "SIGTERM");
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(rig.entries("work", "end")).toHaveLength(1);
    expect(await countOf(rig.work)).toBe(0);
    expect(rig.hooks()).toEqual(["appStart", "appTerminate"]);
    await expect(fetch(`${url}/api/echo/fixed`)).rejects.toThrow("fetch failed");
  });

  it("by SIGTERM: gives up after the grace, exits with 0, and the message comes again", async ({
    rig,
    expect,
  }) => {
    await rig.work.create();
    await rig.work.sendMessage(encode({ do: "hang" }));
    const first = await rig.start({ args: ["--grace", "200"] });
    await until("it runs", () => rig.entries("work", "begin")[0]);
    process.kill(first.child.pid, "SIGTERM");
    expect(await first.child.exited).toEqual({ code: 0, signal: null });
    await until("it says so", () => first.log().includes("Cut off while running: 1"));
    await rig.start();
    const again = await until("it runs again", () => rig.entries("work", "begin")[1]);
    expect(again.metadata).toMatchObject({ dequeueCount: 2 });
  });

  it("by SIGKILL: every message that it held comes again to the next host", async ({ rig, expect }) => {
    await rig.work.create();
    for (const n of [1, 2, 3]) await rig.work.sendMessage(encode({ do: "stay", n }));
    const first = await rig.start();
    await until("all run", () => rig.entries("work", "begin").length === 3);
    process.kill(first.child.pid, "SIGKILL");
    await first.child.exited;
    const second = await rig.start({ args: ["--grace", "0"] });
    const again = await until("all run again", () => {
      const entries = rig.entries("work", "begin").filter(({ pid }) => pid === second.child.pid);
      return entries.length === 3 && entries;
    });
    expect(again.map(({ message }) => message?.n).sort()).toEqual([1, 2, 3]);
  });

  it("with its parent: a closed IPC channel stops it", async ({ rig, expect }) => {
    const { child } = await rig.start();
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  });
});
