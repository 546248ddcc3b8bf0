import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import type { SigningKey, VerifyingKey } from "./signing-key.ts";

/**
 * A signed statement. The signature covers the payload's type too, so that none is taken for one of another kind.
 * Source: https://github.com/secure-systems-lab/dsse/blob/v1.0.2/envelope.md
 */
export interface Envelope {
  readonly payloadType: string;
  /** Base64. */
  readonly payload: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

const mostSignatures = 16;

export function signStatement(
  statement: object,
  { payloadType, key }: { readonly payloadType: string; readonly key: SigningKey },
): Envelope {
  const payload = Buffer.from(JSON.stringify(statement));
  const sig = Buffer.from(key.sign(preAuthEncoding(payloadType, payload))).toString("base64");
  return {
    payloadType,
    payload: payload.toString("base64"),
    signatures: [{ keyid: key.public.id, sig }],
  };
}

/**
 * The statement of an envelope that one of `trusted` has signed. Throws `protocol` for what is no envelope, `blocked` for
 * another type of statement or when no key that is trusted has signed it.
 */
export function openEnvelope(
  envelope: Envelope,
  {
    payloadType,
    trusted,
    what,
  }: {
    readonly payloadType: string;
    readonly trusted: readonly VerifyingKey[];
    /** As messages call it: `the bundle`. */
    readonly what: string;
  },
): { readonly statement: unknown; readonly key: VerifyingKey } {
  if (envelope.payloadType !== payloadType) {
    throw new Failure(
      "blocked",
      `${what} is signed as "${printable(envelope.payloadType)}", not as ${payloadType}: it is something else`,
    );
  }
  const payload = Buffer.from(envelope.payload, "base64");
  const signed = preAuthEncoding(payloadType, payload);
  // Key ids are hints that nobody has signed: what counts is which key verifies.
  for (const { sig } of envelope.signatures) {
    const key = trusted.find((each) => each.verifies(signed, Buffer.from(sig, "base64")));
    if (key !== undefined) return { statement: parseJson(payload.toString("utf8"), what), key };
  }
  const named = envelope.signatures.map(({ keyid }) => printable(keyid, 80)).join(", ");
  throw new Failure(
    "blocked",
    `${what} has no signature by a key that is trusted here (${trusted.map(({ id }) => id).join(", ")}): ` +
      `it names ${named === "" ? "none" : named}. Somebody changed it, or another key must be trusted`,
  );
}

export function parseEnvelope(text: string, what: string): Envelope {
  const { payloadType, payload, signatures } = parseJson(text, what) as Record<string, unknown>;
  if (
    typeof payloadType !== "string" ||
    typeof payload !== "string" ||
    !Array.isArray(signatures) ||
    signatures.length > mostSignatures
  ) {
    throw new Failure("protocol", `${what} is not a signed statement (a DSSE envelope)`);
  }
  return { payloadType, payload, signatures: signatures.map((each) => parseSignature(each, what)) };
}

function parseSignature(value: unknown, what: string): Envelope["signatures"][number] {
  const { keyid, sig } = (value ?? {}) as Record<string, unknown>;
  if (typeof sig === "string") return { keyid: typeof keyid === "string" ? keyid : "", sig };
  throw new Failure("protocol", `${what} has a signature that is none`);
}

function parseJson(text: string, what: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    const likely = "it was cut off or changed on its way, or is another file";
    throw new Failure("protocol", `${what} is not JSON: ${likely}`, { cause: error });
  }
  throw new Failure("protocol", `${what} is not a JSON object`);
}

/** What is signed: type and payload, each with its length. Source: DSSE 1.0.2, protocol.md, "PAE". */
function preAuthEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `), payload]);
}
