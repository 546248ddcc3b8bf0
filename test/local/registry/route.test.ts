import { describe, expect, it } from "vitest";
import { parseRoute } from "../../../local/registry/route.ts";

const sha256 = `sha256:${"a".repeat(64)}`;
const sha512 = `sha512:${"b".repeat(128)}`;
const id = "4b8f1c0a-1e2d-4c3b-8a4f-0123456789ab";

describe("parseRoute", () => {
  it.each([
    ["/v2/", { kind: "ping" }],
    ["/v2", { kind: "ping" }],
    ["/v2/_catalog", { kind: "catalog" }],
    ["/v2/a/tags/list", { kind: "tags", repository: "a" }],
    [
      "/v2/a/b/c/manifests/1.0",
      { kind: "manifest", repository: "a/b/c", reference: { kind: "tag", tag: "1.0" } },
    ],
    [
      `/v2/a/manifests/${sha512}`,
      { kind: "manifest", repository: "a", reference: { kind: "digest", digest: sha512 } },
    ],
    [`/v2/a/blobs/${sha256}`, { kind: "blob", repository: "a", digest: sha256 }],
    [`/v2/a/blobs/sha256%3A${"a".repeat(64)}`, { kind: "blob", repository: "a", digest: sha256 }],
    ["/v2/a/blobs/uploads/", { kind: "uploads", repository: "a" }],
    ["/v2/a/blobs/uploads", { kind: "uploads", repository: "a" }],
    [`/v2/a/blobs/uploads/${id}`, { kind: "upload", repository: "a", id }],
    [`/v2/a/referrers/${sha256}`, { kind: "referrers", repository: "a", digest: sha256 }],
    ["/v2/x/blobs/uploads/tags/list", { kind: "tags", repository: "x/blobs/uploads" }],
    [
      "/v2/x/tags/list/manifests/list",
      { kind: "manifest", repository: "x/tags/list", reference: { kind: "tag", tag: "list" } },
    ],
  ])("reads %s", (path, expected) => {
    expect(parseRoute(path)).toEqual(expected);
  });

  it.each([
    "/",
    "/v1/",
    "/v2/a",
    "/v2/a/manifests/",
    "/v2/manifests/x",
    "/v2/a/tags/lists",
    "/v2/_catalog/x",
  ])("knows no %s", (path) => {
    expect(parseRoute(path)).toBeUndefined();
  });

  it.each([
    ["a parent folder", "/v2/../../etc/manifests/x", "NAME_INVALID"],
    ["a parent folder inside", "/v2/a/../b/tags/list", "NAME_INVALID"],
    ["an encoded parent folder", "/v2/%2e%2e/manifests/x", "NAME_INVALID"],
    ["an encoded slash", "/v2/a%2fb/manifests/x", "NAME_INVALID"],
    ["capitals", "/v2/Demo/manifests/x", "NAME_INVALID"],
    ["a folder of ours", "/v2/a/_tags/manifests/x", "NAME_INVALID"],
    ["an empty part", "/v2/a//b/manifests/x", "NAME_INVALID"],
    ["a NUL", "/v2/a%00/manifests/x", "NAME_INVALID"],
    ["a name of 256 characters", `/v2/${"a".repeat(256)}/tags/list`, "NAME_INVALID"],
    ["a tag that is a path", "/v2/a/manifests/..%2fx", "TAG_INVALID"],
    ["a tag of dots", "/v2/a/manifests/..", "TAG_INVALID"],
    ["a tag of 129 characters", `/v2/a/manifests/${"t".repeat(129)}`, "TAG_INVALID"],
    ["a short digest", "/v2/a/blobs/sha256:abc", "DIGEST_INVALID"],
    ["a digest that is a path", "/v2/a/blobs/sha256:..%2f..%2fx", "DIGEST_INVALID"],
    ["a digest in capitals", `/v2/a/blobs/sha256:${"A".repeat(64)}`, "DIGEST_INVALID"],
    ["another algorithm", `/v2/a/blobs/md5:${"a".repeat(32)}`, "DIGEST_INVALID"],
    ["an upload that is a path", "/v2/a/blobs/uploads/..%2f..%2fx", "BLOB_UPLOAD_UNKNOWN"],
  ])("refuses %s", (_name, path, code) => {
    expect(() => parseRoute(path)).toThrow(expect.objectContaining({ code }));
  });
});
