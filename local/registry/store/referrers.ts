import { join } from "node:path";
import type { Descriptor } from "../../../shared/model/descriptor.ts";
import type { Digest } from "../../../shared/model/digest.ts";
import type { RepositoryName } from "../names.ts";
import { namesIn, readIfThere, removeIfThere, writeWhole } from "./files.ts";
import type { Layout } from "./layout.ts";

/** Which manifests refer to which: one small file per pair, that holds the referrer's descriptor. */
export interface Referrers {
  /** Ordered by digest; the subject need not exist. */
  list(repository: RepositoryName, subject: Digest): Promise<readonly Descriptor[]>;
  put(repository: RepositoryName, subject: Digest, referrer: Descriptor): Promise<void>;
  remove(repository: RepositoryName, subject: Digest, referrer: Digest): Promise<void>;
}

export function createReferrers(layout: Layout): Referrers {
  return {
    async list(repository, subject) {
      const folder = layout.referrers(repository, subject);
      const files = await Promise.all(
        [...(await namesIn(folder))].sort().map((name) => readIfThere(join(folder, name))),
      );
      // Ours alone writes these files, as JSON of a descriptor.
      return files
        .filter((file) => file !== undefined)
        .map((file) => JSON.parse(file.toString("utf8")) as Descriptor);
    },
    put: (repository, subject, referrer) =>
      writeWhole(
        layout.referrer(repository, subject, referrer.digest),
        JSON.stringify(referrer),
        layout.temporary,
      ),
    async remove(repository, subject, referrer) {
      await removeIfThere(layout.referrer(repository, subject, referrer));
    },
  };
}
