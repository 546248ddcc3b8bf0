import { largestPage } from "../../registry/hosts.ts";
import type { Registries, Registry } from "../../registry/registry.ts";
import type { Pace } from "./pace.ts";

/** Registries whose lists and manifests, which are what a poll or a look at referrers asks for, go by turns. */
export function pacedBy(pace: Pace, registries: Registries): Registries {
  return { open: (host, credential) => paced(registries.open(host, credential), pace) };
}

function paced(registry: Registry, pace: Pace): Registry {
  return {
    ...registry,
    listTags: (repository, signal) =>
      pace.turn(async (within) => {
        const tags = await registry.listTags(repository, within);
        pace.charge(Math.max(0, Math.ceil(tags.size / largestPage) - 1));
        return tags;
      }, signal),
    headManifest: (repository, reference, signal) =>
      pace.turn((within) => registry.headManifest(repository, reference, within), signal),
    digestAt: (repository, tag, { likely, signal }) =>
      pace.turn((within) => registry.digestAt(repository, tag, { likely, signal: within }), signal),
    getManifest: (repository, reference, signal) =>
      pace.turn((within) => registry.getManifest(repository, reference, within), signal),
    listReferrers: (repository, digest, signal) =>
      pace.turn((within) => registry.listReferrers(repository, digest, within), signal),
  };
}
