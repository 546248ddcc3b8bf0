import type { Credential } from "../model/credential.ts";
import { Failure } from "../model/failure.ts";

/**
 * `Basic …` for a credential. Throws `invalid` for control characters, which could end the header, and for a user name
 * with a colon, which could not be told from the password.
 * Source: RFC 7617, section 2.
 */
export function basicHeader({ username, password }: Credential): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
  const control = /[\x00-\x1f\x7f]/;
  if (control.test(username) || control.test(password)) {
    throw new Failure(
      "invalid",
      "the credential has control characters in it: is there a line break at its end?",
    );
  }
  if (username.includes(":")) throw new Failure("invalid", "the credential's user name has a colon in it");
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
