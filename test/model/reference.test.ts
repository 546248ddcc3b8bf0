import { describe, expect, it } from "vitest";
import { digestOf } from "../../shared/model/digest.ts";
import {
  formatReference,
  formatRepository,
  parseHost,
  parseReference,
  parseRepository,
} from "../../shared/model/reference.ts";
import { failureOf } from "../support/failures.ts";

const digest = digestOf("x");

describe("a reference", () => {
  it.each([
    { text: "nginx", means: "docker.io/library/nginx" },
    { text: "nginx:1.27", means: "docker.io/library/nginx:1.27" },
    { text: "grafana/loki:3.0.0", means: "docker.io/grafana/loki:3.0.0" },
    { text: "index.docker.io/library/nginx", means: "docker.io/library/nginx" },
    { text: "registry-1.docker.io/nginx", means: "docker.io/library/nginx" },
    { text: "GHCR.io/org/app:v1", means: "ghcr.io/org/app:v1" },
    { text: "localhost/app", means: "localhost/app" },
    { text: "localhost:5000/app:1", means: "localhost:5000/app:1" },
    { text: "[::1]:5000/app:1", means: "[::1]:5000/app:1" },
    { text: `quay.io/a/b@${digest}`, means: `quay.io/a/b@${digest}` },
    { text: `quay.io/a/b:1@${digest}`, means: `quay.io/a/b:1@${digest}` },
    { text: "quay.io/a__b/c-d.e", means: "quay.io/a__b/c-d.e" },
  ])("$text means $means", ({ text, means }) => {
    expect(formatReference(parseReference(text))).toBe(means);
  });

  it.each([
    { name: "an upper-case repository", text: "quay.io/App", says: "not a repository" },
    { name: "a parent folder", text: "quay.io/../etc", says: "not a repository" },
    { name: "no repository", text: "quay.io/", says: "not a repository" },
    { name: "nothing", text: "", says: "not a repository" },
    { name: "a repository of 256 characters", text: `quay.io/${"a".repeat(256)}`, says: "at most 255" },
    { name: "case 59: a tag of 129 characters", text: `quay.io/a:${"1".repeat(129)}`, says: "not a tag" },
    { name: "case 59: a tag from right to left", text: "quay.io/a:1.0\u202e", says: "not a tag" },
    { name: "case 58: a line break in a tag", text: "quay.io/a:1\r\nx: y", says: "not a tag" },
    { name: "case 17: a path for a digest", text: "quay.io/a@sha256:../../x", says: "not a digest" },
    { name: "a port over 65535", text: "quay.io:65536/a", says: "not a registry host" },
    { name: "a user name", text: "user:pw@quay.io/a", says: "not a digest" },
    { name: "a URL", text: "https://quay.io/a:1", says: "begins with https://: leave it out" },
    { name: "a transport", text: "docker://quay.io/a:1", says: "begins with docker://: leave it out" },
  ])("refuses $name", async ({ text, says }) => {
    const failure = await failureOf(async () => parseReference(text), "invalid");
    expect(failure.message).toContain(says);
  });
});

describe("a repository", () => {
  it("is a reference without tag and digest", async () => {
    expect(formatRepository(parseRepository("nginx"))).toBe("docker.io/library/nginx");
    await failureOf(async () => parseRepository("nginx:1"), "invalid");
    await failureOf(async () => parseRepository(`nginx@${digest}`), "invalid");
  });
});

describe("a host", () => {
  it.each([
    { text: "Registry.Corp:5443", host: "registry.corp:5443" },
    { text: "registry.hub.docker.com", host: "docker.io" },
    { text: "ghcr.io:443", host: "ghcr.io" },
    { text: "GHCR.io:0443", host: "ghcr.io" },
    { text: "index.docker.io:443", host: "docker.io" },
    { text: "registry:0443", host: "registry:443" },
    { text: "registry", host: "registry" },
    { text: "localhost:443", host: "localhost" },
    { text: "registry.corp:05443", host: "registry.corp:5443" },
    { text: "127.1:5000", host: "127.0.0.1:5000" },
    { text: "0x7f.1:5000", host: "127.0.0.1:5000" },
    { text: "[0:0:0:0:0:0:0:1]:5000", host: "[::1]:5000" },
  ])("$text is $host", ({ text, host }) => {
    expect(parseHost(text)).toBe(host);
  });

  it.each([
    "a b",
    "-a.io",
    "a..b",
    "a.io.",
    "a.io/",
    "a.io:",
    "user@a.io",
    "a.io\n",
    "a%2eio",
    "ɑ.io",
    "ａ.io",
  ])("%j is none", async (text) => {
    await failureOf(async () => parseHost(text), "invalid");
  });
});
