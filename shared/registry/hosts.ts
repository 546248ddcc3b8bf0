/** What is special about well-known registries. Everything else follows the specification. */
interface HostTraits {
  /** Where the API is, when it is not at the host that references name. */
  readonly apiHost?: string;
  /** Hosts of the registry's own token service, which may be given its credentials. */
  readonly tokenHosts?: readonly string[];
  /** Whether reading a manifest by GET uses up a quota of pulls; HEAD does not. */
  readonly countsPulls?: "yes";
}

const traits: Readonly<Record<string, HostTraits>> = {
  // https://github.com/distribution/reference/blob/main/normalize.go, https://docs.docker.com/docker-hub/usage/pulls/
  "docker.io": { apiHost: "registry-1.docker.io", tokenHosts: ["auth.docker.io"], countsPulls: "yes" },
  // https://docs.gitlab.com/administration/packages/container_registry/: the token service is GitLab itself.
  "registry.gitlab.com": { tokenHosts: ["gitlab.com"] },
};

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

export function apiHostOf(host: string): string {
  return traits[host]?.apiHost ?? host;
}

export function tokenHostsOf(host: string): readonly string[] {
  return traits[host]?.tokenHosts ?? [];
}

/** Whether reading a manifest by GET uses up a quota of pulls there. */
export function countsPulls(host: string): boolean {
  return traits[host]?.countsPulls === "yes";
}
