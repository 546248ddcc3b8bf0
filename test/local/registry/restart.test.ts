import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { digestOf } from "../../../shared/model/digest.ts";
import { createOciClient, type OciClient } from "../../support/oci-client.ts";

const repository = "suite/one";
const script = `
  import { startRegistry } from ${JSON.stringify(new URL("../../../local/registry/registry.ts", import.meta.url).href)};
  const { origin } = await startRegistry({ root: process.argv[1], access: { kind: "anonymous" } });
  process.stdout.write(origin + "\\n");
`;

let root: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "wharfgate-registry-"));
});
afterEach(async () => {
  await kill();
  await rm(root, { recursive: true, force: true });
});

async function start(): Promise<OciClient> {
  const started = spawn(process.execPath, ["--input-type=module", "--eval", script, root], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child = started;
  const [origin] = (await once(createInterface(started.stdout), "line")) as [string];
  return createOciClient(origin);
}

async function kill(): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

describe("a registry that is killed", () => {
  it("has everything after a restart, and goes on with an upload", async () => {
    const before = await start();
    const { digest } = await before.pushImage(repository, "1.0");
    const location =
      (await before.send("POST", `/v2/${repository}/blobs/uploads/`)).headers.get("location") ?? "";
    await before.send("PATCH", location, { body: "first half, " });
    await kill();

    const after = await start();
    const head = await after.send("HEAD", `/v2/${repository}/manifests/1.0`);
    expect(head.headers.get("docker-content-digest")).toBe(digest);
    expect((await after.send("GET", location)).headers.get("range")).toBe("0-11");
    const rest = { headers: { "content-range": "12-22" }, body: "second half" };
    const done = await after.send("PUT", `${location}?digest=${digestOf("first half, second half")}`, rest);
    expect(done.status).toBe(201);
  });

  it("holds no half file, whenever it is killed", async () => {
    const client = await start();
    const pushed = Array.from({ length: 24 }, async (_, i) => {
      await client.pushBlob(repository, randomBytes(200_000 + i)).catch(() => undefined);
      const image = await client.pushImage(repository, `tag-${i}`).catch(() => undefined);
      if (i === 5) await kill();
      return image;
    });
    const images = (await Promise.all(pushed)).filter((image) => image !== undefined);

    const after = await start();
    const folder = join(root, "repositories", repository);
    for (const kind of ["_blobs/sha256", "_manifests/sha256"]) {
      for (const name of await readdir(join(folder, kind))) {
        const content = await readFile(join(folder, kind, name));
        expect(createHash("sha256").update(content).digest("hex")).toBe(name);
      }
    }
    for (const { digest } of images) {
      expect((await after.send("HEAD", `/v2/${repository}/manifests/${digest}`)).status).toBe(200);
    }
    const { tags } = (await (await after.send("GET", `/v2/${repository}/tags/list`)).json()) as {
      tags: string[];
    };
    for (const tag of tags)
      expect((await after.send("GET", `/v2/${repository}/manifests/${tag}`)).status).toBe(200);
    await expect(readdir(join(root, "_temporary"))).rejects.toMatchObject({ code: "ENOENT" });
  });
});
