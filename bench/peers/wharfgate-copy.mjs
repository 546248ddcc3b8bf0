/*
 * The product's own code copies many images: `wharfgate-copy.mjs <from> <to> <file with {"images":[{"path"}]}> [tag]`. Asks the
 * source what each tag is, and brings it to the same path at the target. Prints what it found and what that cost; imports
 * what `npm run build` made, so that no type is stripped meanwhile.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import "../../cli/compile-cache.mjs";

// As the command does it: what is imported from here on comes from the compile cache.
const { createRegistries } = await import("../../dist/shared/auth/registries.js");
const { parseHostRules } = await import("../../dist/shared/http/host-rules.js");
const { createCopy } = await import("../../dist/shared/methods/copy.js");
const { mapConcurrent } = await import("../../dist/shared/model/concurrency.js");

const [from, to, file, imagesAtOnce = "8"] = process.argv.slice(2);
const { images } = JSON.parse(readFileSync(file, "utf8"));
const { signal } = new AbortController();
const registries = createRegistries({
  rules: parseHostRules(`http://${from}=127.0.0.0/8 http://${to}=127.0.0.0/8`),
  credentials: { resolve: () => Promise.reject(new Error("these registries take no credential")) },
});
const source = registries.open(from);
const method = createCopy({ registries });
let bytes = 0;

const digests = await mapConcurrent(images, Number(imagesAtOnce), async ({ path }) => {
  const found = await source.headManifest(path, "1.0", signal);
  const order = {
    key: createHash("sha256").update(path).digest("hex"),
    source: { host: from, path, digest: found.digest },
    target: { host: to, path, tag: "1.0" },
    existing: "keep",
  };
  let progress = await method.start(order, signal);
  while (progress.kind === "running") progress = await method.check(order, progress.operation, signal);
  if (progress.kind === "refused") throw new Error(progress.reason);
  bytes += progress.bytes.moved;
  return found.digest;
});
await registries.close();

const { user, system } = process.cpuUsage();
process.stdout.write(
  `${JSON.stringify({
    hash: createHash("sha256").update(digests.join("\n")).digest("hex"),
    bytes,
    cpuSeconds: (user + system) / 1e6,
    maxRssMib: process.resourceUsage().maxRSS / 1024,
  })}\n`,
);
