import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AcrCacheRule } from "../../shared/azure/acr-cache-port.ts";
import { createCacheRule } from "../../shared/methods/cache-rule.ts";
import { beside, ruleName } from "../../shared/methods/cache-rule-keep.ts";
import { parseCredentialSets, requireLoginFor } from "../../shared/methods/cache-rule-logins.ts";
import { createMethods, readsThrough } from "../../shared/methods/members.ts";
import type { ImportOrder, Method, Progress } from "../../shared/methods/method.ts";
import { Failure } from "../../shared/model/failure.ts";
import { tagListOf, tagPageOf } from "../../shared/model/tag-list.ts";
import { loginServer, type OneMachineArm, startOneMachineArm } from "../local/one-machine-arm.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, noise } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";
import { never } from "../support/registries.ts";
import { noRegistries, oneCredential } from "./ports.ts";

const children = ["amd64", "arm64"].map((each) => makeImage([makeBlob(noise(each, 3000))], each));
const index = { manifest: makeIndex(children.map(({ manifest }) => manifest)), blobs: [] };
const { digest } = index.manifest.descriptor;
const vault = "https://myvault.vault.azure.net/secrets";
const sets = parseCredentialSets(`docker.io=dockerhub;${vault}/user;${vault}/password`);

let machine: OneMachineArm;
let upstream: MemoryRegistry;
/** The registry, as its cache rule makes it look: what upstream has is there too. */
let target: MemoryRegistry;
let listed: string[];
let now: number;
let repository: string;

beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());

let number = 0;
beforeEach(() => {
  machine.clear();
  repository = `mirror/${number++}`;
  now = Date.parse("2026-11-01T12:00:00Z");
  upstream = createMemoryRegistry("quay.io");
  target = createMemoryRegistry(loginServer);
  listed = [];
  target.listTags = async (path) => {
    target.calls.push(`listTags ${path}`);
    if (listed.length === 0) throw new Failure("not-found", "no such repository");
    return tagListOf([tagPageOf(listed)]);
  };
  for (const each of [...children, index]) {
    upstream.put("org/app", each);
    target.put(repository, each);
  }
  upstream.put("org/app", index, "1.0");
  target.put(repository, index, "1.0");
});

const order = (): ImportOrder => ({
  key: "0".repeat(64),
  source: { host: "quay.io", path: "org/app", digest },
  target: { host: loginServer, path: repository, tag: "1.0" },
  existing: "keep",
});

function open(options: { readonly sets?: typeof sets } = {}): Method {
  return createCacheRule({
    acr: machine.acr,
    registries: { open: (host) => (host === loginServer ? target : upstream) },
    now: () => new Date(now),
    ...(options.sets && { credentialSets: options.sets }),
  });
}

/** Follows until the rule is there and the image was pulled `pulls` times, or it ends. */
async function follow(
  method: Method,
  wanted: ImportOrder,
  pulls = Number.POSITIVE_INFINITY,
): Promise<Progress> {
  let progress = await method.start(wanted, never);
  for (let asked = 0; progress.kind === "running" && asked < 200; asked++) {
    if (Number(progress.operation.pulls) >= pulls) return progress;
    progress = await method.check(wanted, progress.operation, never);
  }
  return progress;
}

describe("a cache rule", () => {
  it("is made, then the image is pulled through it, children and tag, and done when the target lists the tag", async () => {
    const pulled = await follow(open(), order(), 1);
    expect(pulled).toMatchObject({ kind: "running", operation: { pulls: 1 }, checkAfterMs: 10_000 });
    expect([...machine.cache.rules.values()]).toMatchObject([
      {
        name: ruleName({ source: "quay.io/org/app", target: repository }),
        source: "quay.io/org/app",
        target: repository,
      },
    ]);
    const asked = target.calls.filter((call) => call.startsWith("getManifest"));
    expect(asked).toHaveLength(4);
    expect(asked.at(-1)).toBe(`getManifest ${repository} 1.0`);
    expect(target.calls.some((call) => call.startsWith("getBlob"))).toBe(false);
    listed = ["0.9", "1.0"];
    if (pulled.kind !== "running") throw new Error("expected it to run");
    expect(await open().check(order(), pulled.operation, never)).toEqual({ kind: "done" });
  });

  it("pulls again at the next look what was not served yet", async () => {
    const started = await open().start(order(), never);
    if (started.kind !== "running") throw new Error("expected it to run");
    const tagged = `${repository}:1.0`;
    target.manifests.delete(tagged);
    await expect
      .poll(async () => (await machine.acr.listCacheRules(never))[0]?.state, { interval: 5 })
      .toBe("ready");
    expect(await open().check(order(), started.operation, never)).toMatchObject({ operation: { pulls: 0 } });
    target.put(repository, index, "1.0");
    expect(await open().check(order(), started.operation, never)).toMatchObject({ operation: { pulls: 1 } });
  });

  it("waits two minutes for the service to keep the image, then has the blobs pulled too", async () => {
    const once = await follow(open(), order(), 1);
    if (once.kind !== "running") throw new Error("expected it to run");
    now += 119_999;
    expect(await open().check(order(), once.operation, never)).toEqual(once);
    now += 1;
    const pulled = await open().check(order(), once.operation, never);
    expect(pulled).toMatchObject({ kind: "running", operation: { pulls: 2 } });
    expect(target.calls.filter((call) => call.startsWith("getBlob"))).toHaveLength(4);
  });

  it("goes on with the blobs where its time was up", async () => {
    // Each blob takes two of the four minutes.
    target.onCall = (call) => {
      if (call.startsWith("getBlob")) now += 120_000;
    };
    const once = await follow(open(), order(), 1);
    if (once.kind !== "running") throw new Error("expected it to run");
    now += 120_000;
    const paused = await open().check(order(), once.operation, never);
    expect(paused).toMatchObject({ kind: "running", operation: { pulls: 2, blobs: 2 }, checkAfterMs: 0 });
    if (paused.kind !== "running") throw new Error("expected it to run");
    target.calls.length = 0;
    await open().check(order(), paused.operation, never);
    expect(target.calls.filter((call) => call.startsWith("getBlob"))).toHaveLength(2);
  });

  it("brings in by digest what has no tag, whole at once, since no list will tell", async () => {
    const { host, path } = order().target;
    expect(await follow(open(), { ...order(), target: { host, path } })).toEqual({ kind: "done" });
    expect(target.calls.filter((call) => call.startsWith("getBlob"))).toHaveLength(4);
    expect(target.calls).not.toContain(`getManifest ${repository} 1.0`);
  });

  it("is given up when the service keeps nothing for an hour", async () => {
    const pulled = await follow(open(), order(), 1);
    if (pulled.kind !== "running") throw new Error("expected it to run");
    now += 3_600_000;
    const failure = await failureOf(() => open().check(order(), pulled.operation, never), "unavailable");
    expect(failure.message).toMatch(/did not keep .*:1\.0 in 60 min.*acr-import/);
  });

  it("waits while the service has not made it", async () => {
    machine.arm.faults.cacheRule = { kind: "hang" };
    const started = await open().start(order(), never);
    expect(started).toMatchObject({ kind: "running", operation: { pulls: 0 }, checkAfterMs: 5000 });
    if (started.kind !== "running") throw new Error("expected it to run");
    expect(await open().check(order(), started.operation, never)).toMatchObject({ operation: { pulls: 0 } });
    expect(target.calls.filter((call) => call.startsWith("getManifest"))).toEqual([]);
  });

  it("is made once by two imports at once", async () => {
    await Promise.all([open().start(order(), never), open().start(order(), never)]);
    expect(machine.cache.rules.size).toBe(1);
  });

  it("is not refused when another import makes it just then", async () => {
    const { acr } = machine;
    let looks = 0;
    const method = createCacheRule({
      acr: {
        ...acr,
        getCacheRule: async (name, signal) => (looks++ === 0 ? undefined : acr.getCacheRule(name, signal)),
        createCacheRule: async (rule, signal) => {
          await acr.createCacheRule(rule, signal);
          throw new Failure("invalid", "TargetRepositoryMatchesExistingRepository");
        },
      },
      registries: { open: (host) => (host === loginServer ? target : upstream) },
      now: () => new Date(now),
    });
    expect(await method.start(order(), never)).toMatchObject({ kind: "running" });
  });
});

describe("a cache rule is refused", () => {
  it.each([
    [
      "over a repository that exists",
      () => {
        listed = ["0.1"];
      },
      "conflict",
      /exists already.*another Target/,
    ],
    [
      "when its tag is another at the target",
      () => upstream.manifests.delete("org/app:1.0"),
      "invalid",
      /Target end in :\{tag\}/,
    ],
    [
      "when upstream's tag moved on",
      () => upstream.put("org/app", children[0] ?? index, "1.0"),
      "conflict",
      /quay\.io\/org\/app:1\.0 is .* by now/,
    ],
    [
      "when upstream deleted the image",
      () => upstream.manifests.delete(`org/app@${digest}`),
      "not-found",
      /deleted/,
    ],
    [
      "beside one that fills the same repository from elsewhere",
      () => machine.cache.rules.set("other", keptRule("other", "ghcr.io/x/y", repository)),
      "conflict",
      /cache rule other fills .* from ghcr\.io\/x\/y/,
    ],
  ] as const)("%s", async (_name, arrange, code, reason) => {
    arrange();
    expect(await open().start(order(), never)).toMatchObject({
      kind: "refused",
      code,
      reason: expect.stringMatching(reason),
    });
    expect(machine.answered).not.toContain("CacheRules_Create 201");
  });

  it("when it was made anew by hand for another source", async () => {
    const name = ruleName({ source: "quay.io/org/app", target: repository });
    machine.cache.rules.set(name, keptRule(name, "quay.io/org/other", repository));
    expect(await open().start(order(), never)).toMatchObject({
      kind: "refused",
      code: "conflict",
      reason: expect.stringContaining("changed by hand"),
    });
  });
});

const keptRule = (name: string, source: string, to: string) => ({
  name,
  source,
  target: to,
  creationDate: "",
});

describe("a credential set", () => {
  const hub = (): ImportOrder => ({ ...order(), source: { ...order().source, host: "docker.io" } });
  const healthy = () => machine.secrets.set(`${vault}/user`, "reader").set(`${vault}/password`, "s3cret");

  it("is made, and the rule with it", async () => {
    healthy();
    listed = [];
    expect(await follow(open({ sets }), hub(), 1)).toMatchObject({ operation: { pulls: 1 } });
    expect(machine.cache.sets.get("dockerhub")).toMatchObject({ loginServer: "docker.io" });
    expect([...machine.cache.rules.values()]).toMatchObject([{ credentialSet: "dockerhub" }]);
  });

  it("waits, and says what to do, while it is unhealthy", async () => {
    const started = await open({ sets }).start(hub(), never);
    if (started.kind !== "running") throw new Error("expected it to run");
    const call = () => open({ sets }).check(hub(), started.operation, never);
    await expect
      .poll(async () => (await machine.acr.getCredentialSet("dockerhub", never))?.state, { interval: 5 })
      .toBe("ready");
    const failure = await failureOf(call, "unavailable");
    expect(failure.message).toMatch(
      /dockerhub is unhealthy: SecretInaccessible: .*\(object id [0-9a-f-]{36}\) the role "Key Vault Secrets User" on myvault\.vault\.azure\.net/,
    );
    healthy();
    expect(await call()).toMatchObject({ kind: "running" });
  });

  it("is repaired, and put back, when it was changed by hand", async () => {
    healthy();
    machine.secrets.set(`${vault}/old`, "reader");
    const pulled = await follow(open({ sets }), hub(), 1);
    if (pulled.kind !== "running") throw new Error("expected it to run");
    const kept = machine.cache.sets.get("dockerhub");
    const [rule] = machine.cache.rules.values();
    if (kept === undefined || rule === undefined) throw new Error("nothing was made");
    machine.cache.sets.set("dockerhub", { ...kept, usernameSecret: `${vault}/old` });
    machine.cache.rules.set(rule.name, { ...rule, credentialSet: undefined });
    for (let asked = 0; asked < 20; asked++) await open({ sets }).check(hub(), pulled.operation, never);
    expect(machine.cache.sets.get("dockerhub")?.usernameSecret).toBe(`${vault}/user`);
    expect(machine.cache.rules.get(rule.name)?.credentialSet).toBe("dockerhub");
  });

  it("of that name for another registry is left alone", async () => {
    const made = { name: "dockerhub", loginServer: "ghcr.io", principalId: "p", creationDate: "" };
    const secrets = { usernameSecret: `${vault}/user`, passwordSecret: `${vault}/password` };
    machine.cache.sets.set("dockerhub", { ...made, ...secrets });
    expect(await open({ sets }).start(hub(), never)).toMatchObject({
      kind: "refused",
      code: "conflict",
      reason: expect.stringContaining("is for ghcr.io"),
    });
  });

  it.each([
    ["docker.io", "needed"],
    ["dhi.io", "needed"],
    ["other.azurecr.io", "needed"],
    ["europe-docker.pkg.dev", "needed"],
    ["registry.redhat.io", "needed"],
    ["mcr.microsoft.com", "unwanted"],
    ["public.ecr.aws", "unwanted"],
    ["registry.access.redhat.com", "unwanted"],
    ["ghcr.io", "either"],
    ["quay.io", "either"],
    ["registry.k8s.io", "either"],
    ["docker.io.example", "either"],
  ])("for %s is %s", (host, need) => {
    const set = { name: "aset1", loginServer: host, usernameSecret: "u", passwordSecret: "p" };
    const wrong = expect.objectContaining({
      code: "invalid",
      message: expect.stringContaining("WHARFGATE_CACHE_CREDENTIAL_SETS"),
    });
    if (need === "needed") expect(() => requireLoginFor(host, undefined)).toThrow(wrong);
    else expect(requireLoginFor(host, undefined)).toBeUndefined();
    if (need === "unwanted") expect(() => requireLoginFor(host, set)).toThrow(wrong);
    else expect(requireLoginFor(host, set)).toBe(set);
  });
});

describe("what the target says in the upstream's place", () => {
  it("is the upstream's limit", async () => {
    target.failNext(
      "getManifest",
      new Failure("rate-limited", "429", { retryAfterMs: 7000, context: { host: "x" } }),
    );
    const failure = await failureOf(() => follow(open(), order()), "rate-limited");
    expect(failure).toMatchObject({ retryAfterMs: 7000, context: { registry: "quay.io" } });
  });

  it("is the login of the rule", async () => {
    target.failNext("getManifest", new Failure("unauthorized", "401"));
    expect(await follow(open(), order())).toMatchObject({
      kind: "refused",
      code: "unauthorized",
      reason: expect.stringMatching(/WHARFGATE_CACHE_CREDENTIAL_SETS/),
    });
  });
});

describe("beside", () => {
  const rule = (source: string, to: string): AcrCacheRule => ({
    name: "people-made",
    source,
    target: to,
    state: "ready",
  });
  const wanted = { source: "quay.io/org/app", target: "q/org/app" };
  it.each([
    ["none", [], "none"],
    ["the same by another name", [rule("quay.io/org/app", "q/org/app")], "same"],
    ["a wildcard that does the same", [rule("quay.io/*", "q/*")], "same"],
    ["a wildcard of one folder that does the same", [rule("quay.io/org/*", "q/org/*")], "same"],
    ["a wildcard from elsewhere, which a static rule goes before", [rule("ghcr.io/*", "q/*")], "none"],
    ["another source for the same target", [rule("ghcr.io/org/app", "q/org/app")], "refused"],
    ["the same source for another target", [rule("quay.io/org/app", "elsewhere")], "none"],
    ["1,000 rules", Array.from({ length: 1000 }, (_, at) => rule("a.b/c", `t/${at}`)), "refused"],
  ] as const)("%s: %s", (_name, rules, kind) => {
    expect(beside(rules, wanted).kind).toBe(kind);
  });
});

describe("ruleName", () => {
  it.each(["mirror/nginx", "a", "A.b__c/d", "x".repeat(255), "-/-"])(
    "is within Azure's grammar: %s",
    (to) => {
      const name = ruleName({ source: "docker.io/library/nginx", target: to });
      expect(name).toMatch(/^[a-zA-Z0-9-]{5,50}$/);
      expect(ruleName({ source: "docker.io/library/nginx", target: to })).toBe(name);
      expect(ruleName({ source: "docker.io/library/redis", target: to })).not.toBe(name);
    },
  );
});

describe("parseCredentialSets", () => {
  it("reads several", () => {
    const two = parseCredentialSets(
      `docker.io=hub-set;${vault}/u;${vault}/p,\n ghcr.io=github;${vault}/u;${vault}/p/0123456789abcdef0123456789abcdef`,
    );
    expect([...two.keys()]).toEqual(["docker.io", "ghcr.io"]);
    expect(two.get("docker.io")).toEqual({
      name: "hub-set",
      loginServer: "docker.io",
      usernameSecret: `${vault}/u`,
      passwordSecret: `${vault}/p`,
    });
  });

  it.each([
    ["no name", `docker.io;${vault}/u;${vault}/p`],
    ["a short name", `docker.io=hub;${vault}/u;${vault}/p`],
    ["one secret", `docker.io=hub-set;${vault}/u`],
    ["a secret itself", "docker.io=hub-set;reader;s3cret"],
    ["plain http", `docker.io=hub-set;http://v.vault.azure.net/secrets/u;${vault}/p`],
    ["a query", `docker.io=hub-set;${vault}/u?x=1;${vault}/p`],
    ["no host", `=hub-set;${vault}/u;${vault}/p`],
    ["a host twice", `docker.io=hub-set;${vault}/u;${vault}/p docker.io=other;${vault}/u;${vault}/p`],
  ])("refuses %s", (_name, text) => {
    expect(() => parseCredentialSets(text)).toThrow(expect.objectContaining({ code: "invalid" }));
  });
});

describe("the member", () => {
  it("reads through, which the others do not", () => {
    expect(readsThrough("cache-rule")).toBe(true);
    expect(readsThrough("acr-import")).toBe(false);
  });

  it("names the setting when no registry is configured", () => {
    const methods = createMethods({
      registries: noRegistries,
      credentials: oneCredential,
      now: () => new Date(),
    });
    expect(() => methods.open("cache-rule")).toThrow(/WHARFGATE_ACR_ID/);
  });

  it("refuses a target on another registry", async () => {
    const wanted = { ...order(), target: { ...order().target, host: "other.azurecr.io" } };
    expect(await open().start(wanted, never)).toMatchObject({ kind: "refused", code: "invalid" });
  });
});
