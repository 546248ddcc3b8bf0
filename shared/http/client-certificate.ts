import { createSecureContext } from "node:tls";
import { Failure } from "../model/failure.ts";

/** What proves to a server who we are: certificate chain and key in PEM, or both in one PFX. */
export interface ClientCertificate {
  readonly cert?: string;
  readonly key?: string;
  readonly pfx?: Buffer;
  readonly passphrase?: string;
}

export interface HostCertificate {
  /** The one registry host that it is for, as it stands in the setting. */
  readonly host: string;
  readonly certificate: ClientCertificate;
}

const shape =
  'expected {"host":"registry.corp:5443","cert":"…","key":"…"} or {"host":"registry.corp:5443","pfx":"…"}, each "passphrase" too where there is one; cert and key are PEM or paths of files, pfx is base64 or a path';

/** Reads the JSON of the setting and the files that it names. Throws `invalid`, without a word of the secrets. */
export function parseHostCertificate(text: string, readFile: (path: string) => Buffer): HostCertificate {
  const { host, cert, key, pfx, passphrase } = parseObject(text);
  const paired = typeof cert === "string" && typeof key === "string" && pfx === undefined;
  const single = typeof pfx === "string" && cert === undefined && key === undefined;
  const phrased = passphrase === undefined || typeof passphrase === "string";
  if (typeof host !== "string" || !phrased || !(paired || single)) throw new Failure("invalid", shape);
  const certificate: ClientCertificate = {
    ...(paired ? { cert: pem(cert, readFile), key: pem(key, readFile) } : {}),
    ...(single ? { pfx: pfxOf(pfx, readFile) } : {}),
    ...(typeof passphrase === "string" ? { passphrase } : {}),
  };
  try {
    createSecureContext(certificate);
  } catch {
    // OpenSSL's error is of no help, and may quote what it could not read.
    throw new Failure(
      "invalid",
      `the client certificate for ${host} cannot be used: is it the right key or passphrase?`,
    );
  }
  return { host, certificate };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch {
    // Not quoted: it may hold the key.
  }
  throw new Failure("invalid", shape);
}

function pem(value: string, readFile: (path: string) => Buffer): string {
  return value.trimStart().startsWith("-----BEGIN") ? value : readFile(value).toString("utf8");
}

/** DER, in which every PFX is, begins with this byte and so its base64 with M; a path of that look is no base64. */
function pfxOf(value: string, readFile: (path: string) => Buffer): Buffer {
  return /^M[A-Za-z0-9+/\s]{64,}=*\s*$/.test(value) ? Buffer.from(value, "base64") : readFile(value);
}
