import { X509Certificate } from "node:crypto";
import type { Bundle } from "@sigstore/bundle";
import type { Evidence } from "./evidence.ts";
import { type Claim, readSimpleSigning, readStatement } from "./statement.ts";
import { field, listField, readJsonObject, textField, Unusable } from "./untrusted-json.ts";

/** One signature with what it is over, in every format that cosign has written. */
export interface SignedDocument {
  readonly claim: Claim;
  /** The very bytes under the signature. */
  readonly signed: Buffer;
  /** What a transparency log's entry of the kind `dsse` or `intoto` has the hash of. */
  readonly payload: Buffer;
  readonly signature: Buffer;
  /** Who signed and when, as it says of itself, in sigstore's bundle format. */
  readonly bundle: Bundle;
}

/** The part of the library that reads bundles, which is loaded only when it is needed. */
export type ReadBundle = (document: unknown) => Bundle;

export const simpleSigningLayer = "application/vnd.dev.cosign.simplesigning.v1+json";
export const envelopeLayer = "application/vnd.dsse.envelope.v1+json";
export const bundleLayers = [
  "application/vnd.dev.sigstore.bundle.v0.3+json",
  "application/vnd.dev.sigstore.bundle+json",
] as const;

const mostSignatures = 10;
// Bundles of this version need no more than the log's promise, which is all that cosign's annotations hold.
const legacyBundle = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/** All signatures of one document. Throws `Unusable`, with the end of a sentence about it. */
export function readSigned(evidence: Evidence, readBundle: ReadBundle): readonly SignedDocument[] {
  if (evidence.mediaType === simpleSigningLayer) return [simpleSigning(evidence, readBundle)];
  if (evidence.mediaType === envelopeLayer) return envelopes(evidence, readBundle);
  return [bundled(evidence, readBundle)];
}

function simpleSigning({ bytes, annotations }: Evidence, readBundle: ReadBundle): SignedDocument {
  const claim = readSimpleSigning(bytes);
  const signature = Buffer.from(annotations["dev.cosignproject.cosign/signature"] ?? "", "base64");
  return {
    claim,
    signed: bytes,
    payload: bytes,
    signature,
    bundle: toBundle(
      {
        mediaType: legacyBundle,
        verificationMaterial: legacyMaterial(annotations),
        messageSignature: {
          messageDigest: { algorithm: "SHA2_256", digest: "AA==" },
          signature: signature.toString("base64"),
        },
      },
      readBundle,
    ),
  };
}

/** One payload, which may be large, is read once for all who have signed it. */
function envelopes({ bytes, annotations }: Evidence, readBundle: ReadBundle): SignedDocument[] {
  const envelope = readJsonObject(bytes, "has an envelope that");
  const signatures = listField(envelope, "signatures", mostSignatures).map((each) => textField(each, "sig"));
  if (signatures.length === 0) return [];
  const document = fromEnvelope(
    toBundle(
      {
        mediaType: legacyBundle,
        verificationMaterial: legacyMaterial(annotations),
        dsseEnvelope: {
          payload: textField(envelope, "payload"),
          payloadType: textField(envelope, "payloadType"),
          signatures: [{ sig: signatures[0], keyid: "" }],
        },
      },
      readBundle,
    ),
  );
  return signatures.map((sig = "") => withSignature(document, Buffer.from(sig, "base64")));
}

function withSignature(document: SignedDocument, sig: Buffer): SignedDocument {
  const { bundle } = document;
  if (bundle.content.$case !== "dsseEnvelope") return document;
  const { dsseEnvelope } = bundle.content;
  const content = { ...bundle.content, dsseEnvelope: { ...dsseEnvelope, signatures: [{ sig, keyid: "" }] } };
  return { ...document, signature: sig, bundle: { ...bundle, content } };
}

function bundled({ bytes }: Evidence, readBundle: ReadBundle): SignedDocument {
  return fromEnvelope(toBundle(readJsonObject(bytes, "has a bundle that"), readBundle));
}

function fromEnvelope(bundle: Bundle): SignedDocument {
  const { content } = bundle;
  if (content.$case !== "dsseEnvelope")
    throw new Unusable("is a bundle over a bare message, which names no image");
  const { payload, payloadType, signatures } = content.dsseEnvelope;
  return {
    claim: readStatement(payloadType, payload),
    signed: preAuthEncoding(payloadType, payload),
    payload,
    signature: signatures[0]?.sig ?? Buffer.alloc(0),
    bundle,
  };
}

function toBundle(document: unknown, readBundle: ReadBundle): Bundle {
  try {
    return readBundle(document);
  } catch {
    // The library throws whatever it stumbles over.
    throw new Unusable("is incomplete, or in a format that is not known");
  }
}

/** https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
function preAuthEncoding(payloadType: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** Cosign's annotations as what a bundle has in their place. */
function legacyMaterial(annotations: Evidence["annotations"]): object {
  const certificate = annotations["dev.sigstore.cosign/certificate"];
  const log = annotationObject(annotations, "dev.sigstore.cosign/bundle");
  const timestamp = annotationObject(annotations, "dev.sigstore.cosign/rfc3161timestamp");
  return {
    ...(certificate === undefined || certificate === ""
      ? { publicKey: { hint: "" } }
      : { x509CertificateChain: { certificates: [{ rawBytes: certificateBytes(certificate) }] } }),
    tlogEntries: log === undefined ? [] : [logEntry(log)],
    timestampVerificationData: {
      rfc3161Timestamps:
        timestamp === undefined ? [] : [{ signedTimestamp: textField(timestamp, "SignedRFC3161Timestamp") }],
    },
  };
}

/** https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#properties */
function logEntry(log: unknown): object {
  const body = textField(log, "Payload", "body") ?? "";
  const entry = readJsonObject(Buffer.from(body, "base64"), "has a log entry that");
  return {
    logIndex: String(field(log, "Payload", "logIndex")),
    logId: { keyId: Buffer.from(textField(log, "Payload", "logID") ?? "", "hex").toString("base64") },
    kindVersion: { kind: textField(entry, "kind"), version: textField(entry, "apiVersion") },
    integratedTime: String(field(log, "Payload", "integratedTime")),
    inclusionPromise: { signedEntryTimestamp: textField(log, "SignedEntryTimestamp") },
    canonicalizedBody: body,
  };
}

function certificateBytes(pem: string): string {
  try {
    return new X509Certificate(pem).raw.toString("base64");
  } catch {
    throw new Unusable("has a certificate that cannot be read");
  }
}

function annotationObject(annotations: Evidence["annotations"], name: string): object | undefined {
  const text = Object.hasOwn(annotations, name) ? annotations[name] : undefined;
  if (text === undefined || text === "" || text === "null") return undefined;
  return readJsonObject(Buffer.from(text), "has an annotation that");
}
