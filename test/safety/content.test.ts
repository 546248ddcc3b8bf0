import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startRegistry } from "../../local/registry/registry.ts";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { createCopy } from "../../shared/methods/copy.ts";
import { createMethods } from "../../shared/methods/members.ts";
import type { ImportOrder } from "../../shared/methods/method.ts";
import { type Manifest, mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { copyImage } from "../../shared/registry/copy-image.ts";
import { parseManifest } from "../../shared/registry/parse-manifest.ts";
import { imageDigest } from "../local/memory-transfer.ts";
import { loginServer, startOneMachineArm } from "../local/one-machine-arm.ts";
import { noRegistries, oneCredential } from "../methods/ports.ts";
import { startCountingProxy } from "../support/counting-proxy.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, makeIndex, makeManifest, noise } from "../support/images.ts";
import { digestNamed } from "../support/records.ts";
import { loopbackRegistries, never, user } from "../support/registries.ts";
import type { Reply, ScriptedServer } from "../support/scripted-server.ts";
import { createStepBench } from "../support/step-bench.ts";
import { asked, serve, tagPage, tagsRequest, useHostile } from "./hostile.ts";

const hostile = useHostile();
const shared = makeBlob(noise("shared", 4000));
const image = makeImage([shared, makeBlob(noise("own", 3000))]);
const { manifest } = image;
const { digest, mediaType } = manifest.descriptor;
const other = digestOf("other");
const headers = { "content-type": mediaType, "docker-content-digest": digest };

/** A registry on a folder, where images go to. */
async function startTarget() {
  const root = await mkdtemp(join(tmpdir(), "wharfgate-safety-"));
  const puts: string[] = [];
  const server = await startRegistry({
    root,
    access: { kind: "anonymous" },
    onRequest: ({ method, url, status }) => {
      if (method === "PUT" && status === 201) puts.push(new URL(url, "http://target").pathname);
    },
  });
  const registries = loopbackRegistries();
  return {
    host: server.host,
    origin: server.origin,
    puts,
    registry: registries.open(server.host),
    registries,
    [Symbol.asyncDispose]: async () => {
      await registries.close();
      await server.close();
      // The registry may still be putting away what was cut off.
      await rm(root, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

async function copyTo(target: { registry: ReturnType<ClosableRegistries["open"]> }, wanted: Digest = digest) {
  const from = await hostile.signedIn();
  return copyImage(
    {
      from,
      fromRepository: "app",
      to: target.registry,
      toRepository: "mirror/app",
      tag: "1.0",
      digest: wanted,
    },
    { signal: never },
  );
}

describe("case 14: a body that does not match its digest", () => {
  it.each(["GET", "HEAD, then GET"])("of a manifest by digest is rejected (%s)", async (way) => {
    const client = await hostile.signedIn();
    hostile.registry.expect(`GET /v2/app/manifests/${other}`, {
      headers: { "content-type": mediaType },
      body: manifest.bytes,
    });
    if (way !== "GET")
      hostile.registry.expect(`HEAD /v2/app/manifests/${other}`, { headers: { "content-type": mediaType } });
    await failureOf(
      () =>
        way === "GET" ? client.getManifest("app", other, never) : client.headManifest("app", other, never),
      "integrity",
    );
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ["other bytes of the same length", (bytes) => noise("evil", bytes.length)],
    ["a byte less", (bytes) => bytes.subarray(1)],
    ["a byte more", (bytes) => Buffer.concat([bytes, Buffer.from("x")])],
    ["nothing", () => Buffer.alloc(0)],
  ])("of a blob (%s) is rejected, and neither blob nor tag is made", async (_name, spoil) => {
    await using target = await startTarget();
    serve(hostile.registry, image);
    hostile.registry.always(`GET /v2/app/blobs/${shared.descriptor.digest}`, { body: spoil(shared.bytes) });
    const { code } = await anyFailure(() => copyTo(target));
    expect(["integrity", "too-large"]).toContain(code);
    expect(target.puts.filter((path) => path.includes("/manifests/"))).toEqual([]);
    expect(await target.registry.headBlob("mirror/app", shared.descriptor.digest, never)).toBeUndefined();
  });
});

describe("case 15: Docker-Content-Digest", () => {
  it("that is absent is computed", async () => {
    const client = await hostile.signedIn();
    hostile.registry.expect("HEAD /v2/app/manifests/1.0", { headers: { "content-type": mediaType } });
    hostile.registry.expect("GET /v2/app/manifests/1.0", {
      headers: { "content-type": mediaType },
      body: manifest.bytes,
    });
    expect((await client.headManifest("app", "1.0", never))?.digest).toBe(digest);
  });

  it.each<[string, string, Record<string, string>, FailureCode]>([
    ["lies about a tag", "1.0", { "docker-content-digest": other }, "integrity"],
    ["lies about a digest", digest, { "docker-content-digest": other }, "integrity"],
    ["lies in sha512", "1.0", { "docker-content-digest": digestOf("x", "sha512") }, "integrity"],
    ["is a path", "1.0", { "docker-content-digest": "sha256:../../../etc/passwd" }, "protocol"],
    [
      "is of an algorithm that is none",
      "1.0",
      { "docker-content-digest": `md5:${"0".repeat(32)}` },
      "protocol",
    ],
    ["comes in capitals", "1.0", { "docker-content-digest": digest.toUpperCase() }, "protocol"],
  ])("that %s is rejected", async (_name, reference, said, code) => {
    const client = await hostile.signedIn();
    hostile.registry.expect(`GET /v2/app/manifests/${reference}`, {
      headers: { ...headers, ...said },
      body: manifest.bytes,
    });
    await failureOf(() => client.getManifest("app", reference, never), code);
  });

  it("that comes twice is rejected", async () => {
    hostile.registry.expect("GET /v2/app/manifests/1.0", {
      headers: { "content-type": mediaType, "docker-content-digest": [digest, other] },
      body: manifest.bytes,
    });
    await failureOf(async () => (await hostile.signedIn()).getManifest("app", "1.0", never), "protocol");
  });

  it("of a HEAD that is another than was asked for is rejected", async () => {
    hostile.registry.expect(`HEAD /v2/app/manifests/${digest}`, {
      headers: { ...headers, "docker-content-digest": other, "content-length": "10" },
    });
    await failureOf(async () => (await hostile.signedIn()).headManifest("app", digest, never), "integrity");
  });
});

const document = JSON.parse(Buffer.from(manifest.bytes).toString()) as Record<string, unknown>;
const child = { ...manifest.descriptor, platform: { os: "linux", architecture: "amd64" } };
const indexDocument = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };

describe("case 16: two images under one digest", () => {
  it.each<[string, string, string | undefined]>([
    ["layers and manifests", JSON.stringify({ ...document, manifests: [child] }), undefined],
    ["an index with layers", JSON.stringify({ ...indexDocument, layers: [] }), undefined],
    ["an index with a config", JSON.stringify({ ...indexDocument, config: document.config }), undefined],
    ["a Content-Type of an index", JSON.stringify(document), mediaTypes.ociIndex],
    ["a Content-Type of the other family", JSON.stringify(document), mediaTypes.dockerManifest],
    ["an index that is called an image", JSON.stringify(indexDocument), mediaTypes.ociManifest],
    ["layers and fsLayers of schema 1", JSON.stringify({ ...document, fsLayers: [] }), undefined],
  ])("by %s are rejected", async (_name, body, contentType) => {
    const client = await hostile.signedIn();
    hostile.registry.expect("GET /v2/app/manifests/1.0", {
      ...(contentType === undefined ? {} : { headers: { "content-type": contentType } }),
      body,
    });
    await failureOf(() => client.getManifest("app", "1.0", never), "protocol");
  });
});

describe("case 17: a malformed digest", () => {
  it.each([
    "sha256:../../x",
    "sha256:..%2f..%2fx",
    `sha256:${"a".repeat(63)}`,
    `sha256:${"a".repeat(65)}`,
    `sha256:${"A".repeat(64)}`,
    `sha256:${"a".repeat(64)}/../x`,
    `sha256:${"a".repeat(64)}\r\nx: y`,
    `sha256:${"a".repeat(64)}\n`,
    `sha1:${"a".repeat(40)}`,
    "sha256:",
    ":",
  ])("%j is rejected before a URL is built, asked for or named by a manifest", async (text) => {
    const client = await hostile.signedIn();
    const before = hostile.registry.received.length;
    const wrong = text as Digest;
    await failureOf(() => client.headManifest("app", text, never), "invalid");
    await failureOf(() => client.getManifest("app", text, never), "invalid");
    await failureOf(() => client.headBlob("app", wrong, never), "invalid");
    await failureOf(() => client.listReferrers("app", wrong, never), "invalid");
    await failureOf(
      () => client.getBlob("app", { digest: wrong, size: 1, mediaType: "x/y" }, { signal: never }),
      "invalid",
    );
    expect(hostile.registry.received.length).toBe(before);
    for (const body of [
      JSON.stringify({ ...document, layers: [{ ...shared.descriptor, digest: text }] }),
      JSON.stringify({ ...indexDocument, manifests: [{ ...child, digest: text }] }),
    ]) {
      hostile.registry.expect("GET /v2/app/manifests/1.0", { body });
      await failureOf(() => client.getManifest("app", "1.0", never), "protocol");
    }
    expect(hostile.registry.received.length).toBe(before + 2);
  });
});

it.each([
  ["that says its length", { "content-length": String(4 * 1024 * 1024 + 1) }],
  ["in chunks", { "transfer-encoding": "chunked" }],
])("case 18: a manifest over 4 MiB %s is rejected", async (_name, length) => {
  const body = Buffer.concat([Buffer.from(JSON.stringify(document)), Buffer.alloc(4 * 1024 * 1024 + 1, " ")]);
  hostile.registry.expect("GET /v2/app/manifests/1.0", {
    headers: { ...headers, ...length },
    body: body.subarray(0, 4 * 1024 * 1024 + 1),
  });
  await failureOf(async () => (await hostile.signedIn()).getManifest("app", "1.0", never), "too-large");
});

describe("case 20: an image of more than 50 manifests", () => {
  it("is refused by ACR's import, with the method to take, and copied by that one", async () => {
    await using machine = await startOneMachineArm();
    machine.transfer.upstream.set(`docker.io/library/nginx@${imageDigest}`, {
      digest: imageDigest,
      manifests: 61,
    });
    const order: ImportOrder = {
      key: "0".repeat(64),
      source: { host: "docker.io", path: "library/nginx", digest: imageDigest },
      target: { host: loginServer, path: "mirror/nginx", tag: "1.0" },
      existing: "keep",
    };
    const acrImport = createMethods({
      registries: noRegistries,
      credentials: oneCredential,
      now: () => new Date(),
      acr: machine.acr,
    }).open("acr-import");
    let progress = await acrImport.start(order, never);
    while (progress.kind === "running") progress = await acrImport.check(order, progress.operation, never);
    expect(progress).toMatchObject({ kind: "refused", code: "unsupported" });
    expect(progress.kind === "refused" ? progress.reason : "").toMatch(/agent-pool or copy/);
    expect(machine.transfer.copies).toEqual([]);

    await using target = await startTarget();
    const platforms = Array.from({ length: 60 }, (_, at) => makeImage([shared], `arch${at}`));
    const index = makeIndex(platforms.map((platform) => platform.manifest));
    for (const platform of platforms) serve(hostile.registry, platform);
    serve(hostile.registry, { manifest: index, blobs: [] });
    const copy = createCopy({
      registries: {
        open: (host) => (host === target.host ? target.registry : hostile.open()),
      },
    });
    const large: ImportOrder = {
      ...order,
      source: { host: hostile.host, path: "app", digest: index.descriptor.digest },
      target: { host: target.host, path: "mirror/app", tag: "1.0" },
    };
    expect(await copy.start(large, never)).toMatchObject({ kind: "done" });
    expect(target.puts.filter((path) => path.includes("/manifests/")).length).toBe(62);
  });
});

describe("case 21: an index", () => {
  const nested = (levels: number, put: (manifest: Manifest) => void): Manifest => {
    const inner = levels === 0 ? manifest : makeIndex([nested(levels - 1, put)]);
    put(inner);
    return inner;
  };
  const serving = (made: Manifest) => serve(hostile.registry, { manifest: made, blobs: [] });

  it("nested deeper than three levels is rejected", async () => {
    await using target = await startTarget();
    serve(hostile.registry, image);
    const root = nested(4, serving);
    await failureOf(() => copyTo(target, root.descriptor.digest), "too-large");
    expect(target.puts).toEqual([]);
  });

  it("nested three levels deep is taken", async () => {
    await using target = await startTarget();
    const root = nested(3, serving);
    serve(hostile.registry, image);
    expect(await copyTo(target, root.descriptor.digest)).toMatchObject({ kind: "complete" });
  });

  it("that names itself, by a server that gives it under any digest, is rejected", async () => {
    await using target = await startTarget();
    const lie = digestOf("itself");
    const root = makeManifest({ ...indexDocument, manifests: [{ ...child, digest: lie }] });
    serve(hostile.registry, { manifest: root, blobs: [] });
    hostile.registry.expect(`GET /v2/app/manifests/${lie}`, {
      headers: { "content-type": mediaTypes.ociIndex },
      body: root.bytes,
    });
    await failureOf(() => copyTo(target, root.descriptor.digest), "integrity");
    expect(target.puts).toEqual([]);
  });

  it("of more manifests than any image has is rejected", { timeout: 60_000 }, async () => {
    await using target = await startTarget();
    const many = Array.from({ length: 1200 }, (_, at) => ({ ...child, digest: digestOf(`child ${at}`) }));
    const root = makeManifest({ ...indexDocument, manifests: many });
    serve(hostile.registry, { manifest: root, blobs: [] });
    for (const { digest: named } of many)
      hostile.registry.always(`GET /v2/app/manifests/${named}`, { status: 404 });
    await failureOf(() => copyTo(target, root.descriptor.digest), "not-found");
    expect(target.puts).toEqual([]);
  });
});

it("case 22: the urls of a foreign layer are never fetched, with or without a credential", async () => {
  await using target = await startTarget();
  const foreign = makeBlob("foreign", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
  const made = makeManifest({
    ...document,
    layers: [
      { ...foreign.descriptor, urls: [`${hostile.elsewhereOrigin}/layer`, "http://169.254.169.254/layer"] },
      shared.descriptor,
    ],
  });
  serve(hostile.registry, { manifest: made, blobs: image.blobs });
  expect(await copyTo(target, made.descriptor.digest)).toMatchObject({
    kind: "complete",
    blobs: 2,
    skipped: 1,
  });
  expect(hostile.elsewhere.connections).toBe(0);
  expect(asked(hostile.registry, foreign.descriptor.digest)).toEqual([]);
});

it("case 22: the urls of a layer that is not foreign are passed over: it comes from its registry", async () => {
  await using target = await startTarget();
  const made = makeManifest({
    ...document,
    layers: [{ ...shared.descriptor, urls: [`${hostile.elsewhereOrigin}/layer`] }],
  });
  serve(hostile.registry, { manifest: made, blobs: image.blobs });
  expect(await copyTo(target, made.descriptor.digest)).toMatchObject({ kind: "complete", blobs: 2 });
  expect(hostile.elsewhere.connections).toBe(0);
});

/** A target that takes blobs and answers manifests as it is told. */
function scriptTarget(server: ScriptedServer, manifests: Reply): void {
  const { registry } = hostile;
  serve(registry, image);
  for (const reference of ["1.0", digest]) {
    server.always(`HEAD /v2/mirror/app/manifests/${reference}`, { status: 404 });
    server.always(`GET /v2/mirror/app/manifests/${reference}`, { status: 404 });
    server.always(`PUT /v2/mirror/app/manifests/${reference}`, manifests);
  }
  server.always("POST /v2/mirror/app/blobs/uploads/", { status: 202, headers: { location: "/upload" } });
  for (const { descriptor } of image.blobs) {
    server.always(`HEAD /v2/mirror/app/blobs/${descriptor.digest}`, { status: 404 });
    const mount = new URLSearchParams({ mount: descriptor.digest, from: "mirror/app" });
    server.always(`POST /v2/mirror/app/blobs/uploads/?${mount}`, {
      status: 202,
      headers: { location: "/upload" },
    });
    server.always(`PUT /upload?digest=${descriptor.digest}`, { status: 201 });
  }
}

function hostileTarget() {
  const registries = loopbackRegistries();
  return {
    registry: registries.open(hostile.elsewhere.host),
    [Symbol.asyncDispose]: () => registries.close(),
  };
}

it("case 23: a target that does not take a sparse index says so clearly, and is asked once", async () => {
  await using target = hostileTarget();
  scriptTarget(hostile.elsewhere, { status: 400, body: '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}' });
  const failure = await failureOf(() => copyTo(target), "unsupported");
  expect(failure.message).toContain("sparse index");
  expect(asked(hostile.elsewhere, "PUT /v2").length).toBe(1);
});

describe("case 24: a digest that changed on the way", () => {
  it("by the target's own word fails the copy", async () => {
    await using target = hostileTarget();
    scriptTarget(hostile.elsewhere, { status: 201, headers: { "docker-content-digest": other } });
    await failureOf(() => copyTo(target), "integrity");
    expect(asked(hostile.elsewhere, "manifests/1.0").filter((line) => line.startsWith("PUT"))).toEqual([]);
  });

  it("of a blob fails the copy", async () => {
    await using target = hostileTarget();
    scriptTarget(hostile.elsewhere, { status: 201 });
    for (const { descriptor } of image.blobs)
      hostile.elsewhere.always(`PUT /upload?digest=${descriptor.digest}`, {
        status: 201,
        headers: { "docker-content-digest": other },
      });
    await failureOf(() => copyTo(target), "integrity");
    expect(asked(hostile.elsewhere, "PUT /v2")).toEqual([]);
  });

  it("is failed, not announced as imported", async () => {
    const bench = createStepBench();
    const columns = { Source: "up.example/library/app", Tags: "semver >=1" };
    const watch = { group: "default", name: "app" };
    await bench.stores.watches.put(watch, columns, { signal: never, existing: "replace" });
    bench.upstream.tags.set("library/app:1.0.0", digestNamed("a"));
    bench.method.next.push(
      ...Array.from({ length: 9 }, () => () => {
        bench.target.tags.set("up.example/library/app:1.0.0", digestNamed("b"));
        return { kind: "done" } as const;
      }),
    );
    await bench.schedule();
    await bench.drain({ forMs: 7 * 24 * 3_600_000 });
    const events = bench.channel.sent.flatMap((message) => message.events);
    expect(events.map(({ kind }) => kind)).not.toContain("imported");
    expect(events.length).toBeGreaterThan(0);
  });
});

describe("case 25: an image of schema 1", () => {
  const bodies: readonly (readonly [string, Record<string, string>, string])[] = [
    ["signed", { "content-type": mediaTypes.dockerSchema1Signed }, '{"schemaVersion":1,"signatures":[]}'],
    ["unsigned", { "content-type": mediaTypes.dockerSchema1 }, '{"schemaVersion":1,"fsLayers":[]}'],
    ["in disguise", { "content-type": mediaTypes.dockerManifest }, '{"schemaVersion":1,"fsLayers":[]}'],
  ];
  it.each(bodies)("(%s) is unsupported, and said so", async (_name, sent, body) => {
    hostile.registry.expect("GET /v2/app/manifests/1.0", { headers: sent, body });
    const failure = await failureOf(
      async () => (await hostile.signedIn()).getManifest("app", "1.0", never),
      "unsupported",
    );
    expect(failure.message).toContain("schema 1");
  });

  it("is unsupported by HEAD alone", async () => {
    hostile.registry.expect("HEAD /v2/app/manifests/1.0", {
      headers: {
        "content-type": mediaTypes.dockerSchema1Signed,
        "docker-content-digest": digest,
        "content-length": "9",
      },
    });
    await failureOf(async () => (await hostile.signedIn()).headManifest("app", "1.0", never), "unsupported");
  });
});

it("case 26: a crash between blobs and manifest leaves no tag, and the next copy goes on from there", async () => {
  await using target = await startTarget();
  let alive = false;
  await using proxy = await proxied(target.origin, (line) => alive || !/^PUT .*\/manifests\//.test(line));
  serve(hostile.registry, image);
  await failureOf(() => copyTo(proxy), "network");
  expect(target.puts.filter((path) => path.includes("/manifests/"))).toEqual([]);
  expect(await target.registry.headManifest("mirror/app", "1.0", never)).toBeUndefined();
  const fetched = asked(hostile.registry, "/blobs/sha256:").length;
  alive = true;
  expect(await copyTo(proxy)).toMatchObject({ kind: "complete", bytes: 0, skipped: 3 });
  // One more is the question that signs in.
  expect(asked(hostile.registry, "/blobs/sha256:").length).toBe(fetched + 2);
  expect((await target.registry.headManifest("mirror/app", "1.0", never))?.digest).toBe(digest);
});

async function proxied(origin: string, passes: (line: string) => boolean) {
  const proxy = await startCountingProxy(new URL(origin), (at, { method, url }) =>
    at === "request" ? passes(`${method} ${url}`) : true,
  );
  const registries = loopbackRegistries();
  return {
    registry: registries.open(proxy.host),
    [Symbol.asyncDispose]: async () => {
      await registries.close();
      await proxy.close();
    },
  };
}

describe("beyond: one digest that two readers take for two images", () => {
  const text = JSON.stringify(document);
  it.each<[string, string]>([
    ["layers twice", `${text.slice(0, -1)},"layers":[]}`],
    ["layers in capitals, as Go reads them", `${text.slice(0, -1)},"Layers":[]}`],
    ["a long s, which Go takes for an s", `${text.slice(0, -1)},"layer\u017f":[]}`],
    ["a digest in capitals beside the digest", text.replace('"digest":', `"Digest":"${other}","digest":`)],
    ["a media type in other letters", `${text.slice(0, -1)},"MediaType":"${mediaTypes.ociIndex}"}`],
    ["a schema version in other letters", `${text.slice(0, -1)},"SCHEMAVERSION":1}`],
    ["manifests in capitals within an image", `${text.slice(0, -1)},"MANIFESTS":[]}`],
    ["manifests with a long s within an image", `${text.slice(0, -1)},"manife\u017ft\u017f":[]}`],
    ["a byte order mark", `\ufeff${text}`],
    ["a key by an escape", `${text.slice(0, -1)},"l\\u0061yers":[]}`],
  ])("by %s is rejected", async (_name, body) => {
    hostile.registry.expect("GET /v2/app/manifests/1.0", { headers: { "content-type": mediaType }, body });
    await failureOf(async () => (await hostile.signedIn()).getManifest("app", "1.0", never), "protocol");
  });

  it("is not seen in annotations, whose names are anybody's", () => {
    const bytes = Buffer.from(JSON.stringify({ ...document, annotations: { Digest: "x", LAYERS: "y" } }));
    expect(parseManifest(bytes, { contentType: undefined, digest: digestOf(bytes) }).kind).toBe("image");
  });
});

it("beyond: a manifest of tens of thousands of layers is read, one nested without end is not", async () => {
  const layers = Array.from({ length: 28_000 }, (_, at) => ({
    mediaType: "a/b",
    digest: `sha256:${at.toString(16).padStart(64, "0")}`,
    size: 1,
  }));
  const client = await hostile.signedIn();
  hostile.registry.expect(
    "GET /v2/app/manifests/1.0",
    { body: JSON.stringify({ ...document, layers }) },
    { body: `{"schemaVersion":2,"a":${"[".repeat(1_000_000)}${"]".repeat(1_000_000)}}` },
    { body: `${'{"a":'.repeat(500_000)}1${"}".repeat(500_000)}` },
  );
  expect((await client.getManifest("app", "1.0", never))?.blobs.length).toBe(28_001);
  for (let count = 0; count < 2; count++)
    expect(["protocol", "unsupported"]).toContain(
      (await anyFailure(() => client.getManifest("app", "1.0", never))).code,
    );
});

it("beyond: a HEAD with a body does not spoil the next answer on its connection", async () => {
  hostile.registry.expect("HEAD /v2/app/manifests/1.0", (_request, response) => {
    response.socket?.write(
      `HTTP/1.1 200 OK\r\ncontent-type: ${mediaType}\r\ndocker-content-digest: ${digest}\r\ncontent-length: 14\r\n\r\n{"tags":["x"]}`,
    );
    return undefined;
  });
  hostile.registry.expect(tagsRequest, tagPage(["a"]));
  const client = await hostile.signedIn();
  expect((await client.headManifest("app", "1.0", never))?.digest).toBe(digest);
  const list = await client.listTags("app", never);
  expect(list.size).toBe(1);
});

async function anyFailure(action: () => Promise<unknown>): Promise<{ code: FailureCode }> {
  try {
    await action();
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      expect(error.message).not.toContain(user.password);
      return error as Error & { code: FailureCode };
    }
    throw error;
  }
  throw new Error("expected a failure, but it succeeded");
}
