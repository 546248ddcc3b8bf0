import { beforeEach, describe, expect, it } from "vitest";
import { createEvidenceReader, type Found, type Wanted } from "../../shared/gates/evidence.ts";
import type { Digest } from "../../shared/model/digest.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage } from "../support/images.ts";
import { never } from "../support/registries.ts";
import { createUpstream, repository, type Upstream } from "./upstream.ts";

const type = "application/x.report";
const wanted: Wanted = {
  tagEndings: ["sig"],
  mediaTypes: new Map([[type, 48 * 1024 * 1024]]),
  artifactTypes: new Set([type]),
};

let upstream: Upstream;
let image: Digest;
beforeEach(() => {
  upstream = createUpstream();
  image = upstream.put(makeImage([makeBlob("layer")]));
});

async function beside(reader = createEvidenceReader(upstream.registry, repository)): Promise<Found[]> {
  const found: Found[] = [];
  for await (const each of reader.beside(image, wanted, never)) found.push(each);
  return found;
}

const reasonsOf = (found: readonly Found[]) =>
  found.flatMap((each) => (each.kind === "trouble" ? [each.reason] : []));

describe("evidence beside an image", () => {
  it("is read once, however often it is asked for", async () => {
    upstream.refer(image, { artifactType: type, layers: [{ blob: makeBlob("one", type) }] });
    upstream.tag(image, "sig", { layers: [{ blob: makeBlob("two", `${type};x=1`) }] });
    upstream.refer(image, {
      artifactType: "application/x.other",
      layers: [{ blob: makeBlob("three", type) }],
    });
    const reader = createEvidenceReader(upstream.registry, repository);
    const texts = (await beside(reader)).map(
      (each) => each.kind === "evidence" && String(each.evidence.bytes),
    );
    expect(texts).toEqual(["one", "two"]);
    const { length } = upstream.registry.calls;
    expect((await beside(reader)).length).toBe(2);
    expect(upstream.registry.calls.length).toBe(length);
  });

  it("is no more than two hundred documents", async () => {
    const layers = Array.from({ length: 201 }, (_, at) => ({ blob: makeBlob(String(at), type) }));
    upstream.refer(image, { artifactType: type, layers });
    const found = await beside();
    expect(found.filter(({ kind }) => kind === "evidence").length).toBe(200);
    expect(reasonsOf(found)).toEqual(["there are more than 200 documents: no more are read"]);
  });

  it("is no more than 128 MiB in all, each byte counted once", async () => {
    const layers = [1, 2, 2, 3].map((fill) => ({
      blob: makeBlob(Buffer.alloc(45 * 1024 * 1024, fill), type),
    }));
    upstream.refer(image, { artifactType: type, layers });
    const found = await beside();
    expect(found.map(({ kind }) => kind)).toEqual(["evidence", "evidence", "evidence", "trouble"]);
    expect(reasonsOf(found)).toEqual(["would make more than 134217728 bytes in all"]);
  });

  it("is handed on again no more than 256 MiB in all", async () => {
    const blob = makeBlob(Buffer.alloc(45 * 1024 * 1024), type);
    upstream.refer(image, { artifactType: type, layers: Array.from({ length: 9 }, () => ({ blob })) });
    const found = await beside();
    expect(found.filter(({ kind }) => kind === "evidence").length).toBe(5);
    expect(reasonsOf(found)).toEqual([
      "they make more than 268435456 bytes, some named again: no more are read",
    ]);
  });

  it("counts the manifests that carry it, too", async () => {
    for (let at = 0; at < 40; at += 1)
      upstream.refer(image, { artifactType: type, layers: [{ blob: makeBlob(String(at), type) }] });
    const bytes = Buffer.from(`{"note":"${"x".repeat(3_900_000)}"}`);
    const { getManifest } = upstream.registry;
    const registry = {
      ...upstream.registry,
      getManifest: async (...args: Parameters<typeof getManifest>) => {
        const manifest = await getManifest(...args);
        return manifest && { ...manifest, bytes };
      },
    };
    const found = await beside(createEvidenceReader(registry, repository));
    expect(found.filter(({ kind }) => kind === "evidence").length).toBe(34);
    expect(new Set(reasonsOf(found))).toEqual(new Set(["would make more than 134217728 bytes in all"]));
  });

  it("is missed where the list names what is not there", async () => {
    upstream.refer(image, { artifactType: type, layers: [] }, { digest: digestOf("gone") });
    expect(reasonsOf(await beside())).toEqual(["is missing at the registry"]);
  });

  it.each([
    { code: "unavailable", verb: "getManifest" },
    { code: "rate-limited", verb: "getManifest" },
    { code: "network", verb: "getBlob" },
    { code: "unauthorized", verb: "getBlob" },
  ] as const)("is asked for again when $verb ends in $code", async ({ code, verb }) => {
    upstream.refer(image, { artifactType: type, layers: [{ blob: makeBlob("one", type) }] });
    upstream.registry.failNext(verb, new Failure(code, "not now"));
    await failureOf(() => beside(), code);
  });

  it.each([
    { code: "integrity", verb: "getBlob", reason: "does not match its digest" },
    { code: "protocol", verb: "getManifest", reason: "the manifest is malformed" },
  ] as const)("is spoilt alone when $verb ends in $code", async ({ code, verb, reason }) => {
    for (const text of ["one", "two"])
      upstream.refer(image, { artifactType: type, layers: [{ blob: makeBlob(text, type) }] });
    upstream.registry.failNext(verb, new Failure(code, "the manifest is malformed"));
    const found = await beside();
    expect(reasonsOf(found)).toEqual([reason]);
    expect(found.filter(({ kind }) => kind === "evidence").length).toBe(1);
  });
});
