import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  X509Certificate,
} from "node:crypto";
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from "@sigstore/mock";
import { generate } from "selfsigned";
import { bundled, entryOf, onlyOf } from "./log-entries.ts";
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
  /** Whether the log of certificates has seen the certificate. */
  readonly certificate?: "logged" | "unlogged";
  /** What the certificate is for. */
  readonly usage?: "code" | "servers";
  /** What the log is told of instead of what was signed. */
  readonly logs?: Envelope;
}

const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const since = { start: "2020-01-01T00:00:00Z" };
const base64 = (bytes: ArrayBufferView) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");

/**
 * The certificates of the authority itself are valid from the moment of the test on. A whole second: DER drops the zeros at the
 * end of a fraction, and the verifying library reads fractions of three digits only.
 */
export const signingTime = new Date(Math.ceil(Date.now() / 1000 + 3600) * 1000);

export function minutesLater(minutes: number): Date {
  return new Date(signingTime.getTime() + minutes * 60_000);
}

export async function createAuthority(): Promise<Authority> {
  const keys = { ca: ec(), ct: ec(), log: ec(), tsa: ec() };
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
    signer: ({ subject, issuer, issuedAt = signingTime, signedAt = signingTime, proof = "log", ...odd }) => ({
      async sign(signed, envelope) {
        const { certificate, privateKey } =
          odd.usage === "servers"
            ? await serverCertificate(
                { key: keys.ca.privateKey, cert: ca.rootCertificate },
                subject,
                issuedAt,
              )
            : await codeCertificate(issuedAt);
        const signature = sign("sha256", signed, privateKey);
        const rekor = await initializeTLog("https://log.example", keys.log, signedAt);
        const entry = entryOf(signed, signature, { certificate, envelope: odd.logs ?? envelope });
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

        async function codeCertificate(now: Date): Promise<Certified> {
          const pair = ec();
          const log = odd.certificate === "unlogged" ? undefined : await initializeCTLog(keys.ct, now);
          const der = await (await initializeCA(keys.ca, log, now)).issueCertificate({
            publicKey: pair.publicKey.export({ type: "spki", format: "der" }),
            subjectAltName: subject,
            extensions: [{ oid: "1.3.6.1.4.1.57264.1.8", value: issuer }],
          });
          return {
            certificate: new X509Certificate(Buffer.from(base64(der), "base64")),
            privateKey: pair.privateKey,
          };
        }
      },
    }),
  };
}

interface Certified {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
}

/** By the same authority, in no log of certificates. */
async function serverCertificate(
  { key, cert }: { readonly key: KeyObject; readonly cert: ArrayBufferView },
  subject: string,
  issuedAt: Date,
): Promise<Certified> {
  const made = await generate([{ name: "commonName", value: "server" }], {
    keyType: "ec",
    algorithm: "sha256",
    notBeforeDate: issuedAt,
    notAfterDate: new Date(issuedAt.getTime() + 600_000),
    ca: {
      key: key.export({ type: "pkcs8", format: "pem" }).toString(),
      cert: new X509Certificate(Buffer.from(base64(cert), "base64")).toString(),
    },
    extensions: [
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames: [{ type: 6, value: subject }] },
    ],
  });
  return { certificate: new X509Certificate(made.cert), privateKey: createPrivateKey(made.private) };
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
