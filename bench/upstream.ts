import { createServer as createPlainServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { digestOf } from "../shared/model/digest.ts";
import { createTagPages } from "./upstream-tags.ts";

/*
 * A registry with token authorization and paging, for benchmarks, as a process of its own. A repository is named
 * `t<tags>/r<number>`; `whole/…` before it means that all tags come in one answer. It prints its port; `/-/counts` tells
 * what it was asked since the last time.
 */

const tls = JSON.parse(process.argv[2] ?? "null") as { key: string; cert: string } | null;
const defaultPage = 100;
const largestPage = 1000;
const pages = createTagPages();
/** Tokens and the repositories that they are good for; the floor and curl bring one that is good for all. */
const tokens = new Map<string, ReadonlySet<string> | "all">([["floor", "all"]]);
let counts = { requests: 0, connections: 0, bytes: 0 };

const listener: RequestListener = (request, response) => {
  const url = new URL(request.url ?? "", "http://upstream");
  if (url.pathname === "/-/counts") {
    response.end(JSON.stringify(counts));
    counts = { requests: 0, connections: 0, bytes: 0 };
    return;
  }
  counts.requests += 1;
  if (url.pathname === "/token") {
    const repositories = url.searchParams.getAll("scope").map((scope) => scope.split(":")[1] ?? "");
    const token = `token-${tokens.size}`;
    tokens.set(token, new Set(repositories));
    return sendJson(response, 200, { token, expires_in: 300 });
  }
  const [, repository = "", what = "", reference = ""] =
    /^\/v2\/((?:whole\/)?t[0-9]+\/r[0-9]+)\/(tags|manifests)\/(.+)$/.exec(url.pathname) ?? [];
  const granted = tokens.get(request.headers.authorization?.slice("Bearer ".length) ?? "");
  if (granted === undefined || (granted !== "all" && repository !== "" && !granted.has(repository))) {
    const { host } = request.headers;
    const realm = `${tls === null ? "http" : "https"}://${host}/token`;
    const scope = repository === "" ? "" : `,scope="repository:${repository}:pull"`;
    response.setHeader("www-authenticate", `Bearer realm="${realm}",service="bench"${scope}`);
    return sendJson(response, 401, { errors: [{ code: "UNAUTHORIZED" }] });
  }
  if (repository === "") return sendJson(response, url.pathname === "/v2/" ? 200 : 404, {});
  if (what === "manifests") {
    response.writeHead(200, {
      "content-type": "application/vnd.oci.image.index.v1+json",
      "docker-content-digest": digestOf(`${repository}:${reference}`),
      "content-length": 1000,
    });
    return response.end();
  }
  const asked = Number(url.searchParams.get("n") ?? defaultPage);
  const { body, last } = pages.page(repository, {
    size: repository.startsWith("whole/") ? Number.POSITIVE_INFINITY : Math.min(asked, largestPage),
    after: url.searchParams.get("last") ?? undefined,
  });
  counts.bytes += body.length;
  response.writeHead(200, {
    "content-type": "application/json",
    "content-length": body.length,
    ...(last === undefined
      ? {}
      : { link: `</v2/${repository}/tags/list?last=${last}&n=${Math.min(asked, largestPage)}>; rel="next"` }),
  });
  return response.end(body);
};

/** With its length: some clients give up a connection whose answer has none. */
function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length }).end(body);
}

const server = tls === null ? createPlainServer(listener) : createTlsServer(tls, listener);
server.keepAliveTimeout = 60_000;
server.on("connection", () => {
  counts.connections += 1;
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
