import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { fallbackTagOf } from "../../shared/registry/cosign-tags.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage } from "../support/images.ts";
import { artifactTypes, makeReferrer } from "../support/referrers.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { type Reply, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const { descriptor } = makeImage([makeBlob("layer")]).manifest;
const referrer = makeReferrer(descriptor, {
  artifactType: artifactTypes.spdx,
  annotations: { made: "today" },
}).manifest;
const other = { mediaType: mediaTypes.ociManifest, digest: digestOf("other"), size: 5, data: "b3RoZXI=" };
const tag = fallbackTagOf(descriptor.digest);
const api = `GET /v2/app/referrers/${descriptor.digest}`;
const read = `GET /v2/app/manifests/${tag}`;
const write = `PUT /v2/app/manifests/${tag}`;
const own = {
  mediaType: referrer.descriptor.mediaType,
  digest: referrer.descriptor.digest,
  size: referrer.descriptor.size,
  artifactType: artifactTypes.spdx,
  annotations: { made: "today" },
};

/** Milliseconds that it would have waited. */
const waits: number[] = [];
let server: ScriptedServer;
let registries: ClosableRegistries;
beforeEach(async () => {
  server = await startScriptedServer();
  waits.length = 0;
  registries = loopbackRegistries({
    sleep: async (ms) => {
      waits.push(ms);
    },
  });
});
afterEach(async () => {
  await registries.close();
  await server.finish();
});

const attach = () => registries.open(server.host).attachReferrer("app", referrer, never);
const index = (...manifests: readonly unknown[]): Reply => ({
  headers: { "content-type": mediaTypes.ociIndex },
  body: JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
});
const missing: Reply = { status: 404 };
const stored: Reply = { status: 201 };
const written = () =>
  server.received
    .filter(({ method }) => method === "PUT")
    .map(({ body }) => (JSON.parse(body.toString()) as { manifests: unknown[] }).manifests);

describe("attaching a referrer", () => {
  it("is left to a registry that has the referrers API", async () => {
    server.expect(api, index());
    await attach();
  });

  it("makes the index of the fallback tag, and reads it again at once and a moment later", async () => {
    server.expect(api, missing);
    server.expect(read, missing, missing, index(own), index(own));
    server.expect(write, stored);
    await attach();
    expect(written()).toEqual([[own]]);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThanOrEqual(1000);
  });

  it("is put right when one that had read the index before wrote it after us", async () => {
    server.expect(api, missing);
    server.expect(
      read,
      ...[missing, missing, index(own), index(other)],
      ...[index(other), index(other, own), index(other, own)],
    );
    server.expect(write, stored, stored);
    await attach();
    expect(written()).toEqual([[own], [other, own]]);
    expect(waits).toHaveLength(2);
  });

  it("is written on condition that nobody else has, and anew when somebody has", async () => {
    const marked = (etag: string, ...manifests: readonly unknown[]): Reply => {
      const { headers, ...reply } = index(...manifests);
      return { ...reply, headers: { ...headers, etag } };
    };
    server.expect(api, missing);
    server.expect(
      read,
      ...[missing, missing, marked('"one"', other), marked('W/"two"', other)],
      ...[index(other, own), index(other, own)],
    );
    server.expect(write, { status: 412 }, { status: 412 }, stored);
    await attach();
    const conditions = server.received
      .filter(({ method }) => method === "PUT")
      .map(({ headers }) => [headers["if-none-match"], headers["if-match"]]);
    expect(conditions).toEqual([
      ["*", undefined],
      [undefined, '"one"'],
      [undefined, undefined],
    ]);
  });

  it("adds to what others have put there, as it stands", async () => {
    server.expect(api, missing);
    server.expect(read, index(other), index(other), index(other, own), index(other, own));
    server.expect(write, stored);
    await attach();
    expect(written()).toEqual([[other, own]]);
  });

  it("writes nothing when it is listed already", async () => {
    server.expect(api, missing);
    server.expect(read, index(other, own));
    await attach();
  });

  it("is repeated when another client has written over it", async () => {
    server.expect(api, missing);
    server.expect(read, missing, missing, index(other), index(other, own), index(other, own));
    server.expect(write, stored, stored);
    await attach();
    expect(written()).toEqual([[own], [other, own]]);
  });

  it("is given up when others do so again and again", async () => {
    server.expect(api, missing);
    server.always(read, index(other));
    server.always(write, stored);
    const failure = await failureOf(attach, "unavailable");
    expect(failure.message).toContain("others write that list of referrers, too");
    expect(written()).toHaveLength(8);
  });

  it("leaves out what the registry no longer has, when it insists on it", async () => {
    server.expect(api, missing);
    server.expect(read, index(other), index(other), index(own), index(own));
    server.expect(write, { status: 400 }, stored);
    server.expect(`HEAD /v2/app/manifests/${other.digest}`, missing);
    await attach();
    expect(written()).toEqual([[other, own], [own]]);
  });

  it("ends with a refusal", async () => {
    server.expect(api, missing);
    server.expect(read, missing, missing);
    server.expect(write, { status: 403 });
    await failureOf(attach, "forbidden");
  });

  it("does not write over an image under that name", async () => {
    server.expect(api, missing);
    server.always(read, {
      headers: { "content-type": mediaTypes.ociManifest },
      body: Buffer.from(makeImage([makeBlob("x")]).manifest.bytes),
    });
    await failureOf(attach, "conflict");
  });

  it("asks a registry without the API for it once in an hour", async () => {
    server.expect(api, missing);
    server.expect(read, index(own), index(own));
    await attach();
    await attach();
  });
});
