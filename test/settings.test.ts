import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSettings } from "../shared/settings.ts";
import { generateKeyPair } from "../shared/signing/signing-key.ts";
import { makeCertificate } from "./support/certificate.ts";
import { failureOf } from "./support/failures.ts";

const least = { AzureWebJobsStorage: "UseDevelopmentStorage=true", WHARFGATE_TARGET: "mine.azurecr.io" };
const read = (more: Readonly<Record<string, string>> = {}) => readSettings({ ...least, ...more });

describe("the settings", () => {
  it("need a storage account and a target, and default the rest", () => {
    const settings = read();
    expect(settings).toMatchObject({
      storage: { kind: "connection-string", connectionString: "UseDevelopmentStorage=true" },
      identity: { source: "default" },
      target: { host: "mine.azurecr.io" },
      method: "copy",
      channels: [],
      leaseMs: 300_000,
      deadlineMs: 7_200_000,
      notifyWindowMs: 30_000,
      callers: "keyed",
    });
    for (const host of ["docker.io", "mcr.microsoft.com", "ghcr.io", "quay.io", "mine.azurecr.io"]) {
      expect(settings.registries.find(host)?.scheme).toBe("https");
    }
    expect(settings.registries.find("evil.example")).toBeUndefined();
    for (const absent of ["acr", "agentPool", "ca", "statusUrl", "signingKey"])
      expect(settings).not.toHaveProperty(absent);
  });

  it("hold the key that signs, from its text", () => {
    const { privatePem, publicPem } = generateKeyPair();
    expect(read({ WHARFGATE_SIGNING_KEY: privatePem }).signingKey?.public.pem).toBe(publicPem);
  });

  it("hold limits of hosts, known ones unless set", () => {
    const base = { AzureWebJobsStorage: "x", WHARFGATE_TARGET: "r.example" };
    expect(readSettings(base).limits.of("quay.io")).toMatchObject({ requestsPerSecond: 5 });
    const { limits } = readSettings({ ...base, WHARFGATE_LIMITS: "quay.io rps=1" });
    expect(limits.of("quay.io")).toMatchObject({ requestsPerSecond: 1 });
  });

  it("hold the policy, an open one unless set, and the names of the app's credentials", async () => {
    const asked = { source: { host: "docker.io", path: "library/nginx" }, tag: "1", watch: "default/nginx" };
    expect(read().policy.demandsOn(asked)).toEqual({ verify: [] });
    const rules = '{"rules":[{"source":"ghcr.io/**"}]}';
    expect(read({ WHARFGATE_POLICY: rules }).policy.demandsOn(asked)).toBeUndefined();
    const wrong = { WHARFGATE_POLICY: '{"rules":[{}]}', WHARFGATE_APP_CREDENTIALS: "HUB" };
    const { message } = await failureOf(() => read(wrong), "invalid");
    expect(message).toContain("WHARFGATE_POLICY: The policy cannot be used: rules.0 has neither");
    expect(message).toContain('WHARFGATE_APP_CREDENTIALS: "HUB" is not a credential');
    const { appCredentials } = read({ WHARFGATE_APP_CREDENTIALS: "HUB=docker.io" });
    expect([...appCredentials]).toEqual([["HUB", "docker.io"]]);
  });

  it("name all that is wrong at once", async () => {
    const { message } = await failureOf(
      () =>
        readSettings({
          WHARFGATE_METHOD: "ftp",
          WHARFGATE_LEASE: "soon",
          WHARFGATE_CHANNEL_OPS: "{}",
          WHARFGATE_CREDENTIAL_HUB: "hunter2",
          WHARFGATE_CA_FILE: "/no/such/file",
          WHARFGATE_UPSTREAMS: "http://*",
          WHARFGATE_LIMITS: "docker.io rps=fast",
        }),
      "invalid",
    );
    expect(
      message
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(/[ :]/)[0]),
    ).toEqual([
      "AzureWebJobsStorage",
      "WHARFGATE_TARGET",
      "WHARFGATE_UPSTREAMS",
      "WHARFGATE_LIMITS",
      "WHARFGATE_METHOD",
      "WHARFGATE_CHANNEL_OPS",
      "WHARFGATE_CREDENTIAL_HUB",
      "WHARFGATE_CA_FILE",
      "WHARFGATE_LEASE",
    ]);
    expect(message).not.toContain("hunter2");
  });

  it.each([
    {
      name: "a resource id",
      env: { WHARFGATE_ACR_ID: "/subscriptions/x" },
      is: { method: "acr-import", target: { credential: "entra" }, acr: { resourceId: "/subscriptions/x" } },
    },
    {
      name: "a resource id and a method",
      env: { WHARFGATE_ACR_ID: "/subscriptions/x", WHARFGATE_METHOD: "copy" },
      is: { method: "copy" },
    },
    {
      name: "an ARM endpoint",
      env: { WHARFGATE_ACR_ID: "/s", WHARFGATE_ARM_ENDPOINT: "https://arm" },
      is: { acr: { resourceId: "/s", armEndpoint: "https://arm" } },
    },
    {
      name: "a credential for the target",
      env: { WHARFGATE_TARGET_CREDENTIAL: "env:T" },
      is: { target: { credential: "env:T" } },
    },
    {
      name: "a managed identity",
      env: { IDENTITY_ENDPOINT: "http://x", AZURE_CLIENT_ID: "id" },
      is: { identity: { source: "managed-identity", clientId: "id" } },
    },
    {
      name: "times",
      env: { WHARFGATE_LEASE: "30", WHARFGATE_IMPORT_DEADLINE: "60", WHARFGATE_NOTIFY_WINDOW: "0" },
      is: { leaseMs: 30_000, deadlineMs: 60_000, notifyWindowMs: 0 },
    },
    {
      name: "authentication by the platform",
      env: { WEBSITE_AUTH_ENABLED: "True" },
      is: { callers: "named" },
    },
    {
      name: "callers that must have app roles, whatever the platform says",
      env: { WHARFGATE_CALLERS: "named" },
      is: { callers: "named" },
    },
    {
      name: "values of spaces",
      env: { WHARFGATE_METHOD: " ", WHARFGATE_STATUS_URL: "" },
      is: { method: "copy" },
    },
  ])("take $name", ({ env, is }) => {
    expect(read(env as Record<string, string>)).toMatchObject(is);
  });

  it("cannot take app roles away", async () => {
    const { message } = await failureOf(
      () => read({ WHARFGATE_CALLERS: "keyed", WEBSITE_AUTH_ENABLED: "True" }),
      "invalid",
    );
    expect(message).toContain('WHARFGATE_CALLERS: "keyed" is not "named"');
  });

  it("take an agent pool with its tool and limit", async () => {
    const tool = `tools/crane@sha256:${"a".repeat(64)}`;
    const env = { WHARFGATE_AGENT_POOL: "pool1", WHARFGATE_COPY_TOOL: tool, WHARFGATE_QUEUED_LIMIT: "60" };
    expect(read(env).agentPool).toMatchObject({ pool: "pool1", queuedLimitMs: 60_000 });
    const { message } = await failureOf(() => read({ WHARFGATE_AGENT_POOL: "pool1" }), "invalid");
    expect(message).toContain("WHARFGATE_COPY_TOOL");
  });
});

describe("the storage account", () => {
  it("is found by its name", () => {
    const env = { ...least, AzureWebJobsStorage: "", AzureWebJobsStorage__accountName: "acct" };
    expect(readSettings(env).storage).toEqual({
      kind: "identity",
      blobServiceUri: "https://acct.blob.core.windows.net",
      queueServiceUri: "https://acct.queue.core.windows.net",
      tableServiceUri: "https://acct.table.core.windows.net",
    });
  });

  it("is found by its three services", async () => {
    const uris = {
      AzureWebJobsStorage__blobServiceUri: "https://b",
      AzureWebJobsStorage__queueServiceUri: "https://q",
      AzureWebJobsStorage__tableServiceUri: "https://t",
    };
    const { AzureWebJobsStorage: _, ...rest } = least;
    expect(readSettings({ ...rest, ...uris }).storage).toMatchObject({ tableServiceUri: "https://t" });
    const { AzureWebJobsStorage__tableServiceUri: __, ...two } = uris;
    expect((await failureOf(() => readSettings({ ...rest, ...two }), "invalid")).message).toContain(
      "AzureWebJobsStorage is not set",
    );
  });
});

describe("the target", () => {
  it.each([
    { entry: "mine.azurecr.io", host: "mine.azurecr.io" },
    { entry: "http://127.0.0.1:5000=127.0.0.0/8", host: "127.0.0.1:5000" },
    { entry: "registry:5000=10.0.0.0/8", host: "registry:5000" },
  ])("$entry is $host", ({ entry, host }) => {
    const { target, registries } = read({ WHARFGATE_TARGET: entry });
    expect(target.host).toBe(host);
    expect(registries.find(host)).toBeDefined();
  });

  it.each([
    { entry: "mine.azurecr.io/path", says: "WHARFGATE_TARGET: " },
    { entry: "http://*", says: "WHARFGATE_TARGET: " },
    { entry: "a.example b.example", says: "WHARFGATE_TARGET: " },
    // In a reference this would be read as docker.io/registry/…
    {
      entry: "registry",
      says: '"registry" does not name one registry: expected [http://]host[:port][=cidr], with a dot or a port in the host',
    },
  ])("is not $entry", async ({ entry, says }) => {
    expect((await failureOf(() => read({ WHARFGATE_TARGET: entry }), "invalid")).message).toContain(says);
  });
});

describe("channels and credentials", () => {
  const teams = '{"kind":"teams","webhookUrl":"https://example.org/hook"}';

  it("have the names of their variables", () => {
    const hub = '{"host":"index.docker.io","username":"u","password":"p"}';
    const settings = read({
      WHARFGATE_CHANNEL_ON_CALL: teams,
      WHARFGATE_CHANNEL_OPS: teams,
      WHARFGATE_CREDENTIAL_HUB: hub,
    });
    expect(settings.channels.map(({ name, kind }) => [name, kind])).toEqual([
      ["on-call", "teams"],
      ["ops", "teams"],
    ]);
    expect(settings.credentials).toEqual(
      new Map([["HUB", { host: "docker.io", username: "u", password: "p" }]]),
    );
  });

  it.each(["1OPS", "O'PS", `X${"Y".repeat(40)}`])("are refused under the name %s", async (name) => {
    const { message } = await failureOf(() => read({ [`WHARFGATE_CHANNEL_${name}`]: teams }), "invalid");
    expect(message).toContain("is not a channel name");
  });

  it.each([
    { json: "user:hunter2", says: 'not JSON: expected {"host":"docker.io"' },
    { json: "null", says: 'expected {"host":"docker.io"' },
    { json: '{"host":"docker.io","username":"hunter2"}', says: 'expected {"host":"docker.io"' },
    { json: '{"host":"a b","username":"u","password":"hunter2"}', says: "is not a registry host" },
  ])("are refused for $says, without a word of the secret", async ({ json, says }) => {
    const { message } = await failureOf(() => read({ WHARFGATE_CREDENTIAL_HUB: json }), "invalid");
    expect(message).toContain("WHARFGATE_CREDENTIAL_HUB: ");
    expect(message).toContain(says);
    expect(message).not.toContain("hunter2");
  });
});

describe("the proxy", () => {
  const find = (env: Record<string, string>, url = "https://ghcr.io/") =>
    read(env).proxies.find(new URL(url))?.url.host;

  it.each([
    {
      name: "ours before all",
      env: { WHARFGATE_PROXY: "a:1", https_proxy: "b:1", HTTPS_PROXY: "c:1" },
      is: "a:1",
    },
    { name: "the lower-case name", env: { https_proxy: "b:1", HTTPS_PROXY: "c:1" }, is: "b:1" },
    { name: "the upper-case name", env: { HTTPS_PROXY: "c:1" }, is: "c:1" },
    { name: "none for https by HTTP_PROXY", env: { HTTP_PROXY: "c:1" }, is: undefined },
    { name: "none for an exception", env: { WHARFGATE_PROXY: "a:1", NO_PROXY: "ghcr.io" }, is: undefined },
    {
      name: "the lower-case exception",
      env: { WHARFGATE_PROXY: "a:1", no_proxy: "x.example", NO_PROXY: "ghcr.io" },
      is: "a:1",
    },
  ])("is $name", ({ env, is }) => {
    expect(find(env as Record<string, string>)).toBe(is);
  });

  it("is for http by its own name", () => {
    expect(find({ HTTP_PROXY: "c:1", HTTPS_PROXY: "d:1" }, "http://registry.corp/")).toBe("c:1");
  });

  it.each(["WHARFGATE_PROXY", "https_proxy", "HTTP_PROXY"])(
    "does not tell the password of %s",
    async (name) => {
      const { message } = await failureOf(() => read({ [name]: "socks5://u:hunter2@p:1" }), "invalid");
      expect(message).toContain(`${name}: `);
      expect(message).not.toContain("hunter2");
    },
  );
});

describe("token hosts and client certificates", () => {
  it("are read", async () => {
    const { cert, key } = await makeCertificate();
    const settings = read({
      WHARFGATE_TOKEN_HOSTS: "registry.corp:5443=gitlab.corp",
      WHARFGATE_CLIENT_CERT_CORP: JSON.stringify({ host: "Registry.corp:5443", cert, key }),
    });
    expect(settings.tokenHosts.get("registry.corp:5443")).toEqual(["gitlab.corp"]);
    expect(read({ WHARFGATE_ENTRA_HOSTS: "Other.azurecr.io, cn.azurecr.cn" }).entraHosts).toEqual([
      "other.azurecr.io",
      "cn.azurecr.cn",
    ]);
    expect([...read({ WHARFGATE_KEY_VAULTS: "ops" }).keyVaults]).toEqual([
      ["ops", "https://ops.vault.azure.net"],
    ]);
    const vault = "https://ops.vault.azure.net/secrets";
    const sets = read({ WHARFGATE_CACHE_CREDENTIAL_SETS: `docker.io=hub-set;${vault}/user;${vault}/token` });
    expect(sets.credentialSets.get("docker.io")?.name).toBe("hub-set");
    expect([...settings.clientCertificates]).toEqual([["registry.corp:5443", { cert, key }]]);
  });

  it.each([
    { env: { WHARFGATE_TOKEN_HOSTS: "registry.corp" }, says: "WHARFGATE_TOKEN_HOSTS: " },
    {
      env: { WHARFGATE_CLIENT_CERT_A: '{"host":"a.corp","pfx":"/no/such"}' },
      says: "WHARFGATE_CLIENT_CERT_A: ",
    },
    { env: { WHARFGATE_CLIENT_CERT_A: "x" }, says: "WHARFGATE_CLIENT_CERT_A: expected" },
    { env: { NO_PROXY: "<local>" }, says: "NO_PROXY: " },
    { env: { WHARFGATE_ENTRA_HOSTS: "azurecr.io.evil.example" }, says: "WHARFGATE_ENTRA_HOSTS: " },
    { env: { WHARFGATE_KEY_VAULTS: "http://v" }, says: "WHARFGATE_KEY_VAULTS: " },
    { env: { WHARFGATE_CACHE_CREDENTIAL_SETS: "docker.io=hub" }, says: "WHARFGATE_CACHE_CREDENTIAL_SETS: " },
    { env: { WHARFGATE_SIGNING_KEY: "/no/such.pem" }, says: "WHARFGATE_SIGNING_KEY: " },
  ])("are refused for $says", async ({ env, says }) => {
    expect((await failureOf(() => read(env as Record<string, string>), "invalid")).message).toContain(says);
  });
});

describe("seconds", () => {
  it.each(["-1", "1.5", "5m", "1e3", "1234567"])("are not %s", async (text) => {
    expect((await failureOf(() => read({ WHARFGATE_LEASE: text }), "invalid")).message).toContain(
      `WHARFGATE_LEASE: "${text}" is not a whole number of seconds`,
    );
  });
});

describe("the file of certificates", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "wharfgate-settings-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is read", () => {
    const file = join(folder, "ca.pem");
    writeFileSync(file, "PEM");
    expect(read({ WHARFGATE_CA_FILE: file }).ca).toBe("PEM");
  });
});

describe("how long what refers to an image asked for by name is looked for", () => {
  const day = 24 * 3_600_000;
  it.each([
    [{}, 30 * day],
    [{ WHARFGATE_REFERRERS_DAYS: "7" }, 7 * day],
    [{ WHARFGATE_REFERRERS_DAYS: "0" }, 0],
  ])("is read from days: %j", (environment, followMs) => {
    expect(read(environment).followMs).toBe(followMs);
  });
});

describe("what retention leaves alone", () => {
  it("is nothing but what came in within a week unless told otherwise", () => {
    expect(read()).toMatchObject({ retained: [], graceMs: 7 * 24 * 3_600_000 });
  });

  it("is read from patterns parted by spaces, and from days", () => {
    const { retained, graceMs } = read({
      WHARFGATE_RETAIN: "mirror/base:.*  mirror/app:1\\.[0-9]{1,2}",
      WHARFGATE_RETAIN_DAYS: "0",
    });
    expect(retained.map(({ text }) => text)).toEqual(["mirror/base:.*", "mirror/app:1\\.[0-9]{1,2}"]);
    expect(retained[1]?.test("mirror/app:1.27")).toBe(true);
    expect(retained[1]?.test("mirror/app:1.27.1")).toBe(false);
    expect(graceMs).toBe(0);
  });

  it.each([
    [{ WHARFGATE_RETAIN: "mirror/base" }, "has no colon"],
    [{ WHARFGATE_RETAIN: "a:(" }, "is not an RE2 pattern"],
    [{ WHARFGATE_RETAIN_DAYS: "a week" }, "is not a whole number of days"],
  ])("is refused: %j", async (environment, reason) => {
    expect((await failureOf(() => read(environment), "invalid")).message).toContain(reason);
  });
});
