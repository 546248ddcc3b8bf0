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
import { createOriginWires } from "./origin-wires.ts";
import { assertCertificates } from "./trust.ts";
import type { HttpClientOptions } from "./undici-client.ts";
import { inquire, receive, send, type WiredRequest } from "./wired.ts";

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
    if (isStreamed(body)) {
      const to = wires.find(url, "to");
      return to === undefined ? undefined : send(to, { ...wiredRequest(request), body });
    }
    const heads = method === "HEAD" ? wires.find(url, "heads") : undefined;
    const answer = heads === undefined ? undefined : await inquire(heads, wiredRequest(request));
    if (heads !== undefined && answer === undefined) wires.leave(url, "heads");
    return answer;
  }

  async function streamOverWire(request: HttpRequest): Promise<HttpStream | undefined> {
    const { method, url } = request;
    const from = method === "GET" ? wires.find(url, "from") : undefined;
    const answer = from === undefined ? undefined : await receive(from, wiredRequest(request));
    if (from !== undefined && answer === undefined) wires.leave(url, "from");
    return answer;
  }
}

function wiredRequest(request: HttpRequest): WiredRequest {
  const { method, url, maxBytes, deadlineMs = defaultDeadlineMs, signal } = request;
  const place = () => placeOf(request);
  return { method, url, headers: headersOf(request), maxBytes, deadlineMs, signal, place };
}
