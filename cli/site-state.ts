import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../shared/model/failure.ts";

/** The last bundle that was begun at a site's registry, so that no older one takes its place. */
export interface LastBundle {
  readonly id: string;
  readonly sequence: number;
}

export interface SiteState {
  /** `of`: site and registry. */
  last(of: string): Promise<LastBundle | undefined>;
  remember(of: string, bundle: LastBundle): Promise<void>;
}

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
      return new Map(Object.entries(JSON.parse(text) as Record<string, LastBundle>));
    } catch (error) {
      throw new Failure("invalid", `${file} is damaged: restore it, or remove it and import with --force`, {
        cause: error,
      });
    }
  };
  return {
    last: async (of) => (await read()).get(of),
    remember: async (of, bundle) => {
      const all = (await read()).set(of, bundle);
      await mkdir(folder, { recursive: true });
      await writeFile(`${file}.new`, JSON.stringify(Object.fromEntries(all), null, 2));
      await rename(`${file}.new`, file);
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
