import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openArmCache, ruleFor } from "../../local/arm/cache.ts";
import { type Answer, createSend, example, type Send, registryVersion as version } from "./arm-requests.ts";
import { imageDigest } from "./memory-transfer.ts";
import { type OneMachineArm, resourceId, startOneMachineArm } from "./one-machine-arm.ts";

let machine: OneMachineArm;
let send: Send;

beforeAll(async () => {
  machine = await startOneMachineArm();
  send = createSend(machine);
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => machine.clear());

const vault = "https://myvault.vault.azure.net/secrets";
const setBody = {
  identity: { type: "SystemAssigned" },
  properties: {
    loginServer: "docker.io",
    authCredentials: [
      {
        name: "Credential1",
        usernameSecretIdentifier: `${vault}/username`,
        passwordSecretIdentifier: `${vault}/password`,
      },
    ],
  },
};

const rule = (source: string, target: string, set?: string) => ({
  properties: {
    sourceRepository: source,
    targetRepository: target,
    ...(set === undefined ? {} : { credentialSetResourceId: `${resourceId}/credentialSets/${set}` }),
  },
});

const put = (path: string, body: unknown): Promise<Answer> =>
  send("PUT", `${resourceId}/${path}`, { version, body });

/** Follows Azure-AsyncOperation to its end. */
async function settled(accepted: Answer): Promise<{ status: string; error?: { code: string } }> {
  const location = accepted.headers.get("azure-asyncoperation") ?? "";
  for (let asked = 0; asked < 1000; asked++) {
    const { body } = await send("GET", location);
    if (body.status !== "InProgress") return body;
  }
  throw new Error("the operation does not end");
}

async function make(name: string, source: string, target: string): Promise<void> {
  const accepted = await put(`cacheRules/${name}`, rule(source, target));
  expect(accepted.status).toBe(201);
  expect(await settled(accepted)).toMatchObject({ status: "Succeeded" });
}

describe("cache rules", () => {
  it("are made by an operation of their own, as published", async () => {
    machine.arm.faults.cacheRule = { kind: "hang" };
    const accepted = await put("cacheRules/hanging", rule("quay.io/a/b", "mirror/b"));
    expect(accepted).toMatchObject({ status: 201, body: { properties: { provisioningState: "Creating" } } });
    const published = example("CacheRules_Create").responses["201"] as {
      headers: Record<string, string>;
    };
    const shape = (url: string) =>
      url
        .replace(/^https:\/\/[^/]+/, "")
        .replace(/registries\/[^/]+\/cacheRules\/[^/]+/, "registries/x/cacheRules/y")
        .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "*");
    expect(shape(accepted.headers.get("azure-asyncoperation") ?? "")).toBe(
      shape(published.headers["Azure-AsyncOperation"] ?? ""),
    );
    const polled = await send("GET", accepted.headers.get("azure-asyncoperation") ?? "");
    expect(polled).toMatchObject({ status: 200, body: { status: "InProgress" } });
    expect(ruleFor(machine.cache, "mirror/b")).toBeUndefined();
    const { body } = await send("GET", `${resourceId}/cacheRules/hanging`, { version });
    expect(body.properties.provisioningState).toBe("Creating");
  });

  it("are described and listed with the published names", async () => {
    await settled(await put("credentialSets/myset", setBody));
    await settled(await put("cacheRules/described", rule("docker.io/library/nginx", "hub/nginx", "myset")));
    const published = example("CacheRules_Create").responses["200"]?.body as { properties: object };
    const { body } = await send("GET", `${resourceId}/cacheRules/DESCRIBED`, { version });
    expect(Object.keys(body).sort()).toEqual(Object.keys(published).sort());
    expect(Object.keys(body.properties).sort()).toEqual(Object.keys(published.properties).sort());
    const listed = await send("GET", `${resourceId}/cacheRules`, { version });
    expect(listed.body).toEqual({ value: [body] });
  });

  it.each([
    ["a short name", "r1", rule("quay.io/a/b", "m/b"), "InvalidResourceName"],
    ["an underscore in the name", "rule_1", rule("quay.io/a/b", "m/b"), "InvalidResourceName"],
    [
      "an unknown property",
      "rule1",
      { properties: { ...rule("quay.io/a/b", "m/b").properties, x: 1 } },
      "InvalidRequestContent",
    ],
    ["a tag in the source", "rule1", rule("docker.io/library/python:3.11", "m/b"), "InvalidRepositoryName"],
    ["upper case in the target", "rule1", rule("quay.io/a/b", "M/b"), "InvalidRepositoryName"],
    ["a wildcard on one side", "rule1", rule("quay.io/a/*", "m/b"), "InvalidWildcardRule"],
    ["a set that there is not", "rule1", rule("quay.io/a/b", "m/b", "other"), "CredentialSetNotFound"],
  ])("are refused with %s", async (_name, name, body, code) => {
    expect(await put(`cacheRules/${name}`, body)).toMatchObject({ status: 400, body: { error: { code } } });
  });

  it.each([
    [
      "over a repository that exists",
      "quay.io/a/b",
      "mirror/there",
      "TargetRepositoryMatchesExistingRepository",
    ],
    [
      "with a wildcard over one",
      "quay.io/a/*",
      "mirror/*",
      "TargetRepositoryPrefixMatchesExistingRegistries",
    ],
    ["for everything over one", "quay.io/*", "*", "TargetRepositoryPrefixMatchesExistingRegistries"],
  ])("are not made %s", async (_name, source, target, code) => {
    machine.transfer.target.set("mirror/there:1", imageDigest);
    expect(await put("cacheRules/rule1", rule(source, target))).toMatchObject({
      status: 400,
      body: { error: { code } },
    });
  });

  it.each([
    ["the same target twice", "hub/nginx", "hub/nginx", "refused"],
    ["two wildcards, one in the other", "hub/*", "hub/library/*", "refused"],
    ["the same the other way round", "hub/library/*", "hub/*", "refused"],
    ["two wildcards beside each other", "hub/*", "quay/*", "made"],
    ["a static rule over a wildcard", "hub/*", "hub/nginx", "made"],
    ["a wildcard under a static rule", "hub/nginx", "hub/*", "made"],
  ])("overlap as the service has it: %s", async (_name, first, second, expected) => {
    const sourceOf = (target: string) => (target.endsWith("*") ? "quay.io/a/*" : "quay.io/a/nginx");
    await make("rule1", sourceOf(first), first);
    const { status, body } = await put("cacheRules/rule2", rule(sourceOf(second), second));
    if (expected === "made") expect(status).toBe(201);
    else expect([status, body.error.code]).toEqual([400, "CacheRuleConflict"]);
  });

  it("number 1,000 at most", async () => {
    for (let at = 0; at < 1000; at++) {
      const name = `rule-${at}`;
      machine.cache.rules.set(name, { name, source: "quay.io/a/b", target: `t/${at}`, creationDate: "" });
    }
    expect(await put("cacheRules/rule1", rule("quay.io/a/b", "m/b"))).toMatchObject({
      status: 400,
      body: { error: { code: "CacheRuleLimitReached" } },
    });
  });

  it("change their credential set and nothing else, and go", async () => {
    await make("rule1", "docker.io/library/nginx", "hub/nginx");
    await settled(await put("credentialSets/myset", setBody));
    const changed = await send("PATCH", `${resourceId}/cacheRules/rule1`, {
      version,
      body: { properties: { credentialSetResourceId: `${resourceId}/credentialSets/myset` } },
    });
    expect(await settled(changed)).toMatchObject({ status: "Succeeded" });
    expect(machine.cache.rules.get("rule1")?.credentialSet).toBe("myset");
    expect(await put("cacheRules/rule1", rule("docker.io/library/redis", "hub/nginx"))).toMatchObject({
      status: 400,
      body: { error: { code: "CacheRuleImmutable" } },
    });
    expect((await send("DELETE", `${resourceId}/cacheRules/rule1`, { version })).status).toBe(200);
    expect((await send("GET", `${resourceId}/cacheRules/rule1`, { version })).status).toBe(404);
  });

  it("keep imports and runs out of their repositories", async () => {
    await make("rule1", "quay.io/a/b", "mirror/b");
    machine.transfer.upstream.set(`quay.io/a/b@${imageDigest}`, { digest: imageDigest, manifests: 1 });
    const accepted = await send("POST", `${resourceId}/importImage`, {
      version,
      body: {
        source: { registryUri: "quay.io", sourceImage: `a/b@${imageDigest}` },
        targetTags: ["mirror/b:1"],
      },
    });
    const location = accepted.headers.get("location") ?? "";
    await expect.poll(async () => (await send("GET", location)).status).toBe(400);
    expect(machine.transfer.copies).toEqual([]);
  });

  it("say that they failed, as long-running operations do", async () => {
    machine.arm.faults.cacheRule = { kind: "fail", text: "the moon is in the wrong phase" };
    const accepted = await put("cacheRules/failing", rule("quay.io/a/b", "mirror/b"));
    expect(await settled(accepted)).toMatchObject({ status: "Failed", error: { code: "OperationFailed" } });
    const { body } = await send("GET", `${resourceId}/cacheRules/failing`, { version });
    expect(body.properties.provisioningState).toBe("Failed");
  });
});

describe("credential sets", () => {
  it("tell their health, with the published names", async () => {
    machine.secrets.set(`${vault}/username`, "reader").set(`${vault}/password`, "s3cret");
    const accepted = await put("credentialSets/myset", setBody);
    expect(accepted.status).toBe(201);
    await settled(accepted);
    const { body } = await send("GET", `${resourceId}/credentialSets/myset`, { version });
    const published = example("CredentialSets_Create").responses["200"]?.body as Record<string, object>;
    expect(Object.keys(body).sort()).toEqual(Object.keys(published).sort());
    expect(body.properties).toMatchObject({
      authCredentials: [{ credentialHealth: { status: "Healthy" } }],
      provisioningState: "Succeeded",
    });
    machine.secrets.delete(`${vault}/password`);
    const later = await send("GET", `${resourceId}/credentialSets/myset`, { version });
    expect(later.body.properties.authCredentials[0].credentialHealth).toMatchObject({
      status: "Unhealthy",
      errorMessage: expect.stringContaining(`${vault}/password`),
    });
  });

  it.each([
    ["no identity", { properties: setBody.properties }],
    ["a secret over http", JSON.parse(JSON.stringify(setBody).replaceAll("https:", "http:"))],
    ["no credential", { ...setBody, properties: { loginServer: "docker.io", authCredentials: [] } }],
  ])("are refused with %s", async (_name, body) => {
    expect((await put("credentialSets/myset", body)).status).toBe(400);
  });

  it("serve one registry", async () => {
    await settled(await put("credentialSets/myset", setBody));
    const other = { ...setBody, properties: { ...setBody.properties, loginServer: "quay.io" } };
    expect(await put("credentialSets/myset", other)).toMatchObject({
      status: 400,
      body: { error: { code: "CredentialSetImmutable" } },
    });
    expect(await put("cacheRules/mismatch", rule("quay.io/a/b", "m/b", "myset"))).toMatchObject({
      status: 400,
      body: { error: { code: "CredentialSetMismatch" } },
    });
  });
});

describe("openArmCache", () => {
  it("outlives a restart, as the repositories that it fills do", async () => {
    const dir = await mkdtemp(join(tmpdir(), "wharfgate-cache-"));
    const file = join(dir, "cache.json");
    const first = await openArmCache({ file });
    first.rules.set("rule1", { name: "rule1", source: "quay.io/a/b", target: "m/b", creationDate: "now" });
    await first.save();
    expect(ruleFor(await openArmCache({ file }), "m/b")?.source).toBe("quay.io/a/b");
    await rm(dir, { recursive: true });
  });

  it("fills a repository by its static rule, else by a wildcard's", async () => {
    const cache = await openArmCache();
    cache.rules.set("wide", { name: "wide", source: "quay.io/*", target: "q/*", creationDate: "" });
    cache.rules.set("exact", { name: "exact", source: "ghcr.io/x/y", target: "q/x/y", creationDate: "" });
    expect(ruleFor(cache, "q/x/y")?.source).toBe("ghcr.io/x/y");
    expect(ruleFor(cache, "q/org/tool")?.source).toBe("quay.io/org/tool");
    expect(ruleFor(cache, "other")).toBeUndefined();
  });
});
