import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type ArmServer, startArm } from "../../local/arm/arm.ts";
import { openArmCache } from "../../local/arm/cache.ts";
import { createCachePulls } from "../../local/arm/cache-pulls.ts";
import { createRegistryTransfer } from "../../local/arm/registry-transfer.ts";
import { type IdentityServer, startIdentity } from "../../local/identity.ts";
import type { LoopbackServer } from "../../local/loopback-server.ts";
import { startRegistry } from "../../local/registry/registry.ts";
import { type ClosableRegistries, createRegistries } from "../../shared/auth/registries.ts";
import { createAcr } from "../../shared/azure/acr.ts";
import { createCredential } from "../../shared/azure/identity.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { parseAgentPoolConfig } from "../../shared/methods/agent-pool-config.ts";
import { parseCredentialSets } from "../../shared/methods/cache-rule-logins.ts";
import { createMethods, type MethodKind, parseMethodKind } from "../../shared/methods/members.ts";
import type { ImportOrder, Method, Operation, Progress } from "../../shared/methods/method.ts";
import type { Credentials } from "../../shared/model/credential.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../support/local-registry.ts";

interface Conforming {
  readonly kind: MethodKind;
  /** Whether it can bring in less or more than an image's usual parts, or says which method does. */
  readonly parts: "brings" | "refuses";
  /** Whether it can bring an image into a repository that somebody has pushed to. */
  readonly beside: "pushed" | "nothing";
}

/** Each member of the family; another one is one line. */
const members: readonly Conforming[] = [
  { kind: "acr-import", parts: "refuses", beside: "pushed" },
  { kind: "agent-pool", parts: "refuses", beside: "pushed" },
  { kind: "cache-rule", parts: "refuses", beside: "nothing" },
  { kind: "copy", parts: "brings", beside: "pushed" },
  { kind: "auto", parts: "brings", beside: "pushed" },
];
const signal = AbortSignal.timeout(60_000);
const resourceId =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/group/providers/Microsoft.ContainerRegistry/registries/myregistry";
const vault = "https://vault.example/secrets/";
const secrets: Readonly<Record<string, string>> = {
  [`${vault}user`]: "reader",
  [`${vault}password`]: "s3cret-of-upstream",
};
const secret = { username: "reader", password: "s3cret-of-upstream" };

let dir: string;
let upstream: RegistryUnderTest;
let target: RegistryUnderTest;
let inner: LoopbackServer;
let identity: IdentityServer;
let arm: ArmServer;
let opened: ClosableRegistries[];
/** Requests that the method under test has sent, to ARM or to registries. */
let sent: number;

const credentials: Credentials = {
  async resolve(reference) {
    if (reference === "env:UPSTREAM") return secret;
    return { username: "reader", password: "not-the-password" };
  },
};

function openRegistries(of: Credentials, onRequest = () => {}): ClosableRegistries {
  const rules = parseHostRules("http://127.0.0.1:*=127.0.0.0/8");
  const registries = createRegistries({ rules, credentials: of, onRequest });
  opened.push(registries);
  return registries;
}

beforeAll(async () => {
  opened = [];
  dir = await mkdtemp(join(tmpdir(), "wharfgate-methods-"));
  upstream = await startRegistryUnderTest({ kind: "basic", ...secret });
  const cache = await openArmCache({ secret: async (identifier) => secrets[identifier] });
  const cachePulls = createCachePulls(cache);
  target = await startRegistryUnderTest({ kind: "anonymous" }, { pullThrough: cachePulls });
  // The service's own way into its registry, where cache rules keep nobody out.
  inner = await startRegistry({ root: target.root, access: { kind: "anonymous" } });
  identity = await startIdentity();
  Object.assign(process.env, identity.environment);
  arm = await startArm({
    dir,
    registry: { resourceId, loginServer: target.host },
    transfer: createRegistryTransfer({
      upstreams: openRegistries,
      target: openRegistries(credentials).open(inner.host),
    }),
    cache,
    cachePulls,
    pools: { pool: 2 },
    accepts: identity.accepts,
    retryAfterSeconds: 0,
    log: () => {
      sent++;
    },
  });
  setDefaultCACertificates([...getCACertificates("default"), arm.caPem]);
});
afterAll(async () => {
  await Promise.all(opened.map((registries) => registries.close()));
  await arm.close();
  await identity.close();
  await upstream.close();
  await inner.close();
  await target.close();
  await rm(dir, { recursive: true });
});

function openMethod(kind: MethodKind): Method {
  return createMethods({
    registries: openRegistries(credentials, () => {
      sent++;
    }),
    credentials,
    now: () => new Date(),
    acr: createAcr({
      resourceId,
      credential: createCredential({ source: "managed-identity" }),
      armEndpoint: arm.url,
    }),
    credentialSets: parseCredentialSets(`${upstream.host}=upstream;${vault}user;${vault}password`),
    agentPool: parseAgentPoolConfig({ pool: "pool", copyTool: `tools/crane@${digestOf("crane")}` }),
  }).open(kind);
}

// A call that asks more often than this is waiting for something, which costs an invocation's time.
const mostRequestsOfACall = 30;

describe.each(members)("$kind", ({ kind, parts, beside }) => {
  let method: Method;
  let order: ImportOrder;
  let number = 0;

  beforeAll(() => {
    method = openMethod(kind);
  });
  beforeEach(async () => {
    sent = 0;
    number++;
    const { digest } = await upstream.client.pushImage("suite/one", `1.${number}`, `${kind} ${number}`);
    order = {
      key: number.toString(16).padStart(64, "0"),
      source: { host: upstream.host, path: "suite/one", digest },
      target: { host: target.host, path: `mirror/${kind}-${number}`, tag: `1.${number}` },
      existing: "keep",
      credential: "env:UPSTREAM",
    };
  });

  async function bounded(call: () => Promise<Progress>): Promise<Progress> {
    const before = sent;
    const progress = await call();
    expect(sent - before).toBeLessThanOrEqual(mostRequestsOfACall);
    return progress;
  }

  async function follow(wanted: ImportOrder): Promise<Progress> {
    let progress = await bounded(() => method.start(wanted, signal));
    for (let asked = 0; progress.kind === "running" && asked < 1000; asked++) {
      const kept = JSON.parse(JSON.stringify(progress.operation)) as Operation;
      progress = await bounded(() => method.check(wanted, kept, signal));
    }
    return progress;
  }

  async function targetDigest({ source, target: { path, tag } }: ImportOrder): Promise<Digest | undefined> {
    const response = await target.client.send("HEAD", `/v2/${path}/manifests/${tag ?? source.digest}`, {
      headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    return (response.headers.get("docker-content-digest") ?? undefined) as Digest | undefined;
  }

  async function occupyTarget(): Promise<Digest> {
    const { path, tag = "" } = order.target;
    return (await target.client.pushImage(path, tag, `somebody else's ${kind} ${number}`)).digest;
  }

  it("brings the image to the target, in calls that never wait", async () => {
    expect(await follow(order)).toMatchObject({ kind: "done" });
    expect(await targetDigest(order)).toBe(order.source.digest);
  });

  it("does no harm when it is started again afterwards", async () => {
    await follow(order);
    expect(await follow(order)).toMatchObject({ kind: "done" });
    expect(await targetDigest(order)).toBe(order.source.digest);
  });

  it("does no harm when it is started twice at once", async () => {
    const ends = await Promise.all([follow(order), follow(order)]);
    expect(ends).toMatchObject([{ kind: "done" }, { kind: "done" }]);
    expect(await targetDigest(order)).toBe(order.source.digest);
  });

  it("brings a manifest in by its digest alone, also twice, and makes no tag", async () => {
    const { host } = order.target;
    const untagged = { ...order, target: { host, path: `mirror/untagged-${kind}` } };
    expect(await follow(untagged)).toMatchObject({ kind: "done" });
    expect(await follow(untagged)).toMatchObject({ kind: "done" });
    expect(await targetDigest(untagged)).toBe(order.source.digest);
    const tags = await target.client.send("GET", `/v2/${untagged.target.path}/tags/list`);
    expect(await tags.json()).toMatchObject({ tags: [] });
  });

  it.each([
    ["without some of its platforms", { only: [{ os: "linux", architecture: "amd64" }] }],
    ["with nondistributable layers", { nondistributable: "bring" }],
  ] as const)("brings an image in %s, or says that copy does", async (_name, wish) => {
    const end = await follow({ ...order, ...wish });
    if (parts === "brings") return expect(await targetDigest(order)).toBe(order.source.digest);
    expect(end).toMatchObject({
      kind: "refused",
      code: "unsupported",
      reason: expect.stringContaining("copy method"),
    });
  });

  it("never moves a tag that is to be kept", async () => {
    const digest = await occupyTarget();
    const end = await follow(order);
    // Either it says so itself, or the digest proof finds out.
    if (end.kind !== "done") expect(end).toMatchObject({ kind: "refused", code: "conflict" });
    expect(await targetDigest(order)).toBe(digest);
  });

  it("moves a tag that is to be replaced, where it can bring anything in beside it", async () => {
    const digest = await occupyTarget();
    const end = await follow({ ...order, existing: "replace" });
    expect(end).toMatchObject(beside === "pushed" ? { kind: "done" } : { kind: "refused", code: "conflict" });
    expect(await targetDigest(order)).toBe(beside === "pushed" ? order.source.digest : digest);
  });

  it("is refused for good when the source is gone", async () => {
    const source = { ...order.source, digest: digestOf("never pushed") };
    const end = await follow({ ...order, source });
    expect(end).toMatchObject({ kind: "refused", code: "not-found" });
    expect(await targetDigest(order)).toBeUndefined();
  });

  it("is refused for good when the credential is wrong, and does not tell it", async () => {
    const end = await follow({ ...order, credential: "env:WRONG" });
    expect(end).toMatchObject({ kind: "refused", code: "unauthorized" });
    expect(JSON.stringify(end)).not.toContain("not-the-password");
  });

  it("gives a refusal a code and one printable line, and says who works only when that is another", async () => {
    const gone = { ...order, source: { ...order.source, digest: digestOf("never pushed") } };
    for (const end of [await follow(gone), await follow(order)]) {
      if (end.kind === "refused") expect(end.reason).toMatch(/^[\x20-\x7e…]{10,2000}$/);
      if (end.link !== undefined) expect(URL.parse(end.link)?.protocol).toBe("https:");
      if (end.via === undefined) continue;
      expect(parseMethodKind(end.via)).not.toBe(kind);
      expect(end.why).toMatch(/^[\x20-\x7e…]{5,}$/);
    }
  });

  it("throws a transient failure when it is interrupted", async () => {
    const failure = await method.start(order, AbortSignal.abort()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ transient: true });
  });

  it("remembers little between calls, as JSON, and no secret", async () => {
    const progress = await method.start(order, signal);
    if (progress.kind !== "running") return expect(progress.kind).toBe("done");
    const kept = JSON.stringify(progress);
    expect(JSON.parse(kept)).toEqual(progress);
    expect(kept.length).toBeLessThan(2000);
    expect(kept).not.toMatch(/s3cret|reader|Bearer/);
  });

  it("can be given up, more than once", async () => {
    const progress = await method.start(order, signal);
    if (progress.kind !== "running") return expect(progress.kind).toBe("done");
    await method.cancel(order, progress.operation, signal);
    await expect(method.cancel(order, progress.operation, signal)).resolves.toBeUndefined();
  });
});
