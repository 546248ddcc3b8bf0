import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { LoopbackServer } from "../../../local/loopback-server.ts";
import { parseRepositoryName } from "../../../local/registry/names.ts";
import { startRegistry } from "../../../local/registry/registry.ts";
import { openStore } from "../../../local/registry/store/store.ts";
import { mediaTypes } from "../../../shared/model/descriptor.ts";
import { digestOf } from "../../../shared/model/digest.ts";
import { createOciClient, imageManifest, type OciClient } from "../../support/oci-client.ts";

const repository = parseRepositoryName("suite/one");
const log: string[] = [];
let root: string;
let registry: LoopbackServer;
let client: OciClient;

beforeEach(async () => {
  log.length = 0;
  root = await mkdtemp(join(tmpdir(), "wharfgate-store-"));
  registry = await startRegistry({ root, access: { kind: "anonymous" }, log: (line) => log.push(line) });
  client = createOciClient(registry.origin);
});
afterEach(async () => {
  await registry.close();
  await rm(root, { recursive: true, force: true });
});

async function referrersOf(subject: string): Promise<readonly unknown[]> {
  const response = await client.send("GET", `/v2/${repository}/referrers/${subject}`);
  return ((await response.json()) as { manifests: unknown[] }).manifests;
}

describe("the store behind the registry", () => {
  it("shows no referrer whose manifest a crash kept from being written", async () => {
    const subject = digestOf("subject");
    const referrer = { mediaType: mediaTypes.ociManifest, digest: digestOf("never written"), size: 13 };
    await openStore(root).referrers.put(repository, subject, referrer);
    expect(await referrersOf(subject)).toEqual([]);
  });

  it("keeps no trace of a referrer that was deleted", async () => {
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf("subject"), size: 7 };
    const body = imageManifest({ config: await client.pushBlob(repository, "{}"), layers: [], subject });
    await client.pushManifest(repository, "1.0", { body });
    expect(await referrersOf(subject.digest)).toHaveLength(1);
    await client.send("DELETE", `/v2/${repository}/manifests/${digestOf(body)}`);
    const folder = join(root, "repositories", repository, "_referrers");
    expect(await readdir(join(folder, subject.digest.replace(":", "-")))).toEqual([]);
  });

  it("never shows half a file while it is being replaced", async () => {
    const { manifests } = openStore(root);
    const digest = digestOf("any");
    const versions = [Buffer.alloc(3_000_000, "a"), Buffer.alloc(3_000_000, "b")] as const;
    await manifests.put(repository, digest, versions[0]);
    const writing = Promise.all(
      [versions[1], versions[0]].map((bytes) => manifests.put(repository, digest, bytes)),
    );
    const read = await Promise.all(Array.from({ length: 30 }, () => manifests.get(repository, digest)));
    await writing;
    for (const bytes of read) expect(versions.some((whole) => whole.equals(bytes ?? Buffer.of()))).toBe(true);
  });

  it("tells of a broken tag in its log alone, and ignores files of others", async () => {
    await client.pushImage(repository, "1.0");
    const tags = join(root, "repositories", repository, "_tags");
    await writeFile(join(tags, "broken"), "no digest");
    await writeFile(join(tags, ".DS_Store"), "x");
    const response = await client.send("GET", `/v2/${repository}/manifests/broken`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain(root);
    expect(log).toEqual([expect.stringContaining(join(tags, "broken"))]);
    const listed = await client.send("GET", `/v2/${repository}/tags/list`);
    expect(await listed.json()).toEqual({ name: repository, tags: ["1.0", "broken"] });
  });

  it("frees a blob with the last repository that has it", async () => {
    const { digest } = await client.pushBlob(repository, "shared");
    const other = parseRepositoryName("suite/two");
    await client.send("POST", `/v2/${other}/blobs/uploads/?mount=${digest}&from=${repository}`);
    const { blobs } = openStore(root);
    expect(await blobs.remove(repository, digest)).toBe(true);
    expect(await blobs.size(other, digest)).toBe(6);
    expect(await blobs.remove(other, digest)).toBe(true);
    const files = await readdir(root, { recursive: true, withFileTypes: true });
    expect(files.filter((entry) => entry.isFile())).toEqual([]);
  });
});
