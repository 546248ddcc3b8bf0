import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { makeBlob } from "../support/images.ts";
import type { Attachment } from "./upstream.ts";

/** Signs bytes; what else comes with the signature is in `material`, as a bundle has it. */
export interface Signer {
  readonly sign: (signed: Buffer, envelope?: Envelope) => Promise<Signature>;
}

export interface Envelope {
  readonly payload: Buffer;
  readonly payloadType: string;
}

export interface Signature {
  readonly signature: Buffer;
  /** `verificationMaterial` of a bundle of version 0.3. */
  readonly material: object;
  /** The same as cosign's annotations. */
  readonly annotations: Record<string, string>;
}

export const inToto = "application/vnd.in-toto+json";
export const signType = "https://sigstore.dev/cosign/sign/v1";
export const bundleType = "application/vnd.dev.sigstore.bundle.v0.3+json";

export const keyPairs = {
  "P-256": generateKeyPairSync("ec", { namedCurve: "P-256" }),
  "P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }),
  RSA: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  Ed25519: generateKeyPairSync("ed25519"),
};

export function pemOf(key: KeyObject): string {
  return key.export({ type: "spki", format: "pem" }).toString();
}

/** Without transparency log or timestamp, as `cosign sign --key --tlog-upload=false` does. */
export function keySigner(privateKey: KeyObject, hash = "sha256"): Signer {
  return {
    sign: async (signed) => ({
      signature: sign(privateKey.asymmetricKeyType === "ed25519" ? null : hash, signed, privateKey),
      material: { publicKey: { hint: "any" }, tlogEntries: [] },
      annotations: {},
    }),
  };
}

/** Cosign's payload of an image's signature. */
export function simplePayload(digest: string, change: object = {}): object {
  return {
    critical: {
      identity: { "docker-reference": "up.example/acme/app" },
      image: { "docker-manifest-digest": digest },
      type: "cosign container image signature",
      ...change,
    },
    optional: null,
  };
}

/** What cosign 1 and 2 keep under the tag that ends in `.sig`. */
export async function simpleSignature(signer: Signer, payload: object | Buffer): Promise<Attachment> {
  const bytes = Buffer.isBuffer(payload) ? payload : Buffer.from(JSON.stringify(payload));
  const { signature, annotations } = await signer.sign(bytes);
  return {
    layers: [
      {
        blob: makeBlob(bytes, "application/vnd.dev.cosign.simplesigning.v1+json"),
        annotations: {
          "dev.cosignproject.cosign/signature": signature.toString("base64"),
          ...annotations,
        },
      },
    ],
  };
}

export interface StatementOptions {
  readonly predicateType?: string;
  readonly predicate?: unknown;
  readonly type?: string;
  readonly payloadType?: string;
}

export function statementOf(digest: string, options: StatementOptions = {}): object {
  const { predicateType = signType, predicate = {}, type = "https://in-toto.io/Statement/v1" } = options;
  return {
    _type: type,
    subject: [{ name: "up.example/acme/app", digest: { sha256: digest.slice("sha256:".length) } }],
    predicateType,
    predicate,
  };
}

/** What cosign 3 keeps as a referrer: a bundle over an in-toto statement. */
export async function bundleOf(signer: Signer, statement: object, payloadType = inToto): Promise<object> {
  const payload = Buffer.from(JSON.stringify(statement));
  const { signature, material } = await signer.sign(preAuthEncoding(payloadType, payload), {
    payload,
    payloadType,
  });
  return {
    mediaType: bundleType,
    verificationMaterial: material,
    dsseEnvelope: {
      payload: payload.toString("base64"),
      payloadType,
      signatures: [{ sig: signature.toString("base64"), keyid: "" }],
    },
  };
}

export function asReferrer(document: object | Buffer, type = bundleType): Attachment {
  const bytes = Buffer.isBuffer(document) ? document : Buffer.from(JSON.stringify(document));
  return { artifactType: type, layers: [{ blob: makeBlob(bytes, type) }] };
}

/** What cosign 1 and 2 keep under the tag that ends in `.att`. */
export async function envelopeAttestation(signer: Signer, statement: object): Promise<Attachment> {
  const payload = Buffer.from(JSON.stringify(statement));
  const { signature, annotations } = await signer.sign(preAuthEncoding(inToto, payload), {
    payload,
    payloadType: inToto,
  });
  const envelope = {
    payloadType: inToto,
    payload: payload.toString("base64"),
    signatures: [{ keyid: "", sig: signature.toString("base64") }],
  };
  return {
    layers: [
      {
        blob: makeBlob(JSON.stringify(envelope), "application/vnd.dsse.envelope.v1+json"),
        annotations: { "dev.cosignproject.cosign/signature": "", ...annotations },
      },
    ],
  };
}

function preAuthEncoding(payloadType: string, payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
}
