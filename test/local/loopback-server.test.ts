import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import type { WantedPort } from "../../local/listen.ts";
import { type LoopbackServer, startLoopbackServer } from "../../local/loopback-server.ts";
import { Failure } from "../../shared/model/failure.ts";

const open: LoopbackServer[] = [];

async function start(port: WantedPort = 0): Promise<LoopbackServer> {
  const server = await startLoopbackServer({ port, handler: (_request, response) => response.end("hello") });
  open.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

function statusWith(server: LoopbackServer, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port: server.port, headers, agent: false }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    })
      .once("error", reject)
      .end();
  });
}

describe("startLoopbackServer", () => {
  it("tells where it listens", async () => {
    const server = await start();
    expect(server).toMatchObject({
      host: `127.0.0.1:${server.port}`,
      origin: `http://127.0.0.1:${server.port}`,
    });
    expect(await (await fetch(server.origin)).text()).toBe("hello");
  });

  it("answers a foreign Host with 403 and never asks the handler", async () => {
    const server = await start();
    expect(await statusWith(server, { Host: `evil.example:${server.port}` })).toBe(403);
    expect(await statusWith(server, { Host: `localhost:${server.port}` })).toBe(200);
  });

  it("answers a foreign Origin with 403", async () => {
    const server = await start();
    expect(await statusWith(server, { Origin: "https://evil.example" })).toBe(403);
    expect(await statusWith(server, { Origin: server.origin })).toBe(200);
  });

  it("refuses headers without end", async () => {
    const server = await start();
    expect(await statusWith(server, { "X-Large": "x".repeat(70_000) })).toBe(431);
  });

  it("fails with conflict on a taken port", async () => {
    const { port } = await start();
    const failure = await start(port).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ code: "conflict", message: expect.stringContaining(String(port)) });
  });

  it("gives way at its usual port, also when several come at the same moment", async () => {
    const { port: usual, close } = await start();
    await close();
    const servers = await Promise.all([1, 2, 3].map(() => start({ usual })));
    expect(servers.filter(({ port }) => port === usual)).toHaveLength(1);
    for (const { origin } of servers) expect(await (await fetch(origin)).text()).toBe("hello");
  });

  it("is gone after close, and may be closed twice", async () => {
    const server = await start();
    await fetch(server.origin);
    await server.close();
    await server.close();
    await expect(fetch(server.origin)).rejects.toThrow();
  });
});
