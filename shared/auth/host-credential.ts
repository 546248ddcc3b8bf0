import type { Credential } from "../model/credential.ts";
import { Failure } from "../model/failure.ts";
import { parseHost } from "../model/reference.ts";

/** A credential with the one registry host that may see it. */
export interface HostCredential extends Credential {
  readonly host: string;
}

const shape =
  'expected {"host":"docker.io","username":"…","password":"…"}, or {"host":"…","identityToken":"…"} with a refresh token';

/** Reads the JSON of a setting or a Key Vault secret. Throws `invalid`; the message never quotes the value. */
export function parseHostCredential(text: string): HostCredential {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Failure("invalid", `not JSON: ${shape}`);
  }
  const { host, username, password, identityToken } = (value ?? {}) as Record<string, unknown>;
  if (typeof host !== "string") throw new Failure("invalid", shape);
  if (typeof identityToken === "string" && username === undefined && password === undefined) {
    return { host: parseHost(host), username: "", password: identityToken, grant: "refresh_token" };
  }
  if (typeof username !== "string" || typeof password !== "string" || identityToken !== undefined) {
    throw new Failure("invalid", shape);
  }
  return { host: parseHost(host), username, password };
}
