import { type KnownRegistry, knownRegistries } from "./known-registries.ts";

/** The registries that may be read from when nothing is configured: public ones which many people use. */
export const defaultUpstreams =
  "docker.io, mcr.microsoft.com, ghcr.io, quay.io, registry.k8s.io, gcr.io, public.ecr.aws, registry.gitlab.com";

/**
 * Tags to ask for in one page. ECR refuses more: https://github.com/google/go-containerregistry/issues/681. GHCR gives
 * 100 unless asked for more: https://github.com/smg-project/smg/pull/2348.
 */
export const largestPage = 1000;

/**
 * What a registry is asked for once it has refused the largest page, as Quay did for a time:
 * https://github.com/akuity/kargo/pull/2186. The specification wants registries to take this one.
 */
export const modestPage = 100;

/**
 * How a registry that cannot give so large a page says so: ECR sends 405 UNSUPPORTED, distribution refuses more than it is
 * configured for.
 */
export const pageRefusals: readonly number[] = [400, 405, 416, 422];

/** What is known of a host, as it stands in references. */
export function knownRegistry(host: string): KnownRegistry | undefined {
  return exact.get(host) ?? patterns.find(({ pattern }) => pattern.test(host))?.registry;
}

export function apiHostOf(host: string): string {
  return knownRegistry(host)?.apiHost?.is ?? host;
}

export function tokenHostsOf(host: string): readonly string[] {
  return knownRegistry(host)?.tokenHosts?.is ?? [];
}

/** Whether reading a manifest by GET uses up a quota of pulls there. */
export function countsPulls(host: string): boolean {
  return knownRegistry(host)?.pulls?.is === "counted";
}

const named = knownRegistries.flatMap((registry) => registry.hosts.map((host) => ({ host, registry })));
const exact = new Map(named.map(({ host, registry }) => [host, registry]));
const patterns = named
  .filter(({ host }) => host.includes("*"))
  .map(({ host, registry }) => ({ pattern: patternOf(host), registry }));

/** A `*` stands for parts of a name, never for a port. */
function patternOf(host: string): RegExp {
  return new RegExp(`^${host.replaceAll(".", "\\.").replaceAll("*", "[a-z0-9.-]+")}$`);
}
