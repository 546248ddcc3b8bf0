import { readdir } from "node:fs/promises";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { digestOf } from "../../../shared/model/digest.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../../support/local-registry.ts";
import type { OciClient } from "../../support/oci-client.ts";

const repository = "suite/one";
let registry: RegistryUnderTest;
let client: OciClient;

beforeAll(async () => {
  registry = await startRegistryUnderTest({ kind: "anonymous" });
  client = registry.client;
  await client.pushImage(repository, "1.0");
});
afterAll(() => registry.close());

/** Sends the path as it is, which fetch would tidy up first. */
function sendRaw(
  method: string,
  path: string,
  headers: Record<string, string> = {},
): Promise<number | undefined> {
  const port = Number(new URL(registry.origin).port);
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, method, path, headers, agent: false }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    })
      .once("error", reject)
      .end();
  });
}

async function filesInRoot(): Promise<string[]> {
  const entries = await readdir(registry.root, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`);
}

describe("hostile requests", () => {
  it.each([
    ["PUT", "/v2/../../../tmp/evil/manifests/x", 400],
    ["PUT", "/v2/a/../../evil/manifests/x", 400],
    ["POST", "/v2/%2e%2e/%2e%2e/evil/blobs/uploads/", 400],
    ["GET", "/v2/suite/one/manifests/../../../../etc/passwd", 404],
    ["GET", "/v2/suite/one/blobs/sha256:..%2f..%2f..%2fetc%2fpasswd", 400],
    ["GET", "/v2/suite/one/blobs/uploads/..%2f..%2f_temporary", 404],
    ["PATCH", "/v2/suite/one/blobs/uploads/../../x", 404],
    ["GET", "/v2/suite/one/_tags/tags/list", 400],
    ["POST", `/v2/suite/one/blobs/uploads/?mount=${digestOf("x")}&from=../../etc`, 400],
    ["POST", "/v2/suite/one/blobs/uploads/?mount=sha256:../x&from=suite/two", 400],
    ["POST", "/v2/suite/one/blobs/uploads/?digest=sha256:../x", 400],
    ["GET", "/v2/__proto__/tags/list", 400],
    ["__proto__", "/v2/suite/one/tags/list", 400],
    ["PROPFIND", "/v2/suite/one/tags/list", 405],
    ["GET", "/etc/passwd", 404],
    ["GET", "//v2/suite/one/tags/list", 404],
  ])("answers %s %s with %i and leaves the disk as it is", async (method, path, status) => {
    const before = await filesInRoot();
    const sent =
      method === "__proto__"
        ? await sendText(`${method} ${path} HTTP/1.1\r\n\r\n`)
        : await sendRaw(method, path);
    expect(sent).toBe(status);
    expect(await filesInRoot()).toEqual(before);
  });

  it.each([
    ["Host", { Host: "registry.example" }],
    ["Origin", { Origin: "https://evil.example" }],
  ])("answers a foreign %s with 403", async (_name, headers) => {
    expect(await sendRaw("GET", "/v2/", headers)).toBe(403);
    expect(await sendRaw("DELETE", `/v2/${repository}/manifests/1.0`, headers)).toBe(403);
    expect((await client.send("HEAD", `/v2/${repository}/manifests/1.0`)).status).toBe(200);
  });

  it("keeps nothing of bytes that do not match their digest", async () => {
    const before = await filesInRoot();
    await client.send("POST", `/v2/${repository}/blobs/uploads/?digest=${digestOf("other")}`, {
      body: "lie",
    });
    const location =
      (await client.send("POST", `/v2/${repository}/blobs/uploads/`)).headers.get("location") ?? "";
    await client.send("PATCH", location, { body: "lie" });
    await client.send("PUT", `${location}?digest=${digestOf("other")}`);
    expect((await client.send("GET", location)).status).toBe(404);
    expect(await filesInRoot()).toEqual(before);
  });

  it("keeps nothing of a POST of a whole blob that breaks off", async () => {
    const before = await filesInRoot();
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf("whole")}`;
    const socket = sendStart(
      `POST ${path} HTTP/1.1\r\nHost: ${registry.host}\r\nContent-Length: 5\r\n\r\nwho`,
    );
    await expect.poll(filesInRoot).not.toEqual(before);
    socket.destroy();
    await expect.poll(filesInRoot).toEqual(before);
  });

  it("keeps what came of a chunk that breaks off, to go on from there", async () => {
    const location =
      (await client.send("POST", `/v2/${repository}/blobs/uploads/`)).headers.get("location") ?? "";
    const socket = sendStart(
      `PATCH ${location} HTTP/1.1\r\nHost: ${registry.host}\r\nContent-Length: 10\r\n\r\nresum`,
    );
    const range = async () => (await client.send("GET", location)).headers.get("range");
    await expect.poll(range).toBe("0-4");
    socket.destroy();
    const rest = { headers: { "content-range": "5-9" }, body: "ed ok" };
    await expect.poll(async () => (await client.send("PATCH", location, rest)).status).toBe(202);
    expect((await client.send("PUT", `${location}?digest=${digestOf("resumed ok")}`)).status).toBe(201);
  });

  it("takes one writer at a time in an upload", async () => {
    const location =
      (await client.send("POST", `/v2/${repository}/blobs/uploads/`)).headers.get("location") ?? "";
    const first = sendStart(
      `PATCH ${location} HTTP/1.1\r\nHost: ${registry.host}\r\nContent-Length: 10\r\n\r\nfirst`,
    );
    const range = async () => (await client.send("GET", location)).headers.get("range");
    await expect.poll(range).toBe("0-4");
    expect((await client.send("PATCH", location, { body: "second" })).status).toBe(409);
    expect((await client.send("DELETE", location)).status).toBe(409);
    first.write("+more");
    await expect.poll(range).toBe("0-9");
    first.destroy();
    const commit = `${location}?digest=${digestOf("first+more")}`;
    // The first writer's request has not quite ended when its last byte is on disk.
    await expect.poll(async () => (await client.send("PUT", commit)).status).toBe(201);
  });
});

/** Sends the start of a request and leaves the connection open. */
function sendStart(text: string): Socket {
  const socket = connect(Number(new URL(registry.origin).port), "127.0.0.1");
  socket.write(text);
  return socket;
}

function sendText(text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(registry.origin).port), "127.0.0.1", () => socket.write(text));
    socket
      .once("data", (data) => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1])))
      .once("error", reject);
  });
}
