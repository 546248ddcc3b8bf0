import type { Manifest } from "./descriptor.ts";
import { type Platform, satisfies } from "./platform.ts";

/** Those of `wanted` that an index does not offer; a single image offers none, since only an index names platforms. */
export function missingPlatforms({ manifests }: Manifest, wanted: readonly Platform[]): readonly Platform[] {
  return wanted.filter(
    (platform) =>
      !manifests.some((each) => each.platform !== undefined && satisfies(each.platform, platform)),
  );
}
