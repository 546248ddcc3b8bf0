import { algorithmOf, type Digest, hexOf } from "../model/digest.ts";
import { field, listField, readJsonObject, textField, Unusable } from "./untrusted-json.ts";

/** What a signed document says. It says so truly only once its signature is verified. */
export type Claim =
  | { readonly kind: "image"; readonly digest: string; readonly repository: string }
  | {
      readonly kind: "statement";
      readonly predicateType: string;
      readonly names: (digest: Digest) => boolean;
      readonly predicate: unknown;
    };

/** Cosign 3 signs an image by a statement of this type. */
export const signPredicateType = "https://sigstore.dev/cosign/sign/v1";

const simpleSigningType = "cosign container image signature";
const statementTypes = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];
const inTotoPayloadType = "application/vnd.in-toto+json";
const mostSubjects = 1000;

/**
 * Cosign's payload of the "simple signing" format. Throws `Unusable`.
 * Source: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md
 */
export function readSimpleSigning(bytes: Uint8Array): Claim {
  const payload = readJsonObject(bytes, "has a payload that");
  const type = textField(payload, "critical", "type");
  if (type !== simpleSigningType) throw new Unusable("has a payload that is not of cosign's type");
  const digest = textField(payload, "critical", "image", "docker-manifest-digest");
  if (digest === undefined) throw new Unusable("has a payload that names no digest");
  return {
    kind: "image",
    digest,
    repository: textField(payload, "critical", "identity", "docker-reference") ?? "",
  };
}

/** An in-toto statement. Throws `Unusable`. Source: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
export function readStatement(payloadType: string, bytes: Uint8Array): Claim {
  if (payloadType !== inTotoPayloadType) throw new Unusable("has a payload that is not an in-toto statement");
  const statement = readJsonObject(bytes, "has a payload that");
  if (!statementTypes.includes(textField(statement, "_type") ?? ""))
    throw new Unusable("has a payload that is not an in-toto statement");
  const predicateType = textField(statement, "predicateType");
  if (predicateType === undefined) throw new Unusable("has a statement without predicateType");
  const subjects = listField(statement, "subject", mostSubjects);
  return {
    kind: "statement",
    predicateType,
    names: (digest) =>
      subjects.some((subject) => textField(subject, "digest", algorithmOf(digest)) === hexOf(digest)),
    predicate: field(statement, "predicate"),
  };
}
