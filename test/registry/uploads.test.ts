import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClosableRegistries } from "../../shared/auth/registries.ts";
import { digestOf } from "../../shared/model/digest.ts";
import type { FailureCode } from "../../shared/model/failure.ts";
import type { BlobUpload, Registry } from "../../shared/registry/registry.ts";
import { failureOf } from "../support/failures.ts";
import { loopbackRegistries, never } from "../support/registries.ts";
import { type Reply, type ScriptedServer, startScriptedServer } from "../support/scripted-server.ts";

const bytes = Buffer.from("0123456789");
const digest = digestOf(bytes);

let server: ScriptedServer;
let registries: ClosableRegistries;
let registry: Registry;
beforeEach(async () => {
  server = await startScriptedServer();
  registries = loopbackRegistries();
  registry = registries.open(server.host);
});
afterEach(async () => {
  await registries.close();
  await server.finish();
});

const start = "POST /v2/app/blobs/uploads/";
const accepted = (location: string, headers: Record<string, string> = {}): Reply => ({
  status: 202,
  headers: { location, ...headers },
});

function open(headers: Record<string, string> = {}, location = "/upload/1?state=a%2Fb"): Promise<BlobUpload> {
  server.expect(start, accepted(location, headers));
  return registry.startUpload("app", never);
}

describe("an upload", () => {
  it("in one request goes to the given location, whose query is kept", async () => {
    const upload = await open();
    server.expect(`PUT /upload/1?state=a%2Fb&digest=${digest}`, {
      status: 201,
      headers: { "docker-content-digest": digest },
    });
    await upload.commit(digest, never, bytes);
    expect(server.received.map(({ body }) => body.toString())).toEqual(["", "0123456789"]);
    expect(server.received[0]?.headers["content-length"]).toBe("0");
    expect(server.received[1]?.headers["content-type"]).toBe("application/octet-stream");
  });

  it("in chunks follows each new location", async () => {
    const upload = await open();
    server.expect("PATCH /upload/1?state=a%2Fb", accepted("/upload/1?state=c", { range: "0-3" }));
    server.expect("PATCH /upload/1?state=c", accepted("/upload/1", { range: "0-9" }));
    server.expect(`PUT /upload/1?digest=${digest}`, { status: 201 });
    await upload.write(bytes.subarray(0, 4), never);
    expect(upload.offset).toBe(4);
    await upload.write(bytes.subarray(4), never);
    await upload.commit(digest, never);
    const ranges = server.received.map(({ headers }) => headers["content-range"]);
    expect(ranges).toEqual([undefined, "0-3", "4-9", undefined]);
  });

  it("sends on what the registry took only in part", async () => {
    const upload = await open();
    server.expect("PATCH /upload/1?state=a%2Fb", accepted("/upload/2", { range: "0-5" }));
    server.expect("PATCH /upload/2", accepted("/upload/3", { range: "bytes=0-9" }));
    await upload.write(bytes, never);
    expect(server.received.map(({ body }) => body.toString())).toEqual(["", "0123456789", "6789"]);
    expect(upload.offset).toBe(10);
  });

  it.each([
    ["does not say", {}],
    ["says so in no proper way", { range: "0--1" }],
  ])("trusts a registry that took a chunk but %s how much of it", async (_name, headers) => {
    const upload = await open();
    server.expect("PATCH /upload/1?state=a%2Fb", accepted("/upload/2", headers));
    await upload.write(bytes, never);
    expect(upload.offset).toBe(10);
  });

  it.each([
    ["some", { range: "0-5" }, 6],
    ["none, as Docker's registry says it", { range: "0-0" }, 0],
    ["none, said by silence", {}, 0],
  ])("learns after a break that the registry has %s", async (_name, headers, expected) => {
    const upload = await open();
    server.expect("PATCH /upload/1?state=a%2Fb", (_request, response) => {
      response.destroy();
      return undefined;
    });
    await failureOf(() => upload.write(bytes, never), "network");
    server.expect("GET /upload/1?state=a%2Fb", {
      status: 204,
      headers: { location: "/upload/9", ...headers },
    });
    await upload.resume(never);
    expect(upload.offset).toBe(expected);
    server.expect("PATCH /upload/9", accepted("/upload/9", { range: "0-9" }));
    await upload.write(bytes.subarray(expected), never);
  });

  it("knows the least size of chunks", async () => {
    expect((await open()).minChunkBytes).toBe(0);
    expect((await open({ "oci-chunk-min-length": "5242880" })).minChunkBytes).toBe(5_242_880);
  });

  it.each<[string, Record<string, string>, string, FailureCode]>([
    ["a file", {}, "file:///etc/passwd", "blocked"],
    ["the metadata service", {}, "http://169.254.169.254/upload", "blocked"],
    ["a private address", {}, "http://10.0.0.1/upload", "blocked"],
    ["a URL that is none", {}, "http://", "protocol"],
    ["chunks that are too large to hold", { "oci-chunk-min-length": "1000000000" }, "/upload", "unsupported"],
    ["chunks of no number", { "oci-chunk-min-length": "many" }, "/upload", "unsupported"],
  ])("is not sent to %s", async (_name, headers, location, code) => {
    await failureOf(async () => (await open(headers, location)).write(bytes, never), code);
  });

  it("needs a location", async () => {
    server.expect(start, { status: 202 });
    await failureOf(() => registry.startUpload("app", never), "protocol");
  });

  it.each<[string, Reply, FailureCode]>([
    ["confirms more than was sent", accepted("/u", { range: "0-99" }), "protocol"],
    ["is at another offset", { status: 416 }, "conflict"],
    ["has lost it", { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' }, "not-found"],
  ])("fails when the registry %s", async (_name, reply, code) => {
    const upload = await open();
    server.expect("PATCH /upload/1?state=a%2Fb", reply);
    await failureOf(() => upload.write(bytes, never), code);
  });

  it.each<[string, Reply, FailureCode]>([
    ["the digest is refused", { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' }, "integrity"],
    [
      "another digest is stored",
      { status: 201, headers: { "docker-content-digest": digestOf("x") } },
      "integrity",
    ],
    ["it is redirected", { status: 302, headers: { location: "/else" } }, "blocked"],
    ["it is merely accepted", { status: 202, headers: { location: "/else" } }, "protocol"],
  ])("fails at its end when %s", async (_name, reply, code) => {
    const upload = await open();
    server.expect(`PUT /upload/1?state=a%2Fb&digest=${digest}`, reply);
    await failureOf(() => upload.commit(digest, never, bytes), code);
  });
});

describe("mountBlob", () => {
  const mount = `POST /v2/app/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=other%2Frepo`;
  const ask = () => registry.mountBlob("app", { digest, from: "other/repo", signal: never });

  it("is done with 201", async () => {
    server.expect(mount, { status: 201, headers: { location: "/v2/app/blobs/x" } });
    expect(await ask()).toEqual({ kind: "mounted" });
  });

  it("gives the upload that the registry opened instead", async () => {
    server.expect(mount, accepted("/upload/7"));
    const answer = await ask();
    if (answer.kind !== "upload") throw new Error("expected an upload");
    server.expect(`PUT /upload/7?digest=${digest}`, { status: 201 });
    await answer.upload.commit(digest, never, bytes);
  });

  it("checks the repository that it mounts from", async () => {
    await failureOf(() => registry.mountBlob("app", { digest, from: "../x", signal: never }), "invalid");
  });
});
