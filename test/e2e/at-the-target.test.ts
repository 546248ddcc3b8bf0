import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { startAzurite } from "../../local/azurite.ts";
import type { AccessOptions } from "../../local/registry/access/access.ts";
import { startRegistry } from "../../local/registry/registry.ts";
import { type App, createApp } from "../../shared/app.ts";
import { Failure } from "../../shared/model/failure.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { readSettings } from "../../shared/settings.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { failureOf } from "../support/failures.ts";
import { type MemoryUpstream, memoryRepository, startMemoryUpstream } from "../support/memory-upstream.ts";
import { describeWithPeers } from "../support/peers.ts";
import { createPump } from "../support/pump.ts";
import { loopbackRegistries, never, user } from "../support/registries.ts";

interface Target {
  readonly host: string;
  stop(): Promise<unknown>;
}

interface Rig {
  readonly app: App;
  readonly upstream: MemoryUpstream;
  readonly registry: Registry;
  /** Upstream has these tags from now on; the watch is polled, and all that follows is done. */
  publish(tags: Readonly<Record<string, string>>): Promise<void>;
  drain(): Promise<void>;
  tags(): Promise<Readonly<Record<string, string>>>;
}

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function startLocal(access: AccessOptions): Promise<Target> {
  const root = await mkdtemp(join(tmpdir(), "wharfgate-at-target-"));
  const server = await startRegistry({ root, access });
  return {
    host: server.host,
    stop: async () => {
      await server.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** The whole app on a real Azurite, by method `copy`, with a watch on the upstream's one repository. */
async function startRig(target: Target, columns: Readonly<Record<string, string>>): Promise<Rig> {
  stops.push(target.stop);
  const [azurite, upstream] = await Promise.all([
    startAzurite({ data: "memory", log: () => {} }),
    startMemoryUpstream(),
  ]);
  stops.push(() => Promise.all([azurite.stop(0), upstream.close()]));
  const app = createApp(
    readSettings({
      AzureWebJobsStorage: azurite.connectionString,
      WHARFGATE_TARGET: `http://${target.host}=127.0.0.0/8`,
      WHARFGATE_TARGET_CREDENTIAL: "env:T",
      WHARFGATE_CREDENTIAL_T: JSON.stringify({ host: target.host, ...user }),
      WHARFGATE_UPSTREAMS: `http://${upstream.host}=127.0.0.0/8`,
      WHARFGATE_RETAIN_DAYS: "0",
    }),
  );
  const registries = loopbackRegistries();
  stops.push(() => Promise.all([app.close(), registries.close()]));
  const pump = createPump(azurite.connectionString, app);
  const registry = registries.open(target.host, "env:ROBOT");
  const id = { group: "default", name: "app" };
  const row = { Source: `${upstream.host}/${memoryRepository}`, Target: "app:{tag}", ...columns };
  await app.stores.watches.put(id, row, { signal: never, existing: "keep" });
  const drain = async () => {
    await pump.drain();
    expect(pump.failures).toEqual([]);
  };
  return {
    app,
    upstream,
    registry,
    drain,
    publish: async (tags) => {
      for (const [tag, content] of Object.entries(tags)) upstream.tags.set(tag, content);
      await app.requestPoll(id, "test", never);
      await drain();
    },
    tags: async () => {
      const found: Record<string, string> = {};
      for (const tag of await tagNames(registry))
        found[tag] = (await registry.headManifest("app", tag, never))?.digest ?? "";
      return found;
    },
  };
}

async function tagNames(registry: Registry): Promise<string[]> {
  try {
    return [...tagsOf(await registry.listTags("app", never))].sort();
  } catch (error) {
    if (error instanceof Failure && error.code === "not-found") return [];
    throw error;
  }
}

describeWithPeers("after imports, at a real target", ["docker-registry", "htpasswd"], (programs) => {
  const acr: AccessOptions = { kind: "acr", admin: user, acceptsEntraToken: () => false };
  const targets: readonly {
    readonly name: string;
    start(): Promise<Target>;
    readonly locks: "registry" | "ledger";
  }[] = [
    { name: "a registry as Azure's", start: () => startLocal(acr), locks: "registry" },
    { name: "an OCI registry", start: () => startLocal({ kind: "basic", ...user }), locks: "ledger" },
    {
      name: "docker-registry",
      start: () => startDockerRegistry(programs, { login: user, deletion: "on" }),
      locks: "ledger",
    },
  ];

  it.each(targets)(
    "what is superseded is proposed, and removed with what nothing else names: $name",
    async ({ start }) => {
      const { app, upstream, publish, drain, tags, registry } = await startRig(await start(), {
        Tags: "semver *",
        Keep: "1",
      });
      for (const [tag, content] of [
        ["1.0.0", "a"],
        ["1.1.0", "b"],
        ["1.2.0", "c"],
      ] as const)
        await publish({ [tag]: content });
      const shared = await registry.getManifest("app", "1.1.0", never);
      if (shared === undefined) throw new Error("1.1.0 is not there");
      await registry.putManifest("app", "lts", shared, never);

      const proposal = await app.proposals.propose({}, "ann", never);
      expect(proposal.removals.map(({ target, manifests }) => [target.split("/")[1], manifests])).toEqual([
        ["app:1.0.0", 1],
      ]);
      expect(proposal.kept.map(({ target, rule }) => [target.split("/")[1], rule])).toEqual([
        ["app:1.1.0", "shared-tag"],
      ]);
      expect(Object.keys(await tags())).toEqual(["1.0.0", "1.1.0", "1.2.0", "lts"]);

      await app.proposals.apply(proposal.id, "bob", never);
      await drain();
      expect((await app.proposals.show(proposal.id, never)).removals).toMatchObject([{ outcome: "removed" }]);
      expect(await tags()).toEqual({
        "1.1.0": upstream.digestOfId("b"),
        "1.2.0": upstream.digestOfId("c"),
        lts: upstream.digestOfId("b"),
      });
      expect(await registry.headManifest("app", upstream.digestOfId("a"), never)).toBeUndefined();
      const imports = await app.listImports({ watch: "default/app" }, never);
      expect(
        imports.imports.map(({ source, state }) => `${source.split(":").at(-1)} ${state}`).sort(),
      ).toEqual(["1.0.0 removed", "1.1.0 done", "1.2.0 done"]);
    },
  );

  it.each(targets)(
    "a locked import is neither overwritten nor removed until it is unlocked: $name",
    async ({ start, locks }) => {
      const { app, upstream, publish, drain, tags, registry } = await startRig(await start(), {
        Tags: "semver *",
        Keep: "1",
        Lock: "locked",
      });
      await publish({ "1.0.0": "a" });
      await publish({ "1.1.0": "b" });
      const [first] = (await app.listImports({ watch: "default/app" }, never)).imports;
      expect(first).toMatchObject({ state: "done", locked: locks });
      const pushed = await registry.getManifest("app", "1.1.0", never);
      if (pushed === undefined) throw new Error("1.1.0 is not there");
      if (locks === "registry") {
        await failureOf(() => registry.putManifest("app", "1.0.0", pushed, never), "conflict");
        await failureOf(() => registry.deleteManifest("app", pushed.descriptor.digest, never), "conflict");
      }
      const refused = await app.proposals.propose({}, "ann", never);
      expect(refused.kept).toMatchObject([{ rule: "locked" }]);

      const image = `${registry.host}/app:1.0.0`;
      expect(await app.unlock({ image, reason: "old" }, "ann", never)).toMatchObject({ by: locks });
      const proposal = await app.proposals.propose({}, "ann", never);
      await app.proposals.apply(proposal.id, "bob", never);
      await drain();
      expect(await tags()).toEqual({ "1.1.0": upstream.digestOfId("b") });
    },
  );

  it.each(targets)(
    "a tracked tag leaves what it had under the day's tag, which retention takes away: $name",
    async ({ start }) => {
      const { app, upstream, publish, drain, tags, registry } = await startRig(await start(), {
        Track: "stable",
        Previous: "keep",
      });
      await publish({ stable: "a" });
      await publish({ stable: "b" });
      const names = Object.entries(await tags());
      expect(names.map(([, digest]) => digest)).toEqual([upstream.digestOfId("b"), upstream.digestOfId("a")]);
      expect(names[1]?.[0]).toMatch(/^stable-\d{8}$/);

      const proposal = await app.proposals.propose({}, "ann", never);
      expect(proposal.removals).toMatchObject([{ kind: "dated", digest: upstream.digestOfId("a") }]);
      await app.proposals.apply(proposal.id, "bob", never);
      await drain();
      expect(await tags()).toEqual({ stable: upstream.digestOfId("b") });
      expect(await registry.headManifest("app", upstream.digestOfId("a"), never)).toBeUndefined();
    },
  );

  it("a docker-registry whose deletion is off loses nothing, and people read how to switch it on", async () => {
    const target = await startDockerRegistry(programs, { login: user });
    const { app, publish, drain, tags } = await startRig(target, { Tags: "semver *", Keep: "1" });
    await publish({ "1.0.0": "a" });
    await publish({ "1.1.0": "b" });
    const proposal = await app.proposals.propose({}, "ann", never);
    await app.proposals.apply(proposal.id, "bob", never);
    await drain();
    const { removals, state } = await app.proposals.show(proposal.id, never);
    expect(state).toBe("applied");
    expect(removals).toMatchObject([
      { outcome: "failed", why: expect.stringContaining("storage.delete.enabled") },
    ]);
    expect(Object.keys(await tags())).toEqual(["1.0.0", "1.1.0"]);
    const imports = await app.listImports({ watch: "default/app", state: "done" }, never);
    expect(imports.imports).toHaveLength(2);
  });
});
