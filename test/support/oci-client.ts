import type { Descriptor } from "../../shared/model/descriptor.ts";
import { mediaTypes } from "../../shared/model/descriptor.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";

/** A bare client for tests of a registry: it sends what it is told, right or wrong, and judges nothing. */
export interface OciClient {
  send(method: string, path: string, init?: Init): Promise<Response>;
  /** Pushes in one request; throws when the registry does not take it. */
  pushBlob(repository: string, content: Uint8Array | string): Promise<Descriptor>;
  pushManifest(repository: string, reference: string, manifest: ManifestInit): Promise<Response>;
  /** A one-layer image under a tag, different for each `text`. */
  pushImage(repository: string, tag: string, text?: string): Promise<PushedImage>;
}

export interface Init {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface ManifestInit {
  readonly mediaType?: string;
  readonly body: string | Uint8Array;
}

export interface PushedImage {
  readonly digest: Digest;
  readonly body: string;
  readonly config: Descriptor;
  readonly layer: Descriptor;
}

/** `authorization` gives the header for a repository, or none. */
export function createOciClient(
  origin: string,
  authorization: (repository: string) => string | undefined = () => undefined,
): OciClient {
  const client: OciClient = {
    send(method, path, { headers = {}, body } = {}) {
      const repository = /^\/v2\/(.+?)\/(?:tags|manifests|blobs|referrers)\//.exec(path)?.[1] ?? "";
      const auth = authorization(repository);
      return fetch(new URL(path, origin), {
        method,
        redirect: "manual",
        headers: { ...(auth === undefined ? {} : { authorization: auth }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === "string" ? body : Buffer.from(body) }),
      });
    },
    async pushBlob(repository, content) {
      const bytes = Buffer.from(content);
      const digest = digestOf(bytes);
      let response = await client.send("POST", `/v2/${repository}/blobs/uploads/?digest=${digest}`, {
        body: bytes,
      });
      // A registry need not take a blob in one request.
      if (response.status === 202) {
        const url = new URL(response.headers.get("location") ?? "", origin);
        url.searchParams.set("digest", digest);
        response = await client.send("PUT", url.pathname + url.search, {
          headers: { "content-type": "application/octet-stream" },
          body: bytes,
        });
      }
      if (response.status !== 201)
        throw new Error(`pushing a blob: ${response.status} ${await response.text()}`);
      return { mediaType: "application/octet-stream", digest, size: bytes.length };
    },
    pushManifest: (repository, reference, { mediaType = mediaTypes.ociManifest, body }) =>
      client.send("PUT", `/v2/${repository}/manifests/${reference}`, {
        headers: { "content-type": mediaType },
        body,
      }),
    async pushImage(repository, tag, text = tag) {
      const config = await client.pushBlob(
        repository,
        JSON.stringify({ architecture: "amd64", os: "linux", text }),
      );
      const layer = await client.pushBlob(repository, `layer of ${text}`);
      const body = imageManifest({ config, layers: [layer] });
      const response = await client.pushManifest(repository, tag, { body });
      if (response.status !== 201)
        throw new Error(`pushing a manifest: ${response.status} ${await response.text()}`);
      return { digest: digestOf(body), body, config, layer };
    },
  };
  return client;
}

/** A manifest's JSON; `parts` are laid over what every OCI image manifest has. */
export function imageManifest(parts: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, ...parts });
}

export function indexManifest(parts: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, ...parts });
}

/** The first error code of an OCI error body. */
export async function errorCode(response: Response): Promise<string | undefined> {
  const body = (await response.json()) as { errors?: { code?: string }[] };
  return body.errors?.[0]?.code;
}
