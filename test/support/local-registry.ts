import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccessOptions } from "../../local/registry/access/access.ts";
import { type RegistryOptions, startRegistry } from "../../local/registry/registry.ts";
import { createOciClient, type OciClient } from "./oci-client.ts";

export interface RegistryUnderTest {
  readonly origin: string;
  readonly host: string;
  readonly root: string;
  readonly client: OciClient;
  close(): Promise<void>;
}

/** The repositories that tests of every kind of access may use. */
export const testRepositories = ["suite/one", "suite/two", "suite/deep/blobs/uploads"] as const;

/** Starts a registry on a folder of its own; `client` has what it takes to do all in `testRepositories`. */
export async function startRegistryUnderTest(
  access: AccessOptions,
  options: Partial<Pick<RegistryOptions, "pullThrough" | "root">> = {},
): Promise<RegistryUnderTest> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), "wharfgate-registry-")));
  const server = await startRegistry({ ...options, root, access });
  const header = await authorizationFor(server.origin, access);
  return {
    origin: server.origin,
    host: server.host,
    root,
    client: createOciClient(server.origin, () => header),
    async close() {
      await server.close();
      if (options.root === undefined) await rm(root, { recursive: true, force: true });
    },
  };
}

async function authorizationFor(origin: string, access: AccessOptions): Promise<string | undefined> {
  if (access.kind === "anonymous") return undefined;
  if (access.kind === "basic") return basic(access);
  const service = new URL(origin).host;
  const refresh = await post(`${origin}/oauth2/exchange`, {
    grant_type: "access_token",
    service,
    access_token: "entra",
  });
  const scope = [
    "registry:catalog:*",
    ...testRepositories.map((name) => `repository:${name}:pull,push,delete`),
  ];
  const { access_token } = await post(`${origin}/oauth2/token`, {
    grant_type: "refresh_token",
    service,
    scope: scope.join(" "),
    refresh_token: refresh.refresh_token ?? "",
  });
  return `Bearer ${access_token}`;
}

export function basic({
  username,
  password,
}: {
  readonly username: string;
  readonly password: string;
}): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Posts a form; gives the JSON that comes back. */
export async function post(url: string, form: Record<string, string>): Promise<Record<string, string>> {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  return (await response.json()) as Record<string, string>;
}
