import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { attest, verifyAttestation } from "../../shared/documents/attestation.ts";
import { evidenceOf } from "../../shared/documents/evidence.ts";
import { generateKeyPair, readSigningKey, readVerifyingKey } from "../../shared/signing/signing-key.ts";
import { attestEvidence, verifyAttached } from "../../shared/steps/evidence/attest-evidence.ts";
import { createEvidenceStore } from "../../shared/stores/evidence.ts";
import { createLedger } from "../../shared/stores/ledger.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { failureOf } from "../support/failures.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../support/local-registry.ts";
import { createMemoryTable } from "../support/memory-table.ts";
import { createOciClient, type OciClient } from "../support/oci-client.ts";
import { describeWithPeers } from "../support/peers.ts";
import { makeRecord } from "../support/records.ts";
import { loopbackRegistries, never } from "../support/registries.ts";

const pair = generateKeyPair();
const signingKey = readSigningKey(pair.privatePem);
const trusted = [readVerifyingKey(pair.publicPem)];
const stranger = readSigningKey(generateKeyPair().privatePem);
const at = new Date("2026-11-22T10:05:00.000Z");

let local: RegistryUnderTest;
let registries: ClosableRegistries;
beforeAll(async () => {
  local = await startRegistryUnderTest({ kind: "anonymous" });
  registries = loopbackRegistries();
});
afterAll(async () => {
  await registries.close();
  await local.close();
});

/** The evidence of an image that is at a registry, and all that goes with it. */
async function bench(registry: { readonly host: string; readonly client: OciClient }, name: string) {
  const path = "suite/one";
  const { digest } = await registry.client.pushImage(path, name, `content of ${name}`);
  const target = { host: registry.host, path, tag: name };
  const actors: string[] = [];
  const evidence = createEvidenceStore(createMemoryTable());
  const record = makeRecord({ state: "done", digest, target, endedAt: at });
  await evidence.add(evidenceOf(record, { outcome: "done", app: "0.3.0", was: "imported" }), never);
  return {
    image: `${path}:${name}`,
    digest,
    actors,
    ports: {
      evidence,
      ledger: createLedger(createMemoryTable(), { leaseMs: 300_000 }),
      audit: { record: async (entry: { readonly actor: string }) => void actors.push(entry.actor) },
      openTarget: (host: string) => registries.open(host),
      targetHost: registry.host,
      signingKey,
      now: () => at,
    },
  };
}

const attached = { attach: "attach", actor: "alice" } as const;

describe("at a registry with the referrers API", () => {
  whereItAttaches(() => local);
});

describeWithPeers("at a registry without it", ["docker-registry", "htpasswd"], (programs) => {
  const docker: { host: string; client?: OciClient; stop?: () => Promise<void> } = { host: "" };
  beforeAll(async () => {
    const { host, origin, stop } = await startDockerRegistry(programs);
    Object.assign(docker, { host, stop, client: createOciClient(origin, () => undefined) });
  });
  afterAll(() => docker.stop?.());
  whereItAttaches(() => {
    const { host, client } = docker;
    if (client === undefined) throw new Error("the registry has not started");
    return { host, client };
  });
});

function whereItAttaches(registry: () => Parameters<typeof bench>[0]): void {
  it("an attestation is attached, found and verified; once more changes nothing", async () => {
    const { image, digest, ports, actors } = await bench(registry(), "attached");
    const first = await attestEvidence(image, attached, ports, never);
    expect(await attestEvidence(image, attached, ports, never)).toEqual(first);
    expect(first.attachedAs).toMatch(/\/suite\/one@sha256:[0-9a-f]{64}$/);
    expect(actors).toEqual(["alice", "alice"]);
    expect(await registries.open(ports.targetHost).listReferrers("suite/one", digest, never)).toHaveLength(1);
    expect(await verifyAttached(image, trusted, ports, never)).toMatchObject({
      subject: digest,
      evidence: { digest, source: "up.example/library/app", tag: "1.0.0" },
      key: { id: signingKey.public.id },
    });
  });

  it("one by a stranger counts for nothing, alone or beside ours", async () => {
    const { image, ports } = await bench(registry(), "stranger");
    await failureOf(() => verifyAttached(image, trusted, ports, never), "not-found");
    await attestEvidence(image, attached, { ...ports, signingKey: stranger }, never);
    await failureOf(() => verifyAttached(image, trusted, ports, never), "blocked");
    await attestEvidence(image, attached, ports, never);
    expect((await verifyAttached(image, trusted, ports, never)).key.id).toBe(signingKey.public.id);
  });
}

describe("nothing is signed", () => {
  it("when the registry has another image than the record", async () => {
    const { image, ports } = await bench(local, "overwritten");
    await local.client.pushImage("suite/one", "overwritten", "somebody else's");
    const failure = await failureOf(() => attestEvidence(image, attached, ports, never), "conflict");
    expect(failure.message).toContain("DIFFERS FROM THE RECORD");
  });

  it("that Wharfgate has not brought in", async () => {
    const { ports } = await bench(local, "known");
    await local.client.pushImage("suite/one", "unknown", "somebody else's");
    const failure = await failureOf(
      () => attestEvidence("suite/one:unknown", attached, ports, never),
      "conflict",
    );
    expect(failure.message).toContain("Not brought in by Wharfgate");
  });

  it("without a key, and the setting is named", async () => {
    const { image, ports } = await bench(local, "keyless");
    const keyless = { ...ports, signingKey: undefined };
    const failure = await failureOf(() => attestEvidence(image, attached, keyless, never), "invalid");
    expect(failure.message).toContain("WHARFGATE_SIGNING_KEY");
  });
});

describe("an attestation", () => {
  const evidence = evidenceOf(makeRecord({ state: "done", endedAt: at }), {
    outcome: "done",
    app: "0.3.0",
    was: "imported",
  });
  const bundle = attest(evidence, signingKey);
  const parsed = JSON.parse(bundle) as { dsseEnvelope: { payload: string; signatures: { sig: string }[] } };
  const changed = (change: object, key = signingKey) =>
    attest({ ...evidence, ...change } as typeof evidence, key);

  it("gives back its evidence, as a bundle and as its envelope alone", () => {
    for (const text of [bundle, JSON.stringify(parsed.dsseEnvelope)])
      expect(verifyAttestation(text, trusted, "it").evidence).toEqual(evidence);
  });

  it.each([
    {
      name: "another payload",
      text: () => swap(changed({ requestedBy: "eve" })),
      code: "blocked",
    },
    { name: "another's signature", text: () => changed({}, stranger), code: "blocked" },
    { name: "no signature", text: () => unsigned(), code: "blocked" },
    { name: "a predicate that is no evidence", text: () => changed({ outcome: "fine" }), code: "protocol" },
    { name: "nothing of its kind", text: () => "{}", code: "protocol" },
    { name: "no JSON", text: () => "<script>", code: "protocol" },
  ] as const)("with $name is refused", async ({ text, code }) => {
    const attestation = text();
    await failureOf(() => verifyAttestation(attestation, trusted, "it"), code);
  });

  /** The other's payload, with the signature of the first. */
  function swap(other: string): string {
    const { dsseEnvelope } = JSON.parse(other) as typeof parsed;
    return JSON.stringify({ dsseEnvelope: { ...dsseEnvelope, signatures: parsed.dsseEnvelope.signatures } });
  }

  function unsigned(): string {
    return JSON.stringify({ dsseEnvelope: { ...parsed.dsseEnvelope, signatures: [] } });
  }
});
