import type { IncomingMessage, ServerResponse } from "node:http";
import { type Failure, toFailure } from "../../shared/model/failure.ts";
import type { WantedPort } from "../listen.ts";
import type { Log } from "../log.ts";
import { startLoopbackServer } from "../loopback-server.ts";
import { type AdminCall, answerAdmin } from "./admin.ts";
import { type HostedFunction, isTriggeredBy } from "./bindings.ts";
import { bodyRefusal, readBody, toRpcRequest, writeRpcResponse } from "./http-messages.ts";
import { createInFlight } from "./in-flight.ts";
import type { Invoker } from "./invoke.ts";
import { type HostKeys, opens } from "./keys.ts";
import type { Listener } from "./listener.ts";
import { keyRefusal, refuse, routeRefusal } from "./refusals.ts";
import { compareRoutes, matchRoute } from "./routes.ts";
import type { RpcInvocationResponse } from "./rpc.ts";

export interface HttpListenerOptions {
  readonly functions: readonly HostedFunction[];
  readonly routePrefix: string;
  /** 0 takes a free one. */
  readonly port: WantedPort;
  readonly keys: HostKeys;
  readonly invoker: Invoker;
  readonly log: Log;
}

export interface HttpListener extends Listener {
  readonly port: number;
  readonly url: string;
  /** Ends all connections. */
  close(): Promise<void>;
}

// Azure's load balancer gives up on a response after this.
// https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
const responseTimeoutMs = 230_000;

/** Serves the HTTP functions and the admin API on loopback. Throws `conflict` when the port is taken. */
export async function listenToHttp(options: HttpListenerOptions): Promise<HttpListener> {
  const { port, log } = options;
  const inFlight = createInFlight();
  const inBackground = (work: Promise<unknown>): void => {
    inFlight.track(work).catch(() => undefined); // The invoker has logged it.
  };
  let isStopping = false;
  const server = await startLoopbackServer({
    port,
    requestTimeoutMs: responseTimeoutMs,
    handler: (request, response) => {
      if (isStopping) {
        response.writeHead(503, { connection: "close" }).end();
        return;
      }
      void inFlight.track(
        answer({ ...options, inBackground }, request, response).catch((error: unknown) => {
          // The invoker has logged what a function threw; nothing of it goes to the caller.
          const status = statusFor(toFailure(error, "answering"));
          log("debug", `${request.method} answered with ${status}`);
          if (response.headersSent) response.destroy();
          else if (status === 413) refuse(response, { status, code: "too-large", detail: bodyRefusal });
          else response.writeHead(status).end();
        }),
      );
    },
  });
  return {
    port: server.port,
    url: server.origin,
    get running() {
      return inFlight.size;
    },
    stop: () => {
      isStopping = true;
      return inFlight.allDone();
    },
    close: () => server.close(),
  };
}

async function answer(
  options: HttpListenerOptions & Pick<AdminCall, "inBackground">,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { functions, routePrefix, keys, invoker, inBackground } = options;
  const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
  const path = url.pathname.replace(/^\/+|\/+$/g, "");
  const key = keyOf(request, url);
  if (path === "admin" || path.startsWith("admin/")) {
    return answerAdmin({ functions, keys, invoker, inBackground, path, key, request, response });
  }
  const prefix = routePrefix === "" ? "" : `${routePrefix}/`.toLowerCase();
  const method = request.method ?? "GET";
  const routes = path.toLowerCase().startsWith(prefix) ? routesAt(functions, path.slice(prefix.length)) : [];
  const found = routes.find(({ hosted }) => hosted.trigger.methods.includes(method));
  if (found === undefined) {
    const methods = routes.flatMap(({ hosted }) => hosted.trigger.methods);
    return refuse(response, routeRefusal({ method, path, routePrefix }, methods));
  }
  const { hosted, params } = found;
  if (!opens(keys, { name: hosted.name, level: hosted.trigger.authLevel, key })) {
    const { authLevel } = hosted.trigger;
    return refuse(response, keyRefusal(key, authLevel === "admin" ? "master" : "function"));
  }
  const http = toRpcRequest({ request, url, params, body: await readBody(request) });
  const invocation = { data: { http }, triggerMetadata: {}, reason: request.method ?? "GET" };
  const result = await withinCap(invoker.invoke(hosted, invocation));
  if (result === undefined) return void response.writeHead(504).end();
  writeRpcResponse(response, result.returnValue);
}

/** `x-functions-key` beats `?code=`. */
function keyOf({ headers }: IncomingMessage, url: URL): string | undefined {
  const header = headers["x-functions-key"];
  return typeof header === "string" ? header : (url.searchParams.get("code") ?? undefined);
}

type HttpFunction = Extract<HostedFunction["trigger"], { readonly kind: "http" }>;
interface Found {
  readonly hosted: HostedFunction<HttpFunction>;
  readonly params: Readonly<Record<string, string>>;
}

/** All that the path matches, by whatever method, the most exact first. */
function routesAt(functions: readonly HostedFunction[], path: string): Found[] {
  return functions
    .filter(isTriggeredBy("http"))
    .sort((a, b) => compareRoutes(a.trigger.route, b.trigger.route))
    .map((hosted) => ({ hosted, params: matchRoute(hosted.trigger.route, path) }))
    .filter((candidate): candidate is Found => candidate.params !== undefined);
}

async function withinCap(run: Promise<RpcInvocationResponse>): Promise<RpcInvocationResponse | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const cap = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, responseTimeoutMs, undefined);
  });
  try {
    return await Promise.race([run, cap]);
  } finally {
    clearTimeout(timer);
  }
}

function statusFor({ code }: Failure): 413 | 500 {
  return code === "too-large" ? 413 : 500;
}
