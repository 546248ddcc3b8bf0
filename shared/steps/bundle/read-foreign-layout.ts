import { type BundleImage, bundleFile } from "../../documents/bundle-manifest.ts";
import { printable } from "../../model/digest.ts";
import { Failure } from "../../model/failure.ts";
import { parseReference, parseRepositoryPath, parseTag } from "../../model/reference.ts";
import type { LayoutFiles } from "../../registry/layout/layout-files.ts";
import { openLayout, refName } from "../../registry/layout/open-layout.ts";
import type { BundleImport } from "./import-bundle.ts";

/**
 * A layout that another tool wrote, which nobody has signed: all that its index names, by the name that stands there or, for
 * names that are tags alone, in `repository`.
 */
export async function readForeignLayout(
  files: LayoutFiles,
  options: {
    readonly site: string;
    readonly repository?: string;
    readonly existing: "keep" | "replace";
    readonly signal: AbortSignal;
  },
): Promise<BundleImport> {
  const { site, repository, existing, signal } = options;
  if (files.size(bundleFile) !== undefined) {
    throw new Failure(
      "invalid",
      `${files.place} is a signed bundle: leave --allow-unsigned out, so that its signature, site and number are checked`,
    );
  }
  const { images, contents } = await openLayout(files, signal);
  if (images.length === 0) throw new Failure("protocol", `${files.place} names no image`);
  const found = images.map(({ digest, annotations }): BundleImage => {
    const name = annotations?.[refName];
    return { ...placeOf(name), digest, existing, source: files.place };
  });
  return { site, images: found, assumes: new Map(), repositories: [], contents };

  function placeOf(name: string | undefined): { readonly repository: string; readonly tag?: string } {
    if (repository !== undefined) {
      const path = parseRepositoryPath(repository);
      const tag = name?.slice(name.lastIndexOf("/") + 1).replace(/^[^:@]*:/, "");
      return tag === undefined || tag.includes("@")
        ? { repository: path }
        : { repository: path, tag: parseTag(tag) };
    }
    if (name === undefined || !name.includes(":")) {
      const what = name === undefined ? "has an image without a name" : `names an image "${printable(name)}"`;
      throw new Failure("invalid", `${files.place} ${what}: say by --repository where it goes`);
    }
    const { path, tag } = parseReference(name.includes("/") ? name : `registry.invalid/${name}`);
    return { repository: path, ...(tag !== undefined && { tag }) };
  }
}
