import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import type { LoopbackServer } from "../../local/loopback-server.ts";
import { type App, createApp } from "../../shared/app.ts";
import { readSettings } from "../../shared/settings.ts";
import { generateKeyPair } from "../../shared/signing/signing-key.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../support/local-registry.ts";
import { makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";

const main = resolve(import.meta.dirname, "../../dist/cli/main.js");
const site = "factory-7";
const images = 6;

let folder = "";
let azurite: Azurite;
let app: App;
let hub: RegistryUnderTest;
let far: RegistryUnderTest;
let proxies: readonly LoopbackServer[];
let environment: Record<string, string>;
let child: ChildProcess | undefined;
/** Requests until the command is killed. */
let left = Number.POSITIVE_INFINITY;
let requests = 0;

const watchpoint = (): boolean => {
  requests += 1;
  left -= 1;
  if (left > 0) return true;
  child?.kill("SIGKILL");
  return false;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "wharfgate-bundle-kill-"));
  [azurite, hub, far] = await Promise.all([
    startAzurite({ data: "memory", log: () => {} }),
    startRegistryUnderTest({ kind: "anonymous" }),
    startRegistryUnderTest({ kind: "anonymous" }),
  ]);
  proxies = await Promise.all(
    [hub, far].map(({ origin }) => startCountingProxy(new URL(origin), watchpoint)),
  );
  for (const name of ["hub", site]) {
    const { privatePem, publicPem } = generateKeyPair();
    writeFileSync(join(folder, `${name}.pem`), privatePem);
    writeFileSync(join(folder, `${name}.pub.pem`), publicPem);
  }
  environment = {
    AzureWebJobsStorage: azurite.connectionString,
    WHARFGATE_TARGET: `http://${proxies[0]?.host}=127.0.0.0/8`,
    WHARFGATE_SIGNING_KEY: join(folder, "hub.pem"),
  };
  app = createApp(readSettings(environment));
  for (let at = 0; at < images; at += 1) {
    const tag = `1.${at}`;
    const { digest } = await hub.client.pushImage("suite/one", tag, `image ${at}`);
    const target = { host: proxies[0]?.host ?? "", path: "suite/one", tag };
    const record = makeRecord({ digest, tag, target, state: "done", endedAt: new Date() });
    await app.stores.ledger.add([{ record }], never);
  }
  const key = readFileSync(join(folder, `${site}.pub.pem`), "utf8");
  await app.sites.add({ name: site, key, actor: "test", existing: "keep" }, never);
});

afterAll(async () => {
  await app.close();
  await Promise.all([azurite.stop(0), hub.close(), far.close(), ...proxies.map((proxy) => proxy.close())]);
  rmSync(folder, { recursive: true });
});

/** The command in a process of its own, killed at its request of that number. */
async function run(args: readonly string[], killAt = Number.POSITIVE_INFINITY): Promise<number | null> {
  requests = 0;
  left = killAt;
  const started = spawn(process.execPath, [main, ...args], {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: "ignore",
  });
  child = started;
  return new Promise((done) => started.once("exit", (code) => done(code)));
}

const file = () => join(folder, "bundle.tar");
const exporting = () => ["bundle", "export", "--site", site, "--watch", "default/app", "--out", file()];
const importing = () => [
  ...["bundle", "import", file(), "--site", site, "--registry", `http://${proxies[1]?.host}`],
  ...["--trust", "hub.pub.pem", "--key", `${site}.pem`, "--receipt", "receipt.json"],
];

describe("the commands for bundles, killed by signal 9", () => {
  it("go on to the same end", { timeout: 300_000 }, async () => {
    for (const killAt of [2, 20, 30, 41]) {
      expect(await run(exporting(), killAt), `export killed at ${killAt}`).toBeNull();
      expect(existsSync(file())).toBe(false);
    }
    expect(await run(exporting())).toBe(0);
    expect(requests).toBeLessThan(40);
    expect((await app.sites.list(never))[0]?.sequence).toBe(1);

    for (const killAt of [1, 7, 20, 43]) {
      expect(await run(importing(), killAt), `import killed at ${killAt}`).toBeNull();
      expect(existsSync(join(folder, "receipt.json"))).toBe(false);
    }
    expect(await run(importing())).toBe(0);
    const text = readFileSync(join(folder, "receipt.json"), "utf8");
    const result = await app.sites.acknowledge({ text, actor: "test" }, never);
    expect(result).toMatchObject({
      kind: "new",
      refused: [],
      inventory: { tags: images, manifests: images },
    });
    for (let at = 0; at < images; at += 1) {
      const path = `/v2/suite/one/manifests/1.${at}`;
      const [here, there] = await Promise.all([hub, far].map(({ client }) => client.send("HEAD", path)));
      expect(there?.headers.get("docker-content-digest")).toBe(here?.headers.get("docker-content-digest"));
    }
  });
});
