import { BlockList, isIP } from "node:net";
import { printable } from "../model/digest.ts";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";

/** One entry of the allow-list: how a registry host may be reached. */
export interface HostRule {
  readonly scheme: "https" | "http";
  /** Canonical host name without port; `*` for any. */
  readonly hostname: string;
  readonly port: number | "any";
  /** Private addresses that this host may resolve to; absent means public addresses only. */
  readonly addresses?: BlockList;
}

/** Which registry hosts may be talked to. */
export interface HostRules {
  /** The most exact rule for a host as in references (`docker.io`, `[::1]:5000`); undefined means not allowed. */
  find(host: string): HostRule | undefined;
}

const example = `"docker.io, registry.corp:5443=10.0.0.0/8, http://127.0.0.1:*=127.0.0.0/8"`;
const entryPattern = /^(?:(https?):\/\/)?(\*|\[[^\]]*\]|[^:=*[\]/@]+)(?::([0-9]{1,5}|\*))?(?:=(.+))?$/;
const hostPattern = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?$/;
const defaultPorts = { https: 443, http: 80 } as const;

/**
 * Reads entries `[scheme://]host[:port|:*][=cidr[+cidr...]]`, parted by commas or white space. The scheme is https
 * unless given, no port means the scheme's own, `*` as host means any public host over https. Throws `invalid`.
 */
export function parseHostRules(text: string): HostRules {
  const rules = new Map<string, HostRule>();
  for (const entry of text.split(/[\s,]+/)) {
    if (entry === "") continue;
    const rule = parseEntry(entry);
    const key = `${rule.hostname} ${rule.port}`;
    if (rules.has(key)) throw invalid(entry, "names a host and port that another entry has already");
    rules.set(key, rule);
  }
  return { find: (host) => find(rules, host) };
}

function find(rules: ReadonlyMap<string, HostRule>, host: string): HostRule | undefined {
  const split = splitHost(host);
  if (split === undefined) return undefined;
  const { hostname, port } = split;
  for (const name of [hostname, "*"]) {
    const exact =
      port === undefined
        ? (rules.get(`${name} 443`) ?? onlyIf("http", rules.get(`${name} 80`)))
        : rules.get(`${name} ${port}`);
    const rule = exact ?? rules.get(`${name} any`);
    if (rule !== undefined) return rule;
  }
  return undefined;
}

/** A host without a port means the scheme's own port: an https rule for port 80 does not speak for it. */
function onlyIf(scheme: "http", rule: HostRule | undefined): HostRule | undefined {
  return rule?.scheme === scheme ? rule : undefined;
}

/** The name as URLs have it, so that what is compared is what is connected to: `0x7f.1` is `127.0.0.1`. */
function splitHost(host: string): { hostname: string; port: number | undefined } | undefined {
  const [, name, port] = hostPattern.exec(host) ?? [];
  const hostname = name === undefined ? "" : (URL.parse(`https://${name}`)?.hostname ?? "");
  return hostname === "" ? undefined : { hostname, port: port === undefined ? undefined : Number(port) };
}

function parseEntry(entry: string): HostRule {
  const [, scheme = "https", name, port, ranges] = entryPattern.exec(entry) ?? [];
  if (name === undefined) throw invalid(entry, "is not [scheme://]host[:port][=cidr[+cidr...]]");
  if (name === "*" && scheme === "http") throw invalid(entry, "would allow every host without TLS");
  if (name === "*" && ranges !== undefined) {
    throw invalid(entry, "opens private addresses for every host: name the host");
  }
  const hostname = name === "*" ? name : splitHost(parseHost(name))?.hostname;
  if (hostname === undefined) throw invalid(entry, "does not name a host");
  return {
    scheme: scheme === "http" ? "http" : "https",
    hostname,
    port: parsePort(entry, port, scheme === "http" ? "http" : "https"),
    ...(ranges === undefined ? {} : { addresses: parseRanges(entry, ranges) }),
  };
}

function parsePort(entry: string, port: string | undefined, scheme: "https" | "http"): number | "any" {
  if (port === "*") return "any";
  const number = port === undefined ? defaultPorts[scheme] : Number(port);
  if (number < 1 || number > 65_535) throw invalid(entry, "has a port outside 1 to 65535");
  return number;
}

function parseRanges(entry: string, ranges: string): BlockList {
  const list = new BlockList();
  for (const range of ranges.split("+")) {
    const [address = "", prefix, extra] = range.split("/");
    const version = isIP(address);
    const longest = version === 6 ? 128 : 32;
    const bits = prefix === undefined ? longest : /^[0-9]{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (version === 0 || extra !== undefined || bits < 0 || bits > longest) {
      throw invalid(entry, `has "${printable(range)}" where an address range such as 10.0.0.0/8 is expected`);
    }
    list.addSubnet(address, bits, version === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

function invalid(entry: string, why: string): Failure {
  return new Failure(
    "invalid",
    `the allow-list entry "${printable(entry)}" ${why}; a correct list is ${example}`,
  );
}
