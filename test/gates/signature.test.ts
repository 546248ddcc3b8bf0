import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { noDemands } from "../../shared/gates/demands.ts";
import type { GateSubject } from "../../shared/gates/gate.ts";
import { signature } from "../../shared/gates/signature.ts";
import { parseVerifiers } from "../../shared/gates/verifiers.ts";
import type { Digest } from "../../shared/model/digest.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex } from "../support/images.ts";
import { never } from "../support/registries.ts";
import { type Authority, createAuthority, minutesLater } from "./authority.ts";
import {
  asReferrer,
  bundleOf,
  bundleType,
  envelopeAttestation,
  inToto,
  keyPairs,
  keySigner,
  pemOf,
  type Signer,
  simplePayload,
  simpleSignature,
  statementOf,
} from "./signing.ts";
import { type Attachment, createUpstream, repository, type Upstream } from "./upstream.ts";

const slsa = "https://slsa.dev/provenance/v1";
const acme = { subject: "https://ci.example/acme/app", issuer: "https://issuer.example" };
const now = new Date("2026-11-21T12:00:00Z");
const other = digestOf("another image");
const signers = {
  key: keySigner(keyPairs["P-256"].privateKey),
  stranger: keySigner(keyPairs["P-384"].privateKey, "sha384"),
};

let authority: Authority;
let foreign: Authority;
let upstream: Upstream;
let image: Digest;
beforeAll(async () => {
  [authority, foreign] = await Promise.all([createAuthority(), createAuthority()]);
});
beforeEach(() => {
  upstream = createUpstream();
  image = upstream.put(makeImage([makeBlob("layer")]));
});

const byKey = { kind: "signature", key: pemOf(keyPairs["P-256"].publicKey) };
const keyless = () => ({ kind: "signature", trustedRoot: authority.root, ...acme });

function check(verifiers: object, subject: Partial<GateSubject> = {}) {
  const policy = {
    demandsOn: () => noDemands,
    verifiers: parseVerifiers(verifiers, () => {
      throw new Error("there are no files");
    }),
  };
  const registries = { open: () => upstream.registry };
  const gate = signature.create({
    registries,
    policy,
    reports: { find: async () => undefined },
    now: () => now,
  });
  return gate.check(
    {
      source: { host: "up.example", path: repository, digest: image },
      tag: "1.0.0",
      target: { host: "target.example", path: "app" },
      watch: "default/app",
      requestedBy: "schedule",
      seenAt: now,
      demands: { verify: Object.keys(verifiers) },
      decisions: [],
      only: [],
      ...subject,
    },
    never,
  );
}

describe("the gate signature", () => {
  it("is off where no signature is demanded", async () => {
    expect(await check({})).toEqual({ kind: "off" });
    expect(await check({ scanned: { kind: "scan", maxAge: "7d", severity: "high" } })).toEqual({
      kind: "off",
    });
  });

  it.each(["nobody", "__proto__", "toString"])(
    "denies what a verifier is demanded for that is not there: %s",
    async (name) => {
      expect(await check({}, { demands: { verify: [name] } })).toMatchObject({
        kind: "denied",
        reason: `the verifier "${name}" is demanded, and the policy has none of that name`,
        next: expect.stringContaining(`Add "${name}" to the policy's "verifiers"`),
      });
    },
  );

  it.each<{ name: string; pair: keyof typeof keyPairs; hash?: string }>([
    { name: "P-256", pair: "P-256" },
    { name: "P-384 and SHA-256, as older cosigns", pair: "P-384" },
    { name: "P-384 and SHA-384", pair: "P-384", hash: "sha384" },
    { name: "RSA", pair: "RSA" },
    { name: "Ed25519", pair: "Ed25519" },
  ])("lets in what a key has signed: $name", async ({ pair, hash }) => {
    const { publicKey, privateKey } = keyPairs[pair];
    const signer = keySigner(privateKey, hash);
    const verifiers = { acme: { kind: "signature", key: pemOf(publicKey) } };
    upstream.tag(image, "sig", await simpleSignature(signer, simplePayload(image)));
    expect(await check(verifiers)).toMatchObject({
      kind: "passed",
      reason: expect.stringMatching(/^acme: signed by the key sha256:[0-9a-f]{12}…$/),
    });

    upstream = createUpstream();
    upstream.refer(image, asReferrer(await bundleOf(signer, statementOf(image))));
    expect((await check(verifiers)).kind).toBe("passed");
  });

  it.each<{ name: string; proof: "log" | "timestamp"; config?: object }>([
    { name: "a transparency log", proof: "log" },
    { name: "a timestamp authority", proof: "timestamp", config: { tlogThreshold: 0 } },
  ])("lets in what an identity has signed, shown by $name", async ({ proof, config }) => {
    const verifiers = { acme: { ...keyless(), ...config } };
    const signer = authority.signer({ ...acme, proof });
    upstream.tag(image, "sig", await simpleSignature(signer, simplePayload(image)));
    expect(await check(verifiers)).toMatchObject({
      kind: "passed",
      reason: 'acme: signed by "https://ci.example/acme/app" as known to "https://issuer.example"',
    });

    upstream = createUpstream();
    upstream.refer(image, asReferrer(await bundleOf(signer, statementOf(image))));
    expect((await check(verifiers)).kind).toBe("passed");
  });

  it.each(["key", "keyless"])("lets in what is attested by the type that is asked for: %s", async (by) => {
    const config = { ...(by === "key" ? byKey : keyless()), predicateType: slsa };
    const signer = by === "key" ? signers.key : authority.signer(acme);
    const statement = statementOf(image, { predicateType: slsa, type: "https://in-toto.io/Statement/v0.1" });
    upstream.tag(image, "att", await envelopeAttestation(signer, statement));
    expect(await check({ acme: config })).toMatchObject({
      kind: "passed",
      reason: expect.stringContaining(`acme: attested (${slsa}) by `),
    });

    upstream = createUpstream();
    upstream.refer(image, asReferrer(await bundleOf(signer, statement)));
    expect((await check({ acme: config })).kind).toBe("passed");
  });

  it("takes one good signature among bad ones, whatever the fallback tag knows of their types", async () => {
    upstream.refer(image, asReferrer(await bundleOf(signers.stranger, statementOf(image))));
    upstream.refer(image, asReferrer(Buffer.from("{")));
    upstream.refer(image, asReferrer(Buffer.from("sbom"), "application/spdx+json"));
    upstream.refer(image, asReferrer(await bundleOf(signers.key, statementOf(image))), {
      artifactType: undefined,
    } as object);
    expect((await check({ acme: byKey })).kind).toBe("passed");
  });

  it("asks for all that is demanded", async () => {
    const verifiers = { first: byKey, second: { ...byKey, key: pemOf(keyPairs.RSA.publicKey) } };
    upstream.refer(image, asReferrer(await bundleOf(signers.key, statementOf(image))));
    expect(await check(verifiers)).toMatchObject({
      kind: "denied",
      reason: expect.stringMatching(/^second: /),
    });
    upstream.refer(image, asReferrer(await bundleOf(keySigner(keyPairs.RSA.privateKey), statementOf(image))));
    expect(await check(verifiers)).toMatchObject({
      kind: "passed",
      reason: expect.stringMatching(/^first: signed by .*; second: signed by /),
    });
  });

  it.each([
    { name: "at once", ageHours: 0, checkMinutes: 15 },
    { name: "after an hour", ageHours: 1, checkMinutes: 60 },
    { name: "after two days", ageHours: 48, checkMinutes: 360 },
    { name: "near the end", ageHours: 7 * 24 - 1, checkMinutes: 60 },
  ])("waits for a signature that is not there: $name", async ({ ageHours, checkMinutes }) => {
    expect(await check({ acme: byKey }, { seenAt: new Date(now.getTime() - ageHours * 3_600_000) })).toEqual({
      kind: "waiting",
      on: "time",
      reason: "acme: there is no signature of the image at upstream",
      next: expect.stringContaining("It is looked for again by itself"),
      checkAfterMs: checkMinutes * 60_000,
    });
  });

  it("gives up after seven days", async () => {
    expect(await check({ acme: byKey }, { seenAt: new Date(now.getTime() - 7 * 86_400_000) })).toMatchObject({
      kind: "denied",
      reason: expect.stringContaining("seven days have passed"),
    });
  });

  it("waits while there are other attestations only, and says which", async () => {
    upstream.refer(
      image,
      asReferrer(await bundleOf(signers.key, statementOf(image, { predicateType: slsa }))),
    );
    expect(await check({ acme: byKey })).toMatchObject({
      kind: "waiting",
      reason: `acme: there is no signature of the image at upstream (but an attestation of the type ${slsa})`,
    });
  });

  it("says whose trusted root cannot be used", async () => {
    upstream.tag(image, "sig", await simpleSignature(signers.key, simplePayload(image)));
    const certChain = { certificates: [{ rawBytes: "AAAA" }] };
    const trustedRoot = { ...authority.root, certificateAuthorities: [{ certChain }] };
    const { message } = await failureOf(() => check({ acme: { ...keyless(), trustedRoot } }), "invalid");
    expect(message).toContain(
      "verifiers.acme.trustedRoot of the policy has a certificate or a key that cannot be read",
    );
  });

  it.each<{ name: string; error: Failure; kind: "thrown" | "waiting" }>([
    { name: "does not answer", error: new Failure("unavailable", "503"), kind: "thrown" },
    { name: "turns us away", error: new Failure("forbidden", "403"), kind: "thrown" },
    { name: "has a list that is none", error: new Failure("protocol", "not an index"), kind: "waiting" },
  ])("with a registry that $name: $kind", async ({ error, kind }) => {
    upstream.referrersAnswer = () => Promise.reject(error);
    if (kind === "thrown") await failureOf(() => check({ acme: byKey }), error.code);
    else
      expect(await check({ acme: byKey })).toMatchObject({
        kind,
        reason: expect.stringContaining("not an index"),
      });
  });
});

describe("the gate signature, of an index", () => {
  const amd64 = makeImage([makeBlob("amd64")]);
  const arm64 = makeImage([makeBlob("arm64")], "arm64");
  const index = makeIndex([amd64.manifest, arm64.manifest]);
  const [one, two] = [amd64.manifest.descriptor.digest, arm64.manifest.descriptor.digest];
  const subject = { source: { host: "up.example", path: repository, digest: index.descriptor.digest } };
  const sign = async (...digests: readonly Digest[]) => {
    for (const digest of digests)
      upstream.tag(digest, "sig", await simpleSignature(signers.key, simplePayload(digest)));
  };
  beforeEach(() => {
    upstream.put(amd64);
    upstream.put(arm64);
    upstream.put({ manifest: index, blobs: [] });
  });

  it("asks for the index's own signature", async () => {
    await sign(one, two);
    expect((await check({ acme: byKey }, subject)).kind).toBe("waiting");
    await sign(index.descriptor.digest);
    expect((await check({ acme: byKey }, subject)).kind).toBe("passed");
  });

  it("asks for those of its children where each must have one", async () => {
    const verifiers = { acme: { ...byKey, each: true } };
    await sign(index.descriptor.digest, one);
    expect(await check(verifiers, subject)).toMatchObject({
      kind: "waiting",
      reason: `acme: there is no signature of its child ${two.slice(0, 19)}… at upstream`,
    });
    expect((await check(verifiers, { ...subject, only: ["linux/amd64"] })).kind).toBe("passed");
    await sign(two);
    expect((await check(verifiers, subject)).kind).toBe("passed");
  });
});

const huge = {
  layers: [{ blob: makeBlob(Buffer.alloc(257 * 1024), "application/vnd.dev.cosign.simplesigning.v1+json") }],
};
/** A hundred that can be read, over and over. */
const flood = async (): Promise<void> => {
  for (let at = 0; at < 100; at++) await bundle(signers.stranger, statementOf(image, { predicate: { at } }));
  const some = await upstream.registry.listReferrers(repository, image, never);
  upstream.referrersAnswer = async () => Array.from({ length: 100 }, () => some).flat();
};

/** Each is put beside the image, and must not let it in. */
const forgeries: readonly {
  readonly name: string;
  readonly by?: "keyless";
  readonly config?: object;
  readonly put: () => unknown;
  readonly kind: "denied" | "waiting";
  readonly says: string;
}[] = [
  {
    name: "a signature by another key",
    put: () => sig(signers.stranger, simplePayload(image)),
    kind: "denied",
    says: "no signature of the image is good: one is not by the key sha256:",
  },
  {
    name: "a bundle by another key",
    put: () => bundle(signers.stranger, statementOf(image)),
    kind: "denied",
    says: "one is not by the key",
  },
  {
    name: "the signature of another image, moved over",
    put: () => sig(signers.key, simplePayload(other)),
    kind: "denied",
    says: "one is of another digest",
  },
  {
    name: "the bundle of another image, moved over",
    put: () => bundle(signers.key, statementOf(other)),
    kind: "denied",
    says: "one is of another digest",
  },
  {
    name: "a digest that only begins alike",
    put: () => sig(signers.key, simplePayload(image.slice(0, -1))),
    kind: "denied",
    says: "one is of another digest",
  },
  {
    name: "a payload of another type",
    put: () => sig(signers.key, simplePayload(image, { type: "atomic container signature" })),
    kind: "denied",
    says: "one has a payload that is not of cosign's type",
  },
  {
    name: "another repository",
    config: { repository: { pattern: "up\\.example/acme/.*" } },
    put: () =>
      sig(signers.key, simplePayload(image, { identity: { "docker-reference": "up.example/evil/app" } })),
    kind: "denied",
    says: 'one is for the repository "up.example/evil/app", not for /up',
  },
  {
    name: "no repository, where one is asked for",
    config: { repository: "up.example/acme/app" },
    put: () => bundle(signers.key, statementOf(image)),
    kind: "denied",
    says: "one does not say of which repository the image is",
  },
  {
    name: "a payload with a changed byte",
    put: async () => {
      const good = await simpleSignature(signers.key, simplePayload(image));
      const [layer] = good.layers;
      const bytes = Buffer.from(`${layer?.blob.bytes} `);
      upstream.tag(image, "sig", {
        layers: [
          { blob: makeBlob(bytes, layer?.blob.descriptor.mediaType), annotations: layer?.annotations ?? {} },
        ],
      });
    },
    kind: "denied",
    says: "one is not by the key",
  },
  {
    name: "a payload with two digests",
    put: async () => {
      const text = JSON.stringify(simplePayload(other)).replace(
        '"image":{',
        `"image":{"docker-manifest-digest":"${image}",`,
      );
      upstream.tag(image, "sig", await simpleSignature(signers.key, Buffer.from(text)));
    },
    kind: "denied",
    says: "one has a payload that is ambiguous",
  },
  {
    name: "a payload with a prototype",
    put: async () => {
      const text = `{"__proto__":${JSON.stringify(simplePayload(image))}}`;
      upstream.tag(image, "sig", await simpleSignature(signers.key, Buffer.from(text)));
    },
    kind: "denied",
    says: "one has a payload that is ambiguous",
  },
  {
    name: "a payload that is cut off",
    put: async () => {
      const whole = Buffer.from(JSON.stringify(simplePayload(image)));
      upstream.tag(image, "sig", await simpleSignature(signers.key, whole.subarray(0, -2)));
    },
    kind: "denied",
    says: "one has a payload that is not JSON",
  },
  {
    name: "a payload that is too large",
    put: () => upstream.tag(image, "sig", huge),
    kind: "denied",
    says: "at most 262144 are read",
  },
  {
    name: "a signature that is left out",
    put: async () => {
      const blob = makeBlob(
        JSON.stringify(simplePayload(image)),
        "application/vnd.dev.cosign.simplesigning.v1+json",
      );
      upstream.tag(image, "sig", { layers: [{ blob }] });
    },
    kind: "denied",
    says: "one is incomplete",
  },
  {
    name: "a payload that the registry lost",
    put: async () => {
      await sig(signers.key, simplePayload(image));
      upstream.registry.blobs.clear();
    },
    kind: "denied",
    says: "one is missing at the registry",
  },
  {
    name: "a bundle that is cut off",
    put: async () => {
      const whole = JSON.stringify(await bundleOf(signers.key, statementOf(image)));
      upstream.refer(image, asReferrer(Buffer.from(whole.slice(0, -20))));
    },
    kind: "denied",
    says: "one has a bundle that is not JSON",
  },
  {
    name: "a bundle of another version",
    put: async () => {
      const good = await bundleOf(signers.key, statementOf(image));
      upstream.refer(image, asReferrer({ ...good, mediaType: "application/vnd.example+json" }));
    },
    kind: "denied",
    says: "one is incomplete, or in a format that is not known",
  },
  {
    name: "a bundle over a bare message",
    put: async () => {
      const { signature } = await signers.key.sign(Buffer.from(image));
      const digest = Buffer.from(image.slice(7), "hex").toString("base64");
      upstream.refer(
        image,
        asReferrer({
          mediaType: bundleType,
          verificationMaterial: { publicKey: { hint: "" }, tlogEntries: [] },
          messageSignature: {
            messageDigest: { algorithm: "SHA2_256", digest },
            signature: signature.toString("base64"),
          },
        }),
      );
    },
    kind: "denied",
    says: "one is a bundle over a bare message",
  },
  {
    name: "a statement that is none",
    put: () => bundle(signers.key, statementOf(image, { type: "https://evil.example/Statement" })),
    kind: "denied",
    says: "one has a payload that is not an in-toto statement",
  },
  {
    name: "a statement by another name",
    put: async () =>
      upstream.refer(image, asReferrer(await bundleOf(signers.key, statementOf(image), "text/plain"))),
    kind: "denied",
    says: "one has a payload that is not an in-toto statement",
  },
  {
    name: "a statement without subject",
    put: () => bundle(signers.key, { ...statementOf(image), subject: [] }),
    kind: "denied",
    says: "one is of another digest",
  },
  {
    name: "a digest by another algorithm",
    put: () =>
      bundle(signers.key, { ...statementOf(image), subject: [{ digest: { sha512: image.slice(7) } }] }),
    kind: "denied",
    says: "one is of another digest",
  },
  {
    name: "more subjects than are read",
    put: () =>
      bundle(signers.key, {
        ...statementOf(image),
        subject: Array.from({ length: 1001 }, () => ({ digest: {} })),
      }),
    kind: "denied",
    says: 'one has 1001 entries in "subject"',
  },
  {
    name: "an attestation in place of a signature",
    put: () => bundle(signers.key, statementOf(image, { predicateType: slsa })),
    kind: "waiting",
    says: "there is no signature of the image",
  },
  {
    name: "an attestation of another type",
    config: { predicateType: `${slsa}x` },
    put: () => bundle(signers.key, statementOf(image, { predicateType: slsa })),
    kind: "waiting",
    says: `there is no attestation of the image at upstream (but an attestation of the type ${slsa})`,
  },
  {
    name: "a signature in place of an attestation",
    config: { predicateType: slsa },
    put: async () => {
      upstream.tag(image, "att", await simpleSignature(signers.key, simplePayload(image)));
    },
    kind: "waiting",
    says: "(but a signature without attestation)",
  },
  {
    name: "an attestation by another key",
    config: { predicateType: slsa },
    put: () => bundle(signers.stranger, statementOf(image, { predicateType: slsa })),
    kind: "denied",
    says: "no attestation of the image is good: one is not by the key",
  },
  {
    name: "ten thousand referrers",
    put: flood,
    kind: "denied",
    says: "it has 10000 referrers that might be meant: only 100 are read; each of 100 is not by the key",
  },
  {
    name: "a certificate for another subject",
    by: "keyless",
    put: () =>
      bundle(authority.signer({ ...acme, subject: "https://ci.example/evil/app" }), statementOf(image)),
    kind: "denied",
    says: 'one is by "https://ci.example/evil/app" as known to "https://issuer.example", not by "https://ci.example/acme/app"',
  },
  {
    name: "a certificate by another issuer's word",
    by: "keyless",
    put: () => bundle(authority.signer({ ...acme, issuer: "https://evil.example" }), statementOf(image)),
    kind: "denied",
    says: 'as known to "https://evil.example", not by',
  },
  {
    name: "a certificate of another authority",
    by: "keyless",
    put: () => bundle(foreign.signer(acme), statementOf(image)),
    kind: "denied",
    says: "one has a certificate that the trusted root does not vouch for",
  },
  {
    name: "a certificate that had expired",
    by: "keyless",
    put: () => bundle(authority.signer({ ...acme, issuedAt: minutesLater(-20) }), statementOf(image)),
    kind: "denied",
    says: "one has a certificate that was not valid when it was signed",
  },
  {
    name: "a certificate that was not valid yet",
    by: "keyless",
    put: () => sig(authority.signer({ ...acme, issuedAt: minutesLater(20) }), simplePayload(image)),
    kind: "denied",
    says: "one has a certificate that was not valid when it was signed",
  },
  {
    name: "no proof of when",
    by: "keyless",
    put: () => bundle(authority.signer({ ...acme, proof: "none" }), statementOf(image)),
    kind: "denied",
    says: "one has no timestamp that the trusted root vouches for",
  },
  {
    name: "no log entry where one is asked for",
    by: "keyless",
    put: () => bundle(authority.signer({ ...acme, proof: "timestamp" }), statementOf(image)),
    kind: "denied",
    says: "one is not in a transparency log",
  },
  {
    name: "a time without a log's promise",
    by: "keyless",
    put: () => changedEntry((entry) => ({ ...entry, inclusionPromise: undefined })),
    kind: "denied",
    says: "one has no timestamp that the trusted root vouches for",
  },
  {
    name: "another time than the log promised",
    by: "keyless",
    put: () =>
      changedEntry((entry) => ({
        ...entry,
        integratedTime: String(Math.floor(minutesLater(5).getTime() / 1000)),
      })),
    kind: "denied",
    says: "one is not in a transparency log",
  },
  {
    name: "the log entry of another signature",
    by: "keyless",
    put: async () => {
      const signer = authority.signer(acme);
      const [mine, another] = [
        await bundleOf(signer, statementOf(image)),
        await bundleOf(signer, statementOf(other)),
      ];
      const material = { ...materialOf(mine), tlogEntries: materialOf(another).tlogEntries };
      upstream.refer(image, asReferrer({ ...mine, verificationMaterial: material }));
    },
    kind: "denied",
    says: "one is not in a transparency log",
  },
  {
    name: "the log entry of another signature of the same",
    by: "keyless",
    put: async () => {
      const [mine, another] = [
        await bundleOf(authority.signer(acme), statementOf(image)),
        await bundleOf(authority.signer(acme), statementOf(image)),
      ];
      const material = { ...materialOf(mine), tlogEntries: materialOf(another).tlogEntries };
      upstream.refer(image, asReferrer({ ...mine, verificationMaterial: material }));
    },
    kind: "denied",
    says: "one is not in a transparency log",
  },
  {
    name: "the log entry of another payload by the same signature",
    by: "keyless",
    put: () => {
      const logs = { payload: Buffer.from(JSON.stringify(statementOf(other))), payloadType: inToto };
      return bundle(authority.signer({ ...acme, logs }), statementOf(image));
    },
    kind: "denied",
    says: "one is not in a transparency log",
  },
  {
    name: "a certificate that is in no log of certificates",
    by: "keyless",
    put: () => bundle(authority.signer({ ...acme, certificate: "unlogged" }), statementOf(image)),
    kind: "denied",
    says: "one has a certificate that the trusted root does not vouch for",
  },
  {
    name: "a certificate that is for servers",
    by: "keyless",
    config: { sctThreshold: 0 },
    put: () => bundle(authority.signer({ ...acme, usage: "servers" }), statementOf(image)),
    kind: "denied",
    says: "one has a certificate that is not for signing code",
  },
  {
    name: "the certificate of somebody else",
    by: "keyless",
    put: async () => {
      const mine = await bundleOf(
        authority.signer({ ...acme, subject: "https://evil.example" }),
        statementOf(image),
      );
      const theirs = await bundleOf(authority.signer(acme), statementOf(image));
      const material = { ...materialOf(mine), certificate: materialOf(theirs).certificate };
      upstream.refer(image, asReferrer({ ...mine, verificationMaterial: material }));
    },
    kind: "denied",
    says: "one does not match its certificate",
  },
  {
    name: "a key's signature",
    by: "keyless",
    put: () => bundle(signers.key, statementOf(image)),
    kind: "denied",
    says: "one has no certificate",
  },
  {
    name: "a certificate that is none",
    by: "keyless",
    put: async () => {
      const good = await simpleSignature(authority.signer(acme), simplePayload(image));
      upstream.tag(image, "sig", withAnnotation(good, "dev.sigstore.cosign/certificate", "x"));
    },
    kind: "denied",
    says: "one has a certificate that cannot be read",
  },
  {
    name: "a log's promise that is none",
    by: "keyless",
    put: async () => {
      const good = await simpleSignature(authority.signer(acme), simplePayload(image));
      upstream.tag(image, "sig", withAnnotation(good, "dev.sigstore.cosign/bundle", '{"Payload":{}}'));
    },
    kind: "denied",
    says: "one has a log entry that is not JSON",
  },
  {
    name: "the keyless signature of another image",
    by: "keyless",
    put: () => sig(authority.signer(acme), simplePayload(other)),
    kind: "denied",
    says: "one is of another digest",
  },
];

describe("the gate signature does not let in", () => {
  it.each(forgeries)("$name", async ({ by, config, put, kind, says }) => {
    await put();
    const verdict = await check({ acme: { ...(by === "keyless" ? keyless() : byKey), ...config } });
    expect(verdict).toMatchObject({
      kind,
      reason: expect.stringContaining(says),
      next: expect.stringMatching(/\w/),
    });
    if ("reason" in verdict) expect(verdict.reason.length).toBeLessThan(800);
  });
});

async function sig(signer: Signer, payload: object): Promise<void> {
  upstream.tag(image, "sig", await simpleSignature(signer, payload));
}

async function bundle(signer: Signer, statement: object): Promise<void> {
  upstream.refer(image, asReferrer(await bundleOf(signer, statement)));
}

interface Material {
  readonly certificate?: object;
  readonly tlogEntries: readonly object[];
}

function materialOf(document: object): Material {
  if (!("verificationMaterial" in document)) throw new Error("not a bundle");
  return { tlogEntries: [], ...Object(document.verificationMaterial) };
}

async function changedEntry(change: (entry: object) => object): Promise<void> {
  const good = await bundleOf(authority.signer(acme), statementOf(image));
  const material = materialOf(good);
  upstream.refer(
    image,
    asReferrer({
      ...good,
      verificationMaterial: { ...material, tlogEntries: material.tlogEntries.map(change) },
    }),
  );
}

function withAnnotation(attachment: Attachment, name: string, value: string): Attachment {
  return {
    layers: attachment.layers.map(({ blob, annotations }) => ({
      blob,
      annotations: { ...annotations, [name]: value },
    })),
  };
}
