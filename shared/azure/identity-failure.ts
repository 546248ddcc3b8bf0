import type { FailureCode } from "../model/failure.ts";
import { codeOfStatus } from "./failures.ts";

const names = /^Auth|^Aggregate|CredentialUnavailableError$/;

/** Whether it was @azure/identity that threw: there is no token. */
export function isIdentityFailure(error: unknown): boolean {
  return names.test(String((error as { name?: unknown } | null)?.name));
}

/**
 * Whether there is no identity, or none to be had at this moment. The library says "unavailable" of both; the endpoint's status, and
 * MSAL's code for no connection, stand in what caused it.
 */
export function identityFailureCode(error: unknown): FailureCode {
  const { statusCode, cause } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const { status = statusCode, errorCode } = (cause ?? {}) as Readonly<Record<string, unknown>>;
  if (errorCode === "network_error") return "network";
  if (typeof status !== "number") return "unauthorized";
  if (status >= 500) return "unavailable";
  return status === 429 || status === 408 ? codeOfStatus(status) : "unauthorized";
}
