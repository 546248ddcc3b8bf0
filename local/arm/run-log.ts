import type { IncomingMessage, ServerResponse } from "node:http";
import type { Runs } from "./runs.ts";

/** Serves a run's log as Storage does an append blob behind a SAS URL. False when the path is not one of a log. */
export function serveRunLog(runs: Runs, request: IncomingMessage, response: ServerResponse): boolean {
  const url = new URL(request.url ?? "/", "https://localhost");
  const [, id] = /^\/logs\/([^/]+)\/rawtext\.log$/.exec(url.pathname) ?? [];
  if (id === undefined) return false;
  const run = runs.find(id);
  if (run === undefined || url.searchParams.get("sig") !== run.logSignature) {
    response.writeHead(403, { "x-ms-error-code": "AuthenticationFailed" }).end();
    return true;
  }
  const bytes = Buffer.from(run.log.map((line) => `${line}\n`).join(""));
  const [, from = "0", to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const ranged = request.headers.range !== undefined && request.method === "GET";
  const end = to === undefined || to === "" ? bytes.length - 1 : Math.min(Number(to), bytes.length - 1);
  const body = ranged ? bytes.subarray(Number(from), end + 1) : bytes;
  response.writeHead(ranged ? 206 : 200, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(body.length),
    "Accept-Ranges": "bytes",
    "x-ms-blob-type": "AppendBlob",
    ...(ranged ? { "Content-Range": `bytes ${from}-${end}/${bytes.length}` } : {}),
    ...(run.finishTime === undefined ? {} : { "x-ms-meta-complete": "successful" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
  return true;
}
