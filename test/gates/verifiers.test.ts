import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { parseVerifiers } from "../../shared/gates/verifiers.ts";
import { Failure } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";

const pem = (key: KeyObject) => key.export({ type: "spki", format: "pem" }).toString();
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const key = pem(p256.publicKey);
const root = {
  mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
  certificateAuthorities: [{ certChain: {} }],
};
const files: Readonly<Record<string, string>> = { "acme.pub": key, "root.json": JSON.stringify(root) };
const readText = (path: string): string => {
  const text = Object.hasOwn(files, path) ? files[path] : undefined;
  if (text === undefined) throw new Failure("invalid", `there is no file ${path}`);
  return text;
};
const parse = (verifiers: unknown) => parseVerifiers(verifiers, readText);
const one = (config: unknown) => parse({ acme: config }).get("acme");

const keyless = {
  kind: "signature",
  trustedRoot: root,
  issuer: "https://issuer.example",
  subject: { pattern: "https://ci\\.example/acme/.*" },
};
const scan = { kind: "scan", maxAge: "7d", severity: "high" };

describe("verifiers of a policy", () => {
  it("are none where none are given", () => {
    expect(parse(undefined).size).toBe(0);
  });

  it.each([
    { name: "P-256", pair: p256 },
    { name: "P-384", pair: generateKeyPairSync("ec", { namedCurve: "P-384" }) },
    { name: "P-521", pair: generateKeyPairSync("ec", { namedCurve: "P-521" }) },
    { name: "Ed25519", pair: generateKeyPairSync("ed25519") },
    { name: "RSA of 2048 bits", pair: generateKeyPairSync("rsa", { modulusLength: 2048 }) },
  ])("take a key: $name", ({ pair }) => {
    expect(one({ kind: "signature", key: pem(pair.publicKey) })).toMatchObject({
      kind: "signature",
      name: "acme",
      trust: { kind: "key" },
      covers: "digest",
    });
  });

  it("read a key and a trusted root from files beside the policy", () => {
    const all = parse({
      "by-key": { kind: "signature", key: "acme.pub", each: true, predicateType: "https://slsa.example/v1" },
      keyless: { ...keyless, trustedRoot: "root.json" },
    });
    expect(all.get("by-key")).toMatchObject({ covers: "children", predicateType: "https://slsa.example/v1" });
    expect(all.get("keyless")).toMatchObject({
      trust: { kind: "keyless", root, logEntries: 1, timestamps: 1, certificateLogEntries: 1 },
    });
  });

  it("anchor patterns", () => {
    const verifier = one(keyless);
    if (verifier?.kind !== "signature" || verifier.trust.kind !== "keyless") throw new Error("not keyless");
    const { subject, issuer } = verifier.trust;
    expect(subject.test("https://ci.example/acme/app")).toBe(true);
    expect(subject.test("https://evil.example/?https://ci.example/acme/app")).toBe(false);
    expect(subject.test("https://ci.example/acme/app\nx")).toBe(false);
    expect(issuer.test("https://issuer.example")).toBe(true);
    expect(issuer.test("https://issuer.example/")).toBe(false);
  });

  it("take scans, signed by a verifier that may come later", () => {
    const all = parse({
      scanned: { ...scan, ignoreUnfixed: true, signedBy: "acme" },
      acme: keyless,
      plain: scan,
    });
    expect(all.get("scanned")).toMatchObject({
      kind: "scan",
      maxAgeMs: 7 * 86_400_000,
      severity: "high",
      counts: "fixed",
      from: "referrer",
      signedBy: { name: "acme" },
    });
    expect(all.get("plain")).toMatchObject({ from: "uploaded", counts: "all" });
  });

  it.each<{ name: string; verifiers: unknown; says: string }>([
    { name: "a list", verifiers: [], says: "verifiers must be an object" },
    { name: "a text", verifiers: { acme: "key" }, says: 'verifiers.acme must be an object with a "kind"' },
    { name: "no kind", verifiers: { acme: {} }, says: 'verifiers.acme.kind must be "signature" or "scan"' },
    {
      name: "a kind that objects inherit",
      verifiers: { acme: Object.create({ kind: "scan" }) },
      says: "verifiers.acme.kind must be",
    },
    {
      name: "a name of a prototype",
      verifiers: JSON.parse('{"__proto__":{"kind":"scan"}}'),
      says: '"__proto__" is not a name',
    },
    { name: "a name in capitals", verifiers: { Acme: scan }, says: '"Acme" is not a name' },
    {
      name: "too many",
      verifiers: Object.fromEntries(Array.from({ length: 201 }, (_, at) => [`v${at}`, scan])),
      says: "verifiers has 201 entries: at most 200",
    },
    {
      name: "an unknown field",
      verifiers: { acme: { ...scan, maxage: "7d" } },
      says: 'verifiers.acme: Unrecognized key: "maxage"',
    },
    {
      name: "a signature by nothing",
      verifiers: { acme: { kind: "signature" } },
      says: "verifiers.acme has no key, and no trustedRoot, issuer, subject",
    },
    {
      name: "keyless for everybody",
      verifiers: { acme: { ...keyless, subject: "" } },
      says: "verifiers.acme.subject is empty",
    },
    {
      name: "a key and an identity",
      verifiers: { acme: { ...keyless, key } },
      says: "verifiers.acme has a key and trustedRoot",
    },
    {
      name: "a private key",
      verifiers: {
        acme: { kind: "signature", key: p256.privateKey.export({ type: "pkcs8", format: "pem" }).toString() },
      },
      says: "verifiers.acme.key is a private key",
    },
    {
      name: "a key that is none",
      verifiers: {
        acme: { kind: "signature", key: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" },
      },
      says: "verifiers.acme.key is not a public key in PEM",
    },
    {
      name: "a weak key",
      verifiers: {
        acme: { kind: "signature", key: pem(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey) },
      },
      says: "verifiers.acme.key is of a kind that is not trusted",
    },
    {
      name: "a key of another curve",
      verifiers: {
        acme: {
          kind: "signature",
          key: pem(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey),
        },
      },
      says: "verifiers.acme.key is of a kind that is not trusted",
    },
    {
      name: "a file that is not there",
      verifiers: { acme: { kind: "signature", key: "other.pub" } },
      says: "there is no file other.pub",
    },
    {
      name: "a trusted root that is a key",
      verifiers: { acme: { ...keyless, trustedRoot: "acme.pub" } },
      says: "verifiers.acme.trustedRoot is not JSON",
    },
    {
      name: "a trusted root without authorities",
      verifiers: { acme: { ...keyless, trustedRoot: { ...root, certificateAuthorities: [] } } },
      says: "verifiers.acme.trustedRoot is not a document in sigstore's TrustedRoot format",
    },
    {
      name: "a pattern that is none",
      verifiers: { acme: { ...keyless, subject: { pattern: "a)|(b" } } },
      says: 'verifiers.acme.subject.pattern "a)|(b" is not an RE2 pattern',
    },
    {
      name: "a pattern that is huge",
      verifiers: { acme: { ...keyless, subject: { pattern: "(?:a{500}){5}" } } },
      says: "verifiers.acme.subject.pattern",
    },
    {
      name: "no timestamps",
      verifiers: { acme: { ...keyless, timestampThreshold: 0 } },
      says: "verifiers.acme.timestampThreshold",
    },
    {
      name: "a repository for attestations",
      verifiers: { acme: { kind: "signature", key, predicateType: "x", repository: "y" } },
      says: "verifiers.acme.repository: attestations name no repository",
    },
    {
      name: "an age without unit",
      verifiers: { acme: { ...scan, maxAge: "7" } },
      says: "verifiers.acme.maxAge must be hours or days",
    },
    { name: "an age of years", verifiers: { acme: { ...scan, maxAge: "9999d" } }, says: "of a year at most" },
    {
      name: "a severity",
      verifiers: { acme: { ...scan, severity: "bad" } },
      says: "verifiers.acme.severity",
    },
    {
      name: "signed uploads",
      verifiers: { acme: { ...scan, signedBy: "k", from: "uploaded" }, k: keyless },
      says: "verifiers.acme.signedBy: uploaded reports are not signed",
    },
    {
      name: "a signer that is missing",
      verifiers: { acme: { ...scan, signedBy: "toString" } },
      says: 'the policy has no verifier "toString"',
    },
    {
      name: "a signer that is a scan",
      verifiers: { acme: { ...scan, signedBy: "k" }, k: scan },
      says: 'verifiers.acme.signedBy: "k" is a verifier of another kind',
    },
    {
      name: "a signer that is itself",
      verifiers: { acme: { ...scan, signedBy: "acme" } },
      says: "verifiers.acme refers to itself",
    },
  ])("refuse $name", async ({ verifiers, says }) => {
    const { message } = await failureOf(async () => parse(verifiers), "invalid");
    expect(message).toContain(says);
    expect(message).not.toContain("PRIVATE KEY-----");
  });
});
