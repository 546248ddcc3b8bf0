import { describe, expect, it } from "vitest";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { digestOf } from "../../shared/model/digest.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { parseManifest } from "../../shared/registry/parse-manifest.ts";
import { failureOf } from "../support/failures.ts";

const one = `sha256:${"1".repeat(64)}`;
const two = `sha256:${"2".repeat(64)}`;
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest: one, size: 10 };
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: two, size: 20 };
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer] };
const child = {
  mediaType: mediaTypes.ociManifest,
  digest: one,
  size: 30,
  platform: { os: "linux", architecture: "arm64", variant: "v8" },
};
const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };

function parse(document: unknown, contentType?: string) {
  const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  return parseManifest(bytes, { contentType, digest: digestOf(bytes) });
}

const without = (document: object, ...fields: string[]) =>
  Object.fromEntries(Object.entries(document).filter(([name]) => !fields.includes(name)));

describe("parseManifest", () => {
  it("reads an image, config first", () => {
    const manifest = parse(image, mediaTypes.ociManifest);
    expect(manifest).toMatchObject({
      kind: "image",
      descriptor: {
        mediaType: mediaTypes.ociManifest,
        size: manifest.bytes.length,
        digest: digestOf(manifest.bytes),
      },
      manifests: [],
      blobs: [config, layer],
    });
  });

  it("reads an index with platforms", () => {
    expect(parse(index)).toMatchObject({ kind: "index", manifests: [child], blobs: [] });
  });

  it("keeps the urls of a foreign layer as what they are", () => {
    const foreign = { ...layer, urls: ["https://elsewhere.example/layer", 7] };
    expect(parse({ ...image, layers: [foreign] }).blobs[1]?.urls).toEqual([
      "https://elsewhere.example/layer",
    ]);
  });

  it.each<[string, unknown, string | undefined, string]>([
    ["a subject", { ...image, subject: child, artifactType: "x/y" }, undefined, mediaTypes.ociManifest],
    [
      "Docker's manifest",
      { ...image, mediaType: mediaTypes.dockerManifest },
      mediaTypes.dockerManifest,
      mediaTypes.dockerManifest,
    ],
    [
      "Docker's list",
      { ...index, mediaType: mediaTypes.dockerList },
      mediaTypes.dockerList,
      mediaTypes.dockerList,
    ],
    ["no media type inside", without(image, "mediaType"), mediaTypes.ociManifest, mediaTypes.ociManifest],
    ["no content type", image, undefined, mediaTypes.ociManifest],
    ["a vague content type", image, "application/json; charset=utf-8", mediaTypes.ociManifest],
    ["a content type with parameters", index, `${mediaTypes.ociIndex}; charset=utf-8`, mediaTypes.ociIndex],
    ["an empty index", { ...index, manifests: [] }, undefined, mediaTypes.ociIndex],
    [
      "annotations with the prototype's names",
      { ...image, annotations: { constructor: "x" } },
      undefined,
      mediaTypes.ociManifest,
    ],
  ])("reads %s", (_name, document, contentType, mediaType) => {
    expect(parse(document, contentType).descriptor.mediaType).toBe(mediaType);
  });

  it.each<[string, unknown, string | undefined, FailureCode]>([
    ["HTML", "<html>", undefined, "protocol"],
    ["a list", [], undefined, "protocol"],
    ["null", null, undefined, "protocol"],
    ["no schema version", without(image, "schemaVersion"), undefined, "protocol"],
    ["schema 1", { schemaVersion: 1, fsLayers: [] }, undefined, "unsupported"],
    ["schema 1 by content type", { schemaVersion: 1 }, mediaTypes.dockerSchema1Signed, "unsupported"],
    ["both manifests and layers", { ...image, manifests: [child] }, undefined, "protocol"],
    ["an index with layers", { ...index, layers: [] }, undefined, "protocol"],
    ["an index with a config", { ...index, config }, undefined, "protocol"],
    ["an index with Layers", { ...index, Layers: [] }, undefined, "protocol"],
    ["an image with fsLayers", { ...image, fsLayers: [] }, undefined, "protocol"],
    ["media types that disagree", image, mediaTypes.ociIndex, "protocol"],
    ["media types of another family", image, mediaTypes.dockerManifest, "protocol"],
    ["no media type at all", without(image, "mediaType"), undefined, "unsupported"],
    ["an unknown media type", { ...image, mediaType: "application/x" }, undefined, "unsupported"],
    ["layers twice", `${JSON.stringify(image).slice(0, -1)},"layers":[]}`, undefined, "protocol"],
    ["a prototype", `${JSON.stringify(image).slice(0, -1)},"__proto__":{}}`, undefined, "protocol"],
    ["no layers", without(image, "layers"), undefined, "protocol"],
    ["no config", without(image, "config"), undefined, "protocol"],
    ["layers that are no list", { ...image, layers: { 0: layer } }, undefined, "protocol"],
    ["a layer that is null", { ...image, layers: [null] }, undefined, "protocol"],
    [
      "a digest with a path",
      { ...image, layers: [{ ...layer, digest: "sha256:../../x" }] },
      undefined,
      "protocol",
    ],
    [
      "a digest in capitals",
      { ...image, layers: [{ ...layer, digest: `sha256:${"A".repeat(64)}` }] },
      undefined,
      "protocol",
    ],
    [
      "another algorithm",
      { ...image, layers: [{ ...layer, digest: `md5:${"1".repeat(32)}` }] },
      undefined,
      "protocol",
    ],
    ["a negative size", { ...image, layers: [{ ...layer, size: -1 }] }, undefined, "protocol"],
    ["a fraction of a byte", { ...image, layers: [{ ...layer, size: 1.5 }] }, undefined, "protocol"],
    ["a size as text", { ...image, layers: [{ ...layer, size: "20" }] }, undefined, "protocol"],
    ["a size beyond numbers", { ...image, layers: [{ ...layer, size: 2 ** 60 }] }, undefined, "protocol"],
    [
      "a child without media type",
      { ...index, manifests: [without(child, "mediaType")] },
      undefined,
      "protocol",
    ],
    ["a subject that is none", { ...image, subject: "x" }, undefined, "protocol"],
    ["nesting without end", "[".repeat(100_000), undefined, "protocol"],
  ])("refuses %s", async (_name, document, contentType, code) => {
    await failureOf(() => parse(document, contentType), code);
  });

  it("refuses bytes that are not UTF-8", async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    await failureOf(
      () => parseManifest(bytes, { contentType: undefined, digest: digestOf(bytes) }),
      "protocol",
    );
  });
});
