import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Descriptor, mediaTypes } from "../../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../../shared/model/digest.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../../support/local-registry.ts";
import { errorCode, imageManifest, type OciClient, type PushedImage } from "../../support/oci-client.ts";
import { registryMembers } from "../../support/registry-members.ts";

// After the content discovery category of the specification's conformance tests.
describe.each(registryMembers)("content discovery, access $kind", (access) => {
  let registry: RegistryUnderTest;
  let client: OciClient;

  beforeAll(async () => {
    registry = await startRegistryUnderTest(access);
    client = registry.client;
  });
  afterAll(() => registry.close());

  describe("tags", () => {
    const repository = "suite/one";
    const tags = ["1.0", "1.0-RC1", "1.0-rc1", "latest", "zeta"];

    beforeAll(async () => {
      const { body } = await client.pushImage(repository, "1.0");
      for (const tag of tags) await client.pushManifest(repository, tag, { body });
    });

    async function list(query: string): Promise<{ tags: string[]; next: string | undefined }> {
      const response = await client.send("GET", `/v2/${repository}/tags/list${query}`);
      expect(response.status).toBe(200);
      const body = (await response.json()) as { name: string; tags: string[] };
      expect(body.name).toBe(repository);
      return { tags: body.tags, next: /<(.+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1] };
    }

    it("all, with no link", async () => {
      expect(await list("")).toEqual({ tags, next: undefined });
    });

    it.each([1, 2, 3, 5])("page by page of %i, by the links", async (n) => {
      const found: string[] = [];
      for (let query: string | undefined = `?n=${n}`; query !== undefined; ) {
        const page = await list(query);
        expect(page.tags.length).toBeLessThanOrEqual(n);
        found.push(...page.tags);
        query = page.next && new URL(page.next, registry.origin).search;
      }
      expect(found).toEqual(tags);
    });

    it("none for n=0, the rest after last", async () => {
      expect((await list("?n=0")).tags).toEqual([]);
      expect((await list("?last=1.0-rc1")).tags).toEqual(["latest", "zeta"]);
    });

    it("refuses an n that is no count", async () => {
      const response = await client.send("GET", `/v2/${repository}/tags/list?n=many`);
      expect(response.status).toBe(400);
      expect(await errorCode(response)).toBe("PAGINATION_NUMBER_INVALID");
    });

    it("knows no tags of a repository that is not there", async () => {
      const response = await client.send("GET", "/v2/suite/two/tags/list");
      expect(response.status).toBe(404);
      expect(await errorCode(response)).toBe("NAME_UNKNOWN");
    });

    it("names the repositories", async () => {
      const response = await client.send("GET", "/v2/_catalog");
      expect(((await response.json()) as { repositories: string[] }).repositories).toContain(repository);
    });
  });

  describe("referrers", () => {
    const repository = "suite/deep/blobs/uploads";
    let subject: PushedImage;
    let signature: Digest;
    let sbom: Digest;

    beforeAll(async () => {
      subject = await client.pushImage(repository, "subject");
      const empty = await client.pushBlob(repository, "{}");
      const to = { mediaType: mediaTypes.ociManifest, digest: subject.digest, size: subject.body.length };
      signature = await refer({
        artifactType: "application/vnd.example.signature",
        annotations: { "org.example": "yes" },
        config: empty,
        layers: [],
        subject: to,
      });
      const config = { ...empty, mediaType: "application/vnd.example.sbom" };
      sbom = await refer({ config, layers: [], subject: to });
    });

    async function refer(parts: Record<string, unknown>): Promise<Digest> {
      const body = imageManifest(parts);
      expect((await client.pushManifest(repository, digestOf(body), { body })).status).toBe(201);
      return digestOf(body);
    }

    async function list(query = ""): Promise<{ response: Response; manifests: Descriptor[] }> {
      const response = await client.send("GET", `/v2/${repository}/referrers/${subject.digest}${query}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toBe(mediaTypes.ociIndex);
      const index = (await response.json()) as { mediaType: string; manifests: Descriptor[] };
      expect(index.mediaType).toBe(mediaTypes.ociIndex);
      return { response, manifests: index.manifests };
    }

    it("with their artifact types and annotations", async () => {
      const { manifests, response } = await list();
      expect(response.headers.get("oci-filters-applied")).toBeNull();
      expect(manifests).toHaveLength(2);
      expect(manifests).toContainEqual({
        mediaType: mediaTypes.ociManifest,
        digest: signature,
        size: expect.any(Number),
        artifactType: "application/vnd.example.signature",
        annotations: { "org.example": "yes" },
      });
      expect(manifests).toContainEqual({
        mediaType: mediaTypes.ociManifest,
        digest: sbom,
        size: expect.any(Number),
        artifactType: "application/vnd.example.sbom",
      });
    });

    it("of one artifact type", async () => {
      const { manifests, response } = await list("?artifactType=application/vnd.example.sbom");
      expect(response.headers.get("oci-filters-applied")).toBe("artifactType");
      expect(manifests.map(({ digest }) => digest)).toEqual([sbom]);
    });

    it("none of a subject without any, or that is not there", async () => {
      for (const path of [
        `${repository}/referrers/${digestOf("nobody")}`,
        `suite/two/referrers/${digestOf("x")}`,
      ]) {
        const response = await client.send("GET", `/v2/${path}`);
        expect(response.status).toBe(200);
        expect(await response.json()).toMatchObject({ manifests: [] });
      }
    });

    it("no more once they are deleted", async () => {
      const body = imageManifest({
        config: await client.pushBlob(repository, "gone"),
        layers: [],
        subject: { mediaType: mediaTypes.ociManifest, digest: subject.digest, size: subject.body.length },
      });
      await client.pushManifest(repository, "gone", { body });
      expect((await list()).manifests).toHaveLength(3);
      await client.send("DELETE", `/v2/${repository}/manifests/${digestOf(body)}`);
      expect((await list()).manifests).toHaveLength(2);
    });
  });
});
