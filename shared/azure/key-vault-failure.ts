import { Failure } from "../model/failure.ts";
import { codeOfStatus } from "./failures.ts";
import { identityFailureCode, isIdentityFailure } from "./identity-failure.ts";
import { serviceText } from "./service-text.ts";

/** Turns what the Key Vault SDK throws into a `Failure` that says what to mend; its error holds the request and token. */
export function keyVaultFailure(error: unknown, doing: string): Failure {
  if (error instanceof Failure) return error;
  const { name, code, message, statusCode } = (error ?? {}) as Readonly<Record<string, unknown>>;
  const text = serviceText(typeof message === "string" ? message : String(error));
  if (isIdentityFailure(error)) {
    return new Failure(identityFailureCode(error), `${doing}: no Entra ID token for Key Vault: ${text}`);
  }
  if (name === "AbortError" || name === "TimeoutError") {
    return new Failure("timeout", `${doing}: took too long`);
  }
  if (typeof statusCode !== "number") {
    const broken = typeof code === "string" && /^E[A-Z_]+$|^REQUEST_SEND_ERROR$/.test(code);
    // What is left: a challenge for another domain, an answer that the SDK cannot read.
    return new Failure(broken ? "network" : "protocol", `${doing}: ${text}`);
  }
  const context = { status: statusCode };
  if (statusCode === 404)
    return new Failure("unauthorized", `${doing}: there is no such secret`, { context });
  const advice = statusCode === 403 || statusCode === 401 ? `; ${mend}` : "";
  return new Failure(codeOfStatus(statusCode), `${doing}: Key Vault says ${statusCode}${advice}`, {
    context,
  });
}

const mend =
  "give the app's identity the role Key Vault Secrets User at the vault, let the vault's firewall admit the app, and see that the secret is enabled";
