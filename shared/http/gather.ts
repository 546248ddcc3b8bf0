import { gunzip } from "node:zlib";
import type { Dispatcher } from "undici";
import { Failure } from "../model/failure.ts";
import { startDeadline } from "./body.ts";
import { isGzip } from "./content-decoding.ts";
import { isError, largestErrorBody } from "./error-body.ts";
import { abortFailure, networkFailure } from "./network-failure.ts";

export interface Gathered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

interface Bounds {
  readonly place: () => string;
  /** Of the decoded body. */
  readonly maxBytes: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal;
  readonly onStatus: (status: number) => void;
}

/**
 * One exchange with its whole body. A handler of undici's own, without a stream, a promise for each chunk or a signal of
 * its own in between: that is half of what such a request costs. Fails as `HttpClient.read` does.
 */
export function gather(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  { place, maxBytes, deadlineMs, signal, onStatus }: Bounds,
): Promise<Gathered> {
  if (signal.aborted) return Promise.reject(abortFailure(signal.reason, place()));
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let ended: Failure | "whole" | undefined;
    let answer: Omit<Gathered, "body"> | undefined;
    let zipped = false;
    let bytesLeft = maxBytes;
    const chunks: Buffer[] = [];
    const deadline = startDeadline(signal, { deadlineMs, place }, fail);

    dispatcher.dispatch(options, {
      onRequestStart(started) {
        controller = started;
        // It waited for a connection until nobody wanted it any more.
        if (ended instanceof Failure) started.abort(ended);
      },
      onResponseStart(_controller, status, headers) {
        if (status < 200) return;
        answer = { status, headers };
        onStatus(status);
        if (isError(status)) bytesLeft = largestErrorBody;
        try {
          zipped = options.method !== "HEAD" && isGzip(headers["content-encoding"], place);
          if (zipped) bytesLeft = largestGzip(bytesLeft);
        } catch (error) {
          fail(error);
        }
      },
      onResponseData(_controller, chunk) {
        bytesLeft -= chunk.length;
        if (bytesLeft < 0) fail(tooLarge());
        else chunks.push(chunk);
      },
      onResponseEnd() {
        const body = chunks.length === 1 ? chunks[0] : undefined;
        const whole = body ?? Buffer.concat(chunks);
        if (zipped) unzip(whole);
        else finish(whole);
      },
      onResponseError: (_controller, error) => fail(error),
    });

    function unzip(body: Buffer): void {
      const most = isError(answer?.status ?? 0) ? largestErrorBody : maxBytes;
      gunzip(body, { maxOutputLength: Math.max(1, most) }, (error, decoded) => {
        if (error === null && decoded.length <= most) finish(decoded);
        else fail(error === null || hasOutgrown(error) ? tooLarge() : error);
      });
    }

    function finish(body: Buffer): void {
      if (ended !== undefined || answer === undefined) return;
      ended = "whole";
      deadline.stop();
      resolve({ ...answer, body });
    }

    function fail(error: unknown): void {
      if (ended !== undefined) return;
      const failure = networkFailure(error, place());
      if (answer !== undefined && isError(answer.status) && !signal.aborted) {
        finish(zipped ? Buffer.alloc(0) : Buffer.concat(chunks));
      } else {
        ended = failure;
        deadline.stop();
        reject(failure);
      }
      controller?.abort(failure);
    }

    function tooLarge(): Failure {
      return new Failure("too-large", `${place()}: the answer has more than ${maxBytes} bytes`);
    }
  });
}

/** Packing makes bytes that cannot be packed but a little longer: more than this is more than `maxBytes` unpacked. */
function largestGzip(maxBytes: number): number {
  return maxBytes + (maxBytes >>> 8) + 1024;
}

function hasOutgrown(error: NodeJS.ErrnoException): boolean {
  return error.code === "ERR_BUFFER_TOO_LARGE";
}
