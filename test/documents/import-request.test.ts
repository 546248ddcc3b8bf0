import { describe, expect, it } from "vitest";
import { parseImportRequest } from "../../shared/documents/import-request.ts";
import { failureOf } from "../support/failures.ts";
import { digestNamed } from "../support/records.ts";

const digest = digestNamed("a");

describe("a request for an import", () => {
  it.each([
    { body: { source: "nginx:1.27.1" }, is: "docker.io/library/nginx:1.27.1" },
    { body: { source: `nginx:1.27.1@${digest}` }, is: "docker.io/library/nginx:1.27.1" },
    { body: { source: `nginx@${digest}`, target: "tools/nginx:prod" }, is: "tools/nginx:prod" },
    { body: { source: "nginx:1.27.1", target: "tools/{name}" }, is: "tools/nginx:1.27.1" },
    { body: { source: "nginx:1.27.1", target: "tools/{name}:prod" }, is: "tools/nginx:prod" },
  ])("for $body goes to $is", ({ body, is }) => {
    const { source, target } = parseImportRequest(body);
    const { path, tag } = target(source, source.tag ?? "");
    expect(`${path}:${tag}`).toBe(is);
  });

  it.each([
    { referrers: undefined, is: [] },
    { referrers: [], is: [] },
    { referrers: ["none"], is: [] },
    { referrers: ["All"], is: ["all"] },
    { referrers: ["signatures", "sboms"], is: ["signatures", "sboms"] },
  ])("with the referrers $referrers brings $is", ({ referrers, is }) => {
    expect(parseImportRequest({ source: "nginx:1", referrers }).referrers).toEqual(is);
  });

  it("reads method, platforms and credential", () => {
    const body = { source: "nginx:1", method: "copy", platforms: ["linux/amd64"], credential: "env:HUB" };
    expect(parseImportRequest(body)).toMatchObject({
      method: "copy",
      platforms: ["linux/amd64"],
      credential: "env:HUB",
    });
  });

  it.each([
    { name: "nothing", body: undefined, says: "it must be an object" },
    { name: "a list", body: [], says: "it must be an object" },
    { name: "a number", body: { source: 1 }, says: '"source" must be text' },
    { name: "no source", body: {}, says: '"source" is missing: it must be text' },
    {
      name: "an unknown field",
      body: { source: "nginx:1", force: true },
      says: 'it has the unknown field "force"',
    },
    {
      name: "neither tag nor digest",
      body: { source: "nginx" },
      says: "names neither a tag nor a digest: add one, such as nginx:1.0.0",
    },
    { name: "a bad tag", body: { source: "nginx:a b" }, says: '"a b" is not a tag' },
    { name: "a CRLF", body: { source: "nginx:1\r\nx" }, says: '"1??x" is not a tag' },
    { name: "a bad digest", body: { source: "nginx@sha256:../../x" }, says: "is not a digest" },
    {
      name: "a digest alone",
      body: { source: `nginx@${digest}` },
      says: "has no tag to give the image at the target",
    },
    {
      name: "a digest and a target without a tag",
      body: { source: `nginx@${digest}`, target: "tools/nginx" },
      says: "has no tag",
    },
    {
      name: "a digest and a target with {tag}",
      body: { source: `nginx@${digest}`, target: "x:{tag}" },
      says: "has no tag",
    },
    { name: "a bad target", body: { source: "nginx:1", target: "{what}" }, says: "is not a placeholder" },
    { name: "an unknown method", body: { source: "nginx:1", method: "ftp" }, says: "is not a method" },
    {
      name: "a platform that is none",
      body: { source: "nginx:1", platforms: ["amd64"] },
      says: "is not a platform",
    },
    {
      name: "a referrer that is none",
      body: { source: "nginx:1", referrers: ["everything"] },
      says: 'Referrers must be signatures or attestations or sboms or all, not "everything"',
    },
    {
      name: "21 platforms",
      body: { source: "nginx:1", platforms: Array(21).fill("linux/amd64") },
      says: '"platforms" has more than 20 entries',
    },
    {
      name: "a secret for a credential",
      body: { source: "nginx:1", credential: "hunter2" },
      says: "never the secret itself",
    },
    {
      name: "a source without end",
      body: { source: "n".repeat(601) },
      says: '"source" has more than 600 characters',
    },
  ])("with $name is refused", async ({ body, says }) => {
    const { message } = await failureOf(() => parseImportRequest(body), "invalid");
    expect(message).toContain(says);
    expect(message).not.toContain("hunter2");
  });
});
