import { beforeAll, describe, expect, it } from "vitest";
import { type Blobs, createBlobs } from "../../shared/azure/blobs.ts";
import { createStorageClients } from "../../shared/azure/storage.ts";
import { createMemoryBlobs } from "../support/memory-blobs.ts";
import { never } from "../support/registries.ts";
import { useStorage } from "../support/storage.ts";

const storage = useStorage();
const members: readonly { readonly name: string; readonly open: () => Blobs }[] = [
  { name: "Azurite", open: () => createBlobs(clientOf("conformance")) },
  { name: "memory", open: () => createMemoryBlobs("conformance") },
];

function clientOf(container: string) {
  const account = { kind: "connection-string", connectionString: storage.connectionString } as const;
  return createStorageClients(account, () => {
    throw new Error("the emulator needs no token");
  }).container(container);
}

describe.each(members)("blobs in $name", ({ open }) => {
  let blobs: Blobs;
  beforeAll(() => {
    blobs = open();
  });

  it("are not there before they are put, nor after they are removed", async () => {
    expect(blobs.container).toBe("conformance");
    expect(await blobs.get("a/b.json", never)).toBeUndefined();
    await blobs.put("a/b.json", '{"é":1}', never);
    expect(await blobs.get("a/b.json", never)).toBe('{"é":1}');
    await blobs.put("a/b.json", "2", never);
    expect(await blobs.get("a/b.json", never)).toBe("2");
    await blobs.remove("a/b.json", never);
    expect(await blobs.get("a/b.json", never)).toBeUndefined();
    await blobs.remove("a/b.json", never);
  });

  it("are made of blocks, which are there before they are committed", async () => {
    const [one, two] = ["1", "2"].map((id) => Buffer.from(id).toString("base64")) as [string, string];
    expect(await blobs.staged("blocks", never)).toEqual(new Map());
    await blobs.stage({ name: "blocks", id: two }, Buffer.from("world"), never);
    await blobs.stage({ name: "blocks", id: one }, Buffer.from("hello "), never);
    expect(new Map([...(await blobs.staged("blocks", never))].sort())).toEqual(
      new Map([
        [one, 6],
        [two, 5],
      ]),
    );
    expect(await blobs.get("blocks", never)).toBeUndefined();
    await blobs.commit("blocks", [one, two], never);
    expect(await blobs.get("blocks", never)).toBe("hello world");
    expect(await blobs.staged("blocks", never)).toEqual(new Map());
  });
});
