import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import type { Blobs } from "../../azure/blobs.ts";
import { claimPath } from "../../registry/layout/claim-path.ts";
import { type TarPlan, tarBytes } from "../../registry/layout/plan-tar.ts";
import { writeWhole } from "../../registry/layout/whole-file.ts";
import { dropPartial, writeTarFile } from "../../registry/layout/write-file.ts";

/** Where a bundle is written to. What an export that broke off has left there is gone on with. */
export interface BundleDestination {
  /** For people: where the bundle of that number stands. */
  place(sequence: number): string;
  /** Keeps other exports from the same place; returns how to let go. Throws `conflict` while another one is at it. */
  claim(): Promise<() => Promise<void>>;
  /** The signed manifest of an export that broke off. */
  begun(signal: AbortSignal): Promise<string | undefined>;
  /** Remembers it, and forgets what is left of any other. */
  begin(envelope: string, signal: AbortSignal): Promise<void>;
  /** Writes the whole; returns how many bytes of it were there already. It stands there only when it is whole. */
  write(plan: TarPlan, sequence: number, signal: AbortSignal): Promise<number>;
  /** Forgets that it was begun, unless another one has begun since. */
  end(envelope: string, signal: AbortSignal): Promise<void>;
}

export function fileDestination(path: string): BundleDestination {
  const note = `${path}.begun.json`;
  return {
    place: () => path,
    claim: () => claimPath(path, "another export"),
    begun: async () => {
      try {
        return await readFile(note, "utf8");
      } catch {
        return undefined;
      }
    },
    begin: async (envelope) => {
      await dropPartial(path);
      await writeWhole(note, envelope);
    },
    write: (plan, _sequence, signal) => writeTarFile(path, plan, signal),
    // Nobody else has begun: it is claimed.
    end: () => rm(note, { force: true }),
  };
}

// At most 50,000 blocks make a blob, of at most 4,000 MiB each.
// https://learn.microsoft.com/rest/api/storageservices/understanding-block-blobs--append-blobs--and-page-blobs
const smallestBlock = 8 * 1024 * 1024;
const mostBlocks = 50_000;

/** A blob `<site>/<sequence>.tar`: blocks that were staged before a break are kept by the service. */
export function containerDestination(blobs: Blobs, site: string): BundleDestination {
  const note = `${site}/begun.json`;
  const nameOf = (sequence: number) => `${site}/${String(sequence).padStart(6, "0")}.tar`;
  return {
    place: (sequence) => `${blobs.container}/${nameOf(sequence)}`,
    // Each bundle has a name of its own there, and two of the same stage the same blocks.
    claim: async () => async () => {},
    begun: (signal) => blobs.get(note, signal),
    begin: (envelope, signal) => blobs.put(note, envelope, signal),
    write: async (plan, sequence, signal) => {
      const name = nameOf(sequence);
      // A block's name tells of which plan it is: one of another plan is never taken for ours.
      const ours = idOf(plan);
      const blockBytes = Math.max(smallestBlock, Math.ceil(plan.size / mostBlocks));
      const ids = Array.from({ length: Math.ceil(plan.size / blockBytes) }, (_, index) =>
        blockId(ours, index),
      );
      const staged = await blobs.staged(name, signal);
      const missing = ids.findIndex(
        (id, index) => staged.get(id) !== Math.min(blockBytes, plan.size - index * blockBytes),
      );
      const first = missing < 0 ? ids.length : missing;
      const from = first * blockBytes;
      let index = first;
      const rest = missing < 0 ? empty() : tarBytes(plan, { from }, signal);
      for await (const chunk of inBlocks(rest, Math.min(blockBytes, plan.size))) {
        await blobs.stage({ name, id: blockId(ours, index) }, chunk, signal);
        index += 1;
      }
      await blobs.commit(name, ids, signal);
      return Math.min(from, plan.size);
    },
    end: async (envelope, signal) => {
      if ((await blobs.get(note, signal)) === envelope) await blobs.remove(note, signal);
    },
  };
}

function idOf({ entries }: TarPlan): string {
  const hash = createHash("sha256");
  for (const { file } of entries) hash.update(`${file.name} ${file.size} ${file.digest}\n`);
  return hash.digest("hex").slice(0, 16);
}

function blockId(plan: string, index: number): string {
  return Buffer.from(`${plan}-${String(index).padStart(5, "0")}`).toString("base64");
}

/** Pieces of any size in blocks of one; a block is valid until the next one is asked for. */
async function* inBlocks(
  pieces: AsyncIterable<Uint8Array>,
  blockBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const block = Buffer.allocUnsafe(blockBytes);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + blockBytes - filled);
      block.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < blockBytes) continue;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

async function* empty(): AsyncGenerator<Uint8Array, void, undefined> {}
