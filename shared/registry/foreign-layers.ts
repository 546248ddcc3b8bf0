import type { HttpClient } from "../http/client.ts";
import { followRedirects } from "../http/redirects.ts";
import type { Descriptor } from "../model/descriptor.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { layerBody, rangeOf } from "./blobs.ts";
import type { ForeignLayers } from "./registry.ts";
import { statusFailure } from "./status-failure.ts";
import { transferDeadlineMs } from "./transfer-time.ts";

/** Layers that their owner does not let registries distribute: clients fetch them from their `urls`. */
const foreignTypes =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign|oci\.image\.layer\.nondistributable)\./;

/** Whether a blob is left where its `urls` say, and only named, unless it is asked for. */
export function isForeign({ mediaType, urls = [] }: Descriptor): boolean {
  return foreignTypes.test(mediaType) && urls.length > 0;
}

/**
 * `clientOf` gives a client without credentials or client certificates for what a registry's images lead to; it throws
 * `blocked` for a URL that is not allowed.
 */
export function createForeignLayers(clientOf: (registry: string, url: URL) => HttpClient): ForeignLayers {
  return {
    async getLayer(registry, layer, reading) {
      let last: unknown;
      for (const text of layer.urls ?? []) {
        try {
          return await fetchLayer({ registry, text, layer }, reading);
        } catch (error) {
          if (reading.signal.aborted) throw error;
          last = error;
        }
      }
      throw last ?? new Failure("not-found", `the layer ${layer.digest} names no place where it is`);
    },
  };

  async function fetchLayer(
    {
      registry,
      text,
      layer,
    }: { readonly registry: string; readonly text: string; readonly layer: Descriptor },
    { signal, offset = 0, hash }: Parameters<ForeignLayers["getLayer"]>[2],
  ): Promise<AsyncIterable<Uint8Array>> {
    const url = URL.parse(text);
    if (url === null) throw new Failure("protocol", `"${printable(text)}" is no URL for a layer`);
    const http = clientOf(registry, url);
    const answer = await followRedirects(
      {
        method: "GET",
        url,
        headers: rangeOf(offset),
        maxBytes: layer.size + 1,
        deadlineMs: transferDeadlineMs(layer.size),
        signal,
      },
      { send: (request) => http.stream(request), discard: (stream) => stream.discard() },
    );
    if (answer.status === 200 || (answer.status === 206 && offset > 0)) {
      return layerBody(answer, { descriptor: layer, offset, hash });
    }
    answer.discard();
    throw statusFailure({ ...answer, body: Buffer.alloc(0) }, { method: "GET", now: new Date() });
  }
}
