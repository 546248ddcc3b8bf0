import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Digest } from "../../shared/model/digest.ts";
import {
  type Answer,
  createSend,
  example,
  importBody,
  importPath,
  registryVersion,
  runBody,
  runVersion,
  type Send,
} from "./arm-requests.ts";
import { imageDigest } from "./memory-transfer.ts";
import { type OneMachineArm, resourceId, startOneMachineArm } from "./one-machine-arm.ts";

let machine: OneMachineArm;
let send: Send;

beforeAll(async () => {
  machine = await startOneMachineArm();
  send = createSend(machine);
});
afterAll(() => machine[Symbol.asyncDispose]());
afterEach(() => {
  for (const fault of Object.keys(machine.arm.faults)) delete machine.arm.faults[fault as "import"];
  machine.transfer.upstream.clear();
  machine.transfer.target.clear();
});

function offer(reference: string, manifests = 2): void {
  machine.transfer.upstream.set(`docker.io/library/nginx${reference}`, { digest: imageDigest, manifests });
}

async function importAndWait(body: unknown): Promise<Answer> {
  const accepted = await send("POST", importPath, { version: registryVersion, body });
  expect(accepted.status).toBe(202);
  const location = accepted.headers.get("location") ?? "";
  for (let asked = 0; asked < 1000; asked++) {
    const answer = await send("GET", location);
    if (answer.status !== 202) return answer;
  }
  throw new Error("the import does not end");
}

describe("importImage", () => {
  it("names its operation in Location, as published", async () => {
    machine.arm.faults.import = { kind: "hang" };
    const accepted = await send("POST", importPath, { version: registryVersion, body: importBody });
    expect(accepted).toMatchObject({ status: 202, body: undefined });
    expect(accepted.headers.get("retry-after")).toBe("0");
    const published = example("Registries_ImportImage/byDigest").responses["202"] as {
      headers: { Location: string };
    };
    const shape = (url: string) =>
      url
        .replace(/^https:\/\/[^/]+/, "")
        .replace(/locations\/[^/]+/, "locations/x")
        .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "*");
    expect(shape(accepted.headers.get("location") ?? "")).toBe(shape(published.headers.Location));
    const polled = await send("GET", accepted.headers.get("location") ?? "");
    expect(polled).toMatchObject({ status: 202, body: undefined });
  });

  it.each([
    ["a digest", `@${imageDigest}`, `library/nginx@${imageDigest}`],
    ["a tag", ":1.27.1", "library/nginx:1.27.1"],
    ["neither, which is latest", ":latest", "library/nginx"],
  ])("takes a source by %s", async (_name, upstream, sourceImage) => {
    offer(upstream);
    offer(`@${imageDigest}`);
    const body = { ...importBody, source: { registryUri: "docker.io", sourceImage } };
    expect(await importAndWait(body)).toMatchObject({ status: 200, body: undefined });
    expect(machine.transfer.target).toEqual(new Map([["mirror/nginx:1", imageDigest]]));
  });

  it("puts manifests without a tag where asked to", async () => {
    offer(`@${imageDigest}`);
    const body = { source: importBody.source, untaggedTargetRepositories: ["mirror/nginx"] };
    expect((await importAndWait(body)).status).toBe(200);
    expect(machine.transfer.target).toEqual(new Map([[`mirror/nginx@${imageDigest}`, imageDigest]]));
  });

  it.each([
    ["51 manifests", () => offer(`@${imageDigest}`, 51), "InvalidParameters", /50 manifests/],
    ["no image", () => {}, "InvalidParameters", /MANIFEST_UNKNOWN/],
    [
      "a tag that exists",
      () => machine.transfer.target.set("mirror/nginx:1", "sha256:0" as Digest),
      "Conflict",
      /^Tag mirror\/nginx:1 already exists in target registry/,
    ],
  ])("fails on the poll with %s", async (_name, arrange, code, message) => {
    arrange();
    const answer = await importAndWait(importBody);
    expect(answer).toMatchObject({ status: 400, body: { error: { code } } });
    expect(answer.body.error.message).toMatch(message);
  });

  it("takes exactly 50 manifests", async () => {
    offer(`@${imageDigest}`, 50);
    expect((await importAndWait(importBody)).status).toBe(200);
  });
});

describe("agent pools", () => {
  async function schedule(): Promise<string> {
    const { body } = await send("POST", `${resourceId}/scheduleRun`, { version: runVersion, body: runBody });
    return body.properties.runId;
  }
  const statusOf = async (id: string) =>
    (await send("GET", `${resourceId}/runs/${id}`, { version: runVersion })).body.properties.status;
  const queued = async () =>
    (await send("POST", `${resourceId}/agentPools/pool/listQueueStatus`, { version: runVersion })).body.count;

  it("run as many at a time as they have agents, in order", async () => {
    const gate = Promise.withResolvers<void>();
    machine.arm.faults.run = { kind: "wait", until: gate.promise };
    const [first, second, third] = [await schedule(), await schedule(), await schedule()];
    expect([await statusOf(first), await statusOf(second), await statusOf(third)]).toEqual([
      "Running",
      "Queued",
      "Queued",
    ]);
    expect(await queued()).toBe(2);
    await send("POST", `${resourceId}/runs/${second}/cancel`, { version: runVersion });
    expect(await queued()).toBe(1);
    gate.resolve();
    await expect.poll(() => statusOf(third)).toBe("Failed");
    expect(await statusOf(second)).toBe("Canceled");
  });

  it("refuse to cancel what has ended", async () => {
    const id = await schedule();
    await expect.poll(() => statusOf(id)).toBe("Failed");
    const answer = await send("POST", `${resourceId}/runs/${id}/cancel`, { version: runVersion });
    expect(answer.status).toBe(409);
  });

  it("give the log to who has its URL alone, in ranges too", async () => {
    const id = await schedule();
    await expect.poll(() => statusOf(id)).toBe("Failed");
    const { body } = await send("POST", `${resourceId}/runs/${id}/listLogSasUrl`, { version: runVersion });
    const whole = await fetch(body.logLink);
    const text = await whole.text();
    expect(whole.headers.get("x-ms-meta-complete")).not.toBeNull();
    expect(text).toContain("this machine runs only the pinned copy task");
    const part = await fetch(body.logLink, { headers: { range: "bytes=3-9" } });
    expect([part.status, await part.text()]).toEqual([206, text.slice(3, 10)]);
    expect((await fetch(body.logLink.replace(/sig=[^&]*/, "sig=0"))).status).toBe(403);
  });
});
