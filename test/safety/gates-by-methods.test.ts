import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { defaultHandling } from "../../shared/documents/handling.ts";
import type { ImportRecord } from "../../shared/documents/import-record.ts";
import { parseImportMessage } from "../../shared/documents/messages.ts";
import { manualWatch } from "../../shared/documents/watch-id.ts";
import { noDemands } from "../../shared/gates/demands.ts";
import type { GateResult } from "../../shared/gates/gate.ts";
import { createGates, type GateKind, gateKinds } from "../../shared/gates/members.ts";
import type { Policy } from "../../shared/gates/policy.ts";
import type { UploadedReport } from "../../shared/gates/scan-reports.ts";
import { parseVerifiers } from "../../shared/gates/verifiers.ts";
import { type MethodKind, methodKinds } from "../../shared/methods/members.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { defaultLimits } from "../../shared/registry/limits.ts";
import { pushReferrer } from "../../shared/registry/push-referrer.ts";
import { createSeenQuotas } from "../../shared/registry/seen-quotas.ts";
import { importStep } from "../../shared/steps/import/import.ts";
import { createStores } from "../../shared/stores/stores.ts";
import { trivyReport } from "../gates/reports.ts";
import { bundleOf, bundleType, keyPairs, keySigner, pemOf, statementOf } from "../gates/signing.ts";
import { type AzureSide, startAzureSide } from "../support/azure-side.ts";
import { createMemoryBlobs } from "../support/memory-blobs.ts";
import { createMemoryTable } from "../support/memory-table.ts";
import { makeRecord } from "../support/records.ts";
import { never } from "../support/registries.ts";

type Verdict = GateResult["verdict"];

/** What an import meets at one gate: what it demands, what people and others have done, and when it was first seen. */
interface World {
  readonly record?: (digest: Digest) => Partial<ImportRecord>;
  readonly policy?: Partial<Policy>;
  /** The report that our people have uploaded. */
  readonly report?: (digest: Digest) => UploadedReport;
  /** Who has signed the image at upstream. */
  readonly signedBy?: keyof typeof keyPairs;
}

const now = new Date();
const anHourAgo = new Date(now.getTime() - 3_600_000);
const verifiers = parseVerifiers(
  {
    signed: { kind: "signature", key: pemOf(keyPairs["P-256"].publicKey) },
    scanned: { kind: "scan", maxAge: "7d", severity: "high" },
  },
  () => {
    throw new Error("there are no files");
  },
);
const demands = (demanded: object) => () => ({ demands: { ...noDemands, ...demanded } });
const cooldown = { minutes: 60, first: "strict" };
const report = (severity: string) => (digest: Digest) => ({
  bytes: Buffer.from(
    JSON.stringify(
      trivyReport({
        digests: [digest],
        createdAt: now.toISOString(),
        findings: [{ id: "CVE-2026-1", severity }],
      }),
    ),
  ),
  by: "alice",
  at: now,
});

/** Every gate with each of its verdicts, or why it never says so. */
const worlds: Readonly<Record<GateKind, Readonly<Record<Verdict, World | string>>>> = {
  "allow-list": {
    passed: {},
    waiting: "a policy is not waited for",
    denied: { policy: { demandsOn: () => undefined } },
  },
  "digest-pin": {
    passed: { record: (digest) => ({ demands: { ...noDemands, pin: digest } }) },
    waiting: "a digest does not change",
    denied: { record: demands({ pin: digestOf("another") }) },
  },
  cooldown: {
    passed: {
      record: () => ({
        demands: { ...noDemands, cooldown: { minutes: 30, first: "strict" } },
        seenAt: anHourAgo,
      }),
    },
    waiting: { record: demands({ cooldown }) },
    denied: {
      // The tag has another digest at upstream by now.
      record: () => ({
        demands: { ...noDemands, cooldown: { minutes: 30, first: "strict" } },
        seenAt: anHourAgo,
        tag: "moved",
      }),
    },
  },
  signature: {
    passed: { record: demands({ verify: ["signed"] }), signedBy: "P-256" },
    waiting: { record: demands({ verify: ["signed"] }) },
    denied: { record: demands({ verify: ["signed"] }), signedBy: "P-384" },
  },
  scan: {
    passed: { record: demands({ verify: ["scanned"] }), report: report("LOW") },
    waiting: { record: demands({ verify: ["scanned"] }) },
    denied: { record: demands({ verify: ["scanned"] }), report: report("CRITICAL") },
  },
  approval: {
    passed: {
      record: () => ({
        ...demands({ approval: "always" })(),
        decisions: [{ kind: "approve", by: "alice", at: now }],
      }),
    },
    waiting: { record: demands({ approval: "always" }) },
    denied: {
      // It has waited for a person for more than thirty days.
      record: () => ({
        ...demands({ approval: "always" })(),
        gates: [
          {
            gate: "approval",
            verdict: "waiting",
            reason: "a person must approve",
            at: new Date(now.getTime() - 31 * 24 * 3_600_000),
          },
        ],
      }),
    },
  },
};

/** Every method, with how it is proven that the target has the image. */
const proofs: Readonly<Record<MethodKind, "target" | "receipt">> = {
  "acr-import": "target",
  "agent-pool": "target",
  "cache-rule": "target",
  copy: "target",
  auto: "target",
  bundle: "receipt",
};

let side: AzureSide;
let number = 0;
beforeAll(async () => {
  side = await startAzureSide({ outcomeOf: async () => ({ outcome: "imported", receipt: "1" }) });
});
afterAll(() => side[Symbol.asyncDispose]());
beforeEach(() => {
  number += 1;
  side.asked.length = 0;
});

it("every method and every gate has its row", () => {
  expect(Object.keys(proofs).sort()).toEqual([...methodKinds].sort());
  expect(Object.keys(worlds)).toEqual(gateKinds);
});

describe.each(methodKinds.map((method) => ({ method })))("by $method", ({ method }) => {
  const rows = Object.entries(worlds).flatMap(([gate, verdicts]) =>
    Object.entries(verdicts).flatMap(([verdict, world]) =>
      typeof world === "string" ? [] : [{ gate, verdict, world }],
    ),
  );

  it.each(rows.filter(({ verdict }) => verdict === "passed"))(
    "what $gate has let through comes in, proven",
    async ({ gate, world }) => {
      const { record, digest } = await travel(method, world);
      expect(record).toMatchObject({ state: "done", digest });
      expect(record?.gates).toContainEqual(expect.objectContaining({ gate, verdict: "passed" }));
      if (proofs[method] === "target") expect(side.asked).not.toEqual([]);
      if (proofs[method] === "target") expect(await atTarget(record)).toBe(digest);
      else expect(record?.operations).toContain("receipt 1");
    },
  );

  it.each(rows.filter(({ verdict }) => verdict !== "passed"))(
    "what $gate says $verdict of has sent nothing to ARM or to the target",
    async ({ gate, verdict, world }) => {
      const { record } = await travel(method, world);
      expect(record?.state).toBe(verdict);
      expect(record?.gates.at(-1)).toMatchObject({ gate, verdict });
      expect(record?.reason).not.toBe("");
      expect(side.asked).toEqual([]);
    },
  );
});

/** One import by the real step, hop after hop until it stands: what waits for time is not waited for. */
async function travel(method: MethodKind, { record: parts, policy, report: uploaded, signedBy }: World) {
  const path = "suite/one";
  const tag = `1.${number}`;
  const { upstream } = side;
  const { digest, body } = await upstream.client.pushImage(path, tag, `${method} ${number}`);
  await upstream.client.pushImage(path, "moved", `moved ${number}`);
  if (signedBy !== undefined) {
    const signed = await bundleOf(
      keySigner(keyPairs[signedBy].privateKey, signedBy === "P-384" ? "sha384" : "sha256"),
      statementOf(digest),
    );
    const subject = {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest,
      size: Buffer.byteLength(body),
    };
    const content = Buffer.from(JSON.stringify(signed));
    await pushReferrer(
      side.registries.open(upstream.host),
      path,
      { type: bundleType, content, annotations: {}, subject },
      never,
    );
  }
  const bodies: object[] = [];
  const stores = createStores({
    table: () => createMemoryTable(),
    blobs: (name) => createMemoryBlobs(name),
    queue: (name) => ({
      send: async (message) => void (name === "import" && bodies.push(message)),
      length: async () => 0,
      oldestMs: async () => undefined,
    }),
    leaseMs: 60_000,
  });
  const { registries, methods, target } = side;
  const gates = createGates({
    registries,
    policy: { demandsOn: () => noDemands, verifiers, ...policy },
    reports: { find: async (of) => (of === digest ? uploaded?.(of) : undefined) },
    now: () => new Date(),
  });
  const ports = {
    ...stores,
    registries,
    openTarget: (host: string) => registries.open(host),
    methodOf: methods.open,
    gates,
    now: () => new Date(),
    random: () => 0.5,
    leaseMs: 60_000,
    deadlineMs: 60_000,
    limits: defaultLimits,
    quotas: createSeenQuotas(),
    sleep: async () => {},
  };
  const record = makeRecord({
    watch: manualWatch,
    source: { host: upstream.host, path },
    tag,
    digest,
    target: { host: target.host, path: `mirror/${method}-${number}`, tag },
    method,
    seenAt: new Date(),
    handling: { ...defaultHandling, site: "site" },
    ...parts?.(digest),
  });
  await stores.ledger.add([{ record }], never);
  bodies.push({ v: 1, watch: "manual~requests", import: record.key, hop: 0 });
  for (let hops = 0; hops < 1000; hops += 1) {
    const body = bodies.shift();
    if (body === undefined) break;
    const result = await importStep(parseImportMessage(body), ports, never);
    if (result.kind === "advanced" && result.import.state === "waiting") break;
  }
  const entry = await stores.ledger.get(record.watch, record.key, never);
  return { digest, record: entry?.record };
}

async function atTarget(record: ImportRecord | undefined): Promise<string | null> {
  const { path = "", tag = "" } = record?.target ?? {};
  const answer = await side.target.client.send("HEAD", `/v2/${path}/manifests/${tag}`, {
    headers: { accept: "application/vnd.oci.image.manifest.v1+json" },
  });
  return answer.headers.get("docker-content-digest");
}
