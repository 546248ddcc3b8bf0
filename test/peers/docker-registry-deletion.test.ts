import { afterAll, beforeAll, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import { type RegistryPeer, startDockerRegistry } from "../support/docker-registry.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, type TestImage } from "../support/images.ts";
import { describeWithPeers } from "../support/peers.ts";
import { loopbackRegistries, never } from "../support/registries.ts";

const image = makeImage([makeBlob("layer")]);
const { digest } = image.manifest.descriptor;

async function push(registry: Registry, { blobs, manifest }: TestImage, tag: string): Promise<void> {
  for (const { descriptor, bytes } of blobs) {
    const upload = await registry.startUpload("app", never);
    await upload.commit(descriptor.digest, never, bytes);
  }
  await registry.putManifest("app", tag, manifest, never);
}

describeWithPeers("deleting at Debian's docker-registry", ["docker-registry", "htpasswd"], (programs) => {
  const peers: RegistryPeer[] = [];
  let registries: ClosableRegistries;
  let deleting: Registry;
  let keeping: Registry;

  beforeAll(async () => {
    peers.push(
      ...(await Promise.all([
        startDockerRegistry(programs, { deletion: "on" }),
        startDockerRegistry(programs),
      ])),
    );
    registries = loopbackRegistries();
    deleting = registries.open(peers[0]?.host ?? "");
    keeping = registries.open(peers[1]?.host ?? "");
  });
  afterAll(async () => {
    await registries.close();
    await Promise.all(peers.map((each) => each.stop()));
  });

  it("goes by digest, which takes all tags with it", async () => {
    for (const tag of ["one", "two"]) await push(deleting, image, tag);
    expect(await deleting.lockOf("app", "one", never)).toBe("none");
    expect(await deleting.deleteTag("app", "one", never)).toBe("by-digest");
    expect(await deleting.deleteManifest("app", digest, never)).toBe("deleted");
    expect(await deleting.deleteManifest("app", digest, never)).toBe("absent");
    expect([...tagsOf(await deleting.listTags("app", never))]).toEqual([]);
  });

  it("says how to switch it on where it is off", async () => {
    await push(keeping, image, "one");
    expect(await keeping.deleteTag("app", "one", never)).toBe("by-digest");
    const { message } = await failureOf(() => keeping.deleteManifest("app", digest, never), "unsupported");
    expect(message).toContain("storage.delete.enabled");
    expect((await keeping.headManifest("app", "one", never))?.digest).toBe(digest);
  });
});
