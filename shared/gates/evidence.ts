import type { Descriptor, Manifest } from "../model/descriptor.ts";
import { algorithmOf, type Digest, hexOf, isDigest } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { readBlob } from "../registry/read-blob.ts";
import type { Registry } from "../registry/registry.ts";
import { textField } from "./untrusted-json.ts";

/** A document that is kept beside an image: a signature, a bundle, a report. What it says is still to be proven. */
export interface Evidence {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly annotations: Readonly<Record<string, string>>;
  /** By the manifest that carries it. */
  readonly createdAt: string | undefined;
}

/** What to look for. */
export interface Wanted {
  /** Ends of cosign's tags `sha256-<hex>.sig`. */
  readonly tagEndings: readonly string[];
  /** Of layers, to the most bytes that are read. */
  readonly mediaTypes: ReadonlyMap<string, number>;
  readonly artifactTypes: ReadonlySet<string>;
  /** Layers of whatever type are read, too, of a manifest that says itself that it is of such an artifact type. */
  readonly mostBytesOfArtifact?: number;
}

/** Evidence, or why some of it could not be had, as the end of a sentence. */
export type Found = { readonly kind: "evidence"; readonly evidence: Evidence } | Trouble;

export interface Trouble {
  readonly kind: "trouble";
  readonly about: "list" | "document";
  readonly reason: string;
}

const mostManifests = 100;
const mostDocuments = 200;
const mostBytes = 128 * 1024 * 1024;
// A document may be named again and again; whoever is given it reads it each time.
const mostHanded = 2 * mostBytes;

/** Reads what is kept beside images of one repository, each document once. */
export interface EvidenceReader {
  beside(digest: Digest, wanted: Wanted, signal: AbortSignal): AsyncIterable<Found>;
}

export function createEvidenceReader(registry: Registry, repository: string): EvidenceReader {
  const listings = new Map<Digest, Promise<readonly Descriptor[]>>();
  const manifests = new Map<string, Promise<Manifest | undefined>>();
  const documents = new Map<Digest, Buffer>();
  let bytes = 0;

  return { beside };

  async function* beside(digest: Digest, wanted: Wanted, signal: AbortSignal): AsyncGenerator<Found> {
    const { references, troubles } = await referencesTo(digest, wanted, signal);
    yield* troubles;
    let left = mostDocuments;
    let handed = 0;
    for (const reference of references) {
      const manifest = await attempt(() => manifestAt(reference, signal));
      if (manifest === undefined) {
        if (isDigest(reference)) yield trouble("document", missing);
        continue;
      }
      if (isTrouble(manifest)) {
        yield manifest;
        continue;
      }
      for (const layer of manifest.blobs.slice(1)) {
        const most = mostBytesOf(layer, manifest, wanted);
        if (most === undefined) continue;
        if (left-- === 0) {
          yield trouble("list", `there are more than ${mostDocuments} documents: no more are read`);
          return;
        }
        const read = await attempt(() => documentOf(layer, most, signal));
        handed += isTrouble(read) ? 0 : read.length;
        if (handed > mostHanded) {
          yield trouble(
            "list",
            `they make more than ${mostHanded} bytes, some named again: no more are read`,
          );
          return;
        }
        if (isTrouble(read)) yield read;
        else yield { kind: "evidence", evidence: toEvidence(layer, read, manifest) };
      }
    }
  }

  async function referencesTo(digest: Digest, wanted: Wanted, signal: AbortSignal) {
    const troubles: Trouble[] = [];
    const listed = await attempt(() =>
      remembered(listings, digest, () => registry.listReferrers(repository, digest, signal)),
    );
    let referrers: readonly Descriptor[] = [];
    if (isTrouble(listed)) troubles.push({ ...listed, about: "list" });
    else {
      // The fallback tag has no types to go by: those manifests must tell by their layers.
      const candidates = listed.filter(
        ({ artifactType }) => artifactType === undefined || wanted.artifactTypes.has(artifactType),
      );
      referrers = candidates.slice(0, mostManifests);
      if (candidates.length > mostManifests) {
        const reason = `it has ${candidates.length} referrers that might be meant: only ${mostManifests} are read`;
        troubles.push(trouble("list", reason));
      }
    }
    const stem = `${algorithmOf(digest)}-${hexOf(digest)}`;
    const tags = wanted.tagEndings.map((ending) => `${stem}.${ending}`).filter(({ length }) => length <= 128);
    return { references: [...referrers.map((each) => each.digest as string), ...tags], troubles };
  }

  async function manifestAt(reference: string, signal: AbortSignal): Promise<Manifest | undefined> {
    return remembered(manifests, reference, async () => {
      const manifest = await registry.getManifest(repository, reference, signal);
      count(manifest?.bytes.length ?? 0);
      return manifest;
    });
  }

  function count(more: number): void {
    if (bytes + more > mostBytes)
      throw new Failure("too-large", `would make more than ${mostBytes} bytes in all`);
    bytes += more;
  }

  async function documentOf(layer: Descriptor, most: number, signal: AbortSignal): Promise<Buffer> {
    const known = documents.get(layer.digest);
    if (known !== undefined) return known;
    if (layer.size > most)
      throw new Failure("too-large", `has ${layer.size} bytes: at most ${most} are read`);
    count(layer.size);
    const document = await readBlob(registry, { repository, blob: layer }, signal);
    documents.set(layer.digest, document);
    return document;
  }
}

/** What is wrong with one document must not hide the others; what may pass must be asked again. */
async function attempt<T>(read: () => Promise<T>): Promise<T | Trouble> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof Failure) || !aboutContent.has(error.code)) throw error;
    return trouble("document", reasons[error.code] ?? error.message);
  }
}

const aboutContent: ReadonlySet<string> = new Set([
  "not-found",
  "integrity",
  "protocol",
  "unsupported",
  "too-large",
]);

const missing = "is missing at the registry";

const reasons: Readonly<Record<string, string>> = {
  "not-found": missing,
  integrity: "does not match its digest",
};

function trouble(about: Trouble["about"], reason: string): Trouble {
  return { kind: "trouble", about, reason };
}

function isTrouble(value: object | undefined): value is Trouble {
  return value !== undefined && "about" in value;
}

function remembered<K, T>(known: Map<K, Promise<T>>, key: K, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const asked = ask();
  known.set(key, asked);
  return asked;
}

function toEvidence(layer: Descriptor, bytes: Buffer, manifest: Manifest): Evidence {
  return {
    mediaType: bare(layer.mediaType),
    bytes,
    annotations: layer.annotations ?? {},
    createdAt: createdAtOf(manifest),
  };
}

function mostBytesOf(
  { mediaType }: Descriptor,
  { descriptor: { artifactType } }: Manifest,
  { mediaTypes, artifactTypes, mostBytesOfArtifact }: Wanted,
): number | undefined {
  const most = mediaTypes.get(bare(mediaType));
  if (most !== undefined) return most;
  return artifactType !== undefined && artifactTypes.has(artifactType) ? mostBytesOfArtifact : undefined;
}

/** The second name is the first one's forerunner, which Trivy's plugin still writes. */
function createdAtOf({ bytes }: Manifest): string | undefined {
  const manifest: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
  return (
    textField(manifest, "annotations", "org.opencontainers.image.created") ??
    textField(manifest, "annotations", "org.opencontainers.artifact.created")
  );
}

function bare(mediaType: string): string {
  return mediaType.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}
