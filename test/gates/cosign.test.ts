import { describe, expect, it } from "vitest";
import { noDemands } from "../../shared/gates/demands.ts";
import { scan } from "../../shared/gates/scan.ts";
import { signature } from "../../shared/gates/signature.ts";
import { parseVerifiers } from "../../shared/gates/verifiers.ts";
import { hexOf } from "../../shared/model/digest.ts";
import { makeBlob } from "../support/images.ts";
import { never } from "../support/registries.ts";
import {
  type CosignCase,
  cosignImage as digest,
  cosignFixture as fixture,
  manifestOf,
} from "./cosign-fixture.ts";
import { createUpstream, repository, type Upstream } from "./upstream.ts";

const otherKeys: Readonly<Record<string, string>> = {
  "P-256": "P-384",
  "P-384": "RSA",
  RSA: "Ed25519",
  Ed25519: "P-256",
};
const vulnerabilities = "https://cosign.sigstore.dev/attestation/vuln/v1";

/** A registry without the referrers API, as it was after cosign had written. */
function upstreamOf({ tags, manifests, blobs }: CosignCase): Upstream {
  const upstream = createUpstream();
  const layers = Object.values(blobs).map((text) => makeBlob(text));
  for (const text of [fixture.image, ...Object.values(manifests)])
    upstream.put({ manifest: manifestOf(text), blobs: layers });
  for (const [tag, text] of Object.entries(tags))
    upstream.registry.put(repository, { manifest: manifestOf(text), blobs: layers }, tag);
  const fallback = tags[`sha256-${hexOf(digest)}`];
  const referrers = fallback === undefined ? [] : manifestOf(fallback).manifests;
  upstream.referrersAnswer = async () => referrers.map(({ artifactType: _hearsay, ...each }) => each);
  return upstream;
}

async function check(gate: typeof signature | typeof scan, tried: CosignCase, verifiers: object) {
  const names = Object.keys(verifiers).slice(0, 1);
  return gate
    .create({
      registries: { open: () => upstreamOf(tried).registry },
      policy: {
        demandsOn: () => noDemands,
        verifiers: parseVerifiers(verifiers, () => {
          throw new Error("there are no files");
        }),
      },
      reports: { find: async () => undefined },
      now: () => new Date("2026-11-25T12:00:00Z"),
    })
    .check(
      {
        source: { host: "up.example", path: repository, digest },
        tag: "1.0.0",
        target: { host: "target.example", path: "app" },
        watch: "default/app",
        requestedBy: "schedule",
        seenAt: new Date("2026-11-25T00:00:00Z"),
        demands: { verify: names },
        decisions: [],
        only: [],
      },
      never,
    );
}

describe.each(fixture.cases)("what $by wrote: $what by $key, $format", (tried) => {
  const predicateType = tried.what === "attestation" ? { predicateType: vulnerabilities } : {};
  const by = (key: string) => ({ kind: "signature", key: fixture.keys[key], ...predicateType });

  it("is good by its key, and by no other", async () => {
    expect((await check(signature, tried, { acme: by(tried.key) })).kind).toBe("passed");
    expect(await check(signature, tried, { acme: by(otherKeys[tried.key] ?? "") })).toMatchObject({
      kind: "denied",
      reason: expect.stringContaining("one is not by the key"),
    });
  });

  it("is worth what it says", async () => {
    const scanned = { kind: "scan", maxAge: "7d", severity: "high", signedBy: "acme" };
    const verdict = await check(scan, tried, { scanned, acme: by(tried.key) });
    expect(verdict.kind).toBe(tried.what === "attestation" ? "passed" : "waiting");
  });
});
