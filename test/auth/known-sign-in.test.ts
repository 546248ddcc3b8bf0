import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseTokenHosts } from "../../shared/auth/token-hosts.ts";
import type { Credential } from "../../shared/model/credential.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { failureOf } from "../support/failures.ts";
import { type FarHosts, startFarHosts } from "../support/far-hosts.ts";
import { makeBlob } from "../support/images.ts";
import { never } from "../support/registries.ts";

/** How a registry asks for a login, and where it must go. */
interface SignIn {
  readonly label: string;
  /** As in references. */
  readonly host: string;
  readonly repository: string;
  readonly username: string;
  readonly challenge: string | readonly string[];
  /** `host path`, asked by GET with the login; absent where the registry itself takes it. */
  readonly token?: string;
  /** Where the API is, when elsewhere. */
  readonly api?: string;
  readonly pins?: string;
  /** The name of the token in the answer. */
  readonly field?: "token" | "access_token";
}

const pull = (repository: string) => `scope=${encodeURIComponent(`repository:${repository}:pull`)}`;

const signIns: readonly SignIn[] = [
  {
    label: "Docker Hub with an access token",
    host: "docker.io",
    api: "registry-1.docker.io",
    repository: "library/app",
    username: "me",
    challenge:
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/app:pull"',
    token: `auth.docker.io /token?service=registry.docker.io&${pull("library/app")}`,
  },
  {
    label: "Docker Hardened Images with the same, at a token service of their own",
    host: "dhi.io",
    repository: "python",
    username: "me",
    challenge:
      'Bearer realm="https://dhi.io/token",service="registry.docker.io",scope="repository:python:pull"',
    token: `dhi.io /token?service=registry.docker.io&${pull("python")}`,
  },
  {
    label: "GitHub with a personal access token, whose scope is a placeholder",
    host: "ghcr.io",
    repository: "org/app",
    username: "me",
    challenge: 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
    token: `ghcr.io /token?service=ghcr.io&${pull("org/app")}`,
  },
  {
    label: "LinuxServer.io with GitHub's token service",
    host: "lscr.io",
    repository: "linuxserver/app",
    username: "me",
    challenge:
      'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:linuxserver/app:pull"',
    token: `ghcr.io /token?service=ghcr.io&${pull("linuxserver/app")}`,
  },
  {
    label: "Quay with a robot",
    host: "quay.io",
    repository: "org/app",
    username: "org+robot",
    challenge: 'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:org/app:pull"',
    token: `quay.io /v2/auth?service=quay.io&${pull("org/app")}`,
  },
  {
    label: "Red Hat with a registry service account",
    host: "registry.redhat.io",
    repository: "ubi9/ubi",
    username: "12345|wharfgate",
    challenge:
      'Bearer realm="https://sso.redhat.com/auth/realms/rhcc/protocol/redhat-docker-v2/auth",service="docker-registry",scope="repository:ubi9/ubi:pull"',
    token: `sso.redhat.com /auth/realms/rhcc/protocol/redhat-docker-v2/auth?service=docker-registry&${pull("ubi9/ubi")}`,
  },
  {
    label: "Azure with a token's name and password",
    host: "other.azurecr.io",
    repository: "app",
    username: "puller",
    challenge:
      'Bearer realm="https://other.azurecr.io/oauth2/token",service="other.azurecr.io",scope="repository:app:metadata_read"',
    token: `other.azurecr.io /oauth2/token?service=other.azurecr.io&${pull("app")}&scope=repository%3Aapp%3Ametadata_read`,
    field: "access_token",
  },
  {
    label: "Google with a service account's key, without a scope in its challenge",
    host: "gcr.io",
    repository: "project/app",
    username: "_json_key",
    challenge: 'Bearer realm="https://gcr.io/v2/token",service="gcr.io"',
    token: `gcr.io /v2/token?service=gcr.io&${pull("project/app")}`,
  },
  {
    label: "Artifact Registry with an access token",
    host: "europe-docker.pkg.dev",
    repository: "project/repo/app",
    username: "oauth2accesstoken",
    challenge: 'Bearer realm="https://europe-docker.pkg.dev/v2/token",service="europe-docker.pkg.dev"',
    token: `europe-docker.pkg.dev /v2/token?service=europe-docker.pkg.dev&${pull("project/repo/app")}`,
  },
  {
    label: "Amazon ECR Public, whose scope is always aws",
    host: "public.ecr.aws",
    repository: "docker/library/app",
    username: "AWS",
    challenge: 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
    token: `public.ecr.aws /token/?service=public.ecr.aws&${pull("docker/library/app")}`,
  },
  {
    label: "Amazon ECR with its password of twelve hours",
    host: "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
    repository: "app",
    username: "AWS",
    challenge:
      'Basic realm="https://123456789012.dkr.ecr.eu-central-1.amazonaws.com/",service="ecr.amazonaws.com"',
  },
  {
    label: "GitLab.com with a deploy token",
    host: "registry.gitlab.com",
    repository: "group/app",
    username: "gitlab+deploy-token-1",
    challenge:
      'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:group/app:pull"',
    token: `gitlab.com /jwt/auth?service=container_registry&${pull("group/app")}`,
  },
  {
    label: "GitLab of one's own, pinned by a setting",
    host: "registry.corp:5443",
    repository: "group/app",
    username: "gitlab+deploy-token-1",
    challenge:
      'Bearer realm="https://gitlab.corp/jwt/auth",service="container_registry",scope="repository:group/app:pull"',
    token: `gitlab.corp /jwt/auth?service=container_registry&${pull("group/app")}`,
    pins: "registry.corp:5443=gitlab.corp",
  },
  {
    label: "Harbor with a robot",
    host: "registry.corp:5443",
    repository: "library/app",
    username: "robot$library+wharfgate",
    challenge:
      'Bearer realm="https://registry.corp:5443/service/token",service="harbor-registry",scope="repository:library/app:pull"',
    token: `registry.corp /service/token?service=harbor-registry&${pull("library/app")}`,
  },
  {
    label: "NVIDIA with an API key, with a scope without quotes and without a service",
    host: "nvcr.io",
    repository: "nvidia/app",
    username: "$oauthtoken",
    challenge: 'Bearer realm="https://nvcr.io/proxy_auth",scope=repository:nvidia/app:pull',
    token: `nvcr.io /proxy_auth?${pull("nvidia/app")}`,
  },
  {
    label: "distribution with htpasswd",
    host: "registry.corp:5443",
    repository: "app",
    username: "me",
    challenge: 'Basic realm="Registry Realm"',
  },
  {
    label: "a registry that offers Basic and Bearer, in two headers",
    host: "registry.corp:5443",
    repository: "app",
    username: "me",
    challenge: [
      'BASIC realm="Repository"',
      'Bearer realm="https://registry.corp:5443/v2/token",service="https://registry.corp:5443/v2/token"',
    ],
    token: `registry.corp /v2/token?service=https%3A%2F%2Fregistry.corp%3A5443%2Fv2%2Ftoken&${pull("app")}`,
  },
];

const secret = "tr0ub4dor-and-3";
const blob = makeBlob("content");
const bare = (host: string) => host.replace(/:.*/, "");
const names = [
  ...new Set(
    signIns.flatMap(({ host, api, token }) => [bare(host), api ?? [], token?.split(" ")[0] ?? []].flat()),
  ),
];

let far: FarHosts;
beforeEach(async () => {
  far = await startFarHosts([...names, "cdn.example"]);
});
afterEach(() => far.finish());

function openAs(credential: Credential, { host, pins = "" }: Pick<SignIn, "host" | "pins">) {
  const credentials = { resolve: async () => credential };
  return far.open({ credentials, tokenHosts: parseTokenHosts(pins) }).open(host, "env:ANY");
}

describe("a credential goes to its token service alone", () => {
  it.each(signIns.map((signIn) => [signIn.label, signIn] as const))("%s", async (_label, signIn) => {
    const { host, api = bare(host), repository, username, challenge, token, field = "token" } = signIn;
    const [tokenHost = api, path = ""] = token?.split(" ") ?? [];
    const blobPath = `/v2/${repository}/blobs/${blob.descriptor.digest}`;
    far
      .at(api)
      .expect(
        `GET /v2/${repository}/tags/list?n=1000`,
        { status: 401, headers: { "www-authenticate": challenge } },
        { body: '{"tags":["1.0.0"]}' },
      );
    far.at(api).expect(`GET ${blobPath}`, { status: 307, headers: { location: "https://cdn.example/blob" } });
    far.at("cdn.example").expect("GET /blob", { body: blob.bytes });
    if (token !== undefined) {
      far
        .at(tokenHost)
        .expect(`GET ${path}`, { body: JSON.stringify({ [field]: "t0ken", expires_in: 300 }) });
    }

    const registry = openAs({ username, password: secret }, signIn);
    expect([...tagsOf(await registry.listTags(repository, never))]).toEqual(["1.0.0"]);
    for await (const _chunk of await registry.getBlob(repository, blob.descriptor, { signal: never }));

    const login = `Basic ${Buffer.from(`${username}:${secret}`).toString("base64")}`;
    const used = token === undefined ? login : "Bearer t0ken";
    const expected: Record<string, string[]> = { [api]: [used, used] };
    if (token !== undefined) expected[tokenHost] = tokenHost === api ? [login, used, used] : [login];
    expect(far.authorizations()).toEqual(expected);
    const places = token === undefined ? 2 : 1;
    expect(far.seen(secret).filter((place) => place.startsWith(`${tokenHost}: `)).length).toBe(places);
    expect(far.seen(secret).length).toBe(places);
  });

  it.each(
    signIns
      .filter(({ token, host }) => token !== undefined && token.split(" ")[0] !== bare(host))
      .map((signIn) => [signIn.token?.split(" ")[0], signIn] as const),
  )("and not to %s on behalf of another registry", async (tokenHost, signIn) => {
    far.at("quay.io").expect("GET /v2/app/tags/list?n=1000", {
      status: 401,
      headers: { "www-authenticate": signIn.challenge },
    });
    const registry = openAs({ username: "me", password: secret }, { host: "quay.io" });
    const { message } = await failureOf(() => registry.listTags("app", never), "blocked");
    expect(message).toContain(`WHARFGATE_TOKEN_HOSTS="quay.io=${tokenHost}"`);
    expect(far.seen(secret)).toEqual([]);
  });
});

describe("the app's Entra ID identity", () => {
  it("is exchanged at a further Azure registry that a setting names, and at no other", async () => {
    const challenge =
      'Bearer realm="https://cdn.example/oauth2/token",service="other.azurecr.io",scope="repository:app:metadata_read"';
    const registry = far.at("other.azurecr.io");
    registry.expect(
      "GET /v2/app/tags/list?n=1000",
      { status: 401, headers: { "www-authenticate": challenge } },
      { body: '{"tags":["1.0.0"]}' },
    );
    registry.expect("POST /oauth2/exchange", { body: '{"refresh_token":"refresh"}' });
    registry.expect("POST /oauth2/token", { body: '{"access_token":"access"}' });
    const entra = { hosts: ["mine.azurecr.io", "other.azurecr.io"], getToken: async () => secret };
    const registries = far.open({ entra });
    expect([...tagsOf(await registries.open("other.azurecr.io", "entra").listTags("app", never))]).toEqual([
      "1.0.0",
    ]);
    expect(far.seen(secret)).toEqual(["other.azurecr.io: POST /oauth2/exchange: body"]);
    const { message } = await failureOf(() => registries.open("third.azurecr.io", "entra"), "blocked");
    expect(message).toContain("WHARFGATE_ENTRA_HOSTS");
  });
});
