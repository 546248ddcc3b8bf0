import { X509Certificate } from "node:crypto";
import { Failure } from "../model/failure.ts";

/** Throws `invalid` unless it is PEM: OpenSSL passes over what it cannot read, and a broken file must not go unnoticed. */
export function assertCertificates(ca: string): void {
  try {
    new X509Certificate(ca);
  } catch (error) {
    throw new Failure("invalid", "the CA certificates cannot be read: expected one or more in PEM", {
      cause: error,
    });
  }
}
