import type { Resolve } from "../http/address-guard.ts";
import { createHttpClient, type HttpClient, type HttpClientOptions } from "../http/client.ts";
import type { ClientCertificate } from "../http/client-certificate.ts";
import type { HostRule, HostRules } from "../http/host-rules.ts";
import type { Proxies } from "../http/proxies.ts";
import { createReach } from "../http/reach.ts";
import { type Clock, sleep as realSleep, type Sleep } from "../model/clock.ts";
import type { Credentials } from "../model/credential.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";
import { createRegistry } from "../registry/create-registry.ts";
import { createForeignLayers } from "../registry/foreign-layers.ts";
import { apiHostOf, knownRegistry, tokenHostsOf } from "../registry/hosts.ts";
import type { Limits } from "../registry/limits.ts";
import type { ForeignLayers, Registries, Registry } from "../registry/registry.ts";
import type { SeenQuotas } from "../registry/seen-quotas.ts";
import type { Identity, Quirks } from "./auth-member.ts";
import { createAuthorizer } from "./create-authorizer.ts";

/** The credential reference that means the app's own Entra ID identity. */
export const entraCredential = "entra";

export interface RegistriesOptions {
  /** The hosts that may be talked to, targets included. */
  readonly rules: HostRules;
  readonly credentials: Credentials;
  /** For the credential `entra`; only these hosts ever see such a token. */
  readonly entra?: {
    readonly hosts: readonly string[];
    getToken(signal: AbortSignal): Promise<string>;
  };
  /** Token hosts that may be given a registry's credentials, by registry, beside those that are known. */
  readonly tokenHosts?: ReadonlyMap<string, readonly string[]>;
  /** PEM certificates to trust beside the default ones. */
  readonly ca?: string;
  /** By registry host, in every spelling of it: offered to that host alone, and only on behalf of that registry. */
  readonly clientCertificates?: ReadonlyMap<string, ClientCertificate>;
  readonly proxies?: Proxies;
  /** Connections for each origin. Default 32. */
  readonly connections?: number;
  /** Told of each answer, for counting. */
  readonly onRequest?: NonNullable<HttpClientOptions["onRequest"]>;
  /** What a host allows at once bounds its connections here, too. */
  readonly limits?: Limits;
  /** Told what registries say of their quotas. */
  readonly quotas?: Pick<SeenQuotas, "note">;
  readonly resolve?: Resolve;
  readonly now?: Clock;
  /** Waits between two looks at the same thing; real time unless told otherwise. */
  readonly sleep?: Sleep;
}

/** What one process may open to one upstream, however many messages it works on at once. */
const mostConnections = 32;

/** `close` breaks what is under way and closes all connections. */
export interface ClosableRegistries extends Registries {
  readonly foreign: ForeignLayers;
  close(): Promise<void>;
}

/** Clients by host and credential; those of one host share connections, never tokens. */
export function createRegistries(options: RegistriesOptions): ClosableRegistries {
  const { rules, credentials, entra, now = () => new Date(), sleep = realSleep } = options;
  const clients = new Map<string, Registry>();
  const connections = new Map<string, HttpClient>();

  return {
    foreign: createForeignLayers(anonymousClient),
    open(host, credential) {
      const name = parseHost(host);
      const key = `${name} ${credential ?? ""}`;
      const opened = clients.get(key) ?? connect(name, credential);
      clients.set(key, opened);
      return opened;
    },
    async close() {
      await Promise.all([...connections.values()].map((http) => http.close()));
      connections.clear();
      clients.clear();
    },
  };

  function ruleOf(host: string): HostRule {
    const rule = rules.find(host);
    const bare = host.replace(/:80$/, "");
    if (bare !== host && /[.\]]/.test(bare) && rule !== undefined && rules.find(bare) === rule) {
      throw new Failure(
        "blocked",
        `${host} is ${bare}, which is http by WHARFGATE_UPSTREAMS: leave the port out, as policies know it by that name`,
        { context: { host } },
      );
    }
    if (rule !== undefined) return rule;
    throw new Failure(
      "blocked",
      `${host} is not among the registries that may be used: add it to WHARFGATE_UPSTREAMS, such as "docker.io, ${host}"`,
      { context: { host } },
    );
  }

  /** With the reach of the registry that leads there, and nothing that tells who we are. */
  function anonymousClient(host: string, url: URL): HttpClient {
    ruleOf(url.host);
    const rule = ruleOf(host);
    const { origin } = new URL(`${rule.scheme}://${apiHostOf(host)}`);
    return connectionsTo(host, { origin, rule, as: "nobody" });
  }

  function connect(host: string, credential: string | undefined): Registry {
    const rule = ruleOf(host);
    const { origin } = new URL(`${rule.scheme}://${apiHostOf(host)}`);
    const identity = identify(host, credential);
    const http = connectionsTo(host, { origin, rule, as: "ourselves" });
    return createRegistry({
      host,
      origin,
      http,
      now,
      sleep,
      onQuota: (quota) => options.quotas?.note(host, quota),
      authorizer: createAuthorizer({
        host,
        origin,
        http,
        identity,
        tokenHosts: pinnedFor(host),
        quirks: quirksOf(host),
        now,
      }),
    });
  }

  function connectionsTo(
    host: string,
    { origin, rule, as }: { origin: string; rule: HostRule; as: "ourselves" | "nobody" },
  ): HttpClient {
    const key = `${host} ${as}`;
    const shared = connections.get(key);
    if (shared !== undefined) return shared;
    const { ca, proxies, onRequest, resolve } = options;
    const bound = options.limits?.of(host).connections;
    const most = Math.min(options.connections ?? mostConnections, bound ?? mostConnections);
    const [half, part] = [Math.floor(most / 2), Math.floor(most / 4)];
    // Where somebody has set a bound, all connections together stay within it, those of bodies, too.
    const wires =
      bound === undefined
        ? { bodies: 8, heads: half, taken: half }
        : { bodies: part, heads: part, taken: 3 * part };
    const http = createHttpClient({
      reach: createReach({ origin: new URL(origin), rule, rules }),
      clientCertificates: as === "nobody" ? new Map() : certificatesOf(host, origin),
      ...(ca === undefined ? {} : { ca }),
      ...(proxies === undefined ? {} : { proxies }),
      connections: most,
      wires,
      ...(onRequest === undefined ? {} : { onRequest }),
      ...(resolve === undefined ? {} : { resolve }),
    });
    connections.set(key, http);
    return http;
  }

  function pinnedFor(host: string): readonly string[] {
    return [...tokenHostsOf(host), ...(options.tokenHosts?.get(host) ?? [])];
  }

  /** Of the registry and its own token hosts: where another registry leads us to, none is offered. */
  function certificatesOf(host: string, origin: string): ReadonlyMap<string, ClientCertificate> {
    const found = new Map<string, ClientCertificate>();
    for (const name of [host, ...pinnedFor(host)]) {
      const certificate = options.clientCertificates?.get(name);
      if (certificate === undefined) continue;
      found.set(name === host ? new URL(origin).host : new URL(`https://${name}`).host, certificate);
    }
    return found;
  }

  function identify(host: string, credential: string | undefined): Identity {
    if (credential === undefined) return { kind: "anonymous" };
    if (credential !== entraCredential) {
      return { kind: "password", credential: (refused) => credentials.resolve(credential, host, refused) };
    }
    if (entra?.hosts.includes(host) === true) return { kind: "entra", getToken: entra.getToken };
    throw new Failure(
      "blocked",
      `"${printable(host)}" may not be given the app's Entra ID token: if it is a registry of yours, add it to WHARFGATE_ENTRA_HOSTS`,
      { context: { host } },
    );
  }
}

function quirksOf(host: string): Quirks {
  const { laterRealms, challengeScope, scopesPerToken } = knownRegistry(host) ?? {};
  return {
    ...(laterRealms === undefined ? {} : { laterRealms: laterRealms.is }),
    ...(challengeScope === undefined ? {} : { challengeScope: challengeScope.is }),
    ...(scopesPerToken === undefined ? {} : { scopesPerToken: scopesPerToken.is }),
  };
}
