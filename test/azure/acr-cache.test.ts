import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { AcrCacheRule, AcrCredentialSet } from "../../shared/azure/acr-cache-port.ts";
import { imageDigest } from "../local/memory-transfer.ts";
import { type OneMachineArm, startOneMachineArm } from "../local/one-machine-arm.ts";
import { failureOf } from "../support/failures.ts";

const signal = AbortSignal.timeout(60_000);
let machine: OneMachineArm;

beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => machine.clear());

const vault = "https://myvault.vault.azure.net/secrets";
const set = {
  name: "dockerhub",
  loginServer: "docker.io",
  usernameSecret: `${vault}/user`,
  passwordSecret: `${vault}/password`,
};
let number = 0;
/** Another name each time: what hangs is remembered by the stand-in. */
const rule = () => ({ name: `rule-${number++}`, source: "quay.io/a/b", target: `mirror/${number}` });

const readyRule = (name: string) =>
  expect
    .poll(async () => (await machine.acr.getCacheRule(name, signal))?.state, { interval: 5 })
    .toBe("ready");
const readySet = () =>
  expect
    .poll(async () => (await machine.acr.getCredentialSet(set.name, signal))?.state, { interval: 5 })
    .toBe("ready");

describe("cache rules", () => {
  it("are made, read, listed, and given another credential set", async () => {
    const wanted = { ...rule(), source: "docker.io/library/nginx" };
    expect(await machine.acr.getCacheRule(wanted.name, signal)).toBeUndefined();
    await machine.acr.createCacheRule(wanted, signal);
    await readyRule(wanted.name);
    const made: AcrCacheRule = { ...wanted, state: "ready" };
    expect(await machine.acr.listCacheRules(signal)).toEqual([made]);
    await machine.acr.createCredentialSet(set, signal);
    await machine.acr.changeCacheRule({ name: wanted.name, credentialSet: set.name }, signal);
    await readyRule(wanted.name);
    expect(await machine.acr.getCacheRule(wanted.name, signal)).toEqual({ ...made, credentialSet: set.name });
    await machine.acr.changeCacheRule({ name: wanted.name }, signal);
    await readyRule(wanted.name);
    expect(await machine.acr.getCacheRule(wanted.name, signal)).toEqual(made);
  });

  it("are begun in two requests, and followed by reading the rule", async () => {
    machine.arm.faults.cacheRule = { kind: "hang" };
    const wanted = rule();
    await machine.acr.createCacheRule(wanted, signal);
    expect(machine.answered).toEqual(["CacheRules_Create 201", "OperationStatuses_Get 200"]);
    expect((await machine.acr.getCacheRule(wanted.name, signal))?.state).toBe("changing");
  });

  it("are accepted although the first question about the operation failed", async () => {
    machine.arm.faults.answer = (operation) =>
      operation === "OperationStatuses_Get" ? { status: 503, body: {} } : undefined;
    const wanted = rule();
    await machine.acr.createCacheRule(wanted, signal);
    await readyRule(wanted.name);
  });

  it("are refused in the service's words", async () => {
    machine.transfer.target.set("mirror/there:1", imageDigest);
    const failure = await failureOf(
      () => machine.acr.createCacheRule({ ...rule(), target: "mirror/there" }, signal),
      "invalid",
    );
    expect(failure.message).toContain("TargetRepositoryMatchesExistingRepository");
  });

  it("are refused when the operation itself fails", async () => {
    machine.arm.faults.cacheRule = { kind: "fail", text: "the moon is in the wrong phase" };
    const wanted = rule();
    // The failure shows in the answer to the first question, or in the rule itself when that came too early.
    const failed = await machine.acr.createCacheRule(wanted, signal).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (failed !== undefined) {
      expect(failed).toMatchObject({ code: "invalid", message: expect.stringContaining("wrong phase") });
    }
    await expect
      .poll(async () => (await machine.acr.getCacheRule(wanted.name, signal))?.state, { interval: 5 })
      .toBe("failed");
  });

  it.each([
    ["with", { "Retry-After": "9" }, 9000],
    ["without", undefined, undefined],
  ])("case 54: wait when the service is busy, %s Retry-After", async (_name, headers, retryAfterMs) => {
    machine.arm.faults.answer = () => ({
      status: 503,
      ...(headers && { headers }),
      body: { error: { code: "ServerBusy", message: "busy" } },
    });
    for (const call of [
      () => machine.acr.createCacheRule(rule(), signal),
      () => machine.acr.getCacheRule("rule-x", signal),
      () => machine.acr.listCacheRules(signal),
      () => machine.acr.createCredentialSet(set, signal),
    ]) {
      const failure = await failureOf(call, "unavailable");
      expect(failure.retryAfterMs).toBe(retryAfterMs);
    }
    expect(machine.answered).toHaveLength(4);
  });

  it.each(["https://example.com/operation", "https://127.0.0.1:1/operation", "http://127.0.0.1/operation"])(
    "case 53: refuse an operation off ARM: %s",
    async (location) => {
      machine.arm.faults.location = location;
      await failureOf(() => machine.acr.createCacheRule(rule(), signal), "blocked");
      await failureOf(() => machine.acr.createCredentialSet(set, signal), "blocked");
      expect(machine.answered.filter((each) => !each.includes("Create"))).toEqual([]);
    },
  );
});

describe("credential sets", () => {
  it("are made with an identity of their own, tell their health, and change their secrets", async () => {
    machine.secrets.set(set.usernameSecret, "reader").set(set.passwordSecret, "s3cret");
    expect(await machine.acr.getCredentialSet(set.name, signal)).toBeUndefined();
    await machine.acr.createCredentialSet(set, signal);
    await readySet();
    const made = await machine.acr.getCredentialSet(set.name, signal);
    const expected: AcrCredentialSet = {
      ...set,
      state: "ready",
      principalId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    };
    expect(made).toEqual(expected);
    await machine.acr.changeCredentialSet({ ...set, passwordSecret: `${vault}/rotated` }, signal);
    await readySet();
    expect(await machine.acr.getCredentialSet(set.name, signal)).toEqual({
      ...expected,
      passwordSecret: `${vault}/rotated`,
      unhealthy: `SecretInaccessible: The identity of the credential set has no access to the secret '${vault}/rotated'.`,
    });
  });

  it("are in the making while the service makes them", async () => {
    machine.arm.faults.credentialSet = { kind: "hang" };
    await machine.acr.createCredentialSet({ ...set, name: "hanging" }, signal);
    expect((await machine.acr.getCredentialSet("hanging", signal))?.state).toBe("changing");
  });
});
