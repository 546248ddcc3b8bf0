import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage } from "../support/images.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { type Reply, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const { manifest } = makeImage([makeBlob("layer")]);
const { digest, size } = manifest.descriptor;
const other = digestOf("other");
const body = Buffer.from(manifest.bytes);
const headers = { "content-type": mediaTypes.ociManifest, "docker-content-digest": digest };

let server: ScriptedServer;
let registries: ClosableRegistries;
let registry: Registry;
beforeEach(async () => {
  server = await startScriptedServer();
  registries = loopbackRegistries();
  registry = registries.open(server.host);
});
afterEach(async () => {
  await registries.close();
  await server.finish();
});

describe("headManifest", () => {
  const head = (reference: string) => registry.headManifest("app", reference, never);

  it("describes what is at a tag, by HEAD alone", async () => {
    server.expect("HEAD /v2/app/manifests/1.0", { headers: { ...headers, "content-length": `${size}` } });
    expect(await head("1.0")).toEqual({ mediaType: mediaTypes.ociManifest, digest, size });
    expect(server.received[0]?.headers.accept).toContain(mediaTypes.ociIndex);
  });

  it("says undefined for 404 alone", async () => {
    server.expect("HEAD /v2/app/manifests/1.0", { status: 404 }, { status: 403 });
    expect(await head("1.0")).toBeUndefined();
    await failureOf(() => head("1.0"), "forbidden");
  });

  it.each([
    ["the digest", { headers: { "content-type": mediaTypes.ociManifest, "content-length": "5" } }],
    ["the length", { headers: { ...headers, "transfer-encoding": "chunked" } }],
    ["HEAD altogether", { status: 405 }],
  ])("falls back to GET when the registry leaves out %s", async (_name, reply) => {
    server.expect("HEAD /v2/app/manifests/1.0", reply);
    server.expect("GET /v2/app/manifests/1.0", { headers: { "content-type": mediaTypes.ociManifest }, body });
    expect(await head("1.0")).toMatchObject({ digest, size });
  });

  it.each<[string, string, Record<string, string>, FailureCode]>([
    [
      "another digest than was asked for",
      digest,
      { ...headers, "docker-content-digest": other },
      "integrity",
    ],
    ["a digest that is none", "1.0", { ...headers, "docker-content-digest": "sha256:../x" }, "protocol"],
    ["schema 1", "1.0", { ...headers, "content-type": mediaTypes.dockerSchema1Signed }, "unsupported"],
    ["HTML", "1.0", { ...headers, "content-type": "text/html" }, "unsupported"],
  ])("refuses %s", async (_name, reference, sent, code) => {
    server.expect(`HEAD /v2/app/manifests/${reference}`, { headers: { ...sent, "content-length": "5" } });
    await failureOf(() => head(reference), code);
  });

  it.each([["../../x"], ["a/b"], ["sha256:123"], ["a b"], ["a\r\nb"], ["é"], ["x".repeat(129)], [""]])(
    "does not send the reference %j",
    async (reference) => {
      await failureOf(() => head(reference), "invalid");
    },
  );
});

describe("digestAt", () => {
  const at = (likely: Digest) => registry.digestAt("app", "1.0", { likely, signal: never });
  const there = { headers: { ...headers, "content-length": `${size}` } };

  it("takes 304 for the digest that was likely, and names it as an entity tag", async () => {
    server.expect("HEAD /v2/app/manifests/1.0", { status: 304 });
    expect(await at(digest)).toBe(digest);
    expect(server.received[0]?.headers["if-none-match"]).toBe(`"${digest}"`);
  });

  it.each<[string, Reply, Digest | undefined]>([
    ["another one", there, digest],
    ["none", { status: 404 }, undefined],
  ])("says %s", async (_name, reply, found) => {
    server.expect("HEAD /v2/app/manifests/1.0", reply);
    expect(await at(other)).toBe(found);
  });

  it("is the only one to take 304", async () => {
    server.expect("HEAD /v2/app/manifests/1.0", { status: 304 });
    await failureOf(() => registry.headManifest("app", "1.0", never), "protocol");
  });
});

describe("getManifest", () => {
  const get = (reference: string) => registry.getManifest("app", reference, never);

  it.each<[string, string, Record<string, string>]>([
    ["a tag", "1.0", headers],
    ["a digest", digest, headers],
    ["a tag without a digest header", "1.0", { "content-type": mediaTypes.ociManifest }],
    ["a tag with a sha512 header", "1.0", { ...headers, "docker-content-digest": digestOf(body, "sha512") }],
  ])("reads %s", async (_name, reference, sent) => {
    server.expect(`GET /v2/app/manifests/${reference}`, { headers: sent, body });
    const got = await get(reference);
    expect(got?.descriptor.digest).toBe(sent["docker-content-digest"] ?? digest);
    expect(Buffer.from(got?.bytes ?? []).equals(body)).toBe(true);
  });

  it("says undefined for 404", async () => {
    server.expect("GET /v2/app/manifests/1.0", { status: 404 });
    expect(await get("1.0")).toBeUndefined();
  });

  it.each<[string, string, Reply, FailureCode]>([
    [
      "other bytes than the digest",
      other,
      { headers: { "content-type": mediaTypes.ociManifest }, body },
      "integrity",
    ],
    [
      "a lying digest header",
      "1.0",
      { headers: { ...headers, "docker-content-digest": other }, body },
      "integrity",
    ],
    [
      "a lying header beside the right digest",
      digest,
      { headers: { ...headers, "docker-content-digest": other }, body },
      "integrity",
    ],
    [
      "a content type that disagrees",
      "1.0",
      { headers: { ...headers, "content-type": mediaTypes.ociIndex }, body },
      "protocol",
    ],
    [
      "more than 4 MiB",
      "1.0",
      { headers: { "content-type": mediaTypes.ociManifest }, body: Buffer.alloc(4 * 1024 * 1024 + 1, " ") },
      "too-large",
    ],
    ["HTML with status 200", "1.0", { headers: { "content-type": "text/html" }, body: "<html>" }, "protocol"],
    ["status 206", "1.0", { status: 206, headers, body }, "protocol"],
  ])("refuses %s", async (_name, reference, reply, code) => {
    server.expect(`GET /v2/app/manifests/${reference}`, reply);
    await failureOf(() => get(reference), code);
  });
});

describe("putManifest", () => {
  const put = (reference: string) => registry.putManifest("app", reference, manifest, never);

  it.each<[string, Record<string, string>]>([
    ["with the digest in the answer", { "docker-content-digest": digest }],
    ["without it", {}],
    ["with it in another algorithm", { "docker-content-digest": digestOf(body, "sha512") }],
  ])("sends the exact bytes, %s", async (_name, sent) => {
    server.expect("PUT /v2/app/manifests/1.0", { status: 201, headers: sent });
    expect(await put("1.0")).toBe(digest);
    expect(server.received[0]?.body.equals(body)).toBe(true);
    expect(server.received[0]?.headers["content-type"]).toBe(mediaTypes.ociManifest);
  });

  it.each<[string, Reply, FailureCode]>([
    ["another digest stored", { status: 201, headers: { "docker-content-digest": other } }, "integrity"],
    [
      "another digest stored, sha512",
      { status: 201, headers: { "docker-content-digest": digestOf("x", "sha512") } },
      "integrity",
    ],
    [
      "what it names is missing",
      { status: 400, body: '{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}' },
      "unsupported",
    ],
    ["an invalid manifest", { status: 400, body: '{"errors":[{"code":"MANIFEST_INVALID"}]}' }, "invalid"],
    ["a redirect", { status: 307, headers: { location: "/elsewhere" } }, "blocked"],
    ["a tag that may not move", { status: 409 }, "conflict"],
    ["no right to write", { status: 403, body: '{"errors":[{"code":"DENIED"}]}' }, "forbidden"],
  ])("fails on %s", async (_name, reply, code) => {
    server.expect("PUT /v2/app/manifests/1.0", reply);
    await failureOf(() => put("1.0"), code);
  });
});
