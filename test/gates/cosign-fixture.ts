import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Manifest } from "../../shared/model/descriptor.ts";
import { digestOf, parseDigest } from "../../shared/model/digest.ts";
import { parseManifest } from "../../shared/registry/parse-manifest.ts";

const texts = z.record(z.string(), z.string());
/** One image, signed and attested by the real cosign in all its formats. See test/fixtures/cosign/README.md. */
export const cosignFixture = z
  .object({
    digest: z.string(),
    image: z.string(),
    blobs: texts,
    keys: texts,
    cases: z.array(
      z.object({
        by: z.string(),
        what: z.enum(["signature", "attestation"]),
        format: z.string(),
        key: z.string(),
        tags: texts,
        manifests: texts,
        blobs: texts,
      }),
    ),
  })
  .parse(JSON.parse(readFileSync(`${import.meta.dirname}/../fixtures/cosign/signatures.json`, "utf8")));

export type CosignCase = (typeof cosignFixture.cases)[number];

export const cosignImage = parseDigest(cosignFixture.digest);

export function manifestOf(text: string): Manifest {
  const bytes = Buffer.from(text);
  return parseManifest(bytes, { contentType: undefined, digest: digestOf(bytes) });
}
