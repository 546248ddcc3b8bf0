import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { OciError } from "../../../local/registry/oci-error.ts";
import type { Filled } from "../../../local/registry/pull-through.ts";
import type { Manifest } from "../../../shared/model/descriptor.ts";
import { makeBlob, makeImage } from "../../support/images.ts";
import { type RegistryUnderTest, startRegistryUnderTest } from "../../support/local-registry.ts";
import { errorCode } from "../../support/oci-client.ts";

const old = makeImage([makeBlob("old")]).manifest;
const fresh = makeImage([makeBlob("fresh")]).manifest;

let registry: RegistryUnderTest;
/** What is elsewhere under any reference. */
let elsewhere: Manifest | undefined | OciError;
let reads: string[];

const filled: Filled = {
  by: "cache rule 'hub'",
  async read(reference, purpose) {
    reads.push(`${purpose} ${reference}`);
    if (elsewhere instanceof OciError) throw elsewhere;
    return elsewhere;
  },
  async settled() {
    reads.push("settled");
  },
};

beforeAll(async () => {
  registry = await startRegistryUnderTest(
    { kind: "anonymous" },
    { pullThrough: { find: (repository) => (repository.startsWith("hub/") ? filled : undefined) } },
  );
});
afterAll(() => registry.close());
beforeEach(() => {
  reads = [];
  elsewhere = fresh;
});

const ask = (method: string, path: string) => registry.client.send(method, `/v2/${path}`);
const accept = "docker-content-digest";

describe("a repository that is filled from elsewhere", () => {
  it("answers a HEAD from there and keeps nothing", async () => {
    const answer = await ask("HEAD", "hub/nginx/manifests/1.0");
    expect([answer.status, answer.headers.get(accept)]).toEqual([200, fresh.descriptor.digest]);
    expect(reads).toEqual(["look 1.0"]);
    expect((await ask("GET", "hub/nginx/tags/list")).status).toBe(404);
  });

  it("answers a GET from there and has it kept", async () => {
    const answer = await ask("GET", `hub/nginx/manifests/${fresh.descriptor.digest}`);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.from(fresh.bytes));
    expect(reads).toEqual([`keep ${fresh.descriptor.digest}`]);
  });

  it("waits for blobs that are on their way", async () => {
    expect((await ask("GET", `hub/nginx/blobs/${old.descriptor.digest}`)).status).toBe(404);
    expect(reads).toEqual(["settled"]);
  });

  it("has nothing when there is nothing elsewhere, and passes on why it could not look", async () => {
    elsewhere = undefined;
    expect((await ask("GET", "hub/nginx/manifests/9")).status).toBe(404);
    elsewhere = new OciError(429, "TOOMANYREQUESTS", "too many requests to source registry");
    const answer = await ask("GET", "hub/nginx/manifests/1.0");
    expect([answer.status, await errorCode(answer)]).toEqual([429, "TOOMANYREQUESTS"]);
  });

  it.each([
    ["POST", "hub/nginx/blobs/uploads/"],
    ["PUT", "hub/nginx/manifests/1.0"],
  ])("takes no pushes: %s", async (method, path) => {
    const answer = await ask(method, path);
    expect([answer.status, await errorCode(answer)]).toEqual([403, "DENIED"]);
    expect(reads).toEqual([]);
  });
});

describe("what such a repository holds already", () => {
  let held: string;

  beforeAll(async () => {
    // Filled behind the registry's back, as the service does.
    const inner = await startRegistryUnderTest({ kind: "anonymous" }, { root: registry.root });
    held = (await inner.client.pushImage("hub/kept", "1.0")).digest;
    await inner.close();
  });

  it("is given out by its digest without a look elsewhere", async () => {
    expect((await ask("GET", `hub/kept/manifests/${held}`)).status).toBe(200);
    expect(reads).toEqual([]);
  });

  it("is given out by its tag as long as elsewhere cannot be reached, or lost it", async () => {
    for (const trouble of [new OciError(502, "UNKNOWN", "down"), undefined]) {
      elsewhere = trouble;
      expect((await ask("GET", "hub/kept/manifests/1.0")).headers.get(accept)).toBe(held);
    }
  });

  it("gives way to what the tag is elsewhere", async () => {
    expect((await ask("HEAD", "hub/kept/manifests/1.0")).headers.get(accept)).toBe(fresh.descriptor.digest);
    expect(reads).toEqual(["look 1.0"]);
    await ask("GET", "hub/kept/manifests/1.0");
    expect(reads).toEqual(["look 1.0", "look 1.0", "keep 1.0"]);
  });
});

describe("any other repository", () => {
  it("takes pushes and is not looked for elsewhere", async () => {
    await registry.client.pushImage("suite/one", "1.0");
    expect((await ask("GET", "suite/one/manifests/2.0")).status).toBe(404);
    expect(reads).toEqual([]);
  });
});
