import type { ServerResponse } from "node:http";
import { printable } from "../../shared/model/digest.ts";

interface Refusal {
  readonly status: 401 | 404 | 413;
  readonly code: "unauthorized" | "not-found" | "too-large";
  /** What is wrong, and what to do. */
  readonly detail: string;
}

/** Answers as the functions themselves do, by a problem document (RFC 9457). In Azure its own host answers these, without one. */
export function refuse(response: ServerResponse, refusal: Refusal): void {
  response.writeHead(refusal.status, {
    "content-type": "application/problem+json",
    // A body that is too large is not read to its end.
    ...(refusal.status === 413 && { connection: "close" }),
  });
  const { status, code, detail } = refusal;
  response.end(JSON.stringify({ status, code, detail }));
}

/** `opener`: which of the keys would open it. */
export function keyRefusal(key: string | undefined, opener: "function" | "master"): Refusal {
  const wrong =
    key === undefined
      ? "No key was sent"
      : `The key that was sent is not ${opener === "function" ? "one that opens this" : "the master key"}`;
  const where =
    opener === "function"
      ? 'send a function key in the header x-functions-key, or as ?code=; `wharfgate up` keeps it in its data folder, in function-keys.json under "functionKeys"'
      : 'send the master key in the header x-functions-key; `wharfgate up` keeps it in its data folder, in function-keys.json as "masterKey"';
  return { status: 401, code: "unauthorized", detail: `${wrong}: ${where}` };
}

/** `methods`: those by which the path is there. As in production, a wrong method is 404, not 405. */
export function routeRefusal(
  asked: { readonly method: string; readonly path: string; readonly routePrefix: string },
  methods: readonly string[],
): Refusal {
  const { method, path, routePrefix } = asked;
  const what = printable(`${method} /${path}`, 200);
  const hint =
    methods.length > 0
      ? `there is ${[...new Set(methods)].sort().join(", ")}`
      : path.startsWith(`${routePrefix}/`)
        ? "the routes are in docs/http-api.md"
        : `the routes begin with /${routePrefix}/, see docs/http-api.md`;
  return { status: 404, code: "not-found", detail: `There is no route ${what}: ${hint}` };
}
