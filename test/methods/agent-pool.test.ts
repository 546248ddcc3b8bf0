import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseCopyTask } from "../../local/arm/task.ts";
import type { AcrRunRequest } from "../../shared/azure/acr-port.ts";
import { parseAgentPoolConfig } from "../../shared/methods/agent-pool-config.ts";
import { mendsElsewhere } from "../../shared/methods/auto-choice.ts";
import { createMethods } from "../../shared/methods/members.ts";
import type { ImportOrder, Method, Progress } from "../../shared/methods/method.ts";
import { imageDigest, otherDigest } from "../local/memory-transfer.ts";
import { loginServer, type OneMachineArm, startOneMachineArm } from "../local/one-machine-arm.ts";
import { noRegistries, oneCredential } from "./ports.ts";

const signal = AbortSignal.timeout(60_000);
const copyTool = `tools/crane@${otherDigest}`;
let machine: OneMachineArm;
let now: Date;
/** What was handed to the service. */
let requests: AcrRunRequest[];

beforeAll(async () => {
  machine = await startOneMachineArm();
});
afterAll(() => machine[Symbol.asyncDispose]());
beforeEach(() => {
  now = new Date("2026-11-01T12:00:00Z");
  requests = [];
});
afterEach(() => {
  for (const fault of Object.keys(machine.arm.faults)) delete machine.arm.faults[fault as "run"];
  machine.transfer.upstream.clear();
  machine.transfer.target.clear();
  machine.transfer.copies.length = 0;
  machine.answered.length = 0;
});

const order: ImportOrder = {
  key: "0".repeat(64),
  source: { host: "docker.io", path: "library/nginx", digest: imageDigest },
  target: { host: loginServer, path: "mirror/nginx", tag: "1.27.1" },
  existing: "keep",
};

function open(pool = "pool"): Method {
  const { acr } = machine;
  return createMethods({
    registries: noRegistries,
    credentials: oneCredential,
    now: () => now,
    agentPool: parseAgentPoolConfig({ pool, copyTool }),
    acr: {
      ...acr,
      scheduleRun(request, abort) {
        requests.push(request);
        return acr.scheduleRun(request, abort);
      },
    },
  }).open("agent-pool");
}

function offer(credential?: { username: string; password: string }): void {
  machine.transfer.upstream.set(`docker.io/library/nginx@${imageDigest}`, {
    digest: imageDigest,
    manifests: 2,
    ...(credential === undefined ? {} : { credential }),
  });
}

async function follow(method: Method, wanted: ImportOrder): Promise<Progress> {
  let progress = await method.start(wanted, signal);
  for (let asked = 0; progress.kind === "running" && asked < 1000; asked++) {
    progress = await method.check(wanted, progress.operation, signal);
  }
  return progress;
}

describe("agent-pool", () => {
  it("copies by a run on the pool", async () => {
    offer();
    expect(await follow(open(), order)).toEqual({ kind: "done" });
    expect(machine.transfer.copies).toEqual([
      `docker.io/library/nginx@${imageDigest} -> mirror/nginx:1.27.1`,
    ]);
  });

  it("logs in at the source only, when the order names a credential", async () => {
    offer({ username: "reader", password: "s3cret" });
    expect(await follow(open(), { ...order, credential: "env:HUB" })).toEqual({ kind: "done" });
    expect(requests[0]?.login?.host).toBe("docker.io");
    await follow(open(), order);
    expect(requests[1]?.login).toBeUndefined();
  });

  it("case 63: keeps source and target out of the task's text", async () => {
    await open().start(order, signal);
    await open().start({ ...order, target: { ...order.target, path: "other", tag: "2" } }, signal);
    const [one, two] = requests;
    expect(one?.task).toBe(two?.task);
    expect(one?.task).toBe(
      [
        "version: v1.1.0",
        "stepTimeout: 7200",
        "steps:",
        `  - cmd: $Registry/${copyTool} copy --no-clobber {{.Values.source}} $Registry/{{.Values.target}}`,
        "",
      ].join("\n"),
    );
    expect(one?.values).toEqual({
      source: `docker.io/library/nginx@${imageDigest}`,
      target: "mirror/nginx:1.27.1",
    });
    expect(parseCopyTask(one?.task ?? "")).toBeDefined();
  });

  it("names the target by the source's digest when it has no tag", async () => {
    offer();
    const { host, path } = order.target;
    expect(await follow(open(), { ...order, target: { host, path } })).toEqual({ kind: "done" });
    expect(requests[0]?.values.target).toBe(`mirror/nginx@${imageDigest}`);
    expect(machine.transfer.target).toEqual(new Map([[`mirror/nginx@${imageDigest}`, imageDigest]]));
  });

  it("leaves a tag that exists, and is done, so that the proof decides", async () => {
    offer();
    machine.transfer.target.set("mirror/nginx:1.27.1", otherDigest);
    expect(await follow(open(), order)).toEqual({ kind: "done" });
    expect(machine.transfer.target.get("mirror/nginx:1.27.1")).toBe(otherDigest);
  });

  it("replaces a tag where the order says so", async () => {
    offer();
    machine.transfer.target.set("mirror/nginx:1.27.1", otherDigest);
    expect(await follow(open(), { ...order, existing: "replace" })).toEqual({ kind: "done" });
    expect(machine.transfer.target.get("mirror/nginx:1.27.1")).toBe(imageDigest);
  });

  it.each([
    ["the source is gone", 'Error: fetching "x": MANIFEST_UNKNOWN: manifest unknown', "not-found"],
    ["the limit is reached", "Error: TOOMANYREQUESTS: rate limit", "rate-limited"],
    ["the firewall has no name for it", "Error: dial tcp: lookup x: no such host", "network"],
    ["the connection broke", "Error: read tcp: unexpected EOF", "network"],
    ["something else", "Error: exit status 1", "unavailable"],
  ] as const)("gives the log's last words as the reason when %s", async (_name, text, code) => {
    machine.arm.faults.run = { kind: "fail", text };
    const progress = await follow(open(), order);
    expect(progress).toMatchObject({ kind: "refused", code, reason: expect.stringContaining(text) });
  });

  it("says of a refusal that a run may have no access to its own registry", async () => {
    machine.arm.faults.run = { kind: "fail", text: "Error: PUT https://myregistry.azurecr.io: UNAUTHORIZED" };
    expect(await follow(open(), order)).toMatchObject({
      code: "unauthorized",
      reason: expect.stringContaining("repository permissions (ABAC)"),
    });
    machine.arm.faults.run = { kind: "fail", text: "Error: manifest unknown" };
    expect(await follow(open(), order)).toMatchObject({ reason: expect.not.stringContaining("ABAC") });
  });

  it("gives the tool's words, not those with which the service ends each log", async () => {
    const limit = `Error: TOOMANYREQUESTS: You have reached your pull rate limit. ${"See the page on limits. ".repeat(9)}`;
    const end =
      "2026/11/24 10:00:00 Container failed during run: acb_step_0. No retries remaining.\n" +
      "failed to run step ID: acb_step_0: exit status 1\n\n" +
      "Run ID: ca1 failed after 5s. Error: failed during run, err: exit status 1";
    machine.arm.faults.run = { kind: "fail", text: `${limit}\n${end}` };
    const progress = await follow(open(), order);
    expect(progress).toMatchObject({
      kind: "refused",
      code: "rate-limited",
      reason: expect.not.stringContaining("acb_step_0"),
    });
  });

  it("keeps the log's signature and control characters out of the reason", async () => {
    machine.arm.faults.run = {
      kind: "fail",
      text: "\u001b[31mError: GET https://logs.example/x?sv=1&sig=secret\u202e",
    };
    const progress = await follow(open(), order);
    if (progress.kind !== "refused") throw new Error("expected a refusal");
    expect(progress.reason).toMatch(/^[\x20-\x7e]+$/);
    expect(progress.reason).not.toMatch(/secret/);
  });

  it("is refused although the log cannot be read", async () => {
    machine.arm.faults.run = { kind: "fail", text: "Error: something" };
    const method = open();
    machine.arm.faults.answer = (operation) =>
      operation === "Runs_GetLogSasUrl"
        ? { status: 403, body: { error: { code: "Forbidden", message: "no" } } }
        : undefined;
    const progress = await follow(method, order);
    expect(progress).toMatchObject({ kind: "refused", reason: expect.stringContaining("could not be read") });
  });

  it.each([400, 404])(
    "is refused in a way that another method may mend when its pool is not there, by %i",
    async (status) => {
      const method = open();
      const error = { code: "AgentPoolNotFound", message: "the agent pool was not found" };
      machine.arm.faults.answer = (operation) =>
        operation === "Registries_ScheduleRun" ? { status, body: { error } } : undefined;
      const progress = await method.start(order, signal);
      if (progress.kind !== "refused") throw new Error("expected a refusal");
      expect(mendsElsewhere(progress.code)).toBe(true);
      expect(progress.reason).toContain("the agent pool was not found");
    },
  );

  it("case 55: cancels and surfaces a run that its pool does not start", async () => {
    const method = open("empty");
    const started = await method.start(order, signal);
    if (started.kind !== "running") throw new Error("expected it to run");
    now = new Date(now.getTime() + 10 * 60_000 - 1);
    expect(await method.check(order, started.operation, signal)).toMatchObject({ kind: "running" });
    now = new Date(now.getTime() + 1);
    const given = await method.check(order, started.operation, signal);
    expect(given).toMatchObject({ kind: "refused", code: "unavailable" });
    expect(given).toHaveProperty(
      "reason",
      expect.stringMatching(
        /pool empty did not start it, nor did any other run, in 10 min \(queue: 1 runs\).*Storage/,
      ),
    );
    expect(machine.answered).toContain("Runs_Cancel 200");
    const run = await machine.acr.getRun(String(started.operation.runId), signal);
    expect(run.status).toBe("Canceled");
  });

  it.each([
    { name: "does another run", answer: () => undefined, kind: "running" },
    {
      name: "may be at work, which it is not told",
      answer: (operation: string) =>
        operation === "Runs_List"
          ? { status: 403, body: { error: { code: "AuthorizationFailed", message: "no" } } }
          : undefined,
      kind: "refused",
    },
  ])("is $kind when its run has waited for long at a pool that $name", async ({ answer, kind }) => {
    machine.arm.faults.run = { kind: "hang" };
    const method = open();
    const first = await method.start(order, signal);
    const second = await method.start(order, signal);
    if (first.kind !== "running" || second.kind !== "running") throw new Error("expected them to run");
    now = new Date(now.getTime() + 30 * 60_000);
    machine.arm.faults.answer = answer;
    const looked = await method.check(order, second.operation, signal);
    expect(looked.kind).toBe(kind);
    if (looked.kind !== "running") return;
    expect(looked.operation).toEqual({ ...second.operation, busyAt: now.getTime() });
    await method.cancel(order, first.operation, signal);
    // Its turn, and after that nothing of it is counted any more.
    await expect.poll(async () => (await method.check(order, looked.operation, signal)).kind).toBe("running");
    await method.cancel(order, second.operation, signal);
  });

  it("does not count the time after a run was started", async () => {
    machine.arm.faults.run = { kind: "hang" };
    const method = open();
    const started = await method.start(order, signal);
    if (started.kind !== "running") throw new Error("expected it to run");
    now = new Date(now.getTime() + 60 * 60_000);
    expect(await method.check(order, started.operation, signal)).toMatchObject({ kind: "running" });
    await method.cancel(order, started.operation, signal);
    expect(await method.check(order, started.operation, signal)).toMatchObject({
      kind: "refused",
      code: "canceled",
    });
    await method.cancel(order, started.operation, signal);
  });

  it.each([
    { name: "at once", ageMs: 0, waitMs: 2_000 },
    { name: "by a clock that is behind", ageMs: -5_000, waitMs: 2_000 },
    { name: "after a while", ageMs: 4_500, waitMs: 4_500 },
    { name: "after a minute", ageMs: 60_000, waitMs: 10_000 },
  ])("looks again after as long again as a run has taken: $name", async ({ ageMs, waitMs }) => {
    machine.arm.faults.run = { kind: "hang" };
    const method = open();
    const started = await method.start(order, signal);
    if (started.kind !== "running") throw new Error("expected it to run");
    now = new Date(now.getTime() + ageMs);
    expect(await method.check(order, started.operation, signal)).toMatchObject({ checkAfterMs: waitMs });
    await method.cancel(order, started.operation, signal);
  });

  it("names the settings when no pool is configured", () => {
    const methods = createMethods({
      registries: noRegistries,
      credentials: oneCredential,
      now: () => now,
      acr: machine.acr,
    });
    expect(() => methods.open("agent-pool")).toThrow(/WHARFGATE_AGENT_POOL.*WHARFGATE_COPY_TOOL/);
  });
});

describe("parseAgentPoolConfig", () => {
  it("reads pool and tool", () => {
    expect(parseAgentPoolConfig({ pool: "pool", copyTool })).toEqual({
      pool: "pool",
      copyTool: { repository: "tools/crane", digest: otherDigest },
      queuedLimitMs: 600_000,
    });
  });

  it.each([
    ["a tool by tag", { copyTool: "tools/crane:latest" }],
    ["a tool by tag and digest", { copyTool: `tools/crane:1@${otherDigest}` }],
    ["a tool on another host", { copyTool: `ghcr.io:443/tools/crane@${otherDigest}` }],
    ["a command behind the tool", { copyTool: `tools/crane@${otherDigest} ; id` }],
    ["a command in the tool's name", { copyTool: `tools/$(id)@${otherDigest}` }],
    ["a second line", { copyTool: `tools/crane\n  - cmd: id@${otherDigest}` }],
    ["a template in the tool's name", { copyTool: `{{.Values.source}}@${otherDigest}` }],
    ["no tool", { copyTool: "" }],
    ["a pool with a slash", { pool: "../x" }],
    ["no pool", { pool: "" }],
    ["a limit of nothing", { queuedLimitMs: 0 }],
  ])("refuses %s", (_name, wrong) => {
    expect(() => parseAgentPoolConfig({ pool: "pool", copyTool, ...wrong })).toThrow(
      expect.objectContaining({ code: "invalid" }),
    );
  });
});
