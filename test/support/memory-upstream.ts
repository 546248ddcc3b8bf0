import { createHash } from "node:crypto";
import { type LoopbackServer, startLoopbackServer } from "../../local/loopback-server.ts";
import { digestOf } from "../../shared/model/digest.ts";

/** An upstream registry in memory: tags point at content ids, and every id is a small image made on demand. */
export interface MemoryUpstream extends LoopbackServer {
  /** Tags of the one repository `library/app`, in no useful order. */
  readonly tags: Map<string, string>;
  /** Requests answered, by kind. */
  readonly counts: { list: number; head: number; get: number };
  /** The digest that a content id's image has. */
  digestOfId(id: string): string;
}

export const memoryRepository = "library/app";

const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};
const pageSize = 1000;

export async function startMemoryUpstream(): Promise<MemoryUpstream> {
  const tags = new Map<string, string>();
  const images = new Map<string, Image>();
  const byDigest = new Map<string, { readonly bytes: Buffer; readonly type: string }>();
  const counts = { list: 0, head: 0, get: 0 };
  const imageOf = (id: string): Image => {
    const image = images.get(id) ?? makeImage(id);
    if (!images.has(id)) {
      images.set(id, image);
      for (const part of image.parts) byDigest.set(digestOf(part.bytes), part);
    }
    return image;
  };
  const server = await startLoopbackServer({
    handler: (request, response) => {
      const url = new URL(request.url ?? "", "http://upstream");
      const base = `/v2/${memoryRepository}/`;
      if (!url.pathname.startsWith(base))
        return response.writeHead(url.pathname === "/v2/" ? 200 : 404).end();
      const [kind, reference = ""] = url.pathname.slice(base.length).split("/");
      if (kind === "tags") {
        counts.list += 1;
        const all = [...tags.keys()].sort();
        const last = url.searchParams.get("last");
        const page = all.slice(last === null ? 0 : all.indexOf(last) + 1).slice(0, pageSize);
        const more = page.length === pageSize && page.at(-1) !== all.at(-1);
        const next = `<${base}tags/list?n=${pageSize}&last=${encodeURIComponent(page.at(-1) ?? "")}>; rel="next"`;
        response.writeHead(200, { "content-type": "application/json", ...(more ? { link: next } : {}) });
        return response.end(JSON.stringify({ name: memoryRepository, tags: page }));
      }
      const id = tags.get(reference);
      const found = id === undefined ? byDigest.get(reference) : imageOf(id).parts[0];
      if (found === undefined) return response.writeHead(404).end();
      counts[request.method === "HEAD" ? "head" : "get"] += 1;
      response.writeHead(200, {
        "content-type": found.type,
        "content-length": found.bytes.length,
        "docker-content-digest": digestOf(found.bytes),
      });
      return response.end(request.method === "HEAD" ? undefined : found.bytes);
    },
  });
  return { ...server, tags, counts, digestOfId: (id) => imageOf(id).digest };
}

interface Image {
  readonly digest: string;
  /** Manifest first. */
  readonly parts: readonly { readonly bytes: Buffer; readonly type: string }[];
}

function makeImage(id: string): Image {
  const layer = Buffer.from(`layer ${id} ${createHash("sha256").update(id).digest("hex")}`);
  const config = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      id,
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    }),
  );
  const descriptor = (bytes: Buffer, mediaType: string) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: types.manifest,
      config: descriptor(config, types.config),
      layers: [descriptor(layer, types.layer)],
    }),
  );
  return {
    digest: digestOf(manifest),
    parts: [
      { bytes: manifest, type: types.manifest },
      { bytes: config, type: types.config },
      { bytes: layer, type: types.layer },
    ],
  };
}
