import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mediaTypes } from "../../../shared/model/descriptor.ts";
import { digestOf } from "../../../shared/model/digest.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../../support/local-registry.ts";
import { errorCode, type OciClient, type PushedImage } from "../../support/oci-client.ts";
import { registryMembers } from "../../support/registry-members.ts";

// After the pull category of the specification's conformance tests.
describe.each(registryMembers)("pulling, access $kind", (access) => {
  const repository = "suite/deep/blobs/uploads";
  const text = "0123456789".repeat(10);
  const blob = `/v2/${repository}/blobs/${digestOf(text)}`;
  let registry: RegistryUnderTest;
  let client: OciClient;
  let image: PushedImage;

  beforeAll(async () => {
    registry = await startRegistryUnderTest(access);
    client = registry.client;
    image = await client.pushImage(repository, "1.0");
    await client.pushBlob(repository, text);
  });
  afterAll(() => registry.close());

  it("answers the ping", async () => {
    const response = await client.send("GET", "/v2/");
    expect(response.status).toBe(200);
    expect(response.headers.get("docker-distribution-api-version")).toBe("registry/2.0");
  });

  it.each(["GET", "HEAD"])("%s of a manifest by tag and by digest", async (method) => {
    for (const reference of ["1.0", image.digest]) {
      const response = await client.send(method, `/v2/${repository}/manifests/${reference}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(mediaTypes.ociManifest);
      expect(response.headers.get("content-length")).toBe(String(image.body.length));
      expect(response.headers.get("docker-content-digest")).toBe(image.digest);
      expect(await response.text()).toBe(method === "GET" ? image.body : "");
    }
  });

  it.each(["GET", "HEAD"])("%s of a blob", async (method) => {
    const response = await client.send(method, blob);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("100");
    expect(response.headers.get("docker-content-digest")).toBe(digestOf(text));
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(await response.text()).toBe(method === "GET" ? text : "");
  });

  it.each([
    ["bytes=10-19", "bytes 10-19/100", text.slice(10, 20)],
    ["bytes=95-", "bytes 95-99/100", text.slice(95)],
    ["bytes=-5", "bytes 95-99/100", text.slice(95)],
    ["bytes=95-5000", "bytes 95-99/100", text.slice(95)],
  ])("gives the part %s of a blob", async (range, contentRange, expected) => {
    const response = await client.send("GET", blob, { headers: { range } });
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(contentRange);
    expect(response.headers.get("content-length")).toBe(String(expected.length));
    expect(await response.text()).toBe(expected);
  });

  it.each(["bytes=100-", "bytes=500-600", "bytes=50-0", "bytes=-0"])(
    "refuses the part %s with 416",
    async (range) => {
      const response = await client.send("GET", blob, { headers: { range } });
      expect(response.status).toBe(416);
      expect(response.headers.get("content-range")).toBe("bytes */100");
    },
  );

  it.each([
    ["a Range that nobody can read", { range: "bytes=a-b" }, 200],
    ["an If-Range of other bytes", { range: "bytes=0-1", "if-range": '"other"' }, 200],
    ["an If-Range of these bytes", { range: "bytes=0-1", "if-range": `"${digestOf(text)}"` }, 206],
  ])("answers %s", async (_name, headers, status) => {
    expect((await client.send("GET", blob, { headers })).status).toBe(status);
  });

  it.each([
    ["a manifest by tag", "manifests/nowhere", "MANIFEST_UNKNOWN"],
    ["a manifest by digest", `manifests/${digestOf("nowhere")}`, "MANIFEST_UNKNOWN"],
    ["a blob", `blobs/${digestOf("nowhere")}`, "BLOB_UNKNOWN"],
    ["a blob by a bad digest", "blobs/sha256:bad", "DIGEST_INVALID"],
  ])("has no %s", async (_name, path, code) => {
    const response = await client.send("GET", `/v2/${repository}/${path}`);
    expect(response.status).toBe(code === "DIGEST_INVALID" ? 400 : 404);
    expect(await errorCode(response)).toBe(code);
    expect((await client.send("HEAD", `/v2/${repository}/${path}`)).status).toBe(response.status);
  });

  it("keeps each repository's blobs to itself", async () => {
    expect((await client.send("GET", blob.replace(repository, "suite/one"))).status).toBe(404);
  });
});
