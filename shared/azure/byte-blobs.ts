import type { ContainerClient } from "@azure/storage-blob";
import { Failure } from "../model/failure.ts";
import { azureFailure, serviceCodeOf, statusOf } from "./failures.ts";

/** One container of blobs, made at its first write. */
export interface ByteBlobs {
  /** Replaces what is there. */
  put(name: string, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Undefined means that it is not there; throws `too-large` beyond `maxBytes`. */
  get(
    name: string,
    options: { readonly maxBytes: number; readonly signal: AbortSignal },
  ): Promise<Buffer | undefined>;
}

export function createByteBlobs(container: ContainerClient): ByteBlobs {
  const { containerName } = container;
  return {
    put: async (name, bytes, abortSignal) => {
      const upload = () => container.getBlockBlobClient(name).uploadData(Buffer.from(bytes), { abortSignal });
      try {
        try {
          await upload();
        } catch (error) {
          if (serviceCodeOf(error) !== "ContainerNotFound") throw error;
          await container.createIfNotExists({ abortSignal });
          await upload();
        }
      } catch (error) {
        throw azureFailure(error, `storing ${name} in ${containerName}`);
      }
    },
    get: async (name, { maxBytes, signal }) => {
      try {
        const answer = await container
          .getBlockBlobClient(name)
          .download(0, undefined, { abortSignal: signal });
        const chunks: Buffer[] = [];
        let bytes = 0;
        for await (const chunk of answer.readableStreamBody ?? []) {
          bytes += chunk.length;
          if (bytes > maxBytes)
            throw new Failure("too-large", `${name} in ${containerName} has more than ${maxBytes} bytes`);
          chunks.push(Buffer.from(chunk));
        }
        return Buffer.concat(chunks);
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw azureFailure(error, `reading ${name} in ${containerName}`);
      }
    },
  };
}
