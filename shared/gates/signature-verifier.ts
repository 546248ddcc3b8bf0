import { createPublicKey, type KeyObject } from "node:crypto";
import { z } from "zod";
import { Failure } from "../model/failure.ts";
import { parseTextRule } from "./text-rule.ts";
import type { KeylessTrust, KeyTrust, SignatureVerifier } from "./verifier.ts";
import { readConfig, type VerifierContext, type VerifierMember } from "./verifier-member.ts";

const textRule = z.union([z.string().max(1000), z.strictObject({ pattern: z.string().max(1000) })]);

const count = z.int().min(0).max(10);

const schema = z.strictObject({
  kind: z.literal("signature"),
  key: z.string().max(20_000).optional(),
  trustedRoot: z.union([z.string().max(1000), z.record(z.string(), z.unknown())]).optional(),
  issuer: textRule.optional(),
  subject: textRule.optional(),
  tlogThreshold: count.optional(),
  timestampThreshold: count.min(1).optional(),
  sctThreshold: count.optional(),
  predicateType: z.string().min(1).max(500).optional(),
  repository: textRule.optional(),
  each: z.boolean().optional(),
});

type Config = z.infer<typeof schema>;

const example =
  '{"kind":"signature","key":"acme.pub"} or {"kind":"signature","trustedRoot":"root.json","issuer":"https://issuer.example","subject":"https://ci.example/acme/app"}';

/** By a public key, or keyless: by an identity that a pinned trusted root vouches for. */
export const signatureVerifier = {
  kind: "signature",
  parse(name, raw, context): SignatureVerifier {
    const config = readConfig(name, raw, { schema, example });
    const { predicateType, repository, each = false } = config;
    const where = `verifiers.${name}`;
    if (predicateType !== undefined && repository !== undefined)
      throw new Failure("invalid", `${where}.repository: attestations name no repository; leave it out`);
    return {
      kind: "signature",
      name,
      trust: config.key === undefined ? keyless(where, config, context) : byKey(where, config, context),
      covers: each ? "children" : "digest",
      ...(predicateType === undefined ? {} : { predicateType }),
      ...(repository === undefined ? {} : { repository: parseTextRule(`${where}.repository`, repository) }),
    };
  },
} as const satisfies VerifierMember;

const keylessFields = [
  "trustedRoot",
  "issuer",
  "subject",
  "tlogThreshold",
  "timestampThreshold",
  "sctThreshold",
] as const;

function byKey(where: string, config: Config, { readText }: VerifierContext): KeyTrust {
  const stranger = keylessFields.find((field) => config[field] !== undefined);
  if (stranger !== undefined)
    throw new Failure("invalid", `${where} has a key and ${stranger}: keep the key, or what is keyless`);
  const { key = "" } = config;
  return { kind: "key", key: parseKey(`${where}.key`, key.includes("-----BEGIN") ? key : readText(key)) };
}

/** What cosign signs with, and what is not too weak. */
function parseKey(where: string, pem: string): KeyObject {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw new Failure(
      "invalid",
      `${where} is a private key: give the public key alone, and take the private key out of the policy`,
    );
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new Failure(
      "invalid",
      `${where} is not a public key in PEM: it begins with -----BEGIN PUBLIC KEY-----`,
    );
  }
  const { namedCurve = "", modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const good =
    key.asymmetricKeyType === "ed25519" ||
    (key.asymmetricKeyType === "ec" && ["prime256v1", "secp384r1", "secp521r1"].includes(namedCurve)) ||
    (key.asymmetricKeyType === "rsa" && modulusLength >= 2048);
  if (good) return key;
  throw new Failure(
    "invalid",
    `${where} is of a kind that is not trusted: use ECDSA (P-256, P-384, P-521), Ed25519, or RSA of 2048 bits or more`,
  );
}

function keyless(where: string, config: Config, { readText }: VerifierContext): KeylessTrust {
  const { trustedRoot, issuer, subject } = config;
  if (trustedRoot === undefined || issuer === undefined || subject === undefined) {
    const missing = (["trustedRoot", "issuer", "subject"] as const).filter(
      (each) => config[each] === undefined,
    );
    throw new Failure(
      "invalid",
      `${where} has no key, and no ${missing.join(", ")} to do without one; write for example ${example}`,
    );
  }
  return {
    kind: "keyless",
    root: checkedRoot(
      where,
      typeof trustedRoot === "string" ? parseRoot(where, readText(trustedRoot)) : trustedRoot,
    ),
    issuer: parseTextRule(`${where}.issuer`, issuer),
    subject: parseTextRule(`${where}.subject`, subject),
    logEntries: config.tlogThreshold ?? 1,
    timestamps: config.timestampThreshold ?? 1,
    certificateLogEntries: config.sctThreshold ?? 1,
  };
}

function parseRoot(where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure("invalid", `${where}.trustedRoot is not JSON`);
  }
}

const rootSchema = z.looseObject({
  mediaType: z.string().startsWith("application/vnd.dev.sigstore.trustedroot"),
  certificateAuthorities: z.array(z.unknown()).min(1),
});

/** The rest is read by sigstore's library, which is loaded when a signature is checked. */
function checkedRoot(where: string, root: unknown): object {
  const result = rootSchema.safeParse(root);
  if (result.success) return result.data;
  throw new Failure(
    "invalid",
    `${where}.trustedRoot is not a document in sigstore's TrustedRoot format with certificateAuthorities`,
  );
}
