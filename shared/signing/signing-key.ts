import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { readFileSync } from "node:fs";
import { type Digest, digestOf, printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** An Ed25519 key that signs in our name. Its private half never leaves this object. */
export interface SigningKey {
  readonly public: VerifyingKey;
  sign(bytes: Uint8Array): Uint8Array;
}

/** A key that is trusted because somebody has pinned it. */
export interface VerifyingKey {
  /** SHA-256 of the key in DER (SubjectPublicKeyInfo). */
  readonly id: Digest;
  /** As in a file: `-----BEGIN PUBLIC KEY-----`. */
  readonly pem: string;
  verifies(bytes: Uint8Array, signature: Uint8Array): boolean;
}

/** A new pair, as the texts of two files. */
export function generateKeyPair(): { readonly privatePem: string; readonly publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519", {
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privatePem: privateKey, publicPem: publicKey };
}

/** Reads a private key in PEM, or the file that holds it. Throws `invalid`; no message quotes the key. */
export function readSigningKey(reference: string): SigningKey {
  const pem = pemOf(reference);
  const key = parseKey(() => createPrivateKey(pem), "private");
  return { public: verifyingKey(createPublicKey(pem)), sign: (bytes) => sign(null, bytes, key) };
}

/** Reads a public key in PEM, or the file that holds it. Throws `invalid`. */
export function readVerifyingKey(reference: string): VerifyingKey {
  const pem = pemOf(reference);
  // The public half of a private key would do, but whoever hands that around must be told.
  if (/PRIVATE KEY/.test(pem)) {
    throw new Failure(
      "invalid",
      "this is a private key, which is not to be given away: name the .pub.pem file",
    );
  }
  return verifyingKey(parseKey(() => createPublicKey(pem), "public"));
}

function pemOf(reference: string): string {
  if (/^\s*-----BEGIN /.test(reference)) return reference;
  try {
    return readFileSync(reference, "utf8");
  } catch (error) {
    throw new Failure("invalid", `the key file "${printable(reference)}" cannot be read`, { cause: error });
  }
}

function parseKey(parse: () => KeyObject, half: "private" | "public"): KeyObject {
  try {
    const key = parse();
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // What the library says of it may quote it.
  }
  throw new Failure(
    "invalid",
    `not an Ed25519 ${half} key in PEM: make a pair by \`wharfgate bundle keygen --out key.pem\``,
  );
}

function verifyingKey(key: KeyObject): VerifyingKey {
  return {
    id: digestOf(key.export({ type: "spki", format: "der" })),
    pem: key.export({ type: "spki", format: "pem" }).toString(),
    verifies: (bytes, signature) => verify(null, bytes, key, signature),
  };
}
