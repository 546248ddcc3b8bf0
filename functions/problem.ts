import type { HttpResponseInit } from "@azure/functions";
import type { Failure, FailureCode } from "../shared/model/failure.ts";

const statusByCode: Readonly<Record<FailureCode, number>> = {
  invalid: 400,
  unauthorized: 502,
  forbidden: 502,
  "not-found": 404,
  conflict: 409,
  "rate-limited": 503,
  unavailable: 503,
  timeout: 504,
  network: 502,
  "too-large": 413,
  integrity: 502,
  protocol: 502,
  unsupported: 400,
  blocked: 403,
  canceled: 503,
  internal: 500,
};

/** A problem document (RFC 9457). */
export function problem(failure: Failure): HttpResponseInit {
  const status = statusByCode[failure.code];
  const retryAfter =
    failure.retryAfterMs === undefined
      ? {}
      : { "retry-after": String(Math.ceil(failure.retryAfterMs / 1000)) };
  return {
    status,
    headers: { "content-type": "application/problem+json", ...retryAfter },
    jsonBody: { status, code: failure.code, detail: detailOf(failure) },
  };
}

function detailOf({ code, message, example }: Failure): string {
  if (code === "internal") return "Something went wrong here; the function's log says what.";
  return example === undefined ? message : `The request cannot be used: ${message}. Example: ${example}`;
}
