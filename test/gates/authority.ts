import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from "@sigstore/mock";
import type { Envelope, Signer } from "./signing.ts";

/** A certificate authority with its logs and its clock of timestamps: what sigstore runs for the public, made for a test. */
export interface Authority {
  /** A document in the TrustedRoot format. */
  readonly root: object;
  /** Signs as somebody to whom the authority gives a certificate at `at`. */
  readonly signer: (identity: Identity) => Signer;
}

export interface Identity {
  readonly subject: string;
  readonly issuer: string;
  /** When the certificate was issued, for ten minutes. */
  readonly issuedAt?: Date;
  /** When the log and the timestamp authority saw the signature. */
  readonly signedAt?: Date;
  readonly proof?: "log" | "timestamp" | "none";
}

const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const since = { start: "2020-01-01T00:00:00Z" };
const base64 = (bytes: ArrayBufferView) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/** The certificates of the authority itself are valid from the moment of the test on. */
export const signingTime = new Date(Date.now() + 3_600_000);

export function minutesLater(minutes: number): Date {
  return new Date(signingTime.getTime() + minutes * 60_000);
}

export async function createAuthority(): Promise<Authority> {
  const keys = { ca: generateKeyPairSync("ec", { namedCurve: "P-384" }), ct: ec(), log: ec(), tsa: ec() };
  const ca = await initializeCA(keys.ca);
  const tsa = await initializeTSA(keys.tsa, signingTime);
  return {
    root: {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      certificateAuthorities: [
        {
          uri: "https://ca.example",
          certChain: { certificates: [{ rawBytes: base64(ca.rootCertificate) }] },
          validFor: since,
        },
      ],
      ctlogs: [log("https://ct.example", keys.ct.publicKey)],
      tlogs: [log("https://log.example", keys.log.publicKey)],
      timestampAuthorities: [
        {
          uri: "https://tsa.example",
          certChain: {
            certificates: [
              { rawBytes: base64(tsa.intCertificate) },
              { rawBytes: base64(tsa.rootCertificate) },
            ],
          },
          validFor: since,
        },
      ],
    },
    signer: ({ subject, issuer, issuedAt = signingTime, signedAt = signingTime, proof = "log" }) => ({
      async sign(signed, envelope) {
        const pair = ec();
        const at = await initializeCA(keys.ca, await initializeCTLog(keys.ct, issuedAt), issuedAt);
        const der = await at.issueCertificate({
          publicKey: pair.publicKey.export({ type: "spki", format: "der" }),
          subjectAltName: subject,
          extensions: [{ oid: "1.3.6.1.4.1.57264.1.8", value: issuer }],
        });
        const certificate = new X509Certificate(Buffer.from(base64(der), "base64"));
        const signature = sign("sha256", signed, pair.privateKey);
        const rekor = await initializeTLog("https://log.example", keys.log, signedAt);
        const entry = entryOf(signed, signature, { certificate, envelope });
        const logged = proof === "log" ? onlyOf(await rekor.log(entry)) : undefined;
        const clock = await initializeTSA(keys.tsa, signedAt);
        const stamp =
          proof === "timestamp"
            ? base64(
                await clock.timestamp({
                  artifactHash: createHash("sha256").update(signature).digest(),
                  hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
                  nonce: 1,
                  policyOID: "1.3.6.1.4.1.57264.2",
                }),
              )
            : undefined;
        return {
          signature,
          material: {
            certificate: { rawBytes: certificate.raw.toString("base64") },
            tlogEntries: logged === undefined ? [] : [bundled(logged)],
            timestampVerificationData: {
              rfc3161Timestamps: stamp === undefined ? [] : [{ signedTimestamp: stamp }],
            },
          },
          annotations: {
            "dev.sigstore.cosign/certificate": certificate.toString(),
            ...(logged && {
              "dev.sigstore.cosign/bundle": JSON.stringify({
                SignedEntryTimestamp: logged.verification?.signedEntryTimestamp,
                Payload: {
                  body: logged.body,
                  integratedTime: logged.integratedTime,
                  logIndex: logged.logIndex,
                  logID: logged.logID,
                },
              }),
            }),
            ...(stamp && {
              "dev.sigstore.cosign/rfc3161timestamp": JSON.stringify({ SignedRFC3161Timestamp: stamp }),
            }),
          },
        };
      },
    }),
  };
}

function log(baseUrl: string, key: KeyObject): object {
  const rawBytes = key.export({ type: "spki", format: "der" });
  return {
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: rawBytes.toString("base64"),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor: since,
    },
    logId: { keyId: createHash("sha256").update(rawBytes).digest("base64") },
  };
}

function entryOf(
  signed: Buffer,
  signature: Buffer,
  { certificate, envelope }: { certificate: X509Certificate; envelope: Envelope | undefined },
): object {
  const verifier = Buffer.from(certificate.toString()).toString("base64");
  const sha256 = (bytes: Buffer) => ({
    algorithm: "sha256",
    value: createHash("sha256").update(bytes).digest("hex"),
  });
  if (envelope === undefined) {
    return {
      apiVersion: "0.0.1",
      kind: "hashedrekord",
      spec: {
        data: { hash: sha256(signed) },
        signature: { content: signature.toString("base64"), publicKey: { content: verifier } },
      },
    };
  }
  return {
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: {
      envelopeHash: sha256(signed),
      payloadHash: sha256(envelope.payload),
      signatures: [{ signature: signature.toString("base64"), verifier }],
    },
  };
}

interface LogEntry {
  readonly body: unknown;
  readonly integratedTime: number;
  readonly logIndex: number;
  readonly logID: string;
  readonly verification?: {
    readonly inclusionProof?: {
      readonly rootHash: string;
      readonly checkpoint: string;
      readonly treeSize: number;
    };
    readonly signedEntryTimestamp?: string;
  };
}

function onlyOf(entries: Readonly<Record<string, LogEntry>>): LogEntry {
  const [entry] = Object.values(entries);
  if (entry === undefined) throw new Error("the log has no entry");
  return entry;
}

/** An entry of the log's API as a bundle has it. */
function bundled({ body, integratedTime, logIndex, logID, verification }: LogEntry): object {
  const { kind, apiVersion } = JSON.parse(Buffer.from(String(body), "base64").toString("utf8"));
  const proof = verification?.inclusionProof;
  return {
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(logID, "hex").toString("base64") },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: verification?.signedEntryTimestamp },
    inclusionProof: {
      logIndex: "0",
      rootHash: Buffer.from(proof?.rootHash ?? "", "hex").toString("base64"),
      treeSize: String(proof?.treeSize),
      hashes: [],
      checkpoint: { envelope: proof?.checkpoint },
    },
    canonicalizedBody: String(body),
  };
}
