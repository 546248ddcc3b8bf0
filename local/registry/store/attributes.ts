import type { Digest } from "../../../shared/model/digest.ts";
import type { RepositoryName, TagName } from "../names.ts";
import { readIfThere, removeIfThere, writeWhole } from "./files.ts";
import type { Layout } from "./layout.ts";

/** What may be done with a tag or manifest. */
export interface Enabled {
  readonly deleteEnabled: boolean;
  readonly writeEnabled: boolean;
  readonly listEnabled: boolean;
  readonly readEnabled: boolean;
}

export type Subject = { readonly tag: TagName } | { readonly digest: Digest };

export const allEnabled: Enabled = {
  deleteEnabled: true,
  writeEnabled: true,
  listEnabled: true,
  readEnabled: true,
};

/** The changeable attributes of Azure Container Registry: one small file each, once they were changed. */
export interface Attributes {
  get(repository: RepositoryName, subject: Subject): Promise<Enabled>;
  put(repository: RepositoryName, subject: Subject, enabled: Enabled): Promise<void>;
  remove(repository: RepositoryName, subject: Subject): Promise<void>;
}

export function createAttributes(layout: Layout): Attributes {
  const pathOf = (repository: RepositoryName, subject: Subject) =>
    "tag" in subject
      ? layout.tagAttributes(repository, subject.tag)
      : layout.manifestAttributes(repository, subject.digest);
  return {
    async get(repository, subject) {
      const file = await readIfThere(pathOf(repository, subject));
      // Ours alone writes these files.
      return file === undefined ? allEnabled : (JSON.parse(file.toString("utf8")) as Enabled);
    },
    put: (repository, subject, enabled) =>
      writeWhole(pathOf(repository, subject), JSON.stringify(enabled), layout.temporary),
    async remove(repository, subject) {
      await removeIfThere(pathOf(repository, subject));
    },
  };
}
