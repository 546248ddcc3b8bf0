import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { failureOf } from "../support/failures.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { startTokenRegistry, type TokenRegistry } from "../support/token-registry.ts";

let registry: TokenRegistry;
let registries: ClosableRegistries;
beforeEach(async () => {
  registry = await startTokenRegistry();
  registries = loopbackRegistries();
});
afterEach(async () => {
  await registries.close();
  await registry.close();
});

const named = (count: number) => Array.from({ length: count }, (_, at) => `app/r${at}`);
const client = () => registries.open(registry.host);
const list = (repository: string) => client().listTags(repository, never);
const listAll = (repositories: readonly string[]) => Promise.all(repositories.map(list));
const sizes = () => registry.asked.map((asked) => asked.length).toSorted((a, b) => b - a);
const refusals = () => registry.statuses.filter((status) => status !== 200).length;

describe("tokens for several repositories", () => {
  it("serve 20 repositories each, after one 401 for all", async () => {
    const repositories = named(50);
    client().prepare(repositories);
    await listAll(repositories);
    expect(sizes()).toEqual([20, 20, 10]);
    expect([refusals(), registry.statuses.length]).toEqual([1, 51]);
  });

  it("are asked for one after the other without waiting for whoever needs the next", async () => {
    client().prepare(named(50));
    await list("app/r0");
    await vi.waitFor(() => expect(registry.asked.length).toBe(3));
    await listAll(named(50));
    expect(sizes()).toEqual([20, 20, 10]);
  });

  it("are kept for the next poll of the same repositories", async () => {
    const repositories = named(50);
    for (let poll = 0; poll < 3; poll++) {
      client().prepare(repositories);
      await listAll(repositories);
    }
    expect([registry.asked.length, refusals()]).toEqual([3, 1]);
  });

  it("take in repositories that come later", async () => {
    for (let count = 1; count <= 20; count++) {
      client().prepare(named(count));
      await listAll(named(count));
    }
    registry.asked.length = 0;
    registry.revoke();
    registry.challengeError = "invalid_token";
    await listAll(named(20));
    expect(registry.asked.length).toBeLessThanOrEqual(2);
  });

  it("are not asked for when nothing was announced", async () => {
    await listAll(named(3));
    expect(registry.asked).toEqual([["app/r0"], ["app/r1"], ["app/r2"]]);
  });

  it("ask for few repositories where their names are long", async () => {
    const repositories = named(20).map((name) => `${name}/${"x".repeat(200)}`);
    client().prepare(repositories);
    await listAll(repositories);
    expect(Math.max(...registry.asked.map((asked) => asked.join().length))).toBeLessThan(4500);
    expect(registry.asked.length).toBe(2);
  });

  it.each([401, 403, 404, 400])("leave out the one repository that is refused with %s", async (status) => {
    const repositories = named(20);
    registry.grant = (asked) => (asked.includes("app/r7") ? status : asked);
    client().prepare(repositories);
    const results = await Promise.allSettled(repositories.map(list));
    expect(results.map(({ status: how }) => how)).toEqual(
      repositories.map((name) => (name === "app/r7" ? "rejected" : "fulfilled")),
    );
    registry.asked.length = 0;
    client().prepare(repositories);
    await listAll(repositories.filter((name) => name !== "app/r7"));
    expect(registry.asked.length).toBeLessThanOrEqual(2);
  });

  it("are given up where the service refuses more than one", async () => {
    registry.grant = (asked) => (asked.length > 1 ? 400 : asked);
    const repositories = named(60);
    client().prepare(repositories);
    await listAll(repositories);
    registry.asked.length = 0;
    const others = named(80).slice(60);
    client().prepare(others);
    await listAll(others);
    expect(registry.asked).toEqual(others.map((name) => [name]));
  });

  it("are given up where the service grants but the first", async () => {
    registry.grant = (asked) => asked.slice(0, 1);
    for (const repository of named(60)) {
      client().prepare(named(60));
      await list(repository);
    }
    expect(refusals()).toBeLessThanOrEqual(1 + 5);
    expect(registry.asked.filter((asked) => asked.length > 1).length).toBe(3);
  });

  it("are followed by one for the repository alone after a 403, which may be what they lack", async () => {
    registry.refusal = 403;
    registry.grant = (asked) => asked.slice(0, 1);
    client().prepare(named(3));
    await listAll(named(3));
    expect(registry.asked.slice(1).toSorted()).toEqual([["app/r1"], ["app/r2"]]);
    await listAll(named(3));
    expect(refusals()).toBe(1 + 2);
  });

  it("do not turn a 403 into anything else", async () => {
    registry.refusal = 403;
    registry.grant = (asked) => asked.filter((name) => name !== "app/r1");
    client().prepare(named(3));
    await failureOf(() => list("app/r1"), "forbidden");
    await listAll(["app/r0", "app/r2"]);
    expect(registry.asked).toEqual([named(3), ["app/r1"]]);
  });

  it("are renewed once for all when they have run out before their time", async () => {
    const repositories = named(20);
    client().prepare(repositories);
    await listAll(repositories);
    registry.revoke();
    registry.challengeError = "invalid_token";
    await listAll(repositories);
    expect(sizes()).toEqual([20, 20]);
  });
});

describe("the first request to a registry", () => {
  it("goes alone, and the others are spared its 401", async () => {
    await listAll(named(10));
    expect(registry.statuses[0]).toBe(401);
    expect(refusals()).toBe(1);
  });

  it("holds nobody up once it has failed", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    registry.gate = promise;
    const first = new AbortController();
    const failed = failureOf(() => client().listTags("app/r0", first.signal), "canceled");
    const others = listAll(["app/r1", "app/r2"]);
    first.abort();
    await failed;
    resolve();
    await others;
    expect(registry.statuses.filter((status) => status === 200).length).toBe(2);
  });

  it("is not waited for by one who has canceled", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    registry.gate = promise;
    const first = list("app/r0");
    const other = new AbortController();
    const canceled = failureOf(() => client().listTags("app/r1", other.signal), "canceled");
    other.abort();
    await canceled;
    resolve();
    await first;
  });
});
