import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FailureCode } from "../../shared/model/failure.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import { failureOf } from "../support/failures.ts";
import { type FarHosts, startFarHosts } from "../support/far-hosts.ts";
import { makeImage } from "../support/images.ts";
import { never } from "../support/registries.ts";
import type { Reply } from "../support/scripted-server.ts";

const hosts = [
  "registry-1.docker.io",
  "auth.docker.io",
  "ghcr.io",
  "quay.io",
  "mcr.microsoft.com",
  "mine.azurecr.io",
  "registry.k8s.io",
  "us-west2-docker.pkg.dev",
  "gcr.io",
  "public.ecr.aws",
  "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
  "registry.gitlab.com",
  "nvcr.io",
  "authn.nvidia.com",
  "registry.corp",
] as const;
type Host = (typeof hosts)[number];

let far: FarHosts;
beforeEach(async () => {
  far = await startFarHosts(hosts);
});
afterEach(() => far.finish());

const json = (body: unknown, headers: Reply["headers"] = {}): Reply => ({
  body: JSON.stringify(body),
  headers,
});
const next = (url: string) => ({ link: `<${url}>; rel="next"` });
const error = (status: number, code: string, headers: Reply["headers"] = {}): Reply => ({
  status,
  headers,
  body: JSON.stringify({ errors: [{ code, message: "secret detail" }] }),
});
const list = async (host: string, repository: string) => [
  ...tagsOf(await far.open().open(host).listTags(repository, never)),
];

/** What a host answers, in order, by request; and the tags that come of it. */
interface Listing {
  readonly label: string;
  readonly host: string;
  readonly repository: string;
  readonly script: readonly (readonly [host: Host, request: string, ...replies: Reply[]])[];
  readonly tags: readonly string[];
}

const listings: readonly Listing[] = [
  {
    label: "Docker Hub: an anonymous token of another host, pages by last",
    host: "docker.io",
    repository: "library/app",
    script: [
      [
        "registry-1.docker.io",
        "GET /v2/library/app/tags/list?n=1000",
        error(401, "UNAUTHORIZED", {
          "www-authenticate":
            'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/app:pull"',
        }),
        json({ name: "library/app", tags: ["1.0.0"] }, next("/v2/library/app/tags/list?last=1.0.0&n=1000")),
      ],
      [
        "auth.docker.io",
        "GET /token?service=registry.docker.io&scope=repository%3Alibrary%2Fapp%3Apull",
        json({ token: "t", access_token: "t", expires_in: 300, issued_at: "2026-11-24T00:00:00.123456789Z" }),
      ],
      [
        "registry-1.docker.io",
        "GET /v2/library/app/tags/list?last=1.0.0&n=1000",
        json({ name: "library/app", tags: ["1.1.0"] }),
      ],
    ],
    tags: ["1.0.0", "1.1.0"],
  },
  {
    label: "Quay: an opaque cursor before the page size",
    host: "quay.io",
    repository: "org/app",
    script: [
      [
        "quay.io",
        "GET /v2/org/app/tags/list?n=1000",
        json(
          { name: "org/app", tags: ["b", "a"] },
          next("/v2/org/app/tags/list?next_page=gAAAAABc%3D&n=1000"),
        ),
      ],
      [
        "quay.io",
        "GET /v2/org/app/tags/list?next_page=gAAAAABc%3D&n=1000",
        json({ name: "org/app", tags: ["a", "c"] }),
      ],
    ],
    tags: ["b", "a", "a", "c"],
  },
  {
    label: "Quay for a time: no page over 100",
    host: "quay.io",
    repository: "org/app",
    script: [
      ["quay.io", "GET /v2/org/app/tags/list?n=1000", { status: 400, body: '{"error":"n too large"}' }],
      ["quay.io", "GET /v2/org/app/tags/list?n=100", json({ tags: ["a"] })],
    ],
    tags: ["a"],
  },
  {
    label: "Microsoft: no challenge, all in one answer",
    host: "mcr.microsoft.com",
    repository: "dotnet/sdk",
    script: [["mcr.microsoft.com", "GET /v2/dotnet/sdk/tags/list?n=1000", json({ tags: ["8.0", "9.0"] })]],
    tags: ["8.0", "9.0"],
  },
  {
    label: "Azure: the scope that it asks for beside ours, an absolute link with an empty parameter",
    host: "mine.azurecr.io",
    repository: "app",
    script: [
      [
        "mine.azurecr.io",
        "GET /v2/app/tags/list?n=1000",
        error(401, "UNAUTHORIZED", {
          "www-authenticate":
            'Bearer realm="https://mine.azurecr.io/oauth2/token",service="mine.azurecr.io",scope="repository:app:metadata_read"',
        }),
        json({ tags: ["1"] }, next("https://mine.azurecr.io/v2/app/tags/list?last=1&n=1000&orderby=")),
      ],
      [
        "mine.azurecr.io",
        "GET /oauth2/token?service=mine.azurecr.io&scope=repository%3Aapp%3Apull&scope=repository%3Aapp%3Ametadata_read",
        json({ access_token: "t" }),
      ],
      ["mine.azurecr.io", "GET /v2/app/tags/list?last=1&n=1000&orderby=", json({ tags: ["2"] })],
    ],
    tags: ["1", "2"],
  },
  {
    label: "Kubernetes: the list is redirected to Google, and so are its pages",
    host: "registry.k8s.io",
    repository: "pause",
    script: [
      [
        "registry.k8s.io",
        "GET /v2/pause/tags/list?n=1000",
        {
          status: 307,
          headers: {
            location: "https://us-west2-docker.pkg.dev/v2/k8s-artifacts-prod/images/pause/tags/list?n=1000",
          },
        },
      ],
      [
        "us-west2-docker.pkg.dev",
        "GET /v2/k8s-artifacts-prod/images/pause/tags/list?n=1000",
        json({ tags: ["3.9"] }, next("/v2/k8s-artifacts-prod/images/pause/tags/list?n=1000&last=3.9")),
      ],
      [
        "us-west2-docker.pkg.dev",
        "GET /v2/k8s-artifacts-prod/images/pause/tags/list?n=1000&last=3.9",
        json({ tags: ["3.10"] }),
      ],
    ],
    tags: ["3.9", "3.10"],
  },
  {
    label: "Google: children and manifests beside the tags",
    host: "gcr.io",
    repository: "project/app",
    script: [
      [
        "gcr.io",
        "GET /v2/project/app/tags/list?n=1000",
        json({
          child: ["nested"],
          manifest: { "sha256:aa": { tag: ["1", "not-a-tag-of-the-list"], timeCreatedMs: "1" } },
          name: "project/app",
          tags: ["1"],
        }),
      ],
    ],
    tags: ["1"],
  },
  {
    label: "Amazon ECR Public: the scope aws",
    host: "public.ecr.aws",
    repository: "docker/library/app",
    script: [
      [
        "public.ecr.aws",
        "GET /v2/docker/library/app/tags/list?n=1000",
        error(401, "DENIED", {
          "www-authenticate":
            'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
        }),
        json({ tags: ["1"] }),
      ],
      [
        "public.ecr.aws",
        "GET /token/?service=public.ecr.aws&scope=repository%3Adocker%2Flibrary%2Fapp%3Apull",
        json({ token: "t" }),
      ],
    ],
    tags: ["1"],
  },
  {
    label: "distribution: an empty repository is null",
    host: "registry.corp:5443",
    repository: "empty",
    script: [["registry.corp", "GET /v2/empty/tags/list?n=1000", json({ name: "empty", tags: null })]],
    tags: [],
  },
  {
    label: "distribution 3: a page size over its own",
    host: "registry.corp:5443",
    repository: "app",
    script: [
      ["registry.corp", "GET /v2/app/tags/list?n=1000", error(400, "PAGINATION_NUMBER_INVALID")],
      [
        "registry.corp",
        "GET /v2/app/tags/list?n=100",
        json({ tags: ["1"] }, next("/v2/app/tags/list?last=1&n=100")),
      ],
      ["registry.corp", "GET /v2/app/tags/list?last=1&n=100", json({ tags: ["2"] })],
    ],
    tags: ["1", "2"],
  },
];

describe("a tag list", () => {
  it.each(listings.map((listing) => [listing.label, listing] as const))("%s", async (_label, listing) => {
    for (const [host, request, ...replies] of listing.script) far.at(host).expect(request, ...replies);
    expect(await list(listing.host, listing.repository)).toEqual(listing.tags);
  });

  it.each<[string, string, Host, Reply, FailureCode]>([
    [
      "Docker Hub's abuse limit, a bare text",
      "docker.io",
      "registry-1.docker.io",
      { status: 429, body: "Too Many Requests" },
      "rate-limited",
    ],
    ["GitHub's refusal", "ghcr.io", "ghcr.io", error(403, "DENIED"), "forbidden"],
    ["a repository that does not exist", "quay.io", "quay.io", error(404, "NAME_UNKNOWN"), "not-found"],
    [
      "Microsoft's wall",
      "mcr.microsoft.com",
      "mcr.microsoft.com",
      { status: 403, body: "<html></html>" },
      "forbidden",
    ],
    [
      "a sign-in page with 200, as proxies have",
      "registry.corp:5443",
      "registry.corp",
      { body: "<html>Sign in</html>" },
      "protocol",
    ],
  ])("is told as what it is: %s", async (_label, host, api, reply, code) => {
    far.at(api).expect("GET /v2/org/app/tags/list?n=1000", reply);
    const { message } = await failureOf(() => list(host, "org/app"), code);
    expect(message).not.toContain("secret detail");
  });
});

describe("a token that has run out", () => {
  it("NVIDIA: is had again where it came from, not where the later challenge leads", async () => {
    const [registry, path] = [far.at("nvcr.io"), "GET /v2/nvidia/app/tags/list?n=1000"];
    registry.expect(
      path,
      {
        status: 401,
        headers: {
          "www-authenticate": 'Bearer realm="https://nvcr.io/proxy_auth",scope="repository:nvidia/app:pull"',
        },
      },
      json({ tags: ["1"] }),
      {
        status: 401,
        headers: {
          "www-authenticate":
            'Bearer realm="https://authn.nvidia.com/token",service="registry",error="invalid_token"',
        },
      },
      json({ tags: ["2"] }),
    );
    const ask = "GET /proxy_auth?scope=repository%3Anvidia%2Fapp%3Apull";
    registry.expect(ask, json({ token: "one", expires_in: 3600 }), json({ token: "two" }));
    const client = far.open().open("nvcr.io");
    expect([...tagsOf(await client.listTags("nvidia/app", never))]).toEqual(["1"]);
    expect([...tagsOf(await client.listTags("nvidia/app", never))]).toEqual(["2"]);
  });
});

describe("tokens for several repositories", () => {
  it.each([
    ["ghcr.io", "GitHub", "one at a time"],
    ["quay.io", "Quay", "together"],
  ] as const)("are asked of %s (%s) %s", async (host, _name, how) => {
    const challenge = `Bearer realm="https://${host}/token",service="${host}"`;
    const server = far.at(host);
    for (const name of ["a/x", "a/y"]) {
      const found = json({ tags: ["1"] });
      const first = { status: 401, headers: { "www-authenticate": challenge } };
      server.expect(`GET /v2/${name}/tags/list?n=1000`, ...(name === "a/x" ? [first, found] : [found]));
    }
    const scope = (name: string) => `scope=${encodeURIComponent(`repository:${name}:pull`)}`;
    const token = json({ token: "t", expires_in: 300 });
    if (how === "together")
      server.expect(`GET /token?service=${host}&${scope("a/x")}&${scope("a/y")}`, token);
    else for (const name of ["a/x", "a/y"]) server.expect(`GET /token?service=${host}&${scope(name)}`, token);
    const client = far.open().open(host);
    client.prepare(["a/x", "a/y"]);
    await client.listTags("a/x", never);
    await client.listTags("a/y", never);
  });
});

describe("manifests", () => {
  const { manifest } = makeImage([], "amd64");
  const { digest, mediaType, size } = manifest.descriptor;

  it("a HEAD without a digest is made good by a GET, whose bytes are hashed", async () => {
    const server = far.at("registry.corp");
    const headers = { "content-type": mediaType };
    server.expect("HEAD /v2/app/manifests/1.0", { headers: { ...headers, "content-length": String(size) } });
    server.expect("GET /v2/app/manifests/1.0", { headers, body: manifest.bytes });
    const found = await far.open().open("registry.corp:5443").headManifest("app", "1.0", never);
    expect(found?.digest).toBe(digest);
  });

  it.each(["ghcr.io", "registry.gitlab.com"] as const)(
    "%s has referrers by their tag alone",
    async (host) => {
      const server = far.at(host);
      server.expect(`GET /v2/app/referrers/${digest}`, { status: 404, body: "404 page not found" });
      server.expect(`GET /v2/app/manifests/${digest.replace(":", "-")}`, error(404, "MANIFEST_UNKNOWN"));
      expect(await far.open().open(host).listReferrers("app", digest, never)).toEqual([]);
    },
  );
});

describe("a redirect, behind a proxy", () => {
  const [config] = makeImage([], "amd64").blobs;

  it.each([
    "https://169.254.169.254/latest/meta-data/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[::ffff:127.0.0.1]/",
    "https://10.0.0.1/",
    "http://cdn.example/",
    "https://localhost/",
    "https://user:word@quay.io/",
  ])("to %s is not followed, nor asked of the proxy", async (location) => {
    if (config === undefined) throw new Error("no blob");
    const path = `/v2/app/blobs/${config.descriptor.digest}`;
    far.at("quay.io").expect(`GET ${path}`, { status: 302, headers: { location } });
    const client = far.open().open("quay.io");
    await failureOf(() => client.getBlob("app", config.descriptor, { signal: never }), "blocked");
    expect(far.asked()).toEqual(["quay.io:443"]);
  });
});

describe("a catalogue", () => {
  it("Microsoft: all in one answer, to anybody", async () => {
    far
      .at("mcr.microsoft.com")
      .expect("GET /v2/_catalog?n=1000", json({ repositories: ["dotnet/sdk", "azure-cli"] }));
    expect(await far.open().open("mcr.microsoft.com").listRepositories(never)).toEqual([
      "dotnet/sdk",
      "azure-cli",
    ]);
  });

  it("Harbor: a token that does not do for those who are no administrators", async () => {
    const server = far.at("registry.corp");
    const refusal = (more = "") =>
      error(401, "UNAUTHORIZED", {
        "www-authenticate": `Bearer realm="https://registry.corp/service/token",service="harbor-registry",scope="registry:catalog:*"${more}`,
      });
    server.expect("GET /v2/_catalog?n=1000", refusal(), refusal(',error="insufficient_scope"'));
    server.expect(
      "GET /service/token?service=harbor-registry&scope=registry%3Acatalog%3A*",
      json({ token: "t" }),
    );
    const { message } = await failureOf(
      () => far.open().open("registry.corp").listRepositories(never),
      "unsupported",
    );
    expect(message).toContain("administrators");
  });

  it("Amazon ECR: pages by an opaque cursor", async () => {
    const host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    far
      .at(host)
      .expect(
        "GET /v2/_catalog?n=1000",
        json({ repositories: ["a"] }, next("/v2/_catalog?last=ZXhh&n=1000")),
      );
    far.at(host).expect("GET /v2/_catalog?last=ZXhh&n=1000", json({ repositories: ["b"] }));
    expect(await far.open().open(host).listRepositories(never)).toEqual(["a", "b"]);
  });
});
