import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseRepositoryName, type RepositoryName } from "../names.ts";
import { type Attributes, createAttributes } from "./attributes.ts";
import { type Blobs, createBlobs } from "./blobs.ts";
import { absentAsUndefined } from "./files.ts";
import { layoutAt, manifestsFolder } from "./layout.ts";
import { createManifests, type Manifests } from "./manifests.ts";
import { createReferrers, type Referrers } from "./referrers.ts";
import { createTags, type Tags } from "./tags.ts";
import { createUploads, type Uploads } from "./uploads.ts";

/** What a registry keeps on disk. Several may be open on one root; every write is a rename or a link. */
export interface Store {
  readonly blobs: Blobs;
  readonly manifests: Manifests;
  readonly tags: Tags;
  readonly attributes: Attributes;
  readonly referrers: Referrers;
  readonly uploads: Uploads;
  /** All that ever held a manifest, in no order. */
  repositories(): Promise<readonly RepositoryName[]>;
  /** Removes drafts that a crash left behind; only while nobody writes. */
  clearDrafts(): Promise<void>;
}

/** Opens the store under `root`, a folder that need not exist yet. */
export function openStore(root: string): Store {
  const layout = layoutAt(root);
  const attributes = createAttributes(layout);
  return {
    blobs: createBlobs(layout),
    manifests: createManifests(layout),
    tags: createTags(layout, attributes),
    attributes,
    referrers: createReferrers(layout),
    uploads: createUploads(layout),
    repositories: () => repositoriesUnder(layout.repositories),
    clearDrafts: () => rm(layout.temporary, { recursive: true, force: true }),
  };
}

async function repositoriesUnder(root: string): Promise<readonly RepositoryName[]> {
  const found: RepositoryName[] = [];
  const open: string[] = [""];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const folder = join(root, path);
    const entries = (await absentAsUndefined(() => readdir(folder, { withFileTypes: true }))) ?? [];
    for (const entry of entries) {
      if (!entry.isDirectory()) continue;
      if (entry.name === manifestsFolder) found.push(parseRepositoryName(path));
      else if (!entry.name.startsWith("_")) open.push(path === "" ? entry.name : `${path}/${entry.name}`);
    }
  }
  return found;
}
