import { Failure, type FailureCode } from "../model/failure.ts";

/**
 * What an error of the SMTP client means. Replies 4yz are transient and 5yz permanent (RFC 5321, section 4.2.1). Only codes
 * are passed on: a server's reply may quote addresses or credentials.
 */
export function toSmtpFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code = "unknown", originalCode, responseCode, permanent } = error as SmtpError;
  const [failure, advice] = meaning({
    code,
    permanent,
    tls: /CERT|SSL|TLS|SIGNATURE/.test(originalCode ?? ""),
  });
  const reply = responseCode === undefined ? code : String(responseCode);
  return new Failure(failure, `the mail server did not take the message (${reply}): ${advice}`, {
    context: { code, ...(responseCode === undefined ? {} : { reply: responseCode }) },
  });
}

/** A server took the message for some recipients only; a transient refusal is retried under the same Message-ID. */
export function partialFailure(refused: readonly SmtpError[], total: number): Failure {
  const transient = refused.some(({ permanent }) => permanent === false);
  const advice = transient ? "it will be sent again" : "check their addresses";
  return new Failure(
    transient ? "unavailable" : "invalid",
    `the mail server refused ${refused.length} of ${total} recipients: ${advice}`,
  );
}

/** The part of nodemailer's errors that we read. */
export interface SmtpError {
  readonly code?: string | undefined;
  readonly originalCode?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly permanent?: boolean | undefined;
}

interface Symptoms {
  readonly code: string;
  readonly permanent: boolean | undefined;
  readonly tls: boolean;
}

function meaning({ code, permanent, tls }: Symptoms): readonly [FailureCode, string] {
  if (permanent === false) return ["unavailable", "it cannot now, the message will be sent later"];
  if (code === "EAUTH" || code === "ENOAUTH")
    return ["unauthorized", "check the user name and password in smtp"];
  if (code === "ETLS" || code === "EREQUIRETLS" || tls) {
    return [
      "blocked",
      "TLS failed, and nothing is sent without; check its certificate, and the port for smtp or smtps",
    ];
  }
  if (permanent === true)
    return ["forbidden", "it refuses for good; check from, to and what the account may send"];
  if (code === "ETIMEDOUT") return ["timeout", "it took too long; check the host, the port and the firewall"];
  if (code === "ESOCKET" || code === "ECONNECTION" || code === "EDNS") {
    return ["network", "no connection, or it broke; check the host, the port and the firewall"];
  }
  return ["internal", "the message could not be made"];
}
