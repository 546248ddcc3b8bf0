import { Failure } from "../model/failure.ts";
import { startDeadline } from "./body.ts";
import { isError, largestErrorBody } from "./error-body.ts";
import type { HttpAnswer, HttpRequest, HttpStream, StreamedBody } from "./exchange.ts";
import { networkFailure } from "./network-failure.ts";
import type { Wire } from "./wire.ts";
import { type AnswerHead, parseHead, plainLength, requestHead } from "./wire-head.ts";
import type { Wires } from "./wires.ts";

/** A request as it goes over a wire: with all its headers. */
export interface WiredRequest extends Omit<HttpRequest, "body" | "headers" | "deadlineMs"> {
  readonly headers: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  readonly place: () => string;
}

const idleMs = 30_000;

/**
 * A GET whose body is passed on as it comes. Undefined when the answer is not plain (chunked, packed, without a length): the
 * ordinary client can read it.
 */
export async function receive(wires: Wires, request: WiredRequest): Promise<HttpStream | undefined> {
  const { url, place, maxBytes } = request;
  const { wire, head, rest, stop } = await ask(wires, request);
  const length = plainLength(head);
  const most = isError(head.status) ? largestErrorBody : maxBytes;
  let ended = false;
  const end = (state: "fit" | "unfit") => {
    if (ended) return;
    ended = true;
    stop();
    wires.give(wire, state);
  };
  const answer = { status: head.status, url, header: (name: string) => head.headers.get(name) };
  if (length === undefined || length > most) {
    end("unfit");
    // Nothing that is wrong with its body may hide the status of an error.
    if (isError(head.status)) return { ...answer, body: nothing(), discard: () => {} };
    if (length === undefined) return undefined;
    throw new Failure("too-large", `${place()}: the answer has more than ${most} bytes`);
  }
  return { ...answer, body: body(), discard: () => end("unfit") };

  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    let left = length ?? 0;
    let state: "fit" | "unfit" = "unfit";
    try {
      for (let piece = rest; ; ) {
        const part = piece.length > left ? piece.subarray(0, left) : piece;
        left -= part.length;
        if (left === 0 && part.length === piece.length && staysOpen(head)) state = "fit";
        if (part.length > 0) yield part;
        if (left === 0) return;
        const next = await wire.next();
        if (next === undefined) throw broken(place);
        piece = next;
      }
    } catch (error) {
      throw networkFailure(error, place());
    } finally {
      end(state);
    }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}

/** A request with a body that comes while it is sent. Of an answer that is not plain, the body is left out. */
export async function send(
  wires: Wires,
  request: WiredRequest & { readonly body: StreamedBody },
): Promise<HttpAnswer> {
  const { url, body } = request;
  const { wire, head, rest, stop } = await ask(wires, request, body);
  const length = plainLength(head);
  let state: "fit" | "unfit" = "unfit";
  try {
    const most = isError(head.status) ? largestErrorBody : request.maxBytes;
    const parts: Uint8Array[] = [Buffer.from(rest)];
    let bytes = rest.length;
    while (length !== undefined && length <= most && bytes < length) {
      const piece = await wire.next();
      if (piece === undefined) break;
      parts.push(Buffer.from(piece));
      bytes += piece.length;
    }
    if (bytes === length && staysOpen(head) && !isError(head.status)) state = "fit";
    return {
      status: head.status,
      url,
      header: (name) => head.headers.get(name),
      body: Buffer.concat(parts).subarray(0, length ?? 0),
    };
  } catch (error) {
    throw networkFailure(error, request.place());
  } finally {
    stop();
    wires.give(wire, state);
  }
}

/**
 * A HEAD: its answer has no body, whatever its headers say of one. Undefined when it is not HTTP/1.1 and no more than that: the
 * ordinary client can tell.
 */
export async function inquire(wires: Wires, request: WiredRequest): Promise<HttpAnswer | undefined> {
  try {
    const { wire, head, rest, stop } = await ask(wires, request);
    stop();
    wires.give(wire, rest.length === 0 && staysOpen(head) ? "fit" : "unfit");
    const header = (name: string) => head.headers.get(name);
    return { status: head.status, url: request.url, header, body: Buffer.alloc(0) };
  } catch (error) {
    if (error instanceof Failure && error.code === "protocol") return undefined;
    throw error;
  }
}

function staysOpen({ headers }: AnswerHead): boolean {
  return headers.get("connection")?.toLowerCase() !== "close";
}

interface Asked {
  readonly wire: Wire;
  readonly head: AnswerHead;
  /** What came with the head. */
  readonly rest: Uint8Array;
  /** Ends the deadline. */
  stop(): void;
}

async function ask(wires: Wires, request: WiredRequest, body?: StreamedBody): Promise<Asked> {
  for (;;) {
    const { wire, reused } = await wires.take(request.signal).catch((error: unknown) => {
      throw networkFailure(error, request.place());
    });
    const deadline = startDeadline(request.signal, request, (failure) => wire.destroy(failure));
    // While a body goes out, or nobody asks for what comes, silence is no fault of the other side's.
    wire.onIdle(idleMs, () => {
      if (!wire.asked || body !== undefined) return;
      wire.destroy(new Failure("timeout", `${request.place()}: no answer in time`));
    });
    try {
      const head = requestHead(request.method, request.url, request.headers);
      const sent = wire.write(head);
      if (sent !== undefined) await sent;
      if (body !== undefined) await pass(body, wire);
      return { wire, ...(await readHead(wire, request.place)), stop: () => deadline.stop() };
    } catch (error) {
      deadline.stop();
      wires.give(wire, "unfit");
      const failure = networkFailure(error, request.place());
      if (body !== undefined || !reused || failure.code !== "network" || request.signal.aborted)
        throw failure;
      // The other side had closed it: once more, on another one.
    }
  }
}

/** Ends early when the other side has answered already. */
async function pass({ pieces, bytes }: StreamedBody, wire: Wire): Promise<void> {
  let left = bytes;
  for await (const piece of pieces) {
    left -= piece.length;
    if (left < 0) break;
    const sent = wire.write(piece);
    if (sent !== undefined) await sent;
    if (wire.waiting) return;
  }
  if (left !== 0) throw new Failure("internal", "a body is not as long as it was to be");
}

async function readHead(wire: Wire, place: () => string): Promise<Pick<Asked, "head" | "rest">> {
  let seen: Uint8Array = new Uint8Array();
  for (;;) {
    const piece = await wire.next();
    if (piece === undefined) throw broken(place);
    const bytes = seen.length === 0 ? piece : Buffer.concat([seen, piece]);
    const head = parseHead(bytes, place());
    if (head !== undefined) return { head, rest: bytes.subarray(head.bytes) };
    seen = Buffer.from(bytes);
  }
}

function broken(place: () => string): Failure {
  return new Failure("network", `${place()}: the connection failed or broke`);
}
