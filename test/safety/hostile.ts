import { afterEach, beforeEach, expect } from "vitest";
import type { ClosableRegistries, RegistriesOptions } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { digestOf } from "../../shared/model/digest.ts";
import { tagsOf } from "../../shared/model/tag-list.ts";
import type { Registry } from "../../shared/registry/registry.ts";
import type { TestImage } from "../support/images.ts";
import { loopbackRegistries, never, user } from "../support/registries.ts";
import { carries, type Reply, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

/**
 * A registry whose every answer a test scripts, and another host, which the allow-list has too and which must never see a
 * byte of the credential. Both are on loopback; the names lead there.
 */
export interface Hostile {
  readonly registry: ScriptedServer;
  readonly elsewhere: ScriptedServer;
  /** `registry.example:<port>` */
  readonly host: string;
  readonly origin: string;
  /** `http://elsewhere.example:<port>` */
  readonly elsewhereOrigin: string;
  /** With a credential that is sent once the registry asks for it. */
  open(options?: Partial<RegistriesOptions>): Registry;
  /** With a credential that the registry has asked for already, so that each request to it carries it. */
  signedIn(options?: Partial<RegistriesOptions>): Promise<Registry>;
  /** To be looked for at the other host too, beside the password and the token. */
  readonly secrets: string[];
}

export const never404 = digestOf("what no registry has");
/** As a token service gives it out. */
export const bearerToken = "t0ken-of-the-registry";

export const tagsRequest = "GET /v2/app/tags/list?n=1000";

export function useHostile(): Hostile {
  let registry: ScriptedServer;
  let elsewhere: ScriptedServer;
  let opened: ClosableRegistries[] = [];
  let secrets: string[] = [];

  beforeEach(async () => {
    [registry, elsewhere] = await Promise.all([startScriptedServer(), startScriptedServer()]);
    opened = [];
    secrets = [user.password, bearerToken];
  });
  afterEach(async () => {
    await Promise.all(opened.map((registries) => registries.close()));
    const seen = JSON.stringify(
      elsewhere.received.map(({ body, ...rest }) => ({ ...rest, body: body.toString("latin1") })),
    );
    await Promise.all([registry.finish(), elsewhere.finish()]);
    expect(secrets.filter((secret) => carries(seen, secret))).toEqual([]);
  });

  const open = (options: Partial<RegistriesOptions> = {}): Registry => {
    const registries = loopbackRegistries({
      rules: parseHostRules("http://registry.example:*=127.0.0.0/8 http://elsewhere.example:*=127.0.0.0/8"),
      resolve: async () => ["127.0.0.1"],
      ...options,
    });
    opened.push(registries);
    return registries.open(`registry.example:${registry.port}`, "env:ROBOT");
  };

  return {
    get registry() {
      return registry;
    },
    get elsewhere() {
      return elsewhere;
    },
    get secrets() {
      return secrets;
    },
    get host() {
      return `registry.example:${registry.port}`;
    },
    get origin() {
      return `http://registry.example:${registry.port}`;
    },
    get elsewhereOrigin() {
      return `http://elsewhere.example:${elsewhere.port}`;
    },
    open,
    signedIn: async (options) => {
      const client = open(options);
      registry.expect(`HEAD /v2/prime/blobs/${never404}`, basicChallenge, { status: 404 });
      await client.headBlob("prime", never404, never);
      expect(registry.received.at(-1)?.headers.authorization).toBe(basicAuthorization);
      return client;
    },
  };
}

export const basicAuthorization = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString("base64")}`;
const basicChallenge: Reply = { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } };

export function challenged(header: string): Reply {
  return { status: 401, headers: { "www-authenticate": header } };
}

export function tagPage(tags: unknown, next?: string): Reply {
  return {
    headers: {
      "content-type": "application/json",
      ...(next === undefined ? {} : { link: `<${next}>; rel="next"` }),
    },
    body: JSON.stringify({ name: "app", tags }),
  };
}

export async function tagsFrom(registry: Registry, signal: AbortSignal = never): Promise<string[]> {
  return [...tagsOf(await registry.listTags("app", signal))];
}

/** Serves an image under its digest, and by a tag. */
export function serve(
  server: ScriptedServer,
  { manifest, blobs }: TestImage,
  { repository = "app", tag }: { readonly repository?: string; readonly tag?: string } = {},
): void {
  const { digest, mediaType } = manifest.descriptor;
  const headers = { "content-type": mediaType, "docker-content-digest": digest };
  for (const reference of tag === undefined ? [digest] : [digest, tag]) {
    server.always(`HEAD /v2/${repository}/manifests/${reference}`, {
      headers: { ...headers, "content-length": String(manifest.bytes.length) },
    });
    server.always(`GET /v2/${repository}/manifests/${reference}`, { headers, body: manifest.bytes });
  }
  for (const { descriptor, bytes } of blobs)
    server.always(`GET /v2/${repository}/blobs/${descriptor.digest}`, { body: bytes });
}

/** Requests that came, as `METHOD /path`. */
export function asked(server: ScriptedServer, part = ""): string[] {
  return server.received.map(({ method, path }) => `${method} ${path}`).filter((line) => line.includes(part));
}
