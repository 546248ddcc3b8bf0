/** A user name and password, or a token in place of the password. Never stored, logged or put into an error. */
export interface Credential {
  readonly username: string;
  readonly password: string;
}

/** Turns a reference such as `env:DOCKERHUB` into the secret, for one registry host only. */
export interface Credentials {
  /** Throws `unauthorized` when there is none of that name, `blocked` when it is not meant for `host`. */
  resolve(reference: string, host: string): Promise<Credential>;
}
