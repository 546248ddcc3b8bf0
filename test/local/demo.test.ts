import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gzipStored } from "../../local/demo/gzip.ts";
import { tarOf } from "../../local/demo/tar.ts";
import { type DemoUpstream, startDemoUpstream } from "../../local/demo/upstream.ts";
import { type Descriptor, mediaTypes } from "../../shared/model/descriptor.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";
import { createOciClient } from "../support/oci-client.ts";

let root: string;
let upstream: DemoUpstream;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "wharfgate-demo-"));
  upstream = await startDemoUpstream({ root });
});
afterEach(async () => {
  await upstream.close();
  await rm(root, { recursive: true, force: true });
});

async function restart(): Promise<void> {
  await upstream.close();
  upstream = await startDemoUpstream({ root });
}

async function get(path: string): Promise<{ response: Response; bytes: Buffer }> {
  const response = await createOciClient(upstream.origin).send("GET", path);
  expect(response.status).toBe(200);
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

async function tagsOf(repository: string): Promise<string[]> {
  return (JSON.parse((await get(`/v2/${repository}/tags/list`)).bytes.toString()) as { tags: string[] }).tags;
}

async function digest(repository: string, tag: string): Promise<string | null> {
  return (await get(`/v2/${repository}/manifests/${tag}`)).response.headers.get("docker-content-digest");
}

interface Shape {
  readonly manifests: readonly Descriptor[];
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

async function manifest(repository: string, reference: string): Promise<Shape> {
  return JSON.parse((await get(`/v2/${repository}/manifests/${reference}`)).bytes.toString()) as Shape;
}

describe("the demo upstream", () => {
  it("has three images with their history", async () => {
    const signature = `${(await digest("demo/web", "1.4.2"))?.replace(":", "-")}.sig`;
    expect(await tagsOf("demo/web")).toEqual([
      "1.0.0",
      "1.0.1",
      "1.1.0",
      "1.2.0",
      "1.2.1",
      "1.3.0",
      "1.4",
      "1.4.0",
      "1.4.1",
      "1.4.1-alpine",
      "1.4.2",
      "1.4.2-alpine",
      "1.5.0-rc.1",
      "latest",
      signature,
    ]);
    expect(await tagsOf("demo/api")).toEqual([
      "9f2c1d7",
      "latest",
      "v1.9.3",
      "v2.0.0",
      "v2.0.1",
      "v2.1.0",
      "v2.1.1",
      "v3.0.0-beta.1",
    ]);
    expect(await tagsOf("demo/edge-agent")).toEqual(["0.9.0", "1.0", "1.0.0", "1.0.1"]);
  });

  // The same on every machine and with every zlib; a change here changes what people see in their registries.
  it.each([
    [
      "demo/web",
      "1.4.2",
      mediaTypes.ociIndex,
      "sha256:cbbe8fcc947513db66b1d97fca27b306d8ca2cd688de158fc60e6a36e2b0c579",
    ],
    [
      "demo/api",
      "v2.1.1",
      mediaTypes.dockerList,
      "sha256:11a08c534daba9385f10a6e337b5967e3f5959f09228698db0dfa04a410711ff",
    ],
    [
      "demo/edge-agent",
      "1.0.1",
      mediaTypes.ociIndex,
      "sha256:c39fae3b9cf4746b9889e2a5f708b0e585277a676c67637118f43f7678a181d0",
    ],
  ])("has %s:%s under a digest that never changes", async (repository, tag, mediaType, expected) => {
    const { response, bytes } = await get(`/v2/${repository}/manifests/${tag}`);
    expect(response.headers.get("content-type")).toBe(mediaType);
    expect(digestOf(bytes)).toBe(expected);
  });

  it.each([
    ["demo/web", "latest", ["amd64", "arm64"]],
    ["demo/api", "latest", ["amd64", "arm64"]],
    ["demo/edge-agent", "1.0", ["amd64", "arm64", "arm"]],
  ])("has %s:%s whole: %s, layers and configs as they say", async (repository, tag, architectures) => {
    const { manifests } = await manifest(repository, tag);
    expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(architectures);
    for (const child of manifests) {
      const { config, layers } = await manifest(repository, child.digest);
      const configJson = JSON.parse((await get(`/v2/${repository}/blobs/${config.digest}`)).bytes.toString());
      expect(configJson).toMatchObject({ os: "linux", architecture: child.platform?.architecture });
      const diffIds = await Promise.all(
        layers.map(async (layer) => {
          const { bytes } = await get(`/v2/${repository}/blobs/${layer.digest}`);
          expect(digestOf(bytes)).toBe(layer.digest);
          expect(bytes.length).toBe(layer.size);
          return digestOf(gunzipSync(bytes));
        }),
      );
      expect(configJson.rootfs.diff_ids).toEqual(diffIds);
    }
  });

  it("shares a bottom layer between its images", async () => {
    const bottoms = await Promise.all(
      ["demo/web", "demo/api", "demo/edge-agent"].map(async (repository) => {
        const { manifests } = await manifest(repository, (await tagsOf(repository)).at(-2) ?? "");
        return (await manifest(repository, manifests[0]?.digest ?? "")).layers[0]?.digest;
      }),
    );
    expect(new Set(bottoms).size).toBe(1);
  });

  it("has an SBOM that refers to the newest edge agent", async () => {
    const { bytes } = await get(`/v2/demo/edge-agent/referrers/${await digest("demo/edge-agent", "1.0.1")}`);
    expect(JSON.parse(bytes.toString())).toMatchObject({
      manifests: [{ artifactType: "application/spdx+json" }],
    });
  });

  it("has the same after a restart", async () => {
    const before = await digest("demo/web", "latest");
    await restart();
    expect(await digest("demo/web", "latest")).toBe(before);
  });

  it("publishes a version, moves the floating tags, and keeps both over a restart", async () => {
    const old = await digest("demo/web", "latest");
    await upstream.publish("1.5.0");
    await upstream.publish("1.5.0");
    const published = await digest("demo/web", "1.5.0");
    expect(published).not.toBe(old);
    await restart();
    for (const tag of ["1.5.0", "1.5", "latest"]) expect(await digest("demo/web", tag)).toBe(published);
    expect(await digest("demo/web", "1.4")).toBe(old);
  });

  it.each(["", "1.5", "latest", "../x", "1.5.0-rc.1"])("publishes no version %j", async (version) => {
    await expect(upstream.publish(version)).rejects.toThrow(Failure);
  });

  it("takes nothing from outside", async () => {
    const client = createOciClient(upstream.origin);
    expect((await client.send("DELETE", "/v2/demo/web/manifests/latest")).status).toBe(405);
    expect((await client.send("POST", "/v2/demo/web/blobs/uploads/")).status).toBe(405);
  });
});

describe("tarOf", () => {
  it("is read by tar", () => {
    const archive = tarOf(
      { "etc/demo": "one\n", empty: "", "usr/share/long": "x".repeat(5000) },
      new Date("2026-01-05"),
    );
    const read = (...args: string[]) =>
      execFileSync("tar", [...args, "-f", "-"], { input: archive }).toString();
    expect(read("--list").trim().split("\n")).toEqual(["etc/demo", "empty", "usr/share/long"]);
    expect(read("--extract", "--to-stdout", "etc/demo", "usr/share/long")).toBe(`one\n${"x".repeat(5000)}`);
  });
});

describe("gzipStored", () => {
  it.each([0, 1, 65_534, 65_535, 65_536, 200_000])("gives back %i bytes", (size) => {
    const bytes = randomBytes(size);
    expect(gunzipSync(gzipStored(bytes)).equals(bytes)).toBe(true);
  });
});
