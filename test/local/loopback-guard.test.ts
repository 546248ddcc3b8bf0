import { describe, expect, it } from "vitest";
import { refusalFor } from "../../local/loopback-guard.ts";

const port = 8080;

describe("refusalFor", () => {
  it.each([
    ["the address", "127.0.0.1:8080", undefined],
    ["the name", "localhost:8080", undefined],
    ["the name in capitals", "LocalHost:8080", undefined],
    ["the IPv6 address", "[::1]:8080", undefined],
    ["our own page", "127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["our own page under its other name", "127.0.0.1:8080", "http://localhost:8080"],
    ["our own page over TLS", "localhost:8080", "https://localhost:8080"],
  ])("lets %s pass", (_name, host, origin) => {
    expect(refusalFor({ host, origin }, port)).toBeUndefined();
  });

  it.each([
    ["no Host", undefined, undefined],
    ["an empty Host", "", undefined],
    ["a foreign name", "evil.example:8080", undefined],
    ["a foreign name without port", "evil.example", undefined],
    ["another port", "127.0.0.1:8081", undefined],
    ["no port", "127.0.0.1", undefined],
    ["a name that begins like ours", "127.0.0.1:8080.evil.example", undefined],
    ["user information", "evil@127.0.0.1:8080", undefined],
    ["another loopback address", "127.0.0.2:8080", undefined],
    ["the address written as a number", "2130706433:8080", undefined],
    ["a foreign Origin", "127.0.0.1:8080", "https://evil.example"],
    ["an Origin on another port of ours", "127.0.0.1:8080", "http://127.0.0.1:3000"],
    ["an opaque Origin", "127.0.0.1:8080", "null"],
    ["an empty Origin", "127.0.0.1:8080", ""],
    ["an Origin that begins like ours", "127.0.0.1:8080", "http://127.0.0.1:8080.evil.example"],
  ])("refuses %s", (_name, host, origin) => {
    expect(refusalFor({ host, origin }, port)).toMatch(/^This server is for this machine only/);
  });
});
