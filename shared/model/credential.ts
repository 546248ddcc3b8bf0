import { Failure } from "./failure.ts";

/** A user name and password, or a token in place of the password. Never stored, logged or put into an error. */
export interface Credential {
  readonly username: string;
  readonly password: string;
  /** The password is a refresh token, which a token service takes in place of a login. */
  readonly grant?: "refresh_token";
}

/** Turns a reference such as `env:DOCKERHUB` into the secret, for one registry host only. */
export interface Credentials {
  /**
   * Throws `unauthorized` when there is none of that name, `blocked` when it is not meant for `host`. Whoever was turned
   * away with one passes it as `refused`: where it may have been rotated, the present one is read.
   */
  resolve(reference: string, host: string, refused?: Credential): Promise<Credential>;
}

/** For those who can pass on nothing but a user name and password; throws `unsupported` for a refresh token. */
export function requireLogin(credential: Credential, host: string): Credential {
  if (credential.grant === undefined) return credential;
  throw new Failure(
    "unsupported",
    `the credential for ${host} is an identity token, which only the method copy can use: give a user name and password`,
  );
}

export function sameCredential(one: Credential, other: Credential): boolean {
  return one.username === other.username && one.password === other.password && one.grant === other.grant;
}
