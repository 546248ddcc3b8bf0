/*
 * The floor: fetches the same pages as Wharfgate would by undici's dispatch, and throws them away. `floor.mjs <host> <name>
 * <count>`; it brings the upstream's token that is good for all. Prints the number of bytes and what they cost.
 */
import { createRequire } from "node:module";

// As the product does: without the rest of undici, which would only add to the floor.
const Pool = createRequire(import.meta.url)("undici/lib/dispatcher/pool.js");

const [host, name, count] = process.argv.slice(2);
const pool = new Pool(`http://${host}`, { connections: 24 });
let bytes = 0;

const fetchPage = (path) =>
  new Promise((resolve, reject) => {
    let link;
    pool.dispatch(
      { path, method: "GET", headers: { authorization: "Bearer floor", accept: "application/json" } },
      {
        onRequestStart() {},
        onResponseStart(_controller, _status, headers) {
          link = headers.link;
        },
        onResponseData(_controller, chunk) {
          bytes += chunk.length;
        },
        onResponseEnd: () => resolve(link?.slice(1, link.indexOf(">"))),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });

let next = 0;
const worker = async () => {
  while (next < Number(count)) {
    let path = `/v2/${name}/r${next++}/tags/list?n=1000`;
    while (path !== undefined) path = await fetchPage(path);
  }
};
await Promise.all(Array.from({ length: 32 }, worker));
await pool.close();

const { user, system } = process.cpuUsage();
process.stdout.write(
  `${JSON.stringify({
    bytes,
    cpuSeconds: (user + system) / 1e6,
    maxRssMib: process.resourceUsage().maxRSS / 1024,
  })}\n`,
);
