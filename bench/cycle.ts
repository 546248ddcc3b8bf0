import { startAzurite } from "../local/azurite.ts";
import { startLoopbackServer } from "../local/loopback-server.ts";
import { createApp } from "../shared/app.ts";
import { writePollMessage } from "../shared/documents/messages.ts";
import { digestOf } from "../shared/model/digest.ts";
import { readSettings } from "../shared/settings.ts";
import { startCountingProxy } from "../test/support/counting-proxy.ts";
import { median, print } from "./figures.ts";

const watches = 1000;
const perMessage = 50;
const cycles = 5;
const tags = Array.from({ length: 30 }, (_, index) => `1.${index}.0`);

/** An upstream with a repository for each watch, which never changes; counts what it is asked. */
async function startUpstream() {
  const counts = { requests: 0 };
  const server = await startLoopbackServer({
    handler: (request, response) => {
      counts.requests += 1;
      const [, , , name = "", kind, reference = ""] = (request.url ?? "").split(/[/?]/);
      if (kind === "tags") {
        response.writeHead(200, { "content-type": "application/json" });
        return response.end(JSON.stringify({ name: `app/${name}`, tags }));
      }
      response.writeHead(200, {
        "content-type": "application/vnd.oci.image.index.v1+json",
        "docker-content-digest": digestOf(`${name} ${reference}`),
        "content-length": 100,
      });
      return response.end();
    },
  });
  return { ...server, counts };
}

const [azurite, upstream] = await Promise.all([
  startAzurite({ data: "memory", log: () => {} }),
  startUpstream(),
]);
const tableCalls = { reads: 0, writes: 0 };
const tables = await startCountingProxy(new URL(azurite.tableEndpoint), (at, request) => {
  if (at === "request") tableCalls[request.method === "GET" ? "reads" : "writes"] += 1;
  return true;
});
const app = createApp(
  readSettings({
    AzureWebJobsStorage: azurite.connectionString.replace(new URL(azurite.tableEndpoint).host, tables.host),
    WHARFGATE_TARGET: "registry.invalid",
    WHARFGATE_UPSTREAMS: `http://${upstream.host}=127.0.0.0/8`,
  }),
);
try {
  const signal = AbortSignal.timeout(300_000);
  const ids = Array.from({ length: watches }, (_, index) => ({
    group: "bench",
    name: `w${String(index).padStart(4, "0")}`,
  }));
  for (const { group, name } of ids) {
    const columns = { Source: `${upstream.host}/app/${name}`, Tags: "semver >=1", Keep: "5" };
    await app.stores.watches.put({ group, name }, columns, { signal, existing: "replace" });
  }
  const cycle = async (slot: Date): Promise<void> => {
    for (let start = 0; start < watches; start += perMessage) {
      const batch = ids.slice(start, start + perMessage);
      const { polled } = await app.poll(
        writePollMessage({ host: upstream.host, slot, watches: batch }),
        signal,
      );
      if (polled !== batch.length) throw new Error(`${polled} of ${batch.length} watches were polled`);
    }
  };
  await cycle(new Date(0));
  const seconds: number[] = [];
  const cpu: number[] = [];
  upstream.counts.requests = 0;
  Object.assign(tableCalls, { reads: 0, writes: 0 });
  for (let run = 1; run <= cycles; run += 1) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    await cycle(new Date(run * 900_000));
    const { user, system } = process.cpuUsage(used);
    seconds.push((performance.now() - started) / 1000);
    cpu.push((user + system) / 1_000_000);
  }
  print(`a cycle over ${watches} unchanged watches`, {
    "upstream requests per watch": upstream.counts.requests / cycles / watches,
    "upstream requests per watch (goal)": 2,
    "table writes per watch": tableCalls.writes / cycles / watches,
    "table writes per watch (goal)": 0,
    "table reads per watch": tableCalls.reads / cycles / watches,
    "seconds (median)": median(seconds),
    "CPU seconds, upstream's and proxy's included": median(cpu),
  });
} finally {
  await app.close();
  await Promise.all([upstream.close(), tables.close(), azurite.stop(0)]);
}
