import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { App } from "../shared/app.ts";
import { Failure, toFailure } from "../shared/model/failure.ts";
import { openApp } from "./invoke.ts";
import { problem } from "./problem.ts";
import { type Role, requireRole } from "./roles.ts";

// Well under the 230 s after which Azure's load balancer gives up.
const budgetMs = 60_000;
const maxBodyBytes = 64 * 1024;

/**
 * An HTTP handler: opens the app, makes sure that the caller has the role, makes one call, and turns a `Failure` into a problem
 * document (RFC 9457).
 */
export function serve(
  role: Role | "anyone",
  call: (app: App, request: HttpRequest, signal: AbortSignal) => Promise<HttpResponseInit>,
) {
  return async (request: HttpRequest, context: InvocationContext): Promise<HttpResponseInit> => {
    let app: App;
    try {
      app = await openApp();
    } catch (error) {
      context.error(error);
      return problem(
        new Failure(
          "unavailable",
          "The app is not configured rightly; the function's log says what is wrong",
        ),
      );
    }
    try {
      if (role !== "anyone") requireRole(app, request, role);
      return await call(app, request, AbortSignal.timeout(budgetMs));
    } catch (error) {
      const failure = toFailure(error, `${request.method} ${new URL(request.url).pathname}`);
      if (failure.code === "internal") context.error(failure);
      return problem(failure);
    }
  };
}

/** The request's JSON body. Throws `invalid` for anything else, `too-large` beyond 64 KiB. */
export async function readJson(request: HttpRequest): Promise<unknown> {
  const bytes = await readBytes(request, maxBodyBytes);
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    throw new Failure("invalid", "The body is not JSON");
  }
}

/** The request's body as it came. Throws `too-large` beyond `maxBytes`. */
export async function readBytes(request: HttpRequest, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new Failure("too-large", `The body has more than the ${maxBytes} bytes that are read`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Who is calling, for the audit. */
export function actorOf({ callers }: App, request: HttpRequest): string {
  // An app that signs in as itself has an id alone.
  const name =
    request.headers.get("x-ms-client-principal-name") ?? request.headers.get("x-ms-client-principal-id");
  return callers === "named" && name !== null ? name.slice(0, 200) : "function key";
}
