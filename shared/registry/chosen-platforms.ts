import type { Descriptor } from "../model/descriptor.ts";
import { Failure } from "../model/failure.ts";
import { formatPlatform, type Platform, satisfies } from "../model/platform.ts";

/** BuildKit's mark of what an attestation is about: https://docs.docker.com/build/metadata/attestations/attestation-storage/ */
const aboutDigest = "vnd.docker.reference.digest";

/**
 * The children of an index that are for the wanted platforms, with the attestations about these. What names no platform (an
 * index within the index, an artifact) is not for another one, and goes along.
 */
export function choosePlatforms(
  children: readonly Descriptor[],
  only: readonly Platform[] | undefined,
): readonly Descriptor[] {
  if (only === undefined) return children;
  const wanted = children.filter(
    ({ platform }) =>
      platform !== undefined && !isUnknown(platform) && only.some((each) => satisfies(platform, each)),
  );
  const digests = new Set<string>(wanted.map(({ digest }) => digest));
  return children.filter((child) => {
    const { platform, annotations, digest } = child;
    if (platform !== undefined && !isUnknown(platform)) return digests.has(digest);
    const about = annotations?.[aboutDigest];
    return about === undefined || digests.has(about);
  });
}

/** Throws `invalid` for a wanted platform that is not offered. */
export function requireAll(
  wanted: readonly Platform[],
  { offered, place }: { readonly offered: readonly Platform[]; readonly place: string },
): void {
  const missing = wanted.filter((platform) => !offered.some((each) => satisfies(each, platform)));
  if (missing.length === 0) return;
  const known = [...new Set(offered.filter((each) => !isUnknown(each)).map(formatPlatform))];
  throw new Failure(
    "invalid",
    `${place} lacks ${missing.map(formatPlatform).join(", ")}: it offers ${known.join(", ") || "no platform by name"}. Nothing was brought in`,
  );
}

/** How attestations are kept from being run. */
function isUnknown({ os, architecture }: Platform): boolean {
  return os === "unknown" || architecture === "unknown";
}
