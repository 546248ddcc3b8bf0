import { readFileSync } from "node:fs";
import { type ClientCertificate, parseHostCertificate } from "../http/client-certificate.ts";
import { createProxies, type Proxies, parseProxy, parseProxyExceptions } from "../http/proxies.ts";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";
import type { SettingReader } from "./setting-reader.ts";
import { parseTokenHosts } from "./token-hosts.ts";

/** How registries are reached and trusted, and who is trusted with their credentials. */
export interface RegistryAccess {
  /** PEM certificates to trust beside the public ones. */
  readonly ca?: string;
  /** Token services that may be given a registry's credentials, by registry. */
  readonly tokenHosts: ReadonlyMap<string, readonly string[]>;
  /** By registry host. */
  readonly clientCertificates: ReadonlyMap<string, ClientCertificate>;
  readonly proxies: Proxies;
}

export function readRegistryAccess(settings: SettingReader): RegistryAccess {
  const { read, named } = settings;
  const ca = read("WHARFGATE_CA_FILE", (path) => readFile(path).toString("utf8"));
  const clientCertificates = named("WHARFGATE_CLIENT_CERT_").map(([, variable]) =>
    read(variable, (text): [string, ClientCertificate] => {
      const { host, certificate } = parseHostCertificate(text, readFile);
      return [parseHost(host), certificate];
    }),
  );
  return {
    tokenHosts: read("WHARFGATE_TOKEN_HOSTS", parseTokenHosts) ?? new Map(),
    clientCertificates: new Map(clientCertificates.filter((found) => found !== undefined)),
    proxies: readProxies(settings),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** As curl has it, the lower-case name goes first; ours goes before both. */
function readProxies({ get, read }: SettingReader): Proxies {
  const proxy = (...names: string[]) => {
    const name = names.find((each) => get(each) !== undefined);
    return name === undefined ? undefined : read(name, parseProxy);
  };
  const exceptions = get("no_proxy") === undefined ? "NO_PROXY" : "no_proxy";
  return createProxies({
    https: proxy("WHARFGATE_PROXY", "https_proxy", "HTTPS_PROXY"),
    http: proxy("WHARFGATE_PROXY", "http_proxy", "HTTP_PROXY"),
    except: read(exceptions, parseProxyExceptions) ?? (() => false),
  });
}

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new Failure("invalid", `the file "${printable(path)}" cannot be read`, { cause: error });
  }
}
