import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { BundleManifest } from "../shared/documents/bundle-manifest.ts";
import { Failure } from "../shared/model/failure.ts";
import { claimPath } from "../shared/registry/layout/claim-path.ts";
import { cannotWrite, writeWhole } from "../shared/registry/layout/whole-file.ts";

/** The last bundle that was begun at a site's registry, so that no older one takes its place. */
export interface LastBundle {
  readonly id: string;
  readonly sequence: number;
}

export interface SiteState {
  /** Keeps other imports away, which might bring in an older bundle meanwhile. Returns how to let go. */
  claim(): Promise<() => Promise<void>>;
  /** `of`: site and registry. */
  last(of: string): Promise<LastBundle | undefined>;
  remember(of: string, bundle: LastBundle): Promise<void>;
}

const schema = z.record(z.string(), z.strictObject({ id: z.string(), sequence: z.int().min(0) }));

/** In a folder of the site's own: the file `bundles.json`. */
export function openSiteState(folder: string): SiteState {
  const file = join(folder, "bundles.json");
  const read = async (): Promise<Map<string, LastBundle>> => {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return new Map();
      throw new Failure("invalid", `${file} cannot be read: it tells which bundles were imported`, {
        cause: error,
      });
    }
    try {
      return new Map(Object.entries(schema.parse(JSON.parse(text))));
    } catch (error) {
      throw new Failure("invalid", `${file} is damaged: restore it, or remove it and import with --force`, {
        cause: error,
      });
    }
  };
  return {
    claim: async () => {
      await mkdir(folder, { recursive: true }).catch((error: unknown) => {
        throw cannotWrite(folder, error);
      });
      return claimPath(file, "another import");
    },
    last: async (of) => (await read()).get(of),
    remember: async (of, bundle) => {
      const all = (await read()).set(of, bundle);
      await mkdir(folder, { recursive: true });
      await writeWhole(file, JSON.stringify(Object.fromEntries(all), null, 2));
    },
  };
}

/** Throws `conflict` for a bundle that is older than the last, or another one of the same number. */
export function requireNewer(
  bundle: LastBundle & { readonly created: string },
  last: LastBundle | undefined,
): void {
  if (last === undefined || bundle.sequence > last.sequence || bundle.id === last.id) return;
  throw new Failure(
    "conflict",
    bundle.sequence === last.sequence
      ? `another bundle with the number ${bundle.sequence} was imported here: two were made with the same signing key. --force imports this one all the same`
      : `this is bundle ${bundle.sequence}, of ${bundle.created}; bundle ${last.sequence} was imported here already, and an older one may set tags back. --force imports it all the same`,
  );
}

/** Throws `conflict` for a bundle that leaves out what another registry has. */
export function requireRegistry({ basis }: Pick<BundleManifest, "basis">, host: string): void {
  if (basis === undefined || basis.registry === host) return;
  throw new Failure(
    "conflict",
    `this bundle leaves out what the registry ${basis.registry} has by its last receipt, and ${host} is another one: export with --full for this one. If it is the same under another name, --force imports it`,
  );
}
