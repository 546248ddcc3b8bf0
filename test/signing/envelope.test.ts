import { describe, expect, it } from "vitest";
import { type Envelope, openEnvelope, parseEnvelope, signStatement } from "../../shared/signing/envelope.ts";
import { generateKeyPair, readSigningKey, readVerifyingKey } from "../../shared/signing/signing-key.ts";
import { failureOf } from "../support/failures.ts";

const pair = generateKeyPair();
const key = readSigningKey(pair.privatePem);
const trusted = [readVerifyingKey(pair.publicPem)];
const payloadType = "application/vnd.example+json";
const statement = { site: "factory-7", sequence: 3 };
const what = "the bundle";
const signed = signStatement(statement, { payloadType, key });

describe("signed statements", () => {
  it("are read back by whoever trusts the key", () => {
    const parsed = parseEnvelope(JSON.stringify(signed), what);
    const opened = openEnvelope(parsed, { payloadType, trusted, what });
    expect(opened.statement).toEqual(statement);
    expect(opened.key.id).toBe(key.public.id);
  });

  it("sign the pre-authentication encoding of DSSE", () => {
    // The specification's own example of the encoding: "DSSEv1 29 http://example.com/HelloWorld 11 hello world".
    const pae = Buffer.from('DSSEv1 29 http://example.com/HelloWorld 13 "hello world"');
    const envelope = signStatement(Object("hello world"), {
      payloadType: "http://example.com/HelloWorld",
      key,
    });
    const [signature] = envelope.signatures;
    expect(key.public.verifies(pae, Buffer.from(signature?.sig ?? "", "base64"))).toBe(true);
  });

  const other = readSigningKey(generateKeyPair().privatePem);
  const forged = (change: Partial<Envelope>): Envelope => ({ ...signed, ...change });
  const payloadOf = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64");
  it.each<[string, Envelope]>([
    ["another payload", forged({ payload: payloadOf({ ...statement, sequence: 4 }) })],
    ["another type", forged({ payloadType: "application/vnd.other+json" })],
    ["no signature", forged({ signatures: [] })],
    ["an empty signature", forged({ signatures: [{ keyid: key.public.id, sig: "" }] })],
    ["the signature of a key that is not trusted", signStatement(statement, { payloadType, key: other })],
    [
      "a stranger's signature under the trusted key's id",
      forged({
        signatures: signStatement(statement, { payloadType, key: other }).signatures.map(({ sig }) => ({
          keyid: key.public.id,
          sig,
        })),
      }),
    ],
  ])("are refused with %s", async (_name, envelope) => {
    await failureOf(() => openEnvelope(envelope, { payloadType, trusted, what }), "blocked");
  });

  it.each([
    ["text", "hello"],
    ["a number", "7"],
    ["null", "null"],
    ["an object of another kind", "{}"],
    ["a signature that is none", JSON.stringify({ ...signed, signatures: [null] })],
    [
      "a thousand signatures",
      JSON.stringify({ ...signed, signatures: Array(1000).fill(signed.signatures[0]) }),
    ],
  ])("are not read from %s", async (_name, text) => {
    await failureOf(() => parseEnvelope(text, what), "protocol");
  });

  it("count as signed when one of several signatures is trusted", () => {
    const twice = signStatement(statement, { payloadType, key: other });
    const envelope = forged({ signatures: [...twice.signatures, ...signed.signatures] });
    expect(openEnvelope(envelope, { payloadType, trusted, what }).key.id).toBe(key.public.id);
  });
});
