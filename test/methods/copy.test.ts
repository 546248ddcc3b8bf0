import { beforeEach, describe, expect, it } from "vitest";
import { copy, createCopy } from "../../shared/methods/copy.ts";
import type { ImportOrder } from "../../shared/methods/method.ts";
import { Failure } from "../../shared/model/failure.ts";
import type { Registries } from "../../shared/registry/registry.ts";
import { failureOf } from "../support/failures.ts";
import { makeBlob, makeImage, noise } from "../support/images.ts";
import { createMemoryRegistry, type MemoryRegistry } from "../support/memory-registry.ts";
import { never } from "../support/registries.ts";

const image = makeImage([makeBlob(noise("one", 3000)), makeBlob(noise("two", 3000))]);
const other = makeImage([makeBlob("other")]);
const { digest } = image.manifest.descriptor;

const order: ImportOrder = {
  key: "0".repeat(64),
  source: { host: "upstream.example", path: "app", digest },
  target: { host: "private.example", path: "mirror/app", tag: "1.0" },
  existing: "keep",
  credential: "env:UPSTREAM",
};

let from: MemoryRegistry;
let to: MemoryRegistry;
let opened: string[];
const registries: Registries = {
  open(host, credential) {
    opened.push(`${host} ${credential}`);
    return host === "upstream.example" ? from : to;
  },
};
beforeEach(() => {
  from = createMemoryRegistry("upstream.example");
  to = createMemoryRegistry("private.example");
  opened = [];
  from.put("app", image);
});

const heldTag = () => to.manifests.get("mirror/app:1.0")?.descriptor.digest;

describe("the copy method", () => {
  it("copies in one call, each side with its own credential", async () => {
    const method = createCopy({ registries, targetCredential: "env:TARGET" });
    const moved = image.blobs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(await method.start(order, never)).toMatchObject({ kind: "done", bytes: { moved, of: moved } });
    expect(heldTag()).toBe(digest);
    expect(opened).toEqual(["upstream.example env:UPSTREAM", "private.example env:TARGET"]);
  });

  it("does no harm when it is started again", async () => {
    const method = createCopy({ registries });
    await method.start(order, never);
    from.calls.length = 0;
    expect(await method.start(order, never)).toMatchObject({ kind: "done", bytes: { moved: 0 } });
    expect(from.calls).toEqual([]);
  });

  it("is running when its time is used up, and goes on by check", async () => {
    const layers = Array.from({ length: 8 }, (_, at) => makeBlob(noise(`layer ${at}`, 500)));
    const wide = makeImage(layers);
    from.put("app", wide);
    const large = { ...order, source: { ...order.source, digest: wide.manifest.descriptor.digest } };
    const hurried = createCopy({ registries, budgetMs: 40 });
    // Each blob outlasts the time in which a call begins new ones, and four go at once.
    const { startUpload } = to;
    to.startUpload = async (...args) => {
      const upload = await startUpload(...args);
      const { commit } = upload;
      return Object.assign(upload, {
        commit: async (...closing: Parameters<typeof commit>) => {
          await new Promise((resolve) => setTimeout(resolve, 50));
          await commit(...closing);
        },
      });
    };
    const progress = await hurried.start(large, never);
    if (progress.kind !== "running") throw new Error(`expected running, not ${progress.kind}`);
    expect(progress.operation).toMatchObject({ digest: large.source.digest });
    expect(heldTag()).toBeUndefined();
    to.startUpload = startUpload;
    from.calls.length = 0;
    const total = wide.blobs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(progress.bytes).toMatchObject({ moved: progress.operation.moved, of: total });
    const end = await hurried.check(large, progress.operation, never);
    expect(end).toMatchObject({ kind: "done", bytes: { moved: total, of: total } });
    expect(from.calls.some((call) => call.startsWith("getManifest"))).toBe(false);
    expect(heldTag()).toBe(large.source.digest);
  });

  it("is running when it had to break off", async () => {
    const getBlob = from.getBlob;
    from.getBlob = async (_repository, _descriptor, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      throw signal.reason instanceof Failure ? signal.reason : new Failure("timeout", "took too long");
    };
    const method = createCopy({ registries, budgetMs: 20 });
    expect((await method.start(order, never)).kind).toBe("running");
    from.getBlob = getBlob;
    expect(await createCopy({ registries }).check(order, {}, never)).toMatchObject({ kind: "done" });
  });

  it("refuses to move a tag that is to be kept", async () => {
    to.put("mirror/app", other, "1.0");
    expect(await createCopy({ registries }).start(order, never)).toMatchObject({
      kind: "refused",
      code: "conflict",
    });
    expect(heldTag()).toBe(other.manifest.descriptor.digest);
  });

  it("replaces a tag that is followed", async () => {
    to.put("mirror/app", other, "1.0");
    const method = createCopy({ registries });
    expect(await method.start({ ...order, existing: "replace" }, never)).toMatchObject({ kind: "done" });
    expect(heldTag()).toBe(digest);
  });

  it("shares blobs between images at one target", async () => {
    const method = createCopy({ registries });
    await method.start(order, never);
    await method.start({ ...order, target: { ...order.target, path: "mirror/second" } }, never);
    const mounts = to.calls.filter((call) => call.startsWith("mountBlob mirror/second"));
    expect(mounts.map((call) => call.split(" ").at(-1))).toEqual(Array(3).fill("mirror/app"));
    expect(from.calls.filter((call) => call.startsWith("getBlob")).length).toBe(3);
  });

  it.each([
    ["upstream lost the image", "not-found"],
    ["upstream forbids it", "forbidden"],
    ["the bytes do not match", "integrity"],
  ] as const)("refuses when %s", async (_name, code) => {
    from.failNext("getManifest", new Failure(code, "because"));
    expect(await createCopy({ registries }).start(order, never)).toEqual({
      kind: "refused",
      code,
      reason: "because",
    });
  });

  it.each(["rate-limited", "unavailable"] as const)(
    "throws %s, since the same call may work later",
    async (code) => {
      from.failNext("getManifest", new Failure(code, "later", { retryAfterMs: 9000 }));
      const failure = await failureOf(() => createCopy({ registries }).start(order, never), code);
      expect(failure.retryAfterMs).toBe(9000);
    },
  );

  it("does not take its caller's deadline for its own", async () => {
    await failureOf(() => createCopy({ registries }).start(order, AbortSignal.abort()), "canceled");
  });

  it("has nothing to cancel", async () => {
    await expect(createCopy({ registries }).cancel(order, {}, never)).resolves.toBeUndefined();
  });

  it("is a member of its family", () => {
    expect(copy.kind).toBe("copy");
    expect(Object.keys(copy.create({ registries }))).toEqual(["start", "check", "cancel"]);
  });
});
