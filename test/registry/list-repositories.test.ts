import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import { failureOf } from "../support/failures.ts";
import { makeImage } from "../support/images.ts";
import { startRegistryUnderTest } from "../support/local-registry.ts";
import { loopbackRegistries, never, user } from "../support/registries.ts";
import {
  type Reply,
  type ScriptedServer,
  sightings,
  startScriptedServer,
} from "../support/scripted-server.ts";

const first = "GET /v2/_catalog?n=1000";
const repositories = (names: unknown, link?: string): Reply => ({
  body: JSON.stringify({ repositories: names }),
  ...(link === undefined ? {} : { headers: { link } }),
});

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
const list = (credential?: string) => registries.open(server.host, credential).listRepositories(never);

describe("the catalogue", () => {
  it("is read over all its pages, as their links say", async () => {
    server.expect(first, repositories(["a", "b"], '</v2/_catalog?last=b&n=2>; rel="next"'));
    server.expect(
      "GET /v2/_catalog?last=b&n=2",
      repositories(["b", "c/d"], `<${server.origin}/v2/_catalog?x>; rel="next"`),
    );
    server.expect("GET /v2/_catalog?x", repositories(null));
    expect(await list()).toEqual(["a", "b", "b", "c/d"]);
  });

  it.each([400, 405, 416, 422])("is read in modest pages after a %i", async (status) => {
    server.expect(first, { status, body: '{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}' });
    server.expect("GET /v2/_catalog?n=100", repositories(["a"]));
    expect(await list()).toEqual(["a"]);
  });

  it("is read with a token for it", async () => {
    const realm = `${server.origin}/token`;
    const challenge = `Bearer realm="${realm}",service="reg",scope="registry:catalog:*"`;
    server.expect(first, { status: 401, headers: { "www-authenticate": challenge } }, repositories(["a"]));
    server.expect("GET /token?service=reg&scope=registry%3Acatalog%3A*", { body: '{"token":"t"}' });
    expect(await list("env:ROBOT")).toEqual(["a"]);
    expect(sightings(server, user.password)).toEqual([
      "GET /token?service=reg&scope=registry%3Acatalog%3A*: authorization",
    ]);
  });

  it.each<[string, Reply, FailureCode]>([
    ["a page", { body: "<html>" }, "protocol"],
    ["tags", { body: '{"tags":["a"]}' }, "protocol"],
    ["names that are none", repositories([1]), "protocol"],
    ["a key twice", { body: '{"repositories":["a"],"repositories":["b"]}' }, "protocol"],
    ["a link to itself", repositories(["a"], "</v2/_catalog?n=1000>; rel=next"), "protocol"],
    ["a link elsewhere", repositories(["a"], "<http://127.0.0.1:1/v2/_catalog>; rel=next"), "blocked"],
    ["429", { status: 429 }, "rate-limited"],
    ["503", { status: 503 }, "unavailable"],
  ])("is not read from %s", async (_name, reply, code) => {
    server.expect(first, reply);
    await failureOf(() => list(), code);
  });

  it.each<[string, Reply]>([
    ["401 to all, as Docker Hub", { status: 401 }],
    ["403, as Harbor to those who are no administrators", { status: 403 }],
    ["404, as registries without one", { status: 404 }],
    ["501", { status: 501 }],
  ])("that is not for us is told of: %s", async (_name, reply) => {
    server.expect(first, reply);
    const { message } = await failureOf(() => list(), "unsupported");
    expect(message).toContain("does not list its repositories to us");
    expect(message).toContain("wharfgate watch add");
  });

  it.each([
    ["docker.io", "Docker Hub does not list its repositories (https://"],
    ["ghcr.io", "GitHub does not list"],
    ["registry.gitlab.com", "GitLab.com does not list"],
  ])("of %s is not asked for", async (host, says) => {
    const far = loopbackRegistries({ rules: parseHostRules("*"), resolve: async () => [] });
    const { message } = await failureOf(() => far.open(host).listRepositories(never), "unsupported");
    expect(message).toContain(says);
    await far.close();
  });
});

it.each([["anonymous"], ["basic"]] as const)("the local registry lists what it has, %s", async (kind) => {
  const local = await startRegistryUnderTest(kind === "basic" ? { kind, ...user } : { kind });
  const { host } = local;
  const registry = registries.open(host, kind === "basic" ? "env:ROBOT" : undefined);
  const image = makeImage([], "amd64");
  for (const repository of ["suite/one", "suite/two"]) {
    for (const { descriptor, bytes } of image.blobs) {
      const upload = await registry.startUpload(repository, never);
      await upload.commit(descriptor.digest, never, bytes);
    }
    await registry.putManifest(repository, "1.0.0", image.manifest, never);
  }
  expect(await registry.listRepositories(never)).toEqual(["suite/one", "suite/two"]);
  await local.close();
});
