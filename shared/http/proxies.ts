import { BlockList, isIP } from "node:net";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";

/** An HTTP proxy; its user name and password are in `authorization` alone, for the proxy itself. */
export interface HttpProxy {
  readonly url: URL;
  readonly authorization?: string;
}

export interface Proxies {
  /** The proxy for requests to this URL; undefined means that they go straight. */
  find(url: URL): HttpProxy | undefined;
}

/** Which proxy for which scheme, and what is never proxied. */
export function createProxies(options: {
  readonly https: HttpProxy | undefined;
  readonly http: HttpProxy | undefined;
  readonly except: ProxyExceptions;
}): Proxies {
  return {
    find(url) {
      const proxy = url.protocol === "https:" ? options.https : options.http;
      return proxy === undefined || isLoopback(url) || options.except(url) ? undefined : proxy;
    },
  };
}

/** `[http[s]://][user:password@]host[:port]`. Throws `invalid` without a word of it, since it may hold a password. */
export function parseProxy(text: string): HttpProxy {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  const usable = url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "";
  if (!usable)
    throw new Failure("invalid", "expected [http[s]://][user:password@]host[:port] of an HTTP proxy");
  const { username, password } = url;
  if (username === "" && password === "") return { url };
  url.username = "";
  url.password = "";
  const login = `${decoded(username)}:${decoded(password)}`;
  return { url, authorization: `Basic ${Buffer.from(login, "utf8").toString("base64")}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Failure("invalid", "the proxy's user name or password has a % that must be written %25");
  }
}

/** Whether a URL is reached without the proxy. */
export type ProxyExceptions = (url: URL) => boolean;

/**
 * Reads NO_PROXY: entries parted by commas or white space, each a host with all its subdomains (`corp.example`), the
 * subdomains alone (`.corp.example`, `*.corp.example`), an address, a range of them (`10.0.0.0/8`; names are not resolved for
 * it), any of these but a range with a port, or `*` for everything. Throws `invalid`.
 * Source: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function parseProxyExceptions(text: string): ProxyExceptions {
  const matchers = text.split(/[\s,]+/).flatMap((entry) => (entry === "" ? [] : [parseException(entry)]));
  return (url) => matchers.some((matches) => matches(url));
}

const rangePattern = /^([0-9A-Fa-f:.]+)\/([0-9]{1,3})$/;
const entryPattern = /^(\*?\.)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?$/;

function parseException(entry: string): ProxyExceptions {
  if (entry === "*") return () => true;
  const [, network = "", bits] = rangePattern.exec(entry) ?? [];
  if (bits !== undefined) return inRange(entry, network, Number(bits));
  const [, dot, name, port] = entryPattern.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  const hostname = name === undefined ? undefined : URL.parse(`http://${name}`)?.hostname;
  if (hostname === undefined || hostname === "") throw invalid(entry);
  return (url) => {
    if (port !== undefined && portOf(url) !== Number(port)) return false;
    return (dot === undefined && url.hostname === hostname) || url.hostname.endsWith(`.${hostname}`);
  };
}

function inRange(entry: string, network: string, bits: number): ProxyExceptions {
  const version = isIP(network);
  if (version === 0 || bits > (version === 6 ? 128 : 32)) throw invalid(entry);
  const range = new BlockList();
  range.addSubnet(network, bits, version === 6 ? "ipv6" : "ipv4");
  return ({ hostname }) => {
    const address = hostname.replace(/^\[(.*)\]$/, "$1");
    const kind = isIP(address);
    return kind !== 0 && range.check(address, kind === 6 ? "ipv6" : "ipv4");
  };
}

function portOf({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isLoopback({ hostname }: URL): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost")) return true;
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  const version = isIP(address);
  return version !== 0 && loopback.check(address, version === 6 ? "ipv6" : "ipv4");
}

function invalid(entry: string): Failure {
  return new Failure(
    "invalid",
    `"${printable(entry)}" is not an exception from the proxy: expected a list such as "corp.example, .svc, 10.0.0.0/8, registry.lan:5443"`,
  );
}
