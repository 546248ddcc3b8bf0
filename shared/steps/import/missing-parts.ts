import type { ImportRecord } from "../../documents/import-record.ts";
import { mapConcurrent } from "../../model/concurrency.ts";
import type { Digest } from "../../model/digest.ts";
import { parsePlatform, satisfies } from "../../model/platform.ts";
import type { Registry } from "../../registry/registry.ts";

const questionsAtOnce = 4;

/** Manifests that an imported index names and the target lacks; of those for some platforms alone, where it brings in no others. */
export async function missingParts(
  record: ImportRecord,
  registry: Pick<Registry, "getManifest" | "headManifest">,
  signal: AbortSignal,
): Promise<readonly Digest[]> {
  const { path } = record.target;
  const manifest = await registry.getManifest(path, record.digest, signal);
  if (manifest === undefined) return [record.digest];
  const only = record.handling.platforms === "only" ? record.platforms.map(parsePlatform) : undefined;
  const wanted = manifest.manifests.filter(
    ({ platform }) =>
      only === undefined || (platform && only.some((each) => satisfies(platform, each))) === true,
  );
  const found = await mapConcurrent(wanted, questionsAtOnce, async ({ digest }) =>
    (await registry.headManifest(path, digest, signal)) === undefined ? [digest] : [],
  );
  return found.flat();
}
