import { createRequire } from "node:module";
import type undici from "undici";

/*
 * The parts of undici that we use. Its front door loads fetch, WebSocket, caches and mocks as well, which would cost each
 * process 70 ms and 12 MiB. Its version is pinned, and it declares no `exports` that would keep these files to itself.
 */

const load = createRequire(import.meta.url);

export const Agent = load("undici/lib/dispatcher/agent.js") as typeof undici.Agent;
export const Pool = load("undici/lib/dispatcher/pool.js") as typeof undici.Pool;
export const buildConnector = load("undici/lib/core/connect.js") as typeof undici.buildConnector;

/** As the method `request` of a dispatcher, which the front door would add to it. */
export function request(
  dispatcher: undici.Dispatcher,
  options: undici.Dispatcher.RequestOptions,
): Promise<undici.Dispatcher.ResponseData> {
  return requestOf.call(dispatcher, options);
}

const requestOf = load("undici/lib/api/api-request.js") as (
  this: undici.Dispatcher,
  options: undici.Dispatcher.RequestOptions,
) => Promise<undici.Dispatcher.ResponseData>;
