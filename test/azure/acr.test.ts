import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createAcr } from "../../shared/azure/acr.ts";
import { createCredential } from "../../shared/azure/identity.ts";
import { imageDigest } from "../local/memory-transfer.ts";
import { loginServer, type OneMachineArm, resourceId, startOneMachineArm } from "../local/one-machine-arm.ts";
import { failureOf } from "../support/failures.ts";

const signal = AbortSignal.timeout(60_000);
let machine: OneMachineArm;

beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => machine.clear());

const source = { host: "docker.io", repository: "library/nginx", digest: imageDigest } as const;
const target = { repository: "library/nginx", tag: "1.27.1" } as const;
const request = { source, target, mode: "NoForce" } as const;
describe("createAcr", () => {
  it.each([
    ["plain http", "http://127.0.0.1:1"],
    ["a path", "https://management.azure.com/subscriptions"],
    ["no URL", "management.azure.com"],
  ])("refuses an ARM endpoint with %s", (_name, armEndpoint) => {
    const credential = createCredential({ source: "default" });
    expect(() => createAcr({ resourceId, credential, armEndpoint })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
  });
});

describe("describe", () => {
  it("reads what ARM says of the registry, once", async () => {
    const description = await machine.acr.describe(signal);
    expect(description).toEqual({
      loginServer,
      dataEndpointHostNames: [],
      sku: "Premium",
      location: "westeurope",
    });
    expect(await machine.acr.describe(signal)).toBe(description);
    expect(machine.answered).toEqual(["Registries_Get 200"]);
  });
});

describe("failures", () => {
  it.each([
    [400, "invalid", false],
    [401, "unauthorized", false],
    [403, "forbidden", false],
    [404, "not-found", false],
    [409, "unavailable", true],
    [429, "rate-limited", true],
    [500, "unavailable", true],
    [503, "unavailable", true],
  ] as const)("%i is %s, after one request", async (status, code, transient) => {
    machine.arm.faults.answer = () => ({
      status,
      headers: { "Retry-After": "17" },
      body: { error: { code: "SomeCode", message: "some words" } },
    });
    const failure = await failureOf(() => machine.acr.startImport(request, signal), code);
    expect(failure).toMatchObject({ transient, retryAfterMs: 17_000 });
    expect(failure.message).toContain("SomeCode: some words");
    expect(machine.answered).toHaveLength(1);
  });

  it("holds neither the token nor the upstream's password", async () => {
    machine.arm.faults.answer = () => ({ status: 400, body: { error: { code: "A", message: "b" } } });
    const credential = { username: "reader", password: "s3cret" };
    const failure = await failureOf(
      () => machine.acr.startImport({ ...request, source: { ...source, credential } }, signal),
      "invalid",
    );
    const everything = inspect(failure, { depth: 20, showHidden: true });
    expect(everything).not.toMatch(/s3cret|Bearer/);
  });

  it("is canceled by its signal, timeout when that was one", async () => {
    await failureOf(() => machine.acr.getRun("ca1", AbortSignal.abort()), "canceled");
    const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
    await failureOf(() => machine.acr.getRun("ca1", late), "timeout");
  });

  it("is network when nobody listens", async () => {
    const credential = { getToken: async () => ({ token: "t", expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const acr = createAcr({ resourceId, credential, armEndpoint: "https://127.0.0.1:1" });
    await failureOf(() => acr.describe(signal), "network");
  });

  it("is unauthorized when there is no token to be had", async () => {
    const { CredentialUnavailableError } = await import("@azure/identity");
    const credential = {
      getToken: async () => Promise.reject(new CredentialUnavailableError("no identity")),
    };
    const acr = createAcr({ resourceId, credential, armEndpoint: machine.arm.url });
    await failureOf(() => acr.describe(signal), "unauthorized");
  });
});
