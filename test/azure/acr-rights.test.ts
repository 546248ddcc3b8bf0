import { subscribe } from "node:diagnostics_channel";
import type { ClientRequest } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Acr } from "../../shared/azure/acr-port.ts";
import { type AcrRight, acrGrants, grantAdvice } from "../../shared/azure/acr-rights.ts";
import { imageDigest } from "../local/memory-transfer.ts";
import { type OneMachineArm, resourceId, startOneMachineArm } from "../local/one-machine-arm.ts";
import { allow, builtInRole, rolesWith } from "../support/azure-roles.ts";
import { failureOf } from "../support/failures.ts";

const signal = AbortSignal.timeout(60_000);
const namespace = "Microsoft.ContainerRegistry";
let machine: OneMachineArm;
/** `GET /subscriptions/…/registries/myregistry`, as the SDK sent them. */
const sent: string[] = [];

subscribe("http.client.request.start", (message) => {
  const { request } = message as { request: ClientRequest };
  if (request.path.includes(namespace)) sent.push(`${request.method} ${request.path.replace(/\?.*/, "")}`);
});
beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => {
  machine.clear();
  sent.length = 0;
});

const denied = { status: 403, body: { error: { code: "AuthorizationFailed", message: "not you" } } };
const vault = "https://myvault.vault.azure.net/secrets";
const set = {
  name: "dockerhub",
  loginServer: "docker.io",
  usernameSecret: `${vault}/user`,
  passwordSecret: `${vault}/password`,
};
const rule = { name: "rule-1", source: "quay.io/a/b", target: "mirror/b" };
const run = { pool: "pool", task: "version: v1.1.0", values: {}, timeoutSeconds: 300 };
const copy = {
  source: { host: "docker.io", repository: "library/nginx", digest: imageDigest },
  target: { repository: "nginx", tag: "1" },
  mode: "NoForce",
} as const;
const operation = `${resourceId.split("/registries/")[0]}/locations/westeurope/operationResults/operationStatuses/registries-0?api-version=2025-11-01`;

type Call = readonly [right: AcrRight, call: (acr: Acr) => Promise<unknown>];
/** Each call of the port: a new one does not compile until it stands here with its right. */
const calls: Readonly<Record<Exclude<keyof Acr, "resource">, Call>> = {
  describe: ["import", (acr) => acr.describe(signal)],
  startImport: ["import", (acr) => acr.startImport(copy, signal)],
  checkImport: ["import", (acr) => acr.checkImport(operation, signal)],
  scheduleRun: ["run", (acr) => acr.scheduleRun(run, signal)],
  getRun: ["run", (acr) => acr.getRun("ab1", signal)],
  cancelRun: ["run", (acr) => acr.cancelRun("ab1", signal)],
  readRunLog: ["run", (acr) => acr.readRunLog("ab1", signal)],
  hasWorkedSince: ["run", (acr) => acr.hasWorkedSince("pool", new Date(), signal)],
  queueLength: ["run", (acr) => acr.queueLength("pool", signal)],
  getCacheRule: ["cache-rule", (acr) => acr.getCacheRule("rule-1", signal)],
  listCacheRules: ["cache-rule", (acr) => acr.listCacheRules(signal)],
  createCacheRule: ["cache-rule", (acr) => acr.createCacheRule(rule, signal)],
  changeCacheRule: ["cache-rule", (acr) => acr.changeCacheRule(rule, signal)],
  getCredentialSet: ["credential-set", (acr) => acr.getCredentialSet("dockerhub", signal)],
  createCredentialSet: ["credential-set", (acr) => acr.createCredentialSet(set, signal)],
  changeCredentialSet: ["credential-set", (acr) => acr.changeCredentialSet(set, signal)],
};
const each = Object.entries(calls).map(([name, [right, call]]) => ({ name, right, call }));
const verbs: Readonly<Record<string, string>> = {
  GET: "read",
  PUT: "write",
  PATCH: "write",
  DELETE: "delete",
  POST: "action",
};

/** What ARM asks a caller to be allowed: the path's types without its names, and a verb by the method. */
function permissionOf(request: string): string {
  const [method = "", path = ""] = request.split(" ");
  const parts = (path.split(`/providers/${namespace}/`)[1] ?? "").split("/");
  return `${namespace}/${parts.filter((_, at) => at % 2 === 0).join("/")}/${verbs[method]}`;
}

describe("what a call of ARM takes", () => {
  it.each(each)("is in the message when $name is forbidden", async ({ right, call }) => {
    machine.arm.faults.answer = () => denied;
    const { message } = await failureOf(() => call(machine.acr), "forbidden");
    expect(message).toContain("AuthorizationFailed: not you");
    expect(message).toContain(grantAdvice(right));
  });

  it.each(each)(
    "is what the template assigns for $name, and the role that is named",
    async ({ right, call }) => {
      // Changes are let through, so that what asks about their end is seen too.
      machine.arm.faults.answer = (id) => (/_(?:Create|Update)$/.test(id) ? undefined : denied);
      await call(machine.acr).catch(() => undefined);
      expect(sent).not.toEqual([]);
      const { parameter = "always", role = "" } = acrGrants[right];
      for (const permission of sent.map(permissionOf)) {
        // Of the subscription, not of the registry: the published role for imports does without.
        if (permission.startsWith(`${namespace}/locations/`)) continue;
        expect([permission, allow(rolesWith(parameter), "actions", permission)]).toEqual([permission, true]);
        expect([permission, allow([builtInRole(role)], "actions", permission)]).toEqual([permission, true]);
      }
    },
  );

  it("is told from a request as ARM does", () => {
    const root = `${resourceId}`;
    expect(
      [
        `GET ${root}`,
        `POST ${root}/importImage`,
        `POST ${root}/runs/ab1/listLogSasUrl`,
        `PUT ${root}/cacheRules/a`,
        `GET ${root}/cacheRules/a/operationStatuses/b`,
      ].map((request) => permissionOf(request).replace(`${namespace}/registries/`, "")),
    ).toEqual([
      "read",
      "importImage/action",
      "runs/listLogSasUrl/action",
      "cacheRules/write",
      "cacheRules/operationStatuses/read",
    ]);
  });
});
