import { beforeEach, describe, expect, it } from "vitest";
import { imagesOf } from "../../shared/gates/subject-images.ts";
import { type Descriptor, type Manifest, mediaTypes } from "../../shared/model/descriptor.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeManifest } from "../support/images.ts";
import { never } from "../support/registries.ts";
import { createUpstream, repository, type Upstream } from "./upstream.ts";

let upstream: Upstream;
beforeEach(() => {
  upstream = createUpstream();
});

const image = (name: string): Descriptor => {
  const made = makeImage([makeBlob(name)]);
  upstream.put(made);
  return made.manifest.descriptor;
};

function index(children: readonly Descriptor[]): Manifest {
  const manifest = makeManifest({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: children });
  upstream.put({ manifest, blobs: [] });
  return manifest;
}

const on = (descriptor: Descriptor, os: string, architecture: string, variant?: string): Descriptor => ({
  ...descriptor,
  platform: { os, architecture, ...(variant && { variant }) },
});

const find = (of: Descriptor, only: readonly string[] = []) =>
  imagesOf(
    { source: { host: "up.example", path: repository, digest: of.digest }, only },
    upstream.registry,
    never,
  );

describe("the images of an import", () => {
  it("are the image itself", async () => {
    const one = image("one");
    expect(await find(one)).toEqual([{ digest: one.digest, within: [] }]);
  });

  it("are the children of an index, each once, also of an index in it", async () => {
    const [one, two, three] = [image("one"), image("two"), image("three")];
    const inner = index([two, three]);
    const outer = index([one, inner.descriptor, two]);
    const { digest } = outer.descriptor;
    expect(await find(outer.descriptor)).toEqual([
      { digest: one.digest, within: [digest] },
      { digest: two.digest, within: [digest] },
      { digest: three.digest, within: [digest, inner.descriptor.digest] },
    ]);
  });

  it("are those that are brought in, and those that may run anywhere", async () => {
    const [amd64, v7, v8, anywhere] = [
      on(image("amd64"), "linux", "amd64"),
      on(image("v7"), "linux", "arm", "v7"),
      on(image("v8"), "linux", "arm", "v8"),
      image("anywhere"),
    ];
    const { descriptor } = index([amd64, v7, v8, anywhere]);
    const digests = async (...only: string[]) => (await find(descriptor, only)).map(({ digest }) => digest);
    expect(await digests("linux/amd64")).toEqual([amd64.digest, anywhere.digest]);
    expect(await digests("linux/arm/v7")).toEqual([v7.digest, anywhere.digest]);
    expect(await digests("linux/arm")).toEqual([v7.digest, v8.digest, anywhere.digest]);
    expect((await digests()).length).toBe(4);
  });

  const attestation = { "vnd.docker.reference.type": "attestation-manifest" };
  it.each([
    { name: "one of no platform that is known", platform: "unknown/unknown", annotations: {} },
    { name: "one of an unknown architecture", platform: "linux/unknown", annotations: {} },
    { name: "half an attestation", platform: "unknown/amd64", annotations: attestation },
    {
      name: "what is annotated as something else",
      platform: "unknown/unknown",
      annotations: { "vnd.docker.reference.type": "attestation" },
    },
    { name: "no attestation", platform: "unknown/unknown", annotations: attestation, passed: "over" },
  ])("are $name, too, whichever platforms are brought in", async ({ platform, annotations, passed }) => {
    const [os = "", architecture = ""] = platform.split("/");
    const amd64 = on(image("amd64"), "linux", "amd64");
    const hidden = { ...on(image("hidden"), os, architecture), annotations };
    const { descriptor } = index([amd64, hidden]);
    for (const only of [[], ["linux/amd64"]]) {
      const digests = (await find(descriptor, only)).map(({ digest }) => digest);
      expect(digests).toEqual(passed === "over" ? [amd64.digest] : [amd64.digest, hidden.digest]);
    }
  });

  it.each<{ name: string; of: () => Descriptor; code: "too-large" | "not-found"; says: string }>([
    {
      name: "an index in an index in an index in an index",
      of: () => [1, 2, 3].reduce((inner) => index([inner]).descriptor, index([image("one")]).descriptor),
      code: "too-large",
      says: "is nested deeper than 3 levels",
    },
    {
      name: "an index of very many",
      of: () =>
        index(Array.from({ length: 201 }, (_, at) => ({ ...image("one"), digest: digestOf(String(at)) })))
          .descriptor,
      code: "too-large",
      says: "names more than 200 images",
    },
    {
      name: "what is not there any more",
      of: () => ({ ...image("one"), digest: digestOf("gone") }),
      code: "not-found",
      says: "does not exist upstream any more",
    },
  ])("are not of $name", async ({ of, code, says }) => {
    const { message } = await failureOf(() => find(of()), code);
    expect(message).toContain(says);
  });
});
