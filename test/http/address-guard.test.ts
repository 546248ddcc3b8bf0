import { BlockList } from "node:net";
import { describe, expect, it } from "vitest";
import { assertAddress, guardedLookup, isPublicAddress } from "../../shared/http/address-guard.ts";
import { failureOf } from "../support/failures.ts";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");

describe("isPublicAddress", () => {
  it.each([
    ["8.8.8.8"],
    ["172.15.255.255"],
    ["172.32.0.1"],
    ["100.63.255.255"],
    ["100.128.0.1"],
    ["2606:4700::1111"],
  ])("%s is public", (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each([
    ["loopback", "127.0.0.1"],
    ["the end of loopback", "127.255.255.254"],
    ["unspecified", "0.0.0.0"],
    ["this network", "0.1.2.3"],
    ["RFC 1918, 10", "10.0.0.1"],
    ["RFC 1918, 172.16", "172.16.0.1"],
    ["RFC 1918, 172.31", "172.31.255.255"],
    ["RFC 1918, 192.168", "192.168.1.1"],
    ["carrier NAT", "100.64.0.1"],
    ["link-local, the metadata service", "169.254.169.254"],
    ["Azure's platform address", "168.63.129.16"],
    ["documentation", "192.0.2.1"],
    ["benchmarks", "198.18.0.1"],
    ["6to4 relays", "192.88.99.1"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["IPv6 loopback", "::1"],
    ["IPv6 unspecified", "::"],
    ["unique local", "fd00::1"],
    ["unique local, other half", "fc00::1"],
    ["IPv6 link-local", "fe80::1"],
    ["site-local", "fec0::1"],
    ["IPv6 multicast", "ff02::1"],
    ["mapped loopback", "::ffff:127.0.0.1"],
    ["mapped loopback in hex", "::ffff:7f00:1"],
    ["mapped public", "::ffff:8.8.8.8"],
    ["mapped private", "::ffff:10.0.0.1"],
    ["compatible loopback", "::127.0.0.1"],
    ["NAT64 of loopback", "64:ff9b::7f00:1"],
    ["local NAT64", "64:ff9b:1::1"],
    ["6to4", "2002:7f00:1::1"],
    ["Teredo", "2001::1"],
    ["IPv6 documentation", "2001:db8::1"],
    ["discard", "100::1"],
    ["a zone", "fe80::1%eth0"],
    ["no address", "localhost"],
    ["nothing", ""],
  ])("%s is not: %s", (_name, address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe("assertAddress", () => {
  it.each([["127.0.0.1"], ["::ffff:127.0.0.1"], ["8.8.8.8"]])(
    "lets %s through where loopback is permitted",
    (address) => {
      expect(() => assertAddress(address, "host.example", loopback)).not.toThrow();
    },
  );

  it("tells which setting would permit it", async () => {
    const failure = await failureOf(() => assertAddress("10.0.0.1", "host.example", loopback), "blocked");
    expect(failure.message).toContain("host.example=<cidr>");
  });
});

describe("guardedLookup", () => {
  const look = (addresses: readonly string[], options: { all?: boolean; permitted?: BlockList } = {}) =>
    new Promise((resolve) => {
      const lookup = guardedLookup(options.permitted, async () => addresses);
      lookup("rebinding.example", { all: options.all ?? false }, (error, address, family) =>
        resolve(error === null ? [address, family] : error),
      );
    });

  it("gives a public address with its family", async () => {
    expect(await look(["2606:4700::1111"])).toEqual(["2606:4700::1111", 6]);
  });

  it("leaves out the private ones of several", async () => {
    expect(await look(["127.0.0.1", "8.8.8.8"], { all: true })).toEqual([
      [{ address: "8.8.8.8", family: 4 }],
      undefined,
    ]);
  });

  it("fails when only private ones are left", async () => {
    expect(await look(["127.0.0.1", "10.0.0.1"], { all: true })).toMatchObject({ code: "blocked" });
  });

  it("fails for a name without addresses", async () => {
    expect(await look([])).toMatchObject({ code: "blocked" });
  });

  it("gives private ones where they are permitted", async () => {
    expect(await look(["127.0.0.1"], { permitted: loopback })).toEqual(["127.0.0.1", 4]);
  });
});
