import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mediaTypes } from "../../../shared/model/descriptor.ts";
import { digestOf } from "../../../shared/model/digest.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../../support/local-registry.ts";
import { errorCode, imageManifest, indexManifest, type OciClient } from "../../support/oci-client.ts";
import { registryMembers } from "../../support/registry-members.ts";

// After the push category of the specification's conformance tests.
describe.each(registryMembers)("pushing, access $kind", (access) => {
  const repository = "suite/one";
  let registry: RegistryUnderTest;
  let client: OciClient;

  beforeAll(async () => {
    registry = await startRegistryUnderTest(access);
    client = registry.client;
  });
  afterAll(() => registry.close());

  async function startUpload(): Promise<string> {
    const response = await client.send("POST", `/v2/${repository}/blobs/uploads/`);
    expect(response.status).toBe(202);
    return response.headers.get("location") ?? "";
  }

  async function expectBlob(digest: string, bytes: Uint8Array): Promise<void> {
    const response = await client.send("GET", `/v2/${repository}/blobs/${digest}`);
    expect(response.status).toBe(200);
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  }

  function chunk(location: string, bytes: Uint8Array, range: string): Promise<Response> {
    return client.send("PATCH", location, { headers: { "content-range": range }, body: bytes });
  }

  describe.each(["sha256", "sha512"] as const)("a blob by %s", (algorithm) => {
    it.each([
      ["of 4 KiB", randomBytes(4096)],
      ["of 3 MiB", randomBytes(3 * 1024 * 1024)],
      ["that is empty", Buffer.alloc(0)],
    ])("%s, in one POST", async (_name, bytes) => {
      const digest = digestOf(bytes, algorithm);
      const response = await client.send("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
        body: bytes,
      });
      expect(response.status).toBe(201);
      expect(response.headers.get("location")).toBe(`/v2/${repository}/blobs/${digest}`);
      expect(response.headers.get("docker-content-digest")).toBe(digest);
      await expectBlob(digest, bytes);
    });

    it("by POST and PUT", async () => {
      const bytes = randomBytes(1000);
      const digest = digestOf(bytes, algorithm);
      const response = await client.send("PUT", `${await startUpload()}?digest=${digest}`, { body: bytes });
      expect(response.status).toBe(201);
      await expectBlob(digest, bytes);
    });

    it("streamed, without a range", async () => {
      const bytes = randomBytes(1000);
      const digest = digestOf(bytes, algorithm);
      const patched = await client.send("PATCH", await startUpload(), { body: bytes });
      expect(patched.status).toBe(202);
      expect(patched.headers.get("range")).toBe("0-999");
      const response = await client.send("PUT", `${patched.headers.get("location")}?digest=${digest}`);
      expect(response.status).toBe(201);
      await expectBlob(digest, bytes);
    });

    it("in chunks, the last one with the PUT", async () => {
      const bytes = randomBytes(3000);
      const digest = digestOf(bytes, algorithm);
      const location = await startUpload();
      expect((await chunk(location, bytes.subarray(0, 1000), "0-999")).status).toBe(202);
      expect((await chunk(location, bytes.subarray(1000, 2000), "1000-1999")).status).toBe(202);
      const response = await client.send("PUT", `${location}?digest=${digest}`, {
        headers: { "content-range": "2000-2999" },
        body: bytes.subarray(2000),
      });
      expect(response.status).toBe(201);
      await expectBlob(digest, bytes);
    });
  });

  it("refuses a chunk out of order with 416 and says where to go on", async () => {
    const bytes = randomBytes(2000);
    const location = await startUpload();
    expect((await chunk(location, bytes.subarray(1000), "1000-1999")).status).toBe(416);
    expect((await chunk(location, bytes.subarray(0, 1000), "0-999")).status).toBe(202);
    const again = await chunk(location, bytes.subarray(0, 1000), "0-999");
    expect(again.status).toBe(416);
    expect(again.headers.get("range")).toBe("0-999");
    expect(again.headers.get("location")).toBe(location);
    const early = await client.send("PUT", `${location}?digest=${digestOf(bytes)}`, {
      headers: { "content-range": "1500-1999" },
      body: bytes.subarray(1500),
    });
    expect(early.status).toBe(416);
    expect((await chunk(location, bytes.subarray(1000), "1000-1999")).status).toBe(202);
    expect((await client.send("PUT", `${location}?digest=${digestOf(bytes)}`)).status).toBe(201);
    await expectBlob(digestOf(bytes), bytes);
  });

  it("tells how far an upload has come, and forgets one that is cancelled", async () => {
    const location = await startUpload();
    expect((await client.send("GET", location)).headers.get("range")).toBe("0-0");
    await client.send("PATCH", location, { body: randomBytes(500) });
    const shown = await client.send("GET", location);
    expect(shown.status).toBe(204);
    expect(shown.headers.get("range")).toBe("0-499");
    expect(shown.headers.get("location")).toBe(location);
    expect((await client.send("DELETE", location)).status).toBe(204);
    expect((await client.send("GET", location)).status).toBe(404);
  });

  it("refuses a chunk that is not as long as its range says, and keeps what was there", async () => {
    const location = await startUpload();
    await client.send("PATCH", location, { body: randomBytes(10) });
    const response = await chunk(location, randomBytes(5), "10-29");
    expect(response.status).toBe(400);
    expect(await errorCode(response)).toBe("SIZE_INVALID");
    expect((await client.send("GET", location)).headers.get("range")).toBe("0-9");
  });

  it("keeps an upload to its repository", async () => {
    const other = (await startUpload()).replace(repository, "suite/two");
    expect((await client.send("GET", other)).status).toBe(404);
    expect((await client.send("PATCH", other, { body: "x" })).status).toBe(404);
  });

  it.each([
    [
      "one POST",
      async (wrong: string) =>
        client.send("POST", `/v2/${repository}/blobs/uploads/?digest=${wrong}`, { body: "x" }),
    ],
    [
      "POST and PUT",
      async (wrong: string) => client.send("PUT", `${await startUpload()}?digest=${wrong}`, { body: "x" }),
    ],
  ])("refuses bytes that are not what their digest says, by %s, and keeps nothing", async (_name, push) => {
    const wrong = digestOf(randomBytes(20));
    const response = await push(wrong);
    expect(response.status).toBe(400);
    expect(await errorCode(response)).toBe("DIGEST_INVALID");
    expect((await client.send("HEAD", `/v2/${repository}/blobs/${wrong}`)).status).toBe(404);
  });

  it("refuses a PUT without a digest and goes on after it", async () => {
    const location = await startUpload();
    expect((await client.send("PUT", location, { body: "abc" })).status).toBe(400);
    expect((await client.send("PUT", `${location}?digest=${digestOf("abc")}`, { body: "abc" })).status).toBe(
      201,
    );
  });

  it("mounts a blob of another repository", async () => {
    const { digest } = await client.pushBlob("suite/two", `to mount ${access.kind}`);
    const response = await client.send(
      "POST",
      `/v2/${repository}/blobs/uploads/?mount=${digest}&from=suite/two`,
    );
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe(`/v2/${repository}/blobs/${digest}`);
    await client.send("DELETE", `/v2/suite/two/blobs/${digest}`);
    await expectBlob(digest, Buffer.from(`to mount ${access.kind}`));
  });

  it.each([
    ["that the other repository does not have", `mount=${digestOf("nowhere")}&from=suite/two`],
    ["without saying from where", `mount=${digestOf("nowhere")}`],
  ])("opens an upload for a mount %s", async (_name, query) => {
    const response = await client.send("POST", `/v2/${repository}/blobs/uploads/?${query}`);
    expect(response.status).toBe(202);
    const location = response.headers.get("location");
    expect((await client.send("PUT", `${location}?digest=${digestOf("y")}`, { body: "y" })).status).toBe(201);
  });

  describe("a manifest", () => {
    async function parts() {
      const config = await client.pushBlob(repository, "{}");
      const layer = await client.pushBlob(repository, "layer");
      return { config, layers: [layer] };
    }

    it("by tag and by digest, in sha256 and sha512", async () => {
      const body = imageManifest(await parts());
      const tagged = await client.pushManifest(repository, "tagged", { body });
      expect(tagged.status).toBe(201);
      expect(tagged.headers.get("docker-content-digest")).toBe(digestOf(body));
      expect(tagged.headers.get("location")).toBe(`/v2/${repository}/manifests/${digestOf(body)}`);
      for (const digest of [digestOf(body), digestOf(body, "sha512")]) {
        const response = await client.pushManifest(repository, digest, { body });
        expect(response.status).toBe(201);
        expect(response.headers.get("docker-content-digest")).toBe(digest);
      }
    });

    it("says which subject it refers to, also one that is not there", async () => {
      const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf("missing"), size: 7 };
      const response = await client.pushManifest(repository, "with-subject", {
        body: imageManifest({ ...(await parts()), subject }),
      });
      expect(response.status).toBe(201);
      expect(response.headers.get("oci-subject")).toBe(subject.digest);
    });

    it.each([
      ["without layers", { layers: [] }],
      ["with layers of null", { layers: null }],
      ["with fields of its own", { "org.example": { a: [1] } }],
      ["with layers that live elsewhere", { layers: [foreignLayer] }],
      ["without a mediaType of its own", { mediaType: undefined }],
    ])("%s is taken", async (name, changed) => {
      const body = imageManifest({ ...(await parts()), ...changed });
      expect((await client.pushManifest(repository, name.replaceAll(" ", "-"), { body })).status).toBe(201);
    });

    it("of almost 4 MiB is taken, one above is not", async () => {
      const annotations = (bytes: number) => ({ annotations: { a: "A".repeat(bytes) } });
      const almost = imageManifest({ ...(await parts()), ...annotations(3_900_000) });
      expect((await client.pushManifest(repository, "large", { body: almost })).status).toBe(201);
      const above = imageManifest({ ...(await parts()), ...annotations(4 * 1024 * 1024) });
      const response = await client.pushManifest(repository, "larger", { body: above });
      expect(response.status).toBe(413);
    });

    it("index of images, of an index, and an empty one", async () => {
      const { digest, body } = await client.pushImage(repository, "child");
      const child = { mediaType: mediaTypes.ociManifest, digest, size: body.length };
      const index = indexManifest({ manifests: [child] });
      expect(
        (await client.pushManifest(repository, "index", { mediaType: mediaTypes.ociIndex, body: index }))
          .status,
      ).toBe(201);
      const nested = indexManifest({
        manifests: [{ mediaType: mediaTypes.ociIndex, digest: digestOf(index), size: index.length }],
      });
      expect(
        (await client.pushManifest(repository, "nested", { mediaType: mediaTypes.ociIndex, body: nested }))
          .status,
      ).toBe(201);
      const empty = indexManifest({ manifests: [] });
      expect(
        (await client.pushManifest(repository, "empty", { mediaType: mediaTypes.ociIndex, body: empty }))
          .status,
      ).toBe(201);
    });

    it("in Docker's types", async () => {
      const { config, layers } = await parts();
      const body = imageManifest({ mediaType: mediaTypes.dockerManifest, config, layers });
      const pushed = await client.pushManifest(repository, "docker", {
        mediaType: mediaTypes.dockerManifest,
        body,
      });
      expect(pushed.status).toBe(201);
      const list = indexManifest({
        mediaType: mediaTypes.dockerList,
        manifests: [{ mediaType: mediaTypes.dockerManifest, digest: digestOf(body), size: body.length }],
      });
      expect(
        (
          await client.pushManifest(repository, "docker-list", {
            mediaType: mediaTypes.dockerList,
            body: list,
          })
        ).status,
      ).toBe(201);
      const got = await client.send("HEAD", `/v2/${repository}/manifests/docker-list`);
      expect(got.headers.get("content-type")).toBe(mediaTypes.dockerList);
    });

    const missing = { mediaType: "application/octet-stream", digest: digestOf("not there"), size: 9 };
    it.each([
      ["a config", (p: Parts) => imageManifest({ ...p, config: missing }), mediaTypes.ociManifest],
      ["a layer", (p: Parts) => imageManifest({ ...p, layers: [missing] }), mediaTypes.ociManifest],
      [
        "a child",
        () => indexManifest({ manifests: [{ ...missing, mediaType: mediaTypes.ociManifest }] }),
        mediaTypes.ociIndex,
      ],
    ])("that lacks %s is refused and not tagged", async (_name, make, mediaType) => {
      const response = await client.pushManifest(repository, "incomplete", {
        mediaType,
        body: make(await parts()),
      });
      expect(response.status).toBe(404);
      expect(await errorCode(response)).toBe("MANIFEST_BLOB_UNKNOWN");
      expect((await client.send("HEAD", `/v2/${repository}/manifests/incomplete`)).status).toBe(404);
    });

    it.each<[string, (p: Parts) => string | Uint8Array, string, number, string]>([
      ["no JSON", () => "not json", mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
      ["JSON of nothing", () => "null", mediaTypes.ociManifest, 400, "MANIFEST_INVALID"],
      [
        "bytes that are not UTF-8",
        () => Buffer.from([0x22, 0xff, 0x22]),
        mediaTypes.ociManifest,
        400,
        "MANIFEST_INVALID",
      ],
      [
        "no config",
        ({ layers }) => imageManifest({ layers }),
        mediaTypes.ociManifest,
        400,
        "MANIFEST_INVALID",
      ],
      [
        "image and index at once",
        (p) => imageManifest({ ...p, manifests: [] }),
        mediaTypes.ociManifest,
        400,
        "MANIFEST_INVALID",
      ],
      [
        "index and image at once",
        (p) => indexManifest({ ...p, manifests: [] }),
        mediaTypes.ociIndex,
        400,
        "MANIFEST_INVALID",
      ],
      ["another type than it says", (p) => imageManifest(p), mediaTypes.ociIndex, 400, "MANIFEST_INVALID"],
      [
        "a digest that is a path",
        ({ layers }) => imageManifest({ layers, config: { ...missing, digest: "sha256:../../x" } }),
        mediaTypes.ociManifest,
        400,
        "MANIFEST_INVALID",
      ],
      [
        "a negative size",
        ({ layers }) => imageManifest({ layers, config: { ...missing, size: -1 } }),
        mediaTypes.ociManifest,
        400,
        "MANIFEST_INVALID",
      ],
      ["schema 1", () => JSON.stringify({ schemaVersion: 1 }), mediaTypes.dockerSchema1, 415, "UNSUPPORTED"],
      ["a web page", () => "<html>", "text/html", 400, "MANIFEST_INVALID"],
    ])("of %s is refused", async (_name, make, mediaType, status, code) => {
      const response = await client.pushManifest(repository, "refused", {
        mediaType,
        body: make(await parts()),
      });
      expect(response.status).toBe(status);
      expect(await errorCode(response)).toBe(code);
      expect((await client.send("HEAD", `/v2/${repository}/manifests/refused`)).status).toBe(404);
    });

    it("whose digest is another than the one it is pushed by is refused", async () => {
      const body = imageManifest(await parts());
      const response = await client.pushManifest(repository, digestOf("other"), { body: `${body}  ` });
      expect(response.status).toBe(400);
      expect(await errorCode(response)).toBe("DIGEST_INVALID");
    });
  });

  it("lets one of two pushes to a tag win, whole", async () => {
    const images = await Promise.all(
      Array.from({ length: 8 }, (_, i) => client.pushImage(repository, `racer-${i}`)),
    );
    const answers = await Promise.all(
      images.map(({ body }) => client.pushManifest(repository, "race", { body })),
    );
    expect(answers.map(({ status }) => status)).toEqual(images.map(() => 201));
    const response = await client.send("GET", `/v2/${repository}/manifests/race`);
    const digest = response.headers.get("docker-content-digest");
    expect(images.map((image) => image.digest)).toContain(digest);
    expect(
      `sha256:${createHash("sha256")
        .update(await response.text())
        .digest("hex")}`,
    ).toBe(digest);
  });
});

type Parts = { readonly config: unknown; readonly layers: readonly unknown[] };

const foreignLayer = {
  mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  digest: digestOf("elsewhere"),
  size: 100,
  urls: ["https://store.example/blob"],
};
