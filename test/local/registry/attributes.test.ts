import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../../shared/auth/registries.ts";
import type { Registry } from "../../../shared/registry/registry.ts";
import { failureOf } from "../../support/failures.ts";
import { basic, type RegistryUnderTest, startRegistryUnderTest } from "../../support/local-registry.ts";
import { createOciClient, errorCode } from "../../support/oci-client.ts";
import { loopbackRegistries, never, user } from "../../support/registries.ts";

const repository = "suite/one";

describe("locks as Azure Container Registry's", () => {
  let under: RegistryUnderTest;
  let registries: ClosableRegistries;
  let registry: Registry;

  beforeAll(async () => {
    under = await startRegistryUnderTest({
      kind: "acr",
      admin: user,
      acceptsEntraToken: (token) => token === "entra",
    });
    registries = loopbackRegistries({
      entra: { hosts: [under.host], getToken: async () => "entra" },
    });
    registry = registries.open(under.host, "entra");
  });
  afterAll(async () => {
    await registries.close();
    await under.close();
  });

  const lock = (reference: string) =>
    registry.setLock(repository, reference, { lock: "locked", signal: never });
  const unlock = (reference: string) =>
    registry.setLock(repository, reference, { lock: "open", signal: never });

  it("keep a tag from being moved and deleted, and its manifest from being deleted", async () => {
    const { digest } = await under.client.pushImage(repository, "kept", "one");
    expect(await registry.lockOf(repository, "kept", never)).toBe("open");
    expect(await lock("kept")).toBe("set");
    expect(await registry.lockOf(repository, "kept", never)).toBe("locked");
    expect(await registry.lockOf(repository, digest, never)).toBe("open");

    const { body } = await under.client.pushImage(repository, "other", "two");
    const moved = await under.client.pushManifest(repository, "kept", { body });
    expect([moved.status, await errorCode(moved)]).toEqual([405, "REGISTRY_DISALLOWED_OPERATION"]);
    await failureOf(() => registry.deleteTag(repository, "kept", never), "conflict");
    await failureOf(() => registry.deleteManifest(repository, digest, never), "conflict");
    expect((await registry.headManifest(repository, "kept", never))?.digest).toBe(digest);

    expect(await unlock("kept")).toBe("set");
    expect(await registry.deleteTag(repository, "kept", never)).toBe("deleted");
    expect(await registry.headManifest(repository, digest, never)).toBeDefined();
    expect(await registry.deleteTag(repository, "kept", never)).toBe("absent");
  });

  it("of a manifest keep it, but not its tags", async () => {
    const { digest } = await under.client.pushImage(repository, "by-digest", "three");
    await lock(digest);
    await failureOf(() => registry.deleteManifest(repository, digest, never), "conflict");
    expect(await registry.deleteTag(repository, "by-digest", never)).toBe("deleted");
    await unlock(digest);
    expect(await registry.deleteManifest(repository, digest, never)).toBe("deleted");
    expect(await registry.lockOf(repository, digest, never)).toBe("open");
  });

  it("go with the tag: one that is pushed again is open", async () => {
    const { digest } = await under.client.pushImage(repository, "again", "four");
    await registry.setLock(repository, "again", { lock: "locked", signal: never });
    await unlock("again");
    const client = createOciClient(under.origin, () => basic(user));
    const path = `/acr/v1/${repository}/_tags/again`;
    const listed = { body: JSON.stringify({ listEnabled: false }) };
    expect((await client.send("PATCH", path, listed)).status).toBe(200);
    await registry.deleteManifest(repository, digest, never);
    await under.client.pushImage(repository, "again", "four");
    expect(await (await client.send("GET", path)).json()).toMatchObject({
      imageName: repository,
      tag: { name: "again", digest, changeableAttributes: { listEnabled: true, writeEnabled: true } },
    });
  });

  it.each([
    ["a tag that is not there", "PATCH", "_tags/none", "{}", 404, "TAG_UNKNOWN"],
    ["what is not a flag", "PATCH", "_tags/shown", '{"deleteEnabled":"no"}', 400, "UNSUPPORTED"],
    ["another attribute", "PATCH", "_tags/shown", '{"quarantined":true}', 400, "UNSUPPORTED"],
    ["what is no JSON", "PATCH", "_tags/shown", "{", 400, "UNSUPPORTED"],
    ["what is no tag", "GET", "_tags/-x", undefined, 400, "TAG_INVALID"],
    ["what is no digest", "GET", "_manifests/x", undefined, 400, "DIGEST_INVALID"],
  ])("refuse %s", async (_name, method, path, body, status, code) => {
    await under.client.pushImage(repository, "shown", "five");
    const client = createOciClient(under.origin, () => basic(user));
    const response = await client.send(
      method,
      `/acr/v1/${repository}/${path}`,
      body === undefined ? {} : { body },
    );
    expect([response.status, await errorCode(response)]).toEqual([status, code]);
  });

  it("want a scope of their own", async () => {
    const response = await createOciClient(under.origin).send("PATCH", `/acr/v1/${repository}/_tags/shown`);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain(
      `scope="repository:${repository}:metadata_write,metadata_read"`,
    );
  });
});

it("there are none where the registry is not Azure's", async () => {
  const under = await startRegistryUnderTest({ kind: "anonymous" });
  const registries = loopbackRegistries();
  const registry = registries.open(under.host);
  const { digest } = await under.client.pushImage(repository, "one");
  expect(await registry.lockOf(repository, "one", never)).toBe("none");
  expect(await registry.setLock(repository, digest, { lock: "locked", signal: never })).toBe("none");
  expect(await registry.deleteTag(repository, "one", never)).toBe("deleted");
  expect(await registry.deleteManifest(repository, digest, never)).toBe("deleted");
  await registries.close();
  await under.close();
});
