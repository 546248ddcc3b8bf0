import { request as forward, type IncomingMessage, type ServerResponse } from "node:http";
import { type LoopbackServer, startLoopbackServer } from "../../local/loopback-server.ts";

/** Called for each request as it arrives, and again when its answer is about to go back. False drops the connection. */
export type Watchpoint = (at: "request" | "answer", request: IncomingMessage) => boolean;

/** Passes HTTP through to another loopback server, past a watchpoint on each side. */
export async function startCountingProxy(target: URL, watchpoint: Watchpoint): Promise<LoopbackServer> {
  return startLoopbackServer({
    handler: (request, response) => pass(request, response, { target, watchpoint }),
  });
}

interface Route {
  readonly target: URL;
  readonly watchpoint: Watchpoint;
}

function pass(request: IncomingMessage, response: ServerResponse, { target, watchpoint }: Route): void {
  if (!watchpoint("request", request)) {
    response.destroy();
    return;
  }
  const outgoing = forward(
    {
      host: target.hostname,
      port: target.port,
      method: request.method,
      path: request.url,
      headers: { ...request.headers, host: target.host },
    },
    (answer) => {
      if (!watchpoint("answer", request)) {
        response.destroy();
        answer.resume();
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  outgoing.on("error", () => response.destroy());
  response.on("close", () => outgoing.destroy());
  request.pipe(outgoing);
}
