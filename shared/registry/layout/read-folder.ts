import { lstat, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { openFile, pieces } from "./file-pieces.ts";
import { type LayoutFiles, mostFiles } from "./layout-files.ts";

/** Opens a layout that is a folder, as `skopeo copy … oci:folder` writes. Links in it are refused with `blocked`. */
export async function openFolder(path: string): Promise<LayoutFiles> {
  const place = printable(path);
  const sizes = new Map<string, number>();
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const whole = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    if (!entry.isFile())
      throw new Failure("blocked", `${printable(whole)} is a link or a device, which no layout holds`);
    if (sizes.size === mostFiles) throw new Failure("too-large", `${place} has more than ${mostFiles} files`);
    sizes.set(relative(path, whole).replaceAll(sep, "/"), (await lstat(whole)).size);
  }
  return {
    place,
    names: new Set(sizes.keys()),
    size: (name) => sizes.get(name),
    async *read(name, { offset, signal }) {
      const size = sizes.get(name);
      if (size === undefined) throw new Failure("not-found", `${place} has no ${printable(name)}`);
      const file = await openFile(join(path, name));
      try {
        yield* pieces(file, { start: offset, end: size }, signal);
      } finally {
        await file.close();
      }
    },
    close: async () => {},
  };
}
