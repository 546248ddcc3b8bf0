import type { ClosableRegistries, RegistriesOptions } from "../../shared/auth/registries.ts";
import { parseHostRules } from "../../shared/http/host-rules.ts";
import { createProxies, parseProxy } from "../../shared/http/proxies.ts";
import { makeCertificate } from "./certificate.ts";
import { type ConnectProxy, startConnectProxy } from "./connect-proxy.ts";
import { loopbackRegistries } from "./registries.ts";
import { type ScriptedServer, sightings, startScriptedServer } from "./scripted-server.ts";

/** Public hosts under their own names, each played by a scripted TLS server, behind a proxy that leads to no others. */
export interface FarHosts {
  at(name: string): ScriptedServer;
  open(options?: Partial<RegistriesOptions>): ClosableRegistries;
  /** `host: METHOD /path: header` for each place where a secret was seen. */
  seen(secret: string): string[];
  /** Every Authorization header, by host; hosts that saw none are left out. */
  authorizations(): Readonly<Record<string, readonly string[]>>;
  /** What the proxy was asked to lead to. */
  asked(): readonly string[];
  /** Throws when a host was asked for what it did not expect, or not for what it did. */
  finish(): Promise<void>;
}

export async function startFarHosts(names: readonly string[]): Promise<FarHosts> {
  const certificate = await makeCertificate(...names);
  const servers = new Map<string, ScriptedServer>();
  for (const name of names) servers.set(name, await startScriptedServer(certificate));
  const proxy: ConnectProxy = await startConnectProxy({ route: (hostname) => servers.get(hostname)?.port });
  const opened: ClosableRegistries[] = [];
  const through = parseProxy(proxy.host);

  return {
    at(name) {
      const server = servers.get(name);
      if (server === undefined) throw new Error(`${name} is not among the hosts of this test`);
      return server;
    },
    open(options = {}) {
      const registries = loopbackRegistries({
        rules: parseHostRules("*:*"),
        ca: certificate.cert,
        proxies: createProxies({ https: through, http: through, except: () => false }),
        resolve: async () => [],
        ...options,
      });
      opened.push(registries);
      return registries;
    },
    seen: (secret) =>
      [...servers].flatMap(([name, server]) => sightings(server, secret).map((place) => `${name}: ${place}`)),
    authorizations() {
      const found: Record<string, string[]> = {};
      for (const [name, { received }] of servers) {
        const values = received.flatMap(({ headers }) => headers.authorization ?? []);
        if (values.length > 0) found[name] = values;
      }
      return found;
    },
    asked: () => [...new Set(proxy.tunnels.map(({ authority }) => authority))],
    async finish() {
      for (const registries of opened) await registries.close();
      await proxy.stop();
      const problems: string[] = [];
      for (const [name, server] of servers) {
        await server.finish().catch((error: Error) => problems.push(`${name}: ${error.message}`));
        servers.delete(name);
      }
      if (problems.length > 0) throw new Error(problems.join("\n"));
    },
  };
}
