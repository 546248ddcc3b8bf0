import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { digestOf, hexOf } from "../../shared/model/digest.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { type Reply, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const subject = digestOf("subject");
const api = `GET /v2/app/referrers/${subject}`;
const tag = `GET /v2/app/manifests/sha256-${hexOf(subject)}`;
const signature = {
  mediaType: mediaTypes.ociManifest,
  digest: digestOf("signature"),
  size: 3,
  artifactType: "application/x.sig",
};
const sbom = {
  mediaType: mediaTypes.ociManifest,
  digest: digestOf("sbom"),
  size: 4,
  artifactType: "application/x.sbom",
};

let server: ScriptedServer;
let registries: ClosableRegistries;
beforeEach(async () => {
  server = await startScriptedServer();
  registries = loopbackRegistries();
});
afterEach(async () => {
  await registries.close();
  await server.finish();
});

const list = () => registries.open(server.host).listReferrers("app", subject, never);
const index = (manifests: unknown, headers: Record<string, string> = {}): Reply => ({
  headers: { "content-type": mediaTypes.ociIndex, ...headers },
  body: JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
});

describe("listReferrers", () => {
  it("asks the referrers API, over its pages", async () => {
    server.expect(api, index([signature], { link: '<?page=2>; rel="next"' }));
    server.expect(`${api}?page=2`, index([sbom, signature]));
    expect(await list()).toEqual([signature, sbom]);
  });

  it("finds none", async () => {
    server.expect(api, index([]));
    expect(await list()).toEqual([]);
  });

  it("falls back to the tag, whose artifact types it does not believe", async () => {
    server.expect(api, { status: 404 });
    server.expect(tag, index([signature]));
    const { artifactType: _artifactType, ...bare } = signature;
    expect(await list()).toEqual([bare]);
  });

  it("finds none where neither is", async () => {
    server.expect(api, { status: 404 });
    server.expect(tag, { status: 404 });
    expect(await list()).toEqual([]);
  });

  it("cuts the tag of a long digest as the specification says", async () => {
    const long = digestOf("subject", "sha512");
    server.expect(`GET /v2/app/referrers/${long}`, { status: 404 });
    server.expect(`GET /v2/app/manifests/sha512-${hexOf(long).slice(0, 64)}`, index([signature]));
    expect((await registries.open(server.host).listReferrers("app", long, never)).length).toBe(1);
  });

  it("gives up where there are more than anybody needs", async () => {
    const many = Array.from({ length: 10_001 }, (_, at) => ({ ...signature, digest: digestOf(`${at}`) }));
    server.expect(api, index(many.slice(0, 10_000), { link: '<?page=2>; rel="next"' }));
    server.expect(`${api}?page=2`, index(many.slice(10_000)));
    const { message } = await failureOf(list, "too-large");
    expect(message).toContain("more than 10000 referrers");
  });

  it.each<[string, Reply, FailureCode]>([
    ["HTML with status 200", { headers: { "content-type": "text/html" }, body: "<html>" }, "protocol"],
    ["pages in a circle", index([], { link: `<${api.slice(4)}>; rel="next"` }), "protocol"],
    ["a page elsewhere", index([], { link: '<https://evil.example/>; rel="next"' }), "blocked"],
    ["403", { status: 403 }, "forbidden"],
    ["500", { status: 500 }, "unavailable"],
    ["a list that is none", index("x"), "protocol"],
  ])("fails on %s", async (_name, reply, code) => {
    server.expect(api, reply);
    await failureOf(list, code);
  });
});
