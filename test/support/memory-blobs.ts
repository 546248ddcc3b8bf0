import type { Blobs } from "../../shared/azure/blobs.ts";

/** A container in memory. */
export function createMemoryBlobs(container = "memory"): Blobs {
  const texts = new Map<string, string>();
  const blocks = new Map<string, Map<string, Uint8Array>>();
  return {
    container,
    put: async (name, content) => void texts.set(name, Buffer.from(content).toString()),
    get: async (name) => texts.get(name),
    read: async (name) => {
      const text = texts.get(name);
      return text === undefined ? undefined : Buffer.from(text);
    },
    remove: async (name) => void texts.delete(name),
    staged: async (name) =>
      new Map([...(blocks.get(name) ?? [])].map(([id, bytes]) => [id, bytes.length] as const)),
    stage: async ({ name, id }, bytes) => {
      const staged = blocks.get(name) ?? new Map<string, Uint8Array>();
      blocks.set(name, staged.set(id, Uint8Array.from(bytes)));
    },
    commit: async (name, ids) => {
      const staged = blocks.get(name) ?? new Map<string, Uint8Array>();
      texts.set(name, Buffer.concat(ids.map((id) => staged.get(id) ?? Buffer.alloc(0))).toString("latin1"));
      blocks.delete(name);
    },
  };
}
