import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed } from "../support/records.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { type Reply, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const digest = digestNamed("app");
const tagPath = "/acr/v1/app/_tags/1.0";
const oci = (code: string): string => JSON.stringify({ errors: [{ code, message: "x" }] });
const attributes = (write: boolean, deletes: boolean): Reply => ({
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    registry: "r",
    imageName: "app",
    tag: {
      name: "1.0",
      digest,
      changeableAttributes: {
        deleteEnabled: deletes,
        writeEnabled: write,
        listEnabled: true,
        readEnabled: true,
      },
    },
  }),
});
const unknownPath: Reply = { status: 404, body: "404 page not found" };
const lockedReply: Reply = { status: 405, body: oci("REGISTRY_DISALLOWED_OPERATION") };

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

describe("a lock", () => {
  it.each([
    { name: "all enabled", reply: attributes(true, true), is: "open" },
    { name: "writes disabled", reply: attributes(false, true), is: "locked" },
    { name: "deletes disabled", reply: attributes(true, false), is: "locked" },
    {
      name: "a tag that is not there",
      reply: { status: 404, body: oci("TAG_UNKNOWN") },
      is: "open",
    },
    { name: "a path that the registry does not know", reply: unknownPath, is: "none" },
    { name: "a method that it does not know", reply: { status: 405 }, is: "none" },
    { name: "a web page for every path", reply: { body: "<html>" }, is: "none" },
    { name: "JSON of another kind", reply: { body: "{}" }, is: "none" },
  ])("is $is with $name", async ({ reply, is }) => {
    server.expect(`GET ${tagPath}`, reply);
    expect(await registry.lockOf("app", "1.0", never)).toBe(is);
  });

  it.each<[number, FailureCode]>([
    [401, "unauthorized"],
    [403, "forbidden"],
    [500, "unavailable"],
  ])("is not taken for none when the registry answers %i", async (status, code) => {
    server.always(`GET ${tagPath}`, { status });
    await failureOf(() => registry.lockOf("app", "1.0", never), code);
  });

  it("is asked for once where there is none", async () => {
    server.expect(`GET ${tagPath}`, unknownPath);
    await registry.lockOf("app", "1.0", never);
    expect(await registry.lockOf("app", digest, never)).toBe("none");
    expect(await registry.setLock("app", "1.0", { lock: "locked", signal: never })).toBe("none");
  });

  it("is set and taken back by both attributes, of tags and of manifests", async () => {
    server.expect(`PATCH ${tagPath}`, attributes(false, false));
    server.expect(`PATCH /acr/v1/app/_manifests/${digest}`, {
      body: attributes(true, true).body?.toString().replace('"tag"', '"manifest"') ?? "",
    });
    expect(await registry.setLock("app", "1.0", { lock: "locked", signal: never })).toBe("set");
    expect(await registry.setLock("app", digest, { lock: "open", signal: never })).toBe("set");
    expect(server.received.map(({ body }) => JSON.parse(body.toString()) as unknown)).toEqual([
      { deleteEnabled: false, writeEnabled: false },
      { deleteEnabled: true, writeEnabled: true },
    ]);
  });

  it("of what is not there cannot be set", async () => {
    server.expect(`PATCH ${tagPath}`, { status: 404, body: oci("TAG_UNKNOWN") });
    await failureOf(() => registry.setLock("app", "1.0", { lock: "locked", signal: never }), "not-found");
  });
});

describe("deleting a tag", () => {
  const remove = () => registry.deleteTag("app", "1.0", never);

  it("goes by ACR's endpoint where there is one", async () => {
    server.expect(`GET ${tagPath}`, attributes(true, true));
    server.expect(`DELETE ${tagPath}`, { status: 202 });
    expect(await remove()).toBe("deleted");
  });

  it("that ACR has locked is refused as a conflict", async () => {
    server.expect(`GET ${tagPath}`, attributes(false, true));
    server.expect(`DELETE ${tagPath}`, lockedReply);
    expect((await failureOf(remove, "conflict")).message).toContain("locked");
  });

  it.each([
    { name: "202", reply: { status: 202 }, is: "deleted" },
    { name: "404", reply: { status: 404, body: oci("MANIFEST_UNKNOWN") }, is: "absent" },
    {
      name: "400, as docker-registry does",
      reply: { status: 400, body: oci("DIGEST_INVALID") },
      is: "by-digest",
    },
    { name: "405", reply: { status: 405, body: oci("UNSUPPORTED") }, is: "by-digest" },
  ])("elsewhere goes by the specification's: $name means $is", async ({ reply, is }) => {
    server.expect(`GET ${tagPath}`, unknownPath);
    server.expect("DELETE /v2/app/manifests/1.0", reply);
    expect(await remove()).toBe(is);
  });

  it("names nothing outside the grammar", async () => {
    await failureOf(() => registry.deleteTag("app", "../x", never), "invalid");
    await failureOf(() => registry.deleteTag("../app", "1.0", never), "invalid");
  });
});

describe("deleting a manifest", () => {
  const path = `DELETE /v2/app/manifests/${digest}`;
  const remove = () => registry.deleteManifest("app", digest, never);

  it.each([
    [202, "deleted"],
    [404, "absent"],
  ])("answered by %i means %s", async (status, is) => {
    server.expect(path, { status });
    expect(await remove()).toBe(is);
  });

  it("that is locked is a conflict; where deletion is switched off it says how to switch it on", async () => {
    server.expect(path, lockedReply, { status: 405, body: oci("UNSUPPORTED") }, { status: 403 });
    await failureOf(remove, "conflict");
    expect((await failureOf(remove, "unsupported")).message).toContain("storage.delete.enabled");
    await failureOf(remove, "forbidden");
  });
});
