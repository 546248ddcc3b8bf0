import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRegistryTransfer } from "../../local/arm/registry-transfer.ts";
import type { Transfer } from "../../local/arm/transfer.ts";
import { type ClosableRegistries, createRegistries } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../support/local-registry.ts";

const signal = AbortSignal.timeout(60_000);
const credential = { username: "reader", password: "s3cret" };
const repository = "suite/one";

let upstream: RegistryUnderTest;
let target: RegistryUnderTest;
let transfer: Transfer;
let opened: ClosableRegistries[];

beforeAll(async () => {
  opened = [];
  upstream = await startRegistryUnderTest({ kind: "basic", ...credential });
  target = await startRegistryUnderTest({ kind: "anonymous" });
  const rules = parseHostRules("http://127.0.0.1:*=127.0.0.0/8");
  const open = (credentials: Parameters<typeof createRegistries>[0]["credentials"]) => {
    const registries = createRegistries({ rules, credentials });
    opened.push(registries);
    return registries;
  };
  const none = { resolve: () => Promise.reject(new Error("none is needed")) };
  transfer = createRegistryTransfer({ upstreams: open, target: open(none).open(target.host) });
});
afterAll(async () => {
  await Promise.all(opened.map((registries) => registries.close()));
  await upstream.close();
  await target.close();
});

async function pushIndex(
  tag: string,
  manifests: readonly object[],
): Promise<{ digest: Digest; size: number }> {
  const body = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const response = await upstream.client.pushManifest(repository, tag, {
    mediaType: mediaTypes.ociIndex,
    body,
  });
  expect(response.status).toBe(201);
  return { digest: digestOf(body), size: body.length };
}

async function pushChild(text: string): Promise<object> {
  const { digest, body } = await upstream.client.pushImage(repository, text);
  return { mediaType: mediaTypes.ociManifest, digest, size: body.length };
}

const source = (reference: string) => ({ host: upstream.host, repository, reference, credential });

describe("createRegistryTransfer", () => {
  it("counts the manifests of an image and of nested indexes", async () => {
    const { digest: image } = await upstream.client.pushImage(repository, "single");
    const inner = await pushIndex("inner", [await pushChild("a"), await pushChild("b")]);
    const nested = { mediaType: mediaTypes.ociIndex, ...inner };
    const { digest: index } = await pushIndex("outer", [nested, await pushChild("c")]);
    expect(await transfer.inspect(source("single"), signal)).toEqual({ digest: image, manifests: 1 });
    expect(await transfer.inspect(source("outer"), signal)).toEqual({ digest: index, manifests: 3 });
    expect(await transfer.inspect(source(index), signal)).toEqual({ digest: index, manifests: 3 });
  });

  it("copies all of an index, under a tag and without one", async () => {
    const { digest } = await pushIndex("whole", [await pushChild("d"), await pushChild("e")]);
    await transfer.copy(source(digest), { repository: "mirror/tagged", tag: "1" }, signal);
    expect(await transfer.targetDigest({ repository: "mirror/tagged", tag: "1" }, signal)).toBe(digest);
    await transfer.copy(source("whole"), { repository: "mirror/untagged" }, signal);
    const accept = { accept: mediaTypes.ociIndex };
    const held = await target.client.send("HEAD", `/v2/mirror/untagged/manifests/${digest}`, {
      headers: accept,
    });
    const tags = await target.client.send("GET", "/v2/mirror/untagged/tags/list");
    expect(held.status).toBe(200);
    expect(((await tags.json()) as { tags: unknown[] | null }).tags ?? []).toEqual([]);
  });

  it("finds no tag where there is none", async () => {
    expect(await transfer.targetDigest({ repository: "mirror/none", tag: "1" }, signal)).toBeUndefined();
  });

  it.each([
    ["the source is gone", { reference: "never-pushed" }, "not-found"],
    [
      "the password is wrong",
      { reference: "single", credential: { ...credential, password: "no" } },
      "unauthorized",
    ],
  ])("fails with the code of the reason when %s", async (_name, wrong, code) => {
    await expect(transfer.inspect({ ...source("single"), ...wrong }, signal)).rejects.toMatchObject({ code });
  });

  it("keeps the credentials of requests apart", async () => {
    await upstream.client.pushImage(repository, "apart");
    await transfer.inspect(source("apart"), signal);
    const anonymous = { host: upstream.host, repository, reference: "apart" };
    await expect(transfer.inspect(anonymous, signal)).rejects.toMatchObject({ code: "unauthorized" });
  });
});
