import { Failure } from "../model/failure.ts";
import { azureFailure, serviceCodeOf, statusOf } from "./failures.ts";
import type { BlobContainer } from "./storage.ts";

/** One container of blobs; it is made on first use. Names may have `/`. */
export interface Blobs {
  readonly container: string;
  /** Replaces what is there. */
  put(name: string, content: string | Uint8Array, signal: AbortSignal): Promise<void>;
  /** Whole; undefined where there is none. */
  get(name: string, signal: AbortSignal): Promise<string | undefined>;
  /** Its bytes; undefined where there is none. Throws `too-large` beyond `maxBytes`. */
  read(
    name: string,
    options: { readonly maxBytes: number; readonly signal: AbortSignal },
  ): Promise<Buffer | undefined>;
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** Blocks of a blob that were staged, with the size of each, and not committed; the service keeps them for a week. */
  staged(name: string, signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  /** `id`: base64, all of a blob equally long (a service limit). At most 50,000 blocks make a blob. */
  stage(
    block: { readonly name: string; readonly id: string },
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<void>;
  commit(name: string, ids: readonly string[], signal: AbortSignal): Promise<void>;
}

export function createBlobs(container: BlobContainer): Blobs {
  const { name: containerName } = container;
  const blobOf = async (name: string) => (await container.open()).getBlockBlobClient(name);
  const attempt = async <T>(doing: string, call: () => Promise<T>): Promise<T> => {
    try {
      try {
        return await call();
      } catch (error) {
        if (serviceCodeOf(error) !== "ContainerNotFound") throw error;
        await (await container.open()).createIfNotExists();
        return await call();
      }
    } catch (error) {
      throw azureFailure(error, `${doing} in the container ${containerName}`, "blobs");
    }
  };
  const absent = async <T>(call: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await call();
    } catch (error) {
      if (statusOf(error) === 404 && serviceCodeOf(error) !== "ContainerNotFound") return undefined;
      throw error;
    }
  };
  return {
    container: containerName,
    put: (name, content, abortSignal) =>
      attempt(`storing ${name}`, async () => {
        const bytes = Buffer.from(content);
        await (await blobOf(name)).upload(bytes, bytes.length, { abortSignal });
      }),
    get: (name, abortSignal) =>
      attempt(`reading ${name}`, () =>
        absent(async () => {
          const bytes = await (await blobOf(name)).downloadToBuffer(0, undefined, { abortSignal });
          return bytes.toString("utf8");
        }),
      ),
    read: (name, { maxBytes, signal }) =>
      attempt(`reading ${name}`, () =>
        absent(async () => {
          const client = await blobOf(name);
          const answer = await client.download(0, undefined, { abortSignal: signal });
          const chunks: Buffer[] = [];
          let bytes = 0;
          for await (const chunk of answer.readableStreamBody ?? []) {
            bytes += chunk.length;
            if (bytes > maxBytes)
              throw new Failure("too-large", `${name} in ${containerName} has more than ${maxBytes} bytes`);
            chunks.push(Buffer.from(chunk));
          }
          return Buffer.concat(chunks);
        }),
      ),
    remove: (name, abortSignal) =>
      attempt(`removing ${name}`, async () => {
        await absent(async () => (await blobOf(name)).delete({ abortSignal }));
      }),
    staged: (name, abortSignal) =>
      attempt(`listing the blocks of ${name}`, async () => {
        const list = await absent(async () =>
          (await blobOf(name)).getBlockList("uncommitted", { abortSignal }),
        );
        return new Map(list?.uncommittedBlocks?.map((block) => [block.name, block.size]));
      }),
    stage: ({ name, id }, bytes, abortSignal) =>
      attempt(`writing ${name}`, async () => {
        await (await blobOf(name)).stageBlock(id, bytes, bytes.length, { abortSignal });
      }),
    commit: (name, ids, abortSignal) =>
      attempt(`ending ${name}`, async () => {
        await (await blobOf(name)).commitBlockList([...ids], { abortSignal });
      }),
  };
}
