import { retryAfterMs } from "../http/retry-after.ts";
import { Failure, type FailureCode, type FailureOptions } from "../model/failure.ts";
import { type AcrRight, grantAdvice } from "./acr-rights.ts";
import { codeOfStatus } from "./failures.ts";
import { identityFailureCode, isIdentityFailure } from "./identity-failure.ts";
import { serviceText } from "./service-text.ts";

/** One call of the SDK, for the message of its failure. */
export interface AcrCall {
  readonly doing: string;
  /** What it takes. */
  readonly right: AcrRight;
  readonly signal: AbortSignal;
}

/**
 * Turns what the ARM SDK throws into a `Failure`. The SDK's error is not kept as the cause: it holds the
 * request with its token and, for an import, the upstream's password.
 */
export function armFailure(error: unknown, { doing, right, signal }: AcrCall): Failure {
  if (error instanceof Failure) return error;
  if (signal.aborted) return abortFailure(signal, doing);
  const { code, message, statusCode, response } = readError(error);
  if (isIdentityFailure(error)) {
    return new Failure(
      identityFailureCode(error),
      `${doing}: no Entra token for Azure Resource Manager: ${serviceText(message)}`,
    );
  }
  if (statusCode === undefined) {
    const broken = /^E[A-Z_]+$|^REQUEST_SEND_ERROR$/.test(code);
    return new Failure(broken ? "network" : "internal", `${doing}: ${serviceText(message)}`);
  }
  return statusFailure({
    status: statusCode,
    text: code === "" ? message : `${code}: ${message}`,
    doing,
    right,
    ...(response?.headers?.get("retry-after") === undefined
      ? {}
      : { retryAfter: response.headers.get("retry-after") ?? "" }),
  });
}

export function statusFailure({
  status,
  text,
  doing,
  right,
  retryAfter,
}: {
  readonly status: number;
  readonly text: string;
  readonly doing: string;
  readonly right: AcrRight;
  readonly retryAfter?: string;
}): Failure {
  const code = codeOfStatus(status);
  const advice = adviceOn(code, right);
  const remedy = advice === undefined ? "" : `: ${advice}`;
  const wait = retryAfterMs(retryAfter, new Date());
  const options: FailureOptions = {
    context: { status },
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
  return new Failure(code, `${doing}: ARM answered ${status}, ${serviceText(text)}${remedy}`, options);
}

function adviceOn(code: FailureCode, right: AcrRight): string | undefined {
  if (code === "forbidden") return grantAdvice(right);
  return code === "not-found" ? "check the registry's resource id" : undefined;
}

function abortFailure(signal: AbortSignal, doing: string): Failure {
  const late = signal.reason instanceof Error && signal.reason.name === "TimeoutError";
  return new Failure(late ? "timeout" : "canceled", `${doing}: ${late ? "took too long" : "canceled"}`);
}

interface SdkError {
  readonly code: string;
  readonly message: string;
  readonly statusCode: number | undefined;
  readonly response: { readonly headers?: { get(name: string): string | undefined } } | undefined;
}

function readError(error: unknown): SdkError {
  const { code, message, statusCode, response } = (error ?? {}) as Partial<Record<keyof SdkError, unknown>>;
  return {
    code: typeof code === "string" ? code : "",
    message: typeof message === "string" ? message : String(error),
    statusCode: typeof statusCode === "number" ? statusCode : undefined,
    response:
      typeof response === "object" && response !== null ? (response as SdkError["response"]) : undefined,
  };
}
