/** What was found out about a registry, with the page that shows it. */
interface Fact<T> {
  readonly is: T;
  readonly see: string;
}

/** What is special about a registry. Everything else follows the specification, or shows itself when it is asked. */
export interface KnownRegistry {
  readonly name: string;
  /** As in references; `*` is any part of a name: `*.azurecr.io`. */
  readonly hosts: readonly string[];
  /** Where the API is, when it is not at the host that references name. */
  readonly apiHost?: Fact<string>;
  /** Hosts of the registry's own token service, which may be given its credentials. */
  readonly tokenHosts?: Fact<readonly string[]>;
  /** It names another token service to those whose token has run out, where they get none: the first one stands. */
  readonly laterRealms?: Fact<"ignored">;
  /** The scope of its challenge may be a placeholder. */
  readonly challengeScope?: Fact<"ignored">;
  /** Its token service knows one scope at a time. */
  readonly scopesPerToken?: Fact<"one">;
  /** `none`: nobody gets its catalogue. `partial`: not everybody gets all of it. */
  readonly catalogue?: Fact<"none" | "partial">;
  /** Without the referrers API, where the tag that stands in for it is all there is. */
  readonly referrers?: Fact<"by-tag">;
  /** Whether reading a manifest by GET uses up a quota of pulls; HEAD does not. */
  readonly pulls?: Fact<"counted">;
  /** Its rights are roles of a cloud's directory, which its refusals do not name. */
  readonly roles?: Fact<"azure">;
  /** Where it redirects for blobs, for firewalls: they change without notice. */
  readonly blobHosts?: Fact<readonly string[]>;
}

const quayCdn: Fact<readonly string[]> = {
  is: ["cdn.quay.io", "cdn01.quay.io", "cdn02.quay.io", "cdn03.quay.io"],
  see: "https://access.redhat.com/node/7001746",
};

export const knownRegistries: readonly KnownRegistry[] = [
  {
    name: "Docker Hub",
    hosts: ["docker.io"],
    apiHost: {
      is: "registry-1.docker.io",
      see: "https://github.com/distribution/reference/blob/main/normalize.go",
    },
    tokenHosts: {
      is: ["auth.docker.io"],
      see: "https://distribution.github.io/distribution/spec/auth/token/",
    },
    catalogue: { is: "none", see: "https://github.com/regclient/regclient/issues/539" },
    pulls: { is: "counted", see: "https://docs.docker.com/docker-hub/usage/pulls/" },
    blobHosts: {
      is: [
        "production.cloudflare.docker.com",
        "production.cloudfront.docker.com",
        "docker-images-prod.6aa30f8b08e16409b46e0173d6de2f56.r2.cloudflarestorage.com",
      ],
      see: "https://docs.docker.com/desktop/setup/allow-list/",
    },
  },
  {
    name: "Docker Hardened Images",
    hosts: ["dhi.io"],
  },
  {
    name: "GitHub",
    hosts: ["ghcr.io"],
    challengeScope: { is: "ignored", see: "https://github.com/cloudflare/serverless-registry/pull/149" },
    scopesPerToken: { is: "one", see: "https://github.com/containerd/containerd/issues/9648" },
    catalogue: { is: "none", see: "https://github.com/oras-project/oras-go/issues/621" },
    referrers: { is: "by-tag", see: "https://github.com/docker/compose/issues/13428" },
    blobHosts: {
      is: ["pkg-containers.githubusercontent.com"],
      see: "https://github.com/aquasecurity/trivy/blob/main/docs/guide/references/troubleshooting.md",
    },
  },
  {
    name: "LinuxServer.io",
    hosts: ["lscr.io"],
    // Another name for repositories at GitHub, whose tokens it takes.
    tokenHosts: { is: ["ghcr.io"], see: "https://github.com/getwud/wud/issues/143" },
    challengeScope: { is: "ignored", see: "https://github.com/cloudflare/serverless-registry/pull/149" },
    scopesPerToken: { is: "one", see: "https://github.com/containerd/containerd/issues/9648" },
  },
  {
    name: "Quay",
    hosts: ["quay.io"],
    catalogue: { is: "partial", see: "https://github.com/quay/mirror-registry/issues/71" },
    blobHosts: quayCdn,
  },
  {
    name: "Red Hat",
    hosts: ["registry.redhat.io", "registry.access.redhat.com", "registry.connect.redhat.com"],
    tokenHosts: { is: ["sso.redhat.com"], see: "https://access.redhat.com/articles/3560571" },
    blobHosts: quayCdn,
  },
  {
    name: "Microsoft",
    hosts: ["mcr.microsoft.com"],
    blobHosts: {
      is: ["*.data.mcr.microsoft.com"],
      see: "https://github.com/microsoft/containerregistry/blob/main/docs/client-firewall-rules.md",
    },
  },
  {
    name: "Azure",
    hosts: ["*.azurecr.io", "*.azurecr.cn", "*.azurecr.us"],
    catalogue: { is: "partial", see: "https://github.com/Azure/acr/issues/751" },
    roles: {
      is: "azure",
      see: "https://learn.microsoft.com/azure/container-registry/container-registry-rbac-built-in-roles-overview",
    },
    blobHosts: {
      is: ["*.data.azurecr.io", "*.blob.core.windows.net"],
      see: "https://learn.microsoft.com/azure/container-registry/container-registry-endpoint-reference",
    },
  },
  {
    name: "Kubernetes",
    hosts: ["registry.k8s.io"],
    blobHosts: {
      is: ["*.pkg.dev", "*.s3.dualstack.*.amazonaws.com"],
      see: "https://github.com/kubernetes/registry.k8s.io/issues/238",
    },
  },
  {
    name: "Google",
    hosts: ["gcr.io", "*.gcr.io", "*.pkg.dev"],
    scopesPerToken: { is: "one", see: "https://github.com/containerd/containerd/issues/8415" },
    blobHosts: {
      is: ["storage.googleapis.com", "*.pkg.dev"],
      see: "https://docs.siderolabs.com/talos/v1.14/networking/egress-domains",
    },
  },
  {
    name: "Amazon ECR Public",
    hosts: ["public.ecr.aws"],
    // Always "aws", whatever is asked for.
    challengeScope: { is: "ignored", see: "https://github.com/SgtSilvio/gradle-oci/pull/141" },
  },
  {
    name: "Amazon ECR",
    hosts: ["*.dkr.ecr.*.amazonaws.com", "*.dkr.ecr.*.amazonaws.com.cn"],
    blobHosts: {
      is: ["*.s3.*.amazonaws.com"],
      see: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html",
    },
  },
  {
    name: "GitLab.com",
    hosts: ["registry.gitlab.com"],
    // The token service is GitLab itself.
    tokenHosts: {
      is: ["gitlab.com"],
      see: "https://docs.gitlab.com/administration/packages/container_registry/",
    },
    catalogue: { is: "none", see: "https://github.com/Joxit/docker-registry-ui/issues/443" },
    referrers: { is: "by-tag", see: "https://github.com/docker/compose/issues/13428" },
  },
  {
    name: "NVIDIA",
    hosts: ["nvcr.io"],
    tokenHosts: {
      is: ["authn.nvidia.com"],
      see: "https://github.com/NVIDIA/nvidia-container-toolkit/issues/1945",
    },
    laterRealms: {
      is: "ignored",
      see: "https://github.com/NVIDIA/nvidia-container-toolkit/issues/1945",
    },
  },
];
