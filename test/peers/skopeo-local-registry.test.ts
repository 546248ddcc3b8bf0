import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type DemoUpstream, startDemoUpstream } from "../../local/demo/upstream.ts";
import { startRegistry } from "../../local/registry/registry.ts";
import { createOciClient } from "../support/oci-client.ts";
import { describeWithPeers } from "../support/peers.ts";

const run = promisify(execFile);
const admin = { username: "admin", password: "local" };

describeWithPeers("skopeo and the local registry", ["skopeo"], ({ skopeo }) => {
  let root: string;
  let upstream: DemoUpstream;
  let registry: Awaited<ReturnType<typeof startRegistry>>;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "wharfgate-skopeo-"));
    upstream = await startDemoUpstream({ root: join(root, "upstream") });
    registry = await startRegistry({
      root: join(root, "registry"),
      access: { kind: "acr", admin, acceptsEntraToken: () => false },
    });
  });
  afterAll(async () => {
    await Promise.all([upstream.close(), registry.close()]);
    await rm(root, { recursive: true, force: true });
  });

  const login = `--dest-creds=${admin.username}:${admin.password}`;

  function copy(from: string, to: string, ...options: string[]) {
    const plain = ["--src-tls-verify=false", "--dest-tls-verify=false"];
    return skopeoRun("copy", "--all", ...plain, ...options, from, to);
  }

  async function skopeoRun(...args: string[]): Promise<string> {
    // Its own home, so that no login of the person who runs the tests is used.
    const env = {
      ...process.env,
      HOME: root,
      XDG_RUNTIME_DIR: root,
      REGISTRY_AUTH_FILE: join(root, "auth.json"),
    };
    return (await run(skopeo, ["--insecure-policy", ...args], { env })).stdout;
  }

  async function digestAt(origin: string, repository: string, tag: string): Promise<string | undefined> {
    const client = createOciClient(origin);
    const query = new URLSearchParams({
      service: new URL(origin).host,
      scope: `repository:${repository}:pull`,
    });
    const token = origin === registry.origin ? await client.send("GET", `/oauth2/token?${query}`) : undefined;
    const bearer = token && ((await token.json()) as { access_token: string }).access_token;
    const response = await client.send("HEAD", `/v2/${repository}/manifests/${tag}`, {
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
    });
    return response.headers.get("docker-content-digest") ?? undefined;
  }

  it.each([
    ["demo/web", "1.4.2"],
    ["demo/api", "v2.1.1"],
    ["demo/edge-agent", "1.0.1"],
  ])("copies %s:%s in and back out, digests equal", async (repository, tag) => {
    await copy(
      `docker://${upstream.host}/${repository}:${tag}`,
      `docker://${registry.host}/${repository}:${tag}`,
      login,
    );
    const digest = await digestAt(registry.origin, repository, tag);
    expect(digest).toBe(await digestAt(upstream.origin, repository, tag));
    const folder = join(root, repository.replace("/", "-"));
    await copy(`docker://${registry.host}/${repository}:${tag}`, `dir:${folder}`);
    await copy(`dir:${folder}`, `docker://${registry.host}/${repository}:back`, login);
    expect(await digestAt(registry.origin, repository, "back")).toBe(digest);
  });

  it("reads without a login", async () => {
    await copy(`docker://${upstream.host}/demo/web:1.3.0`, `docker://${registry.host}/read/web:1.3.0`, login);
    const image = `docker://${registry.host}/read/web`;
    expect(JSON.parse(await skopeoRun("list-tags", "--tls-verify=false", image)).Tags).toEqual(["1.3.0"]);
    const inspected = JSON.parse(
      await skopeoRun("inspect", "--tls-verify=false", "--override-arch=amd64", `${image}:1.3.0`),
    );
    expect(inspected).toMatchObject({ Os: "linux", Labels: { "org.opencontainers.image.version": "1.3.0" } });
  });

  it("writes and deletes only with a login", async () => {
    const [from, to] = [
      `docker://${upstream.host}/demo/api:v2.0.0`,
      `docker://${registry.host}/write/api:v2.0.0`,
    ];
    await expect(copy(from, to)).rejects.toThrow(/unauthorized|denied/);
    await expect(copy(from, to, `--dest-creds=${admin.username}:guess`)).rejects.toThrow(
      /unauthorized|not accepted/,
    );
    await copy(from, to, login);
    await expect(skopeoRun("delete", "--tls-verify=false", to)).rejects.toThrow(/UNAUTHORIZED/);
    await skopeoRun("delete", "--tls-verify=false", `--creds=${admin.username}:${admin.password}`, to);
    expect(await digestAt(registry.origin, "write/api", "v2.0.0")).toBeUndefined();
  });

  it("cannot write to the demo upstream", async () => {
    const to = `docker://${upstream.host}/demo/web:evil`;
    await expect(copy(`docker://${upstream.host}/demo/web:1.0.0`, to)).rejects.toThrow(/read-only/);
  });
});
