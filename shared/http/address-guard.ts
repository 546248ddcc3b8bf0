import { lookup as systemLookup } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";
import { Failure } from "../model/failure.ts";

/** As `dns.lookup` with `all`: every address of a name. Passed in so that a hostile resolver can be tried. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** Throws `blocked` unless the address is public or `permitted` covers it. */
export function assertAddress(address: string, hostname: string, permitted: BlockList | undefined): void {
  if (isPermitted(address, permitted)) return;
  throw new Failure(
    "blocked",
    `${hostname} leads to ${address}, which is not a public address: if it is meant to, give its range in the allow-list as ${hostname}=<cidr>`,
    { context: { host: hostname, address } },
  );
}

/**
 * A `lookup` for sockets which hands out only addresses that may be connected to, so that the address which was checked
 * is the one in use (DNS rebinding). It is not called for IP literals: test these with `assertAddress`.
 */
export function guardedLookup(
  permitted: BlockList | undefined,
  resolve: Resolve = resolveAll,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname)
      .then((addresses) => {
        const usable = addresses.filter((address) => isPermitted(address, permitted));
        const [first] = usable;
        if (first === undefined) {
          assertAddress(addresses[0] ?? "no address", hostname, permitted);
          return;
        }
        if (options.all === true) {
          callback(
            null,
            usable.map((address) => ({ address, family: isIP(address) })),
          );
        } else {
          callback(null, first, isIP(first));
        }
      })
      .catch((error: NodeJS.ErrnoException) => callback(error, ""));
  };
}

/** IPv6 addresses that embed an IPv4 one count as private: what they lead to is not what they look like. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !special.check(address, "ipv4");
  return version === 6 && globalUnicast.check(address, "ipv6") && !special.check(address, "ipv6");
}

function isPermitted(address: string, permitted: BlockList | undefined): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  // A BlockList takes `::ffff:10.0.0.1` for the `10.0.0.1` that sockets connect to.
  return isPublicAddress(address) || permitted?.check(address, version === 6 ? "ipv6" : "ipv4") === true;
}

function resolveAll(hostname: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    systemLookup(hostname, { all: true }, (error, addresses) => {
      if (error) reject(error);
      else resolve(addresses.map(({ address }) => address));
    });
  });
}

const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");

// https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-special-registry: all that is not globally
// reachable, what embeds an IPv4 address (6to4, Teredo), and the platform address of every Azure virtual machine,
// https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16.
const special = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["168.63.129.16", 32],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  special.addSubnet(network, bits, "ipv4");
}
for (const [network, bits] of [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const) {
  special.addSubnet(network, bits, "ipv6");
}
