import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { digestOf, parseDigest } from "../../shared/model/digest.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { createBlobHash } from "../../shared/registry/verified-blob.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, noise } from "../support/images.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import {
  type Answer,
  type Reply,
  type ScriptedServer,
  startScriptedServer,
} from "../support/scripted-server.ts";

const blob = makeBlob(noise("blob", 50_000));
const { digest, size } = blob.descriptor;
const path = `/v2/app/blobs/${digest}`;

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

async function readBlob(
  options: { offset?: number; known?: Buffer; descriptor?: typeof blob.descriptor } = {},
): Promise<Buffer> {
  const { offset, known, descriptor = blob.descriptor } = options;
  const chunks: Uint8Array[] = [];
  const seen = createBlobHash(descriptor.digest);
  if (known !== undefined) seen.add(0, known);
  const hash = known === undefined ? {} : { hash: seen };
  const stream = await registry.getBlob("app", descriptor, {
    signal: never,
    ...hash,
    ...(offset === undefined ? {} : { offset }),
  });
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("headBlob", () => {
  it.each<[string, Reply, number | undefined]>([
    ["its size", { headers: { "content-length": "50000", "docker-content-digest": digest } }, 50_000],
    ["undefined for 404", { status: 404 }, undefined],
  ])("gives %s", async (_name, reply, expected) => {
    server.expect(`HEAD ${path}`, reply);
    expect(await registry.headBlob("app", digest, never)).toBe(expected);
  });

  it.each<[string, Reply, FailureCode]>([
    [
      "another digest",
      { headers: { "content-length": "1", "docker-content-digest": digestOf("x") } },
      "integrity",
    ],
    ["no length", { headers: { "transfer-encoding": "chunked" } }, "protocol"],
    ["403", { status: 403 }, "forbidden"],
    ["500", { status: 500 }, "unavailable"],
  ])("fails on %s", async (_name, reply, code) => {
    server.expect(`HEAD ${path}`, reply);
    await failureOf(() => registry.headBlob("app", digest, never), code);
  });
});

describe("getBlob", () => {
  it("streams what matches its digest", async () => {
    server.expect(`GET ${path}`, { body: blob.bytes });
    expect((await readBlob()).equals(blob.bytes)).toBe(true);
  });

  it("reads sha512 blobs", async () => {
    const descriptor = { ...blob.descriptor, digest: digestOf(blob.bytes, "sha512") };
    server.expect(`GET /v2/app/blobs/${descriptor.digest}`, { body: blob.bytes });
    expect((await readBlob({ descriptor })).length).toBe(size);
  });

  it("reads on from an offset and checks the whole with the hash of what came before", async () => {
    const rest = {
      status: 206,
      headers: { "content-range": `bytes 1000-${size - 1}/${size}` },
      body: blob.bytes.subarray(1000),
    };
    server.expect(`GET ${path}`, rest, rest, rest);
    const known = blob.bytes.subarray(0, 1000);
    expect((await readBlob({ offset: 1000, known })).equals(blob.bytes.subarray(1000))).toBe(true);
    expect((await readBlob({ offset: 1000 })).length).toBe(size - 1000);
    await failureOf(() => readBlob({ offset: 1000, known: noise("other", 1000) }), "integrity");
    expect(server.received[0]?.headers.range).toBe("bytes=1000-");
  });

  it("passes over what it has when the registry ignores the range", async () => {
    server.expect(`GET ${path}`, { body: blob.bytes });
    const rest = await readBlob({ offset: 30_001, known: blob.bytes.subarray(0, 30_001) });
    expect(rest.equals(blob.bytes.subarray(30_001))).toBe(true);
  });

  it("follows a redirect to where blobs are", async () => {
    const store = await startScriptedServer();
    server.expect(`GET ${path}`, { status: 307, headers: { location: `${store.origin}/blob?sig=1` } });
    store.expect("GET /blob?sig=1", { body: blob.bytes });
    expect((await readBlob()).length).toBe(size);
    await store.finish();
  });

  it.each<[string, Answer, FailureCode]>([
    ["other bytes", { body: noise("other", 50_000) }, "integrity"],
    ["fewer bytes", { body: blob.bytes.subarray(1) }, "integrity"],
    ["more bytes", { body: Buffer.concat([blob.bytes, Buffer.from("x")]) }, "integrity"],
    [
      "an endless body",
      (_request, response) => {
        const more = () => {
          while (!response.destroyed && response.write(Buffer.alloc(10_000)));
        };
        response.on("drain", more);
        more();
        return undefined;
      },
      "too-large",
    ],
    ["404", { status: 404 }, "not-found"],
    [
      "a redirect to the metadata service",
      { status: 302, headers: { location: "http://169.254.169.254/latest" } },
      "blocked",
    ],
    [
      "a redirect to a private address",
      { status: 302, headers: { location: "https://10.0.0.1/x" } },
      "blocked",
    ],
    ["a redirect to IPv6 loopback", { status: 302, headers: { location: "http://[::1]/x" } }, "blocked"],
    ["a redirect to a file", { status: 302, headers: { location: "file:///etc/passwd" } }, "blocked"],
  ])("does not take %s", async (_name, answer, code) => {
    server.always(`GET ${path}`, answer);
    await failureOf(() => readBlob(), code);
  });

  it.each([
    ["fewer", blob.bytes.subarray(1001)],
    ["more", Buffer.concat([blob.bytes.subarray(1000), Buffer.from("x")])],
  ])("does not take %s bytes for the rest, even if it cannot check the digest", async (_name, body) => {
    server.expect(`GET ${path}`, {
      status: 206,
      headers: { "content-range": "bytes 1000-49999/50000" },
      body,
    });
    await failureOf(() => readBlob({ offset: 1000 }), "integrity");
  });

  it("does not take another range than it asked for", async () => {
    server.expect(`GET ${path}`, {
      status: 206,
      headers: { "content-range": "bytes 0-99/50000" },
      body: blob.bytes.subarray(0, 100),
    });
    await failureOf(() => readBlob({ offset: 1000 }), "protocol");
  });

  it("is a network failure when it breaks, so that it may be resumed", async () => {
    server.expect(`GET ${path}`, (_request, response) => {
      response.writeHead(200, { "content-length": String(size) });
      response.write(blob.bytes.subarray(0, 100), () => response.destroy());
      return undefined;
    });
    await failureOf(() => readBlob(), "network");
  });

  it("refuses a digest with a path before it builds a URL", async () => {
    const descriptor = { ...blob.descriptor, digest: "sha256:../../../etc" as typeof digest };
    await failureOf(() => readBlob({ descriptor }), "invalid");
    expect(() => parseDigest(descriptor.digest)).toThrow();
  });
});
