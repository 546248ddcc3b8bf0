import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { defaultUpstreams } from "../../shared/registry/hosts.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob } from "../support/images.ts";
import { loopbackRegistries, never, user } from "../support/registries.ts";
import {
  type Reply,
  type ScriptedServer,
  sightings,
  startScriptedServer,
} from "../support/scripted-server.ts";

const blob = makeBlob("content");
const blobPath = `/v2/app/blobs/${blob.descriptor.digest}`;

let registry: ScriptedServer;
let stranger: ScriptedServer;
let registries: ClosableRegistries;
beforeEach(async () => {
  registry = await startScriptedServer();
  stranger = await startScriptedServer();
  registries = loopbackRegistries();
});
afterEach(async () => {
  await registries.close();
  await registry.finish();
  await stranger.finish();
});

const basicChallenge: Reply = { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };
const open = () => registries.open(registry.host, "env:ROBOT");

/** Signs in first, so that there is a credential to leak. */
async function signedIn() {
  registry.expect(`HEAD ${blobPath}`, basicChallenge, { headers: { "content-length": "7" } });
  await open().headBlob("app", blob.descriptor.digest, never);
  expect(sightings(registry, user.password)).toEqual([`HEAD ${blobPath}: authorization`]);
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

describe("credentials never reach another origin", () => {
  it("by the redirect of a blob", async () => {
    await signedIn();
    registry.expect(`GET ${blobPath}`, { status: 307, headers: { location: `${stranger.origin}/blob` } });
    stranger.expect("GET /blob", { body: blob.bytes });
    expect(await readAll(await open().getBlob("app", blob.descriptor, { signal: never }))).toBe("content");
    expect([sightings(stranger, user.password), sightings(stranger, user.username)]).toEqual([[], []]);
  });

  it("by a challenge behind a redirect", async () => {
    await signedIn();
    registry.expect(`GET ${blobPath}`, { status: 307, headers: { location: `${stranger.origin}/blob` } });
    stranger.expect("GET /blob", basicChallenge);
    await failureOf(() => open().getBlob("app", blob.descriptor, { signal: never }), "unauthorized");
    expect(sightings(stranger, user.password)).toEqual([]);
  });

  it("by the location of an upload", async () => {
    await signedIn();
    registry.expect("POST /v2/app/blobs/uploads/", {
      status: 202,
      headers: { location: `${stranger.origin}/up?a=1` },
    });
    stranger.expect("PATCH /up?a=1", { status: 202, headers: { location: "/up?a=2", range: "0-3" } });
    stranger.expect("GET /up?a=2", { status: 204, headers: { location: "/up?a=2", range: "0-3" } });
    stranger.expect(`PUT /up?a=2&digest=${blob.descriptor.digest}`, { status: 201 });
    const upload = await open().startUpload("app", never);
    await upload.write(blob.bytes.subarray(0, 4), never);
    await upload.resume(never);
    await upload.commit(blob.descriptor.digest, never, blob.bytes.subarray(4));
    expect(sightings(stranger, user.password)).toEqual([]);
  });

  it("by a challenge at the location of an upload", async () => {
    await signedIn();
    registry.expect("POST /v2/app/blobs/uploads/", {
      status: 202,
      headers: { location: `${stranger.origin}/up` },
    });
    stranger.expect("PATCH /up", basicChallenge);
    const upload = await open().startUpload("app", never);
    await failureOf(() => upload.write(blob.bytes, never), "unauthorized");
    expect(sightings(stranger, user.password)).toEqual([]);
  });

  it("by the next page of a list", async () => {
    await signedIn();
    const link = `<${stranger.origin}/v2/app/tags/list>; rel="next"`;
    registry.expect("GET /v2/app/tags/list?n=1000", { headers: { link }, body: '{"tags":["a"]}' });
    await failureOf(() => open().listTags("app", never), "blocked");
    expect(stranger.received).toEqual([]);
  });

  it("by the next page after a redirect", async () => {
    await signedIn();
    registry.expect("GET /v2/app/tags/list?n=1000", {
      status: 302,
      headers: { location: `${stranger.origin}/tags` },
    });
    stranger.expect("GET /tags", { headers: { link: '</tags?2>; rel="next"' }, body: '{"tags":["a"]}' });
    stranger.expect("GET /tags?2", { body: '{"tags":["b"]}' });
    expect([...tagsOf(await open().listTags("app", never))]).toEqual(["a", "b"]);
    expect(sightings(stranger, user.password)).toEqual([]);
  });

  it("by the urls of a foreign layer", async () => {
    await signedIn();
    registry.expect(`GET ${blobPath}`, { status: 404 });
    const foreign = { ...blob.descriptor, urls: [`${stranger.origin}/layer`] };
    await failureOf(() => open().getBlob("app", foreign, { signal: never }), "not-found");
    expect(stranger.received).toEqual([]);
  });
});

describe("createRegistries", () => {
  it.each([["docker.io"], ["evil.example"], ["127.0.0.2:5000"], ["localhost:5000"]])(
    "does not open %s",
    async (host) => {
      const failure = await failureOf(() => registries.open(host), "blocked");
      expect(failure.message).toContain("WHARFGATE_UPSTREAMS");
      expect(failure.message).toContain(host);
    },
  );

  it.each([
    { list: "http://registry.corp", host: "registry.corp:80", says: "registry.corp:80 is registry.corp" },
    { list: "http://registry.corp:*", host: "registry.corp:80", says: "leave the port out" },
    { list: "http://registry.corp:80, registry.corp", host: "registry.corp:80" },
    { list: "http://registry.corp:80", host: "registry.corp" },
    { list: "http://registry:80", host: "registry:80" },
  ])("knows $host by one name where $list is listed", async ({ list, host, says }) => {
    const listed = loopbackRegistries({ rules: parseHostRules(list) });
    if (says === undefined) expect(listed.open(host).host).toBe(host);
    else expect((await failureOf(() => listed.open(host), "blocked")).message).toContain(says);
    await listed.close();
  });

  it.each([
    ["docker.io/library"],
    ["user@docker.io"],
    ["https://docker.io"],
    [""],
    ["a b"],
    ["docker.io\r\n"],
  ])("does not take %j for a host", async (host) => {
    await failureOf(() => registries.open(host), "invalid");
  });

  it.each([
    ["2130706433"],
    ["0x7f.1"],
    ["[::ffff:127.0.0.1]"],
    ["127.0.0.1"],
    ["10.0.0.1"],
    ["169.254.169.254"],
  ])("does not reach %s where all public hosts are allowed", async (host) => {
    const anyPublic = loopbackRegistries({ rules: parseHostRules("*") });
    await failureOf(() => anyPublic.open(host).listTags("app", never), "blocked");
    await anyPublic.close();
  });

  it("does not follow a name to a private address", async () => {
    const rebinding = loopbackRegistries({
      rules: parseHostRules(defaultUpstreams),
      resolve: async () => ["127.0.0.1"],
    });
    await failureOf(() => rebinding.open("docker.io").listTags("library/nginx", never), "blocked");
    await rebinding.close();
  });

  it("keeps one client for each host and credential", () => {
    const anonymous = registries.open(registry.host);
    expect(registries.open(registry.host)).toBe(anonymous);
    expect(open()).not.toBe(anonymous);
    expect(open()).toBe(open());
    expect(anonymous.host).toBe(registry.host);
  });

  it("shares connections between the credentials of a host", async () => {
    const narrow = loopbackRegistries({ connections: 1 });
    registry.always(`HEAD ${blobPath}`, { headers: { "content-length": "7" } });
    await narrow.open(registry.host).headBlob("app", blob.descriptor.digest, never);
    await narrow.open(registry.host, "env:ROBOT").headBlob("app", blob.descriptor.digest, never);
    await narrow.close();
    expect(registry.connections).toBe(1);
  });

  it("tells the observer of each answer", async () => {
    const seen: unknown[] = [];
    const watched = loopbackRegistries({ onRequest: (answer) => seen.push(answer) });
    registry.expect(`HEAD ${blobPath}`, { status: 404 });
    await watched.open(registry.host).headBlob("app", blob.descriptor.digest, never);
    await watched.close();
    expect(seen).toEqual([{ method: "HEAD", origin: registry.origin, status: 404 }]);
  });

  it("breaks what is under way when it is closed", async () => {
    registry.expect(`HEAD ${blobPath}`, () => {
      void registries.close();
      return undefined;
    });
    await failureOf(() => open().headBlob("app", digestOf("content"), never), "network");
  });

  it("has default upstreams that can be read", () => {
    const rules = parseHostRules(defaultUpstreams);
    expect(rules.find("docker.io")).toMatchObject({ scheme: "https", port: 443 });
    expect(rules.find("ghcr.io")?.addresses).toBeUndefined();
  });
});
