import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startUp, type Up, wharfgate } from "../support/up.ts";

interface ImportView {
  readonly importId: string;
  readonly state: string;
  readonly source: string;
  readonly digest: string;
  readonly target: string;
  readonly method: string;
}

const patience = { timeout: 60_000, interval: 250 };
const manifests = {
  accept:
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json",
};
let up: Up;
let blocker: Server;

beforeAll(async () => {
  blocker = await occupy(5001);
  up = await startUp();
}, 90_000);

afterAll(async () => {
  blocker?.close();
  // A failed test has left it running; one that has ended already takes no harm.
  await up?.interrupt();
  await up?.forget();
});

describe("wharfgate up", () => {
  it("imports by all three methods, from the timer to the proof at the target", async () => {
    // On a slow machine the demo's next release may be among them already.
    await expect.poll(async () => (await states()).done ?? 0, patience).toBeGreaterThanOrEqual(10);
    const imports = (await list()).filter(({ state }) => state === "done");
    expect(new Set(imports.map(({ method }) => method))).toEqual(
      new Set(["acr-import", "agent-pool", "copy"]),
    );
    for (const { source, target, digest } of imports.filter(({ source }) => !source.endsWith(":latest"))) {
      expect([target, await digestAt(target)]).toEqual([target, digest]);
      expect([source, await digestAt(source)]).toEqual([source, digest]);
    }
    const floating = imports.filter(({ source }) => source.endsWith(":latest"));
    expect(floating.map(({ digest }) => digest)).toContain(await digestAt(floating[0]?.target ?? ""));
  });

  it("announces every import by a card and by a mail, several in one message", async () => {
    const targets = (await list()).map(({ target }) => target.slice(target.indexOf("/") + 1));
    const unsaid = async () => {
      const said = (await inbox()).messages.map(({ mail }) => mail?.text ?? "").join("\n");
      return targets.filter((target) => !said.includes(target));
    };
    await expect.poll(unsaid, patience).toEqual([]);
    const { messages } = await inbox();
    const cards = messages.filter(({ kind }) => kind === "card").length;
    expect(cards).toBeGreaterThan(0);
    expect(cards).toBeLessThan(targets.length);
    expect(messages.length - cards).toBeLessThan(targets.length);
  });

  it("says which port was taken", () => {
    expect(up.output()).toMatch(/private registry\s+http:\/\/127\.0\.0\.1:\d+\s+\(port 5001 is taken\)/);
  });

  it("explains every tag by the command line", async () => {
    const { code, stdout } = await wharfgate(up.dir, "plan", "demo/web", "--explain");
    expect(code).toBe(0);
    expect(stdout).toMatch(/= have\s+1\.4\.2\s+version/);
    expect(stdout).toMatch(/- skip\s+1\.5\.0-rc\.1\s+prerelease/);
    expect(stdout).toMatch(/- skip\s+1\.3\.0\s+superseded/);
    expect(stdout).toMatch(/- skip\s+sha256-[0-9a-f]{64}\.sig\s+artifact/);
  });

  it("suggests a watch by which the command line then follows the repository", async () => {
    const source = `${upstreamHost()}/demo/api`;
    const { code, stdout } = await wharfgate(up.dir, "--json", "watch", "suggest", source);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "row",
      row: {
        columns: { Tags: "semver *", Cooldown: "3d" },
        selects: { count: 5, newest: ["v2.1.1", "v2.1.0", "v2.0.1", "v2.0.0", "v1.9.3"] },
      },
    });
  });

  it("plans a changed row by the command line and by HTTP: what comes in, what leaves, what it takes", async () => {
    const change = ["plan", "demo/web", "--with", "Tags=semver >=1.3 <1.4", "--with", "Keep="];
    const { code, stdout, stderr } = await wharfgate(up.dir, ...change, "--check");
    expect([code, stderr]).toEqual([3, ""]);
    expect(stdout).toMatch(/\+ enters\s+1\.3\.0\s+version\s+-> .*:1\.3\.0\s+now superseded/);
    expect(stdout).toMatch(/- leaves\s+1\.4\.2\s+out-of-range/);
    expect(stdout).toMatch(/to move\s+\d+\.\d [kM]B for 1 image;/);
    const answer = await api("POST", "plan", { body: { watch: "demo/web", with: { Keep: "1" }, top: 1 } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      watch: "demo/web",
      groups: expect.arrayContaining([
        expect.objectContaining({ verdict: "leaves", count: 2 }),
        expect.objectContaining({ verdict: "stays", count: 2 }),
        expect.objectContaining({ verdict: "skip", reason: "out-of-range" }),
      ]),
      cost: { images: 0 },
    });
  });

  it("finds an upstream's repositories by the command line and by HTTP", async () => {
    const { code, stdout } = await wharfgate(up.dir, "watch", "discover", `${upstreamHost()}/demo/*`);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\d+ followed: a watch follows it\n\s+demo\/[a-z]+\s+demo\/[a-z]+/);
    const answer = await api("POST", "discover", { body: { source: upstreamHost(), include: "demo/web" } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      added: 0,
      counts: { followed: 1 },
      repositories: expect.arrayContaining([
        { repository: "demo/web", verdict: "followed", watch: "demo/web" },
      ]),
    });
  });

  it("follows a watch that is added, and shows, lists and removes it", async () => {
    const source = `${upstreamHost()}/demo/api`;
    const added = await wharfgate(
      up.dir,
      "watch",
      "add",
      source,
      "--tags",
      "semver ^1.9.0",
      "--target",
      "added/{name}:{tag}",
      "--method",
      "copy",
    );
    expect([added.code, added.stderr]).toEqual([0, ""]);
    await expect
      .poll(
        async () =>
          (await list())
            .filter(({ target }) => target.includes("/added/api:v1.9.3"))
            .map(({ state }) => state),
        patience,
      )
      .toEqual(["done"]);
    const shown = await wharfgate(up.dir, "--json", "watch", "show", "default/api");
    expect(JSON.parse(shown.stdout)).toMatchObject({
      watch: "default/api",
      state: "followed",
      columns: { Source: source },
    });
    expect((await wharfgate(up.dir, "watch", "list")).stdout).toContain("default/api");
    expect((await wharfgate(up.dir, "watch", "rm", "api")).code).toBe(0);
    expect((await wharfgate(up.dir, "watch", "show", "api")).code).toBe(1);
  });

  it.each([
    ["a bad column value", ["watch", "add", "docker.io/library/nginx", "--tags", "semver >>1"], 2, /Tags/],
    [
      "a column with a word that it does not know",
      ["watch", "add", "docker.io/library/nginx", "--tags", "semver *", "--approval", "sometimes"],
      2,
      /Approval must be never or always or major, not "sometimes"/,
    ],
    [
      "a verifier and a channel that nobody has",
      [
        "watch",
        "add",
        "docker.io/library/nginx",
        "--tags",
        "semver *",
        "--verify",
        "acme",
        "--notify",
        "ops",
      ],
      2,
      /no verifier "acme", there is none yet.* no channel "ops", there is mail, teams/,
    ],
    ["a watch that does not exist", ["plan", "no/such"], 1, /There is no watch no\/such/],
    ["an image that does not exist", ["import", "127.0.0.1:1/a/b:1"], 1, /127\.0\.0\.1:1/],
    ["an option's bad value", ["plan", "demo/web", "--reads", "many"], 2, /^wharfgate: --reads must be/],
    ["an unknown command", ["frobnicate"], 2, /unknown command/],
  ])("refuses %s with a message and an exit code", async (_, args, code, message) => {
    const result = await wharfgate(up.dir, ...args);
    expect([result.code, result.stdout]).toEqual([code, ""]);
    expect(result.stderr).toMatch(message);
  });

  it("imports by HTTP: 202 with Location, the same key gives the same import", async () => {
    const body = {
      source: `${upstreamHost()}/demo/web:1.0.0`,
      target: "byhand/web:{tag}",
      platforms: ["linux/arm64"],
    };
    const first = await api("POST", "imports", { body, key: "order-17" });
    expect(first.status).toBe(202);
    const location = first.headers.get("location") ?? "";
    const again = await api("POST", "imports", { body, key: "order-17" });
    expect([again.status, again.headers.get("location")]).toEqual([202, location]);
    const other = await api("POST", "imports", {
      body: { ...body, source: `${upstreamHost()}/demo/web:1.0.1` },
      key: "order-17",
    });
    expect(other.status).toBe(409);
    await expect
      .poll(
        async () => ((await (await fetch(location, { headers: keyed() })).json()) as ImportView).state,
        patience,
      )
      .toBe("done");
    const digest = await digestAt(`${registryHost()}/byhand/web:1.0.0`);
    expect(digest).toBe(await digestAt(`${upstreamHost()}/demo/web:1.0.0`));
  });

  it("fails an import whose platform is missing, and imports nothing of it", async () => {
    const body = {
      source: `${upstreamHost()}/demo/web:1.0.1`,
      target: "byhand/web:{tag}",
      platforms: ["linux/s390x"],
    };
    const { headers } = await api("POST", "imports", { body });
    const read = async () =>
      (await (await fetch(headers.get("location") ?? "", { headers: keyed() })).json()) as ImportView & {
        reason?: string;
      };
    await expect.poll(async () => (await read()).state, patience).toBe("failed");
    expect((await read()).reason).toContain("lacks linux/s390x");
    expect(await digestAt(`${registryHost()}/byhand/web:1.0.1`)).toBeNull();
  });

  it.each([
    ["no body", "POST", "imports", {}, 400, "not JSON"],
    [
      "an unknown field",
      "POST",
      "imports",
      { body: { source: "docker.io/library/nginx:1", tag: "2" } },
      400,
      "tag",
    ],
    [
      "neither tag nor digest",
      "POST",
      "imports",
      { body: { source: "docker.io/library/nginx" } },
      400,
      "neither a tag nor a digest",
    ],
    ["an import that does not exist", "GET", "imports/none", {}, 404, "There is no import"],
    ["an unknown filter", "GET", "imports?colour=red", {}, 400, "colour"],
    ["a watch that does not exist", "POST", "watches/no/such/poll", {}, 404, "There is no watch no/such"],
    ["a plan of nothing", "POST", "plan", { body: {} }, 400, "neither"],
    [
      "a catalogue that is not to be had",
      "POST",
      "discover",
      { body: { source: "docker.io" } },
      400,
      "one by one",
    ],
    [
      "a plan with a bad column",
      "POST",
      "plan",
      { body: { watch: "demo/web", with: { Keep: "none", Tagz: "x" } } },
      400,
      "did you mean Tags?; Keep must be",
    ],
  ])("answers %s with a problem document", async (_, method, path, options, status, detail) => {
    const response = await api(method, path, options);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      status,
      "application/problem+json",
    ]);
    expect(await response.json()).toMatchObject({ status, detail: expect.stringContaining(detail) });
  });

  it("wants a function key, except for healthz", async () => {
    const without = (path: string) => fetch(`${up.running.api}/${path}`);
    expect((await without("status")).status).toBe(401);
    expect((await without("imports")).status).toBe(401);
    expect((await without("healthz")).status).toBe(200);
  });

  it("polls a watch on demand and tells its status", async () => {
    expect((await api("POST", "watches/demo/web/poll")).status).toBe(202);
    const status = (await (await api("GET", "status")).json()) as {
      readonly watches: unknown[];
      readonly imports: { readonly done: number };
    };
    expect(status.imports.done).toBeGreaterThanOrEqual(10);
    expect(status.watches).toContainEqual(
      expect.objectContaining({ watch: "demo/web", state: "followed", tags: 4 }),
    );
  });

  it("ends by Ctrl-C without leaving a process", async () => {
    const children = await up.children();
    expect(children.length).toBeGreaterThanOrEqual(2);
    expect(await up.interrupt()).toBe(0);
    expect(children.filter(isAlive)).toEqual([]);
    await expect(fetch(`${up.running.api}/healthz`)).rejects.toThrow();
  });

  it("goes on with its data and imports nothing twice", async () => {
    up = await startUp({ dir: up.dir });
    expect((await list()).length).toBeGreaterThanOrEqual(10);
    await expect.poll(() => /poll {4}\d+ watch/.test(up.output()), patience).toBe(true);
    await expect.poll(async () => (await states()).pending ?? 0, patience).toBe(0);
    expect(up.output()).not.toMatch(/ {2}import /);
    expect(await up.interrupt()).toBe(0);
  });

  it("begins anew with --reset", async () => {
    up = await startUp({ dir: up.dir, args: ["--reset", "--no-demo"] });
    expect(await list()).toEqual([]);
    expect(await up.interrupt()).toBe(0);
  });

  it.each([
    { name: "storage", says: "The storage (Azurite) ended unasked (SIGKILL)" },
    { name: "functions", says: "The functions' process ended unasked (SIGKILL)" },
  ])("stops as a whole when its $name is killed, and says so", async ({ name, says }) => {
    up = await startUp({ dir: up.dir, args: ["--no-demo"] });
    const children = await up.children();
    const [storage = 0, functions = 0] = children;
    process.kill(name === "storage" ? storage : functions, "SIGKILL");
    expect(await up.ended).toBe(1);
    expect(up.output()).toContain(`${says}: everything else is stopped too. Start again: nothing is lost.`);
    expect(children.filter(isAlive)).toEqual([]);
  });
});

function keyed(): Record<string, string> {
  return { "x-functions-key": up.running.functionKey };
}

function api(
  method: string,
  path: string,
  { body, key }: { readonly body?: unknown; readonly key?: string } = {},
): Promise<Response> {
  return fetch(`${up.running.api}/${path}`, {
    method,
    headers: { ...keyed(), ...(key === undefined ? {} : { "idempotency-key": key }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function list(): Promise<readonly ImportView[]> {
  const response = await api("GET", "imports?top=1000");
  return ((await response.json()) as { readonly imports: readonly ImportView[] }).imports;
}

async function states(): Promise<Readonly<Record<string, number>>> {
  const counts: Record<string, number> = {};
  for (const { state } of await list()) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

interface InboxMessage {
  readonly kind: "card" | "mail";
  readonly mail?: { readonly text: string };
}

async function inbox(): Promise<{ readonly messages: readonly InboxMessage[] }> {
  const { webhookUrl } = JSON.parse(up.running.environment.WHARFGATE_CHANNEL_TEAMS ?? "{}") as {
    readonly webhookUrl: string;
  };
  return (await fetch(new URL("/messages", webhookUrl))).json() as Promise<{
    readonly messages: readonly InboxMessage[];
  }>;
}

/** Digest of `host/path:tag`, as the registry says; null when it is not there. The private one wants a token, as ACR does. */
async function digestAt(reference: string): Promise<string | null> {
  const [, host, path, tag] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const url = `http://${host}/v2/${path}/manifests/${tag}`;
  const token = host === registryHost() ? await pullToken(path ?? "") : undefined;
  const headers = { ...manifests, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  return (await fetch(url, { method: "HEAD", headers })).headers.get("docker-content-digest");
}

async function pullToken(path: string): Promise<string> {
  const query = new URLSearchParams({ service: registryHost(), scope: `repository:${path}:pull` });
  const response = await fetch(`http://${registryHost()}/oauth2/token?${query}`);
  return ((await response.json()) as { readonly access_token: string }).access_token;
}

function registryHost(): string {
  return /^http:\/\/([^=]+)=/.exec(up.running.environment.WHARFGATE_TARGET ?? "")?.[1] ?? "";
}

function upstreamHost(): string {
  return /demo upstream\s+http:\/\/(\S+)/.exec(up.output())?.[1] ?? "";
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Takes a port, unless somebody else has it already. */
function occupy(port: number): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(server));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}
