import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../../shared/model/digest.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../../support/local-registry.ts";
import { errorCode, type OciClient } from "../../support/oci-client.ts";
import { registryMembers } from "../../support/registry-members.ts";

// After the content management category of the specification's conformance tests.
describe.each(registryMembers)("content management, access $kind", (access) => {
  const repository = "suite/one";
  let registry: RegistryUnderTest;
  let client: OciClient;

  beforeAll(async () => {
    registry = await startRegistryUnderTest(access);
    client = registry.client;
  });
  afterAll(() => registry.close());

  const status = async (method: string, path: string) =>
    (await client.send(method, `/v2/${repository}/${path}`)).status;

  it("deletes a tag and leaves its manifest", async () => {
    const { digest } = await client.pushImage(repository, "tag-to-go");
    expect(await status("DELETE", "manifests/tag-to-go")).toBe(202);
    expect(await status("HEAD", "manifests/tag-to-go")).toBe(404);
    expect(await status("HEAD", `manifests/${digest}`)).toBe(200);
    expect(await status("DELETE", "manifests/tag-to-go")).toBe(404);
  });

  it("deletes a manifest with all its tags, and no others", async () => {
    const { digest, body } = await client.pushImage(repository, "first");
    await client.pushManifest(repository, "second", { body });
    await client.pushImage(repository, "other");
    expect(await status("DELETE", `manifests/${digest}`)).toBe(202);
    for (const reference of ["first", "second", digest])
      expect(await status("GET", `manifests/${reference}`)).toBe(404);
    const listed = await client.send("GET", `/v2/${repository}/tags/list`);
    expect(((await listed.json()) as { tags: string[] }).tags).toEqual(["other"]);
    expect(await status("DELETE", `manifests/${digest}`)).toBe(404);
  });

  it("deletes a blob", async () => {
    const { digest } = await client.pushBlob(repository, "to go");
    expect(await status("DELETE", `blobs/${digest}`)).toBe(202);
    expect(await status("HEAD", `blobs/${digest}`)).toBe(404);
    expect(await status("DELETE", `blobs/${digest}`)).toBe(404);
  });

  it("takes back what was deleted", async () => {
    const { digest } = await client.pushImage(repository, "again");
    await client.send("DELETE", `/v2/${repository}/manifests/${digest}`);
    expect((await client.pushImage(repository, "again")).digest).toBe(digest);
    expect(await status("HEAD", "manifests/again")).toBe(200);
  });

  it.each([
    ["POST", "manifests/x", "GET, HEAD, PUT, DELETE"],
    ["PUT", `blobs/${digestOf("x")}`, "GET, HEAD, DELETE"],
    ["DELETE", "tags/list", "GET, HEAD"],
    ["GET", "blobs/uploads/", "POST"],
  ])("refuses %s of %s and says what it takes", async (method, path, allow) => {
    const response = await client.send(method, `/v2/${repository}/${path}`);
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe(allow);
    expect(await errorCode(response)).toBe("UNSUPPORTED");
  });
});
