import {
  type BundleManifest,
  bundleFile,
  bundleType,
  largestBundleManifest,
  parseBundleManifest,
} from "../../documents/bundle-manifest.ts";
import { digestOf, printable, shortDigest } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import type { LayoutFiles } from "../../registry/layout/layout-files.ts";
import {
  blobFile,
  indexFile,
  type Layout,
  layoutFile,
  openLayout,
  readFile,
} from "../../registry/layout/open-layout.ts";
import { type Envelope, openEnvelope, parseEnvelope } from "../../signing/envelope.ts";
import type { VerifyingKey } from "../../signing/signing-key.ts";
import type { BundleImport } from "./import-bundle.ts";

export interface OpenBundle {
  readonly manifest: BundleManifest;
  /** The key that signed it. */
  readonly key: VerifyingKey;
  readonly order: BundleImport;
}

/**
 * Opens a bundle and checks all that can be known before its blobs are read: the signature, for whom it is, that it holds
 * the very files that were signed and nothing else. Throws `blocked`, `protocol` or `integrity`.
 */
export async function readBundle(
  files: LayoutFiles,
  options: {
    readonly site: string;
    readonly trusted: readonly VerifyingKey[];
    readonly signal: AbortSignal;
  },
): Promise<OpenBundle> {
  const { site, trusted, signal } = options;
  const what = `the bundle ${files.place}`;
  if (files.size(bundleFile) === undefined) {
    throw new Failure(
      "blocked",
      `${files.place} has no signed manifest (${bundleFile}), so nobody vouches for it. If it is a layout of another tool that you trust, use --allow-unsigned`,
    );
  }
  const text = await readFile(files, { name: bundleFile, most: largestBundleManifest, signal });
  const envelope = parseEnvelope(text.toString("utf8"), what);
  const { statement, key } = openEnvelope(envelope, { payloadType: bundleType, trusted, what });
  requireAsWritten(text, { envelope, key, place: files.place });
  const manifest = parseBundleManifest(statement);
  if (manifest.site !== site) {
    throw new Failure("blocked", `${what} is for the site ${manifest.site}, not for ${printable(site)}`);
  }
  const layout = await openLayout(files, signal);
  if (digestOf(layout.index) !== manifest.index) {
    throw new Failure("integrity", `${files.place}: ${indexFile} is not the one that was signed`);
  }
  requireSignedFiles(files, manifest);
  return { manifest, key, order: orderOf(manifest, layout) };
}

/** What a signature does not cover (which key it names, spaces, spellings of base64) is as we write it, or was changed. */
function requireAsWritten(
  text: Buffer,
  { envelope, key, place }: { envelope: Envelope; key: VerifyingKey; place: string },
): void {
  const { payload, payloadType, signatures } = envelope;
  const again = (base64: string) => Buffer.from(base64, "base64").toString("base64");
  const written = {
    payloadType,
    payload: again(payload),
    signatures: signatures.slice(0, 1).map(({ sig }) => ({ keyid: key.id, sig: again(sig) })),
  };
  if (text.equals(Buffer.from(JSON.stringify(written)))) return;
  throw new Failure("integrity", `${place}: ${bundleFile} was changed around what is signed in it`);
}

function orderOf(manifest: BundleManifest, { contents }: Layout): BundleImport {
  const { id, sequence, site, images, assumes, repositories } = manifest;
  return {
    site,
    bundle: { id, sequence },
    images,
    assumes: new Map(assumes.map(({ digest, repository }) => [digest, repository])),
    repositories,
    contents,
  };
}

function requireSignedFiles(files: LayoutFiles, { blobs }: BundleManifest): void {
  const known = new Set([layoutFile, indexFile, bundleFile]);
  for (const { digest, size } of blobs) {
    const name = blobFile(digest);
    known.add(name);
    const there = files.size(name);
    if (there === undefined) {
      throw new Failure(
        "integrity",
        `${files.place} lacks ${shortDigest(digest)}, which was in it when it was signed`,
      );
    }
    if (there !== size) {
      throw new Failure("integrity", `${files.place}: ${name} has ${there} bytes, signed were ${size}`);
    }
  }
  for (const name of files.names) {
    if (!known.has(name)) {
      throw new Failure(
        "blocked",
        `${files.place} has "${printable(name)}", which was not in it when it was signed`,
      );
    }
  }
}
