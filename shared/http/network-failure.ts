import { Failure, type FailureCode } from "../model/failure.ts";

/**
 * Turns what undici, sockets, TLS and zlib throw into a `Failure` without headers, bodies or query strings; `place` is
 * such as `GET https://registry.example/v2/app/tags/list`.
 */
export function networkFailure(error: unknown, place: string): Failure {
  if (error instanceof Failure) return error;
  // This one carries what it could not parse, which may be anything: it does not go on as a cause.
  if (error instanceof Error && error.name === "HTTPParserError") {
    return new Failure("protocol", `${place}: the answer is not proper HTTP`);
  }
  const code = errorCode(error);
  const [failureCode, why] = explain(code);
  return new Failure(failureCode, `${place}: ${why}${code === "" ? "" : ` (${code})`}`, { cause: error });
}

/** What the caller's own signal means: its deadline or its change of mind. */
export function abortFailure(reason: unknown, place: string): Failure {
  if (reason instanceof Failure) return reason;
  const late = reason instanceof Error && reason.name === "TimeoutError";
  return new Failure(late ? "timeout" : "canceled", `${place}: ${late ? "took too long" : "canceled"}`, {
    cause: reason,
  });
}

/** An AggregateError (every address of a host failed) is told by its first cause. */
function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0]);
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
}

function explain(code: string): readonly [FailureCode, string] {
  if (timeouts.has(code)) return ["timeout", "no answer in time"];
  if (/ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE)/.test(code)) {
    return [
      "blocked",
      "it wants another client certificate, or one at all: give it by WHARFGATE_CLIENT_CERT_…",
    ];
  }
  if (untrusted.test(code)) {
    return ["blocked", "its TLS certificate is not trusted: renew it, or give its CA by WHARFGATE_CA_FILE"];
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL_"))
    return ["protocol", "it does not speak TLS as expected"];
  // Two lengths, or a protocol that was not asked for (undici asserts that a 101 never comes).
  if (code === "UND_ERR_RES_CONTENT_LENGTH_MISMATCH" || code === "ERR_ASSERTION") {
    return ["protocol", "the answer is not proper HTTP"];
  }
  if (code === "UND_ERR_HEADERS_OVERFLOW") return ["protocol", "the answer has too many headers"];
  if (code.startsWith("Z_") || code === "ERR_BUFFER_TOO_LARGE") {
    return ["protocol", "the answer cannot be decompressed"];
  }
  if (code === "ENOTFOUND") return ["network", "the host name does not resolve"];
  if (code === "ECONNREFUSED") return ["network", "nothing listens there"];
  if (code.startsWith("UND_ERR_INVALID_")) return ["internal", "the request could not be built"];
  return ["network", "the connection failed or broke"];
}

const timeouts: ReadonlySet<string> = new Set([
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "ETIMEDOUT",
]);

// The verification codes of OpenSSL as Node names them: https://nodejs.org/api/tls.html#x509-certificate-error-codes
const untrusted =
  /CERT|^UNABLE_TO_|^CRL_|^INVALID_(?:CA|PURPOSE)|^PATH_LENGTH_EXCEEDED|^HOSTNAME_MISMATCH|^ERR_TLS_/;
