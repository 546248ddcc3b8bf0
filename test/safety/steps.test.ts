import { describe, expect, it } from "vitest";
import { makeBlob, makeImage, makeIndex, noise } from "../support/images.ts";
import { user } from "../support/registries.ts";
import type { Answer, Reply } from "../support/scripted-server.ts";
import { asked, basicAuthorization, serve, tagPage, tagsRequest } from "./hostile.ts";
import { useHostileApp } from "./hostile-app.ts";

const bench = useHostileApp();

const image = (name: string) => makeImage([makeBlob(noise(name, 2000))]);
const first = image("first");
const second = image("second");

/** Asks for the credential before it answers. */
const guarded =
  (reply: Reply | (() => Reply)): Answer =>
  ({ headers }) =>
    headers.authorization === basicAuthorization
      ? typeof reply === "function"
        ? reply()
        : reply
      : { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };

/** Lists tags, each with its image. */
function publish(tags: Readonly<Record<string, ReturnType<typeof image>>>, listed = Object.keys(tags)): void {
  bench.upstream.always(tagsRequest, guarded(tagPage(listed)));
  for (const [tag, made] of Object.entries(tags)) serve(bench.upstream, made, { tag });
}

describe("case 3: a listing in a circle", () => {
  it("commits nothing: no import, no fingerprint, a trouble that is told", async () => {
    await bench.watch({ Tags: "semver >=1" });
    bench.upstream.always(tagsRequest, guarded(tagPage(["1.0.0"], "?p=2")));
    bench.upstream.always("GET /v2/app/tags/list?p=2", tagPage(["1.1.0"], "?n=1000"));
    expect(await bench.poll()).toMatchObject({ troubled: 1, ordered: 0 });
    expect(await bench.records()).toEqual([]);
    expect(await bench.state()).toMatchObject({ known: new Map(), trouble: { code: "protocol" } });
    await bench.drain();
    expect(bench.told()).toContain("circle");
  });
});

it("case 7: repeated and unordered tags are one version each", async () => {
  await bench.watch({ Tags: "semver >=1", Keep: "2" });
  publish({ "1.10.0": first, "1.9.0": second }, [
    "1.9.0",
    "1.10.0",
    "1.2.0",
    "1.10.0",
    "1.9.0",
    "1.2.0",
    "1.10.0",
  ]);
  expect(await bench.poll()).toMatchObject({ polled: 1, ordered: 2 });
  expect(await bench.ledger()).toEqual(["1.10.0 pending", "1.9.0 pending"]);
});

it("case 9: what is no list leaves all that is known as it was, and is told", async () => {
  await bench.watch({ Tags: "semver >=1" });
  publish({ "1.0.0": first });
  await bench.poll();
  await bench.drain();
  const known = (await bench.state())?.known;
  for (const reply of [{ body: "<html>Sign in</html>" }, { body: '{"tags":["1.0.0"' }]) {
    bench.upstream.always(tagsRequest, reply);
    expect(await bench.poll()).toMatchObject({ troubled: 1, ordered: 0, moved: 0 });
  }
  expect(await bench.state()).toMatchObject({ known, trouble: { code: "protocol" } });
  await bench.drain();
  expect(bench.told()).toContain("not JSON");
  expect(await bench.held("1.0.0")).toBe(first.manifest.descriptor.digest);
});

it("case 10: a list that lost more than half of its tags is not believed, and nothing goes", async () => {
  await bench.watch({ Tags: "semver >=1", Keep: "1" });
  const many = Array.from({ length: 40 }, (_, at) => `1.${at}.0`);
  publish({ "1.39.0": first, "1.18.0": second }, many);
  await bench.poll();
  await bench.drain();
  publish({ "1.39.0": first, "1.18.0": second }, many.slice(0, 19));
  expect(await bench.poll()).toMatchObject({ troubled: 1, ordered: 0 });
  await bench.drain();
  expect(bench.told()).toContain("listed 40 tags before and 19 now");
  expect(await bench.ledger()).toEqual(["1.39.0 done"]);
  expect(await bench.held("1.39.0")).toBe(first.manifest.descriptor.digest);
});

it("case 12: a tag that is added while paging comes in with the next poll", async () => {
  await bench.watch({ Tags: "semver >=1" });
  publish({ "1.0.0": first, "1.0.1": second });
  const tags = ["1.0.0"];
  bench.upstream.always(
    tagsRequest,
    guarded(() => tagPage(tags.slice(), "?last=1.0.0")),
  );
  bench.upstream.always("GET /v2/app/tags/list?last=1.0.0", () => {
    // Sorted before the cursor by the registry, so that this listing passes it by.
    if (tags.length === 1) tags.push("1.0.1");
    return tagPage([]);
  });
  expect(await bench.poll()).toMatchObject({ ordered: 1 });
  expect(await bench.poll()).toMatchObject({ ordered: 1 });
  await bench.drain();
  expect(await bench.ledger()).toEqual(["1.0.0 done", "1.0.1 done"]);
});

it("case 13: a tag that was re-pushed is drift: held and told, and the target keeps what it has", async () => {
  await bench.watch({ Tags: "semver >=1" });
  publish({ "1.0.0": first });
  await bench.poll();
  await bench.drain();
  publish({ "1.0.0": second });
  expect(await bench.poll()).toMatchObject({ ordered: 0, moved: 1 });
  expect(await bench.poll()).toMatchObject({ ordered: 0, moved: 0 });
  await bench.drain();
  expect(await bench.held("1.0.0")).toBe(first.manifest.descriptor.digest);
  expect(await bench.ledger()).toEqual(["1.0.0 done", "1.0.0 held"]);
  const [held] = (await bench.records()).filter(({ state }) => state === "held");
  expect(held).toMatchObject({
    digest: second.manifest.descriptor.digest,
    previousDigest: first.manifest.descriptor.digest,
  });
  expect(bench.told()).toContain("re-pushed");
});

it("case 19: an image without a wanted platform fails by policy, and nothing of it is brought in", async () => {
  await bench.watch({ Tags: "semver >=1", Platforms: "linux/amd64,linux/s390x" });
  const amd64 = image("amd64");
  const index = makeIndex([amd64.manifest, image("arm64").manifest]);
  publish({ "1.0.0": { manifest: index, blobs: [] } });
  serve(bench.upstream, amd64);
  await bench.poll();
  await bench.drain();
  const [record] = await bench.records();
  expect([record?.state, record?.reason]).toEqual(["failed", expect.stringContaining("linux/s390x")]);
  expect(await bench.held("1.0.0")).toBeNull();
  expect(asked(bench.upstream, "/blobs/")).toEqual([]);
});

it("case 27: one bad tag fails alone", async () => {
  await bench.watch({ Tags: "semver >=1" });
  publish({ "1.0.0": first, "1.1.0": second, "1.2.0": image("third") });
  const head = "HEAD /v2/app/manifests/1.1.0";
  bench.upstream.always(head, {
    headers: {
      "content-type": first.manifest.descriptor.mediaType,
      "docker-content-digest": "sha256:../../etc/passwd",
      "content-length": "10",
    },
  });
  expect(await bench.poll()).toMatchObject({ polled: 1, ordered: 2 });
  await bench.drain();
  expect(await bench.ledger()).toEqual(["1.0.0 done", "1.2.0 done"]);
  expect(await bench.state()).toMatchObject({ trouble: { code: "protocol" } });
  publish({ "1.0.0": first, "1.1.0": second, "1.2.0": image("third") });
  await bench.poll();
  await bench.drain();
  expect(await bench.ledger()).toEqual(["1.0.0 done", "1.1.0 done", "1.2.0 done"]);
});

it.each([
  ["half an hour", { "retry-after": "1800" }, 30],
  ["a day, obeyed for an hour", { "retry-after": "86400" }, 60],
])(
  "case 33: a 429 with Retry-After of %s pauses the host for every worker",
  async (_name, headers, minutes) => {
    await bench.watch({ Tags: "semver >=1" });
    const before = Date.now();
    bench.upstream.always(tagsRequest, { status: 429, headers, body: "slow down" });
    const { until, deferred } = await bench.poll();
    expect([deferred, Math.floor(((until?.getTime() ?? 0) - before) / 60_000)]).toEqual([1, minutes]);
    const requests = bench.upstream.received.length;
    const other = bench.another();
    for (const worker of [bench.app, other])
      expect(await bench.poll(worker)).toMatchObject({ polled: 0, deferred: 1, until });
    expect(bench.upstream.received.length).toBe(requests);
    // It is not up to date, and not in trouble: it was put off.
    expect(await bench.records()).toEqual([]);
    expect(JSON.stringify(await other.status(AbortSignal.timeout(5000)))).not.toContain(user.password);
  },
);

it("beyond: a tag named __proto__ is followed, imported and remembered as any other", async () => {
  await bench.watch({ Tags: "exact __proto__,constructor" });
  bench.upstream.always(tagsRequest, guarded({ body: '{"name":"app","tags":["__proto__","constructor"]}' }));
  serve(bench.upstream, first, { tag: "__proto__" });
  serve(bench.upstream, second, { tag: "constructor" });
  expect(await bench.poll()).toMatchObject({ ordered: 2 });
  await bench.drain();
  expect(await bench.ledger()).toEqual(["__proto__ done", "constructor done"]);
  expect(await bench.poll()).toMatchObject({ polled: 1, ordered: 0, moved: 0 });
});
