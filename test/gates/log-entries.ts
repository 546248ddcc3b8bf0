import { createHash, type X509Certificate } from "node:crypto";
import type { Envelope } from "./signing.ts";

/** What a log is asked to keep of a signature. */
export function entryOf(
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

export function onlyOf(entries: Readonly<Record<string, LogEntry>>): LogEntry {
  const [entry] = Object.values(entries);
  if (entry === undefined) throw new Error("the log has no entry");
  return entry;
}

/** An entry of the log's API as a bundle has it. */
export function bundled({ body, integratedTime, logIndex, logID, verification }: LogEntry): object {
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
