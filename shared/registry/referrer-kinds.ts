import type { Descriptor, Manifest } from "../model/descriptor.ts";
import type { CosignSuffix } from "./cosign-tags.ts";

/** What a referrer says of its image; `other` is a scan report, a licence, anything. */
export type ReferrerKind = "signatures" | "attestations" | "sboms" | "other";

const types: readonly (readonly [Exclude<ReferrerKind, "other">, RegExp])[] = [
  ["sboms", /^(?:application|text)\/(?:vnd\.)?(?:spdx|cyclonedx|syft)\b|\bcosign\.artifact\.sbom\b/],
  ["signatures", /\bcncf\.notary\.signature\b|\bcosign\.simplesigning\b|\bcosign\.artifact\.sig\b/],
  ["attestations", /\bin-toto\b|\bdsse\.envelope\b|\bcosign\.artifact\.att\b/],
];
// A signature or an attestation: the type does not say which.
const bundle = /^application\/vnd\.dev\.sigstore\.bundle\b/;

const kindOfSuffix = { sig: "signatures", att: "attestations", sbom: "sboms" } as const;

const sbomPredicate = /spdx\.dev\/|cyclonedx\.org\//;
const signaturePredicate = "https://sigstore.dev/cosign/sign/v1";
const predicateNames = ["predicateType", "in-toto.io/predicate-type", "dev.sigstore.bundle.predicateType"];

/**
 * By what a manifest itself holds: its artifact type, else its config's, and the types of its layers. One that may be several
 * things is all of them: an attestation of an SBOM, or a Sigstore bundle that does not say what is in it.
 * Sources: cosign's BUNDLE_SPEC.md and SBOM_SPEC.md, the Notary Project's signature specification, in-toto's media types.
 */
export function kindsOf(manifest: Manifest, suffix?: CosignSuffix): ReadonlySet<ReferrerKind> {
  const [config, ...layers] = manifest.blobs;
  const type = manifest.descriptor.artifactType ?? config?.mediaType ?? "";
  const named = [type, ...layers.map(({ mediaType }) => mediaType)];
  const kinds = new Set(named.flatMap((each) => kindOfType(each) ?? []));
  if (suffix !== undefined) kinds.add(kindOfSuffix[suffix]);
  const predicates = [manifest, ...layers].flatMap(predicatesOf);
  for (const predicate of predicates) {
    kinds.add(predicate === signaturePredicate ? "signatures" : "attestations");
    if (sbomPredicate.test(predicate)) kinds.add("sboms");
  }
  if (predicates.length === 0 && named.some((each) => bundle.test(each))) {
    kinds.add("signatures");
    if (manifest.annotations?.["dev.sigstore.bundle.content"] !== "message-signature")
      kinds.add("attestations");
  }
  return kinds.size === 0 ? new Set(["other"]) : kinds;
}

/** Undefined for a type that is none of these, or may be several of them. */
export function kindOfType(type: string): Exclude<ReferrerKind, "other"> | undefined {
  return types.find(([, pattern]) => pattern.test(type))?.[0];
}

function predicatesOf({ annotations }: { readonly annotations?: Descriptor["annotations"] }): string[] {
  return predicateNames.flatMap((name) => annotations?.[name] ?? []);
}
