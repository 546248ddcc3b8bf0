import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { ClientCertificate } from "../../shared/http/client-certificate.ts";
import { parseHostCertificate } from "../../shared/http/client-certificate.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { makeCertificate } from "../support/certificate.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob } from "../support/images.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const serverSide = await makeCertificate("localhost");
const mine = await makeCertificate("me.corp");
const another = await makeCertificate("another.corp");
const list = "GET /v2/app/tags/list?n=1000";
const found = { body: '{"tags":["a"]}' };
const blob = makeBlob("content");
const blobPath = `/v2/app/blobs/${blob.descriptor.digest}`;

const servers: ScriptedServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.finish();
});

/** A real TLS server that demands a certificate, or asks for one and takes callers without. */
async function startAsking(demand: "demands" | "asks", issuer = mine.cert): Promise<ScriptedServer> {
  const server = await startScriptedServer({
    ...serverSide,
    requestCert: true,
    rejectUnauthorized: demand === "demands",
    ca: [issuer],
  });
  servers.push(server);
  return server;
}

function registriesWith(certificates: Readonly<Record<string, ClientCertificate>>, pins = "") {
  const [registry, host] = pins.split("=");
  return loopbackRegistries({
    rules: parseHostRules("127.0.0.1:*=127.0.0.0/8 localhost:*=127.0.0.0/8"),
    ca: serverSide.cert,
    clientCertificates: new Map(Object.entries(certificates)),
    ...(registry === undefined || host === undefined ? {} : { tokenHosts: new Map([[registry, [host]]]) }),
  });
}

describe("a client certificate", () => {
  it("opens a registry that demands it", async () => {
    const registry = await startAsking("demands");
    registry.expect(list, found);
    const registries = registriesWith({ [registry.host]: mine });
    expect([...tagsOf(await registries.open(registry.host).listTags("app", never))]).toEqual(["a"]);
    expect(registry.offered).toEqual(["me.corp"]);
    await registries.close();
  });

  it.each([
    ["none", {}],
    ["the wrong one", another],
  ])("is missed by it when there is %s", async (_name, certificate) => {
    const registry = await startAsking("demands");
    const registries = registriesWith("cert" in certificate ? { [registry.host]: certificate } : {});
    // Node's server sends no TLS alert that would tell why; see network-failure.test.ts for those that do.
    await failureOf(() => registries.open(registry.host).listTags("app", never), "network");
    expect(registry.received).toEqual([]);
    await registries.close();
  });

  it("is not offered to where the registry redirects", async () => {
    const [registry, store] = [await startAsking("demands"), await startAsking("asks")];
    registry.expect(`GET ${blobPath}`, { status: 307, headers: { location: `${store.origin}/blob` } });
    store.expect("GET /blob", { body: blob.bytes });
    const registries = registriesWith({ [registry.host]: mine });
    const body = await registries.open(registry.host).getBlob("app", blob.descriptor, { signal: never });
    for await (const _chunk of body);
    expect([registry.offered, store.offered]).toEqual([["me.corp"], [undefined]]);
    await registries.close();
  });

  it("is not offered to a token service that is not pinned, and is to one that is", async () => {
    for (const pinned of [false, true]) {
      const [registry, auth] = [await startAsking("demands"), await startAsking("asks")];
      const authHost = `localhost:${auth.port}`;
      const realm = `https://${authHost}/token`;
      const challenge = { status: 401, headers: { "www-authenticate": `Bearer realm="${realm}"` } };
      registry.expect(list, challenge, found);
      auth.expect("GET /token?scope=repository%3Aapp%3Apull", { body: '{"token":"t"}' });
      const registries = registriesWith(
        { [registry.host]: mine, [authHost]: mine },
        pinned ? `${registry.host}=${authHost}` : "",
      );
      await registries.open(registry.host).listTags("app", never);
      expect(auth.offered).toEqual([pinned ? "me.corp" : undefined]);
      await registries.close();
    }
  });

  it("is not offered to its own host on behalf of another registry", async () => {
    const [registry, stranger] = [await startAsking("asks"), await startAsking("asks")];
    stranger.expect(`GET ${blobPath}`, { status: 307, headers: { location: `${registry.origin}/x` } });
    registry.expect("GET /x", { body: blob.bytes });
    const registries = registriesWith({ [registry.host]: mine });
    const body = await registries.open(stranger.host).getBlob("app", blob.descriptor, { signal: never });
    for await (const _chunk of body);
    expect([stranger.offered, registry.offered]).toEqual([[undefined], [undefined]]);
    await registries.close();
  });
});

describe("a PFX", () => {
  const file = join(import.meta.dirname, "../fixtures/client.pfx");
  const issuer = readFileSync(join(import.meta.dirname, "../fixtures/client.pem"), "utf8");

  it.each([
    ["as a file", file],
    ["in base64", readFileSync(file).toString("base64")],
  ])("opens a registry too, %s", async (_how, pfx) => {
    const registry = await startAsking("demands", issuer);
    registry.expect(list, found);
    const text = JSON.stringify({ host: registry.host, pfx, passphrase: "open sesame" });
    const { host, certificate } = parseHostCertificate(text, (path) => readFileSync(path));
    const registries = registriesWith({ [host]: certificate });
    await registries.open(registry.host).listTags("app", never);
    expect(registry.offered).toEqual(["me.corp"]);
    await registries.close();
  });

  it("is not opened by another passphrase", async () => {
    const text = JSON.stringify({ host: "a.corp", pfx: file, passphrase: "hunter2" });
    const opening = failureOf(() => parseHostCertificate(text, (path) => readFileSync(path)), "invalid");
    expect((await opening).message).not.toContain("hunter2");
  });
});
