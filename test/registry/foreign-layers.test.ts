import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { createRegistries } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import type { Descriptor } from "../../shared/model/descriptor.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { createBlobHash } from "../../shared/registry/verified-blob.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, noise } from "../support/images.ts";
import { never, user } from "../support/registries.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const blob = makeBlob(noise("foreign", 20_000), "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");

let registry: ScriptedServer;
let elsewhere: ScriptedServer;
let registries: ClosableRegistries;
beforeEach(async () => {
  [registry, elsewhere] = await Promise.all([startScriptedServer(), startScriptedServer()]);
  registries = createRegistries({
    rules: parseHostRules(`http://${registry.host}=127.0.0.0/8 http://${elsewhere.host}=127.0.0.0/8`),
    credentials: { resolve: async () => user },
  });
});
afterEach(async () => {
  await registries.close();
  await Promise.all([registry.finish(), elsewhere.finish()]);
});

async function read(urls: readonly string[], offset = 0): Promise<Buffer> {
  const layer: Descriptor = { ...blob.descriptor, urls };
  const hash = createBlobHash(layer.digest);
  hash.add(0, blob.bytes.subarray(0, offset));
  const parts: Buffer[] = [];
  const pieces = await registries.foreign.getLayer(registry.host, layer, { signal: never, offset, hash });
  for await (const piece of pieces) parts.push(Buffer.from(piece));
  return Buffer.concat(parts);
}

describe("a foreign layer", () => {
  it("is fetched from its url, without a credential, and checked", async () => {
    elsewhere.expect("GET /layer?v=1", { body: blob.bytes });
    expect((await read([`${elsewhere.origin}/layer?v=1`])).equals(blob.bytes)).toBe(true);
    expect(elsewhere.received[0]?.headers.authorization).toBeUndefined();
  });

  it("brings no credential even to the registry that names it", async () => {
    const signedIn = registries.open(registry.host, "env:ROBOT");
    registry.expect(
      "GET /v2/app/tags/list?n=1000",
      { status: 401, headers: { "www-authenticate": 'Basic realm="r"' } },
      { body: '{"name":"app","tags":[]}' },
    );
    await signedIn.listTags("app", never);
    registry.expect("GET /layer", { status: 401, headers: { "www-authenticate": 'Basic realm="registry"' } });
    await failureOf(() => read([`${registry.origin}/layer`]), "unauthorized");
    expect(registry.received.at(-1)?.headers.authorization).toBeUndefined();
  });

  it("comes from the next place when one does not have it", async () => {
    elsewhere.expect("GET /gone", { status: 404 });
    elsewhere.expect("GET /layer", { body: blob.bytes });
    const urls = ["nowhere", `${elsewhere.origin}/gone`, `${elsewhere.origin}/layer`];
    expect((await read(urls)).equals(blob.bytes)).toBe(true);
  });

  it("is read on from an offset", async () => {
    const range = `bytes 5000-${blob.bytes.length - 1}/${blob.bytes.length}`;
    elsewhere.expect("GET /layer", {
      status: 206,
      headers: { "content-range": range },
      body: blob.bytes.subarray(5000),
    });
    expect((await read([`${elsewhere.origin}/layer`], 5000)).equals(blob.bytes.subarray(5000))).toBe(true);
    expect(elsewhere.received[0]?.headers.range).toBe("bytes=5000-");
  });

  it("is not taken with other bytes", async () => {
    elsewhere.expect("GET /layer", { body: noise("other", 20_000) });
    await failureOf(() => read([`${elsewhere.origin}/layer`]), "integrity");
  });

  it.each<[string, string, FailureCode]>([
    ["a host outside the allow-list", "https://layers.example/x", "blocked"],
    ["the metadata service", "http://169.254.169.254/x", "blocked"],
    ["a private address", "https://10.0.0.1/x", "blocked"],
    ["a file", "file:///etc/passwd", "blocked"],
    ["something that is no URL", "layer", "protocol"],
  ])("is not fetched from %s", async (_name, url, code) => {
    await failureOf(() => read([url]), code);
  });

  it("is not followed out of the list's reach", async () => {
    elsewhere.expect("GET /layer", { status: 302, headers: { location: "http://169.254.169.254/x" } });
    await failureOf(() => read([`${elsewhere.origin}/layer`]), "blocked");
  });

  it("of a public registry leads to no private host, listed or not", async () => {
    const wary = createRegistries({
      rules: parseHostRules(`public.example http://${elsewhere.host}=127.0.0.0/8`),
      credentials: { resolve: async () => user },
    });
    const layer = { ...blob.descriptor, urls: [`${elsewhere.origin}/layer`] };
    await failureOf(() => wary.foreign.getLayer("public.example", layer, { signal: never }), "blocked");
    await wary.close();
  });

  it("without a place cannot be fetched", async () => {
    await failureOf(() => read([]), "not-found");
  });
});
