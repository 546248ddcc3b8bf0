import { startAzurite } from "../local/azurite.ts";
import { startLoopbackServer } from "../local/loopback-server.ts";
import { createApp } from "../shared/app.ts";
import { writePollMessage } from "../shared/documents/messages.ts";
import { digestOf } from "../shared/model/digest.ts";
import { readSettings } from "../shared/settings.ts";
import { startCountingProxy } from "../test/support/counting-proxy.ts";
import { median, printGoals } from "./figures.ts";

const watches = 1000;
const perMessage = 50;
const cycles = 5;
const tags = Array.from({ length: 30 }, (_, index) => `1.${index}.0`);

/** So short a life that each cycle needs new tokens, as one does every quarter of an hour. */
const tokenSeconds = 2;

/** An upstream with a repository for each watch, which never changes, and with tokens; counts what it is asked. */
async function startUpstream() {
  const counts = { requests: 0, tokens: 0, refusals: 0 };
  const granted = new Map<string, readonly string[]>();
  const server = await startLoopbackServer({
    handler: (request, response) => {
      const url = new URL(request.url ?? "", "http://upstream");
      if (url.pathname === "/token") {
        const token = `token-${granted.size}`;
        granted.set(token, url.searchParams.getAll("scope"));
        counts.tokens += 1;
        return response.end(JSON.stringify({ token, expires_in: tokenSeconds }));
      }
      const [, , , name = "", kind, reference = ""] = url.pathname.split("/");
      const scope = `repository:app/${name}:pull`;
      const token = request.headers.authorization?.slice("Bearer ".length) ?? "";
      if (granted.get(token)?.includes(scope) !== true) {
        counts.refusals += 1;
        const realm = `http://${request.headers.host}/token`;
        response.setHeader("www-authenticate", `Bearer realm="${realm}",service="bench",scope="${scope}"`);
        return response.writeHead(401).end();
      }
      counts.requests += 1;
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
  Object.assign(upstream.counts, { requests: 0, tokens: 0, refusals: 0 });
  Object.assign(tableCalls, { reads: 0, writes: 0 });
  for (let run = 1; run <= cycles; run += 1) {
    const [started, used] = [performance.now(), process.cpuUsage()];
    await cycle(new Date(run * 900_000));
    const { user, system } = process.cpuUsage(used);
    seconds.push((performance.now() - started) / 1000);
    cpu.push((user + system) / 1_000_000);
  }
  const perWatch = (count: number) => count / cycles / watches;
  printGoals(`a cycle over ${watches} unchanged watches`, [
    {
      name: "requests per watch, tokens included",
      measured: perWatch(upstream.counts.requests + upstream.counts.tokens),
      atMost: 2,
    },
    { name: "of these for tokens", measured: perWatch(upstream.counts.tokens) },
    { name: "requests refused with 401", measured: upstream.counts.refusals, atMost: 0 },
    { name: "table writes per watch", measured: perWatch(tableCalls.writes), atMost: 0 },
    { name: "table reads per watch", measured: perWatch(tableCalls.reads) },
    { name: "s (median)", measured: median(seconds) },
    { name: "CPU s, upstream's and proxy's included (median)", measured: median(cpu) },
  ]);
} finally {
  await app.close();
  await Promise.all([upstream.close(), tables.close(), azurite.stop(0)]);
}
