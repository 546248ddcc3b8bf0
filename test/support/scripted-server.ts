import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket, TlsOptions } from "node:tls";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
}

/** What to answer: a reply, one made from the request, or what to do on the socket. */
export type Answer = Reply | ((request: Received, response: ServerResponse) => Reply | undefined);

/** A server that answers what it was told to, and remembers all else as a fault. */
export interface ScriptedServer {
  readonly origin: string;
  /** `127.0.0.1:<port>` */
  readonly host: string;
  readonly port: number;
  readonly received: readonly Received[];
  readonly connections: number;
  /** The common name of the client certificate of each TLS connection; undefined where none was offered. */
  readonly offered: readonly (string | undefined)[];
  /** Answers for `METHOD /path?query`, one for each request; the last one of `always` for all that follow. */
  expect(request: string, ...answers: readonly Answer[]): void;
  always(request: string, answer: Answer): void;
  /** Closes it; throws when a request came that was not expected, or an expected one did not. */
  finish(): Promise<void>;
}

export async function startScriptedServer(tls?: TlsOptions): Promise<ScriptedServer> {
  const expected = new Map<string, Answer[]>();
  const standing = new Map<string, Answer>();
  const faults: string[] = [];
  const received: Received[] = [];
  const offered: (string | undefined)[] = [];
  let connections = 0;

  const listener: RequestListener = (message, response) => {
    void readBody(message).then((body) => {
      const { method = "", url: path = "" } = message;
      const request = { method, path, headers: message.headers, body };
      received.push(request);
      const key = `${method} ${path}`;
      const answer = expected.get(key)?.shift() ?? standing.get(key);
      if (answer === undefined) {
        faults.push(`not expected: ${key}`);
        response.writeHead(599).end();
        return;
      }
      const reply = typeof answer === "function" ? answer(request, response) : answer;
      if (reply === undefined) return;
      response.writeHead(reply.status ?? 200, headersOf(reply));
      response.end(method === "HEAD" ? undefined : reply.body);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on("connection", () => connections++);
  server.on("secureConnection", (socket: TLSSocket) => {
    const name = socket.getPeerCertificate()?.subject?.CN;
    offered.push(Array.isArray(name) ? name.join() : name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    origin: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    received,
    offered,
    get connections() {
      return connections;
    },
    expect(request, ...answers) {
      expected.set(request, [...(expected.get(request) ?? []), ...answers]);
    },
    always(request, answer) {
      standing.set(request, answer);
    },
    async finish() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      const missing = [...expected].flatMap(([key, answers]) => answers.map(() => `never asked: ${key}`));
      const problems = [...faults, ...missing];
      if (problems.length > 0) throw new Error(`the scripted server saw: ${problems.join("; ")}`);
    },
  };
}

/** The names of all header values and bodies in which `secret` went to this server, also in base64. */
export function sightings(server: Pick<ScriptedServer, "received">, secret: string): string[] {
  return server.received.flatMap(({ method, path, headers, body }) => {
    const places = Object.entries(headers).filter(([, value]) => carries(String(value), secret));
    const names = places.map(([name]) => name);
    if (carries(body.toString("latin1"), secret)) names.push("body");
    if (carries(path, secret)) names.push("path");
    return names.map((name) => `${method} ${path}: ${name}`);
  });
}

/** Whether a text shows a secret: as it is, in a URL, or within base64. */
export function carries(text: string, secret: string): boolean {
  const runs = text.match(/[A-Za-z0-9+/_-]{8,}/g) ?? [];
  return (
    text.includes(secret) ||
    text.includes(encodeURIComponent(secret)) ||
    runs.some((run) => Buffer.from(run, "base64").toString("latin1").includes(secret))
  );
}

function headersOf({ headers = {}, body }: Reply): Record<string, string | string[]> {
  const plain = Object.entries(headers).map(([name, value]) => [
    name.toLowerCase(),
    typeof value === "string" ? value : [...value],
  ]);
  const own: Record<string, string | string[]> = Object.fromEntries(plain);
  if (own["content-length"] === undefined && own["transfer-encoding"] === undefined) {
    own["content-length"] = String(Buffer.byteLength(body ?? ""));
  }
  return own;
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of message) chunks.push(chunk);
  } catch {
    // The client went away in the middle of its request, as some tests want it to.
  }
  return Buffer.concat(chunks);
}
