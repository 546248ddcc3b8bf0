/*
 * The product's own code over one upstream: `wharfgate.mjs poll|list|digest <host> <name of the repositories> <count> [CA file]`.
 * Prints the answers' hash and what they cost; imports what `npm run build` made, so that no type is stripped meanwhile.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import "../../cli/compile-cache.mjs";

// As the command does it: what is imported from here on comes from the compile cache.
const { createRegistries } = await import("../../dist/shared/auth/registries.js");
const { parseHostRules } = await import("../../dist/shared/http/host-rules.js");
const { mapConcurrent } = await import("../../dist/shared/model/concurrency.js");

const [mode, host, name, count, caFile] = process.argv.slice(2);
// As the app does it: messages of 50 watches, some at once, and in each some repositories at once.
const perMessage = 50;
const messagesAtOnce = 4;
const repositoriesAtOnce = 8;
const { signal } = new AbortController();
const ca = caFile === undefined ? undefined : readFileSync(caFile, "utf8");
const registries = createRegistries({
  rules: parseHostRules(`${ca === undefined ? "http://" : ""}${host}=127.0.0.0/8`),
  credentials: { resolve: () => Promise.reject(new Error("the upstream takes no credential")) },
  ...(ca === undefined ? {} : { ca }),
});
const registry = registries.open(host);
const choose = mode === "poll" ? await chooser() : undefined;
const repositories = Array.from({ length: Number(count) }, (_, at) => `${name}/r${at}`);
const messages = Array.from({ length: Math.ceil(repositories.length / perMessage) }, (_, at) =>
  repositories.slice(at * perMessage, (at + 1) * perMessage),
);

const ways = {
  poll: async (repository) => {
    const { versions } = await choose(await registry.listTags(repository, signal));
    return versions[0];
  },
  list: async (repository) => (await registry.listTags(repository, signal)).size,
  digest: async (repository) => (await registry.headManifest(repository, "latest", signal))?.digest,
};

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
// What others on this core do counts as delay; what this thread does in one turn is what it would block others by.
let busyMicros = 0;
let before = process.threadCpuUsage();
const turns = setInterval(() => {
  const used = process.threadCpuUsage(before);
  busyMicros = Math.max(busyMicros, used.user + used.system);
  before = process.threadCpuUsage();
}, 5);
const answers = await mapConcurrent(messages, messagesAtOnce, (message) => {
  registry.prepare(message);
  return mapConcurrent(message, repositoriesAtOnce, ways[mode]);
});
// Both take in at the next turn what has gone before.
await new Promise((resolve) => setTimeout(resolve, 10));
clearInterval(turns);
delay.disable();
await registries.close();

const { user, system } = process.cpuUsage();
process.stdout.write(
  `${JSON.stringify({
    hash: createHash("sha256").update(answers.flat().join("\n")).digest("hex"),
    cpuSeconds: (user + system) / 1e6,
    maxRssMib: process.resourceUsage().maxRSS / 1024,
    busyMs: busyMicros / 1000,
    delayMs: delay.max / 1e6,
  })}\n`,
);

/** The selection of a watch; digests need none of it. */
async function chooser() {
  const { parseWatch } = await import("../../dist/shared/documents/watch.js");
  const { selectAll } = await import("../../dist/shared/policies/select.js");
  const { rules } = parseWatch("bench", "w", { Source: `${host}/app`, Tags: "semver ^3.2.0", Keep: "1" });
  return (tags) => selectAll(tags, rules, setImmediate);
}
