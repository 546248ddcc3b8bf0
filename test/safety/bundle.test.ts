import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BundleManifest, bundleFile, bundleType } from "../../shared/documents/bundle-manifest.ts";
import { receiptType, type SiteReceipt } from "../../shared/documents/site-receipt.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { Failure, type FailureCode } from "../../shared/model/failure.ts";
import { blobFile } from "../../shared/registry/layout/open-layout.ts";
import { openTar } from "../../shared/registry/layout/read-tar.ts";
import { signStatement } from "../../shared/signing/envelope.ts";
import { generateKeyPair, readSigningKey } from "../../shared/signing/signing-key.ts";
import { importBundle } from "../../shared/steps/bundle/import-bundle.ts";
import { readForeignLayout } from "../../shared/steps/bundle/read-foreign-layout.ts";
import { type BundleBench, createBundleBench, hubKey, siteKey, siteName } from "../support/bundle-bench.ts";
import { collect } from "../support/collect.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, noise, type TestImage } from "../support/images.ts";
import { createMemoryRegistry } from "../support/memory-registry.ts";
import { never } from "../support/registries.ts";
import { type TarPart, tarOf } from "../support/tar.ts";

const base = makeBlob(noise("base", 700));
const image = (seed: string): TestImage => makeImage([base, makeBlob(noise(seed, 300))]);
const children = [image("amd64"), image("arm64")] as const;
const index: TestImage = { manifest: makeIndex(children.map(({ manifest }) => manifest)), blobs: [] };
const single = image("single");
const stranger = readSigningKey(generateKeyPair().privatePem);

let bench: BundleBench;
beforeEach(async () => {
  bench = await createBundleBench();
  for (const child of children) bench.target.put("mirror/app", child);
  await bench.imported("mirror/app", "1.0.0", index);
  await bench.imported("mirror/app", "1.0.1", single);
});
afterEach(() => bench.close());

const order = { watches: ["default/app"] };
const written = (): string[] =>
  bench.site.calls.filter((call) => /^(?:put|start|mount|write|commit)/.test(call));

/** The parts of the bundle that was exported, to be put together otherwise. */
async function partsOf(): Promise<{ name: string; content: Buffer }[]> {
  const files = await openTar(join(bench.folder, "bundle.tar"), never);
  const parts: { name: string; content: Buffer }[] = [];
  for (const name of files.names) {
    const content = Buffer.concat(await collect(files.read(name, { offset: 0, signal: never })));
    parts.push({ name, content });
  }
  await files.close();
  return parts;
}

function importOf(bytes: Buffer): Promise<SiteReceipt> {
  const path = join(bench.folder, "other.tar");
  writeFileSync(path, bytes);
  return bench.import(path);
}

/** As if the hub had signed something else. */
async function resigned(
  change: (
    manifest: BundleManifest,
    parts: TarPart[],
  ) => { manifest?: Partial<BundleManifest>; parts?: TarPart[] },
  key = hubKey,
): Promise<Buffer> {
  const parts: TarPart[] = await partsOf();
  const envelope = JSON.parse(String(parts.find(({ name }) => name === bundleFile)?.content));
  const manifest = JSON.parse(Buffer.from(envelope.payload, "base64").toString()) as BundleManifest;
  const changed = change(manifest, parts);
  const signed = signStatement({ ...manifest, ...changed.manifest }, { payloadType: bundleType, key });
  return tarOf(
    (changed.parts ?? parts).map((part) =>
      part.name === bundleFile ? { name: bundleFile, content: JSON.stringify(signed) } : part,
    ),
  );
}

describe("case 62: a bundle that was tampered with", () => {
  it("is refused before anything is sent, whichever byte was changed", async () => {
    await bench.export(order);
    const whole = bench.read();
    // All that the site has already is not sent again, and read all the same.
    await bench.import();
    bench.site.calls.length = 0;
    for (let at = 0; at < whole.length; at += 7) {
      const spoilt = Buffer.from(whole);
      spoilt[at] = (spoilt[at] ?? 0) ^ 0x5a;
      const outcome = await importOf(spoilt).catch((error: unknown) => error);
      expect(outcome, `byte ${at}`).toBeInstanceOf(Failure);
    }
    expect(bench.site.calls).toEqual([]);
  });

  it("is refused before anything is sent, wherever it was cut off", async () => {
    await bench.export(order);
    const whole = bench.read();
    const lengths = Array.from({ length: whole.length }, (_, at) => at).filter(
      (at) => at % 512 < 2 || at % 512 === 511 || at % 101 === 0,
    );
    for (const length of lengths) {
      await failureOf(() => importOf(whole.subarray(0, length)), "protocol");
    }
    expect(bench.site.calls).toEqual([]);
    expect((await importOf(whole)).images.map(({ outcome }) => outcome)).toEqual(["imported", "imported"]);
  });

  const blob = { name: blobFile(base.descriptor.digest), content: base.bytes };
  it.each<[string, (parts: TarPart[]) => TarPart[], FailureCode]>([
    ["a file more", (parts) => [...parts, { name: "extra", content: "x" }], "blocked"],
    ["a blob more", (parts) => [...parts, { name: blobFile(digestOf("x")), content: "x" }], "blocked"],
    ["a blob less", (parts) => parts.filter(({ name }) => name !== blob.name), "integrity"],
    [
      "a longer blob",
      (parts) =>
        parts.map((part) =>
          part.name === blob.name
            ? { ...blob, content: Buffer.concat([base.bytes, Buffer.alloc(600)]) }
            : part,
        ),
      "integrity",
    ],
    [
      "a shorter blob",
      (parts) =>
        parts.map((part) => (part.name === blob.name ? { ...blob, content: base.bytes.subarray(1) } : part)),
      "integrity",
    ],
    [
      "a blob that is a link",
      (parts) =>
        parts.map((part) =>
          part.name === blob.name ? { name: blob.name, type: "2", link: "/etc/passwd" } : part,
        ),
      "blocked",
    ],
    [
      "an upward path",
      (parts) => [...parts, { name: "blobs/sha256/../../../evil", content: "x" }],
      "blocked",
    ],
    ["an absolute path", (parts) => [...parts, { name: "/evil", content: "x" }], "blocked"],
    ["a blob twice", (parts) => [...parts, blob], "blocked"],
    [
      "another index",
      (parts) =>
        parts.map((part) =>
          part.name === "index.json" ? { ...part, content: '{"schemaVersion":2,"manifests":[]}' } : part,
        ),
      "integrity",
    ],
    ["no index", (parts) => parts.filter(({ name }) => name !== "index.json"), "protocol"],
    [
      "another layout version",
      (parts) =>
        parts.map((part) =>
          part.name === "oci-layout" ? { ...part, content: '{"imageLayoutVersion":"2.0.0"}' } : part,
        ),
      "unsupported",
    ],
    ["no signed manifest", (parts) => parts.filter(({ name }) => name !== bundleFile), "blocked"],
    [
      "a signed manifest that is none",
      (parts) => parts.map((part) => (part.name === bundleFile ? { ...part, content: "{}" } : part)),
      "protocol",
    ],
  ])("with %s is refused before anything is sent", async (_name, change, code) => {
    await bench.export(order);
    const bytes = tarOf(change(await partsOf()));
    await failureOf(() => importOf(bytes), code);
    expect(bench.site.calls).toEqual([]);
  });

  it.each<[string, Parameters<typeof resigned>[0], FailureCode]>([
    ["for another site", () => ({ manifest: { site: "factory-8" } }), "blocked"],
    [
      "with a repository that leads elsewhere",
      ({ images }) => ({ manifest: { images: images.map((each) => ({ ...each, repository: "../evil" })) } }),
      "protocol",
    ],
    [
      "with a tag that is none",
      ({ images }) => ({ manifest: { images: images.map((each) => ({ ...each, tag: "a\nb" })) } }),
      "protocol",
    ],
    [
      "with a digest that is none",
      ({ blobs }) => ({
        manifest: { blobs: blobs.map((each) => ({ ...each, digest: "sha256:../x" as Digest })) },
      }),
      "protocol",
    ],
    [
      "with a negative size",
      ({ blobs }) => ({ manifest: { blobs: blobs.map((each) => ({ ...each, size: -1 })) } }),
      "protocol",
    ],
    ["of another version", () => ({ manifest: { v: 2 as 1 } }), "protocol"],
  ])("that is signed, but %s, is refused", async (_name, change, code) => {
    await bench.export(order);
    await failureOf(async () => importOf(await resigned(change)), code);
    expect(bench.site.calls).toEqual([]);
  });

  it("by a stranger's key is refused", async () => {
    await bench.export(order);
    await failureOf(async () => importOf(await resigned(() => ({}), stranger)), "blocked");
  });

  it("that lacks what the registry lacks too is refused image by image", async () => {
    await bench.export(order);
    const name = blobFile(base.descriptor.digest);
    const bytes = await resigned(({ blobs }, parts) => ({
      manifest: { blobs: blobs.filter((each) => each.digest !== base.descriptor.digest) },
      parts: parts.filter((part) => part.name !== name),
    }));
    const { images } = await importOf(bytes);
    expect(images.map(({ outcome }) => outcome)).toEqual(["refused", "refused"]);
    expect(images[0]?.reason).toContain("neither the bundle nor the registry has sha256:");
    expect(written().filter((call) => call.startsWith("putManifest"))).toEqual([]);
  });

  it("that was signed with a blob that is none is refused before anything is sent", async () => {
    await bench.export(order);
    const longer = Buffer.concat([base.bytes, Buffer.alloc(10)]);
    const bytes = await resigned(({ blobs }, parts) => ({
      manifest: {
        blobs: blobs.map((each) =>
          each.digest === base.descriptor.digest ? { ...each, size: longer.length } : each,
        ),
      },
      parts: parts.map((part) =>
        part.name === blobFile(base.descriptor.digest) ? { ...part, content: longer } : part,
      ),
    }));
    await failureOf(() => importOf(bytes), "integrity");
    expect(bench.site.calls).toEqual([]);
  });
});

describe("case 62: a layout that nobody has signed", () => {
  const deep = [0, 1, 2, 3].reduce(
    (images) => [{ manifest: makeIndex([images[0]?.manifest ?? single.manifest]), blobs: [] }, ...images],
    [single] as TestImage[],
  );
  const layoutOf = (images: readonly TestImage[]): Buffer => {
    const [root] = images;
    const named = {
      ...root?.manifest.descriptor,
      annotations: { "org.opencontainers.image.ref.name": "deep/app:1" },
    };
    const blobs = new Map(
      images.flatMap((each) => each.blobs.map(({ descriptor, bytes }) => [descriptor.digest, bytes])),
    );
    return tarOf([
      { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
      { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [named] }) },
      ...images.map(({ manifest }) => ({
        name: blobFile(manifest.descriptor.digest),
        content: Buffer.from(manifest.bytes),
      })),
      ...[...blobs].map(([name, content]) => ({ name: blobFile(name), content })),
    ]);
  };
  const bring = async (bytes: Buffer) => {
    const path = join(bench.folder, "foreign.tar");
    writeFileSync(path, bytes);
    const files = await openTar(path, never);
    try {
      const options = { site: siteName, existing: "keep", signal: never } as const;
      const found = await readForeignLayout(files, options);
      const ports = { registry: bench.site, now: () => new Date(), told: () => {} };
      return (await importBundle(found, ports, never)).images;
    } finally {
      await files.close();
    }
  };

  it("is taken up to three levels of indexes, and refused beyond", async () => {
    const [four = single, three = single] = deep;
    expect(await bring(layoutOf(deep.slice(deep.indexOf(three))))).toMatchObject([{ outcome: "imported" }]);
    bench.site.manifests.clear();
    const [refused] = await bring(layoutOf(deep.slice(deep.indexOf(four))));
    expect(refused).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("nested deeper than 3"),
    });
  });

  it("that promises other sizes than its files have is refused image by image", async () => {
    const { descriptor, bytes } = base;
    const lying = makeImage([{ descriptor: { ...descriptor, size: 710 }, bytes }]);
    expect(await bring(layoutOf([lying]))).toMatchObject([
      { outcome: "refused", reason: expect.stringContaining("has 700 bytes, not the 710") },
    ]);
  });

  it("is refused when it is a signed bundle, whose signature would not be looked at", async () => {
    await bench.export(order);
    const { message } = await failureOf(() => bring(bench.read()), "invalid");
    expect(message).toContain("leave --allow-unsigned out");
  });

  it("is refused when a file is not what its name says", async () => {
    const bytes = layoutOf([single]);
    const at = bytes.indexOf(base.bytes);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const { message } = await failureOf(() => bring(bytes), "integrity");
    expect(message).toContain(`${blobFile(base.descriptor.digest)} do not match`);
    expect(bench.site.calls).toEqual([]);
  });
});

describe("exports at once", () => {
  it("into one file are refused but for one, which is whole", async () => {
    const ended = await Promise.allSettled([1, 2, 3].map(() => bench.export(order)));
    expect(ended.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected", "rejected"]);
    for (const each of ended)
      if (each.status === "rejected") expect(each.reason.message).toContain("another export is under way");
    expect((await bench.import()).images.map(({ outcome }) => outcome)).toEqual(["imported", "imported"]);
    expect(readdirSync(bench.folder)).toEqual(["bundle.tar"]);
  });

  it("into files of their own have numbers of their own", async () => {
    const paths = [1, 2, 3].map((each) => join(bench.folder, `${each}.tar`));
    const exported = await Promise.all(paths.map((path) => bench.export(order, path)));
    expect(exported.map(({ sequence }) => sequence).toSorted()).toEqual([1, 2, 3]);
    for (const path of paths)
      expect((await bench.import(path)).images.some(({ outcome }) => outcome === "refused")).toBe(false);
  });
});

describe("an import that is killed", () => {
  it("goes on to the same end, after whichever call of the registry it died", async () => {
    await bench.export(order);
    await bench.import();
    const [calls, end] = [bench.site.calls.length, [...bench.site.manifests.keys()].sort()];
    for (let died = 0; died < calls; died += 1) {
      bench.site.manifests.clear();
      bench.site.blobs.clear();
      let left = died;
      bench.site.onCall = () => {
        left -= 1;
        if (left < 0) throw new Error("killed");
      };
      await expect(bench.import(), `after ${died} calls`).rejects.toThrow("killed");
      // A tag stands only when all that it leads to does.
      if (bench.site.manifests.has("mirror/app:1.0.0")) {
        for (const child of children)
          expect(bench.site.manifests.has(`mirror/app@${child.manifest.descriptor.digest}`)).toBe(true);
      }
      delete bench.site.onCall;
      const { images } = await bench.import();
      expect(images.some(({ outcome }) => outcome === "refused")).toBe(false);
      expect([...bench.site.manifests.keys()].sort(), `after ${died} calls`).toEqual(end);
    }
  });
});

describe("an export that is killed", () => {
  it("goes on to the same file under the same number, after whichever call of the registry it died", async () => {
    const blobsIn = (calls: readonly string[]) => calls.filter((call) => call.startsWith("getBlob")).length;
    const numberOf = async () => (await bench.stores.sites.get(siteName, never))?.sequence ?? 0;
    const { blobs } = await bench.export(order);
    const calls = bench.target.calls.length;
    for (let died = 0; died < calls; died += 1) {
      const path = join(bench.folder, `${died}.tar`);
      const before = await numberOf();
      let left = died;
      bench.target.calls.length = 0;
      bench.target.onCall = () => {
        left -= 1;
        if (left < 0) throw new Error("killed");
      };
      await expect(bench.export(order, path), `after ${died} calls`).rejects.toThrow("killed");
      delete bench.target.onCall;
      const had = blobsIn(bench.target.calls.slice(0, -1));
      // A number is used up only when there is something to go on with.
      const begun = await numberOf();
      expect(begun > before, `after ${died} calls`).toBe(blobsIn(bench.target.calls) > 0);
      bench.target.calls.length = 0;
      const { sequence } = await bench.export(order, path);
      expect(sequence, `after ${died} calls`).toBe(before + 1);
      expect(blobsIn(bench.target.calls), `after ${died} calls`).toBe(blobs.included - had);
      expect((await bench.import(path)).images.some(({ outcome }) => outcome === "refused")).toBe(false);
    }
    expect(calls).toBeGreaterThan(12);
  });
});

describe("a receipt", () => {
  const send = (
    receipt: SiteReceipt,
    options: { key?: typeof siteKey; type?: string; doubtful?: "anyway" } = {},
  ) => {
    const { key = siteKey, type = receiptType, doubtful = "refuse" } = options;
    const text = JSON.stringify(signStatement(receipt, { payloadType: type, key }));
    return bench.calls.acknowledge({ text, actor: "ops", doubtful }, never);
  };

  it("is taken as often as it comes, and only when it is the last", async () => {
    await bench.export(order);
    const first = await bench.import();
    const second = await bench.import();
    expect((await send(first)).kind).toBe("new");
    expect((await send(first)).kind).toBe("known");
    expect((await send(second)).kind).toBe("new");
    const { message } = await failureOf(() => send(first), "conflict");
    expect(message).toContain("has been acknowledged already");
  });

  it("of another registry is refused, as the next bundle would leave out what that one lacks", async () => {
    await bench.export(order);
    await send(await bench.import());
    const other = createMemoryRegistry("test.example");
    const receipt = await bench.import(undefined, other);
    const { message } = await failureOf(() => send(receipt), "conflict");
    expect(message).toContain("of the registry test.example, those of factory-7 were of site.example");
    expect((await bench.export(order)).basis).toMatchObject({ registry: "site.example" });
    expect(await send(receipt, { doubtful: "anyway" })).toMatchObject({ kind: "new" });
    expect((await bench.export(order)).basis).toMatchObject({ registry: "test.example" });
  });

  it("by a clock that is ahead is told, and does not keep out that of the next bundle", async () => {
    await bench.export(order);
    const ahead = { ...(await bench.import()), endedAt: "2031-01-01T00:00:00.000Z" };
    expect((await send(ahead)).aheadMs).toBeGreaterThan(4 * 365 * 24 * 3_600_000);
    await bench.export(order);
    expect(await send(await bench.import())).toMatchObject({ kind: "new" });
    await failureOf(() => send({ ...ahead, id: "0".repeat(64) }), "conflict");
  });

  it("of a bundle that a hub made before it was set back is taken by force, and counted on from", async () => {
    await bench.export(order);
    const receipt = { ...(await bench.import()), bundle: { id: "0".repeat(64), sequence: 7 } };
    await failureOf(() => send(receipt), "conflict");
    await send(receipt, { doubtful: "anyway" });
    expect((await bench.export(order)).sequence).toBe(8);
  });

  it("is believed of the site whose key signed it alone", async () => {
    await bench.export(order);
    const receipt = await bench.import();
    await failureOf(() => send(receipt, { key: stranger }), "blocked");
    await bench.calls.add(
      { name: "factory-8", key: stranger.public.pem, actor: "ops", existing: "keep" },
      never,
    );
    const { message } = await failureOf(() => send(receipt, { key: stranger }), "blocked");
    expect(message).toContain("it is signed with the key of factory-8");
    await failureOf(() => send({ ...receipt, site: "nowhere" }), "blocked");
  });

  it.each<[string, (receipt: SiteReceipt) => SiteReceipt, FailureCode]>([
    [
      "of a bundle that was never made",
      (receipt) => ({ ...receipt, bundle: { id: "0".repeat(64), sequence: 9 } }),
      "conflict",
    ],
    [
      "with a tag that is none",
      (receipt) => ({ ...receipt, images: receipt.images.map((each) => ({ ...each, tag: "../x" })) }),
      "protocol",
    ],
    [
      "with an outcome that is none",
      (receipt) => ({
        ...receipt,
        images: receipt.images.map((each) => ({ ...each, outcome: "done" as "present" })),
      }),
      "protocol",
    ],
    ["without an inventory", ({ inventory: _, ...receipt }) => receipt as SiteReceipt, "protocol"],
  ])("%s is refused", async (_name, change, code) => {
    await bench.export(order);
    const receipt = await bench.import();
    await failureOf(() => send(change(receipt)), code);
  });

  it("is never a bundle, nor a bundle a receipt", async () => {
    await bench.export(order);
    const receipt = await bench.import();
    await failureOf(() => send(receipt, { type: bundleType }), "blocked");
  });
});
