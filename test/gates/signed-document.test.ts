import { describe, expect, it } from "vitest";
import { envelopeLayer, readSigned } from "../../shared/gates/signed-document.ts";
import { loadSigstore } from "../../shared/gates/sigstore.ts";
import { digestNamed } from "../support/records.ts";
import { statementOf } from "./signing.ts";

describe("an envelope that several have signed", () => {
  it("is read once for all of them, however large it is", async () => {
    const { readBundle } = await loadSigstore();
    const statement = statementOf(digestNamed("image"), {
      predicateType: "https://x.example",
      predicate: {},
    });
    const envelope = {
      payloadType: "application/vnd.in-toto+json",
      payload: Buffer.from(JSON.stringify(statement)).toString("base64"),
      signatures: ["one", "two", "three"].map((text) => ({ sig: Buffer.from(text).toString("base64") })),
    };
    const bytes = Buffer.from(JSON.stringify(envelope));
    const evidence = { mediaType: envelopeLayer, bytes, annotations: {}, createdAt: undefined };
    const documents = readSigned(evidence, readBundle);
    expect(documents.map(({ signature }) => String(signature))).toEqual(["one", "two", "three"]);
    expect(
      documents.map(({ bundle: { content } }) =>
        content.$case === "dsseEnvelope" ? String(content.dsseEnvelope.signatures[0]?.sig) : "",
      ),
    ).toEqual(["one", "two", "three"]);
    const [first] = documents;
    for (const { claim, payload } of documents) {
      expect(claim).toBe(first?.claim);
      expect(payload).toBe(first?.payload);
    }
    const unsigned = Buffer.from(JSON.stringify({ ...envelope, signatures: [] }));
    expect(readSigned({ ...evidence, bytes: unsigned }, readBundle)).toEqual([]);
  });
});
