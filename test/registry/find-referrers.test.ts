import { beforeEach, describe, expect, it } from "vitest";
import type { Descriptor } from "../../shared/model/descriptor.ts";
import { digestOf, hexOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { cosignTagsOf, fallbackTagOf, parseCosignTag } from "../../shared/registry/cosign-tags.ts";
import { findReferrers, type Referrer, type ReferrerQuestion } from "../../shared/registry/find-referrers.ts";
import { kindsOf } from "../../shared/registry/referrer-kinds.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, makeManifest, type TestImage } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";
import {
  artifactTypes,
  makeCosignSignature,
  makeReferrer,
  type ReferrerParts,
} from "../support/referrers.ts";
import { never } from "../support/registries.ts";

const image = makeImage([makeBlob("layer")]);
const { descriptor } = image.manifest;
const { digest } = descriptor;
const name = fallbackTagOf(digest);

let upstream: MemoryRegistry;
beforeEach(() => {
  upstream = createMemoryRegistry("up.example");
  upstream.put("app", image, "1.0.0");
});

const find = (parts: Partial<ReferrerQuestion> = {}) =>
  findReferrers(
    {
      registry: upstream,
      repository: "app",
      subjects: [digest],
      wanted: ["all"],
      isKnown: async () => false,
      ...parts,
    },
    never,
  );
const put = (referrer: TestImage, tag?: string): TestImage => {
  upstream.put("app", referrer, tag);
  return referrer;
};
const digestsOf = (referrers: readonly Referrer[]) => referrers.map((each) => each.digest).toSorted();
const of = (...images: readonly TestImage[]) =>
  images.map(({ manifest }) => manifest.descriptor.digest).toSorted();

describe("what a referrer is", () => {
  it.each<[string, ReferrerParts, readonly string[]]>([
    ["a Notation signature", { artifactType: artifactTypes.notation }, ["signatures"]],
    ["a signature by its config", { config: artifactTypes.notation }, ["signatures"]],
    ["cosign's older one", { layer: "application/vnd.dev.cosign.simplesigning.v1+json" }, ["signatures"]],
    ["an SPDX document", { artifactType: "text/spdx+json" }, ["sboms"]],
    ["a CycloneDX document", { artifactType: "application/vnd.cyclonedx+xml" }, ["sboms"]],
    [
      "an SBOM by its layer",
      { artifactType: "application/x", layer: "application/vnd.syft+json" },
      ["sboms"],
    ],
    ["an in-toto statement", { artifactType: artifactTypes.inToto }, ["attestations"]],
    [
      "an attested SBOM",
      {
        artifactType: artifactTypes.inToto,
        layerAnnotations: { "in-toto.io/predicate-type": "https://spdx.dev/Document" },
      },
      ["attestations", "sboms"],
    ],
    [
      "a bundle that is an attestation",
      {
        artifactType: artifactTypes.bundle,
        annotations: { "dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1" },
      },
      ["attestations"],
    ],
    [
      "a bundle that is a signature",
      {
        artifactType: artifactTypes.bundle,
        annotations: { "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1" },
      },
      ["signatures"],
    ],
    [
      "a bundle of a message's signature",
      {
        artifactType: artifactTypes.bundle,
        annotations: { "dev.sigstore.bundle.content": "message-signature" },
      },
      ["signatures"],
    ],
    ["a bundle that does not say", { artifactType: artifactTypes.bundle }, ["attestations", "signatures"]],
    ["a scan report", { artifactType: artifactTypes.scan }, ["other"]],
    ["nothing that is known", {}, ["other"]],
  ])("is told by what it holds: %s", (_name, parts, kinds) => {
    expect([...kindsOf(makeReferrer(descriptor, parts).manifest)].sort()).toEqual(kinds);
  });

  it("knows cosign's tags", () => {
    expect(cosignTagsOf(digest).map(({ tag }) => tag)).toEqual([
      `${name}.sig`,
      `${name}.att`,
      `${name}.sbom`,
    ]);
    expect(parseCosignTag(`${name}.att`)).toMatchObject({ subject: digest, suffix: "att" });
    expect(cosignTagsOf(digestOf("x", "sha512"))).toEqual([]);
    for (const tag of [name, "1.0.0", `${name}.txt`, `sha256-${hexOf(digest).slice(1)}.sig`])
      expect(parseCosignTag(tag)).toBeUndefined();
  });
});

describe("finding what refers to an image", () => {
  it("costs four requests where nothing does, and one where the tags are known", async () => {
    expect(await find()).toEqual({ wanted: [], known: 0, refused: [], beyond: 0 });
    expect(upstream.calls).toHaveLength(4);
    await find({ tags: new Set() });
    expect(upstream.calls.slice(4)).toEqual([`listReferrers app ${digest}`]);
  });

  it("finds cosign's tags and what the registry lists, by name and place", async () => {
    const signature = put(makeCosignSignature(descriptor, "a"), `${name}.sig`);
    const sbom = put(makeReferrer(descriptor, { artifactType: artifactTypes.spdx }));
    const { wanted } = await find();
    expect(wanted).toContainEqual({
      digest: signature.manifest.descriptor.digest,
      subject: digest,
      tag: `${name}.sig`,
      place: "tag",
    });
    expect(wanted).toContainEqual({
      digest: sbom.manifest.descriptor.digest,
      subject: digest,
      tag: name,
      place: "digest",
    });
  });

  it.each<[ReferrerQuestion["wanted"][number], readonly string[]]>([
    ["signatures", ["cosign", "notation"]],
    ["attestations", ["attestation"]],
    ["sboms", ["spdx"]],
    ["all", ["cosign", "notation", "attestation", "spdx", "scan"]],
  ])("brings %s alone when they alone are wanted", async (wanted, names) => {
    const made: Record<string, TestImage> = {
      cosign: put(makeCosignSignature(descriptor, "a"), `${name}.sig`),
      notation: put(makeReferrer(descriptor, { artifactType: artifactTypes.notation })),
      attestation: put(makeReferrer(descriptor, { artifactType: artifactTypes.inToto })),
      spdx: put(makeReferrer(descriptor, { artifactType: artifactTypes.spdx })),
      scan: put(makeReferrer(descriptor, { artifactType: artifactTypes.scan })),
    };
    const expected = names.flatMap((each) => made[each] ?? []);
    expect(digestsOf((await find({ wanted: [wanted] })).wanted)).toEqual(of(...expected));
  });

  it("looks at each child of an index", async () => {
    const child = makeImage([makeBlob("arm64")], "arm64");
    const index: TestImage = { manifest: makeIndex([image.manifest, child.manifest]), blobs: [] };
    for (const each of [child, index]) put(each);
    const signed = [index, image, child].map(({ manifest }) =>
      put(makeReferrer(manifest.descriptor, { artifactType: artifactTypes.notation })),
    );
    const subjects = [index, image, child].map(({ manifest }) => manifest.descriptor.digest);
    expect(digestsOf((await find({ subjects })).wanted)).toEqual(of(...signed));
  });

  it("follows what refers to a referrer three levels deep, whether that is known or not, but not below signatures", async () => {
    const sbom = put(makeReferrer(descriptor, { artifactType: artifactTypes.spdx }));
    const attestation = put(makeReferrer(sbom.manifest.descriptor, { artifactType: artifactTypes.inToto }));
    const signature = put(
      makeReferrer(attestation.manifest.descriptor, { artifactType: artifactTypes.notation }),
    );
    put(makeReferrer(signature.manifest.descriptor, { artifactType: artifactTypes.scan }));
    const chain = of(sbom, attestation, signature);
    expect(digestsOf((await find()).wanted)).toEqual(chain);
    const known = sbom.manifest.descriptor.digest;
    const isKnown = async (referrer: Referrer) => referrer.digest === known;
    upstream.calls.length = 0;
    expect(digestsOf((await find({ isKnown })).wanted)).toEqual(of(attestation, signature));
    expect(upstream.calls).not.toContain(`getManifest app ${known}`);
  });

  it("ends where referrers go in a circle, and at the fourth level", async () => {
    const chain = [image];
    for (let depth = 1; depth <= 5; depth += 1) {
      const subject = chain.at(-1)?.manifest.descriptor;
      chain.push(put(makeReferrer(subject, { artifactType: artifactTypes.scan })));
    }
    expect(digestsOf((await find()).wanted)).toEqual(of(...chain.slice(1, 4)));
    const liar = { ...upstream, listReferrers: async () => chain.map(({ manifest }) => manifest.descriptor) };
    const { wanted, refused } = await find({ registry: liar, isKnown: async () => true });
    expect([wanted, refused]).toEqual([[], []]);
  });
});

describe("what a hostile registry lists", () => {
  const listed = (...descriptors: readonly Descriptor[]) => ({
    ...upstream,
    listReferrers: async (_repository: string, of: string) => (of === digest ? descriptors : []),
  });

  it("is refused when it refers to another image, or to none", async () => {
    const foreign = put(
      makeReferrer(makeImage([]).manifest.descriptor, { artifactType: artifactTypes.spdx }),
    );
    const none = put(makeReferrer(undefined, { artifactType: artifactTypes.spdx }));
    const registry = listed(foreign.manifest.descriptor, none.manifest.descriptor);
    const { wanted, refused } = await find({ registry });
    expect(wanted).toEqual([]);
    expect(refused.map(({ reason }) => reason).sort()).toEqual([
      expect.stringMatching(/^up\.example lists it for sha256:.{12}…, but it refers to nothing$/),
      expect.stringMatching(/^up\.example lists it for sha256:.{12}…, but it refers to sha256:.{12}…$/),
    ]);
  });

  it("is refused under cosign's tag when its subject is another image", async () => {
    put(makeReferrer(makeImage([]).manifest.descriptor), `${name}.sig`);
    const { wanted, refused } = await find();
    expect([wanted.length, refused.length]).toEqual([0, 1]);
  });

  it("is not believed about what it is", async () => {
    const scan = put(makeReferrer(descriptor, { artifactType: artifactTypes.scan }));
    const registry = listed({ ...scan.manifest.descriptor, artifactType: artifactTypes.notation });
    expect(await find({ registry, wanted: ["signatures"] })).toEqual({
      wanted: [],
      known: 0,
      refused: [],
      beyond: 0,
    });
  });

  it("is refused when it is huge, an index of too much, or no manifest", async () => {
    put(makeReferrer(descriptor, { artifactType: artifactTypes.spdx, size: 2 ** 40 }));
    const parts = Array.from({ length: 17 }, (_, at) => makeImage([makeBlob(`${at}`)]).manifest);
    const wide = makeManifest({ ...JSON.parse(String(makeIndex(parts).bytes)), subject: descriptor });
    put({ manifest: wide, blobs: [] });
    const broken = put(makeReferrer(descriptor, { artifactType: artifactTypes.inToto }));
    const registry = {
      ...upstream,
      getManifest: async (...args: Parameters<typeof upstream.getManifest>) => {
        if (args[1] === broken.manifest.descriptor.digest) throw new Failure("integrity", "not its digest");
        return upstream.getManifest(...args);
      },
    };
    const { wanted, refused } = await find({ registry });
    expect(wanted).toEqual([]);
    expect(refused.map(({ reason }) => reason).sort()).toEqual([
      expect.stringMatching(
        /^it has 1099511628\d{3} bytes, and at most 134217728 are brought in with an image$/,
      ),
      "it is an index of more than 16 manifests, or of indexes",
      "not its digest",
    ]);
  });

  const [imageConfig, imageLayer] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.oci.image.layer.v1.tar+gzip",
  ];
  const dockers = {
    config: "application/vnd.docker.container.image.v1+json",
    layer: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  };
  it.each<{ name: string; parts: ReferrerParts; by?: "tag" | "index"; refused: boolean }>([
    { name: "an image", parts: { config: imageConfig, layer: imageLayer }, refused: true },
    { name: "an image in Docker's types", parts: dockers, refused: true },
    {
      name: "an image that calls itself a signature",
      parts: { artifactType: artifactTypes.notation, config: imageConfig, layer: imageLayer },
      refused: true,
    },
    {
      name: "an image whose config has no type of its own",
      parts: { config: "application/octet-stream", layer: imageLayer },
      refused: true,
    },
    { name: "an image under cosign's tag", parts: dockers, by: "tag", refused: true },
    { name: "an image in an index", parts: dockers, by: "index", refused: true },
    { name: "a file", parts: { layer: imageLayer }, refused: false },
    {
      name: "a signature with an image's config",
      parts: { config: imageConfig, layer: artifactTypes.notation },
      refused: false,
    },
  ])("that is $name could be run unseen: $refused", async ({ parts, by, refused }) => {
    const made = makeReferrer(by === undefined ? descriptor : undefined, parts);
    put(made, by === "tag" ? `${fallbackTagOf(digest)}.sig` : undefined);
    if (by === "index") {
      const index = JSON.parse(String(makeIndex([made.manifest]).bytes));
      put({ manifest: makeManifest({ ...index, subject: descriptor }), blobs: [] });
    }
    const found = await find();
    expect(found.refused.map(({ reason }) => reason)).toEqual(
      refused ? [expect.stringContaining("it could be run as an image, and no gate has looked at it")] : [],
    );
    expect(found.wanted.length).toBe(refused ? 0 : 1);
  });

  it("in tens of thousands is bounded, what people want first", async () => {
    const scans = Array.from({ length: 10_000 }, (_, at) => ({
      ...descriptor,
      digest: digestOf(`scan ${at}`),
      artifactType: artifactTypes.scan,
    }));
    const signature = put(makeReferrer(descriptor, { artifactType: artifactTypes.notation }));
    const { wanted, beyond } = await find({ registry: listed(...scans, signature.manifest.descriptor) });
    expect(digestsOf(wanted)).toEqual(of(signature));
    expect(beyond).toBeGreaterThan(9_000);
    expect(upstream.calls.length).toBeLessThan(500);
    const known = await find({ registry: listed(...scans), isKnown: async () => true });
    expect(known).toMatchObject({ wanted: [], known: 200, beyond: 9_800 });
  });

  it("is looked at again when it could not be read just now", async () => {
    put(makeReferrer(descriptor, { artifactType: artifactTypes.spdx }));
    upstream.failNext("getManifest", new Failure("unavailable", "503"));
    await failureOf(() => find(), "unavailable");
  });
});
