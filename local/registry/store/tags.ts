import { type Digest, isDigest } from "../../../shared/model/digest.ts";
import { Failure } from "../../../shared/model/failure.ts";
import type { RepositoryName, TagName } from "../names.ts";
import type { Attributes } from "./attributes.ts";
import { namesIn, readIfThere, removeIfThere, writeWhole } from "./files.ts";
import type { Layout } from "./layout.ts";
import { tagOfFileName } from "./tag-file-name.ts";

/** Tags: one small file each, that holds the digest. Each is replaced as a whole, so of two writers one wins. */
export interface Tags {
  /** In no order. */
  list(repository: RepositoryName): Promise<readonly TagName[]>;
  get(repository: RepositoryName, tag: TagName): Promise<Digest | undefined>;
  put(repository: RepositoryName, tag: TagName, digest: Digest): Promise<void>;
  /** False when there was none. */
  remove(repository: RepositoryName, tag: TagName): Promise<boolean>;
  /** Removes every tag that points at `digest`. */
  removeAllOf(repository: RepositoryName, digest: Digest): Promise<void>;
}

/** A tag's attributes go with it. */
export function createTags(layout: Layout, attributes: Pick<Attributes, "remove">): Tags {
  const tags: Tags = {
    async list(repository) {
      const names = await namesIn(layout.tags(repository));
      return names.map(tagOfFileName).filter((tag) => tag !== undefined);
    },
    async get(repository, tag) {
      const path = layout.tag(repository, tag);
      const text = (await readIfThere(path))?.toString("utf8").trim();
      if (text === undefined || isDigest(text)) return text;
      throw new Failure(
        "integrity",
        `the tag's file ${path} holds no digest: remove it and push the tag again`,
      );
    },
    put: (repository, tag, digest) =>
      writeWhole(layout.tag(repository, tag), `${digest}\n`, layout.temporary),
    async remove(repository, tag) {
      await attributes.remove(repository, { tag });
      return removeIfThere(layout.tag(repository, tag));
    },
    async removeAllOf(repository, digest) {
      for (const tag of await tags.list(repository)) {
        if ((await tags.get(repository, tag)) === digest) await tags.remove(repository, tag);
      }
    },
  };
  return tags;
}
