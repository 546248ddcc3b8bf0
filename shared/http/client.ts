import { Failure } from "../model/failure.ts";
import {
  defaultDeadlineMs,
  type HttpAnswer,
  type HttpClient,
  type HttpRequest,
  type HttpStream,
  headersOf,
  isStreamed,
  placeOf,
} from "./exchange.ts";
import { createOriginWires, type Way } from "./origin-wires.ts";
import { assertCertificates } from "./trust.ts";
import type { HttpClientOptions } from "./undici-client.ts";
import { inquire, receive, send, type WiredRequest } from "./wired.ts";
import type { Wires } from "./wires.ts";

export type { HttpAnswer, HttpClient, HttpRequest, HttpStream, StreamedBody } from "./exchange.ts";
export type { HttpClientOptions } from "./undici-client.ts";

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { reach, onRequest, ca } = options;
  if (ca !== undefined) assertCertificates(ca);
  const wires = createOriginWires(options);
  let loading: Promise<HttpClient> | undefined;
  let closed = false;

  return {
    async read(request) {
      admit(request);
      const answer = await readOverWire(request);
      return answer === undefined ? (await ordinary()).read(request) : noted(request, answer);
    },

    async stream(request) {
      admit(request);
      const answer = await streamOverWire(request);
      return answer === undefined ? (await ordinary()).stream(request) : noted(request, answer);
    },

    async close() {
      closed = true;
      wires.close();
      await (await loading)?.close();
    },
  };

  function admit(request: HttpRequest): void {
    reach.permit(request.url);
    if (closed) throw new Failure("network", `${placeOf(request)}: the connections are closed`);
  }

  /** Where all goes over wires, undici is never loaded: a third of what such a process takes to start. */
  function ordinary(): Promise<HttpClient> {
    loading ??= import("./undici-client.ts").then(({ createUndiciClient }) => createUndiciClient(options));
    return loading;
  }

  function noted<A extends HttpAnswer | HttpStream>({ method, url }: HttpRequest, answer: A): A {
    onRequest?.({ method, origin: url.origin, status: answer.status });
    return answer;
  }

  async function readOverWire(request: HttpRequest): Promise<HttpAnswer | undefined> {
    const { method, url, body } = request;
    if (isStreamed(body)) return overWire(url, "to", (to) => send(to, { ...wiredRequest(request), body }));
    if (method !== "HEAD") return undefined;
    return overWire(url, "heads", (heads) => inquire(heads, wiredRequest(request)));
  }

  async function streamOverWire(request: HttpRequest): Promise<HttpStream | undefined> {
    if (request.method !== "GET") return undefined;
    return overWire(request.url, "from", (from) => receive(from, wiredRequest(request)));
  }

  /** Undefined where there is no wire, or what came is not fit for one. */
  async function overWire<A extends HttpAnswer | HttpStream>(
    url: URL,
    way: Way,
    exchange: (wires: Wires) => Promise<A | undefined>,
  ): Promise<A | undefined> {
    const found = wires.find(url, way);
    if (found === undefined) return undefined;
    const answer = await exchange(found);
    if (answer === undefined) wires.leave(url, way);
    return answer;
  }
}

function wiredRequest(request: HttpRequest): WiredRequest {
  const { method, url, maxBytes, deadlineMs = defaultDeadlineMs, signal } = request;
  const place = () => placeOf(request);
  return { method, url, headers: headersOf(request), maxBytes, deadlineMs, signal, place };
}
