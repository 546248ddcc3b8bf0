import type { Transfer, TransferSource } from "../../local/arm/transfer.ts";
import type { Credential } from "../../shared/model/credential.ts";
import { type Digest, digestOf } from "../../shared/model/digest.ts";
import { Failure } from "../../shared/model/failure.ts";

export interface MemoryImage {
  readonly digest: Digest;
  readonly manifests: number;
  /** Asked for where present. */
  readonly credential?: Credential;
}

/**
 * A transfer between maps: upstream images by `host/repository@reference`, the target's by `repository:tag`
 * or `repository@digest`.
 */
export interface MemoryTransfer extends Transfer {
  readonly upstream: Map<string, MemoryImage>;
  readonly target: Map<string, Digest>;
  /** Every copy, in order, as `source -> target`. */
  readonly copies: string[];
}

export function createMemoryTransfer(): MemoryTransfer {
  const upstream = new Map<string, MemoryImage>();
  const target = new Map<string, Digest>();
  const copies: string[] = [];
  const find = (source: TransferSource): MemoryImage => {
    const image = upstream.get(nameOf(source));
    if (image === undefined) throw new Failure("not-found", `${nameOf(source)} is not there`);
    if (image.credential === undefined) return image;
    if (source.credential === undefined) throw new Failure("unauthorized", "no credential");
    if (source.credential.password !== image.credential.password)
      throw new Failure("forbidden", "wrong password");
    return image;
  };
  return {
    upstream,
    target,
    copies,
    inspect: async (source) => find(source),
    read: async () => undefined,
    repositories: async () => [...new Set([...target.keys()].map((name) => name.replace(/[:@].*$/, "")))],
    targetDigest: async ({ repository, tag }) => target.get(`${repository}:${tag}`),
    async copy(source, { repository, tag }) {
      const { digest } = find(source);
      const name = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
      target.set(name, digest);
      copies.push(`${nameOf(source)} -> ${name}`);
    },
  };
}

export const imageDigest = digestOf("an image");
export const otherDigest = digestOf("another image");

function nameOf({ host, repository, reference }: TransferSource): string {
  return `${host}/${repository}${reference.startsWith("sha256:") ? "@" : ":"}${reference}`;
}
