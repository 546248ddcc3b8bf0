import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { bundle as bundleMethod } from "../../shared/methods/bundle.ts";
import { Failure } from "../../shared/model/failure.ts";
import { noRegistries, oneCredential } from "../methods/ports.ts";
import { type BundleBench, createBundleBench, siteName, sitePublicPem } from "../support/bundle-bench.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, makeManifest, noise, type TestImage } from "../support/images.ts";
import { never } from "../support/registries.ts";

const base = makeBlob(noise("base", 20_000));
const image = (seed: string): TestImage => makeImage([base, makeBlob(noise(seed, 3000))]);
const [one, two, three] = [image("one"), image("two"), image("three")];
const children = [image("amd64"), image("arm64")] as const;
const index: TestImage = {
  manifest: makeIndex(children.map(({ manifest }) => manifest)),
  blobs: children.flatMap(({ blobs }) => blobs),
};
const digestOfImage = ({ manifest }: TestImage) => manifest.descriptor.digest;

let bench: BundleBench;
beforeEach(async () => {
  bench = await createBundleBench();
});
afterEach(() => bench.close());

async function importedIndex(): Promise<void> {
  for (const child of children) bench.target.put("mirror/app", child);
  await bench.imported("mirror/app", "1.0.0", index);
}

function standing(repository: string, tag: string): string | undefined {
  return bench.site.manifests.get(`${repository}:${tag}`)?.descriptor.digest;
}

/** What the site's registry was sent: bytes of blobs. */
function sentBytes(): number {
  return bench.site.calls
    .filter((call) => /^(?:write|commit) /.test(call))
    .reduce((total, call) => total + Number(/\+([0-9]+)$/.exec(call)?.[1] ?? 0), 0);
}

describe("a bundle", () => {
  it("brings an index with its children, and comes back as a receipt", async () => {
    await importedIndex();
    const { exported, receipt, result } = await bench.pass({ watches: ["default/*"] });
    expect(exported).toMatchObject({
      sequence: 1,
      kind: "full",
      manifests: 3,
      blobs: { included: 5, leftOut: 0 },
    });
    expect(standing("mirror/app", "1.0.0")).toBe(digestOfImage(index));
    expect(receipt).toMatchObject({
      site: siteName,
      bundle: { id: exported.id, sequence: 1 },
      images: [{ repository: "mirror/app", tag: "1.0.0", outcome: "imported" }],
      moved: { blobs: 5, skipped: 0 },
    });
    const [repository] = receipt.inventory;
    expect(repository?.tags).toEqual([{ tag: "1.0.0", digest: digestOfImage(index) }]);
    expect(repository?.manifests.toSorted()).toEqual([index, ...children].map(digestOfImage).toSorted());
    expect(repository?.blobs.length).toBe(5);
    expect(result).toMatchObject({ kind: "new", images: { imported: 1, present: 0 }, refused: [] });
  });

  it("leaves out what the last receipt found at the site", async () => {
    await bench.imported("mirror/app", "1", one);
    await bench.pass({ watches: ["default/app"] });
    await bench.imported("mirror/app", "2", two);
    const before = sentBytes();
    const { exported, receipt } = await bench.pass({ watches: ["default/app"] });
    expect(exported).toMatchObject({
      sequence: 2,
      kind: "delta",
      images: { listed: 2, standing: 1 },
      manifests: 1,
      blobs: { included: 2, leftOut: 1 },
      bytes: { leftOut: 20_000 },
    });
    expect(exported.bytes.file).toBeLessThan(12_000);
    expect(sentBytes() - before).toBe(3000 + (two.blobs[0]?.bytes.length ?? 0));
    expect(receipt.images.map(({ outcome }) => outcome)).toEqual(["present", "imported"]);
    expect(standing("mirror/app", "2")).toBe(digestOfImage(two));
  });

  it("leaves out nothing before a receipt was acknowledged, nor with `full`", async () => {
    await bench.imported("mirror/app", "1", one);
    await bench.export({ watches: ["default/app"] });
    const receipt = await bench.import();
    expect(await bench.export({ watches: ["default/app"] })).toMatchObject({
      kind: "full",
      sequence: 2,
      manifests: 1,
    });
    await bench.acknowledge(receipt);
    expect(await bench.export({ watches: ["default/app"] })).toMatchObject({ kind: "delta", manifests: 0 });
    const full = await bench.export({ watches: ["default/app"], kind: "full" });
    expect(full).toMatchObject({ kind: "full", manifests: 1, blobs: { included: 3 } });
  });

  it("with `full` brings back a receipt of all repositories, from which the next one leaves out what they have", async () => {
    await bench.imported("mirror/one", "1", one);
    await bench.imported("mirror/two", "1", two);
    await bench.pass({ watches: ["default/app"] });
    const { receipt } = await bench.pass({ images: ["mirror/one:1"], kind: "full" });
    expect(receipt.inventory.map(({ repository }) => repository)).toEqual(["mirror/one", "mirror/two"]);
    expect((await bench.export({ watches: ["default/app"] })).images).toEqual({ listed: 2, standing: 2 });
  });

  it("has layers that another repository of the site has mounted there", async () => {
    await bench.imported("mirror/one", "1", one);
    await bench.pass({ watches: ["default/app"] });
    await bench.imported("mirror/two", "1", two);
    await bench.pass({ watches: ["default/app"] });
    expect(bench.site.calls).toContain(`mountBlob mirror/two ${base.descriptor.digest} mirror/one`);
    expect(standing("mirror/two", "1")).toBe(digestOfImage(two));
  });

  it("has them copied within the site's registry where that does not mount", async () => {
    await bench.imported("mirror/one", "1", one);
    await bench.pass({ watches: ["default/app"] });
    await bench.imported("mirror/two", "1", two);
    bench.site.failNext("mountBlob", new Failure("unsupported", "no mounts here"));
    await bench.pass({ watches: ["default/app"] });
    expect(bench.site.calls).toContain(`getBlob mirror/one ${base.descriptor.digest} 0`);
    expect(standing("mirror/two", "1")).toBe(digestOfImage(two));
  });

  it("refuses an image whose layer the site has lost, and holds it the next time", async () => {
    await bench.imported("mirror/app", "1", one);
    await bench.pass({ watches: ["default/app"] });
    await bench.imported("mirror/app", "2", two);
    await bench.imported("mirror/other", "3", makeImage([makeBlob(noise("other", 100))]));
    bench.site.blobs.delete(`mirror/app@${base.descriptor.digest}`);
    const { receipt, result } = await bench.pass({ watches: ["default/app"] });
    expect(receipt.images.map(({ tag, outcome }) => [tag, outcome])).toEqual([
      ["1", "present"],
      ["2", "refused"],
      ["3", "imported"],
    ]);
    expect(result.refused[0]?.reason).toContain("acknowledge this import's receipt and export again");
    expect(standing("mirror/app", "2")).toBeUndefined();
    const again = await bench.pass({ watches: ["default/app"] });
    expect(again.exported.blobs.included).toBe(3);
    expect(again.result.refused).toEqual([]);
    expect(standing("mirror/app", "2")).toBe(digestOfImage(two));
  });

  it("keeps a tag that has another digest at the site, and moves one that is followed", async () => {
    bench.site.put("mirror/app", three, "1");
    bench.site.put("mirror/app", three, "latest");
    await bench.imported("mirror/app", "1", one);
    await bench.imported("mirror/app", "latest", two, { existing: "replace" });
    const { result } = await bench.pass({ watches: ["default/app"] });
    expect(result.refused).toMatchObject([{ tag: "1" }]);
    expect(result.refused[0]?.reason).toContain("it is kept as it is");
    expect(standing("mirror/app", "1")).toBe(digestOfImage(three));
    expect(standing("mirror/app", "latest")).toBe(digestOfImage(two));
  });

  it("holds of a tag that moved the last digest alone", async () => {
    await bench.imported("mirror/app", "latest", one, { existing: "replace" });
    await bench.imported("mirror/app", "latest", two, { existing: "replace" });
    const exported = await bench.export({ images: ["mirror/app:latest"] });
    expect(exported.images.listed).toBe(1);
    await bench.import();
    expect(standing("mirror/app", "latest")).toBe(digestOfImage(two));
  });

  it("brings referrers by their digest alone", async () => {
    const { manifest, blobs } = makeImage([makeBlob("signature")]);
    const document = JSON.parse(Buffer.from(manifest.bytes).toString()) as Record<string, unknown>;
    const signature = { manifest: makeManifest({ ...document, subject: one.manifest.descriptor }), blobs };
    const digest = digestOfImage(signature);
    const target = { host: bench.target.host, path: "mirror/app" };
    await bench.imported("mirror/app", "sig", signature, { target, subject: digestOfImage(one) });
    const { receipt } = await bench.pass({ watches: ["default/app"] });
    expect(receipt.images).toEqual([{ repository: "mirror/app", digest, outcome: "imported" }]);
    expect(bench.site.manifests.has(`mirror/app@${digest}`)).toBe(true);
    expect(bench.site.calls).toContain(`attachReferrer mirror/app ${digest}`);
    expect((await bench.pass({ watches: ["default/app"] })).exported.images.standing).toBe(1);
  });

  it("is not written when an image is gone from the target, unless the rest is wanted", async () => {
    await bench.imported("mirror/app", "1", one);
    await bench.imported("mirror/app", "2", two);
    bench.target.put("mirror/app", three, "2");
    const { message } = await failureOf(() => bench.export({ watches: ["default/app"] }), "conflict");
    expect(message).toContain("target.example/mirror/app:2 has another digest now");
    const exported = await bench.export({ watches: ["default/app"], unfit: "skip" });
    expect(exported).toMatchObject({
      images: { listed: 1 },
      unfit: [expect.stringContaining("mirror/app:2")],
    });
  });

  it("leaves the images of a registry aside that is no longer known", async () => {
    await bench.imported("mirror/app", "1", one);
    await bench.imported("mirror/app", "2", two);
    bench.target.failNext(
      "headManifest",
      new Failure("blocked", "old.example is not in WHARFGATE_REGISTRIES"),
    );
    const exported = await bench.export({ watches: ["default/app"], unfit: "skip" });
    expect(exported).toMatchObject({
      images: { listed: 1 },
      unfit: [expect.stringContaining("cannot be read: old.example is not in")],
    });
  });

  it.each([
    ["a watch that has nothing", { watches: ["default/none"] }],
    ["a group that has nothing", { watches: ["none/*"] }],
    ["an image that nobody imported", { images: ["mirror/app:9"] }],
    ["an image without a tag", { images: ["mirror/app"] }],
    ["a name that is none", { watches: ["UP/x"] }],
  ])("is not made for %s", async (_name, wanted) => {
    await bench.imported("mirror/app", "1", one);
    await failureOf(() => bench.export(wanted), "invalid");
  });

  it("is made for sites that are known alone", async () => {
    await failureOf(() => bench.export({ site: "factory-8" }), "not-found");
  });

  it("leaves a row in the audit for each thing that is done", async () => {
    await bench.imported("mirror/app", "1", one);
    await bench.pass({ watches: ["default/app"] });
    const actions: unknown[] = [];
    for await (const { values } of bench.audited.scan("", never)) actions.push(values.action);
    expect(actions.toSorted()).toEqual(["bundle-acknowledge", "bundle-export", "site-add"]);
  });

  it("goes into a container as into a file, and goes on there where it broke off", async () => {
    await bench.imported("mirror/app", "1", one);
    const order = {
      site: siteName,
      watches: [],
      images: ["mirror/app:1"],
      kind: "full",
      unfit: "stop",
      actor: "ops",
    } as const;
    bench.target.failNext("getBlob", new Failure("unauthorized", "not now"));
    await failureOf(() => bench.calls.export(order, { kind: "container" }, never), "unauthorized");
    const result = await bench.calls.export(order, { kind: "container" }, never);
    expect(result).toMatchObject({ place: `bundles/${siteName}/000001.tar`, sequence: 1 });
    expect(await bench.calls.export(order, { kind: "container" }, never)).toMatchObject({ sequence: 2 });
  });
});

describe("an import by the method bundle", () => {
  const method = () =>
    bundleMethod.create({
      registries: noRegistries,
      credentials: oneCredential,
      now: () => new Date(),
      receipts: bench.stores.sites,
    });
  const order = (wanted: TestImage, tag = "1", site: string | undefined = siteName) => ({
    key: "0".repeat(64),
    source: { host: "docker.io", path: "library/app", digest: digestOfImage(wanted) },
    target: { host: bench.target.host, path: "mirror/app", tag },
    existing: "keep" as const,
    ...(site !== undefined && { site }),
  });

  it("waits for the receipt, which is its proof", async () => {
    const started = await method().start(order(one), never);
    expect(started).toMatchObject({ kind: "running", operation: { site: siteName }, deadline: "none" });
    const record = await bench.waiting("mirror/app", "1", one);
    const { exported, receipt, result } = await bench.pass();
    expect(exported.images.listed).toBe(1);
    expect(bench.upstream.calls.some((call) => call.startsWith("getBlob library/app"))).toBe(true);
    expect(bench.target.calls).toEqual([]);
    expect(result.settled).toBe(1);
    expect(bench.sent).toEqual([expect.objectContaining({ import: record.key, hop: 0 })]);
    const ended = await method().check(order(one), { site: siteName }, never);
    expect(ended).toEqual({ kind: "done", receipt: receipt.id });
  });

  it("is not proven by a receipt of another digest, tag or site", async () => {
    await bench.waiting("mirror/app", "1", one);
    await bench.pass();
    for (const [wanted, tag, site] of [
      [two, "1", siteName],
      [one, "2", siteName],
      [one, "1", "factory-8"],
    ] as const) {
      expect((await method().check(order(wanted, tag, site), { site }, never)).kind).toBe("running");
    }
  });

  it("goes on waiting when the site refuses it, and says why", async () => {
    bench.site.put("mirror/app", three, "1");
    await bench.waiting("mirror/app", "1", one);
    await bench.pass();
    const progress = await method().check(order(one), { site: siteName }, never);
    expect(progress).toMatchObject({ kind: "running", why: expect.stringContaining("it is kept as it is") });
  });

  it("is for a site that has a name", async () => {
    const { site: _, ...nowhere } = order(one);
    expect(await method().start(nowhere, never)).toMatchObject({ kind: "refused", code: "invalid" });
    await method().cancel(nowhere, { site: siteName }, never);
  });

  it("is not in a bundle for another site", async () => {
    await bench.waiting("mirror/app", "1", one);
    await bench.calls.add({ name: "factory-8", key: sitePublicPem, actor: "ops", existing: "keep" }, never);
    await bench.export({ site: "factory-8", kind: "full", images: [] });
    expect(bench.upstream.calls.filter((call) => call.startsWith("getBlob"))).toEqual([]);
  });
});
